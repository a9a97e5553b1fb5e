"""Performance measures for `top_by`: what an asset did over a trailing window of days, from closes up to today.

What is measured on the path (volatility, sharpe, consistency, max_drawdown) needs nine tenths of the window's returns:
an asset with half a record is not compared with the others, it is not rankable. A return needs the two closes that it
is made of, and growth of volume half of the days. Figures of an index are in `research.evaluation`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from research.point_in_time.view import MarketView
from research.point_in_time.windows import daily_returns, window_count, window_deviation, window_mean, window_median
from research.typing import FloatArray

MIN_RETURN_SHARE = 0.9
MIN_VOLUME_SHARE = 0.5
DAYS_PER_YEAR = 365
WEEK = 7

Performance = Callable[[MarketView, int], FloatArray]


def total_return(view: MarketView, days: int) -> FloatArray:
    """Momentum: the close of today over the close `days` ago, less 1. NaN where either is missing.

    What lies between makes no difference to it, so no share of the days is asked for.
    """
    closes = _closes(view, days)
    return np.asarray(closes[-1] / closes[0] - 1.0)


def volatility(view: MarketView, days: int) -> FloatArray:
    """Standard deviation (ddof 1) of daily simple returns, annualised by the root of 365."""
    returns = daily_returns(_closes(view, days))
    return _measured(returns, window_deviation(returns) * np.sqrt(DAYS_PER_YEAR))


def sharpe(view: MarketView, days: int) -> FloatArray:
    """Mean over standard deviation of daily simple returns, times the root of 365; no risk-free rate is taken off.

    NaN where the price never moved.
    """
    returns = daily_returns(_closes(view, days))
    deviation = window_deviation(returns)
    still = ~(deviation > 0)
    ratio = window_mean(returns) / np.where(still, np.nan, deviation)
    return _measured(returns, ratio * np.sqrt(DAYS_PER_YEAR))


def consistency(view: MarketView, days: int) -> FloatArray:
    """Share of weeks with a gain: whole weeks counted back from today, as many as fit into the window."""
    weekly = daily_returns(_closes(view, days)[::-1][::WEEK][::-1])
    gains = np.where(np.isnan(weekly), np.nan, weekly > 0)
    return _measured(weekly, window_mean(gains))


def max_drawdown(view: MarketView, days: int) -> FloatArray:
    """Deepest fall below the highest close so far within the window, a fraction from -1 to 0.

    The highest is the shallowest: `order = "highest"` prefers small drawdowns.
    """
    closes = _closes(view, days)
    high = np.fmax.accumulate(closes, axis=0)
    return _measured(daily_returns(closes), np.fmin.reduce(closes / high, axis=0) - 1.0)


def volume_growth(view: MarketView, days: int) -> FloatArray:
    """Median daily volume of the last `days` over that of the `days` before, less 1.

    NaN where half of the days of either have no volume, or the earlier median is 0.
    """
    both = view.window("volume", 2 * days)
    if len(both) < 2 * days:
        return np.full(both.shape[1], np.nan)
    earlier, later = both[:days], both[days:]
    enough = np.minimum(window_count(earlier), window_count(later)) >= MIN_VOLUME_SHARE * days
    before = window_median(earlier)
    return np.where(enough, window_median(later) / np.where(before > 0, before, np.nan) - 1.0, np.nan)


PERFORMANCE: dict[str, Performance] = {
    "return": total_return,
    "volatility": volatility,
    "sharpe": sharpe,
    "consistency": consistency,
    "max_drawdown": max_drawdown,
    "volume_growth": volume_growth,
}


def _closes(view: MarketView, days: int) -> FloatArray:
    """Closes from `days` ago to today, shape (days + 1, n); NaN rows before the market's first day."""
    window = view.window("price", days + 1)
    missing = days + 1 - len(window)
    return window if not missing else np.vstack([np.full((missing, window.shape[1]), np.nan), window])


def _measured(returns: FloatArray, values: FloatArray) -> FloatArray:
    """NaN for assets with too few returns in the window, or without one today."""
    enough = window_count(returns) >= MIN_RETURN_SHARE * len(returns)
    return np.where(enough & ~np.isnan(returns[-1]), values, np.nan)
