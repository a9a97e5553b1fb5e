"""Is it skill? Probabilistic and deflated Sharpe ratio, track record needed, HAC tests, many tests at once.

Sampling error of any figure is in `bootstrap.py`, over-fitting of a search in `overfitting.py`. The three formula
functions at the top take per-observation figures; everything else takes returns and annual figures. Shapes, units and
NaN policy as in `metrics.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.stats.multitest import multipletests

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
    standard_deviation,
)
from research.evaluation.metrics import skewness_and_kurtosis
from research.evaluation.relative import Benchmark
from research.typing import FloatArray

ADJUSTMENTS = {"bonferroni": "bonferroni", "holm": "holm", "bhy": "fdr_by"}
Figure = float | FloatArray  # of one series, or of several
TEST_COLUMNS = ["alpha", "standard_error", "t_statistic", "p_value", "lower", "upper", "beta", "beta_t_statistic"]


def sharpe_probability(
    sharpe: Figure,
    reference: float,
    *,
    observations: int,
    skewness: Figure,
    kurtosis: Figure,
) -> Figure:
    """Probability that the true Sharpe ratio exceeds a reference, Φ[(SR − SR*) √(T−1) / √(1 − γ₃SR + (γ₄−1)/4·SR²)].

    All figures per observation; `kurtosis` is raw (3 for a normal distribution).
    Source: Bailey and López de Prado (2012), "The Sharpe ratio efficient frontier".
    """
    scale = np.sqrt(_sharpe_variance(sharpe, skewness, kurtosis))
    return norm.cdf((sharpe - reference) * np.sqrt(observations - 1) / scale)  # type: ignore[no-any-return]


def observations_needed(
    sharpe: Figure,
    reference: float,
    *,
    skewness: Figure,
    kurtosis: Figure,
    confidence: float = 0.95,
) -> Figure:
    """Minimum track record length, 1 + (1 − γ₃SR + (γ₄−1)/4·SR²) (z / (SR − SR*))², in observations.

    All figures per observation, raw kurtosis; NaN where the Sharpe ratio does not exceed the reference.
    Source: Bailey and López de Prado (2012).
    """
    gap = np.where(np.greater(sharpe, reference), np.subtract(sharpe, reference), np.nan)
    needed = 1.0 + _sharpe_variance(sharpe, skewness, kurtosis) * (norm.ppf(confidence) / gap) ** 2
    return float(needed) if np.ndim(needed) == 0 else needed


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """Largest Sharpe ratio to expect from `trials` attempts without skill, √V ((1−γ)Φ⁻¹(1−1/N) + γΦ⁻¹(1−1/(Ne))).

    `variance` is that of the trials' Sharpe ratios, in the square of the unit wanted back; γ is Euler's constant.
    One trial: zero. Source: Bailey and López de Prado (2014), "The deflated Sharpe ratio".
    """
    check_number("trials", trials, DataError, whole=True, at_least=1, at_most=10**9)
    check_number("variance", variance, DataError, at_least=0)
    if trials == 1:
        return 0.0
    weight = np.euler_gamma
    normal = (1.0 - weight) * norm.ppf(1.0 - 1.0 / trials) + weight * norm.ppf(1.0 - 1.0 / (trials * np.e))
    return float(np.sqrt(variance) * normal)


def probabilistic_sharpe(
    returns: Frame, *, reference: float = 0.0, risk_free: Rate = 0.0, periods_per_year: float = 365
) -> PerColumn:
    """Probability that the true annual Sharpe ratio exceeds `reference` (annual), given skewness and kurtosis.

    NaN with fewer than three returns or constant ones. See `sharpe_probability`. Returns are taken as independent
    over time.
    """
    rate = per_period(risk_free, periods_per_year)
    check_number("reference", reference, DataError)
    level = reference / np.sqrt(periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        sharpe, moments = _sharpe_and_moments(values - rf)
        return np.asarray(sharpe_probability(sharpe, level, observations=len(values), **moments))

    return by_column(kernel, returns, rate, minimum=3, periods_per_year=periods_per_year)


def deflated_sharpe(
    returns: Frame, *, trials: int, sharpe_variance: float, risk_free: Rate = 0.0, periods_per_year: float = 365
) -> PerColumn:
    """Probability that the true Sharpe ratio exceeds what the best of `trials` lucky attempts would show.

    Parameters
    ----------
    trials : int
        Every configuration that was evaluated in the search (`TrialRegistry.count`), not only those kept.
    sharpe_variance : float
        Variance of the trials' annual Sharpe ratios (`TrialRegistry.sharpe_variance`).

    Source: Bailey and López de Prado (2014). Equals `probabilistic_sharpe` at the reference `expected_maximum_sharpe`.
    """
    reference = expected_maximum_sharpe(trials, sharpe_variance)
    return probabilistic_sharpe(returns, reference=reference, risk_free=risk_free, periods_per_year=periods_per_year)


def minimum_track_record(
    returns: Frame,
    *,
    reference: float = 0.0,
    confidence: float = 0.95,
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
) -> PerColumn:
    """Observations needed before the Sharpe ratio exceeds `reference` (annual) at this confidence.

    In observations, not years; divide by `periods_per_year`. NaN where the Sharpe ratio is not above the reference.
    See `observations_needed`.
    """
    _check_probability("confidence", confidence)
    rate = per_period(risk_free, periods_per_year)
    check_number("reference", reference, DataError)
    level = reference / np.sqrt(periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        sharpe, moments = _sharpe_and_moments(values - rf)
        return np.asarray(observations_needed(sharpe, level, confidence=confidence, **moments))

    return by_column(kernel, returns, rate, minimum=3, periods_per_year=periods_per_year)


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
        beta_t_statistic (against zero). lags, observations. NaN with fewer than ten returns.
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
        fit = _hac_regression(excess, [b - rf for b in benchmarks], used)
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
    table.loc[labels[-2:]] = table.loc[labels[-2:]].fillna(0.0)  # of a series without any return
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
        adjusted[values.notna()] = multipletests(made.to_numpy(), method=ADJUSTMENTS[method])[1]
    return pd.Series(adjusted, index=values.index)


def automatic_lags(observations: int) -> int:
    """⌊4 (T/100)^(2/9)⌋, the lag of Newey and West (1994)."""
    return int(4.0 * (observations / 100.0) ** (2.0 / 9.0))


def long_run_variance(values: FloatArray, lags: int) -> FloatArray:
    """Newey-West long-run variance by column of a complete array: Bartlett weights, denominator n."""
    centred = values - values.mean(axis=0)
    total = (centred * centred).mean(axis=0)
    for lag in range(1, min(lags, len(values) - 1) + 1):
        weight = 1.0 - lag / (lags + 1.0)
        total = total + 2.0 * weight * (centred[lag:] * centred[:-lag]).sum(axis=0) / len(values)
    return np.asarray(total)


def _hac_regression(y: FloatArray, x: list[FloatArray], lags: int) -> list[FloatArray]:
    """Coefficient and Newey-West standard error of the intercept, and of the slope on x if there is one, by column.

    A coefficient is a weighted sum of y, and its error that of the sum of weight times residual: White's sandwich with
    the Bartlett kernel. NaN where x is constant.
    """
    weights = [np.full((len(y), 1), 1.0 / len(y))]
    if x:
        mean = x[0].mean(axis=0)
        slope = (x[0] - mean) / np.where(np.ptp(x[0], axis=0) > 0, ((x[0] - mean) ** 2).sum(axis=0), np.nan)
        weights = [weights[0] - mean * slope, slope]
    coefficients = [(weight * y).sum(axis=0) for weight in weights]
    residual = y - coefficients[0] - sum(slope * b for slope, b in zip(coefficients[1:], x, strict=True))
    errors = [np.sqrt(len(y) * long_run_variance(weight * residual, lags)) for weight in weights]
    return [figure for pair in zip(coefficients, errors, strict=True) for figure in pair]


def _t_test(coefficient: FloatArray, error: FloatArray) -> tuple[FloatArray, FloatArray]:
    """t statistic against zero and its two-sided p-value by the normal distribution."""
    t_statistic = coefficient / positive_or_nan(error)
    return t_statistic, 2.0 * norm.sf(np.abs(t_statistic))


def _sharpe_and_moments(excess: FloatArray) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Sharpe ratio per period by column, with the skewness and the raw kurtosis that its error depends on."""
    skewness, excess_kurtosis = skewness_and_kurtosis(excess)
    sharpe = np.asarray(excess.mean(axis=0) / positive_or_nan(standard_deviation(excess)))
    return sharpe, {"skewness": skewness, "kurtosis": excess_kurtosis + 3.0}


def _sharpe_variance(sharpe: Figure, skewness: Figure, kurtosis: Figure) -> Figure:
    return 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2


def _check_probability(name: str, value: float) -> None:
    check_number(name, value, DataError, above=0, below=1, fraction="a probability")
