"""One determination: screens, ranks, selection and target weights of one day. In words: `reasons.py`.

`decide` sees a `MarketView` and the members so far, nothing else. Trading on a decision is `engine.py`'s work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from research.errors import MethodologyError
from research.index.methodology import Methodology
from research.index.ranking import measure, ranks
from research.index.screens import Screen, evaluate
from research.index.selection import largest
from research.index.view import BoolArray, FloatArray, IntArray, MarketView
from research.index.weighting import NEED_MARKET_CAP, cap_weights, raw_sizes


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """What was decided at the close of one day, and everything it was decided from.

    Arrays of shape (n,) are over the assets looked at: positions in the market's columns in `assets`.

    Attributes
    ----------
    row, effective_row : int
        Determination and effective day, as rows of the market; the latter may lie beyond its end.
    cause : str
        "initial", "reconstitution" or "rebalance".
    kept : bool
        True when too few assets were eligible and the previous composition was kept: nothing trades.
    members : ndarray of int, shape (k,)
        Positions of the members that are given weights, in order of rank, with their `member_ranks` (0 for a member
        that has none today), `weights`, and `prices` and `market_caps` at the determination.
    unweighted : ndarray of int
        Members that cannot be weighted today and keep the units they have.
    """

    view: MarketView
    row: int
    effective_row: int
    cause: str
    kept: bool
    assets: IntArray
    screens: list[Screen]
    eligible: BoolArray
    rank_value: FloatArray
    rank: IntArray
    incumbent: BoolArray
    selected: BoolArray
    members: IntArray
    member_ranks: IntArray
    weights: FloatArray
    prices: FloatArray
    market_caps: FloatArray
    unweighted: IntArray


def decide(
    view: MarketView, methodology: Methodology, incumbents: IntArray, *, cause: str, effective_row: int
) -> Decision:
    """Take one decision from what is known at the view's close.

    Parameters
    ----------
    incumbents : ndarray of int
        Positions of the members by the latest decision, those removed since left out.
    cause : str
        "initial" and "reconstitution" choose members anew, "rebalance" weighs the incumbents anew.

    Raises
    ------
    MethodologyError
        If the bounds on weights cannot be met; the message names the day.
    """
    held = view.marked(incumbents)
    needs_cap = methodology.weighting.scheme in NEED_MARKET_CAP
    screens = evaluate(view, methodology.universe, held, needs_cap=needs_cap)
    eligible = np.logical_and.reduce([screen.passed for screen in screens])
    values = measure(view, methodology.selection.rank_by)
    order = ranks(view, values, eligible)
    selected = held if cause == "rebalance" else largest(order, held, methodology.selection)
    places = np.flatnonzero(selected)
    places = places[np.lexsort((places, np.where(order[places] > 0, order[places], len(order) + 1)))]
    sizes = raw_sizes(view, methodology.weighting, places)
    weighted = places[~np.isnan(sizes)]
    kept = len(weighted) < methodology.min_count
    if kept:
        selected, places, weighted, sizes = held, np.flatnonzero(held), places[:0], sizes[:0]
    looked_at = places if cause == "rebalance" else np.arange(len(view.assets))
    return Decision(
        view=view,
        row=view.row,
        effective_row=effective_row,
        cause=cause,
        kept=kept,
        assets=view.assets[looked_at],
        screens=[_take(screen, looked_at) for screen in screens],
        eligible=eligible[looked_at],
        rank_value=values[looked_at],
        rank=order[looked_at],
        incumbent=held[looked_at],
        selected=selected[looked_at],
        members=view.assets[weighted],
        member_ranks=order[weighted],
        weights=_bounded(view, methodology, sizes[~np.isnan(sizes)]) if not kept else sizes,
        prices=view.today("price")[weighted],
        market_caps=view.today("market_cap")[weighted],
        unweighted=view.assets[places[~np.isin(places, weighted)]] if len(weighted) < len(places) else places[:0],
    )


def _bounded(view: MarketView, methodology: Methodology, sizes: FloatArray) -> FloatArray:
    weighting = methodology.weighting
    try:
        return cap_weights(sizes, weighting.max_weight, weighting.min_weight)
    except MethodologyError as cause:
        raise MethodologyError(f"{methodology.name}, {view.date.date()}: {cause}") from cause


def _take(screen: Screen, places: IntArray) -> Screen:
    return Screen(
        name=screen.name,
        value=screen.value[places],
        limit=screen.limit[places],
        passed=screen.passed[places],
        words=screen.words,
    )
