"""How long the blocks of a bootstrap must be: Politis and White (2004), corrected by Patton, Politis and White (2009).

Our own rather than arch's (`arch.bootstrap.optimal_block_length`, which the tests hold it against): importing arch
takes longer than importing pandas, and every report would wait for it.
"""

from __future__ import annotations

import numpy as np

from research.typing import FloatArray


def politis_white(values: FloatArray) -> float:
    """Mean block length of the stationary bootstrap for the mean of a series, in periods; NaN for a constant one.

    ``(2 g² n / d)^(1/3)``, at most ``min(3 √n, n / 3)`` rounded up, with ``g = Σ λ(k/M) |k| γ_k`` and
    ``d = 2 (Σ λ(k/M) γ_k)²`` over lags −M..M, γ the autocovariance and λ a flat-top window: 1 up to a half, then
    falling to 0 at 1. M is twice the lag after which max(5, log10 n) autocorrelations in a row are within
    ``2 √(log10 n / n)`` of zero, and at most ``√n`` (rounded up) more than that number.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Without NaN.
    """
    n = len(values)
    centred = values - values.mean()
    run = max(5, int(np.log10(n)))
    longest = int(np.ceil(np.sqrt(n))) + run
    products = np.array([centred[lag:] @ centred[: n - lag] for lag in range(longest + 1)])
    squares = np.concatenate([[0.0], np.cumsum(centred**2)])
    lags = np.arange(1, longest + 2)
    scale = np.sqrt((squares[-1] - squares[lags]) * squares[n - lags])
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant series has no correlation
        small = np.abs(products) / scale < 2.0 * np.sqrt(np.log10(n) / n)
        runs = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(small[:-1], run).all(axis=1))
        width = min(2 * max(int(runs[0]), 1), longest) if len(runs) else longest
        lag = np.arange(1, width + 1)
        window = 2.0 * np.minimum(1.0, 2.0 * (1.0 - lag / width))  # both sides
        covariance = products / n
        slope = (window * lag) @ covariance[1 : width + 1]
        variance = covariance[0] + window @ covariance[1 : width + 1]
        length = (slope**2 / variance**2 * n) ** (1.0 / 3.0)
    return float(np.minimum(length, np.ceil(min(3.0 * np.sqrt(n), n / 3.0))))
