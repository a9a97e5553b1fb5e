"""Tails of the distribution of daily log returns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import counted, lowest, over, ratio, smallest, total
from research.typing import FloatArray


def _central_moments(inputs: Inputs) -> FloatArray:
    """Third and fourth sum of powers about the mean over 60 days, shape (rows, 2, assets)."""

    def powers(values: FloatArray, there: FloatArray) -> FloatArray:
        apart = (values - total(values) / np.maximum(total(there), 1.0)) * there
        squares = apart * apart
        return np.stack([total(squares * apart), total(squares * squares)])

    known = inputs.observed_returns
    return inputs.once("powers", lambda: over(inputs.rows, 60, powers, known.values, known.there))


def _skewness(inputs: Inputs) -> FloatArray:
    found, second = _central_moments(inputs), inputs.return_moments(60)
    variance = second.squares / second.count
    return ratio(found[:, 0] / second.count if found.ndim == 3 else found, variance * np.sqrt(variance))


def _kurtosis(inputs: Inputs) -> FloatArray:
    found, second = _central_moments(inputs), inputs.return_moments(60)
    variance = second.squares / second.count
    return ratio(found[:, 1] / second.count if found.ndim == 3 else found, variance * variance) - 3.0


def _value_at_risk(inputs: Inputs) -> FloatArray:
    def loss(window: FloatArray, there: FloatArray) -> FloatArray:
        count = counted(total(there), 60)
        ordered = smallest(window, 4)
        place = 0.05 * (np.nan_to_num(count, nan=60.0) - 1.0)
        low = place.astype(np.int64)
        columns = np.arange(window.shape[1])
        below, above = ordered[low, columns], ordered[low + 1, columns]
        return -(below + (place - low) * (above - below)) + 0.0 * count

    return over(inputs.rows, 60, loss, inputs.returns, inputs.observed_returns.there)


def _expected_shortfall(inputs: Inputs) -> FloatArray:
    def loss(window: FloatArray, there: FloatArray) -> FloatArray:
        count = counted(total(there), 90)
        worst = smallest(window, 4)
        size = np.floor(0.05 * count)
        return -total(np.where(np.arange(4.0)[:, None] < size, worst, 0.0)) / size

    return over(inputs.rows, 90, loss, inputs.returns, inputs.observed_returns.there)


def _largest(inputs: Inputs) -> FloatArray:
    def mean(window: FloatArray, there: FloatArray) -> FloatArray:
        return -total(smallest(-window, 5)) / 5.0 + 0.0 * counted(total(there), 30)

    return over(inputs.rows, 30, mean, inputs.returns, inputs.observed_returns.there)


def _worst(inputs: Inputs) -> FloatArray:
    return lowest(inputs.observed_returns, inputs.rows, 30)


def _hill(inputs: Inputs) -> FloatArray:
    def index(window: FloatArray, there: FloatArray) -> FloatArray:
        size = np.floor(0.1 * counted(total(there), 180))
        losses = -smallest(window, 19)
        logs = np.log(np.where(losses > 0, losses, np.nan))
        place = np.nan_to_num(size, nan=18.0).astype(np.int64)
        threshold = logs[place, np.arange(window.shape[1])]
        inside = np.arange(19.0)[:, None] < size
        return ratio(size, total(np.where(inside, logs - threshold, 0.0)))

    return over(inputs.rows, 180, index, inputs.returns, inputs.observed_returns.there)


def _feature(name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray]) -> Feature:
    return Feature(
        name=name, group="tail", formula=formula, inputs=("price",), window=window, source=source, function=function
    )


FEATURES = (
    _feature("skewness_60d", "m3 / m2^1.5 of r", 60, "Harvey and Siddique 2000", _skewness),
    _feature("kurtosis_60d", "m4 / m2^2 - 3 of r", 60, "Dittmar 2002", _kurtosis),
    _feature("value_at_risk_60d", "- 5 % quantile of r (interpolated)", 60, "common", _value_at_risk),
    _feature(
        "expected_shortfall_90d",
        "- mean of the worst 5 % of r (rounded down)",
        90,
        "Acerbi and Tasche 2002",
        _expected_shortfall,
    ),
    _feature("max5_30d", "mean of the 5 largest r", 30, "Bali, Cakici and Whitelaw 2011", _largest),
    _feature("min_return_30d", "min r", 30, "Bali, Cakici and Whitelaw 2011", _worst),
    _feature("hill_180d", "1 / mean ln(loss / threshold), worst 10 % of r", 180, "Hill 1975", _hill),
)
