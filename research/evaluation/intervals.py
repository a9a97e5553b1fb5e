"""Confidence intervals of risk figures that hold when volatility comes in long clusters.

A bootstrap of blocks redraws the clusters of the past, and a few years hold only a few: its intervals for volatility,
tracking error or expected shortfall are far too narrow. Here the error of a figure is read from the influence of each
period on it, projected on the two slowest cosine waves over the history; Student's t pays for how little two waves
know. Sources: Müller (2007), "A theory of robust long-run variance estimation"; Lazarus, Lewis, Stock and Watson
(2018), "HAR inference: recommendations for practice". How often the intervals hold the truth, and what was tried
besides, is in CONVENTIONS.md. Intervals of all other figures: `bootstrap.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from research.checks import check_number
from research.errors import DataError, suggest
from research.evaluation._columns import ROUNDING, Frame, by_column, positive_or_nan, standard_deviation
from research.evaluation.bootstrap import MINIMUM
from research.evaluation.metrics import annualized_volatility, downside_deviation
from research.evaluation.relative import Benchmark, correlation, tracking_error
from research.evaluation.tails import expected_shortfall, value_at_risk
from research.typing import FloatArray

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
    scale. Value at risk: the interval of the share of returns at or below it, read off the empirical quantiles
    (Woodruff, 1952); where that share would reach zero, the lower end is the worst return seen.

    Parameters
    ----------
    metric : callable
        `annualized_volatility`, `downside_deviation`, `value_at_risk`, `expected_shortfall`, `correlation` or
        `tracking_error`, with its defaults: a minimum acceptable return of zero, the historical 5 % tail.
    returns : Series or DataFrame, shape (periods,) or (periods, columns)
        Simple returns as fractions. NaN before and after the history is left out; inside it raises.
    benchmark : Series or DataFrame, optional
        Needed by the last two metrics, refused by the others.
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
    scale = np.sqrt(periods_per_year) if figure.is_annual else 1.0
    reach = float(student_t.ppf((1.0 + confidence) / 2.0, WAVES))

    def end(errors: float) -> Any:
        return by_column(lambda *arrays: scale * figure.end(errors, *arrays), returns, *companions, minimum=MINIMUM)

    found = {"value": metric(returns, *companions, **year), "lower": end(-reach), "upper": end(reach)}
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


def shortfall_influence(values: FloatArray) -> FloatArray:
    """Influence on the log of the size of the historical expected shortfall, (q + min(r − q, 0)/p) / ES − 1."""
    quantile = np.quantile(values, TAIL, axis=0)
    return np.asarray((quantile + np.minimum(values - quantile, 0.0) / TAIL) / _shortfall(values) - 1.0)


def correlation_influence(x: FloatArray, y: FloatArray) -> FloatArray:
    """Influence on Fisher's z of the correlation ρ of standardised series, (xy − ρ(x² + y²)/2) / (1 − ρ²)."""
    rho = (x * y).mean(axis=0)
    left = 1.0 - rho * rho
    return np.asarray((x * y - rho * (x * x + y * y) / 2.0) / np.where(left > ROUNDING, left, np.nan))


def _volatility(errors: float, values: FloatArray) -> FloatArray:
    deviation = values - values.mean(axis=0)
    return positive_or_nan(standard_deviation(values)) * np.exp(errors * standard_error(size_influence(deviation)))


def _tracking_error(errors: float, values: FloatArray, benchmark: FloatArray) -> FloatArray:
    return _volatility(errors, values - benchmark)


def _downside_deviation(errors: float, values: FloatArray) -> FloatArray:
    below = np.minimum(values, 0.0)
    size = np.sqrt((below * below).mean(axis=0))
    return np.asarray(size * np.exp(errors * standard_error(size_influence(below))))


def _expected_shortfall(errors: float, values: FloatArray) -> FloatArray:
    return _shortfall(values) * np.exp(-errors * standard_error(shortfall_influence(values)))


def _shortfall(values: FloatArray) -> FloatArray:
    tail = values <= np.quantile(values, TAIL, axis=0)
    return -positive_or_nan(-np.where(tail, values, 0.0).sum(axis=0) / tail.sum(axis=0))


def _value_at_risk(errors: float, values: FloatArray) -> FloatArray:
    below = values <= np.quantile(values, TAIL, axis=0)
    shares = np.clip(TAIL + errors * standard_error(below - below.mean(axis=0)), 0.0, 1.0)
    return np.array([np.quantile(column, share) for column, share in zip(values.T, shares, strict=True)])


def _correlation(errors: float, values: FloatArray, benchmark: FloatArray) -> FloatArray:
    x, y = (_standardised(array) for array in (values, benchmark))
    rho = np.clip((x * y).mean(axis=0), -1.0 + ROUNDING, 1.0 - ROUNDING)
    return np.asarray(np.tanh(np.arctanh(rho) + errors * standard_error(correlation_influence(x, y))))


def _standardised(values: FloatArray) -> FloatArray:
    spread = np.where(standard_deviation(values) > 0, values.std(axis=0), np.nan)
    return np.asarray((values - values.mean(axis=0)) / spread)


class _Figure(NamedTuple):
    end: Callable[..., FloatArray]  # so many standard errors away, per period, by column
    is_annual: bool = False
    is_relative: bool = False


FIGURES: dict[Callable[..., Any], _Figure] = {
    annualized_volatility: _Figure(_volatility, is_annual=True),
    downside_deviation: _Figure(_downside_deviation, is_annual=True),
    value_at_risk: _Figure(_value_at_risk),
    expected_shortfall: _Figure(_expected_shortfall),
    correlation: _Figure(_correlation, is_relative=True),
    tracking_error: _Figure(_tracking_error, is_annual=True, is_relative=True),
}
