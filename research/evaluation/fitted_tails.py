"""Tails read off a fitted shape: the Cornish-Fisher expansion and Student's t, each with what forbids it.

Kernels for `tails.py`, where the functions with shapes, units and NaN policy are. Each gives two arrays by column: the
figure, NaN where it would mean nothing, and the reason in words, empty where the figure stands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, zeta

from research.evaluation._columns import standard_deviation
from research.evaluation._distributions import norm, student_t
from research.evaluation.metrics import skewness_and_kurtosis
from research.evaluation.resampling.bootstrap import MINIMUM
from research.typing import BoolArray, FloatArray

Checked = tuple[FloatArray, NDArray[np.str_]]
MOST_STEPS = 200  # of the fit; returns take about ten
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
    location, scale, freedom = fit_student_t(values)
    return _checked(location + scale * student_t.ppf(tail, freedom), _unfit(values, scale))


def student_expected_shortfall(values: FloatArray, tail: float) -> Checked:
    """Mean below that quantile q, location − scale · f(q)(ν + q²) / ((ν − 1)p); none with ν of 1 or less.

    Source: McNeil, Frey and Embrechts, "Quantitative Risk Management" (2005), example 2.19.
    """
    location, scale, freedom = fit_student_t(values)
    quantile = student_t.ppf(tail, freedom)
    beyond = np.where(freedom > 1, freedom - 1, np.nan)
    mean = student_t.pdf(quantile, freedom) * (freedom + quantile**2) / (beyond * tail)
    return _checked(location - scale * mean, _unfit(values, scale) | {NO_MEAN: freedom <= 1})


def fit_student_t(values: FloatArray) -> FloatArray:
    """Location, scale and degrees of freedom (0.5 to 1,000) by maximum likelihood: a row each, by column of `values`.

    NaN with fewer than 20 values, and where the likelihood has no maximum: half of the values are the same.
    """
    count, spread = len(values), standard_deviation(values)
    result = np.full((3, values.shape[1]), np.nan)
    ordered, half = np.sort(values, axis=0), (count + 1) // 2
    picked = (spread > 0) & (ordered[half - 1 :] != ordered[: count - half + 1]).all(axis=0)
    if count >= MINIMUM and picked.any():
        centre, spread = np.median(values[:, picked], axis=0), spread[picked]
        location, scale, freedom = _likeliest((values[:, picked] - centre) / spread)
        result[:, picked] = centre + spread * location, spread * scale, freedom
    return result


def _likeliest(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Location, scale and freedom of standardised values by column: Newton's method in location and both logs.

    Each step divides by the sizes of the curvatures, whatever their signs, so that it goes downhill everywhere (Dauphin
    et al., 2014), and is shortened until the loss falls.
    """
    bounds = np.array([[-np.inf, np.log(1e-6), np.log(0.5)], [np.inf, np.inf, np.log(1000.0)]])
    place = np.tile([0.0, np.log(0.7), np.log(5.0)], (x.shape[1], 1))
    share, goes_on = np.ones((len(place), 1)), np.full(len(place), True)
    loss, slope, curvature = _loss(x, place)
    for _ in range(MOST_STEPS):
        held = ((place <= bounds[0]) & (slope > 0)) | ((place >= bounds[1]) & (slope < 0))
        either = held[:, :, None] | held[:, None, :]
        sizes, ways = np.linalg.eigh(np.where(either, np.eye(3), curvature))
        along = np.einsum("kij,ki->kj", ways, np.where(held, 0.0, slope)) / np.maximum(np.abs(sizes), 1e-9)
        step = np.einsum("kij,kj->ki", ways, along)
        gain = (slope * step).sum(axis=1)
        step *= share / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1.0)
        tried = np.clip(place - step, *bounds)
        there = _loss(x, tried)
        falls = goes_on & (there[0] <= loss + 1e-13)  # or stays, but for rounding
        share = np.where(falls, 1.0, share.T / 4.0).T
        place[falls] = tried[falls]
        for known, new in zip((loss, slope, curvature), there, strict=True):
            known[falls] = new[falls]
        goes_on &= gain > 1e-18  # far below the rounding of a loss, also where it is all but flat
        if not goes_on.any():
            break
    return place[:, 0], np.exp(place[:, 1]), np.exp(place[:, 2])


def _loss(x: FloatArray, place: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Negative log likelihood a value, its slope and curvature in location m, log scale and log freedom, by column.

    With z = (x − m)/s all of it follows from the means of zʲ/(v + z²)², j = 0 to 4, and of ln(1 + z²/v).
    Shapes (columns,), (columns, 3) and (columns, 3, 3).
    """
    s, v = np.exp(place[:, 1]), np.exp(place[:, 2])
    z = (x - place[:, 0]) / s
    square = z * z
    tails = np.log1p(square / v).mean(axis=0)
    term = 1.0 / (v + square) ** 2
    means = [term.mean(axis=0)]
    for _ in range(4):
        term *= z
        means.append(term.mean(axis=0))
    constant = gammaln((v + 1) / 2) - gammaln(v / 2) - np.log(v * np.pi) / 2
    size = (v + 1) * (v * means[2] + means[4])
    by_v = (tails - digamma((v + 1) / 2) + digamma(v / 2) + (1 - size) / v) / 2
    slope = [-(v + 1) * (v * means[1] + means[3]) / s, 1 - size, v * by_v]
    bend = zeta(2, v / 2) / 2 - zeta(2, (v + 1) / 2) / 2 - (1 - size) / v**2 - size / (v * (v + 1))
    twice_v = v * by_v + v**2 * (bend - (means[4] - means[2]) / v) / 2
    across = 2 * v * (v + 1) * means[1] / s
    by_both = -v * (means[3] - means[1]) / s, -v * (means[4] - means[2])
    curvature = [
        [(v + 1) * (v * means[0] - means[2]) / s**2, across, by_both[0]],
        [across, 2 * v * (v + 1) * means[2], by_both[1]],
        [*by_both, twice_v],
    ]
    loss = place[:, 1] - constant + (v + 1) / 2 * tails
    return loss, np.array(slope).T, np.moveaxis(np.array(curvature), -1, 0)


def _unfit(values: FloatArray, scale: FloatArray) -> dict[str, BoolArray]:
    return {TOO_SHORT if len(values) < MINIMUM else NO_FIT: np.isnan(scale)}


def _checked(figure: FloatArray, faults: dict[str, BoolArray]) -> Checked:
    faults = faults | {IMPOSSIBLE: (figure > 0) | (figure < -1)}
    reasons = np.select(list(faults.values()), list(faults), default="")
    return np.where(reasons == "", figure, np.nan), reasons


def _cornish_fisher(z: float, skew: FloatArray, kurtosis: FloatArray) -> FloatArray:
    return z + (z**2 - 1) * skew / 6.0 + (z**3 - 3 * z) * kurtosis / 24.0 - (2 * z**3 - 5 * z) * skew**2 / 36.0
