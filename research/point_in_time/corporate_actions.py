"""Corporate actions as tables announce them: redenominations and migrations, removals, forks and airdrops.

A line dated D is known at the close of D. Its asset must have traded by then; a new asset may list later.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from research.errors import DataError, DataWarning, suggest
from research.market import MarketData
from research.market.ledger import decided_units
from research.point_in_time.given_tables import LARGEST, dated, number
from research.point_in_time.plausibility import INSIST, check_conversion, check_fork, check_once
from research.typing import IntArray

MIGRATION_COLUMNS = ["date", "asset_id", "new_asset_id", "ratio"]
FORK_COLUMNS = MIGRATION_COLUMNS
REMOVAL_COLUMNS = ["date", "asset_id", "reason"]
NOT_LISTED = -1
REPEATED_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """From the close of `row` on, one unit of `old` is what `ratio` units of `new` are, and trades under `old`.

    `new` is `NOT_LISTED` where the market has no asset `new_id` (yet), and `old` where the id stays the same.
    `evidence` is what shows it where nobody announced it (`evident_redenominations.py`).
    """

    row: int
    old: int
    new: int
    new_id: str
    ratio: float
    evidence: str = ""

    @property
    def merges(self) -> bool:
        """Whether another asset of the market is merged into `old`."""
        return self.new not in (self.old, NOT_LISTED)

    @property
    def changes(self) -> bool:
        """Whether anything is converted: the same id at the ratio 1 says that a price did move."""
        return self.new != self.old or self.ratio != 1.0


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Announced on day `row`: sold at the next close with a price, and not eligible from `row` on."""

    row: int
    asset: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Fork:
    """Whoever held a quoted unit of `asset` up to day `row` gets `ratio` units of `new`, an asset of its own.

    `new` is `NOT_LISTED` where the market has no asset `new_id` (yet).
    """

    row: int
    asset: int
    new: int
    new_id: str
    ratio: float


def successors(conversions: Iterable[Conversion], assets: ArrayLike, row: int) -> IntArray:
    """What each asset has been merged into by the close of `row`, itself where nothing: shape of `assets`."""
    found = np.asarray(assets, dtype=np.int64)
    for step in conversions:
        if step.row <= row and step.merges:
            found = np.where(found == step.new, step.old, found)
    return found


def _successor(conversions: Iterable[Conversion], asset: int, row: int) -> int:
    return int(successors(conversions, asset, row))


def read_migrations(table: pd.DataFrame | None, market: MarketData) -> list[Conversion]:
    """The conversions announced by the market's last day, in order of date.

    Parameters
    ----------
    table : DataFrame, optional
        Columns date, asset_id, new_asset_id, ratio (new units per old one). A redenomination inside one id has
        new_asset_id equal to asset_id. An optional column `confirmed` (bool) insists on lines that prices contradict.

    Raises
    ------
    DataError
        If a column is missing, a line is repeated, an asset is unknown or had no price by its day, a ratio is no
        positive number, or the prices of the day contradict it (`check_conversion` has the rule); if an asset has
        migrated before, or its new asset has taken another one over already.
    """
    conversions: list[Conversion] = []
    gone: dict[str, Any] = {}
    taken: dict[str, Any] = {}
    for line in _lines(table, "migrations", MIGRATION_COLUMNS, ["date", "asset_id"], market):
        named = _listed(line, "migrations", market)
        new = named if line.new_asset_id == line.asset_id else _new(line, "migrations", market)
        old, ratio = _successor(conversions, named, line.row), _ratio(line, "migrations")
        if line.new_asset_id != line.asset_id:
            check_once(line, gone, taken)
        if new != NOT_LISTED and not line.confirmed:
            check_conversion(line, named, new, market)
        conversions.append(
            Conversion(
                row=line.row,
                old=old,
                new=old if new == named else new,
                new_id=line.new_asset_id,
                ratio=ratio,
            )
        )
    return conversions


def with_decided(table: pd.DataFrame | None, market: MarketData) -> pd.DataFrame | None:
    """The table of migrations and what the market's own ledger has decided about units, where the table is silent."""
    decided = decided_units(market)
    if decided.empty or table is None:
        return table if decided.empty else decided
    said = dated(table, "migrations", MIGRATION_COLUMNS, ["date", "asset_id"])
    assert said is not None
    keys = pd.MultiIndex.from_frame(said[["asset_id", "date"]])
    silent = ~pd.MultiIndex.from_frame(decided[["asset_id", "date"]]).isin(keys)
    return pd.concat([said.drop(columns="time"), decided[silent]], ignore_index=True)


def read_removals(
    table: pd.DataFrame | None, market: MarketData, conversions: Iterable[Conversion] = ()
) -> list[Removal]:
    """The extraordinary removals announced by the market's last day: columns date, asset_id, reason.

    A migrated asset's line is about its successor.
    """
    return [
        Removal(
            row=line.row,
            asset=_successor(conversions, _listed(line, "removals", market), line.row),
            reason=str(line.reason),
        )
        for line in _lines(table, "removals", REMOVAL_COLUMNS, ["date", "asset_id"], market)
    ]


def read_forks(table: pd.DataFrame | None, market: MarketData, conversions: Iterable[Conversion] = ()) -> list[Fork]:
    """The forks (and airdrops) announced by the market's last day, in order of date.

    Parameters
    ----------
    table : DataFrame, optional
        Columns date, asset_id, new_asset_id, ratio (new units for each old one, which is kept). A migrated asset's line
        is about its successor.

    Raises
    ------
    DataError
        As `read_migrations` does, if an asset is to fork into itself, and if what is given is worth more than it.
    """
    forks: list[Fork] = []
    for line in _lines(table, "forks", FORK_COLUMNS, ["date", "asset_id", "new_asset_id"], market):
        if line.asset_id == line.new_asset_id:
            raise DataError(
                f"forks: {line.asset_id} on {line.date.date()} forks into itself: expected the asset_id of the new "
                "asset. A redenomination belongs into migrations."
            )
        asset, new, ratio = _listed(line, "forks", market), _new(line, "forks", market), _ratio(line, "forks")
        if new != NOT_LISTED and not line.confirmed:
            check_fork(line, asset, new, market)
        fork = Fork(
            row=line.row,
            asset=_successor(conversions, asset, line.row),
            new=_successor(conversions, new, line.row),
            new_id=line.new_asset_id,
            ratio=ratio,
        )
        if not line.confirmed:
            _check_repeated_fork(line, fork, forks, market)
        forks.append(fork)
    return forks


def _lines(table: pd.DataFrame | None, name: str, columns: list[str], key: list[str], market: MarketData) -> list[Any]:
    """The rows of a table announced by the market's last day, with `row` for the day."""
    table = dated(table, name, columns, key)
    if table is None:
        return []
    rows = (table["date"] - market.dates[0]).dt.days
    known = table.assign(row=rows)[(rows <= len(market.dates) - 1).to_numpy()]
    if (known["row"] < 0).any():
        first = known.loc[known["row"] < 0, "date"].iloc[0].date()
        raise DataError(f"{name}: {first} lies before the data, which begin on {market.dates[0].date()}. Leave it out.")
    return list(known.sort_values(["date", "asset_id"]).itertuples(index=False))


def _ratio(line: Any, name: str) -> float:
    return number(line.ratio, f"{name}: ratio of {line.asset_id} on {line.date.date()}", above=1 / LARGEST)


def _check_repeated_fork(line: Any, fork: Fork, forks: list[Fork], market: MarketData) -> None:
    """Refuse what another line has given already: the same asset for the same one, under another date or another id."""
    for other in forks:
        same = (other.asset, other.new_id if other.new == NOT_LISTED else other.new)
        if same == (fork.asset, fork.new_id if fork.new == NOT_LISTED else fork.new):
            days = fork.row - other.row
            if days <= REPEATED_DAYS:
                raise DataError(
                    f"forks: {line.asset_id} -> {line.new_asset_id} on {line.date.date()}: the same fork is given on "
                    f"{market.dates[other.row].date()}. Keep one of them, or insist: {INSIST}"
                )


def _listed(line: Any, name: str, market: MarketData) -> int:
    """The column of the line's asset, which must have had a price by the line's day."""
    place = _place(line.asset_id, market)
    if place == NOT_LISTED:
        raise DataError(
            f"{name}: no asset {line.asset_id!r} in the market: {suggest(str(line.asset_id), market.prices.columns)}"
        )
    if market.prices.iloc[: line.row + 1, place].isna().all():
        raise DataError(
            f"{name}: {line.asset_id} has no price by {line.date.date()}, the day of its line. Correct the date, or "
            "leave the line out."
        )
    return place


def _new(line: Any, name: str, market: MarketData) -> int:
    """The column of the line's new asset, which may list later: a market cut before that does not have it."""
    place = _place(line.new_asset_id, market)
    if place == NOT_LISTED:
        warnings.warn(
            f"{name}: new_asset_id {line.new_asset_id!r} of {line.asset_id} on {line.date.date()} is not in the market "
            "(yet), so it has no price. Check the spelling of the id.",
            DataWarning,
            stacklevel=2,
        )
    return place


def _place(asset_id: Any, market: MarketData) -> int:
    return int(market.prices.columns.get_indexer(pd.Index([asset_id]))[0])
