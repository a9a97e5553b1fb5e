"""CRIX's rule for the number of constituents: as many as it takes until further assets explain nothing more.

Trimborn and Härdle (2018). The total market's log return less that of the index of the k largest is a residual; the
residual is regressed on the log returns of the assets that follow in rank, and an information criterion says whether
they were worth their coefficients. The number is reviewed at the end of a quarter on its three months, and stands
until the next review; composition and weights are renewed in between as the schedule says.

Difference from the published program: its Cp needs a GARCH fit and is left out, its FPE multiplies by one and is
mended, and where every step improves it gives the number before the last, here the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from research.index.decisions.calendar import latest_quarter_end
from research.index.decisions.kernel_density import log_likelihood, plug_in_bandwidth
from research.point_in_time.measures import measure, ranks
from research.point_in_time.screens import evaluate
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Schedule, Selection, Universe
from research.typing import FloatArray, IntArray

REVIEW_MONTHS = 3


@dataclass(frozen=True, kw_only=True)
class Review:
    """The number of constituents from one review on."""

    date: pd.Timestamp
    count: int


def current_review(view: MarketView, universe: Universe, selection: Selection, schedule: Schedule) -> Review | None:
    """The review of the latest quarter end up to the view's day; none while there are too few months or assets."""
    quarter_end = latest_quarter_end(view.date, schedule)
    row = view.row - (view.date - quarter_end).days
    if row < 0:
        return None
    known = _REVIEWS.setdefault(view.source, {})
    key = (row, universe, selection)
    if key not in known:
        known[key] = _review(view.source.at(row), universe, selection)
    count = known[key]
    return None if count is None else Review(date=quarter_end, count=count)


_REVIEWS: WeakKeyDictionary[PointInTime, dict[tuple[int, Universe, Selection], int | None]] = WeakKeyDictionary()


def _review(view: MarketView, universe: Universe, selection: Selection) -> int | None:
    ends = [view.date - pd.offsets.MonthEnd(months) for months in range(REVIEW_MONTHS, -1, -1)]
    rows = [view.row - int((view.date - end).days) for end in ends]
    if rows[0] < 0:
        return None
    months = [
        _month(view.source.at(first), view.source.at(last), universe, selection) for first, last in pairwise(rows)
    ]
    size = min(returns.shape[1] for _, returns in months)
    if size < selection.first_count:
        return None
    largest = min(size, selection.max_count or size)
    grid = list(range(selection.first_count, largest + 1, selection.step))
    missing = np.concatenate([gaps[:, :size] for gaps, _ in months])
    returns = np.concatenate([part[:, :size] for _, part in months])
    return choose_count(missing, returns, grid, selection)


def _month(
    start: MarketView, end: MarketView, universe: Universe, selection: Selection
) -> tuple[FloatArray, FloatArray]:
    """One month of the review: the assets eligible at its start, in order of rank, held to its end.

    Returns
    -------
    missing : ndarray, shape (days, assets)
        Log return of all of them less that of the first k + 1 in column k, weighted by market cap at the start.
    returns : ndarray, shape (days, assets)
        Their log returns; missing prices are carried.
    """
    nobody = np.zeros(len(start.assets), dtype=bool)
    screens = evaluate(start, universe, nobody, needs_cap=True)
    eligible = np.logical_and.reduce([screen.passed for screen in screens])
    eligible &= start.today("market_cap") > 0  # without a size it has no place in an index by market cap
    order = ranks(start, measure(start, selection.rank_by), eligible)
    places = np.flatnonzero(order > 0)
    places = places[np.argsort(order[places])]
    columns = np.searchsorted(end.assets, start.assets[places])
    prices = _carried(end.window("price", end.row - start.row + 1)[:, columns])
    units = start.today("market_cap")[places] / start.today("price")[places]
    values = np.log(np.cumsum(prices * units, axis=1))  # of the index of the k largest, in column k - 1
    growth = np.diff(values, axis=0)
    return growth[:, -1:] - growth, np.diff(np.log(prices), axis=0)


def _carried(prices: FloatArray) -> FloatArray:
    """Prices with the last print in place of a missing one; the first row is complete."""
    rows = np.where(np.isnan(prices), 0, np.arange(len(prices))[:, None])
    last: IntArray = np.maximum.accumulate(rows, axis=0)
    return np.take_along_axis(prices, last, axis=0)


def choose_count(missing: FloatArray, returns: FloatArray, grid: list[int], selection: Selection) -> int:
    """The number of constituents for a window of days.

    Parameters
    ----------
    missing : ndarray, shape (days, assets)
        What the index of the k largest misses of the total market's log return, in column k - 1.
    returns : ndarray, shape (days, assets)
        Log returns by rank.
    grid : list of int
        Numbers to choose from, ascending.

    Notes
    -----
    "together": the residual of the first number of the grid is explained with the assets up to each further number,
    and the best such number is the answer. "sequential": the residual of each number is explained with the next block
    alone; "local" stops at the first number whose next block does not help and gives the number before it (the first
    number, if there is none before), as CRIX's published program does; "global" gives the number whose criterion with
    its next block is smallest. With the aic that last combination favours large numbers, whose residuals all lie where
    the density of the first one is highest (50 to 225 on the 406 coins of the published data).
    """
    criterion = _criterion(selection.criterion, missing[:, grid[0] - 1])
    if criterion is None:
        return grid[0]
    steps = list(pairwise(grid))
    if selection.evaluation == "together":
        return _together(missing[:, grid[0] - 1], returns, grid, criterion, selection.optimum)
    scores = []
    for number, (k, further) in enumerate(steps):
        residual = missing[:, k - 1]
        score = criterion(_unexplained(residual, returns[:, k:further]), further - k)
        if selection.optimum == "local" and criterion(residual, 0) <= score:
            return grid[max(number - 1, 0)]
        scores.append(score)
    return grid[int(np.argmin(scores))] if selection.optimum == "global" and scores else grid[-1]


def _together(
    residual: FloatArray, returns: FloatArray, grid: list[int], criterion: Callable[[FloatArray, int], float], opt: str
) -> int:
    best, chosen = criterion(residual, 0), grid[0]
    for k in grid[1:]:
        added = k - grid[0]
        if added >= len(residual):  # as many coefficients as days explain anything
            break
        score = criterion(_unexplained(residual, returns[:, grid[0] : k]), added)
        if score < best:
            best, chosen = score, k
        elif opt == "local":
            break
    return chosen


def _unexplained(residual: FloatArray, returns: FloatArray) -> FloatArray:
    """Residual of the least-squares regression without an intercept."""
    coefficients = np.linalg.lstsq(returns, residual, rcond=None)[0]
    return np.asarray(residual - returns @ coefficients)


def _criterion(name: str, first: FloatArray) -> Callable[[FloatArray, int], float] | None:
    """Smaller is better: a function of residuals (n days) and the number p of coefficients.

    aic: 2p - 2 log L, with the kernel density of `first`, the residual of the smallest index, as the likelihood.
    gcv: MSE / (1 - p/n)². gfcv: MSE (1 + p/n)². sh: SSE (n + 2p) / n². fpe: MSE (n + p) / (n - p).
    None where the smallest index misses nothing of the market: there is nothing to explain.
    """
    bandwidth = plug_in_bandwidth(first)
    if bandwidth == 0:
        return None
    formulas: dict[str, Callable[[FloatArray, int], float]] = {
        "aic": lambda e, p: 2 * p - 2 * log_likelihood(e, first, bandwidth),
        "gcv": lambda e, p: float((e**2).mean()) / (1 - p / len(e)) ** 2,
        "gfcv": lambda e, p: float((e**2).mean()) * (1 + p / len(e)) ** 2,
        "sh": lambda e, p: float((e**2).sum()) * (len(e) + 2 * p) / len(e) ** 2,
        "fpe": lambda e, p: float((e**2).mean()) * (len(e) + p) / (len(e) - p),
    }
    return formulas[name]
