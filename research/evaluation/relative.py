"""Figures of a series against a benchmark.

Every function takes returns and the benchmark's returns: a Series (the same benchmark for every column) or a
DataFrame with the columns of the returns (pair by column). Both are looked at on the dates of the returns and over the
history that each pair has in common; a benchmark without a value inside that history raises `DataError` naming
the date, and so does one with values on dates that the returns lack.
Shapes, units, NaN policy and annualisation as in `metrics.py`. Significance of alpha: `alpha_test` in `inference.py`.
"""
# mypy: disable-error-code="no-any-return"
# (numpy types its reductions as Any)

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from research.evaluation._columns import (
    ROUNDING,
    Frame,
    PerColumn,
    Rate,
    by_column,
    choose,
    per_period,
    positive_or_nan,
    standard_deviation,
)
from research.evaluation._growth import total_growth
from research.evaluation.metrics import compound_rate
from research.typing import FloatArray

Benchmark = pd.Series | pd.DataFrame


def beta(returns: Frame, benchmark: Benchmark, *, risk_free: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """OLS slope of excess returns on the benchmark's excess returns, cov(r, b) / var(b). NaN for a constant benchmark.

    A constant `risk_free` changes nothing; a Series does.
    """
    rate = per_period(risk_free, periods_per_year)
    return by_column(lambda r, b, rf: _slope(r - rf, b - rf), returns, benchmark, rate, minimum=2)


def up_beta(returns: Frame, benchmark: Benchmark) -> PerColumn:
    """Beta over the periods in which the benchmark rose (b > 0). NaN with fewer than three of them."""
    return by_column(lambda r, b: _slope_where(r, b, b > 0), returns, benchmark, minimum=2)


def down_beta(returns: Frame, benchmark: Benchmark) -> PerColumn:
    """Beta over the periods in which the benchmark fell (b < 0). NaN with fewer than three of them."""
    return by_column(lambda r, b: _slope_where(r, b, b < 0), returns, benchmark, minimum=2)


def correlation(returns: Frame, benchmark: Benchmark) -> PerColumn:
    """Pearson correlation with the benchmark; its square is R². NaN where either is constant."""
    return by_column(_correlation, returns, benchmark, minimum=2)


def r_squared(returns: Frame, benchmark: Benchmark) -> PerColumn:
    """Share of the variance explained by the benchmark: the squared correlation."""
    return by_column(lambda r, b: _correlation(r, b) ** 2, returns, benchmark, minimum=2)


def jensen_alpha(
    returns: Frame,
    benchmark: Benchmark,
    *,
    method: Literal["regression", "geometric"] = "regression",
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
) -> PerColumn:
    """Annual return beyond what beta times the benchmark explains. Source: Jensen (1968).

    Parameters
    ----------
    method : {"regression", "geometric"}
        "regression": intercept of the OLS regression of excess on excess returns, times q: the figure that
        `alpha_test` tests. "geometric": (CAGR − rf) − beta·(CAGR_b − rf), as PerformanceAnalytics prints it; it has no
        standard error of its own.
    """
    rate = per_period(risk_free, periods_per_year)

    def regression(r: FloatArray, b: FloatArray, rf: FloatArray) -> FloatArray:
        return ((r - rf).mean(axis=0) - _slope(r - rf, b - rf) * (b - rf).mean(axis=0)) * periods_per_year

    def geometric(r: FloatArray, b: FloatArray, rf: FloatArray) -> FloatArray:
        safe = compound_rate(np.broadcast_to(rf, (len(r), rf.shape[1])), periods_per_year)
        slope = _slope(r - rf, b - rf)
        return compound_rate(r, periods_per_year) - safe - slope * (compound_rate(b, periods_per_year) - safe)

    kernels = {"regression": regression, "geometric": geometric}
    return by_column(choose(kernels, method), returns, benchmark, rate, minimum=2, periods_per_year=periods_per_year)


def active_return(returns: Frame, benchmark: Benchmark, *, periods_per_year: float = 365) -> PerColumn:
    """Difference of growth, CAGR − CAGR_b over the same periods."""
    return by_column(
        lambda r, b: compound_rate(r, periods_per_year) - compound_rate(b, periods_per_year),
        returns,
        benchmark,
        periods_per_year=periods_per_year,
    )


def tracking_error(returns: Frame, benchmark: Benchmark, *, periods_per_year: float = 365) -> PerColumn:
    """Sample standard deviation (n − 1) of the active returns r − b, times √q."""
    return by_column(
        lambda r, b: standard_deviation(r - b) * np.sqrt(periods_per_year),
        returns,
        benchmark,
        minimum=2,
        periods_per_year=periods_per_year,
    )


def information_ratio(
    returns: Frame,
    benchmark: Benchmark,
    *,
    method: Literal["geometric", "arithmetic"] = "geometric",
    periods_per_year: float = 365,
) -> PerColumn:
    """Active return / tracking error; NaN without tracking error. Source: Grinold and Kahn (2000).

    Parameters
    ----------
    method : {"geometric", "arithmetic"}
        "geometric": (CAGR − CAGR_b) / tracking error, as PerformanceAnalytics. "arithmetic": mean(r − b)·q over
        tracking error, as Grinold and Kahn. Rule of thumb for context: above 0.5 is systematic.
    """

    def geometric(r: FloatArray, b: FloatArray) -> FloatArray:
        return compound_rate(r, periods_per_year) - compound_rate(b, periods_per_year)

    def arithmetic(r: FloatArray, b: FloatArray) -> FloatArray:
        return (r - b).mean(axis=0) * periods_per_year

    active = choose({"geometric": geometric, "arithmetic": arithmetic}, method)

    def kernel(r: FloatArray, b: FloatArray) -> FloatArray:
        return active(r, b) / positive_or_nan(standard_deviation(r - b) * np.sqrt(periods_per_year))

    return by_column(kernel, returns, benchmark, minimum=2, periods_per_year=periods_per_year)


def batting_average(returns: Frame, benchmark: Benchmark) -> PerColumn:
    """Share of periods in which the return was above the benchmark's (r > b); ties do not count as won."""
    return by_column(lambda r, b: (r > b).mean(axis=0), returns, benchmark)


def up_capture(
    returns: Frame,
    benchmark: Benchmark,
    *,
    method: Literal["geometric", "ratio_of_sums"] = "geometric",
    periods_per_year: float = 1,
) -> PerColumn:
    """How much of the benchmark's rises was taken part in, over the m periods with b > 0: r there / b there.

    NaN without such periods.

    Parameters
    ----------
    method : {"geometric", "ratio_of_sums"}
        "geometric": (Π(1+r)^(q/m) − 1) / (Π(1+b)^(q/m) − 1). "ratio_of_sums": Σr / Σb, as PerformanceAnalytics'
        UpDownRatios.
    periods_per_year : float, default 1
        q of the geometric method; not used by the other one. The default of this pair of functions is 1, the ratio of
        mean returns per period, because a year made of nothing but up days explodes (2 % a day is a factor of 1,377)
        and the ratio would measure the annualisation. Morningstar's figure: monthly returns and 12.
    """
    kernel = _capture(method, periods_per_year)
    return by_column(lambda r, b: kernel(r, b, b > 0), returns, benchmark, periods_per_year=periods_per_year)


def down_capture(
    returns: Frame,
    benchmark: Benchmark,
    *,
    method: Literal["geometric", "ratio_of_sums"] = "geometric",
    periods_per_year: float = 1,
) -> PerColumn:
    """How much of the benchmark's falls was taken part in, over the periods with b < 0; below 1 is protection.

    Methods, parameters and undefined cases as in `up_capture`. 0.8: −8 when the benchmark loses 10.

    Parameters
    ----------
    method : {"geometric", "ratio_of_sums"}
        As in `up_capture`: (Π(1+r)^(q/m) − 1) / (Π(1+b)^(q/m) − 1) over the m periods, or Σr / Σb.
    periods_per_year : float, default 1
        q of the geometric method.
    """
    kernel = _capture(method, periods_per_year)
    return by_column(lambda r, b: kernel(r, b, b < 0), returns, benchmark, periods_per_year=periods_per_year)


def _capture(method: str, periods_per_year: float) -> Callable[[FloatArray, FloatArray, FloatArray], FloatArray]:
    def geometric(r: FloatArray, b: FloatArray, picked: FloatArray) -> FloatArray:
        power = periods_per_year / np.maximum(picked.sum(axis=0), 1)
        ours = total_growth(np.where(picked, r, 0.0)) ** power - 1.0
        theirs = total_growth(np.where(picked, b, 0.0)) ** power - 1.0
        defined = picked.any(axis=0) & (theirs != 0) & np.isfinite(ours) & np.isfinite(theirs)
        return ours / np.where(defined, theirs, np.nan)

    def ratio_of_sums(r: FloatArray, b: FloatArray, picked: FloatArray) -> FloatArray:
        total = np.where(picked, b, 0.0).sum(axis=0)
        return np.where(picked, r, 0.0).sum(axis=0) / np.where(total != 0, total, np.nan)

    return choose({"geometric": geometric, "ratio_of_sums": ratio_of_sums}, method)


def _slope(r: FloatArray, b: FloatArray) -> FloatArray:
    deviation = b - b.mean(axis=0)
    variance = np.where(standard_deviation(b) > 0, (deviation * deviation).sum(axis=0), np.nan)
    return (r * deviation).sum(axis=0) / positive_or_nan(variance)


def _slope_where(r: FloatArray, b: FloatArray, picked: FloatArray) -> FloatArray:
    """OLS slope over the picked rows, by column, without leaving the array."""
    count = picked.sum(axis=0)
    enough = np.where(count > 2, count, np.nan)
    mean = np.where(picked, b, 0.0).sum(axis=0) / enough
    deviation = np.where(picked, b - mean, 0.0)
    variance = (deviation * deviation).sum(axis=0)
    variance = np.where(variance > (ROUNDING * mean) ** 2 * count, variance, np.nan)
    return (r * deviation).sum(axis=0) / variance


def _correlation(r: FloatArray, b: FloatArray) -> FloatArray:
    x, y = r - r.mean(axis=0), b - b.mean(axis=0)
    scale = positive_or_nan(standard_deviation(r) * standard_deviation(b)) * (len(r) - 1)
    return (x * y).sum(axis=0) / scale
