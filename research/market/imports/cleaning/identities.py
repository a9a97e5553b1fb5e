"""The table that decides which asset a vendor's rows are of: tickers are reused and renamed, an `asset_id` never is.

A CSV file with one line for each decision, made by a person. `research data identities` proposes lines in this form
(`drafting/identity_proposals.py`), an import takes them, and the ledger of the snapshot keeps them.

key        the vendor's key. Blank in a line about a unit
name       the vendor's name in these rows, where the key alone is not enough; blank: whatever it is
from       first close that the line is about; blank: from the first one on
until      last close; blank: up to the last one
asset_id   the asset that these rows are of
ratio      in a line about a unit: new units for one old unit of `asset_id` from the close of `from` on; 1 says that
           the price did move. An index takes it for announced, unless its own table of migrations says otherwise
kind, note what proposed it, and why: for people
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from research.errors import DataError, suggest
from research.market.imports.cleaning.checks import Note
from research.market.imports.cleaning.hand_tables import day_of_text, read_hand_table, text_of
from research.market.imports.profile.assets import Asset
from research.market.ledger import UNIT_DECIDED
from research.typing import IntArray

COLUMNS = ["key", "name", "from", "until", "asset_id", "ratio", "kind", "note"]
RULE = "decided by hand: which asset this key is"
FIRST, LAST = pd.Timestamp("1678-01-01"), pd.Timestamp("2262-01-01")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Rows of `key` (and `name`, where it is given) from one close to another are of `asset_id`, says a line.

    `why` is what proposed it and the evidence, in brackets.
    """

    key: str
    name: str
    start: pd.Timestamp
    end: pd.Timestamp
    asset_id: str
    line: int
    why: str = ""

    def clashes(self, other: Self) -> bool:
        """Whether both are about one row."""
        names = self.name == other.name or not (self.name and other.name)
        return self.key == other.key and names and self.start <= other.end and other.start <= self.end


@dataclass(frozen=True, kw_only=True)
class UnitDecision:
    """From the close of `date` on, one old unit of `asset_id` is `ratio` new ones; 1: the price did move."""

    asset_id: str
    date: pd.Timestamp
    ratio: float
    line: int


@dataclass(frozen=True, kw_only=True)
class Identities:
    """All lines of a table; `where` names it in messages. Without lines nothing is decided."""

    where: str = "identities"
    decisions: tuple[Decision, ...] = ()
    units: tuple[UnitDecision, ...] = ()

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the table.

        Raises
        ------
        DataError
            Naming the line, if it cannot be read, has unknown columns, a line that says nothing or contradicts itself,
            or two lines about the same row or unit.
        """
        where = str(path)
        table = read_hand_table(Path(path), "decisions about identities")
        for column in table.columns.drop("line"):
            if column not in COLUMNS:
                raise DataError(f"{where}: unknown column {column!r}: {suggest(column, COLUMNS)}")
        for column in ("key", "asset_id"):
            if column not in table:
                raise DataError(f"{where}: the column {column!r} is missing. Expected {', '.join(COLUMNS)}.")
        lines = table.reindex(columns=[*COLUMNS, "line"], fill_value="").to_dict("records")
        decisions = [_decision(line, f"{where}, line {line['line']}") for line in lines if not line["ratio"]]
        units = [_unit(line, f"{where}, line {line['line']}") for line in lines if line["ratio"]]
        _refuse_clashes(decisions, units, where)
        return cls(where=where, decisions=tuple(decisions), units=tuple(units))

    @cached_property
    def ids(self) -> list[str]:
        """The assets that rows are decided to be of."""
        return sorted({decision.asset_id for decision in self.decisions})

    @property
    def decided_keys(self) -> frozenset[str]:
        """The vendor's keys that lines are about."""
        return frozenset(decision.key for decision in self.decisions)

    def check_keys(self, texts: Mapping[str, list[str]]) -> None:
        """DataError if a line is about a key that the vendor's table lacks, or about names where it has none.

        `texts` are those of a `VendorTable`.
        """
        known = set(texts["key"])
        for decision in self.decisions:
            where = f"{self.where}, line {decision.line}"
            if decision.key not in known:
                raise DataError(f"{where}: the table has no key {decision.key!r}: {suggest(decision.key, known)}")
            if decision.name and "name" not in texts:
                raise DataError(
                    f"{where}: the name {decision.name!r} is asked for, and the profile's [columns] say no name. Add "
                    "it there, or leave the name blank."
                )

    def keys(self, texts: Mapping[str, list[str]]) -> list[str]:
        """The vendor's keys by their numbers, and then the ids that rows are decided to be of."""
        return [*texts["key"], *self.ids] if self.decisions else texts["key"]

    def assets(self, known: Mapping[str, Asset]) -> dict[str, Asset]:
        """What a profile says of assets by key, and of those decided by their id.

        A decided asset has what the profile says of that id, else of a key that is decided to be it.
        """
        found = dict(known)
        by_id = {asset.id: asset for asset in known.values() if asset.id is not None}
        for decision in self.decisions:
            asset = by_id.get(decision.asset_id) or known.get(decision.key, Asset())
            if found.get(decision.asset_id, Asset()) == Asset():
                found[decision.asset_id] = replace(asset, id=decision.asset_id)
            else:
                found[decision.asset_id] = replace(found[decision.asset_id], id=decision.asset_id)
        return found

    def which(
        self, rows: Mapping[str, np.ndarray], texts: Mapping[str, list[str]], known: Mapping[str, Asset]
    ) -> IntArray:
        """Number of the decision that each row is about, shape (rows,); -1 for none.

        Parameters
        ----------
        rows : dict of str to ndarray, shape (rows,)
            key and, where there are names, name (numbers of texts); day: whose close it is, since 1970-01-01.

        Raises
        ------
        DataError
            If rows that no line is about would become a decided asset without the profile saying so.
        """
        found = np.full(len(rows["key"]), -1, dtype=np.int64)
        if not self.decisions:
            return found
        keys = texts["key"]
        present = {keys[code] for code in np.unique(rows["key"])}
        for number, decision in enumerate(self.decisions):
            if decision.key in present:
                mine = rows["key"] == keys.index(decision.key)
                mine &= (rows["day"] >= _number(decision.start)) & (rows["day"] <= _number(decision.end))
                if decision.name:
                    names = texts["name"]
                    mine &= rows["name"] == (names.index(decision.name) if decision.name in names else -2)
                found[mine] = number
        for code in np.unique(rows["key"][found < 0]).tolist():
            key = keys[code]
            says = known[key].id if key in known else None
            if says is None and key.lower() in self.ids:
                day = rows["day"][(found < 0) & (rows["key"] == code)].min().astype("datetime64[D]")
                raise DataError(
                    f"{self.where}: no line is about {key!r} on {day}, which would become {key.lower()!r}, an asset "
                    "that other lines decide about. Give these rows a line: with the same asset_id if they are one, "
                    "with another if not."
                )
        return found

    def keyed(self, key: np.ndarray, which: IntArray, vendor_keys: list[str]) -> np.ndarray:
        """Numbers among `keys` of the rows: that of the decided id where a decision is about a row."""
        if not self.decisions:
            return key
        ids = [len(vendor_keys) + self.ids.index(decision.asset_id) for decision in self.decisions]
        return np.where(which >= 0, np.array([*ids, -1])[which], key).astype(key.dtype)

    def notes(self, which: IntArray) -> list[Note]:
        """A line of the ledger for each decision, on the first of the rows that it is about; they are in order."""
        numbers, rows = np.unique(which, return_index=True)
        rows, decided = rows[numbers >= 0], [self.decisions[number] for number in numbers[numbers >= 0]]
        old, new = ([decision.key + decision.why for decision in decided], [one.asset_id for one in decided])
        return [Note(rows=rows, field="asset_id", rule=RULE, old=old, new=new)] if decided else []

    def unit_lines(self, assets: pd.DataFrame) -> pd.DataFrame:
        """The decisions about units as lines of a ledger.

        Parameters
        ----------
        assets : DataFrame
            asset_id, first_date, last_date of the snapshot.
        """
        first, last = (dict(zip(assets["asset_id"], assets[name], strict=True)) for name in ("first_date", "last_date"))
        for unit in self.units:
            name, where = unit.asset_id, f"{self.where}, line {unit.line}"
            if name not in first:
                raise DataError(f"{where}: no asset {name!r} in the table: {suggest(name, first)}")
            if not first[name] < unit.date <= last[name]:
                raise DataError(
                    f"{where}: {name} has prices from {first[name].date()} to {last[name].date()}, and its unit cannot "
                    f"change on {unit.date.date()}. Expected a later day of these."
                )
        lines = [(unit.date, unit.asset_id, "unit", UNIT_DECIDED, "1.0", repr(unit.ratio)) for unit in self.units]
        return pd.DataFrame(lines, columns=["date", "asset_id", "field", "rule", "old", "new"])


def _decision(line: dict[Hashable, Any], where: str) -> Decision:
    start, end = day_of_text(line["from"], "from", where), day_of_text(line["until"], "until", where)
    if start is not None and end is not None and start > end:
        raise DataError(f"{where}: from {start.date()} lies after until {end.date()}. Exchange them, or correct one.")
    return Decision(
        key=text_of(line["key"], "key", where),
        name=line["name"],
        start=start or FIRST,
        end=end or LAST,
        asset_id=text_of(line["asset_id"], "asset_id", where),
        line=line["line"],
        why=f" ({': '.join(filter(None, (line['kind'], line['note'])))})" if line["kind"] or line["note"] else "",
    )


def _unit(line: dict[Hashable, Any], where: str) -> UnitDecision:
    """A line with a ratio."""
    date = day_of_text(line["from"], "from", where)
    if line["key"] or line["name"] or line["until"] or date is None:
        raise DataError(
            f"{where}: a line with a ratio is about the unit of an asset_id from one day on: fill in from, and leave "
            "key, name and until blank; or leave the ratio blank."
        )
    try:
        ratio = float(line["ratio"])
    except ValueError:
        ratio = np.nan
    if not 1e-12 < ratio < 1e12:
        raise DataError(
            f"{where}: ratio is {line['ratio']!r}, expected a number above zero: new units for one old, 1 for a move."
        )
    return UnitDecision(
        asset_id=text_of(line["asset_id"], "asset_id", where), date=date, ratio=ratio, line=line["line"]
    )


def _number(day: pd.Timestamp) -> int:
    return int(day.to_datetime64().astype("datetime64[D]").astype(np.int64))


def _refuse_clashes(decisions: list[Decision], units: list[UnitDecision], where: str) -> None:
    for place, one in enumerate(decisions):
        for other in decisions[place + 1 :]:
            if one.clashes(other):
                raise DataError(
                    f"{where}, lines {one.line} and {other.line}: both are about {one.key!r} on "
                    f"{max(one.start, other.start).date()}. End one before the other begins, or give each its name."
                )
    seen: dict[tuple[str, pd.Timestamp], int] = {}
    for unit in units:
        before = seen.setdefault((unit.asset_id, unit.date), unit.line)
        if before != unit.line:
            raise DataError(
                f"{where}, lines {before} and {unit.line}: both are about the unit of {unit.asset_id!r} on "
                f"{unit.date.date()}. Keep one."
            )


UNDECIDED = Identities()
