"""Estimates of volatility and of the bid-ask spread from daily bars, shape (rows, assets).

Logarithms throughout; a day whose open, high, low or close is missing is no observation.
"""

from __future__ import annotations

import numpy as np

from research.signals.features.indicators import previous
from research.signals.features.trailing import Observed, counts, means, moments, over, ratio, root, signed_root, total
from research.typing import FloatArray, IntArray

LN2 = float(np.log(2.0))


def parkinson(high: FloatArray, low: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Volatility per day from the range: mean of ln(H/L)^2 / (4 ln 2)."""
    return root(means(Observed.of(np.log(high / low) ** 2), rows, n) / (4.0 * LN2))


def garman_klass(
    opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Volatility per day: mean of ln(H/L)^2 / 2 - (2 ln 2 - 1) ln(C/O)^2."""
    daily = 0.5 * np.log(high / low) ** 2 - (2.0 * LN2 - 1.0) * np.log(close / opens) ** 2
    return root(means(Observed.of(daily), rows, n))


def rogers_satchell(
    opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Volatility per day: mean of ln(H/C) ln(H/O) + ln(L/C) ln(L/O)."""
    daily = np.log(high / close) * np.log(high / opens) + np.log(low / close) * np.log(low / opens)
    return root(means(Observed.of(daily), rows, n))


def yang_zhang(
    opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int
) -> FloatArray:
    """Volatility per day: variance of the opening jump, and of open to close mixed with Rogers-Satchell."""
    weight = 0.34 / (1.34 + (n + 1) / (n - 1))
    jump = moments(Observed.of(np.log(opens / previous(close))), rows, n).deviation ** 2
    day = moments(Observed.of(np.log(close / opens)), rows, n).deviation ** 2
    return root(jump + weight * day + (1.0 - weight) * rogers_satchell(opens, high, low, close, rows, n) ** 2)


def corwin_schultz(high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Relative spread: mean of the two-day estimates, negative ones as 0, ranges moved to meet the last close."""
    top, bottom, before = np.log(high), np.log(low), np.log(previous(close))
    gap = np.maximum(before - top, 0.0) + np.minimum(before - bottom, 0.0)
    beta = (previous(top) - previous(bottom)) ** 2 + (top - bottom) ** 2
    wide = np.maximum(top + gap, previous(top)) - np.minimum(bottom + gap, previous(bottom))
    scale = 3.0 - 2.0 * np.sqrt(2.0)
    alpha = (np.sqrt(2.0) - 1.0) * np.sqrt(beta) / scale - np.abs(wide) / np.sqrt(scale)
    return means(Observed.of(np.maximum(2.0 * np.tanh(alpha / 2.0), 0.0)), rows, n)


def abdi_ranaldo(high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Relative spread: mean of the two-day estimates 2 sqrt((c - m)(c - m next)), negative products as 0."""
    middle, before = (np.log(high) + np.log(low)) / 2.0, np.log(previous(close))
    product = (before - previous(middle)) * (before - middle)
    return means(Observed.of(2.0 * np.sqrt(np.maximum(product, 0.0))), rows, n)


def edge(opens: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray, rows: IntArray, n: int) -> FloatArray:
    """Relative spread after Ardia, Guidotti and Kroencke; the root keeps the sign of the squared estimate."""
    o, h, lo, c = np.log(opens), np.log(high), np.log(low), np.log(close)
    m = (h + lo) / 2.0
    h1, l1, c1, m1 = previous(h), previous(lo), previous(c), previous(m)
    known = ~np.isnan(o + h + lo + c1 + m1)
    moved = known & ((h != lo) | (lo != c1))
    flags = (known, moved, moved & (o != h), moved & (o != lo), moved & (c1 != h1), moved & (c1 != l1))
    steps = (m - o, o - m1, m - c1, c1 - m1, o - c1)
    there, tau, *touches = (flag.astype(float) for flag in flags)
    r = [np.where(known, step, 0.0) for step in steps]
    found = over(rows, n, _edge_squared, there, tau, touches[0] + touches[1], touches[2] + touches[3], *r)
    return np.where(np.isnan(counts(Observed(r[0], there), rows, n)), np.nan, signed_root(found))


def _edge_squared(there: FloatArray, tau: FloatArray, po: FloatArray, pc: FloatArray, *r: FloatArray) -> FloatArray:
    count = np.maximum(total(there), 1.0)

    def mean(values: FloatArray) -> FloatArray:
        return total(values) / count

    r1, r2, r3, r4, r5 = r
    share = mean(tau)
    d1, d3, d5 = (step - ratio(mean(step), share) * tau for step in (r1, r3, r5))
    weight_open, weight_close = ratio(np.full_like(share, -4.0), mean(po)), ratio(np.full_like(share, -4.0), mean(pc))
    x1 = weight_open * d1 * r2 + weight_close * d3 * r4
    x2 = weight_open * d1 * r5 + weight_close * d5 * r4
    e1, e2 = mean(x1), mean(x2)
    v1, v2 = np.maximum(mean(x1 * x1) - e1 * e1, 0.0), np.maximum(mean(x2 * x2) - e2 * e2, 0.0)
    mixed = np.where(v1 + v2 > 0, ratio(v2 * e1 + v1 * e2, v1 + v2), (e1 + e2) / 2.0)
    return np.where(total(tau) >= 2, mixed, np.nan)
