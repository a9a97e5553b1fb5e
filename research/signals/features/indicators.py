"""Indicators over panels, shape (days, assets), in the conventions of the R package TTR.

Recursive ones start at the mean of the first n observations, hold their state on days without one, and are NaN before.
"""

from __future__ import annotations

import numpy as np

from research.signals.features.trailing import (
    Observed,
    daily,
    enough,
    highest,
    lowest,
    means,
    moments,
    over,
    ratio,
    since_highest,
    since_lowest,
    sums,
    total,
)
from research.typing import FloatArray, IntArray


def smoothed(panel: FloatArray, weight: float, start: int) -> FloatArray:
    """``m <- m + weight (x - m)`` from the mean of the first `start` observations on; NaN before."""
    pulls = np.append([0.0], np.append(1.0 / np.arange(1.0, start + 1.0), weight))  # by observations seen
    seen, mean = np.zeros(panel.shape[1], dtype=np.int64), np.zeros(panel.shape[1])
    pull, known = np.empty_like(mean), np.empty(panel.shape[1], dtype=bool)
    found = np.empty_like(panel)
    for values, state in zip(panel, found, strict=True):
        np.equal(values, values, out=known)
        np.add(seen, known, out=seen)
        pulls.take(seen, out=pull, mode="clip")
        np.subtract(values, mean, out=state)
        state *= pull
        np.add(mean, state, out=mean, where=known)
        state[:] = mean
        np.copyto(state, np.nan, where=seen < start)
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
    up, down = daily(_moves, price)
    (found,) = daily(lambda up, down: (100.0 * ratio(up, up + down),), wilder(up, n), wilder(down, n))
    return found


def _moves(price: FloatArray) -> tuple[FloatArray, ...]:
    change = changes(price)
    return np.maximum(change, 0.0), np.maximum(-change, 0.0)


def macd(price: FloatArray, fast: int, slow: int, signal: int) -> tuple[FloatArray, FloatArray]:
    """The fast average over the slow one less 1, in percent, and its own average."""
    (line,) = daily(lambda up, down: (100.0 * (ratio(up, down) - 1.0),), ema(price, fast), ema(price, slow))
    return line, ema(line, signal)


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """The day's range, stretched to the close of the day before."""
    before = previous(close)
    return np.asarray(np.maximum(high, before) - np.minimum(low, before))


def directional(
    high: FloatArray, low: FloatArray, close: FloatArray, n: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """DI+, DI- and ADX, 0 to 100."""
    moves = daily(_directed, high, low, close)
    di_plus, di_minus, dx = daily(_indices, *[wilder(move, n) for move in moves])
    return di_plus, di_minus, wilder(dx, n)


def _directed(high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
    """Movement up, movement down and true range of each day."""
    up, down = changes(high), -changes(low)
    unknown = 0.0 * (up + down)
    plus, minus = np.maximum(up, 0.0) * (up > down), np.maximum(down, 0.0) * (down > up)
    return plus + unknown, minus + unknown, true_range(high, low, close)


def _indices(plus: FloatArray, minus: FloatArray, span: FloatArray) -> tuple[FloatArray, ...]:
    """DI+, DI- and DX from the three averages."""
    di_plus, di_minus = 100.0 * ratio(plus, span), 100.0 * ratio(minus, span)
    return di_plus, di_minus, 100.0 * ratio(np.abs(di_plus - di_minus), di_plus + di_minus)


def channel_position(high: Observed, low: Observed, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Where the close lies between the lowest low (0) and the highest high (1) of n days."""
    top, bottom = highest(high, rows, n), lowest(low, rows, n)
    return ratio(close[rows] - bottom, top - bottom)


def aroon(high: Observed, low: Observed, rows: IntArray, n: int) -> FloatArray:
    """Aroon oscillator, -100 to 100: how much more recent the high of n + 1 days is than the low."""
    return 100.0 * (since_lowest(low, rows, n + 1) - since_highest(high, rows, n + 1)) / n


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

    def flows(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        span = high - low
        place = np.where(span == 0, 0.0, ratio((close - low) - (high - close), span))
        return place * volume, np.where(np.isnan(place), np.nan, volume)

    flow, traded = daily(flows, high, low, close, volume)
    return ratio(means(Observed.of(flow), rows, n), means(Observed.of(traded), rows, n))


def mfi(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Money flow index, 0 to 100: share of money traded on days whose typical price rose."""

    def flows(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
        typical = (high + low + close) / 3.0
        change, money = changes(typical), typical * volume
        known = np.where(np.isnan(change), np.nan, 0.0)
        return (change > 0) * money + known, (change < 0) * money + known

    up, down = (means(Observed.of(flow), rows, n) for flow in daily(flows, high, low, close, volume))
    return 100.0 * ratio(up, up + down)
