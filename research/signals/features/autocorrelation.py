"""Autocorrelation and long memory of daily log returns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import RAW_ROUNDING, Observed, counted, over, ratio, sums, total
from research.typing import FloatArray

LENGTH, PARTS = 180, (9, 3, 1)  # of the rescaled range: parts of 20, 60 and 180 days


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
    count = long.counts(inputs.rows, window - q + 1)
    raw = sums(long.values * long.values, inputs.rows, window - q + 1)
    drift = q * daily.mean
    apart = raw - 2.0 * drift * sums(long.values, inputs.rows, window - q + 1) + count * drift * drift
    apart = np.where(apart <= RAW_ROUNDING * raw, 0.0, apart)
    variance = daily.squares / (daily.count - 1.0)
    return ratio(apart / (count * (1.0 - q / daily.count)), q * variance)


def _rescaled_range(inputs: Inputs) -> FloatArray:
    """Slope of ln(range/deviation) on ln length over parts of 20, 60 and 180 days; a missing return is passed over."""
    known = inputs.observed_returns
    squares = known.values * known.values
    path, seen = np.add.accumulate(known.values, axis=0), np.add.accumulate(known.there, axis=0)
    x = np.log(LENGTH / np.asarray(PARTS))
    x = (x - x.mean()) / ((x - x.mean()) ** 2).sum()

    def slope(path: FloatArray, seen: FloatArray, squares: FloatArray) -> FloatArray:
        if len(path) <= LENGTH:  # one day more: the path starts before the first return
            return np.full(path.shape[1], np.nan)
        points = np.stack([_log_rescaled(path, seen, squares, parts) for parts in PARTS])
        return total(points * x[:, None]) + 0.0 * counted(seen[-1] - seen[0], LENGTH)

    return over(inputs.rows, LENGTH + 1, slope, path, seen, squares)


def _log_rescaled(path: FloatArray, seen: FloatArray, squares: FloatArray, parts: int) -> FloatArray:
    """ln of the mean over equal parts of the range of cumulated deviations, in standard deviations."""
    days, width = LENGTH // parts, path.shape[1]
    start, seen_before = path[:-1:days], seen[:-1:days]
    count = seen[days::days] - seen_before
    added = path[days::days] - start
    mean = added / np.maximum(count, 1.0)
    level = path[1:].reshape(parts, days, width) - mean[:, None] * seen[1:].reshape(parts, days, width)
    origin = start - mean * seen_before
    span = np.maximum(level.max(axis=1), origin) - np.minimum(level.min(axis=1), origin)
    raw = np.stack([total(part) for part in np.split(squares[1:], parts)])
    centred = raw - added * mean
    centred = np.where(centred <= RAW_ROUNDING * raw, 0.0, centred)
    scaled = total(ratio(span, np.sqrt(centred / np.maximum(count, 1.0)))) / parts
    return np.log(np.where(scaled > 0, scaled, np.nan))


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
