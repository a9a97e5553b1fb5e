"""Estimates of volatility and of the bid-ask spread from daily bars, shape (rows, assets).

Logarithms throughout; a day whose open, high, low or close is missing is no observation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from research.signals.features.indicators import previous
from research.signals.features.trailing import (
    Observed,
    daily,
    filled,
    means,
    moments,
    over,
    ratio,
    root,
    signed_root,
    total,
)
from research.typing import FloatArray, IntArray

LN2 = float(np.log(2.0))


def _mean(function: Callable[..., FloatArray], rows: IntArray, n: int, *prices: FloatArray) -> FloatArray:
    """Mean over n days of a daily function of prices."""
    (found,) = daily(lambda *part: (function(*part),), *prices)
    return means(Observed.of(found), rows, n)


def parkinson(high: FloatArray, low: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Volatility per day from the range: mean of ln(H/L)^2 / (4 ln 2)."""
    return root(_mean(lambda h, lo: np.log(h / lo) ** 2 / (4.0 * LN2), rows, n, high, low))


def garman_klass(
    opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Volatility per day: mean of ln(H/L)^2 / 2 - (2 ln 2 - 1) ln(C/O)^2."""

    def variance(o: FloatArray, h: FloatArray, lo: FloatArray, c: FloatArray) -> FloatArray:
        return 0.5 * np.log(h / lo) ** 2 - (2.0 * LN2 - 1.0) * np.log(c / o) ** 2

    return root(_mean(variance, rows, n, opens, high, low, close))


def rogers_satchell(
    opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Volatility per day: mean of ln(H/C) ln(H/O) + ln(L/C) ln(L/O)."""

    def variance(o: FloatArray, h: FloatArray, lo: FloatArray, c: FloatArray) -> FloatArray:
        o, h, lo, c = np.log(o), np.log(h), np.log(lo), np.log(c)
        return (h - c) * (h - o) + (lo - c) * (lo - o)

    return root(_mean(variance, rows, n, opens, high, low, close))


def yang_zhang(
    opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Volatility per day: variance of the opening jump, and of open to close mixed with Rogers-Satchell."""
    weight = 0.34 / (1.34 + (n + 1) / (n - 1))
    moves = daily(lambda o, c: (np.log(o / previous(c)), np.log(c / o)), opens, close)
    variances = [moments(Observed.of(move), rows, n).deviation ** 2 for move in moves]
    within = rogers_satchell(opens, high, low, close, rows, n) ** 2
    return root(variances[0] + weight * variances[1] + (1.0 - weight) * within)


def corwin_schultz(high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Relative spread: mean of the two-day estimates, negative ones as 0, ranges moved to meet the last close."""
    scale = 3.0 - 2.0 * np.sqrt(2.0)

    def spread(h: FloatArray, lo: FloatArray, c: FloatArray) -> FloatArray:
        top, bottom, before = np.log(h), np.log(lo), previous(np.log(c))
        gap = np.maximum(before - top, 0.0) + np.minimum(before - bottom, 0.0)
        top_before, bottom_before = previous(top), previous(bottom)
        beta = (top_before - bottom_before) ** 2 + (top - bottom) ** 2
        wide = np.maximum(top + gap, top_before) - np.minimum(bottom + gap, bottom_before)
        alpha = (np.sqrt(2.0) - 1.0) * np.sqrt(beta) / scale - np.abs(wide) / np.sqrt(scale)
        return np.asarray(np.maximum(2.0 * np.tanh(alpha / 2.0), 0.0))

    return _mean(spread, rows, n, high, low, close)


def abdi_ranaldo(high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Relative spread: mean of the two-day estimates 2 sqrt((c - m)(c - m next)), negative products as 0."""

    def spread(h: FloatArray, lo: FloatArray, c: FloatArray) -> FloatArray:
        middle, before = (np.log(h) + np.log(lo)) / 2.0, previous(np.log(c))
        return 2.0 * np.sqrt(np.maximum((before - previous(middle)) * (before - middle), 0.0))

    return _mean(spread, rows, n, high, low, close)


def edge(opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Relative spread after Ardia, Guidotti and Kroencke; the root keeps the sign of the squared estimate."""
    there, *steps = daily(_edge_steps, opens, high, low, close)
    found = over(rows, n, _edge_squared, there, *steps)
    return np.where(np.isnan(Observed(steps[0], there).counts(rows, n)), np.nan, signed_root(found))


def _edge_steps(opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> tuple[FloatArray, ...]:
    """Of each day: is it known, did the price move, touches of the range by open and last close, and five returns."""
    o, h, lo, c = np.log(opens), np.log(high), np.log(low), np.log(close)
    m = (h + lo) / 2.0
    h1, l1, c1, m1 = previous(h), previous(lo), previous(c), previous(m)
    known = ~np.isnan(o + c1 + m + m1)
    moved = known & ((h != lo) | (lo != c1))
    opened, closed = (
        (moved & (o != h)).astype(float) + (moved & (o != lo)),
        (moved & (c1 != h1)).astype(float) + (moved & (c1 != l1)),
    )
    steps = (filled(step, ~known, 0.0) for step in (m - o, o - m1, m - c1, c1 - m1, o - c1))
    return known.astype(float), moved.astype(float), opened, closed, *steps


def _edge_squared(there: FloatArray, tau: FloatArray, po: FloatArray, pc: FloatArray, *r: FloatArray) -> FloatArray:
    count = np.maximum(total(there), 1.0)

    def mean(values: FloatArray) -> FloatArray:
        return total(values) / count

    r1, r2, r3, r4, r5 = r
    share = mean(tau)
    d1, d3, d5 = (step - ratio(mean(step), share) * tau for step in (r1, r3, r5))
    weight_open, weight_close = ratio(np.full_like(share, -4.0), mean(po)), ratio(np.full_like(share, -4.0), mean(pc))
    opening, closing = weight_open * r2, weight_close * r4
    x1 = d1 * opening + d3 * closing
    x2 = d1 * weight_open * r5 + d5 * closing
    e1, e2 = mean(x1), mean(x2)
    v1, v2 = np.maximum(mean(x1 * x1) - e1 * e1, 0.0), np.maximum(mean(x2 * x2) - e2 * e2, 0.0)
    mixed = np.where(v1 + v2 > 0, ratio(v2 * e1 + v1 * e2, v1 + v2), (e1 + e2) / 2.0)
    return np.where(total(tau) >= 2, mixed, np.nan)
