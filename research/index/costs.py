"""What a change of weights costs, as a fraction of the index's value."""

from __future__ import annotations

import numpy as np

from research.index.view import FloatArray


def cost_fraction(before: FloatArray, after: FloatArray, rate: float | FloatArray) -> float:
    """The fraction c of the value that trading from `before` to `after` costs, solved exactly.

    What is paid comes out of the index, so only ``(1 - c) * after`` is held in the end:
    ``c = sum(rate * |after * (1 - c) - before|)``. The right side moves by less than `rate` as c moves, so the
    iteration converges; it stops at the last bit.

    Parameters
    ----------
    before, after : ndarray, shape (k,)
        Weights of what is traded, as shares of the value before costs.
    rate : float or ndarray of shape (k,)
        Cost as a fraction of the value traded, below 1.

    Returns
    -------
    float
        In [0, 1). 1 - c is the factor on the level.
    """
    cost = 0.0
    for _ in range(100):
        following = float((rate * np.abs(after * (1.0 - cost) - before)).sum())
        if following == cost:
            break
        cost = following
    return cost
