"""How sure is a Sharpe ratio? Probabilistic and deflated Sharpe ratio, and the track record needed.

The first three functions take figures per observation, the others returns and annual figures. The ratio itself is in
`metrics.py`; shapes, units and NaN policy as there.
"""

from __future__ import annotations

import numpy as np

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import (
    Frame,
    PerColumn,
    Rate,
    by_column,
    per_period,
    positive_or_nan,
    standard_deviation,
)
from research.evaluation._distributions import norm
from research.evaluation.metrics import skewness_and_kurtosis
from research.typing import FloatArray

Figure = float | FloatArray  # of one series, or of several


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

    Parameters
    ----------
    reference : float
        Sharpe ratio per observation to be exceeded.
    observations : int
        Returns behind the ratio.

    Returns
    -------
    float from 0 to 1, or an array like `sharpe`
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

    Parameters
    ----------
    reference : float
        Sharpe ratio per observation to be exceeded.

    Returns
    -------
    float, or an array like `sharpe`
    """
    gap = np.where(np.greater(sharpe, reference), np.subtract(sharpe, reference), np.nan)
    needed = 1.0 + _sharpe_variance(sharpe, skewness, kurtosis) * (norm.ppf(confidence) / gap) ** 2
    return float(needed) if np.ndim(needed) == 0 else needed


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """Largest Sharpe ratio to expect from `trials` attempts without skill, √V ((1−γ)Φ⁻¹(1−1/N) + γΦ⁻¹(1−1/(Ne))).

    `variance` is that of the trials' Sharpe ratios, in the square of the unit wanted back; γ is Euler's constant.
    One trial: zero. Source: Bailey and López de Prado (2014), "The deflated Sharpe ratio".

    Parameters
    ----------
    trials : int
        Attempts, 1 to 10⁹.
    variance : float
        Of the trials' Sharpe ratios, 0 or more.

    Returns
    -------
    float
        A Sharpe ratio in the unit of the square root of `variance`.
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
    over time. Source: Bailey and López de Prado (2012).
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

    Source: Bailey and López de Prado (2014). Equals `probabilistic_sharpe` at the reference `expected_maximum_sharpe`.

    Parameters
    ----------
    trials : int
        Every configuration that was evaluated in the search (`TrialRegistry.count`), not only those kept.
    sharpe_variance : float
        Variance of the trials' annual Sharpe ratios (`TrialRegistry.sharpe_variance`).
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
    See `observations_needed`. Source: Bailey and López de Prado (2012).
    """
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    rate = per_period(risk_free, periods_per_year)
    check_number("reference", reference, DataError)
    level = reference / np.sqrt(periods_per_year)

    def kernel(values: FloatArray, rf: FloatArray) -> FloatArray:
        sharpe, moments = _sharpe_and_moments(values - rf)
        return np.asarray(observations_needed(sharpe, level, confidence=confidence, **moments))

    return by_column(kernel, returns, rate, minimum=3, periods_per_year=periods_per_year)


def _sharpe_and_moments(excess: FloatArray) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Sharpe ratio per period by column, with the skewness and the raw kurtosis that its error depends on."""
    skewness, excess_kurtosis = skewness_and_kurtosis(excess)
    sharpe = np.asarray(excess.mean(axis=0) / positive_or_nan(standard_deviation(excess)))
    return sharpe, {"skewness": skewness, "kurtosis": excess_kurtosis + 3.0}


def _sharpe_variance(sharpe: Figure, skewness: Figure, kurtosis: Figure) -> Figure:
    return 1.0 - skewness * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
