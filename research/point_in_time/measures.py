"""Point-in-time measures by which assets are ranked and weighted, looked up by the name used in the rulebook.

Statistics of windows are in `windows.py`, the exponential mean in `moving_average.py`, performance in
`trailing_performance.py`.
"""

from __future__ import annotations

import numpy as np

from research.point_in_time.moving_average import exponential_mean
from research.point_in_time.trailing_performance import PERFORMANCE
from research.point_in_time.view import MarketView, shared_by_day
from research.point_in_time.windows import window_count, window_mean, window_median
from research.rulebook.measure_names import Measure
from research.typing import BoolArray, FloatArray, IntArray

__all__ = ["MIN_WINDOW_SHARE", "measure", "ranks", "window_mean", "window_median"]

MIN_WINDOW_SHARE = 0.5


def measure(view: MarketView, name: str) -> FloatArray:
    """A measure of every listed asset as of the view's day, shape (n,).

    Parameters
    ----------
    name : str
        ``market_cap`` or ``volume`` (USD, the day's value), or with ``_mean_30d`` or ``_median_30d`` (any number of
        days) over the trailing window, or ``_ema_30d`` (half-life of any number of days). Or a performance measure:
        ``return_90d``, ``volatility_90d``, ``sharpe_90d``, ``consistency_90d``, ``max_drawdown_90d``,
        ``volume_growth_30d``.

    Returns
    -------
    ndarray
        NaN, which is not rankable, where the day's value is missing, or fewer than half of the window's days have
        one; for the others see `exponential_mean` and `trailing_performance.py`.

    Raises
    ------
    MethodologyError
        If the name is no measure.
    """
    asked = Measure.parse(name, "measure")
    return view.today(name) if asked.panel == name else _over_days(view, asked)


@shared_by_day
def _over_days(view: MarketView, asked: Measure) -> FloatArray:
    if asked.panel is None:
        return PERFORMANCE[asked.statistic or ""](view, asked.days)
    if asked.statistic == "ema":
        return exponential_mean(view, asked.panel, asked.days)
    trailing = trailing_median if asked.statistic == "median" else trailing_mean
    values, window = trailing(view, asked.panel, asked.days), view.window(asked.panel, asked.days)
    enough = window_count(window) >= MIN_WINDOW_SHARE * asked.days
    return np.where(enough & ~np.isnan(window[-1]), values, np.nan)


@shared_by_day
def trailing_median(view: MarketView, panel: str, days: int) -> FloatArray:
    """Median of a panel's last `days`, today included, over the values there are, shape (n,); NaN for none."""
    return window_median(view.window(panel, days))


@shared_by_day
def trailing_mean(view: MarketView, panel: str, days: int) -> FloatArray:
    """Mean of a panel's last `days`, today included, over the values there are, shape (n,); NaN for none."""
    return window_mean(view.window(panel, days))


def ranks(view: MarketView, values: FloatArray, eligible: BoolArray, *, order: str = "highest") -> IntArray:
    """Rank 1, 2, ... of the eligible assets by descending value (ascending for `order` "lowest"); 0 for all others.

    Ties go to the higher market cap, then the higher volume, the older asset, the smaller id.
    """
    rankable = np.flatnonzero(eligible & ~np.isnan(values))
    sizes = values[rankable] if order == "highest" else -values[rankable]
    places = np.argsort(-sizes)  # where no two are equal, the fastest sort gives what a stable one does
    ordered = sizes[places]
    if (ordered[1:] == ordered[:-1]).any():
        # positions follow sorted ids and lexsort is stable: the last tie-break comes free
        cap, volume = (np.nan_to_num(view.today(name)[rankable], nan=-1.0) for name in ("market_cap", "volume"))
        places = np.lexsort((-view.age_days()[rankable], -volume, -cap, -sizes))
    result = np.zeros(len(values), dtype=np.int64)
    result[rankable[places]] = np.arange(1, len(rankable) + 1)
    return result
