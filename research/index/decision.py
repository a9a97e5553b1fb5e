"""One determination: screens, ranks, selection and target weights of one day. In words: `reasons.py`.

`decide` sees a `MarketView` and the state of the index at that close, nothing else. Trading on a decision is
`trading.py`'s work.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from research.errors import MethodologyError
from research.index.drift import back_into_band
from research.index.methodology import Methodology
from research.index.overlay import apply_overlay, stable_coin
from research.index.ranking import ranks
from research.index.screens import Screen, evaluate
from research.index.selection import Candidates, Selected, rank_values, select
from research.index.view import BoolArray, FloatArray, IntArray, MarketView
from research.index.weighting import bound, member_sizes

STEPS = ("raw", "scheme", "capped", "bounded", "final")
NOBODY: IntArray = np.zeros(0, dtype=np.int64)
NOTHING: FloatArray = np.zeros(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """What the index is at a close: its members by the latest decision, what it holds, and that decision.

    `assets` and `weights` are what is held, drifted to this close; empty before the start.
    """

    members: IntArray = field(default_factory=lambda: NOBODY)
    assets: IntArray = field(default_factory=lambda: NOBODY)
    weights: FloatArray = field(default_factory=lambda: NOTHING)
    latest: Decision | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """What was decided at the close of one day, and everything it was decided from.

    Arrays of shape (n,) are over the assets looked at: positions in the market's columns in `assets`.

    Attributes
    ----------
    row, effective_row : int
        Determination and effective day, as rows of the market; the latter may lie beyond its end.
    cause : str
        "initial", "reconstitution", "rebalance", "drift" or "stable switch".
    kept : bool
        True when the previous composition is kept, because too few assets were eligible: nothing trades.
    kept_because : str
        Why, where it is not the number of eligible assets.
    chosen : ndarray of int
        Positions of the members of the index. Those among them that cannot be weighted today are `unweighted`: they
        keep the units they have.
    members : ndarray of int, shape (k,)
        What is to be held: the members that have a weight, and the stable leg; with their `member_ranks` (0 for none),
        final `weights`, and `prices` and `market_caps` at the determination.
    steps : ndarray, shape (5, k)
        The weights after each of `STEPS`: in proportion to market cap, by the scheme, capped, floored, and final.
    exposure : float
        What the volatility target leaves to the members.
    notes : tuple of str
        Fallbacks and imputations that the decision used.
    """

    view: MarketView
    row: int
    effective_row: int
    cause: str
    kept: bool
    kept_because: str = ""
    assets: IntArray
    screens: list[Screen]
    eligible: BoolArray
    rank_value: FloatArray
    rank: IntArray
    incumbent: BoolArray
    selected: BoolArray
    chosen: IntArray
    unweighted: IntArray
    members: IntArray = field(default_factory=lambda: NOBODY)
    member_ranks: IntArray = field(default_factory=lambda: NOBODY)
    weights: FloatArray = field(default_factory=lambda: NOTHING)
    prices: FloatArray = field(default_factory=lambda: NOTHING)
    market_caps: FloatArray = field(default_factory=lambda: NOTHING)
    steps: FloatArray = field(default_factory=lambda: np.zeros((len(STEPS), 0)))
    exposure: float = 1.0
    notes: tuple[str, ...] = ()


def decide(view: MarketView, methodology: Methodology, state: State, *, cause: str, effective_row: int) -> Decision:
    """Take one decision from what is known at the view's close.

    Parameters
    ----------
    cause : str
        "initial" and "reconstitution" choose members anew, "rebalance" weighs the members anew, "drift" brings the
        weights back, "stable switch" moves the stable leg.

    Raises
    ------
    MethodologyError
        If the bounds on weights cannot be met; the message names the day.
    """
    held = view.marked(state.members)
    selection, weighting = methodology.selection, methodology.weighting
    screens = evaluate(view, methodology.universe, held, needs_cap=weighting.needs_market_cap)
    if view.source.has_migrations:
        screens.append(_migrated(view))
    if view.source.has_removals:
        screens.append(_announced(view))
    eligible = np.logical_and.reduce([screen.passed for screen in screens])
    values = rank_values(view, selection)
    order = ranks(view, values, eligible, order=selection.order)
    anew = cause in ("initial", "reconstitution")
    chosen = Selected(mask=held)
    if anew:
        candidates = Candidates(view=view, universe=methodology.universe, ranks=order, values=values, incumbents=held)
        chosen = select(candidates, selection)
    places = np.flatnonzero(chosen.mask)
    places = places[np.lexsort((places, np.where(order[places] > 0, order[places], len(order) + 1)))]
    sizes = member_sizes(view, weighting, places, votes=values if selection.rule == "votes" else None)
    sized = ~np.isnan(sizes.values)
    kept = chosen.kept or int(sized.sum()) < methodology.min_count
    if kept:
        places, sized = np.flatnonzero(held), np.zeros(int(held.sum()), dtype=bool)
    looked_at = np.arange(len(view.assets)) if anew else places
    decision = Decision(
        view=view,
        row=view.row,
        effective_row=effective_row,
        cause=cause,
        kept=kept,
        kept_because=chosen.note if chosen.kept else "",
        assets=view.assets[looked_at],
        screens=[screen.take(looked_at) for screen in screens],
        eligible=eligible[looked_at],
        rank_value=values[looked_at],
        rank=order[looked_at],
        incumbent=held[looked_at],
        selected=(held if kept else chosen.mask)[looked_at],
        chosen=view.assets[places],
        unweighted=view.assets[places[~sized]],
        notes=(*((chosen.note,) if chosen.note else ()), *sizes.notes),
    )
    if cause == "drift":
        return _bring_back(decision, methodology, state)
    if cause == "stable switch":
        return _switch_stable(decision, methodology, state)
    return decision if kept else _weigh(decision, methodology, state, places[sized], sizes.values[sized], order)


def _migrated(view: MarketView) -> Screen:
    """An asset that another one has turned into is one with it, under the older id."""
    gone = [step.new for step in view.source.conversions if step.row <= view.row and step.new != step.old]
    merged = view.marked(np.array(gone, dtype=np.int64))
    return Screen(
        name="migrated",
        value=merged.astype(float),
        limit=np.zeros(len(merged)),
        passed=~merged,
        words="goes on under the id of the asset that migrated to it",
    )


def _announced(view: MarketView) -> Screen:
    flagged = view.flagged
    return Screen(
        name="announced_removal",
        value=flagged.astype(float),
        limit=np.zeros(len(flagged)),
        passed=~flagged,
        words="an extraordinary removal was announced",
    )


def _weigh(
    decision: Decision, methodology: Methodology, state: State, places: IntArray, sizes: FloatArray, order: IntArray
) -> Decision:
    """The decision with weights: by the scheme, bounded, and moved by the overlay."""
    view, weighting, overlay = decision.view, methodology.weighting, methodology.overlay
    try:
        weights = bound(view, weighting, places, sizes)
    except MethodologyError as cause:
        raise MethodologyError(f"{methodology.name}, {view.date.date()}: {cause}") from cause
    assets = view.assets[places]
    caps = view.today("market_cap")[places]
    raw = caps / caps.sum() if caps.sum() > 0 else weights.scheme  # NaN is not above zero
    steps = np.vstack([raw, weights.scheme, weights.capped, weights.bounded, weights.bounded])
    if weights.notes:
        decision = replace(decision, notes=decision.notes + weights.notes)
    decision = _holding(decision, assets, order[places], steps)
    if overlay is None:
        return decision
    # what is freed is spread within the caps; where they leave no room, the rest stays in the stable leg
    spread_rules = replace(weighting, min_weight=None, infeasible="residual_to_stable")
    result = apply_overlay(
        view,
        overlay,
        members=assets,
        weights=weights.bounded,
        within_caps=lambda chosen, values: bound(view, spread_rules, places[chosen], values).bounded,
        held=None if decision.cause == "initial" else (state.assets, state.weights),
        last_exposure=None if state.latest is None else state.latest.exposure,
    )
    basket = np.union1d(assets, result.assets)
    spread = np.zeros((len(STEPS), len(basket)))
    spread[:4, np.searchsorted(basket, assets)] = steps[:4]
    spread[4, np.searchsorted(basket, result.assets)] = result.weights
    rank = np.zeros(len(basket), dtype=np.int64)
    rank[np.searchsorted(basket, assets)] = order[places]
    return replace(
        _holding(decision, basket, rank, spread),
        exposure=result.exposure,
        notes=decision.notes + result.notes,
    )


def _holding(decision: Decision, members: IntArray, rank: IntArray, steps: FloatArray) -> Decision:
    """The decision to hold `members` at the last of the `steps`."""
    source, row = decision.view.source, decision.row
    return replace(
        decision,
        members=members,
        member_ranks=rank,
        weights=steps[-1],
        steps=steps,
        prices=source.carried_prices(row, members)[0],
        market_caps=source.panel("market_cap")[row, members],
    )


def _bring_back(decision: Decision, methodology: Methodology, state: State) -> Decision:
    """Back to the weights of the latest decision, or into their bands."""
    latest = state.latest
    assert latest is not None
    still = np.isin(latest.members, state.assets)
    members, weights = latest.members[still], latest.weights[still] / latest.weights[still].sum()
    if methodology.schedule.drift_to == "band":
        order = np.argsort(state.assets)
        now = state.weights[order][np.searchsorted(state.assets[order], members)]
        weights = back_into_band(now, weights, methodology.schedule)
    steps = np.vstack([latest.steps[:-1, still], weights])
    untouched = np.setdiff1d(np.intersect1d(state.assets, latest.chosen), members)
    return replace(
        _holding(decision, members, latest.member_ranks[still], steps),
        exposure=latest.exposure,
        unweighted=untouched,
        kept=False,
    )


def _switch_stable(decision: Decision, methodology: Methodology, state: State) -> Decision:
    """What is held, with the stable leg in the first stablecoin that keeps its peg."""
    overlay = methodology.overlay
    assert overlay is not None
    stable = stable_coin(decision.view, overlay)
    assert stable is not None
    leg = np.isin(decision.view.source.asset_ids[state.assets].astype(str), list(overlay.stable_leg))
    basket = np.union1d(state.assets[~leg], [stable]).astype(np.int64)
    weights = np.zeros(len(basket))
    weights[np.searchsorted(basket, state.assets[~leg])] = state.weights[~leg]
    weights[np.searchsorted(basket, stable)] += state.weights[leg].sum()
    steps = np.tile(weights / weights.sum(), (len(STEPS), 1))
    exposure = 1.0 if state.latest is None else state.latest.exposure
    return replace(
        _holding(decision, basket, np.zeros(len(basket), dtype=np.int64), steps), exposure=exposure, kept=False
    )
