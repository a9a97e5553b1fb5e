"""Risk estimated from past returns: volatility, shrunk covariance, equal risk contributions. Arrays in, arrays out.

Nothing here knows of a market, a day or a rulebook: the schemes that use these are in `schemes.py`.
"""

from __future__ import annotations

import numpy as np

from research.errors import DataError
from research.point_in_time.windows import window_count, window_deviation, window_mean
from research.typing import BoolArray, FloatArray

FLOOR_PERCENTILE = 5.0
_TOLERANCE, _STEPS = 1e-12, 100
_NEAR = 0.25  # Newton decrement from which on whole steps converge quadratically


def volatility(returns: FloatArray, min_observations: int) -> FloatArray:
    """Sample standard deviation (n - 1) of each column of daily returns, per day, shape (k,).

    NaN where there are fewer than `min_observations` returns, or the price never moved: that is not a quiet asset but
    a missing measurement.
    """
    deviation = window_deviation(returns)
    return np.where((window_count(returns) >= min_observations) & (deviation > 0), deviation, np.nan)


def floored(values: FloatArray) -> FloatArray:
    """Volatility raised to the 5th percentile of the values given (linear interpolation); NaN stays NaN.

    The values given are those of the members to be weighted: one that barely moves would otherwise take the basket.
    """
    measured = values[~np.isnan(values)]
    if not len(measured):
        return values
    return np.maximum(values, np.percentile(measured, FLOOR_PERCENTILE))


def common_returns(returns: FloatArray, min_observations: int) -> tuple[BoolArray, FloatArray]:
    """The columns that a covariance can be estimated for, and their returns on the days that all of them have.

    While fewer than `min_observations` days are common to all, the column with the fewest returns is left out (of
    several, the last), so that one late listing does not shorten the sample of all others. So is a column that does
    not move on the common days.

    Returns
    -------
    measured : ndarray of bool, shape (k,)
    common : ndarray, shape (days, number measured)
    """
    there = ~np.isnan(returns)
    count = window_count(returns)
    measured = count >= min_observations
    while measured.any():
        rows = there[:, measured].all(axis=1)
        common = np.ascontiguousarray(returns[rows][:, measured])
        moving = (common != 0).any(axis=0)
        if rows.sum() < min_observations:
            last_first = np.flatnonzero(measured)[::-1]
            measured[last_first[count[last_first].argmin()]] = False
        elif not moving.all():
            measured[np.flatnonzero(measured)[~moving]] = False
        else:
            return measured, common
    return measured, np.empty((0, 0))


def shrunk_covariance(returns: FloatArray) -> FloatArray:
    """Ledoit-Wolf covariance, shrunk towards constant correlation; shape (k, k), per period.

    ``(1 - d) S + d F``: S is the sample covariance (divided by T, as the paper does), F has its variances and in place
    of every correlation their mean. The shrinkage ``d = min(max((pi - rho) / (gamma T), 0), 1)`` minimises the
    expected squared distance to the true covariance. Variances are those of S: only correlations are shrunk.

    Parameters
    ----------
    returns : ndarray, shape (T, k)
        Without NaN, every column with some variation.

    References
    ----------
    Ledoit, O. and Wolf, M. (2004), Honey, I Shrunk the Sample Covariance Matrix, Journal of Portfolio Management 30(4),
    appendix B.
    """
    periods, size = returns.shape
    centred = returns - window_mean(returns)
    sample = centred.T @ centred / periods
    if size < 2:
        return np.asarray(sample)
    deviation = np.sqrt(np.diag(sample))
    scale = np.outer(deviation, deviation)
    mean_correlation = ((sample / scale).sum() - size) / (size * (size - 1))
    target = mean_correlation * scale
    np.fill_diagonal(target, np.diag(sample))
    squared = centred**2
    pi = squared.T @ squared / periods - sample**2  # asymptotic variances of the entries of S
    theta = (squared * centred).T @ centred / periods - np.diag(sample)[:, None] * sample  # cov(s_ii, s_ij)
    rho_off = theta * (deviation / deviation[:, None])
    rho = np.trace(pi) + mean_correlation * (rho_off.sum() - np.trace(rho_off))
    gamma = np.square(target - sample).sum()
    if gamma <= np.square(sample).sum() * 1e-24:  # all correlations are equal already, as always for two assets
        return np.asarray(sample)
    shrinkage = min(max((pi.sum() - rho) / gamma / periods, 0.0), 1.0)
    return np.asarray((1.0 - shrinkage) * sample + shrinkage * target)


def equal_risk_contributions(covariance: FloatArray) -> FloatArray:
    """Weights of which each contributes the same risk: ``w_i (S w)_i / (w' S w) = 1 / k``; shape (k,), sum 1.

    Minimises ``x' S x / 2 - sum(ln x) / k`` by Newton's method on the correlation matrix, so that the stopping rule
    knows no unit: ``(S + diag(1 / (k x^2))) step = 1 / (k x) - S x``, shortened by ``1 / (1 + l)`` while the decrement
    l (of the function times k, which is self-concordant) is large.

    Raises
    ------
    DataError
        If the matrix is not symmetric with a positive diagonal, or contributions do not become equal (a singular one).

    References
    ----------
    Maillard, S., Roncalli, T. and Teiletche, J. (2010), The Properties of Equally Weighted Risk Contribution
    Portfolios, Journal of Portfolio Management 36(4). Spinu, F. (2013), An Algorithm for Computing Risk Parity Weights,
    for the shortened steps.
    """
    matrix = np.asarray(covariance, dtype=float)
    if (
        matrix.ndim != 2
        or not matrix.size
        or not np.isfinite(matrix).all()
        or not np.allclose(matrix, matrix.T, rtol=1e-9, atol=1e-12 * np.abs(matrix).max())
        or not (np.diag(matrix) > 0).all()
    ):
        raise DataError(
            f"equal risk contributions need a finite symmetric matrix with a positive diagonal, found one of shape "
            f"{matrix.shape}{f' with diagonal {np.diag(matrix)}' if matrix.ndim == 2 else ''}."
        )
    size = len(matrix)
    deviation = np.sqrt(np.diag(matrix))
    correlation = np.ascontiguousarray(matrix / np.outer(deviation, deviation))
    x = np.full(size, 1.0 / np.sqrt(max(correlation.sum(), 1.0)))  # the answer, were all rows alike
    diagonal = np.diag_indices(size)
    for _ in range(_STEPS):
        pull = 1.0 / (size * x)
        slope = pull - correlation @ x
        curvature = correlation.copy()
        curvature[diagonal] += pull / x
        try:
            step = np.linalg.solve(curvature, slope)
        except np.linalg.LinAlgError:  # x grows without end, or this is no covariance: the shares tell
            break
        gain = size * float(slope @ step)
        if not gain >= 0.0:
            break
        decrement = np.sqrt(gain)
        step = step if decrement < _NEAR else step / (1.0 + decrement)
        x += step
        if np.abs(step).max() < _TOLERANCE:
            break
    shares = x * (correlation @ x) / (x @ correlation @ x)
    if not np.allclose(shares, 1.0 / size, rtol=0, atol=1e-8):
        raise DataError(
            f"risk contributions of {size} assets did not become equal in {_STEPS} steps "
            f"(shares from {shares.min():.3g} to {shares.max():.3g}): "
            "the covariance is nearly singular. Leave out assets that move as one, such as wrapped copies."
        )
    weights = x / deviation
    return np.asarray(weights / weights.sum())
