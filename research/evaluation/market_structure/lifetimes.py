"""Births and deaths: who came, who fell silent, who came back, and how large the dead once were.

An asset is *alive* on a day if it has had a price within the last `silent_days` days, that day included. It is born
with its first price; it dies on the day on which it has been silent for so long, which is the first day on which
anybody can know; with a price after that it returns. So a series by day never looks ahead, and

    alive(t) = alive(t − 1) + born(t) + returned(t) − died(t).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import require_days
from research.evaluation.market_structure._panels import carried, checked, last_known_row
from research.evaluation.market_structure.dominance import shares
from research.typing import BoolArray

SILENT_DAYS = 30
"""Days without a price after which an asset counts as dead: outages of vendors and venues are shorter."""
COLLAPSED = -0.99
"""Last price over the highest one, less 1, from which an asset has collapsed though it still has a price."""


def alive_on(known: BoolArray, silent_days: int) -> BoolArray:
    """Whether there was a value within the last `silent_days` rows, shape of `known`."""
    check_number("silent_days", silent_days, DataError, whole=True, at_least=1)
    return np.arange(len(known))[:, None] - last_known_row(known) < silent_days


def births_and_deaths(prices: pd.DataFrame, *, silent_days: int = SILENT_DAYS) -> pd.DataFrame:
    """How many assets are alive on each day, and how many were born, died and returned on it; point in time.

    Parameters
    ----------
    prices : DataFrame, days x assets
        NaN where an asset has no price.
    silent_days : int
        Days without a price after which an asset counts as dead.

    Returns
    -------
    DataFrame by day, int
        alive, born, died, returned. An asset with a price on the first row is born on it.

    Raises
    ------
    DataError
        If the days are not complete, a price is negative or infinite, or `silent_days` is no whole number above 0.
    """
    known = ~np.isnan(checked(prices, "prices"))
    alive = alive_on(known, silent_days)
    before = np.vstack([np.zeros((1, alive.shape[1]), dtype=bool), alive[:-1]])
    born = known & (known.cumsum(axis=0) == 1)
    changes = {"born": born, "died": before & ~alive, "returned": alive & ~before & ~born}
    table = {"alive": alive} | changes
    return pd.DataFrame({name: cells.sum(axis=1) for name, cells in table.items()}, index=prices.index)


def lives_by_year(daily: pd.DataFrame) -> pd.DataFrame:
    """`births_and_deaths`, given as `daily`, by calendar year.

    Returns
    -------
    DataFrame by year
        at_start (int): alive at the end of the year before, 0 in the first. born, died, returned (int). at_end (int).
        death_rate (fraction): died / at_start; NaN with nobody there at the start.
    """
    years = pd.Index(require_days(daily, "daily").year, name="year")
    sums = daily[["born", "died", "returned"]].groupby(years).sum()
    at_end = daily["alive"].groupby(years).last()
    at_start = at_end.shift(fill_value=0)
    rate = (sums["died"] / at_start).where(at_start > 0)
    return sums.assign(at_end=at_end, death_rate=rate).assign(at_start=at_start)[
        ["at_start", "born", "died", "returned", "at_end", "death_rate"]
    ]


def lifetimes(prices: pd.DataFrame, *, silent_days: int = SILENT_DAYS) -> pd.DataFrame:
    """First and last price of each asset of `prices`, its gaps, and whether it was dead at the end: hindsight.

    Returns
    -------
    DataFrame by asset
        first, last (datetime64): days of its first and last price, NaT without any. days (int): with a price. missing
        (int): days without one between them. dead (bool): silent for `silent_days` at the end of the data; also where
        it never had a price. from_high (fraction, −1 to 0): last price over the highest one, less 1.

    Raises
    ------
    DataError
        As `births_and_deaths` does.
    """
    values = checked(prices, "prices")
    known = ~np.isnan(values)
    ever, days = known.any(axis=0), require_days(prices)
    first, last = known.argmax(axis=0), len(known) - 1 - known[::-1].argmax(axis=0)
    count = known.sum(axis=0)
    return pd.DataFrame(
        {
            "first": days[first].where(ever),
            "last": days[last].where(ever),
            "days": count,
            "missing": np.where(ever, last - first + 1 - count, 0),
            "dead": ~alive_on(known, silent_days)[-1],
            "from_high": carried(values)[-1] / prices.max().to_numpy() - 1.0,
        },
        index=prices.columns.rename("asset_id"),
    )


def deaths(prices: pd.DataFrame, market_caps: pd.DataFrame, *, silent_days: int = SILENT_DAYS) -> pd.DataFrame:
    """The assets that were dead or had collapsed at the end of the data, those that had been largest first: hindsight.

    Parameters
    ----------
    market_caps : DataFrame of the shape of `prices`
        USD. All NaN where there are none: the columns that need them are NaN, and the latest deaths come first.
    silent_days : int
        Days without a price after which an asset is dead.

    Returns
    -------
    DataFrame by asset
        first, last (datetime64), dead (bool), from_high (fraction): as in `lifetimes`. An asset that is not dead has
        collapsed: `from_high` is −99 % or less. highest_share (fraction): its largest share of the caps of a day
        (`shares`). last_cap (USD): the last one known. last_month (fraction): last price over that of 30 days before
        it, less 1; NaN without one.

    Raises
    ------
    DataError
        As `births_and_deaths` does.
    """
    life = lifetimes(prices, silent_days=silent_days)
    gone = life.index[(life["dead"] | (life["from_high"] <= COLLAPSED)) & life["last"].notna()]
    caps = carried(checked(market_caps, "market_caps", prices))[-1]
    growth = prices[gone] / prices[gone].shift(30) - 1.0
    table = life.loc[gone, ["first", "last", "dead", "from_high"]].assign(
        highest_share=shares(market_caps)[gone].max(),
        last_cap=pd.Series(caps, index=prices.columns)[gone],
        last_month=[growth[name][day] for name, day in life["last"][gone].items()],
    )
    return table.sort_values(["highest_share", "last"], ascending=False, kind="stable", na_position="last")
