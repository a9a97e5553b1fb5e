"""Indicators over panels, shape (days, assets), in the conventions of the R package TTR.

Recursive ones start at the mean of the first n observations, hold their state on days without one, and are NaN before.
"""

from __future__ import annotations

import numpy as np

from research.signals.features.trailing import (
    Observed,
    enough,
    highest,
    lowest,
    means,
    moments,
    over,
    ratio,
    since_highest,
    sums,
    total,
)
from research.typing import FloatArray, IntArray


def smoothed(panel: FloatArray, weight: float, start: int) -> FloatArray:
    """``m <- m + weight (x - m)`` from the mean of the first `start` observations on; NaN before."""
    observed = Observed.of(panel)
    pulls = np.append([0.0], np.append(1.0 / np.arange(1.0, start + 1.0), weight))  # by observations seen
    seen, mean = np.zeros(panel.shape[1], dtype=np.int64), np.zeros(panel.shape[1])
    pull, step = np.empty_like(mean), np.empty_like(mean)
    found = np.empty_like(panel)
    for day, (values, there) in enumerate(zip(observed.values, observed.there, strict=True)):
        np.add(seen, there, out=seen, casting="unsafe")
        pulls.take(seen, out=pull, mode="clip")
        np.subtract(values, mean, out=step)
        step *= pull
        step *= there
        mean += step
        found[day] = np.where(seen < start, np.nan, mean)
    return found


def ema(panel: FloatArray, n: int) -> FloatArray:
    """Exponential moving average with weight 2 / (n + 1)."""
    return smoothed(panel, 2.0 / (n + 1), n)


def wilder(panel: FloatArray, n: int) -> FloatArray:
    """Wilder's average, weight 1 / n."""
    return smoothed(panel, 1.0 / n, n)


def changes(panel: FloatArray) -> FloatArray:
    """Difference to the day before, NaN where either is missing."""
    found = np.full_like(panel, np.nan)
    np.subtract(panel[1:], panel[:-1], out=found[1:])
    return found


def previous(panel: FloatArray) -> FloatArray:
    """The panel one day later: what was known the day before."""
    found = np.full_like(panel, np.nan)
    found[1:] = panel[:-1]
    return found


def rsi(price: FloatArray, n: int) -> FloatArray:
    """Relative strength index, 0 to 100; NaN where nothing ever moved."""
    change = changes(price)
    up, down = wilder(np.maximum(change, 0.0), n), wilder(np.maximum(-change, 0.0), n)
    return 100.0 * ratio(up, up + down)


def macd(price: FloatArray, fast: int, slow: int, signal: int) -> tuple[FloatArray, FloatArray]:
    """The fast average over the slow one less 1, in percent, and its own average."""
    line = 100.0 * (ratio(ema(price, fast), ema(price, slow)) - 1.0)
    return line, ema(line, signal)


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """The day's range, stretched to the close of the day before."""
    before = previous(close)
    return np.asarray(np.maximum(high, before) - np.minimum(low, before))


def directional(
    high: FloatArray, low: FloatArray, close: FloatArray, n: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """DI+, DI- and ADX, 0 to 100."""
    up, down = changes(high), -changes(low)
    known = up + down
    plus = np.where(np.isnan(known), np.nan, np.where((up > down) & (up > 0), up, 0.0))
    minus = np.where(np.isnan(known), np.nan, np.where((down > up) & (down > 0), down, 0.0))
    span = wilder(true_range(high, low, close), n)
    di_plus, di_minus = 100.0 * ratio(wilder(plus, n), span), 100.0 * ratio(wilder(minus, n), span)
    dx = 100.0 * ratio(np.abs(di_plus - di_minus), di_plus + di_minus)
    return di_plus, di_minus, wilder(dx, n)


def channel_position(high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Where the close lies between the lowest low (0) and the highest high (1) of n days."""
    top, bottom = highest(high, rows, n), lowest(low, rows, n)
    return ratio(close[rows] - bottom, top - bottom)


def aroon(high: FloatArray, low: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Aroon oscillator, -100 to 100: how much more recent the high of n + 1 days is than the low."""
    return 100.0 * (since_highest(-low, rows, n + 1) - since_highest(high, rows, n + 1)) / n


def cci(high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Commodity channel index of the typical price (high + low + close) / 3."""
    typical = (high + low + close) / 3.0
    observed = Observed.of(typical)

    def apart(values: FloatArray, there: FloatArray) -> FloatArray:
        mean = total(values) / np.maximum(total(there), 1.0)
        return total(np.abs(values - mean) * there)

    count = sums(observed.there, rows, n)
    mean = means(observed, rows, n)
    deviation = over(rows, n, apart, observed.values, observed.there) / np.maximum(count, 1.0)
    deviation = np.where(deviation <= 1e-14 * mean, 0.0, deviation)  # rounding of a constant
    return np.where(count >= enough(n), ratio(typical[rows] - mean, 0.015 * deviation), np.nan)


def percent_b(price: FloatArray, rows: IntArray, n: int, width: float = 2.0) -> FloatArray:
    """Where the price lies between the Bollinger bands: 0 at the lower, 1 at the upper."""
    found = moments(Observed.of(price), rows, n)
    half = width * np.sqrt(found.squares / found.count)
    return ratio(price[rows] - found.mean + half, 2.0 * half)


def signed_volume(price: FloatArray, volume: FloatArray) -> FloatArray:
    """Volume of a day with the sign of its price change; its running sum is on-balance volume."""
    return np.asarray(np.sign(changes(price)) * volume)


def money_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Chaikin money flow, -1 to 1: volume weighted by where in its range the day closed; without a range by 0."""
    span = high - low
    place = np.where(span == 0, 0.0, ratio((close - low) - (high - close), span))
    flow = Observed.of(place * volume)
    known = Observed.of(np.where(np.isnan(place), np.nan, volume))
    return np.where(
        np.isnan(means(flow, rows, n)), np.nan, ratio(sums(flow.values, rows, n), sums(known.values, rows, n))
    )


def mfi(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Money flow index, 0 to 100: share of money traded on days whose typical price rose."""
    typical = (high + low + close) / 3.0
    change, money = changes(typical), typical * volume
    rising = Observed.of(np.where(np.isnan(change), np.nan, (change > 0) * money))
    falling = Observed.of(np.where(np.isnan(change), np.nan, (change < 0) * money))
    up, down = means(rising, rows, n), means(falling, rows, n)
    return 100.0 * ratio(up, up + down)
