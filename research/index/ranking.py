"""Point-in-time measures by which assets are ranked and weighted, looked up by the name used in the rulebook."""

from __future__ import annotations

import re

import numpy as np

from research.errors import MethodologyError
from research.index.view import FloatArray, IntArray, MarketView

_WINDOWED = re.compile(r"(market_cap|volume)(?:_(mean|median)_(\d+)d)?")
MIN_WINDOW_SHARE = 0.5


def measure(view: MarketView, name: str) -> FloatArray:
    """A measure of every listed asset as of the view's day, shape (n,).

    Parameters
    ----------
    name : str
        ``market_cap`` or ``volume`` (USD, the day's value), or with ``_mean_30d`` or ``_median_30d`` (any number of
        days) over the trailing window.

    Returns
    -------
    ndarray
        NaN where the day's value is missing, or fewer than half of the window's days have one: not rankable.

    Raises
    ------
    MethodologyError
        If the name is no measure.
    """
    match = _WINDOWED.fullmatch(name)
    if not match or match[3] == "0":
        raise MethodologyError(
            f"rank_by = {name!r} is no measure: expected e.g. market_cap, market_cap_mean_30d, volume_median_30d."
        )
    panel, statistic, days = match[1], match[2], int(match[3] or 1)
    window = view.window(panel, days)
    if statistic is None:
        today: FloatArray = window[0]
        return today
    values = window_median(window) if statistic == "median" else window_mean(window)
    enough = (~np.isnan(window)).sum(axis=0) >= MIN_WINDOW_SHARE * days
    return np.where(enough & ~np.isnan(window[-1]), values, np.nan)


def window_mean(window: FloatArray) -> FloatArray:
    """Mean of each column over the values there are; NaN for an empty column."""
    there = ~np.isnan(window)
    # the sum runs over rows whatever the number of columns, so one column gives the bits that many give
    total = np.add.reduce(np.where(there, window, 0.0).T.copy(), axis=1)
    count = there.sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def window_median(window: FloatArray) -> FloatArray:
    """Median of each column over the values there are; NaN for an empty column."""
    ordered = np.sort(window, axis=0)  # NaN sorts last
    count = (~np.isnan(window)).sum(axis=0)
    columns = np.arange(window.shape[1])
    low = ordered[np.maximum(count - 1, 0) // 2, columns]
    high = ordered[np.minimum(count // 2, len(window) - 1), columns]
    return np.where(count > 0, 0.5 * (low + high), np.nan)


def ranks(view: MarketView, values: FloatArray, eligible: np.ndarray) -> IntArray:
    """Rank 1, 2, ... of the eligible assets by descending value; 0 for all others.

    Ties go to the higher market cap, then the higher volume, the older asset, the smaller id.
    """
    rankable = np.flatnonzero(eligible & ~np.isnan(values))
    # positions follow sorted ids, and both sorts are stable: the last tie-break comes free
    order = np.argsort(-values[rankable], kind="stable")
    if (np.diff(values[rankable][order]) == 0).any():
        cap, volume = (np.nan_to_num(view.today(name)[rankable], nan=-1.0) for name in ("market_cap", "volume"))
        order = np.lexsort((-view.age_days()[rankable], -volume, -cap, -values[rankable]))
    result = np.zeros(len(values), dtype=np.int64)
    result[rankable[order]] = np.arange(1, len(rankable) + 1)
    return result
