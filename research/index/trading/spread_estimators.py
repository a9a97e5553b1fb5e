"""Bid-ask spreads estimated from daily open, high, low and close prices. What a spread costs is in `costs.py`.

All estimators take arrays of shape (days, n), oldest day first, and give the full spread of each of the n columns as
a fraction of the price (0.01 is 1 %). A day with a NaN takes the pairs of days it belongs to out of the averages.

They measure a small spread against a large daily range, so estimates from 60 days scatter by tens of basis points.
Costs add up over assets and trades, so what matters is the bias. Each estimator therefore averages over the window
first and puts zero for a negative average last. Zeroing each pair of days, as published for Corwin-Schultz and
Abdi-Ranaldo, or taking the root of the absolute value, as the programs of EDGE's authors do, turns that noise into a
spread (`tests/index/trading/test_spreads.py` measures both).
"""

from __future__ import annotations

import numpy as np

from research.point_in_time.measures import MIN_WINDOW_SHARE
from research.point_in_time.view import MarketView
from research.point_in_time.windows import window_mean, window_sum
from research.rulebook.costs import SPREAD_ESTIMATORS
from research.typing import FloatArray, IntArray

ROUNDING = 1e-9  # vendors round open, high, low and close on their own


def edge(opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Efficient estimator from all four prices, shape (n,).

    Two moment conditions on products of neighbouring returns, each with expectation (spread)², are averaged with
    weights that minimise the variance; days on which nothing traded do not dilute them. A negative square counts as
    zero.

    Returns
    -------
    ndarray, shape (n,)
        NaN with fewer than two days of trading, or where opens and closes always are the high or low.

    References
    ----------
    Ardia, Guidotti and Kroencke (2024), Efficient estimation of bid-ask spreads from open, high, low, and close prices,
    Journal of Financial Economics 161, 103916.
    """
    square = edge_squared(opened, high, low, close)
    return np.sqrt(np.maximum(square, 0.0))


def edge_squared(opened: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """The square of the spread as `edge` estimates it, unbiased and so at times negative; shape (n,)."""
    o, h, l, c = (np.log(price) for price in (opened, high, low, close))  # noqa: E741
    middle = (h + l) / 2
    o, h_now, l_now, m_now = o[1:], h[1:], l[1:], middle[1:]
    h_before, l_before, c_before, m_before = h[:-1], l[:-1], c[:-1], middle[:-1]

    traded = _share((h_now != l_now) | (l_now != c_before), h_now, l_now, c_before)
    inside = [  # whether the open, and the close before it, lie off the high and off the low of their day
        traded * _share(price != bound, price, bound)
        for price, bound in ((o, h_now), (o, l_now), (c_before, h_before), (c_before, l_before))
    ]
    p_traded = window_mean(traded)
    p_open = window_mean(inside[0]) + window_mean(inside[1])
    p_close = window_mean(inside[2]) + window_mean(inside[3])
    usable = (window_sum(traded) >= 2) & (p_open > 0) & (p_close > 0)
    p_traded, p_open, p_close = (np.where(usable, share, np.nan) for share in (p_traded, p_open, p_close))

    def demeaned(returns: FloatArray) -> FloatArray:
        return np.asarray(returns - window_mean(returns) / p_traded * traded)

    to_middle, overnight = demeaned(m_now - o), demeaned(o - c_before)
    since_close = demeaned(m_now - c_before)
    first = -4 / p_open * to_middle * (o - m_before) - 4 / p_close * since_close * (c_before - m_before)
    second = -4 / p_open * to_middle * (o - c_before) - 4 / p_close * overnight * (c_before - m_before)
    means = window_mean(first), window_mean(second)
    variances = [window_mean(x**2) - mean**2 for x, mean in zip((first, second), means, strict=True)]
    total = variances[0] + variances[1]
    varies = total > 0
    weight = np.where(varies, variances[1] / np.where(varies, total, 1.0), 0.5)
    return np.asarray(weight * means[0] + (1 - weight) * means[1])


def _share(true: np.ndarray, *known: FloatArray) -> FloatArray:
    """1.0 or 0.0, NaN where one of `known` is missing."""
    return np.where(np.logical_or.reduce([np.isnan(value) for value in known]), np.nan, true)


def corwin_schultz(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """High-low estimator, shape (n,): a range over two days holds twice the variance of one, but the spread once.

    For each pair of days ``beta`` is the sum of the squared log ranges and ``gamma`` the squared log range of both days
    together, the second day moved by the gap between its range and the close before; ``alpha = (sqrt(2 beta) -
    sqrt(beta)) / (3 - 2 sqrt(2)) - sqrt(gamma / (3 - 2 sqrt(2)))`` and the pair's spread is ``2 (e^alpha - 1) /
    (e^alpha + 1)``. The spread is the mean over all pairs, zero where that is negative.

    Returns
    -------
    ndarray, shape (n,)
        NaN without a complete pair of days.

    References
    ----------
    Corwin and Schultz (2012), A simple way to estimate bid-ask spreads from daily high and low prices, Journal of
    Finance 67(2), 719-760.
    """
    gap = np.maximum(0.0, close[:-1] - high[1:]) + np.minimum(0.0, close[:-1] - low[1:])
    both = np.log(np.maximum(high[1:] + gap, high[:-1]) / np.minimum(low[1:] + gap, low[:-1]))
    squares = np.log(high / low) ** 2
    beta = squares[1:] + squares[:-1]
    scale = 3 - 2 * np.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / scale - both / np.sqrt(scale)
    return np.maximum(window_mean(2 * np.tanh(alpha / 2)), 0.0)


def abdi_ranaldo(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Close-high-low estimator, shape (n,): the distance of a close from the middle of its own and of the next range.

    The squared spread is the mean over all pairs of days of ``4 (c - m) (c - m')`` in logs, with m and m' the middles
    of the ranges of the close's day and of the next; the spread is its root, zero where the mean is negative.

    Returns
    -------
    ndarray, shape (n,)
        NaN without a complete pair of days.

    References
    ----------
    Abdi and Ranaldo (2017), A simple estimation of bid-ask spreads from daily close, high, and low prices, Review of
    Financial Studies 30(12), 4437-4480.
    """
    closes = np.log(close[:-1])
    middle = (np.log(high) + np.log(low)) / 2
    square = window_mean(4 * (closes - middle[:-1]) * (closes - middle[1:]))
    return np.sqrt(np.maximum(square, 0.0))


def estimated_spreads(view: MarketView, assets: IntArray, *, estimator: str, days: int) -> FloatArray:
    """The full spread of some assets as a fraction of the price, from the last `days` days; shape (k,).

    Parameters
    ----------
    assets : ndarray of int, shape (k,)
        Positions in the market of assets listed by the view's day.
    estimator : str
        One of `rules.costs.SPREAD_ESTIMATORS`.

    Returns
    -------
    ndarray, shape (k,)
        NaN with fewer than half of the window's days complete. A day whose open or close lies outside its range (prices
        of two vendors, say) is not complete.

    Raises
    ------
    DataError
        If the snapshot has no open, high or low prices.
    """
    places = np.searchsorted(view.assets, assets)
    windows = {name: view.window(name, days)[:, places] for name in ("open", "high", "low", "price")}
    opened, high, low, close = windows.values()
    lowest, highest = np.minimum(opened, close), np.maximum(opened, close)
    complete = (low > 0) & (low <= lowest * (1 + ROUNDING)) & (highest <= high * (1 + ROUNDING))
    opened, high, low, close = (np.where(complete, prices, np.nan) for prices in windows.values())
    match estimator:
        case "edge":
            spread = edge(opened, high, low, close)
        case "corwin_schultz":
            spread = corwin_schultz(high, low, close)
        case "abdi_ranaldo":
            spread = abdi_ranaldo(high, low, close)
        case _:
            raise ValueError(f"estimator = {estimator!r}: expected one of {SPREAD_ESTIMATORS}")
    return np.where(complete.sum(axis=0) >= MIN_WINDOW_SHARE * days, spread, np.nan)
