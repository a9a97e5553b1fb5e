"""Statistics of trailing windows, shape (days, n), by column. NaN is skipped; an empty column gives NaN.

Bits matter: a column's result must not depend on the other columns, nor on how the panel lies in memory. Sums
therefore run over contiguous copies, one row per asset.
"""

from __future__ import annotations

import numpy as np

from research.typing import FloatArray


def window_sum(window: FloatArray) -> FloatArray:
    """Sum of each column over the values there are; 0 for an empty column."""
    # the sum runs over rows whatever the number of columns, so one column gives the bits that many give
    return np.asarray(np.add.reduce(np.where(np.isnan(window), 0.0, window).T.copy(), axis=1))


def window_count(window: FloatArray) -> FloatArray:
    """How many values each column has."""
    return np.asarray((~np.isnan(window)).sum(axis=0), dtype=float)


def window_mean(window: FloatArray) -> FloatArray:
    """Mean of each column over the values there are; NaN for an empty column."""
    count = window_count(window)
    return np.where(count > 0, window_sum(window) / np.maximum(count, 1), np.nan)


def window_deviation(window: FloatArray) -> FloatArray:
    """Sample standard deviation (ddof 1) of each column; NaN for fewer than two values."""
    count = window_count(window)
    squares = window_sum((window - window_mean(window)) ** 2)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def window_median(window: FloatArray) -> FloatArray:
    """Median of each column over the values there are; NaN for an empty column, and where there is no row."""
    if not len(window):
        return np.full(window.shape[1], np.nan)
    ordered = np.sort(window, axis=0)  # NaN sorts last
    count = (~np.isnan(window)).sum(axis=0)
    columns = np.arange(window.shape[1])
    low = ordered[np.maximum(count - 1, 0) // 2, columns]
    high = ordered[np.minimum(count // 2, len(window) - 1), columns]
    return np.where(count > 0, 0.5 * (low + high), np.nan)


def daily_returns(prices: FloatArray) -> FloatArray:
    """Simple returns between consecutive closes, shape (days - 1, n); NaN where either close is missing."""
    return np.asarray(prices[1:] / prices[:-1] - 1.0)
