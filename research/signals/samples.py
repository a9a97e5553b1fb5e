"""`Samples`: the standardised features, and the labels, of every token and week for which a call may be made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import bottleneck as bn
import numpy as np
from scipy.special import ndtri

from research.point_in_time.evident_redenominations import JUMP
from research.point_in_time.price_adjustments import CAP_BAND
from research.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """One line for each token of the universe in each week, in order of week, then asset.

    Attributes
    ----------
    names : tuple of str
        The k features.
    rows : ndarray, shape (weeks,)
        The market's row of each decision.
    weeks, assets : ndarrays, shape (n,)
        Which decision (a place in `rows`), and which asset (a position in the market).
    offsets : ndarray, shape (weeks + 1,)
        The lines of week j are ``offsets[j]:offsets[j + 1]``.
    features : ndarray, shape (n, k)
        Rank-normal over the universe of the week; zero, the middle, where the token lacks the feature.
    missing : ndarray of int, shape (n,)
        Features that the token lacks.
    regimes : ndarray, shape (weeks, m), and regime_names
        The market's state, standardised with its own past; zero where it is not known.
    outcomes : ndarray, shape (n,)
        Log return over the label's span; NaN where it cannot be known yet, or could not be traded.
    label_ends : ndarray, shape (weeks,)
        The market's row at which a week's outcomes are known.
    """

    names: tuple[str, ...]
    rows: IntArray
    weeks: IntArray
    assets: IntArray
    offsets: IntArray
    features: FloatArray
    missing: IntArray
    regimes: FloatArray
    regime_names: tuple[str, ...]
    outcomes: FloatArray
    label_ends: IntArray

    def lines(self, week: int) -> slice:
        return slice(int(self.offsets[week]), int(self.offsets[week + 1]))

    def lines_of(self, weeks: IntArray) -> IntArray:
        """Lines of several weeks, in order."""
        return np.flatnonzero(np.isin(self.weeks, weeks))

    @cached_property
    def ranks(self) -> FloatArray:
        """The outcomes as rank-normal values of their week, NaN where there is none; shape (n,)."""
        values = np.full(len(self.outcomes), np.nan)
        for week in range(len(self.rows)):
            lines = self.lines(week)
            if lines.stop > lines.start:
                values[lines] = rank_normal(self.outcomes[None, lines])[0]
        return values

    @cached_property
    def week_weights(self) -> FloatArray:
        """One over the number of labelled lines of the week, zero without a label: each week counts the same."""
        labelled = ~np.isnan(self.outcomes)
        count = np.bincount(self.weeks[labelled], minlength=len(self.rows))
        return np.where(labelled, 1.0 / np.maximum(count[self.weeks], 1), 0.0)


def rank_normal(values: FloatArray) -> FloatArray:
    """Normal quantile of (rank - 1/2) / n in each row; ties share a rank, NaN stays NaN. Shape as given."""
    counts = (~np.isnan(values)).sum(axis=1, keepdims=True)
    return np.asarray(ndtri((bn.nanrankdata(values, axis=1) - 0.5) / np.maximum(counts, 1)))


def standardise(
    names: Sequence[str], values: Iterable[tuple[str, FloatArray]], universe: BoolArray, *, max_missing: float
) -> tuple[FloatArray, IntArray]:
    """Standardised features over the n lines of the universe, shape (n, len(names)), and how many each line lacks.

    `values` gives each feature by name, shape (weeks, assets). Each is made rank-normal over the universe of its date
    alone. What is missing becomes 0, the middle of the universe, and is counted; a feature that more than `max_missing`
    of the universe lacks is missing for all of it.
    """
    sizes = np.maximum(universe.sum(axis=1, keepdims=True), 1)
    lines = int(universe.sum())
    table, missing = np.zeros((lines, len(names))), np.zeros(lines, dtype=np.int64)
    for name, panel in values:
        inside = np.where(universe, panel, np.nan)
        lacking = (universe & np.isnan(inside)).sum(axis=1, keepdims=True) > max_missing * sizes
        column = rank_normal(np.where(lacking, np.nan, inside))[universe]
        absent = np.isnan(column)
        missing += absent
        table[:, names.index(name)] = np.where(absent, 0.0, column)
    return table, missing


def standardise_in_time(values: FloatArray, *, fewest: int = 26) -> FloatArray:
    """Each series less the mean of its own past, over its deviation (this row included); shape (weeks,) as given.

    NaN, and zero deviation, give 0; so do rows with fewer than `fewest` values so far.
    """
    known = ~np.isnan(values)
    count = np.cumsum(known)
    filled = np.where(known, values, 0.0)
    centre = filled[known][0] if known.any() else 0.0  # sums of squares keep their digits around a value of the series
    total = np.cumsum(np.where(known, values - centre, 0.0))
    squares = np.cumsum(np.where(known, values - centre, 0.0) ** 2)
    mean = total / np.maximum(count, 1)
    variance = np.maximum(squares / np.maximum(count, 1) - mean**2, 0.0)
    usable = known & (count >= fewest) & (variance > 1e-12 * (mean**2 + 1e-300))
    scaled = (filled - centre - mean) / np.sqrt(np.where(usable, variance, 1.0))
    return np.where(usable, scaled, 0.0)


def label_outcomes(
    prices: FloatArray, caps: FloatArray, rows: IntArray, universe: BoolArray, *, lag: int, horizon: int
) -> FloatArray:
    """Log return from the close ``row + lag`` to ``horizon`` days later, for each line of the universe; shape (n,).

    A token whose price ends inside the span has the return to its last print: leaving it out would leave out deaths.
    NaN where the span is not over by the end of the market, nothing could be bought at its first close, or the price
    leaps as `price_adjustments.propose_redenominations` looks for, by a factor of 5 while the market cap does not: a
    change of unit that nobody has confirmed is no return, and one of a hundredfold would outweigh every other label.
    """
    weeks, assets = np.nonzero(universe)
    starts = rows[weeks] + lag
    known = starts + horizon < len(prices)
    outcomes = np.full(len(weeks), np.nan)
    starts, assets = starts[known], assets[known]
    first = last = prices[starts, assets]
    worth = caps[starts, assets]
    new_unit = np.zeros(len(starts), dtype=bool)
    for day in range(1, horizon + 1):
        price, cap = prices[starts + day, assets], caps[starts + day, assets]
        leap, growth = price / last, cap / worth
        new_unit |= ((leap >= JUMP) | (leap <= 1 / JUMP)) & (growth >= CAP_BAND[0]) & (growth <= CAP_BAND[1])
        last = np.where(np.isnan(price), last, price)
        worth = np.where(np.isnan(cap), worth, cap)
    outcomes[known] = np.where(new_unit, np.nan, np.log(last / first))
    return outcomes
