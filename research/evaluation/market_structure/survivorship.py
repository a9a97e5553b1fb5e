"""What forgetting the dead does to an index: the same simple basket of all assets, and of the survivors alone.

Hindsight by nature: who survives is known at the end only. Both baskets are bought anew at the close of each month's
last day and held to the next one, without costs: by equal parts, and by market cap. A data set of survivors shows the
second basket and never the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import require_days
from research.evaluation.market_structure._panels import carried, checked
from research.evaluation.market_structure.lifetimes import SILENT_DAYS, lifetimes
from research.evaluation.metrics import cagr, returns_from_levels
from research.typing import BoolArray, FloatArray, IntArray

EVERYONE, SURVIVORS = "all", "survivors"
SCHEMES = ("equal", "market_cap")
COUNT = 50
SEASONED = 30
"""Days since its first price that an asset must have before it is bought: a first month tells little of a cap."""


def survivorship_levels(
    prices: pd.DataFrame,
    market_caps: pd.DataFrame,
    *,
    count: int = COUNT,
    recovery: float = 1.0,
    silent_days: int = SILENT_DAYS,
) -> pd.DataFrame:
    """Levels of monthly baskets of all assets and of the survivors alone.

    Between two month ends a basket is worth V(t) = V(t₀) Σ w · p(t) / p(t₀); a price that is missing is carried.

    Parameters
    ----------
    prices, market_caps : DataFrame, days x assets
        USD. Caps all NaN where there are none: the baskets are then of all assets that have a price, in equal parts.
    count : int
        The largest so many by the cap of the day on which they are bought, among all or among the survivors; with a
        first price 30 days before at least.
    recovery : float, 0 to 1
        What is left of a dead asset's last price from the day after it.
    silent_days : int
        A survivor has a price within so many last days of the data.

    Returns
    -------
    DataFrame by day, from the first month end with two survivors
        Columns (scheme, basket): scheme "equal" or "market_cap", basket "all" or "survivors"; 1 on the first day.
        Without columns for caps where there are none; without rows where no month end has two survivors.

    Raises
    ------
    DataError
        If the panels differ in shape, their days are not complete, a value is negative or infinite, or an option is
        out of bounds.
    """
    check_number("count", count, DataError, whole=True, at_least=1)
    check_number("recovery", recovery, DataError, at_least=0, at_most=1)
    values, caps = checked(prices, "prices"), checked(market_caps, "market_caps", prices)
    life = lifetimes(prices, silent_days=silent_days)
    alive = ~life["dead"].to_numpy()
    by_cap = not np.isnan(caps).all()
    seasoned = np.arange(len(values))[:, None] - (~np.isnan(values)).argmax(axis=0) >= SEASONED
    ranked = np.where((values > 0) & seasoned, caps if by_cap else 1.0, np.nan)
    ends = _month_ends(require_days(prices))
    ends = ends[(~np.isnan(ranked[ends]) & alive).sum(axis=1) >= 2]
    held = _held_values(values, life["last"].to_numpy(), prices.index.to_numpy(), ~alive, recovery)
    columns = {
        (scheme, name): _level(held, ranked, ends, who, scheme, count if by_cap else values.shape[1])
        for scheme in (SCHEMES if by_cap else SCHEMES[:1])
        for name, who in ((EVERYONE, np.ones_like(alive)), (SURVIVORS, alive))
    }
    levels = pd.DataFrame(columns, index=prices.index[ends[0] :] if len(ends) else prices.index[:0])
    return levels.rename_axis(columns=["scheme", "basket"])


def survivorship_effect(levels: pd.DataFrame) -> pd.DataFrame:
    """How much faster the basket of survivors grows: CAGR of the survivors less CAGR of all.

    Parameters
    ----------
    levels : DataFrame
        `survivorship_levels`.

    Returns
    -------
    DataFrame by scheme
        all, survivors (fractions a year): CAGR, 365 days a year. difference (fraction a year). ratio: final level of
        the survivors over that of all. No rows without levels.
    """
    schemes: Sequence[str] = list(dict.fromkeys(levels.columns.get_level_values(0))) if len(levels) > 1 else []
    rows = {}
    for scheme in schemes:
        growth = cagr(returns_from_levels(levels[scheme]))
        rows[scheme] = {
            EVERYONE: growth[EVERYONE],
            SURVIVORS: growth[SURVIVORS],
            "difference": growth[SURVIVORS] - growth[EVERYONE],
            "ratio": levels[scheme][SURVIVORS].iloc[-1] / levels[scheme][EVERYONE].iloc[-1],
        }
    columns = [EVERYONE, SURVIVORS, "difference", "ratio"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float).rename_axis("scheme")


def _month_ends(days: pd.DatetimeIndex) -> IntArray:
    """Rows of the last days of whole months, the last row of the data left out: nothing is held after it."""
    return np.flatnonzero(days.is_month_end[:-1])


def _held_values(
    values: FloatArray, last: np.ndarray, days: np.ndarray, dead: BoolArray, recovery: float
) -> FloatArray:
    """Prices with missing ones carried; after the last price of a dead asset `recovery` of it."""
    gone = dead & (days[:, None] > last)
    return np.where(gone, recovery, 1.0) * carried(values)


def _level(held: FloatArray, sizes: FloatArray, ends: IntArray, who: BoolArray, scheme: str, count: int) -> FloatArray:
    """A basket's level from the first of `ends` on, 1 on that day; empty without one."""
    pieces, level = [np.ones(min(len(ends), 1))], 1.0
    for start, stop in pairwise([*ends, len(held) - 1]):
        size = np.where(who & ~np.isnan(sizes[start]), sizes[start], 0.0)
        chosen = np.argsort(-size, kind="stable")[:count]
        chosen = chosen[size[chosen] > 0]
        weights = np.ones(len(chosen)) if scheme == "equal" else size[chosen]
        growth = held[start + 1 : stop + 1, chosen] / held[start, chosen]
        piece = level * (growth @ (weights / weights.sum()))
        pieces.append(piece)
        level = piece[-1]
    return np.concatenate(pieces)
