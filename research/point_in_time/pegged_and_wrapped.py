"""Assets whose price follows another one: pegged to a currency or asset, or wrapped and staked copies; found by price.

Each test has two bounds and gives one number, the larger of the two observations in units of its bound, for the
reference that is nearest. Below 1 both bounds hold: the asset is pegged, or a copy. Tags say the same where
somebody wrote them down, and from the first day on; these tests need `MIN_DAYS` of history.

The usual daily change is 1.4826 times the median distance of the changes from their median: the standard deviation of
normal ones, which a few bad days do not widen, so that a coin that lost its peg for a weekend is still pegged here. On
the month ends of four real files these bounds hold for 97 % of what USD coins did, and for none of 951 others; a
standard deviation of at most 0.5 % held for 76 % (measured in `tests/point_in_time/test_pegged_and_wrapped.py`).
"""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from research.errors import MethodologyWarning
from research.market.quality.prints import DEVIATION_PER_MEDIAN
from research.point_in_time.trailing_performance import DAYS_PER_YEAR
from research.point_in_time.view import MarketView, shared_by_day
from research.point_in_time.windows import (
    daily_returns,
    window_count,
    window_deviation,
    window_mean,
    window_median,
    window_sum,
)
from research.typing import FloatArray, IntArray

WINDOW = 90
MIN_DAYS = 60
PEG_DISTANCE = 0.01  # median of |ln(price / peg)|
PEG_DEVIATION = 0.0125  # usual size of the daily changes of ln(price / peg)
COPY_CORRELATION = 0.995  # of daily returns
COPY_TRACKING_ERROR = 0.05  # a year
DOLLAR = "usd"


def peg_bound_ratio(view: MarketView, pegs: tuple[str, ...]) -> FloatArray:
    """How far each asset is from being pegged, shape (n,): below 1 it is.

    ``max(median |ln(price / peg)| / 1 %, usual daily change of it / 1.25 %)`` over 90 days, the smallest over pegs.

    Parameters
    ----------
    pegs : tuple of str
        "usd", and ids of assets. An asset is not compared with itself; an id not listed by the view's day is no peg
        yet, with a warning.

    Returns
    -------
    ndarray
        NaN for an asset with fewer than 60 closes in the window: a peg cannot be ruled out. Infinite where no peg is
        listed.
    """
    others = _listed(view, tuple(peg for peg in pegs if peg != DOLLAR), "exclude_pegged")
    return _nearest_peg(view, DOLLAR in pegs, tuple(others.tolist()))


@shared_by_day
def _nearest_peg(view: MarketView, dollar: bool, others: tuple[int, ...]) -> FloatArray:
    """As `peg_bound_ratio`, of the dollar and of assets by their places in the view."""
    logs = np.log(view.window("price", WINDOW))
    nearest = np.where(window_count(logs) >= MIN_DAYS, np.inf, np.nan)
    if dollar:
        nearest = _nearer(nearest, _distance(logs))
    for place in others:
        distance = _distance(logs - logs[:, [place]])
        distance[place] = np.inf
        nearest = _nearer(nearest, distance)
    return nearest


def dollar_bounds(view: MarketView, assets: IntArray) -> tuple[FloatArray, FloatArray]:
    """Median distance from one USD and usual daily change of assets by position in the market, shapes (k,).

    Fractions, over 90 days; NaN with fewer than 60 closes in them.
    """
    return _observed(np.log(view.window_of(assets, "price", WINDOW)))


def copy_bound_ratio(view: MarketView, parents: int | tuple[str, ...]) -> FloatArray:
    """How far each asset is from being a copy of a larger one, shape (n,): below 1 it is.

    ``max((1 - correlation) / 0.005, tracking error / 5 % a year)`` of daily simple returns over 90 days, the smallest
    over those parents that are larger by the day's market cap: of two that move alike, the smaller is the copy.
    A correlation with a price that never moved counts as none.

    Returns
    -------
    ndarray
        NaN for an asset with fewer than 60 returns in the window: it cannot be ruled out. Infinite where no parent is
        larger.
    """
    if isinstance(parents, int):
        places = np.argsort(-_caps(view), kind="stable")[:parents]
    else:
        places = _listed(view, parents, "exclude_copies_of")
    return _nearest_parent(view, tuple(places.tolist()))


@shared_by_day
def _nearest_parent(view: MarketView, places: tuple[int, ...]) -> FloatArray:
    """As `copy_bound_ratio`, of parents by their places in the view."""
    returns, caps = daily_returns(view.window("price", WINDOW + 1)), _caps(view)
    count = window_count(returns)
    nearest = np.where(count >= MIN_DAYS, np.inf, np.nan)
    measured = np.flatnonzero(count >= MIN_DAYS)
    if not len(measured):
        return nearest
    full = count[measured] == len(returns)
    whole, gapped = measured[full], measured[~full]
    by_asset = _Moves.of(returns[:, whole])  # most have every day: their moves are the same for every such parent
    for place in places:
        distance, parent = np.full(len(nearest), np.inf), returns[:, place]
        others = measured
        if not np.isnan(parent).any():
            distance[whole], others = _copy_on_all_days(by_asset, parent), gapped
        if len(others):
            distance[others] = _copy(returns[:, others], parent)
        nearest = _nearer(nearest, np.where(caps < caps[place], distance, np.inf))
    return nearest


def _caps(view: MarketView) -> FloatArray:
    return np.nan_to_num(view.today("market_cap"), nan=0.0)


def _distance(logs: FloatArray) -> FloatArray:
    """Distance from the peg in units of the bounds, of ln(price / peg); NaN with too few days in common."""
    level, moves = _observed(logs)
    return np.maximum(level / PEG_DISTANCE, moves / PEG_DEVIATION)


def _observed(logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median size and usual daily change of ln(price / peg); NaN with too few days in common."""
    enough = window_count(logs) >= MIN_DAYS
    if not enough.any():
        return np.full(len(enough), np.nan), np.full(len(enough), np.nan)
    changes = np.diff(logs, axis=0)
    moves = DEVIATION_PER_MEDIAN * window_median(np.abs(changes - window_median(changes)))
    return np.where(enough, window_median(np.abs(logs)), np.nan), np.where(enough, moves, np.nan)


def _copy(returns: FloatArray, parent: FloatArray) -> FloatArray:
    """Distance from being a copy, in units of the bounds; NaN with too few days in common."""
    both = ~np.isnan(returns) & ~np.isnan(parent)[:, None]
    own = np.where(both, returns, np.nan)
    other = np.where(both, parent[:, None], np.nan)
    own_moves, other_moves = own - window_mean(own), other - window_mean(other)
    scale = np.sqrt(window_sum(own_moves**2)) * np.sqrt(window_sum(other_moves**2))
    correlation = window_sum(own_moves * other_moves) / np.where(scale > 0, scale, np.inf)
    error = window_deviation(own - other) * np.sqrt(DAYS_PER_YEAR)
    worse = np.maximum((1.0 - correlation) / (1.0 - COPY_CORRELATION), error / COPY_TRACKING_ERROR)
    return np.where(window_count(own) >= MIN_DAYS, worse, np.nan)


class _Moves(NamedTuple):
    """Returns about their mean of assets that have every day, shape (n, days), and the size of them, shape (n,)."""

    moves: FloatArray
    size: FloatArray

    @classmethod
    def of(cls, returns: FloatArray) -> _Moves:
        rows = returns.T.copy()
        rows -= rows.sum(axis=1, keepdims=True) / rows.shape[1]
        return cls(rows, np.sqrt(np.square(rows).sum(axis=1)))


def _copy_on_all_days(assets: _Moves, parent: FloatArray) -> FloatArray:
    """As `_copy`, but for rounding, of assets and a parent that have every day."""
    other, days = _Moves.of(parent[:, None]), len(parent)
    scale = assets.size * other.size
    correlation = np.einsum("nd,d->n", assets.moves, other.moves[0]) / np.where(scale > 0, scale, np.inf)
    apart = assets.moves - other.moves  # its mean is zero
    error = np.sqrt(np.einsum("nd,nd->n", apart, apart) / (days - 1)) * np.sqrt(DAYS_PER_YEAR)
    return np.asarray(np.maximum((1.0 - correlation) / (1.0 - COPY_CORRELATION), error / COPY_TRACKING_ERROR))


def _nearer(nearest: FloatArray, distance: FloatArray) -> FloatArray:
    """The smaller of the two; a distance that cannot be measured rules nothing out, and changes nothing."""
    return np.where(np.isnan(nearest), np.nan, np.fmin(nearest, distance))


def _listed(view: MarketView, ids: tuple[str, ...], key: str) -> IntArray:
    """Places of the ids in the view's arrays."""
    listed = view.source.asset_ids[view.assets]
    places = np.flatnonzero(np.isin(listed, np.array(ids, dtype=object)))
    missing = sorted(set(ids) - set(listed[places]))
    if missing:
        warnings.warn(
            f"{key}: {', '.join(missing)} not listed in the snapshot (yet): no comparison with it. "
            "Check the spelling of the id.",
            MethodologyWarning,
            stacklevel=2,
        )
    return places
