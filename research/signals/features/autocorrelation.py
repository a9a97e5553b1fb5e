"""Autocorrelation and long memory of daily log returns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import RAW_ROUNDING, Observed, counted, over, ratio, sums, total
from research.typing import FloatArray

PARTS = (9, 3, 1)  # of the 180 days of the rescaled range: 20, 60 and 180 days each


def _first_order(inputs: Inputs, returns: Observed) -> FloatArray:
    def coefficient(values: FloatArray, there: FloatArray) -> FloatArray:
        count = counted(total(there), 60)
        apart = (values - total(values) / count) * there
        squares = total(apart * apart)
        squares = np.where(squares <= RAW_ROUNDING * total(values * values), 0.0, squares)
        return ratio(total(apart[1:] * apart[:-1]), squares)

    return over(inputs.rows, 60, coefficient, returns.values, returns.there)


def _of_returns(inputs: Inputs) -> FloatArray:
    return _first_order(inputs, inputs.observed_returns)


def _of_sizes(inputs: Inputs) -> FloatArray:
    known = inputs.observed_returns
    return _first_order(inputs, Observed(np.abs(known.values), known.there))


def _variance_ratio(inputs: Inputs) -> FloatArray:
    q, window = 5, 120
    step = np.full_like(inputs.log_price, np.nan)
    np.subtract(inputs.log_price[q:], inputs.log_price[:-q], out=step[q:])
    long, daily = Observed.of(step), inputs.return_moments(window)
    count = counted(sums(long.there, inputs.rows, window - q + 1), window - q + 1)
    raw = sums(long.values * long.values, inputs.rows, window - q + 1)
    drift = q * daily.mean
    apart = raw - 2.0 * drift * sums(long.values, inputs.rows, window - q + 1) + count * drift * drift
    apart = np.where(apart <= RAW_ROUNDING * raw, 0.0, apart)
    variance = daily.squares / (daily.count - 1.0)
    return ratio(apart / (count * (1.0 - q / daily.count)), q * variance)


def _rescaled_range(inputs: Inputs) -> FloatArray:
    """Slope of ln(range/deviation) on ln length over parts of 20, 60 and 180 days; a missing return is passed over."""

    def slope(values: FloatArray, there: FloatArray) -> FloatArray:
        length = len(values)
        if length < 180:
            return np.full(values.shape[1], np.nan)
        points = np.stack([_log_rescaled(values, there, parts) for parts in PARTS])
        x = np.log(180.0 / np.asarray(PARTS))
        x = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
        return total(points * x[:, None]) + 0.0 * counted(total(there), 180)

    known = inputs.observed_returns
    return over(inputs.rows, 180, slope, known.values, known.there)


def _log_rescaled(values: FloatArray, there: FloatArray, parts: int) -> FloatArray:
    """ln of the mean over equal parts of the range of cumulated deviations, in standard deviations."""
    found = []
    for part, known in zip(np.split(values, parts), np.split(there, parts), strict=True):
        count = total(known)
        apart = (part - total(part) / np.maximum(count, 1.0)) * known
        path = np.add.accumulate(apart, axis=0)
        span = np.maximum(path.max(axis=0), 0.0) - np.minimum(path.min(axis=0), 0.0)
        squares = total(apart * apart)
        squares = np.where(squares <= 1e-20 * total(part * part), 0.0, squares)
        found.append(ratio(span, np.sqrt(squares / np.maximum(count, 1.0))))
    mean = total(np.stack(found)) / parts
    return np.log(np.where(mean > 0, mean, np.nan))


def _feature(name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray]) -> Feature:
    return Feature(
        name=name,
        group="autocorrelation",
        formula=formula,
        inputs=("price",),
        window=window,
        source=source,
        function=function,
    )


FEATURES = (
    _feature("autocorrelation_60d", "corr(r, r_1)", 60, "Box and Jenkins 1970", _of_returns),
    _feature(
        "variance_ratio_120d", "var of 5-day r / (5 var r), overlapping", 120, "Lo and MacKinlay 1988", _variance_ratio
    ),
    _feature("hurst_180d", "slope of ln(R/S) on ln days, parts of 20, 60, 180", 180, "Hurst 1951", _rescaled_range),
    _feature("absolute_autocorrelation_60d", "corr(|r|, |r|_1)", 60, "Ding, Granger and Engle 1993", _of_sizes),
)
