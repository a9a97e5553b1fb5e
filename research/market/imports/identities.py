"""The table that decides which asset a vendor's rows are of: tickers are reused and renamed, an `asset_id` never is.

A CSV file with one line for each decision, made by a person. `research data identities` proposes lines in this form
(`identity_proposals.py`), an import takes them, and the ledger of the snapshot keeps them.

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
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from research.errors import DataError, suggest
from research.market.imports.checks import Ledger, note
from research.market.imports.hand_tables import day_of_text, read_hand_table, text_of
from research.market.imports.profiles import Asset
from research.market.ledger import UNIT_DECIDED

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

    @property
    def ids(self) -> frozenset[str]:
        """The assets that rows are decided to be of."""
        return frozenset(decision.asset_id for decision in self.decisions)

    def check_keys(self, keys: list[str], has_names: bool) -> None:
        """DataError if a line is about a key that the vendor's table does not have, or about names it has none of."""
        known = set(keys)
        for decision in self.decisions:
            if decision.key not in known:
                raise DataError(
                    f"{self.where}, line {decision.line}: the table has no key {decision.key!r}: "
                    f"{suggest(decision.key, known)}"
                )
            if decision.name and not has_names:
                raise DataError(
                    f"{self.where}, line {decision.line}: the name {decision.name!r} is asked for, and the profile's "
                    "[columns] say no name. Add it there, or leave the name blank."
                )

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

    def apply(self, rows: pd.DataFrame, known: Mapping[str, Asset], ledger: Ledger) -> pd.DataFrame:
        """Give rows that a line is about the id of their asset as `key`; `vendor_key` keeps the vendor's.

        Rows have the day whose close they are. Each decision that is about any row becomes a line of the ledger.

        Raises
        ------
        DataError
            If rows that no line is about would become a decided asset without the profile saying so.
        """
        rows = rows.assign(vendor_key=rows["key"])
        if not self.decisions:
            return rows
        decided = pd.Series(False, index=rows.index)
        for decision in self.decisions:
            mine = (rows["vendor_key"] == decision.key) & rows["date"].between(decision.start, decision.end)
            if decision.name:
                mine &= rows["name"] == decision.name
            rows.loc[mine, "key"] = decision.asset_id
            decided |= mine
            first = rows[mine].sort_values("date", kind="stable").head(1)
            note(ledger, first, "asset_id", RULE, first["vendor_key"] + decision.why, first["key"])
        for key in rows.loc[~decided, "key"].unique():
            says = known[key].id if key in known else None
            if says is None and key.lower() in self.ids:
                row = rows[~decided & (rows["key"] == key)].iloc[0]
                raise DataError(
                    f"{self.where}: no line is about row {row['row']} ({key!r} on {row['date'].date()}), which would "
                    f"become {key.lower()!r}, an asset that other lines decide about. Give these rows a line: the same "
                    "asset_id if they are one, another if not."
                )
        return rows

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
