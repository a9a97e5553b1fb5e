"""One decision: what the index is to hold, from what is known at one close.

`decide` sees a `MarketView` and the state of the index at that close, nothing else. Trading on a decision is the work
of `research.index.trading`; why, in words, is in `analysis/why/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from research.errors import MethodologyError
from research.index.decisions.drift_bands import back_into_band
from research.index.decisions.migrated import with_asset_replaced
from research.index.decisions.overlay import apply_overlay
from research.index.decisions.records import CHOOSING, STEPS, Cause, Decision, State
from research.index.decisions.selection import Candidates, Selected, rank_values, select
from research.index.decisions.stable_leg import choose_stablecoin, leg_positions
from research.index.weighting import bound, member_sizes
from research.point_in_time.measures import ranks
from research.point_in_time.screens import Screen, corporate_action_screens, evaluate
from research.point_in_time.view import MarketView
from research.rulebook.methodology import Methodology
from research.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Occasion:
    """What one decision is taken from: the market, the rules, the state of the index, and the screens and ranks of the
    day. Arrays of shape (n,) are over the view's assets; `held` marks the members.
    """

    view: MarketView
    rules: Methodology
    state: State
    cause: Cause
    effective_row: int
    held: BoolArray
    screens: list[Screen]
    eligible: BoolArray
    values: FloatArray
    ranks: IntArray


def decide(view: MarketView, methodology: Methodology, state: State, *, cause: Cause, effective_row: int) -> Decision:
    """Take one decision from what is known at the view's close.

    Parameters
    ----------
    cause : str
        "initial" and "reconstitution" choose members anew, "rebalance" weights the members anew, "drift" brings the
        weights back, "stable switch" moves the stable leg and nothing else.

    Raises
    ------
    MethodologyError
        If the bounds on weights cannot be met; the message names the day.
    """
    day = _occasion(view, methodology, state, cause, effective_row)
    match cause:
        case "initial" | "reconstitution":
            return _choose(day)
        case "rebalance":
            return _weight(day, _staying(day))
        case "drift":
            return _bring_back(day)
        case "stable switch":
            return _switch_stable(day)


def first_choice(view: MarketView, methodology: Methodology, *, effective_row: int) -> Decision:
    """Whom an index would start with at the view's close: the initial decision before anybody is weighted.

    Those of its `chosen` that are not `unweighted` can be weighted. No signals are asked for.
    """
    day = _occasion(view, methodology, State(), "initial", effective_row)
    return _sized(day, _selected(day))[0]


def _occasion(view: MarketView, rules: Methodology, state: State, cause: Cause, effective_row: int) -> _Occasion:
    held = view.marked(state.members)
    screens = evaluate(view, rules.universe, held, needs_cap=rules.weighting.needs_market_cap)
    screens += corporate_action_screens(view)
    eligible = np.logical_and.reduce([screen.passed for screen in screens])
    values = rank_values(view, rules.selection)
    return _Occasion(
        view=view,
        rules=rules,
        state=state,
        cause=cause,
        effective_row=effective_row,
        held=held,
        screens=screens,
        eligible=eligible,
        values=values,
        ranks=ranks(view, values, eligible, order=rules.selection.order),
    )


def _choose(day: _Occasion) -> Decision:
    """New members by the selection rule, weighted."""
    return _weight(day, _selected(day))


def _selected(day: _Occasion) -> Selected:
    candidates = Candidates(
        view=day.view,
        universe=day.rules.universe,
        schedule=day.rules.schedule,
        ranks=day.ranks,
        values=day.values,
        incumbents=day.held,
    )
    return select(candidates, day.rules.selection)


def _staying(day: _Occasion) -> Selected:
    """The members but those whose removal has been announced: they are not weighted any more."""
    return Selected(mask=day.held & ~day.view.flagged)


def _weight(day: _Occasion, chosen: Selected) -> Decision:
    """The chosen with weights, or the previous composition where too few of them can be weighted."""
    decision, places, sizes = _sized(day, chosen)
    return decision if decision.kept else _with_weights(decision, day, places, sizes)


def _sized(day: _Occasion, chosen: Selected) -> tuple[Decision, IntArray, FloatArray]:
    """The decision on the chosen without weights yet; the places of those that can be weighted, and their sizes.

    A member that cannot be, for want of a price or of a size, is `unweighted`: it keeps the units it has.
    """
    places = _by_rank(day, chosen.mask)
    votes = day.values if day.rules.selection.rule == "votes" else None
    sizes = member_sizes(day.view, day.rules.weighting, places, votes=votes)
    notes = (*((chosen.note,) if chosen.note else ()), *sizes.notes)
    sized = ~np.isnan(sizes.values)
    if chosen.kept or int(sized.sum()) < day.rules.min_count:
        places = np.flatnonzero(day.held)
        kept = _record(day, day.held, places, unweighted=places, notes=notes)
        kept = replace(kept, kept=True, kept_because=chosen.note if chosen.kept else "")
        return kept, places[:0], sizes.values[:0]
    decision = _record(day, chosen.mask, places, unweighted=places[~sized], notes=notes)
    return decision, places[sized], sizes.values[sized]


def _by_rank(day: _Occasion, mask: BoolArray) -> IntArray:
    """Places of the marked assets, the best-ranked first, those without a rank last."""
    places = np.flatnonzero(mask)
    rank = day.ranks[places]
    return places[np.where(rank > 0, rank, len(day.ranks) + 1).argsort(kind="stable")]


def _record(
    day: _Occasion, selected: BoolArray, places: IntArray, *, unweighted: IntArray, notes: tuple[str, ...] = ()
) -> Decision:
    """The decision without weights yet: who was looked at (everybody where members are chosen, else the members)."""
    choosing = day.cause in CHOOSING
    looked_at: IntArray | slice = slice(None) if choosing else places
    return Decision(
        view=day.view,
        row=day.view.row,
        effective_row=day.effective_row,
        cause=day.cause,
        kept=False,
        assets=day.view.assets[looked_at],
        screens=day.screens if choosing else [screen.take(places) for screen in day.screens],
        eligible=day.eligible[looked_at],
        rank_value=day.values[looked_at],
        rank=day.ranks[looked_at],
        incumbent=day.held[looked_at],
        selected=selected[looked_at],
        chosen=day.view.assets[places],
        unweighted=day.view.assets[unweighted],
        notes=notes,
    )


def _record_of_members(day: _Occasion) -> Decision:
    """The decision of a day on which nobody is chosen or weighted anew; too few without those leaving: all members."""
    staying = _staying(day).mask
    if int(staying.sum()) < day.rules.min_count:
        return _record(day, day.held, np.flatnonzero(day.held), unweighted=np.zeros(0, dtype=np.int64))
    return _record(day, staying, _by_rank(day, staying), unweighted=np.zeros(0, dtype=np.int64))


def _with_weights(decision: Decision, day: _Occasion, places: IntArray, sizes: FloatArray) -> Decision:
    """The decision with weights: by the scheme, bounded, and moved by the overlay."""
    view, state, order = day.view, day.state, day.ranks
    weighting, overlay = day.rules.weighting, day.rules.overlay
    try:
        weights = bound(view, weighting, places, sizes)
    except MethodologyError as cause:
        raise MethodologyError(f"{day.rules.name}, {view.date.date()}: {cause}") from cause
    assets = view.assets[places]
    caps = view.today("market_cap")[places]
    total = caps.sum()
    raw = caps / total if total > 0 else weights.scheme  # NaN is not above zero
    steps = np.array([raw, weights.scheme, weights.capped, weights.bounded, weights.bounded])
    if weights.notes:
        decision = replace(decision, notes=decision.notes + weights.notes)
    if overlay is None:
        return _holding(decision, assets, order[places], steps)
    result = apply_overlay(
        view,
        overlay,
        members=assets,
        weights=weights.bounded,
        within_caps=lambda chosen, values: bound(view, weighting.for_freed_weight, places[chosen], values).bounded,
        held=None if decision.cause == "initial" else (state.assets, state.weights),
        last_exposure=None if state.latest is None else state.latest.exposure,
        planned=state.planned,
    )
    basket = view.source.union(assets, result.assets)
    widened = np.zeros((len(STEPS), len(basket)))
    widened[:4, np.searchsorted(basket, assets)] = steps[:4]
    widened[4, np.searchsorted(basket, result.assets)] = result.weights
    rank = np.zeros(len(basket), dtype=np.int64)
    rank[np.searchsorted(basket, assets)] = order[places]
    return _holding(
        decision,
        basket,
        rank,
        widened,
        exposure=result.exposure,
        turnover=result.turnover,
        notes=decision.notes + result.notes,
    )


def _holding(decision: Decision, members: IntArray, rank: IntArray, steps: FloatArray, **rest: Any) -> Decision:
    """The decision to hold `members` at the last of the `steps`; `rest` are other fields that change."""
    source, row = decision.view.source, decision.row
    return replace(
        decision,
        members=members,
        member_ranks=rank,
        weights=steps[-1],
        steps=steps,
        prices=source.carried_prices(row, members)[0],
        market_caps=source.panel("market_cap")[row, members],
        **rest,
    )


def _bring_back(day: _Occasion) -> Decision:
    """Back to the weights of the latest decision, or into their bands."""
    state, schedule, latest, source = day.state, day.rules.schedule, day.state.latest, day.view.source
    assert latest is not None
    going = sorted(day.view.announced)
    still = source.among(latest.members, state.assets) & ~source.among(latest.members, going)
    members, weights = latest.members[still], latest.weights[still] / latest.weights[still].sum()
    if schedule.drift_to == "band":
        order = np.argsort(state.assets)
        now = state.weights[order][np.searchsorted(state.assets[order], members)]
        now = now / now.sum()  # what could not be weighted keeps its units, and is in neither
        weights = back_into_band(now, weights, schedule)
    steps = np.vstack([latest.steps[:-1, still], weights])
    untouched = np.sort(state.assets[source.among(state.assets, latest.chosen) & ~source.among(state.assets, members)])
    return replace(
        _holding(_record_of_members(day), members, latest.member_ranks[still], steps),
        exposure=latest.exposure,
        unweighted=untouched,
    )


def _switch_stable(day: _Occasion) -> Decision:
    """The latest decision, with the stable leg in the first stablecoin that keeps its peg: nobody is weighted anew."""
    overlay, latest = day.rules.overlay, day.state.latest
    assert overlay is not None
    assert latest is not None
    stable = choose_stablecoin(day.view, overlay, day.state.assets.tolist())
    assert stable is not None
    source, row = day.view.source, day.view.row
    for other in leg_positions(source, overlay, row):
        if other != stable and other in latest.members:
            prices = source.carried_prices(row, np.array([stable, other]))[0]
            latest = with_asset_replaced(latest, int(other), stable, worth=float(prices[0] / prices[1]))
    return replace(
        _record_of_members(day),
        members=latest.members,
        member_ranks=latest.member_ranks,
        weights=latest.weights,
        prices=latest.prices,
        market_caps=latest.market_caps,
        steps=latest.steps,
        exposure=latest.exposure,
        stable=stable,
    )
