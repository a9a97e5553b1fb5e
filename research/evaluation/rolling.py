"""Figures over every window of a fixed number of periods, dated by the window's last day.

A window that the history does not fill is NaN. Calendar windows are in `periods.py`; shapes, units and NaN policy as in
`metrics.py`.
"""
# mypy: disable-error-code="no-any-return"
# (numpy types its reductions as Any)

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import (
    ROUNDING,
    Frame,
    FrameT,
    PerColumn,
    Rate,
    by_row,
    per_period,
    positive_or_nan,
)
from research.evaluation._growth import growth_of_one
from research.evaluation.relative import Benchmark
from research.typing import FloatArray


def rolling_returns(returns: FrameT, window: int = 365) -> FrameT:
    """Total return over each window of `window` returns, as a fraction (not annualised).

    NaN on the first window − 1 rows of each history, and where the window begins at a level of zero.
    """
    _check(window)

    def kernel(values: FloatArray) -> FloatArray:
        level = np.concatenate([np.ones((1, values.shape[1])), growth_of_one(values)])
        result = np.full(values.shape, np.nan)
        result[window - 1 :] = level[window:] / positive_or_nan(level[:-window]) - 1.0
        return result

    return by_row(kernel, returns, minimum=window)


def rolling_volatility(returns: FrameT, window: int = 365, *, periods_per_year: float = 365) -> FrameT:
    """Annualised sample volatility over each window."""
    _check(window, at_least=2)
    return by_row(
        lambda r: _moments(r, window)[1] * np.sqrt(periods_per_year),
        returns,
        minimum=window,
        periods_per_year=periods_per_year,
    )


def rolling_sharpe(
    returns: FrameT, window: int = 365, *, risk_free: Rate = 0.0, periods_per_year: float = 365
) -> FrameT:
    """Arithmetic Sharpe ratio (`sharpe_ratio`) over each window; NaN where the returns of a window are constant."""
    _check(window, at_least=2)
    rate = per_period(risk_free, periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        mean = _moments(values - rf, window)[0]
        return mean / positive_or_nan(_moments(values, window)[1]) * np.sqrt(periods_per_year)

    return by_row(kernel, returns, rate, minimum=window, periods_per_year=periods_per_year)


def rolling_beta(returns: FrameT, benchmark: Benchmark, window: int = 365) -> FrameT:
    """OLS beta to the benchmark over each window; NaN where the benchmark is constant."""
    _check(window, at_least=2)

    def kernel(r: FloatArray, b: FloatArray) -> FloatArray:
        x, y = b - b.mean(axis=0), r - r.mean(axis=0)  # the shift leaves the slope alone and keeps the sums small
        covariance = _window_mean(x * y, window) - _window_mean(x, window) * _window_mean(y, window)
        variance = _moments(b, window)[1] ** 2 * (window - 1) / window
        return covariance / positive_or_nan(variance)

    return by_row(kernel, returns, benchmark, minimum=window)


def rolling_tracking_error(
    returns: FrameT, benchmark: Benchmark, window: int = 365, *, periods_per_year: float = 365
) -> FrameT:
    """Annualised tracking error over each window."""
    _check(window, at_least=2)
    return by_row(
        lambda r, b: _moments(r - b, window)[1] * np.sqrt(periods_per_year),
        returns,
        benchmark,
        minimum=window,
        periods_per_year=periods_per_year,
    )


def rolling_summary(returns: Frame, window: int = 365) -> PerColumn:
    """What an investor who stayed for `window` periods got, whenever they came.

    Returns
    -------
    Series (share_positive, worst, median, best, windows) for a Series, DataFrame of such columns for a DataFrame
        Fractions; `windows` is how many there are. They overlap: 730 days hold two independent years, not 366.
        NaN (and windows 0) where the history is shorter than one window.
    """
    rolled = rolling_returns(returns.to_frame("value") if isinstance(returns, pd.Series) else returns, window)
    known = rolled.notna().sum()
    share = (rolled > 0).sum() / known.where(known > 0)
    table = pd.DataFrame([share, rolled.min(), rolled.median(), rolled.max(), known], index=_SUMMARY)
    return table["value"].rename(str(returns.name)) if isinstance(returns, pd.Series) else table


_SUMMARY = ["share_positive", "worst", "median", "best", "windows"]


def _check(window: int, at_least: int = 1) -> None:
    check_number("window", window, DataError, whole=True, at_least=at_least)


def _window_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean of each full window by cumulative sums; NaN before the first one."""
    total = np.cumsum(np.concatenate([np.zeros((1, values.shape[1])), values]), axis=0)
    result = np.full(values.shape, np.nan)
    result[window - 1 :] = (total[window:] - total[:-window]) / window
    return result


def _moments(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Mean and sample standard deviation of each window; what is left of cancellation counts as zero."""
    centre = values.mean(axis=0)
    shifted = values - centre
    mean = _window_mean(shifted, window)
    square = _window_mean(shifted**2, window)
    variance = square - mean**2
    floor = ROUNDING * np.maximum(square, (shifted**2).mean(axis=0))
    deviation = np.sqrt(np.where(variance > floor, variance, 0.0) * window / (window - 1))
    return mean + centre, np.where(np.isnan(mean), np.nan, deviation)
