"""Is it skill? Tests whose errors allow for autocorrelation and changing volatility (HAC), and many tests at once.

The Sharpe ratio's own tests are in `sharpe.py`, sampling error of any figure in `bootstrap.py`, over-fitting of a
search in `overfitting.py`. Shapes, units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, suggest
from research.evaluation._columns import (
    ROUNDING,
    Frame,
    PerColumn,
    Rate,
    by_column,
    per_period,
    positive_or_nan,
    several_by_column,
)
from research.evaluation._distributions import norm
from research.evaluation.relative import Benchmark
from research.typing import FloatArray

ADJUSTMENTS = {"bonferroni": "bonferroni", "holm": "holm", "bhy": "fdr_by"}
TEST_COLUMNS = ["alpha", "standard_error", "t_statistic", "p_value", "lower", "upper", "beta", "beta_t_statistic"]


def years_to_distinguish(
    returns: Frame,
    benchmark: Benchmark,
    *,
    confidence: float = 0.95,
    power: float = 0.5,
    periods_per_year: float = 365,
) -> PerColumn:
    """Years of history needed to tell a series from its benchmark by its mean active return.

    ((z_{(1+c)/2} + z_power) · ω / |mean(r − b)|)² / q, two-sided, with ω the long-run standard deviation of the active
    returns (Newey-West, automatic lag as in `alpha_test`). It answers "if the difference seen so far is the true one,
    how long until a test would see it with this power". NaN without a difference, or with fewer than 20 returns.

    Parameters
    ----------
    power : float
        Share of histories in which the test would see the difference; above 0 and below 1.
    """
    _check_probability("confidence", confidence)
    _check_probability("power", power)
    z = norm.ppf((1.0 + confidence) / 2.0) + norm.ppf(power)

    def kernel(r: FloatArray, b: FloatArray) -> FloatArray:
        active = r - b
        mean = np.abs(active.mean(axis=0))
        clear = np.where(mean > ROUNDING * np.abs(active).max(axis=0), mean, np.nan)
        variance = long_run_variance(active, automatic_lags(len(active)))
        return np.asarray(z**2 * variance / clear**2 / periods_per_year)

    return by_column(kernel, returns, benchmark, minimum=20, periods_per_year=periods_per_year)


def alpha_test(
    returns: Frame,
    benchmark: Benchmark | None = None,
    *,
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
    lags: int | None = None,
    confidence: float = 0.95,
) -> pd.Series | pd.DataFrame:
    """Jensen's alpha with a t statistic and an interval robust to autocorrelation and changing volatility.

    OLS of excess returns on the benchmark's excess returns with the Newey-West (HAC, Bartlett kernel) covariance and
    no small-sample correction; p-value (two-sided) and interval from the normal distribution. Without a benchmark the
    mean excess return is tested, and the beta rows are NaN. Source: Newey and West (1987).

    Parameters
    ----------
    lags : int, optional
        ⌊4 (T/100)^(2/9)⌋ by default (Newey and West, 1994).

    Returns
    -------
    Series (DataFrame with one column per series for a DataFrame)
        alpha, standard_error, lower, upper: annual fractions (times q). t_statistic, p_value. beta,
        beta_t_statistic (against zero). lags, observations. NaN with fewer than ten returns, and no t statistic where
        the benchmark says all of the returns but for rounding: there is no error to hold the figures against.
    """
    _check_probability("confidence", confidence)
    rate = per_period(risk_free, periods_per_year)
    if lags is not None:
        check_number("lags", lags, DataError, whole=True, at_least=0, at_most=max(len(returns), 100))
    z = norm.ppf((1.0 + confidence) / 2.0)

    def kernel(r: FloatArray, rf: FloatArray, *benchmarks: FloatArray) -> FloatArray:
        used = automatic_lags(len(r)) if lags is None else lags
        rows = np.full((len(labels), r.shape[1]), np.nan)
        rows[-2:] = [[used], [len(r)]]
        excess = r - rf
        if len(r) < 10:
            return rows
        fit = hac_regression(excess, [b - rf for b in benchmarks], used)
        fit = [np.where(np.ptp(excess, axis=0) > 0, figure, np.nan) for figure in fit]
        alpha, error = fit[0] * periods_per_year, fit[1] * periods_per_year
        t_statistic, p_value = _t_test(*fit[:2])
        rows[:6] = [alpha, error, t_statistic, p_value, alpha - z * error, alpha + z * error]
        if benchmarks:
            rows[6:8] = [fit[2], _t_test(*fit[2:])[0]]
        return rows

    labels = [*TEST_COLUMNS, "lags", "observations"]
    companions = [rate] if benchmark is None else [rate, benchmark]
    table = several_by_column(kernel, returns, *companions, labels=labels, periods_per_year=periods_per_year)
    table.iloc[-2:] = table.iloc[-2:].fillna(0.0)  # of a series without any return
    return table


def adjust_pvalues(pvalues: pd.Series | Sequence[float], *, method: str = "holm") -> pd.Series:
    """P-values corrected for how many tests were made.

    Parameters
    ----------
    pvalues : Series or sequence of float, one per test
    method : {"holm", "bhy", "bonferroni"}
        "holm" and "bonferroni" bound the chance of a single false discovery, "bhy" (Benjamini, Hochberg and
        Yekutieli) the share of false discoveries under any dependence. Source: Harvey and Liu (2015).

    Returns
    -------
    Series with the index of `pvalues`
        A p-value that is missing (NaN) stays so and counts as no test.
    """
    values = pd.Series(pvalues, dtype=float)
    if method not in ADJUSTMENTS:
        raise DataError(f"unknown method {method!r}: {suggest(method, ADJUSTMENTS)}")
    made = values.dropna()
    if not made.between(0.0, 1.0).all():
        faulty = made[~made.between(0.0, 1.0)]
        raise DataError(f"p-value {faulty.iloc[0]} of {faulty.index[0]!r}: expected a number from 0 to 1.")
    adjusted = np.full(len(values), np.nan)
    if len(made):
        from statsmodels.stats.multitest import multipletests  # here: importing it takes as long as pandas

        adjusted[values.notna()] = multipletests(made.to_numpy(), method=ADJUSTMENTS[method])[1]
    return pd.Series(adjusted, index=values.index)


def automatic_lags(observations: int) -> int:
    """⌊4 (T/100)^(2/9)⌋, the lag of Newey and West (1994)."""
    return int(4.0 * (observations / 100.0) ** (2.0 / 9.0))


def long_run_variance(values: FloatArray, lags: int) -> FloatArray:
    """Newey-West long-run variance by column of a complete array: Bartlett weights, denominator n."""
    return _bartlett(values - values.mean(axis=0), lags)


def _bartlett(centred: FloatArray, lags: int) -> FloatArray:
    """Long-run variance of values with a mean of zero: the square of sums over lags + 1 periods, a period of the sum.

    Of all such windows that touch the history, those that hold two periods are as many as Bartlett's weight says.
    """
    edge = np.zeros((lags, centred.shape[1]))
    sums = _window_sums(np.concatenate([edge, centred, edge]), lags + 1)
    return np.asarray(np.einsum("ij,ij->j", sums, sums) / (lags + 1) / len(centred))


def _window_sums(values: FloatArray, size: int) -> FloatArray:
    """Sums over `size` rows in a row, from those over half as many."""
    if size == 1:
        return values
    half = _window_sums(values, size // 2)
    doubled = half[: -(size // 2)] + half[size // 2 :]
    return doubled[:-1] + values[size - 1 :] if size % 2 else doubled


def hac_regression(y: FloatArray, x: list[FloatArray], lags: int) -> list[FloatArray]:
    """Coefficient and Newey-West standard error of the intercept, and of the slope on x if there is one, by column.

    A coefficient is a weighted sum of y, and its error that of the sum of weight times residual: White's sandwich with
    the Bartlett kernel. NaN where x is constant; the error is zero where y is what x says, but for rounding.
    """
    weights = [np.full((len(y), 1), 1.0 / len(y))]
    if x:
        mean = x[0].mean(axis=0)
        slope = (x[0] - mean) / np.where(np.ptp(x[0], axis=0) > 0, ((x[0] - mean) ** 2).sum(axis=0), np.nan)
        weights = [weights[0] - mean * slope, slope]
    coefficients = [(weight * y).sum(axis=0) for weight in weights]
    residual = y - coefficients[0]
    for slope_of, b in zip(coefficients[1:], x, strict=True):
        residual -= slope_of * b
    exact = np.einsum("ij,ij->j", residual, residual) <= ROUNDING**2 * np.einsum("ij,ij->j", y, y)
    residual[:, exact] = 0.0  # what is left is rounding, and no measure of an error
    errors = [np.sqrt(len(y) * _bartlett(weight * residual, lags)) for weight in weights]  # means: zero, by OLS
    return [figure for pair in zip(coefficients, errors, strict=True) for figure in pair]


def _t_test(coefficient: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """t statistic against zero and its two-sided p-value by the normal distribution."""
    t_statistic = coefficient / positive_or_nan(error)
    return t_statistic, 2.0 * norm.sf(np.abs(t_statistic))


def _check_probability(name: str, value: float) -> None:
    check_number(name, value, DataError, above=0, below=1, fraction="a probability")
