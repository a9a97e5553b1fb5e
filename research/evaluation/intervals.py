"""Confidence intervals of risk figures that hold when volatility comes in long clusters.

A bootstrap of blocks redraws the clusters of the past, and a few years hold only a few: its intervals for volatility,
beta or expected shortfall are too narrow, some of them far. Here the error of a figure is read from the influence of
each period on it, projected on the two slowest cosine waves over the history; Student's t pays for how little two
waves know. Sources: Müller (2007), "A theory of robust long-run variance estimation"; Lazarus, Lewis, Stock and Watson
(2018), "HAR inference: recommendations for practice". How often the intervals hold the truth, and what was tried
besides, is in CONVENTIONS.md. Intervals of all other figures: `bootstrap.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, suggest
from research.evaluation._columns import ROUNDING, Frame, PerColumn, by_column, positive_or_nan, standard_deviation
from research.evaluation._distributions import student_t
from research.evaluation.metrics import annualized_volatility, downside_deviation, skewness
from research.evaluation.relative import Benchmark, beta, correlation, down_capture, tracking_error, up_capture
from research.evaluation.resampling.bootstrap import MINIMUM
from research.evaluation.tails import expected_shortfall, value_at_risk
from research.typing import BoolArray, FloatArray

WAVES = 2  # more make the interval narrower and lose coverage under clustered volatility, at every length measured
TAIL = 1.0 - 0.95  # of value at risk and expected shortfall, as by default in `tails.py`


def self_normalised_interval(
    metric: Callable[..., Any],
    returns: Frame,
    benchmark: Benchmark | None = None,
    *,
    confidence: float = 0.95,
    periods_per_year: float = 365,
) -> pd.Series | pd.DataFrame:
    """Value of a risk figure with a confidence interval that allows for clusters of volatility.

    With ψ_t the influence of period t, the variance of the figure is the mean over j = 1, 2 of
    (√(2/n) Σ ψ_t cos(πj(t − ½)/n))², divided by n; the quantile is that of Student's t with two degrees of freedom.
    Volatility, tracking error, downside deviation and expected shortfall: on the log scale. Correlation: on Fisher's z
    scale. Skewness, beta and captures: as they are. Value at risk: the interval of the share of returns at or below it,
    read off the empirical quantiles (Woodruff, 1952); where that share would reach zero, the lower end is the worst
    return seen.

    Parameters
    ----------
    metric : callable
        `annualized_volatility`, `downside_deviation`, `skewness`, `value_at_risk`, `expected_shortfall`; `beta`,
        `correlation`, `tracking_error`, `up_capture` or `down_capture`; with its defaults: no risk-free rate, a
        minimum acceptable return of zero, the historical 5 % tail, geometric capture per period.
    returns : Series or DataFrame, shape (periods,) or (periods, columns)
        Simple returns as fractions. NaN before and after the history is left out; inside it raises.
    benchmark : Series or DataFrame, optional
        Needed by the last five metrics, refused by the others.
    confidence : float
        Probability with which the interval should hold the true value.
    periods_per_year : float
        Of the annual figures: volatility, downside deviation, tracking error.

    Returns
    -------
    Series: value, lower, upper (for a DataFrame, a DataFrame with those rows and one column per series)
        lower and upper are NaN with fewer than 20 periods, and where nothing varies: constant returns, a correlation
        of one, an expected shortfall that is no loss.

    Raises
    ------
    DataError
        For another metric, a benchmark that is missing or not wanted, and whatever the metric itself refuses.

    Examples
    --------
    >>> returns = pd.Series(np.random.default_rng(0).normal(0, 0.03, 1000))
    >>> self_normalised_interval(value_at_risk, returns).round(3).to_dict()
    {'value': -0.047, 'lower': -0.058, 'upper': -0.041}
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    if metric not in FIGURES:
        name = getattr(metric, "__name__", repr(metric))
        known = suggest(name, [figure.__name__ for figure in FIGURES])
        raise DataError(f"metric: no self-normalised interval for {name!r}: {known} Others: bootstrap_interval.")
    figure = FIGURES[metric]
    if figure.is_relative != (benchmark is not None):
        raise DataError(f"{metric.__name__}: {'a' if figure.is_relative else 'no'} benchmark is expected here.")
    companions = () if benchmark is None else (benchmark,)
    year = {"periods_per_year": periods_per_year} if figure.is_annual else {}
    value = metric(returns, *companions, **year)
    reach = float(student_t.ppf((1.0 + confidence) / 2.0, WAVES))

    def error(*arrays: FloatArray) -> FloatArray:
        return reach * standard_error(figure.influence(*arrays))

    if metric is value_at_risk:
        lower, upper = (
            by_column(lambda r, side=side: _quantiles(r, TAIL + side * error(r)), returns, minimum=MINIMUM)
            for side in (-1.0, 1.0)
        )
    else:
        lower, upper = SCALES[figure.scale](value, by_column(error, returns, *companions, minimum=MINIMUM))
    found = {"value": value, "lower": lower, "upper": upper}
    return pd.Series(found) if isinstance(returns, pd.Series) else pd.DataFrame(found).T


def standard_error(influence: FloatArray) -> FloatArray:
    """Standard error of a figure by column, from the influence of each period on it, shape (periods, columns)."""
    count = len(influence)
    place = (np.arange(count) + 0.5) / count
    waves = np.sqrt(2.0 / count) * np.cos(np.pi * np.outer(np.arange(1, WAVES + 1), place))
    projected = waves @ influence
    return np.asarray(np.sqrt((projected * projected).mean(axis=0) / count))


def size_influence(deviation: FloatArray) -> FloatArray:
    """Influence on the log of a root mean square, (x²/mean(x²) − 1) / 2."""
    square = deviation * deviation
    return np.asarray((square / positive_or_nan(square.mean(axis=0)) - 1.0) / 2.0)


def volatility_influence(values: FloatArray) -> FloatArray:
    """Influence on the log of the standard deviation."""
    return size_influence(_standardised(values))


def skewness_influence(values: FloatArray) -> FloatArray:
    """Influence on the skewness γ, with x the standardised returns: x³ − 3x − 3γ(x² − 1)/2 − γ."""
    x = _standardised(values)
    cube = x * x * x
    skew = cube.mean(axis=0)
    return np.asarray(cube - 3.0 * x - 1.5 * skew * (x * x - 1.0) - skew)


def tail_influence(values: FloatArray) -> FloatArray:
    """Influence on the share of returns at or below the historical value at risk."""
    below = values <= np.quantile(values, TAIL, axis=0)
    return np.asarray(below - below.mean(axis=0))


def shortfall_influence(values: FloatArray) -> FloatArray:
    """Influence on the log of the size of the historical expected shortfall, (q + min(r − q, 0)/p) / ES − 1."""
    quantile = np.quantile(values, TAIL, axis=0)
    tail = values <= quantile
    shortfall = -positive_or_nan(-np.where(tail, values, 0.0).sum(axis=0) / tail.sum(axis=0))
    return np.asarray((quantile + np.minimum(values - quantile, 0.0) / TAIL) / shortfall - 1.0)


def beta_influence(values: FloatArray, benchmark: FloatArray) -> FloatArray:
    """Influence on the slope: what it leaves unexplained times the benchmark's deviation over its variance."""
    x, y = _standardised(benchmark), values - values.mean(axis=0)
    slope = (x * y).mean(axis=0)
    return np.asarray((y - slope * x) * x / positive_or_nan(benchmark.std(axis=0)))


def correlation_influence(values: FloatArray, benchmark: FloatArray) -> FloatArray:
    """Influence on Fisher's z of the correlation ρ, x and y standardised: (xy − ρ(x² + y²)/2) / (1 − ρ²)."""
    x, y = _standardised(values), _standardised(benchmark)
    rho = (x * y).mean(axis=0)
    left = 1.0 - rho * rho
    return np.asarray((x * y - rho * (x * x + y * y) / 2.0) / np.where(left > ROUNDING, left, np.nan))


def capture_influence(values: FloatArray, benchmark: FloatArray, picked: BoolArray) -> FloatArray:
    """Influence on the ratio c of geometric mean returns over the picked periods.

    With l the log returns, m their means over those periods and p the share of those periods:
    (eᵐ(l − m) − c·eᵐ'(l' − m')) / (p(eᵐ' − 1)), the benchmark's marked by the prime. NaN after a total loss.
    """
    share = positive_or_nan(picked.mean(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [np.log1p(np.where(picked, array, 0.0)) for array in (values, benchmark)]
        means = [log.mean(axis=0) / share for log in logs]
        own, other = (np.exp(mean) * (log - mean) for log, mean in zip(logs, means, strict=True))
        theirs = np.expm1(means[1])
        influence = np.where(picked, own - np.expm1(means[0]) / theirs * other, 0.0) / (share * theirs)
    return np.asarray(influence)


def _standardised(values: FloatArray) -> FloatArray:
    spread = np.where(standard_deviation(values) > 0, values.std(axis=0), np.nan)
    return np.asarray((values - values.mean(axis=0)) / spread)


def _quantiles(values: FloatArray, shares: FloatArray) -> FloatArray:
    """The quantile of each column at a share of its own, the extremes beyond zero and one."""
    inside = np.clip(shares, 0.0, 1.0)
    return np.array([np.quantile(column, share) for column, share in zip(values.T, inside, strict=True)])


def _fisher(value: PerColumn, error: PerColumn) -> tuple[PerColumn, PerColumn]:
    z = np.arctanh(np.clip(value, -1.0 + ROUNDING, 1.0 - ROUNDING))
    return np.tanh(z - error), np.tanh(z + error)


SCALES: dict[str, Callable[[PerColumn, PerColumn], tuple[PerColumn, PerColumn]]] = {
    "linear": lambda value, error: (value - error, value + error),
    "log": lambda value, error: (value * np.exp(-np.sign(value) * error), value * np.exp(np.sign(value) * error)),
    "fisher": _fisher,
}


class _Figure(NamedTuple):
    influence: Callable[..., FloatArray]  # of each period, by column, on the scale
    scale: str = "linear"
    is_annual: bool = False
    is_relative: bool = False


FIGURES: dict[Callable[..., Any], _Figure] = {
    annualized_volatility: _Figure(volatility_influence, "log", is_annual=True),
    downside_deviation: _Figure(lambda r: size_influence(np.minimum(r, 0.0)), "log", is_annual=True),
    skewness: _Figure(skewness_influence),
    value_at_risk: _Figure(tail_influence),
    expected_shortfall: _Figure(shortfall_influence, "log"),
    beta: _Figure(beta_influence, is_relative=True),
    correlation: _Figure(correlation_influence, "fisher", is_relative=True),
    tracking_error: _Figure(lambda r, b: volatility_influence(r - b), "log", is_annual=True, is_relative=True),
    up_capture: _Figure(lambda r, b: capture_influence(r, b, b > 0), is_relative=True),
    down_capture: _Figure(lambda r, b: capture_influence(r, b, b < 0), is_relative=True),
}
