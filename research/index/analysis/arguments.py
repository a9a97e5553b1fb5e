"""Arguments of an index's questions, checked: what is no number, or none of the kind asked for, is refused in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from research.errors import MethodologyError


def number(name: str, value: Any) -> float:
    """The value as a float; MethodologyError if it is no number. NaN is one: ranges are the caller's to check."""
    if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    raise MethodologyError(f"{name} = {value!r:.80}: expected a number.")


def numbers(name: str, values: Any) -> tuple[float, ...]:
    """The values as floats; MethodologyError if it is no list, or one of them is no number."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise MethodologyError(f"{name} = {values!r:.80}: expected a list of numbers, such as [1, 10].")
    return tuple(number(f"one of {name}", value) for value in values)


def whole_number(name: str, value: Any, *, most: int | None = None) -> int:
    """The value as an int; MethodologyError if it is no whole number from 0 to `most`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if whole and value >= 0 and (most is None or value <= most):
        return int(value)
    upper = "0 or more" if most is None else f"from 0 to {most}"
    raise MethodologyError(f"{name} = {value!r:.80}: expected a whole number, {upper}.")
