"""Statistics of trailing windows at decision rows, shape (rows, assets), column by column.

A window of w days ends at its row. It is a statistic of what was observed in it, and NaN unless that is at least 80 %
of w. Each is computed from its own days, not carried on from the window before, so that nothing of a wild print stays
behind when it has left; sums run in order of days whatever the number of assets, so that bits depend on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from research.typing import BoolArray, FloatArray, IntArray

SHARE = 0.8
PART = 32_000  # values of a panel that a daily computation takes at once
BLOCK = 96_000  # values of a panel that a kernel is handed at once
SMALLEST = 1e-150  # a divisor below it is zero: quotients of what a panel can hold stay finite
ROUNDING = 1e-20  # centred squares below this share of the raw ones are the rounding of a constant
RAW_ROUNDING = 1e-12  # the same where the centred squares are a difference of raw sums


def daily(function: Callable[..., tuple[FloatArray, ...]], *panels: FloatArray) -> list[FloatArray]:
    """What `function` makes of each day and the day before it: panels of shape (days, assets).

    It is handed a few weeks at a time: steps over whole panels would each go through main memory.
    """
    found: list[FloatArray] = []
    length = max(1, PART // panels[0].shape[1])
    for start in range(0, len(panels[0]), length):
        first = max(0, start - 1)
        values = function(*[panel[first : start + length] for panel in panels])
        found = found or [np.empty(panels[0].shape) for _ in values]
        for whole, value in zip(found, values, strict=True):
            whole[start : start + length] = value[start - first :]
    return found


@dataclass(frozen=True)
class Observed:
    """A panel with zero where nothing was observed, and 1.0 where something was, else 0.0."""

    values: FloatArray
    there: FloatArray

    @classmethod
    def of(cls, panel: FloatArray) -> Self:
        values, there = daily(_split, panel)
        return cls(values, there)

    @cached_property
    def below_all(self) -> FloatArray:
        """The panel with minus infinity where nothing was observed."""
        (found,) = daily(lambda values, there: (filled(values, there == 0, -np.inf),), self.values, self.there)
        return found

    @cached_property
    def above_all(self) -> FloatArray:
        """The panel with infinity where nothing was observed."""
        (found,) = daily(lambda values, there: (filled(values, there == 0, np.inf),), self.values, self.there)
        return found

    @cached_property
    def _counts(self) -> dict[tuple[int, int, int], FloatArray]:
        return {}

    def counts(self, rows: IntArray, window: int) -> FloatArray:
        """Observations in the window; NaN where they are too few."""
        key = (window, len(rows), int(rows[-1]) if len(rows) else 0)
        if key not in self._counts:
            self._counts[key] = counted(sums(self.there, rows, window), window)
        return self._counts[key]


def _split(panel: FloatArray) -> tuple[FloatArray, ...]:
    missing = np.isnan(panel)
    return filled(panel, missing, 0.0), (~missing).astype(float)


def filled(panel: FloatArray, missing: BoolArray, value: float) -> FloatArray:
    """A copy of the panel with a value where something is missing: `np.where`, but fast where little is."""
    found = panel.copy()
    np.copyto(found, value, where=missing)
    return found


@dataclass(frozen=True)
class Moments:
    """Count, mean and sum of squares about the mean; NaN where too little was observed."""

    count: FloatArray
    mean: FloatArray
    squares: FloatArray

    @property
    def deviation(self) -> FloatArray:
        """Standard deviation, ddof 1."""
        return np.sqrt(self.squares / np.maximum(self.count - 1, 1))


def enough(window: int) -> int:
    """Observations that a window needs."""
    return math.ceil(SHARE * window)


def total(window: FloatArray) -> FloatArray:
    """Sum of each column, in order of rows; numpy alone would add a single column in another order."""
    if window.shape[1] == 1 and len(window):
        return np.asarray(np.add.accumulate(window, axis=0)[-1])
    return np.asarray(np.add.reduce(window, axis=0))


def ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Quotient; NaN where the denominator is zero."""
    with np.errstate(all="ignore"):  # what is divided by next to nothing is overwritten
        found = numerator / denominator
    found[np.broadcast_to(np.abs(denominator) <= SMALLEST, found.shape)] = np.nan
    return found


def root(values: FloatArray) -> FloatArray:
    """Square root; NaN below zero."""
    found = np.full(values.shape, np.nan)
    np.sqrt(values, out=found, where=values >= 0)
    return found


def signed_root(values: FloatArray) -> FloatArray:
    """Root of the size with the sign kept: an estimate of a variance that came out negative stays negative."""
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))


def log(values: FloatArray) -> FloatArray:
    """Natural logarithm; NaN where a value is not above zero."""
    return np.log(np.where(values > 0, values, np.nan))


def over(
    rows: IntArray, window: int, kernel: Callable[..., FloatArray], *panels: FloatArray, block: int = BLOCK
) -> FloatArray:
    """`kernel` of the last `window` days of each panel at each row, shape (rows, ..., assets).

    Near the start a window is shorter; below the observations it needs, the row is NaN. Assets are taken in parts of
    `block` values, so that what a kernel makes on its way stays in the processor's cache.
    """
    width = max(panel.shape[1] for panel in panels)
    block, least = max(1, block // window), enough(window)
    found: FloatArray | None = None
    for left in range(0, width, block):
        part = [panel[:, left : left + block] if panel.shape[1] == width else panel for panel in panels]
        for place, row in enumerate(rows.tolist()):
            if row + 1 < least:
                continue
            value = kernel(*[panel[max(0, row + 1 - window) : row + 1] for panel in part])
            if found is None:
                found = np.full((len(rows), *value.shape[:-1], width), np.nan)
            found[place, ..., left : left + block] = value
    return np.full((len(rows), width), np.nan) if found is None else found


def sums(panel: FloatArray, rows: IntArray, window: int) -> FloatArray:
    """Sum over the window of a panel without NaN; NaN where the window is shorter than what it needs."""
    return over(rows, window, total, panel, block=panel.size)


def counted(count: FloatArray, window: int) -> FloatArray:
    """Counts, with NaN where they are less than a window needs."""
    return np.where(count >= enough(window), count, np.nan)


def means(observed: Observed, rows: IntArray, window: int) -> FloatArray:
    return sums(observed.values, rows, window) / observed.counts(rows, window)


def moments(observed: Observed, rows: IntArray, window: int) -> Moments:
    """Mean and squares about it in two passes over the window."""

    def about_mean(values: FloatArray, there: FloatArray) -> FloatArray:
        count = total(there)
        mean = total(values) / np.maximum(count, 1.0)
        apart = values - mean
        apart *= there
        apart *= apart
        return np.stack([count, mean, total(apart)])

    found = over(rows, window, about_mean, observed.values, observed.there)
    count, mean, squares = (found[:, place] for place in range(3)) if found.ndim == 3 else (found, found, found)
    count = counted(count, window)
    squares = np.where(squares <= ROUNDING * count * mean * mean, 0.0, squares)
    return Moments(count, mean + 0.0 * count, squares + 0.0 * count)


def highest(observed: Observed, rows: IntArray, window: int) -> FloatArray:
    """Largest value of the window; NaN where too little was observed."""
    return _extreme(np.maximum, observed.below_all, rows, window) + 0.0 * observed.counts(rows, window)


def lowest(observed: Observed, rows: IntArray, window: int) -> FloatArray:
    """Smallest value of the window; NaN where too little was observed."""
    return _extreme(np.minimum, observed.above_all, rows, window) + 0.0 * observed.counts(rows, window)


def _extreme(choose: np.ufunc, panel: FloatArray, rows: IntArray, window: int) -> FloatArray:
    return over(rows, window, lambda part: np.asarray(choose.reduce(part, axis=0)), panel, block=panel.size)


def since_highest(observed: Observed, rows: IntArray, window: int) -> FloatArray:
    """Days since the largest value of the window, the most recent one of equals; NaN where too little was observed."""
    return _since(np.argmax, observed.below_all, rows, window) + 0.0 * observed.counts(rows, window)


def since_lowest(observed: Observed, rows: IntArray, window: int) -> FloatArray:
    """Days since the smallest value of the window, the most recent one of equals."""
    return _since(np.argmin, observed.above_all, rows, window) + 0.0 * observed.counts(rows, window)


def _since(place: Callable[..., IntArray], panel: FloatArray, rows: IntArray, window: int) -> FloatArray:
    return over(rows, window, lambda part: place(part[::-1], axis=0).astype(float), panel, block=panel.size)


def smallest(window: FloatArray, count: int) -> FloatArray:
    """The `count` smallest values of each column in order, shape (count, assets); NaN is larger than all."""
    return np.sort(np.partition(window, count - 1, axis=0)[:count], axis=0)


def daily_sums(panel: FloatArray, window: int) -> FloatArray:
    """Sum over the window that ends on each day, of a panel without NaN; windows at the start are shorter."""
    found = panel.copy()
    for lag in range(1, window):
        found[lag:] += panel[:-lag]
    return found


@dataclass(frozen=True)
class CoMoments:
    """A panel against one series, over the days on which both were observed; NaN where they are too few."""

    count: FloatArray
    mean: FloatArray
    other_mean: FloatArray
    squares: FloatArray
    other_squares: FloatArray
    products: FloatArray

    @property
    def slope(self) -> FloatArray:
        """Of the panel on the series: a beta."""
        return ratio(self.products, self.other_squares)

    @property
    def correlation(self) -> FloatArray:
        return np.clip(ratio(self.products, np.sqrt(self.squares) * np.sqrt(self.other_squares)), -1.0, 1.0)


class Pairs:
    """Daily products of a panel with one or with another panel, from which co-moments of any window follow."""

    def __init__(self, observed: Observed, other: Observed) -> None:
        self.there = observed.there * other.there
        self.x = observed.values * other.there
        self.y = other.values * observed.there
        self.xx, self.yy, self.xy = self.x * self.x, self.y * self.y, self.x * self.y

    def over(self, rows: IntArray, window: int, least: int | None = None) -> CoMoments:
        """Co-moments of a window; at least `least` joint observations, else the share that any window needs."""
        count = sums(self.there, rows, window)
        count = np.where(count >= (enough(window) if least is None else least), count, np.nan)
        x, y, xx, yy, xy = (sums(panel, rows, window) for panel in (self.x, self.y, self.xx, self.yy, self.xy))
        return CoMoments(
            count, x / count, y / count, _centred(xx, x, count), _centred(yy, y, count), xy - x * (y / count)
        )


def _centred(raw: FloatArray, linear: FloatArray, count: FloatArray) -> FloatArray:
    centred = raw - linear * (linear / count)
    return np.where(centred <= RAW_ROUNDING * raw, 0.0, centred)
