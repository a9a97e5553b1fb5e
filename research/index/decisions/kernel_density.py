"""Kernel density in one dimension, as CRIX's information criterion needs it: a plug-in bandwidth and a likelihood."""

from __future__ import annotations

import numpy as np

from research.typing import FloatArray

ROUGHNESS = 15.0 ** (1 / 5)  # (R(K) / mu2(K)^2)^(1/5) of the Epanechnikov kernel on [-1, 1]
QUARTILES_OF_NORMAL = 1.349  # distance between the quartiles of a standard normal
SUPPORT = np.sqrt(5.0)  # half-width of the Epanechnikov kernel with variance 1
DENSITY_FLOOR = 1e-20


def plug_in_bandwidth(sample: FloatArray) -> float:
    """Two-stage direct plug-in bandwidth for the Epanechnikov kernel (Sheather and Jones 1991; Wand and Jones 1995).

    The rule of R's `KernSmooth::dpik` with two stages and the smaller of standard deviation and scaled interquartile
    range, except that the density functionals are exact double sums: `dpik` counts the sample on a grid first and loses
    the largest value on the way, which changes the bandwidth by up to about 1 % for 92 fat-tailed values.

    Parameters
    ----------
    sample : ndarray, shape (n,)
        Finite, at least two values.

    Returns
    -------
    float
        0 where the sample has no spread, or half of it is one value: no density can be drawn.
    """
    low, high = np.quantile(sample, [0.25, 0.75])
    scale = min((high - low) / QUARTILES_OF_NORMAL, sample.std(ddof=1))
    if not scale > 0:
        return 0.0
    size, points = len(sample), (sample - sample.mean()) / scale
    pilot = (2 * np.sqrt(2.0) ** 9 / (7 * size)) ** (1 / 9)
    pilot = (-3 * np.sqrt(2 / np.pi) / (_functional(points, 6, pilot) * size)) ** (1 / 7)
    return float(scale * ROUGHNESS / (_functional(points, 4, pilot) * size) ** (1 / 5))


def log_likelihood(values: FloatArray, sample: FloatArray, bandwidth: float) -> float:
    """Log likelihood of `values` under the kernel density of `sample`; the density is at least about 1e-20.

    The Epanechnikov kernel scaled to variance 1, ``3 / (4 √5) · (1 − u² / 5)`` on |u| < √5, as CRIX's published
    program has it. Its bandwidth rule means the kernel on [-1, 1]: the density is smoother by √5 than the rule intends.
    """
    distance = (values[:, None] - sample[None, :]) / bandwidth
    kernel = 0.75 / SUPPORT * np.maximum(1.0 - (distance / SUPPORT) ** 2, 0.0)
    density = kernel.sum(axis=1) / (bandwidth * len(sample))
    return float(np.log(np.maximum(density, DENSITY_FLOOR)).sum())


def _functional(points: FloatArray, order: int, bandwidth: float) -> float:
    """Estimate of the density functional psi of even `order` (4 or 6): the mean of the normal kernel's derivative."""
    square = np.square((points[:, None] - points[None, :]) / bandwidth)
    hermite = ((square - 15) * square + 45) * square - 15 if order == 6 else (square - 6) * square + 3
    normal = np.exp(-0.5 * square) / np.sqrt(2 * np.pi)
    return float((hermite * normal).mean() / bandwidth ** (order + 1))
