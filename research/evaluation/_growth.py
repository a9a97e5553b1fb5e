"""Compounding of complete arrays of simple returns, by column: what a unit becomes."""

from __future__ import annotations

import numpy as np

from research.errors import DataError
from research.typing import FloatArray


def growth_of_one(values: FloatArray) -> FloatArray:
    """Level after each period of a unit invested at the start: the cumulative product of 1 + r."""
    level = _possible(np.asarray(1.0 + values, dtype=np.float64))
    with np.errstate(over="ignore"):
        np.cumprod(level, axis=0, out=level)
    return _held(level, level[-1:])


def total_growth(values: FloatArray) -> FloatArray:
    """The last row of `growth_of_one`, several times faster: what a unit has become."""
    return compounded(1.0 + values)


def compounded(factors: FloatArray) -> FloatArray:
    """`total_growth` of returns to which one has been added already."""
    with np.errstate(over="ignore"):
        growth = np.asarray(np.prod(_possible(factors), axis=0), dtype=np.float64)
    return _held(growth, growth)


def _possible(factors: FloatArray) -> FloatArray:
    if factors.size and factors.min() < 0:
        raise DataError(
            f"a return of {factors.min() - 1.0:.6g} is below −100 %: simple returns as fractions are expected "
            "(0.05 for 5 %); use returns_from_levels for prices."
        )
    return factors


def _held(levels: FloatArray, last: FloatArray) -> FloatArray:
    if not np.isfinite(last).all():
        raise DataError("returns: compounded they are too large for a number; look for a faulty one.")
    return levels
