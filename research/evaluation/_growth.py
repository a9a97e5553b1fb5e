"""Compounding of complete arrays of simple returns, by column: what a unit becomes."""

from __future__ import annotations

import numpy as np

from research.errors import DataError
from research.typing import FloatArray


def growth_of_one(values: FloatArray) -> FloatArray:
    """Level after each period of a unit invested at the start: the cumulative product of 1 + r."""
    refuse_impossible(values.min(initial=np.inf))
    level = np.asarray(1.0 + values, dtype=np.float64)
    with np.errstate(over="ignore"):
        np.cumprod(level, axis=0, out=level)
    held(level[-1:])
    return level


def total_growth(values: FloatArray) -> FloatArray:
    """The last row of `growth_of_one`, several times faster: what a unit has become."""
    refuse_impossible(values.min(initial=np.inf))
    with np.errstate(over="ignore"):
        return held(np.asarray(np.prod(1.0 + values, axis=0), dtype=np.float64))


def refuse_impossible(lowest: float) -> None:
    """Refuse returns of which the lowest is below a total loss."""
    if lowest < -1.0:
        raise DataError(
            f"a return of {lowest:.6g} is below −100 %: simple returns as fractions are expected "
            "(0.05 for 5 %); use returns_from_levels for prices."
        )


def held(growth: FloatArray) -> FloatArray:
    """The same growth, none of it too large for a number."""
    if not np.isfinite(growth).all():
        raise DataError("returns: compounded they are too large for a number; look for a faulty one.")
    return growth
