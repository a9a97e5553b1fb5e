"""How many assets take part in what the market does: above their averages, and rising.

Each asset counts the same. A day on which fewer than `FEWEST` assets can be judged is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation.market_structure._panels import checked
from research.typing import BoolArray, FloatArray

FEWEST = 10
WINDOWS = (50, 200)
"""Days of the averages that most traders look at."""
ENOUGH = 0.8
"""Share of a window's days that must have a price."""
SMOOTHED = 30
ROUNDING = 1e-9
"""A price that stands still differs from its running mean by less, as a fraction, and is not above it."""


def breadth(prices: pd.DataFrame, *, windows: Sequence[int] = WINDOWS) -> pd.DataFrame:
    """Share of assets above their moving averages, and how many more rise than fall; point in time.

    Parameters
    ----------
    prices : DataFrame, days x assets
        NaN where an asset has no price.
    windows : sequence of int
        Days of the simple averages, the day itself included. An asset counts with a price today and on 80 % of the
        window's days.

    Returns
    -------
    DataFrame by day
        above_50, above_200, … (fractions): price above the average of so many days, of the assets that can be judged.
        net_advances (−1 to 1): (rising − falling) / assets with a price on this day and the one before, as a mean of
        30 days of which 80 % must be known. NaN where fewer than 10 assets can be judged.

    Raises
    ------
    DataError
        If the days are not complete, a price is negative or infinite, or a window is no whole number above 1.
    """
    values = checked(prices, "prices")
    columns = {}
    for window in windows:
        check_number("windows", window, DataError, whole=True, at_least=2)
        mean = prices.rolling(window, min_periods=int(np.ceil(ENOUGH * window))).mean().to_numpy()
        columns[f"above_{window}"] = _share(values > mean * (1 + ROUNDING), ~np.isnan(values) & ~np.isnan(mean))
    moves = np.vstack([np.full((1, values.shape[1]), np.nan), np.diff(values, axis=0)])
    known = ~np.isnan(moves)
    net = pd.Series(_share(moves > 0, known) - _share(moves < 0, known))
    columns["net_advances"] = net.rolling(SMOOTHED, min_periods=int(ENOUGH * SMOOTHED)).mean().to_numpy()
    return pd.DataFrame(columns, index=prices.index)


def _share(part: BoolArray, known: BoolArray) -> FloatArray:
    """Row by row the share of `part` among `known`; NaN with fewer than `FEWEST` of them."""
    count = known.sum(axis=1)
    return np.asarray((part & known).sum(axis=1) / np.where(count >= FEWEST, count, np.nan))
