"""Compounding of complete arrays of simple returns, by column: what a unit becomes."""

from __future__ import annotations

import numpy as np

from research.errors import DataError
from research.typing import FloatArray


def growth_of_one(values: FloatArray) -> FloatArray:
    """Level after each period of a unit invested at the start: the cumulative product of 1 + r."""
    level = np.asarray(1.0 + checked(values), dtype=np.float64)
    with np.errstate(over="ignore"):
        np.cumprod(level, axis=0, out=level)
    held(level[-1:])
    return level


def total_growth(values: FloatArray) -> FloatArray:
    """The last row of `growth_of_one`, several times faster: what a unit has become."""
    with np.errstate(over="ignore"):
        return held(np.asarray(np.prod(1.0 + checked(values), axis=0), dtype=np.float64))


def checked(values: FloatArray) -> FloatArray:
    """The same returns, of which none is below a total loss; NaN, outside of a history, is passed over."""
    lowest = np.fmin.reduce(values, axis=None, initial=np.inf)
    if lowest < -1.0:
        raise DataError(
            f"a return of {lowest:.6g} is below −100 %: simple returns as fractions are expected "
            "(0.05 for 5 %); use returns_from_levels for prices."
        )
    return values


def held(growth: FloatArray) -> FloatArray:
    """The same growth, none of it too large for a number."""
    if not np.isfinite(growth).all():
        raise DataError("returns: compounded they are too large for a number; look for a faulty one.")
    return growth
