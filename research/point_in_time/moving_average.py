"""The exponential moving average of a panel, as rulebooks that smooth market caps use it."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from research.point_in_time.view import MarketView, PointInTime
from research.typing import FloatArray

START_DAYS = 30


def exponential_mean(view: MarketView, panel: str, half_life: int) -> FloatArray:
    """EMA of a panel as of the view's day, shape (n,).

    ``m <- a * x + (1 - a) * m`` with ``a = 1 - 2 ** (-1 / half_life)`` (half-life in days), started at the mean of an
    asset's first 30 values. A day without a value leaves the mean as it is.

    Returns
    -------
    ndarray
        NaN where an asset has fewer than 30 values so far, or none today.
    """
    averages = _RUNNING.setdefault(view.source, {})
    running = averages.get((panel, half_life))
    if running is None or running.row > view.row:
        running = averages[panel, half_life] = _Running(len(view.source.asset_ids), half_life)
    running.advance(view.source.panel(panel), view.row)
    return np.where(np.isnan(view.today(panel)), np.nan, running.mean[view.assets])


class _Running:
    """The recursion as of the close of `row`: determinations follow each other, so each day is read once."""

    def __init__(self, size: int, half_life: int) -> None:
        self.weight = 1.0 - 2.0 ** (-1.0 / half_life)
        self.row = -1
        self.seen = np.zeros(size, dtype=np.int64)
        self.total = np.zeros(size)
        self.mean = np.full(size, np.nan)

    def advance(self, panel: FloatArray, to: int) -> None:
        """Read the rows up to and including `to`, and none after it."""
        for row in range(self.row + 1, to + 1):
            values = panel[row]
            there = ~np.isnan(values)
            self.seen += there
            starting = there & (self.seen <= START_DAYS)
            moved = self.weight * values + (1.0 - self.weight) * self.mean
            if starting.any():
                np.add(self.total, values, out=self.total, where=starting)
                np.divide(self.total, START_DAYS, out=self.mean, where=starting & (self.seen == START_DAYS))
                there &= ~starting
            np.copyto(self.mean, moved, where=there)
        self.row = to


_RUNNING: WeakKeyDictionary[PointInTime, dict[tuple[str, int], _Running]] = WeakKeyDictionary()
