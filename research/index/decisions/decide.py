"""One determination: screens, ranks, selection and target weights of one day. In words: `reasons.py`.

`decide` sees a `MarketView` and the state of the index at that close, nothing else. Trading on a decision is
`trading.py`'s work.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from research.errors import MethodologyError
from research.index.decisions.drift_bands import back_into_band
from research.index.decisions.migrated import merged
from research.index.decisions.overlay import apply_overlay
from research.index.decisions.records import STEPS, Decision, State
from research.index.decisions.screens import Screen, evaluate
from research.index.decisions.selection import Candidates, Selected, rank_values, select
from research.index.decisions.stable_leg import leg_places, stable_coin
from research.index.weighting import Sizes, bound, member_sizes
from research.point_in_time.measures import ranks
from research.point_in_time.view import MarketView
from research.rulebook.methodology import Methodology
from research.typing import FloatArray, IntArray


def decide(view: MarketView, methodology: Methodology, state: State, *, cause: str, effective_row: int) -> Decision:
    """Take one decision from what is known at the view's close.

    Parameters
    ----------
    cause : str
        "initial" and "reconstitution" choose members anew, "rebalance" weighs the members anew, "drift" brings the
        weights back, "stable switch" moves the stable leg and nothing else.

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
    chosen = Selected(mask=held & ~view.flagged)  # whoever goes is not weighed any more
    if anew:
        candidates = Candidates(view=view, universe=methodology.universe, ranks=order, values=values, incumbents=held)
        chosen = select(candidates, selection)
    places = np.flatnonzero(chosen.mask)
    rank = order[places]
    places = places[np.where(rank > 0, rank, len(order) + 1).argsort(kind="stable")]
    if cause in ("drift", "stable switch"):
        sizes = Sizes(values=np.ones(len(places)))  # nobody is weighed anew
    else:
        sizes = member_sizes(view, weighting, places, votes=values if selection.rule == "votes" else None)
    sized = ~np.isnan(sizes.values)
    kept = chosen.kept or int(sized.sum()) < methodology.min_count
    if kept:
        places, sized = np.flatnonzero(held), np.zeros(int(held.sum()), dtype=bool)
    looked_at: IntArray | slice = slice(None) if anew else places  # everybody, or the members
    decision = Decision(
        view=view,
        row=view.row,
        effective_row=effective_row,
        cause=cause,
        kept=kept,
        kept_because=chosen.note if chosen.kept else "",
        assets=view.assets[looked_at],
        screens=screens if anew else [screen.take(places) for screen in screens],
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
    gone = [step.new for step in view.source.conversions if step.row <= view.row and step.merges]
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
    total = caps.sum()
    raw = caps / total if total > 0 else weights.scheme  # NaN is not above zero
    steps = np.array([raw, weights.scheme, weights.capped, weights.bounded, weights.bounded])
    if weights.notes:
        decision = replace(decision, notes=decision.notes + weights.notes)
    decision = _holding(decision, assets, order[places], steps)
    if overlay is None:
        return decision
    spread_rules = weighting.for_freed_weight()
    result = apply_overlay(
        view,
        overlay,
        members=assets,
        weights=weights.bounded,
        within_caps=lambda chosen, values: bound(view, spread_rules, places[chosen], values).bounded,
        held=None if decision.cause == "initial" else (state.assets, state.weights),
        last_exposure=None if state.latest is None else state.latest.exposure,
        planned=state.planned,
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
        turnover=result.turnover,
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
    going = sorted(decision.view.announced)
    still = np.isin(latest.members, state.assets) & ~np.isin(latest.members, going)
    members, weights = latest.members[still], latest.weights[still] / latest.weights[still].sum()
    if methodology.schedule.drift_to == "band":
        order = np.argsort(state.assets)
        now = state.weights[order][np.searchsorted(state.assets[order], members)]
        now = now / now.sum()  # what could not be weighed keeps its units, and is in neither
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
    """The latest decision, with the stable leg in the first stablecoin that keeps its peg: nobody is weighed anew."""
    overlay, latest = methodology.overlay, state.latest
    assert overlay is not None
    assert latest is not None
    stable = stable_coin(decision.view, overlay, state.assets.tolist())
    assert stable is not None
    source, row = decision.view.source, decision.row
    for coin in leg_places(source, overlay, row):
        if coin != stable and coin in latest.members:
            prices = source.carried_prices(row, np.array([stable, coin]))[0]
            latest = merged(latest, int(coin), stable, worth=float(prices[0] / prices[1]))
    return replace(
        decision,
        members=latest.members,
        member_ranks=latest.member_ranks,
        weights=latest.weights,
        prices=latest.prices,
        market_caps=latest.market_caps,
        steps=latest.steps,
        exposure=latest.exposure,
        stable=stable,
        kept=False,
    )
