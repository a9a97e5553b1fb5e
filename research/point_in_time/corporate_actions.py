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
from research.point_in_time.given_tables import dated
from research.typing import IntArray

MIGRATION_COLUMNS = ["date", "asset_id", "new_asset_id", "ratio"]
FORK_COLUMNS = MIGRATION_COLUMNS
REMOVAL_COLUMNS = ["date", "asset_id", "reason"]
NOT_LISTED = -1


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """From the close of `row` on, one unit of `old` is what `ratio` units of `new` are, and trades under `old`.

    `new` is `NOT_LISTED` where the market has no asset `new_id` (yet), and `old` where the id stays the same.
    """

    row: int
    old: int
    new: int
    new_id: str
    ratio: float

    @property
    def merges(self) -> bool:
        """Whether another asset of the market goes on under `old`."""
        return self.new not in (self.old, NOT_LISTED)


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


def homes(conversions: Iterable[Conversion], assets: ArrayLike, row: int) -> IntArray:
    """The assets under which assets go on at the close of `row`."""
    found = np.asarray(assets, dtype=np.int64)
    for step in conversions:
        if step.row <= row and step.merges:
            found = np.where(found == step.new, step.old, found)
    return found


def _home(conversions: Iterable[Conversion], asset: int, row: int) -> int:
    return int(homes(conversions, asset, row))


def read_migrations(table: pd.DataFrame | None, market: MarketData) -> list[Conversion]:
    """The conversions announced by the market's last day, in order of date.

    Parameters
    ----------
    table : DataFrame, optional
        Columns date, asset_id, new_asset_id, ratio (new units per old one). A redenomination inside one id has
        new_asset_id equal to asset_id.

    Raises
    ------
    DataError
        If a column is missing, an asset is unknown or had no price by its day, or a ratio is not positive.
    """
    conversions: list[Conversion] = []
    for line in _lines(table, MIGRATION_COLUMNS, "migrations", market):
        named = _listed(line, "migrations", market)
        new = named if line.new_asset_id == line.asset_id else _new(line, "migrations", market)
        old = _home(conversions, named, line.row)
        conversions.append(
            Conversion(
                row=line.row,
                old=old,
                new=old if new == named else new,
                new_id=str(line.new_asset_id),
                ratio=_ratio(line, "migrations"),
            )
        )
    return conversions


def read_removals(
    table: pd.DataFrame | None, market: MarketData, conversions: Iterable[Conversion] = ()
) -> list[Removal]:
    """The extraordinary removals announced by the market's last day: columns date, asset_id, reason.

    A migrated asset's line is about the asset under which it goes on.
    """
    return [
        Removal(
            row=line.row,
            asset=_home(conversions, _listed(line, "removals", market), line.row),
            reason=str(line.reason),
        )
        for line in _lines(table, REMOVAL_COLUMNS, "removals", market)
    ]


def read_forks(table: pd.DataFrame | None, market: MarketData, conversions: Iterable[Conversion] = ()) -> list[Fork]:
    """The forks (and airdrops) announced by the market's last day, in order of date.

    Parameters
    ----------
    table : DataFrame, optional
        Columns date, asset_id, new_asset_id, ratio (new units for each old one, which is kept). A migrated asset's line
        is about the asset under which it goes on.

    Raises
    ------
    DataError
        As `read_migrations` does, and if an asset is to fork into itself.
    """
    forks = []
    for line in _lines(table, FORK_COLUMNS, "forks", market):
        if line.asset_id == line.new_asset_id:
            raise DataError(
                f"forks: {line.asset_id} on {line.date.date()} forks into itself: expected the asset_id of the new "
                "coin. A redenomination belongs into migrations."
            )
        forks.append(
            Fork(
                row=line.row,
                asset=_home(conversions, _listed(line, "forks", market), line.row),
                new=_home(conversions, _new(line, "forks", market), line.row),
                new_id=str(line.new_asset_id),
                ratio=_ratio(line, "forks"),
            )
        )
    return forks


def _lines(table: pd.DataFrame | None, columns: list[str], name: str, market: MarketData) -> list[Any]:
    """The rows of a table announced by the market's last day, with `row` for the day."""
    table = dated(table, name, columns)
    if table is None:
        return []
    rows = (table["date"] - market.dates[0]).dt.days
    known = table.assign(row=rows)[(rows <= len(market.dates) - 1).to_numpy()]
    if (known["row"] < 0).any():
        first = known.loc[known["row"] < 0, "date"].iloc[0].date()
        raise DataError(f"{name}: {first} lies before the data, which begin on {market.dates[0].date()}. Leave it out.")
    return list(known.sort_values(["date", "asset_id"]).itertuples(index=False))


def _ratio(line: Any, name: str) -> float:
    try:
        ratio = float(line.ratio)
    except (TypeError, ValueError):
        ratio = np.nan
    if not (ratio > 0 and np.isfinite(ratio)):
        raise DataError(
            f"{name}: {line.asset_id} on {line.date.date()} has ratio {line.ratio!r}: expected a number > 0, new units "
            "per old one."
        )
    return ratio


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
