"""Return, volatility and risk-adjusted figures of a series of simple returns.

Tails are in `tails.py`, drawdowns in `drawdowns.py`, anything against a benchmark in `relative.py`, sampling error in
`bootstrap.py` and `inference.py`. For all of them:

Shapes: a Series of returns gives a float, a DataFrame gives a Series by column. Units: fractions (0.05 is 5 %).
NaN: leading and trailing NaN are outside the history, column by column; a NaN inside raises `DataError` naming column
and date. A figure that is not defined (too short a history, no volatility, no drawdown) is NaN, never infinite.
Annual figures: `periods_per_year` is 365 for daily crypto data, 52 for weekly, 12 for monthly; 1 leaves a figure per
period. Dates that are spaced otherwise, or with rows missing, raise `DataError`. Annual rates r are fractions below 1
and become (1+r)^(1/periods_per_year) − 1 per period; a Series of rates is taken as per period.
What other libraries do instead is in CONVENTIONS.md.
"""
# mypy: disable-error-code="no-any-return"
# (numpy types its reductions as Any)

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import (
    Frame,
    FrameT,
    PerColumn,
    Rate,
    by_column,
    by_row,
    per_period,
    positive_or_nan,
    several_by_column,
    standard_deviation,
)
from research.evaluation._growth import total_growth
from research.evaluation.drawdowns import depths
from research.typing import FloatArray


def returns_from_levels(levels: FrameT) -> FrameT:
    """Simple returns of levels or prices, P_t / P_{t−1} − 1.

    Parameters
    ----------
    levels : Series or DataFrame, shape (periods,) or (periods, columns)
        Positive levels, in any unit and of any size.

    Returns
    -------
    Series or DataFrame of the same shape
        NaN on the first row of each column's history (its base date) and outside the history.

    Raises
    ------
    DataError
        If a level inside the history is missing, not finite or not positive; column and date are named.
    """

    def kernel(values: FloatArray) -> FloatArray:
        if values.min() <= 0:
            raise DataError(f"levels: found {values.min():.6g}; a level must be positive for a return to exist.")
        result = np.full(values.shape, np.nan)
        with np.errstate(over="ignore"):
            result[1:] = values[1:] / values[:-1] - 1.0
        if np.isinf(result).any():
            raise DataError("levels: two of them in a row are too far apart for a number; look for a faulty one.")
        return result

    return by_row(kernel, levels, name="levels", are_returns=False)


def total_return(returns: Frame) -> PerColumn:
    """Compounded return over the whole history, Π(1+r) − 1, as a fraction."""
    return by_column(lambda r: total_growth(r) - 1.0, returns)


def cagr(returns: Frame, *, periods_per_year: float = 365) -> PerColumn:
    """Compound annual growth rate, Π(1+r)^(q/n) − 1, with n returns and q periods a year.

    10,000 that become 20,000 in three years: 26 % a year.
    """
    return by_column(lambda r: compound_rate(r, periods_per_year), returns, periods_per_year=periods_per_year)


def annualized_volatility(returns: Frame, *, periods_per_year: float = 365) -> PerColumn:
    """Sample standard deviation (n − 1) of the returns times √q. Needs two returns."""
    return by_column(
        lambda r: standard_deviation(r) * np.sqrt(periods_per_year),
        returns,
        minimum=2,
        periods_per_year=periods_per_year,
    )


def ewma_volatility(returns: FrameT, *, decay: float = 0.94, periods_per_year: float = 365) -> FrameT:
    """Exponentially weighted volatility by date, √(q·v_t) with v_t = λ v_{t−1} + (1−λ) r_t² and v_1 = r_1².

    The value at t uses returns up to and including t. Zero mean, λ = 0.94 for daily data: J.P. Morgan, RiskMetrics
    Technical Document (1996).

    Returns
    -------
    Series or DataFrame of the shape of `returns`
    """
    check_number("decay", decay, DataError, above=0, below=1)

    def kernel(values: FloatArray) -> FloatArray:
        variance = values**2
        for row in range(1, len(variance)):
            variance[row] = decay * variance[row - 1] + (1.0 - decay) * variance[row]
        return np.sqrt(variance * periods_per_year)

    return by_row(kernel, returns, periods_per_year=periods_per_year)


def downside_deviation(
    returns: Frame, *, minimum_acceptable_return: Rate = 0.0, periods_per_year: float = 365
) -> PerColumn:
    """√(Σ min(r − MAR, 0)² / n) · √q over all n returns, not only those below the minimum acceptable return.

    Source: Sortino and Price (1994). Zero when no return falls below.
    """
    target = per_period(minimum_acceptable_return, periods_per_year, "minimum_acceptable_return")
    return by_column(
        lambda r, mar: _downside(r - mar) * np.sqrt(periods_per_year),
        returns,
        target,
        periods_per_year=periods_per_year,
    )


def semi_deviation(returns: Frame, *, periods_per_year: float = 365) -> PerColumn:
    """Downside deviation below the series' own mean, √(Σ min(r − r̄, 0)² / n) · √q."""
    return by_column(
        lambda r: _downside(r - r.mean(axis=0)) * np.sqrt(periods_per_year), returns, periods_per_year=periods_per_year
    )


def sharpe_ratio(returns: Frame, *, risk_free: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """Arithmetic Sharpe ratio, mean(r − rf) / sd(r) · √q. Source: Sharpe (1966).

    With a constant rate sd(r) and sd(r − rf) are the same. With a Series of rates Sharpe (1994) takes sd(r − rf), which
    is this function on excess returns. `cagr_to_volatility` is the geometric variant that some programs print under
    the same name. NaN for constant returns. Rule of thumb for context: above 1 good, 2 very good, 3 exceptional.
    """
    rate = per_period(risk_free, periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        return (values - rf).mean(axis=0) / positive_or_nan(standard_deviation(values)) * np.sqrt(periods_per_year)

    return by_column(kernel, returns, rate, minimum=2, periods_per_year=periods_per_year)


def cagr_to_volatility(returns: Frame, *, risk_free: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """Geometric Sharpe ratio: compound annual growth of r − rf over the annualised volatility of r."""
    rate = per_period(risk_free, periods_per_year)
    return by_column(
        lambda r, rf: _geometric_sharpe(r, rf, periods_per_year),
        returns,
        rate,
        minimum=2,
        periods_per_year=periods_per_year,
    )


def adjusted_sharpe_ratio(returns: Frame, *, risk_free: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """Sharpe ratio with a penalty for negative skewness and fat tails, SR · (1 + S·SR/6 − K·SR²/24).

    SR is the annualised geometric Sharpe ratio (`cagr_to_volatility`), S the skewness and K the excess kurtosis of the
    returns per period, as in the formula's implementation in R (PerformanceAnalytics). Source: Pezier and White (2006).
    """
    rate = per_period(risk_free, periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        ratio = _geometric_sharpe(values, rf, periods_per_year)
        skew, kurtosis = skewness_and_kurtosis(values)
        return ratio * positive_or_nan(1.0 + skew * ratio / 6.0 - kurtosis * ratio**2 / 24.0)

    return by_column(kernel, returns, rate, minimum=2, periods_per_year=periods_per_year)


def sortino_ratio(returns: Frame, *, minimum_acceptable_return: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """mean(r − MAR) / downside deviation · √q, downside deviation over all returns. NaN when nothing falls below MAR.

    Source: Sortino and Price (1994).
    """
    target = per_period(minimum_acceptable_return, periods_per_year, "minimum_acceptable_return")

    def kernel(values: FloatArray, mar: FloatArray) -> FloatArray:
        excess = values - mar
        return excess.mean(axis=0) / positive_or_nan(_downside(excess)) * np.sqrt(periods_per_year)

    return by_column(kernel, returns, target, minimum=2, periods_per_year=periods_per_year)


def omega_ratio(returns: Frame, *, threshold: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """Σ max(r − L, 0) / Σ max(L − r, 0) for an annual threshold L. NaN when no return lies below it.

    Source: Keating and Shadwick (2002). At L = 0 it is the gain-loss ratio of Bernardo and Ledoit.

    Parameters
    ----------
    threshold : float or Series, default 0.0
        Annual rate L, (1+L)^(1/q) − 1 per period; or a Series with one rate per period.
    """
    level = per_period(threshold, periods_per_year, "threshold")

    def kernel(values: FloatArray, limit: FloatArray) -> FloatArray:
        excess = values - limit
        return np.maximum(excess, 0.0).sum(axis=0) / positive_or_nan(np.maximum(-excess, 0.0).sum(axis=0))

    at_zero = not isinstance(level, pd.Series | pd.DataFrame) and level == 0  # then the length of a period is no matter
    return by_column(kernel, returns, level, periods_per_year=None if at_zero else periods_per_year)


def calmar_ratio(returns: Frame, *, periods_per_year: float = 365) -> PerColumn:
    """CAGR over the size of the maximum drawdown, both over the whole history. NaN without a drawdown.

    Source: Young (1991), who used 36 months. 50 % a year with a drawdown of 25 % is 2.0.
    """
    return by_column(
        lambda r: _calmar(compound_rate(r, periods_per_year), depths(r)), returns, periods_per_year=periods_per_year
    )


def ulcer_index(returns: Frame) -> PerColumn:
    """Root mean square of the drawdown over all periods, √mean(DD²), with exact compounding. Source: Martin (1989)."""
    return by_column(lambda r: _ulcer(depths(r)), returns)


def martin_ratio(returns: Frame, *, risk_free: Rate = 0.0, periods_per_year: float = 365) -> PerColumn:
    """(CAGR − risk-free rate) / Ulcer index, the rate compounded over the same periods. NaN without a drawdown.

    Source: Martin and McCann (1989).
    """
    rate = per_period(risk_free, periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        return _martin(compound_rate(values, periods_per_year), depths(values), rf, periods_per_year)

    return by_column(kernel, returns, rate, periods_per_year=periods_per_year)


def path_figures(returns: Frame, *, risk_free: Rate = 0.0, periods_per_year: float = 365) -> pd.Series | pd.DataFrame:
    """What follows from the path of the level, by name and column: several figures for little more than one takes."""
    rate = per_period(risk_free, periods_per_year)
    labels = ["total_return", "max_drawdown", "ulcer_index", "calmar_ratio", "martin_ratio"]

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        fall, growth = depths(values), total_growth(values)
        annual = _annual(growth, len(values), periods_per_year)
        ratios = [_calmar(annual, fall), _martin(annual, fall, rf, periods_per_year)]
        return np.stack([growth - 1.0, fall.min(axis=0), _ulcer(fall), *ratios])

    return several_by_column(kernel, returns, rate, labels=labels, periods_per_year=periods_per_year)


def skewness(returns: Frame) -> PerColumn:
    """Moment skewness m₃ / m₂^1.5, moments with denominator n. NaN for constant returns."""
    return by_column(lambda r: skewness_and_kurtosis(r)[0], returns, minimum=2)


def excess_kurtosis(returns: Frame) -> PerColumn:
    """Moment kurtosis m₄ / m₂² − 3, moments with denominator n: zero for a normal distribution."""
    return by_column(lambda r: skewness_and_kurtosis(r)[1], returns, minimum=2)


def compound_rate(values: FloatArray, periods_per_year: float) -> FloatArray:
    """CAGR by column of a complete array; NaN where a few periods compound to more than a number can hold."""
    return _annual(total_growth(values), len(values), periods_per_year)


def skewness_and_kurtosis(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Skewness and excess kurtosis by column of a complete array: what the public functions and the tails share."""
    deviation = values - values.mean(axis=0)
    square = deviation * deviation
    variance = np.where(standard_deviation(values) > 0, square.mean(axis=0), np.nan)
    skew = (square * deviation).mean(axis=0) / positive_or_nan(variance**1.5)
    return skew, (square * square).mean(axis=0) / positive_or_nan(variance**2) - 3.0


def _geometric_sharpe(values: FloatArray, rf: FloatArray, periods_per_year: float) -> FloatArray:
    volatility = standard_deviation(values) * np.sqrt(periods_per_year)
    excess = np.maximum(values - rf, -1.0)
    excess[values <= -1.0] = -1.0  # a total loss stays one, whatever the rate
    return compound_rate(excess, periods_per_year) / positive_or_nan(volatility)


def _downside(excess: FloatArray) -> FloatArray:
    below = np.minimum(excess, 0.0)
    return np.sqrt((below * below).mean(axis=0))


def _annual(growth: FloatArray, periods: int, periods_per_year: float) -> FloatArray:
    with np.errstate(over="ignore"):
        rate = growth ** (periods_per_year / periods) - 1.0
    return np.where(np.isfinite(rate), rate, np.nan)


def _ulcer(fall: FloatArray) -> FloatArray:
    return np.sqrt((fall * fall).mean(axis=0))


def _calmar(annual: FloatArray, fall: FloatArray) -> FloatArray:
    return annual / positive_or_nan(-fall.min(axis=0))


def _martin(annual: FloatArray, fall: FloatArray, rf: FloatArray, periods_per_year: float) -> FloatArray:
    safe = compound_rate(np.broadcast_to(rf, (len(fall), rf.shape[1])), periods_per_year)
    return (annual - safe) / positive_or_nan(_ulcer(fall))
