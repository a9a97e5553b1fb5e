"""Every configuration that was ever looked at, in a file that only grows: how many tries a result is the best of.

`research.evaluation.TrialRegistry` counts the trials of one search in memory; this one remembers them between runs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from research.errors import DataError, shown, system_fault
from research.settings import locate

PATIENCE = 30.0  # seconds that another writer may take


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One configuration on one market, as it was first looked at.

    Attributes
    ----------
    market, recipe, rulebook : str
        Fingerprints. The three together are the key.
    names : str
        What people call it.
    first_look : str
        UTC, ISO 8601.
    sharpe : float
        Sharpe ratio per period (not a year), of the part that was not locked; None in the file where there is none.
    periods : int
        Returns it is from.
    """

    market: str
    recipe: str
    rulebook: str
    names: str
    first_look: str
    sharpe: float
    periods: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.market, self.recipe, self.rulebook


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The locked last part of one market was looked at with one configuration."""

    market: str
    recipe: str
    rulebook: str
    opened: str


def open_registry(path: str | Path) -> ConfigurationRegistry:
    """The registry in a file; a relative path that is not there is looked for below the project too."""
    return ConfigurationRegistry(locate(Path(path)))


class ConfigurationRegistry:
    """JSON lines in one file, never rewritten; a lock beside it keeps two writers apart.

    Parameters
    ----------
    path : Path
        Made with the first entry, its folder too.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def record(
        self, *, market: str, recipe: str, rulebook: str, names: str, sharpe: float, periods: int, opened: bool = False
    ) -> None:
        """Note a look at a configuration: a new trial where its three fingerprints are new, and an opening if it is.

        The same configuration again is no further trial, and its first figures stay; each opening counts.

        Raises
        ------
        DataError
            If the file cannot be read or written, or another process keeps it for half a minute.
        """
        now = _now()
        key = {"market": market, "recipe": recipe, "rulebook": rulebook}
        trial = Trial(**key, names=names, first_look=now, sharpe=float(sharpe), periods=int(periods))
        self.record_all([trial], [Opening(**key, opened=now)] if opened else [])

    def record_all(self, trials: Iterable[Trial], openings: Sequence[Opening] = ()) -> None:
        """Note many looks at once; as `record`. A trial without a time of first look has it now."""
        with self._alone():
            known = {line.key for line in self._lines() if isinstance(line, Trial)}
            new = {trial.key: trial for trial in trials if trial.key not in known}
            dated = [trial if trial.first_look else replace(trial, first_look=_now()) for trial in new.values()]
            if dated or openings:
                self._append([*dated, *openings])

    def trials(self, market: str | None = None) -> list[Trial]:
        """Every distinct configuration, of one market if it is given, in order of first look."""
        return [line for line in self._lines() if isinstance(line, Trial) and market in (None, line.market)]

    def openings(self, market: str) -> list[Opening]:
        """Every time the locked part of a market was opened, with whichever configuration."""
        return [line for line in self._lines() if isinstance(line, Opening) and line.market == market]

    def sharpe_variance(self, market: str) -> float:
        """Sample variance of the trials' Sharpe ratios per period; NaN with fewer than two known ones."""
        known = [trial.sharpe for trial in self.trials(market) if np.isfinite(trial.sharpe)]
        return float(np.var(known, ddof=1)) if len(known) > 1 else float("nan")

    def _lines(self) -> list[Trial | Opening]:
        try:
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            reason = system_fault(error) if isinstance(error, OSError) else "it is no text"
            raise DataError(f"registry {shown(self.path)}: {reason}") from error
        lines = text.split("\n")
        if lines.pop():
            raise self._corrupt(len(lines) + 1, "it has no end")
        return [self._read(number, line) for number, line in enumerate(lines, 1)]

    def _read(self, number: int, line: str) -> Trial | Opening:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._corrupt(number, "it is not JSON") from error
        for kind in (Trial, Opening):
            if isinstance(entry, dict) and set(entry) == {field.name for field in fields(kind)}:
                return self._checked(number, kind, entry)
        raise self._corrupt(number, "it has other keys than a trial or an opening")

    def _checked(self, number: int, kind: type[Trial] | type[Opening], entry: dict[str, Any]) -> Trial | Opening:
        if kind is Trial and entry["sharpe"] is None:
            entry["sharpe"] = float("nan")
        for field in fields(kind):
            value = entry[field.name]
            wanted: tuple[type, ...] = {"str": (str,), "int": (int,), "float": (int, float)}[str(field.type)]
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise self._corrupt(number, f"{field.name} is {shown(value)}")
        return kind(**entry)

    def _corrupt(self, number: int, reason: str) -> DataError:
        return DataError(
            f"registry {shown(self.path)}, line {number}: {reason}. Restore the file from a copy; a registry without "
            "its lines forgets how much was tried."
        )

    def _append(self, entries: Sequence[Trial | Opening]) -> None:
        rows = [asdict(entry) for entry in entries]
        for row in rows:
            if not np.isfinite(row.get("sharpe", 0.0)):
                row["sharpe"] = None
        data = "".join(json.dumps(row, sort_keys=True, allow_nan=False) + "\n" for row in rows).encode()
        before = self.path.stat().st_size if self.path.exists() else 0
        try:
            with self.path.open("ab", buffering=0) as file:
                try:
                    written = file.write(data)
                    if written != len(data):
                        raise OSError(f"{written} of {len(data)} bytes were written")
                    os.fsync(file.fileno())
                except BaseException:
                    file.truncate(before)  # nothing rather than half a line
                    raise
        except OSError as error:
            raise DataError(f"registry {shown(self.path)}: {system_fault(error)}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self.path.with_name(f".{self.path.name}.lock")
        try:
            with FileLock(lock).acquire(timeout=PATIENCE):
                yield
        except Timeout as error:
            raise DataError(f"registry {shown(self.path)}: another process holds {lock.name}. Try again.") from error
        except OSError as error:
            raise DataError(f"registry {shown(self.path)}: {system_fault(error)}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
