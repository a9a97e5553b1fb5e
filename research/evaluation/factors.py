"""Where the excess came from: regression on factor portfolios, timing of the market, alpha after costs.

All by OLS with Newey-West (HAC) errors, of residuals divided by one minus their leverage: a squared market return gives
a few days most of the weight, and without it the timing tests reject up to 9 % of the time instead of 5 (measured:
CONVENTIONS.md). Factor returns come in as a frame; `research.index.comparisons.factor_portfolios` builds them. Shapes,
units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_spacing
from research.evaluation._columns import Rate, companion_of, history, one_frame, one_series, per_period
from research.evaluation._distributions import student_t
from research.evaluation.inference import automatic_lags, long_run_variance
from research.typing import FloatArray

LEAST_PERIODS = 100  # fewer say nothing about an exposure: everything is then NaN
COEFFICIENT_COLUMNS = ["estimate", "standard_error", "t_statistic", "p_value", "lower", "upper", "contribution"]
TIMING_TESTS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "treynor_mazuy": lambda market: market**2,
    "henriksson_merton": lambda market: np.maximum(-market, 0.0),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class FactorRegression:
    """A regression of excess returns on factors.

    Attributes
    ----------
    table : DataFrame, index = "alpha" and the factors
        estimate (alpha: annual, the others: exposures), standard_error, t_statistic, p_value, lower, upper (same
        units); contribution: what each brought a year, exposure times the factor's mean, as fractions. Contributions
        add up to `mean_excess`.
    r_squared, mean_excess : float
        Share of the variance explained; arithmetic mean of the excess return, annual.
    observations : int
    """

    table: pd.DataFrame
    r_squared: float
    mean_excess: float
    observations: int


def factor_regression(
    returns: pd.Series,
    factors: pd.DataFrame,
    *,
    risk_free: Rate = 0.0,
    market: str = "market",
    periods_per_year: float = 365,
    lags: int | None = None,
    confidence: float = 0.95,
) -> FactorRegression:
    """Regress excess returns on factors: what is left is alpha, and each exposure says what it brought.

    r − rf = alpha + Σ exposure · factor + error, over the history that all have in common. Sources of the errors: Newey
    and West (1987); the leverage is that of HC3 (MacKinnon and White, 1985). p-values from Student's t.

    Parameters
    ----------
    returns : Series
    factors : DataFrame of returns
        The risk-free rate is taken off the column `market` and no other: a long-short portfolio has none in it.
    risk_free : float (annual) or Series (per period)
    market : str
        Column of the market; a frame without it has long-short factors alone.
    lags : int, optional
        ⌊4 (T/100)^(2/9)⌋ by default.

    Returns
    -------
    FactorRegression
        Everything NaN with fewer than 100 common periods, or where factors are constant or repeat each other.

    Raises
    ------
    DataError
        For a gap inside a history.
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    sample = excess_returns(returns, factors, per_period(risk_free, periods_per_year), market)
    names = ["alpha", *sample.columns[1:]]
    empty = pd.DataFrame(np.nan, index=pd.Index(names, name="factor"), columns=COEFFICIENT_COLUMNS)
    none = FactorRegression(table=empty, r_squared=np.nan, mean_excess=np.nan, observations=len(sample))
    if len(sample) < LEAST_PERIODS:
        return none
    check_spacing(sample.index, periods_per_year)
    values = sample.to_numpy()
    design = np.column_stack([np.ones(len(values)), values[:, 1:]])
    if np.linalg.matrix_rank(design) < design.shape[1] or np.ptp(values[:, 0]) == 0:
        return none
    unit = np.array([periods_per_year, *[1.0] * (len(names) - 1)])
    table = _coefficients(values[:, 0], design, lags, confidence).set_axis(empty.index, axis="index")
    table["contribution"] = table["estimate"] * design.mean(axis=0) * periods_per_year
    error = values[:, 0] - design @ table["estimate"].to_numpy()
    for column in ("estimate", "standard_error", "lower", "upper"):
        table[column] = table[column] * unit
    return FactorRegression(
        table=table,
        r_squared=float(1.0 - error.var() / values[:, 0].var()),
        mean_excess=float(values[:, 0].mean() * periods_per_year),
        observations=len(values),
    )


def timing_tests(
    returns: pd.Series,
    market: pd.Series,
    *,
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
    lags: int | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Did exposure to the market rise before the market did?

    r − rf = alpha + beta · m + timing · f(m) + error with m the market's excess return. Treynor and Mazuy (1966): f is
    m². Henriksson and Merton (1981): f is max(−m, 0), what a put would have paid. Timing above zero is skill of timing,
    below zero is its opposite; options, and rebalancing against the trend, look the same to these tests.

    Returns
    -------
    DataFrame, index = "treynor_mazuy", "henriksson_merton"
        alpha (annual; beyond timing), beta, timing, standard_error, t_statistic, p_value (two-sided, of no timing),
        lower, upper (of timing), verdict: "timed well", "timed badly" or "cannot tell", at 1 − confidence for each
        test. NaN and "cannot tell" with fewer than 100 common periods or a constant market.
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    rate = per_period(risk_free, periods_per_year)
    sample = excess_returns(returns, one_series(market, "market").to_frame("market"), rate, "market").to_numpy()
    columns = ["alpha", "beta", "timing", "standard_error", "t_statistic", "p_value", "lower", "upper"]
    table = pd.DataFrame(np.nan, index=pd.Index(TIMING_TESTS, name="test"), columns=columns)
    table["verdict"] = "cannot tell"
    if len(sample) < LEAST_PERIODS or np.ptp(sample[:, 1]) == 0:
        return table
    for name, payoff in TIMING_TESTS.items():
        own, other = sample.T
        design = np.column_stack([np.ones(len(own)), other, payoff(other)])
        fitted = _coefficients(own, design, lags, confidence)
        found = fitted.iloc[2]
        table.loc[name, ["alpha", "beta"]] = fitted["estimate"].to_numpy()[:2] * (periods_per_year, 1.0)
        table.loc[name, columns[2:]] = found[COEFFICIENT_COLUMNS[:6]].to_numpy()
        if found["p_value"] < 1.0 - confidence:
            table.loc[name, "verdict"] = "timed well" if found["estimate"] > 0 else "timed badly"
    return table


def rolling_alpha(
    returns: pd.Series,
    benchmark: pd.Series,
    window: int = 365,
    *,
    step: int = 7,
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Annual alpha to a benchmark over moving windows, with its HAC band.

    Parameters
    ----------
    window : int
        Periods in each window, 30 at least.
    step : int
        Periods between the ends of two windows, counted back from the last one.

    Returns
    -------
    DataFrame, index = last day of each window
        alpha, lower, upper (annual fractions); NaN where the benchmark of a window is constant. Empty where the history
        is shorter than a window. Windows overlap: the line leaves the band by chance more often than each point does.
    """
    check_number("window", window, DataError, whole=True, at_least=30)
    check_number("step", step, DataError, whole=True, at_least=1)
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    sample = excess_returns(
        returns,
        one_series(benchmark, "benchmark").to_frame("market"),
        per_period(risk_free, periods_per_year),
        "market",
    )
    if len(sample) < window:
        return pd.DataFrame(columns=["alpha", "lower", "upper"], index=sample.index[:0], dtype=float)
    check_spacing(sample.index, periods_per_year)
    ends = np.arange(len(sample) - 1, window - 2, -step)[::-1]
    rows = ends + np.arange(1 - window, 1)[:, None]  # one window a column
    own, other = (sample.iloc[:, place].to_numpy()[rows] for place in (0, 1))
    deviation = other - other.mean(axis=0)
    square = (deviation**2).sum(axis=0)
    slope = (deviation * own).sum(axis=0) / np.where(square > 0, square, np.nan)
    alpha = own.mean(axis=0) - slope * other.mean(axis=0)
    error = own - alpha - slope * other
    influence = error * (1.0 - other.mean(axis=0) * deviation * window / np.where(square > 0, square, np.nan))
    spread = np.sqrt(long_run_variance(influence, automatic_lags(window)) / (window - 2))
    half = student_t.ppf((1.0 + confidence) / 2.0, window - 2) * spread
    lines = np.stack([alpha, alpha - half, alpha + half], axis=1) * periods_per_year
    return pd.DataFrame(lines, index=sample.index[ends], columns=["alpha", "lower", "upper"])


def excess_returns(returns: pd.Series, factors: pd.DataFrame, rate: Rate, market: str) -> pd.DataFrame:
    """Excess returns and factors over the history they share; the rate is taken off the returns and the market."""
    own = history(returns)
    columns = [companion_of(own, one_frame(factors, "factors")[name], str(name)) for name in factors.columns]
    if isinstance(rate, pd.Series):
        columns.append(companion_of(own, rate, "risk_free").rename("risk-free"))
    sample = pd.concat([own.rename("own"), *columns], axis=1, join="inner")
    known = sample.pop("risk-free") if isinstance(rate, pd.Series) else rate
    for name in sample.columns.intersection(["own", market]):
        sample[name] = sample[name] - known
    return sample


def _coefficients(own: FloatArray, design: FloatArray, lags: int | None, confidence: float) -> pd.DataFrame:
    """Estimates by OLS with their errors, one row for each column of the design, per period."""
    lags = automatic_lags(len(own)) if lags is None else lags
    check_number("lags", lags, DataError, whole=True, at_least=0, at_most=len(own) - 1)
    pull = design @ np.linalg.inv(design.T @ design)  # what a unit at one row adds to each estimate
    estimate = pull.T @ own
    leverage = (pull * design).sum(axis=1)
    error = (own - design @ estimate) / np.maximum(1.0 - leverage, 1e-6)
    spread = np.sqrt(long_run_variance(pull * error[:, None], lags) * len(own))
    freedom = len(own) - design.shape[1]
    ratio = estimate / np.where(spread > 0, spread, np.nan)
    half = student_t.ppf((1.0 + confidence) / 2.0, freedom) * spread
    values = [estimate, spread, ratio, 2.0 * student_t.sf(np.abs(ratio), freedom), estimate - half, estimate + half]
    return pd.DataFrame(dict(zip(COEFFICIENT_COLUMNS, values, strict=False)))
