"""Drawdown: how far below, and how long after, the highs of a window of closes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features.indicators import channel_position
from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import counted, highest, over, since_highest, total
from research.typing import FloatArray


def _from_high(inputs: Inputs, window: int) -> FloatArray:
    return inputs.at(inputs.price) / highest(inputs.observed_price, inputs.rows, window) - 1.0


def _since_high(inputs: Inputs) -> FloatArray:
    return since_highest(inputs.observed_price, inputs.rows, 90) / 90.0


def _path(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    """Deepest drawdown of 90 days, and root mean square of all of them."""

    def depth(price: FloatArray, there: FloatArray) -> FloatArray:
        peak, step = price, 1
        while step < len(price):  # running maximum by doubling, which numpy's accumulate does one cell at a time
            peak = np.concatenate([peak[:step], np.maximum(peak[step:], peak[:-step])])
            step *= 2
        below = np.where(there > 0, price, 1.0) / np.where(there > 0, peak, 1.0) - 1.0
        count = counted(total(there), 90)
        return np.stack([below.min(axis=0) + 0.0 * count, np.sqrt(total(below * below) / count)])

    def both() -> tuple[FloatArray, FloatArray]:
        found = over(inputs.rows, 90, depth, inputs.observed_price.values, inputs.observed_price.there)
        return (found, found) if found.ndim == 2 else (found[:, 0], found[:, 1])

    return inputs.once("drawdown path", both)


def _deepest(inputs: Inputs) -> FloatArray:
    return _path(inputs)[0]


def _ulcer(inputs: Inputs) -> FloatArray:
    return _path(inputs)[1]


def _position(inputs: Inputs) -> FloatArray:
    return channel_position(inputs.observed_price, inputs.observed_price, inputs.price, inputs.rows, 90)


def _feature(name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray]) -> Feature:
    return Feature(
        name=name, group="drawdown", formula=formula, inputs=("price",), window=window, source=source, function=function
    )


FEATURES = (
    *(
        _feature(
            f"drawdown_{w}d", f"P / max P - 1, {w} days", w, "George and Hwang 2004", partial(_from_high, window=w)
        )
        for w in (30, 90, 365)
    ),
    _feature("days_since_high_90d", "days since max P of 90 days / 90", 90, "Chande 1995", _since_high),
    _feature("max_drawdown_90d", "min of P / running max P - 1", 90, "common", _deepest),
    _feature("ulcer_index_90d", "root of mean (P / running max P - 1)^2", 90, "Martin and McCann 1989", _ulcer),
    _feature("range_position_90d", "(P - min P) / (max P - min P)", 90, "Lane 1984", _position),
)
