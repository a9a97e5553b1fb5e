"""What is announced about single assets: redenominations and migrations, extraordinary removals, outlier prints.

Prices are kept in the unit in which an asset was first listed. From the day of a redenomination or migration on they
are multiplied by its ratio (new units per old one), so that a unit of the index stays what it was. Rows before the day
are not touched: nothing is known before it happens. Detection only proposes; a person confirms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.errors import DataError, suggest
from research.market import MarketData

FloatArray = NDArray[np.float64]

MIGRATION_COLUMNS = ["date", "asset_id", "new_asset_id", "ratio"]
FORK_COLUMNS = MIGRATION_COLUMNS
REMOVAL_COLUMNS = ["date", "asset_id", "reason"]
JUMP = 5.0
CAP_BAND = (0.5, 2.0)
VOLUME_BAND = (0.1, 10.0)


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """From the close of `row` on, one unit of `old` is what `ratio` units of `new` are, and trades under `old`."""

    row: int
    old: int
    new: int
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Removal:
    """Announced on day `row`: sold at the next close with a price, and not eligible from `row` on."""

    row: int
    asset: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Fork:
    """Whoever held a quoted unit of `asset` to the close of `row` gets `ratio` units of `new`, an asset of its own."""

    row: int
    asset: int
    new: int
    ratio: float


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """A print of day `row` that is `factor` times the last accepted one, and what the next print said about it.

    `judged` is the row of that next print; None as long as there is none.
    """

    row: int
    asset: int
    factor: float
    judged: int | None = None
    confirmed: bool = False


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
        If a column is missing, an asset is unknown, or a ratio is not positive.
    """
    conversions: list[Conversion] = []
    home: dict[int, int] = {}  # the column under which a migrated asset goes on
    for line in _lines(table, MIGRATION_COLUMNS, "migrations", market):
        ratio = _ratio(line, "migrations")
        named, new = (_place(name, market, "migrations") for name in (line.asset_id, line.new_asset_id))
        old = home.get(named, named)
        conversions.append(Conversion(row=line.row, old=old, new=old if new == named else new, ratio=ratio))
        if new != named:
            home[new] = old
    return conversions


def read_forks(table: pd.DataFrame | None, market: MarketData, conversions: list[Conversion]) -> list[Fork]:
    """The forks (and airdrops) announced by the market's last day, in order of date.

    Parameters
    ----------
    table : DataFrame, optional
        Columns date, asset_id, new_asset_id, ratio (new units for each old one, which is kept).
    conversions : list of Conversion
        A migrated asset's fork is one of the asset under which it goes on.

    Raises
    ------
    DataError
        As `read_migrations` does, and if an asset is to fork into itself.
    """
    forks = []
    for line in _lines(table, FORK_COLUMNS, "forks", market):
        asset, new = (_place(name, market, "forks") for name in (line.asset_id, line.new_asset_id))
        if asset == new:
            raise DataError(
                f"forks: {line.asset_id} on {line.date.date()} forks into itself: expected the asset_id of the new "
                "coin. A redenomination belongs into migrations."
            )
        home = [step.old for step in conversions if step.new == asset and step.row <= line.row]
        forks.append(Fork(row=line.row, asset=home[-1] if home else asset, new=new, ratio=_ratio(line, "forks")))
    return forks


def _ratio(line: Any, name: str) -> float:
    ratio = float(line.ratio)
    if not (ratio > 0 and np.isfinite(ratio)):
        raise DataError(f"{name}: {line.asset_id} on {line.date.date()} has ratio {line.ratio}: expected > 0.")
    return ratio


def read_removals(table: pd.DataFrame | None, market: MarketData) -> list[Removal]:
    """The extraordinary removals announced by the market's last day: columns date, asset_id, reason."""
    return [
        Removal(row=line.row, asset=_place(line.asset_id, market, "removals"), reason=str(line.reason))
        for line in _lines(table, REMOVAL_COLUMNS, "removals", market)
    ]


def dated(table: pd.DataFrame | None, name: str, columns: list[str]) -> pd.DataFrame | None:
    """The table with its `date` column as UTC days, in order of time: what is said during a day is known at its close.

    Times with a time zone are converted to UTC, those without are taken to be UTC.

    Raises
    ------
    DataError
        If a column is missing or a date cannot be read.
    """
    if table is None:
        return None
    missing = [column for column in columns if column not in table]
    if missing:
        raise DataError(f"{name}: missing column {missing[0]!r}: expected {', '.join(columns)}.")
    times = pd.to_datetime(table["date"], errors="coerce", utc=True, format="ISO8601")
    if times.isna().any():
        bad = table["date"][times.isna()].iloc[0]
        raise DataError(f"{name}: {bad!r} is not a date: expected YYYY-MM-DD.")
    ordered = table.assign(date=times.dt.tz_localize(None)).sort_values("date", kind="stable", ignore_index=True)
    return ordered.assign(date=ordered["date"].dt.normalize())


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


def _place(asset_id: str, market: MarketData, name: str) -> int:
    place = market.prices.columns.get_indexer(pd.Index([asset_id]))[0]
    if place < 0:
        raise DataError(f"{name}: no asset {asset_id!r} in the market: {suggest(asset_id, market.prices.columns)}")
    return int(place)


def convert_panels(panels: dict[str, FloatArray], conversions: list[Conversion]) -> dict[str, FloatArray]:
    """The panels with every conversion applied from its row on; panels that do not change are not copied.

    Prices (price, open, high, low) are continued in the old unit; caps and volumes of a new id become those of the
    old one. The new id's own columns end with the day of the migration: both legs are one asset afterwards.
    """
    if not conversions:
        return panels
    result = {name: panel.copy() for name, panel in panels.items()}
    unit = np.ones(next(iter(panels.values())).shape[1])  # units quoted now per unit at listing, by asset
    for conversion in conversions:
        row, old, new = conversion.row, conversion.old, conversion.new
        unit[old] *= conversion.ratio
        for name, panel in result.items():
            factor = conversion.ratio if name in ("price", "open", "high", "low") else 1.0
            if new == old:
                panel[row:, old] *= factor
            else:
                whole = unit[old] if factor != 1.0 else 1.0
                panel[row:, old] = panels[name][row:, new] * whole
                printed = panels[name][: row + 1, new]
                if name == "price" and np.isnan(printed[-1]) and not np.isnan(printed).all():
                    # the exchange is by the ratio: without a price of the new id today, at its last one
                    panel[row, old] = printed[~np.isnan(printed)][-1] * whole
                panel[row + 1 :, new] = np.nan
    return result


def propose_redenominations(market: MarketData) -> pd.DataFrame:
    """Days on which a price jumped by a factor of 5 or more while the market cap did not: ratios to be confirmed.

    Where there is no market cap, USD volume takes its place, compared with its median of 30 days, within a factor of
    10: a weaker sign, for trading often stops and comes back with a rush. Nothing is applied.

    Returns
    -------
    DataFrame
        date, asset_id, new_asset_id, ratio (new units per old: the inverse of the jump), jump (price today over the
        last one), evidence (what stayed in place, and how it moved): the columns that `migrations` takes, and more.
    """
    prices = market.prices.ffill()
    jump = (prices / prices.shift()).where(market.prices.notna())
    factors = jump.to_numpy()
    proposals = []
    for row, column in np.argwhere((factors >= JUMP) | (factors <= 1 / JUMP)).tolist():
        asset = str(prices.columns[column])
        for panel, word in ((market.market_caps, "market cap"), (market.volumes, "volume")):
            values = panel[asset]
            before, after = values.iloc[max(0, row - 30) : row].dropna(), values.iloc[row : row + 1].dropna()
            if len(before) and len(after):
                reference = before.iloc[-1] if word == "market cap" else before.median()
                change = after.iloc[0] / reference
                low, high = CAP_BAND if word == "market cap" else VOLUME_BAND
                if low <= change <= high:
                    factor = float(factors[row, column])
                    proposals.append(
                        {
                            "date": market.dates[row],
                            "asset_id": asset,
                            "new_asset_id": asset,
                            "ratio": 1.0 / factor,
                            "jump": factor,
                            "evidence": f"{word} x{change:.2f}",
                        }
                    )
                break
    return pd.DataFrame(proposals, columns=[*MIGRATION_COLUMNS, "jump", "evidence"])


def quarantine(prices: FloatArray, limit: float) -> tuple[FloatArray, list[HeldBack]]:
    """Hold back prints that jump by more than `limit` in logarithm until a second one confirms them.

    A print is compared with the last accepted one. The first beyond the limit is held back (NaN); the next is accepted
    if it lies within the limit of the one held back or of the last accepted, else it is held back in its turn.

    Returns
    -------
    prices : ndarray
        With NaN in place of what was held back on its day.
    log : list of HeldBack
        In order of asset, then day.
    """
    steps = pd.DataFrame(np.log(prices)).ffill().diff().abs()
    log: list[HeldBack] = []
    suspects = np.flatnonzero((steps.max() > limit).to_numpy())
    cleaned = prices.copy()
    for column in suspects.tolist():
        accepted, held = np.nan, np.nan
        for row in np.flatnonzero(~np.isnan(prices[:, column])).tolist():
            price = float(prices[row, column])
            near = np.isnan(accepted) or abs(np.log(price / accepted)) <= limit
            confirms = not np.isnan(held) and abs(np.log(price / held)) <= limit
            if not np.isnan(held):
                log[-1] = replace(log[-1], judged=row, confirmed=bool(confirms and not near))
            if near or confirms:
                accepted, held = price, np.nan
            else:
                held = price
                cleaned[row, column] = np.nan
                log.append(HeldBack(row=row, asset=column, factor=price / accepted))
    return cleaned, log
