"""Tails read off a fitted shape: the Cornish-Fisher expansion and Student's t, each with what forbids it.

Kernels for `tails.py`, where the functions with shapes, units and NaN policy are. Each gives two arrays by column: the
figure, NaN where it would mean nothing, and the reason in words, empty where the figure stands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from research.evaluation._columns import standard_deviation
from research.evaluation._distributions import norm, student_t
from research.evaluation.metrics import skewness_and_kurtosis
from research.evaluation.resampling.bootstrap import MINIMUM
from research.typing import BoolArray, FloatArray

Checked = tuple[FloatArray, NDArray[np.str_]]
FARTHEST = 5.0  # standard deviations: a normal day beyond it comes once in ten thousand years
NOT_MONOTONE = "skewness and kurtosis lie outside the domain of the Cornish-Fisher expansion"
CLAMPED = "the expansion puts the mean of the tail above the quantile where the tail begins"
IMPOSSIBLE = "it would be a gain, or a loss of more than everything"
TOO_SHORT = f"fewer than {MINIMUM} returns"
NO_FIT = "no t distribution fits: half of the returns or more are one and the same"
NO_MEAN = "the fitted t distribution has so fat tails that their mean does not exist"


def modified_value_at_risk(values: FloatArray, tail: float) -> Checked:
    """Mean + Cornish-Fisher quantile times the population standard deviation. Source: Favre and Galeano (2002)."""
    skew, kurtosis = skewness_and_kurtosis(values)
    figure = values.mean(axis=0) + _cornish_fisher(norm.ppf(tail), skew, kurtosis) * values.std(axis=0)
    return _checked(figure, {NOT_MONOTONE: ~is_monotone(skew, kurtosis)})


def modified_expected_shortfall(values: FloatArray, tail: float) -> Checked:
    """The Edgeworth form of Boudt, Peterson and Croux (2008), where it lies beyond the modified value at risk."""
    skew, kurtosis = skewness_and_kurtosis(values)
    h = _cornish_fisher(norm.ppf(tail), skew, kurtosis)
    edgeworth = norm.pdf(h) * (
        1.0
        + h**3 * skew / 6.0
        + (h**6 - 9 * h**4 + 9 * h**2 + 3) * skew**2 / 72.0
        + (h**4 - 2 * h**2 - 1) * kurtosis / 24.0
    )
    figure = values.mean(axis=0) - values.std(axis=0) * edgeworth / tail
    return _checked(figure, {NOT_MONOTONE: ~is_monotone(skew, kurtosis), CLAMPED: -edgeworth / tail > h})


def is_monotone(skew: FloatArray, kurtosis: FloatArray) -> BoolArray:
    """Does the expansion give a higher quantile for a higher probability? Outside, it is no distribution.

    Its derivative (K/8 − S²/6)z² + (S/3)z + 1 − K/8 + 5S²/36 must not be negative within five standard deviations;
    what happens farther out touches no figure of a sample. Source: Maillard (2012), "A user's guide to the Cornish
    Fisher expansion", who asks for it everywhere: with S = 0 that K is from 0 to 8, and |S| below 6(√2 − 1).
    """
    a, b, c = kurtosis / 8.0 - skew**2 / 6.0, skew / 3.0, 1.0 - kurtosis / 8.0 + 5.0 * skew**2 / 36.0
    vertex = np.clip(-b / np.where(a > 0, 2.0 * a, np.inf), -FARTHEST, FARTHEST)
    lowest = np.minimum.reduce([a * z**2 + b * z + c for z in (-FARTHEST, FARTHEST, vertex)])
    return np.asarray(~(lowest < 0))


def student_value_at_risk(values: FloatArray, tail: float) -> Checked:
    """Quantile of the t distribution with location, scale and degrees of freedom by maximum likelihood."""
    location, scale, freedom = _fits(values)
    return _checked(location + scale * student_t.ppf(tail, freedom), _unfit(values, scale))


def student_expected_shortfall(values: FloatArray, tail: float) -> Checked:
    """Mean below that quantile q, location − scale · f(q)(ν + q²) / ((ν − 1)p); none with ν of 1 or less.

    Source: McNeil, Frey and Embrechts, "Quantitative Risk Management" (2005), example 2.19.
    """
    location, scale, freedom = _fits(values)
    quantile = student_t.ppf(tail, freedom)
    beyond = np.where(freedom > 1, freedom - 1, np.nan)
    mean = student_t.pdf(quantile, freedom) * (freedom + quantile**2) / (beyond * tail)
    return _checked(location - scale * mean, _unfit(values, scale) | {NO_MEAN: freedom <= 1})


def fit_student_t(values: FloatArray) -> tuple[float, float, float]:
    """Location, scale and degrees of freedom (0.5 to 1,000) of one complete series by maximum likelihood.

    NaN with fewer than 20 values, and where the likelihood has no maximum: half of the values are the same.
    """
    spread = float(standard_deviation(values[:, None])[0])
    if len(values) < MINIMUM or spread == 0 or np.unique(values, return_counts=True)[1].max() * 2 >= len(values):
        return np.nan, np.nan, np.nan
    centre = float(np.median(values))
    x = (values - centre) / spread

    def loss(parameters: FloatArray) -> tuple[float, FloatArray]:
        """Negative log likelihood a value in location, log scale, log freedom; and its gradient."""
        scale, freedom = np.exp(parameters[1:])
        z = (x - parameters[0]) / scale
        weight = (freedom + 1) / (freedom + z * z)
        tails = float(np.log1p(z * z / freedom).mean())
        constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - np.log(freedom * np.pi) / 2
        by_freedom = (
            tails / 2
            - (digamma((freedom + 1) / 2) - digamma(freedom / 2) - 1 / freedom) / 2
            - float((weight * z * z).mean()) / (2 * freedom)
        )
        gradient = [-(weight * z).mean() / scale, 1 - (weight * z * z).mean(), freedom * by_freedom]
        return float(parameters[1] - constant + (freedom + 1) / 2 * tails), np.array(gradient)

    limits = [(None, None), (np.log(1e-6), None), (np.log(0.5), np.log(1000.0))]
    from scipy.optimize import minimize  # here: few pages fit tails, and all would wait for it

    found = minimize(loss, [0.0, np.log(0.7), np.log(5.0)], jac=True, method="L-BFGS-B", bounds=limits, tol=1e-12)
    location, scale, freedom = found.x[0], np.exp(found.x[1]), np.exp(found.x[2])
    return centre + spread * float(location), spread * float(scale), float(freedom)


def _fits(values: FloatArray) -> FloatArray:
    return np.array([fit_student_t(column) for column in values.T]).T


def _unfit(values: FloatArray, scale: FloatArray) -> dict[str, BoolArray]:
    return {TOO_SHORT if len(values) < MINIMUM else NO_FIT: np.isnan(scale)}


def _checked(figure: FloatArray, faults: dict[str, BoolArray]) -> Checked:
    faults = faults | {IMPOSSIBLE: (figure > 0) | (figure < -1)}
    reasons = np.select(list(faults.values()), list(faults), default="")
    return np.where(reasons == "", figure, np.nan), reasons


def _cornish_fisher(z: float, skew: FloatArray, kurtosis: FloatArray) -> FloatArray:
    return z + (z**2 - 1) * skew / 6.0 + (z**3 - 3 * z) * kurtosis / 24.0 - (2 * z**3 - 5 * z) * skew**2 / 36.0
