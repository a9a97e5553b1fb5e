"""What is to be built, and what is as it was: decided from files alone, before anything slow is imported."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from research.errors import DataError, ReportError, ResearchError
from research.market.snapshots.catalog import find_snapshot, names
from research.reporting.publishing.config import Report
from research.reporting.publishing.fingerprints import fingerprint, tried
from research.reporting.publishing.notebook_file import read_notebook
from research.reporting.publishing.parameters import effective_parameters
from research.reporting.publishing.placing import digest
from research.reporting.publishing.running.jobs import Outcome, one_line
from research.reporting.publishing.site.manifest import Entry


class NotPossibleError(ReportError):
    """The report cannot be made on another market, or as of another day, which is no failure of its own."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Another market than the reports' own, or another day than the last.

    Attributes
    ----------
    snapshot : str
        Path, or name in the catalog; empty for the reports' own.
    as_of : str
        Last day that is looked at, ISO 8601; empty for all days. A snapshot that is named without a date is then the
        newest that was retrieved by that day: the data as known then. One that is given otherwise is cut at that day.
    """

    snapshot: str = ""
    as_of: str = ""

    @classmethod
    def of(cls, snapshot: str | None, as_of: str | None) -> Elsewhere:
        """The same with a path that holds wherever a notebook runs.

        Raises
        ------
        DataError
            If there is no such snapshot.
        """
        if not snapshot:
            return cls(as_of=as_of or "")
        folder = find_snapshot(snapshot)
        named = "/" not in snapshot and snapshot.partition("@")[0] in names()
        return cls(snapshot=snapshot if named else str(folder.resolve()), as_of=as_of or "")

    def folder(self, beside: Path) -> Path:
        """Where its site and work folder lie, so that those of the reports' own market stay."""
        parts = ["markets", _slug(Path(self.snapshot).name)] if self.snapshot else []
        return beside.joinpath(*parts, *(["as-of", self.as_of] if self.as_of else []))

    def site(self, config: Path) -> Path:
        """Where the pages of a list of reports are published, unless it is said otherwise."""
        return self.folder(config.parent) / "site"

    @property
    def identity(self) -> str:
        """Tells one market and day from another, without saying where it lies; empty for the reports' own."""
        return digest(f"{self.snapshot}\n{self.as_of}".encode())[:16] if self.snapshot or self.as_of else ""

    def given(self, parameters: Mapping[str, Any], known: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
        """A report's parameters with the market and the day in their place; `known` are those of its notebook.

        Raises
        ------
        NotPossibleError
            If its notebook takes no such parameter, or no data of that day are kept.
        """
        wanted = {"snapshot": self.snapshot, "until": self.as_of}
        changed = {name: value for name, value in wanted.items() if value}
        for name in changed:
            if name not in known:
                raise NotPossibleError(f"its notebook has no parameter {name!r}.")
        changed = dict(parameters) | changed
        market = changed.get("snapshot", known.get("snapshot", ("", ""))[1])
        if self.as_of and market in names():
            changed["snapshot"] = f"{market}@{self.as_of}"
            try:
                find_snapshot(changed["snapshot"])
            except DataError as error:
                raise NotPossibleError(f"{error} To cut the present data at that day, say {market}@latest.") from error
        return changed


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "market"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One report as it would be built now.

    Attributes
    ----------
    report : Report
    given, parameters : dict
        What replaces the notebook's defaults, and every parameter with its value.
    fingerprint : dict of str to str
        See `fingerprints.py`.
    imports : list of str
        Import statements of its notebook.
    """

    report: Report
    given: dict[str, Any]
    parameters: dict[str, Any]
    fingerprint: dict[str, str]
    imports: list[str] = field(default_factory=list)

    def fingerprint_after(self) -> dict[str, str]:
        """The fingerprint when the notebook has run: it adds itself to the registry of what was tried."""
        return self.fingerprint | {"tried": tried(self.parameters)}

    def same_as(self, entry: Entry) -> bool:
        """Whether what was published, or was found impossible, is what would be built now."""
        settled = entry.impossible or entry.last_success
        return bool(settled) and entry.error is None and entry.fingerprint == self.fingerprint


def planned(report: Report, elsewhere: Elsewhere) -> Planned:
    """Read a report's notebook, and find what it would be built from.

    Raises
    ------
    ReportError
        If the notebook or a parameter is wrong.
    """
    notebook = read_notebook(Path(report.notebook))
    given = elsewhere.given(report.parameters, notebook.parameters)
    parameters = effective_parameters(notebook, given)
    return Planned(
        report=report,
        given=given,
        parameters=parameters,
        fingerprint=fingerprint(report.title, notebook, parameters),
        imports=notebook.imports,
    )


def plan(
    reports: Mapping[str, Report], elsewhere: Elsewhere, settle: Callable[[str, Outcome], None]
) -> dict[str, Planned]:
    """Plan all reports. What can be known to be wrong already is settled here, and the others go on."""
    plans = {}
    for name, report in reports.items():
        try:
            plans[name] = planned(report, elsewhere)
        except NotPossibleError as error:
            settle(name, Outcome(error=one_line(error), impossible=True))
        except Exception as error:  # whatever is the matter with one notebook, the others run
            details = "" if isinstance(error, ResearchError) else traceback.format_exc()
            settle(name, Outcome(error=one_line(error), details=details))
    return plans


def entries_of(reports: Mapping[str, Report], before: Mapping[str, Entry], *, partial: bool) -> dict[str, Entry]:
    """The state of each listed report; a build of some reports keeps what it knows of those no longer listed."""
    listed = {
        name: replace(before.get(name, Entry(title="")), title=report.title, notebook=Path(report.notebook).name)
        for name, report in reports.items()
    }
    return listed | {name: entry for name, entry in before.items() if partial and name not in listed}
