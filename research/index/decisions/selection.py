"""Selection rules: which of the ranked, eligible assets become members.

`rank_values` says what assets are ranked by, `select` applies the rule; both look the rule up by the name used in the
rulebook. Ranking is in `point_in_time/measures.py`, ballots in `votes.py`, CRIX's number of constituents in
`information_criterion.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from research.index.decisions.information_criterion import current_review
from research.index.decisions.votes import Proposals, Tally
from research.point_in_time.given_tables import given
from research.point_in_time.measures import measure
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Schedule, Selection, Universe
from research.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """What a rule chooses from; arrays of shape (n,) over the view's assets.

    Attributes
    ----------
    universe, schedule : Universe, Schedule
        The screens that were passed, and the calendar (CRIX's rule looks at the months of a quarter through them).
    ranks : ndarray of int
        1, 2, ... for eligible assets, 0 for the others.
    values : ndarray
        What they are ranked by.
    incumbents : ndarray of bool
    """

    view: MarketView
    universe: Universe
    schedule: Schedule
    ranks: IntArray
    values: FloatArray
    incumbents: BoolArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Selected:
    """What a rule decided.

    Attributes
    ----------
    mask : ndarray of bool, shape (n,)
        The members chosen. All False where nothing could be chosen.
    kept : bool
        The rule decided to keep the previous composition as it is (a vote without quorum): nothing trades.
    note : str
        The rule's own numbers in words, for the audit trail; empty for rules that have none beyond the ranks.
    """

    mask: BoolArray
    kept: bool = False
    note: str = ""


Rule = Callable[[Candidates, Selection], Selected]


def rank_values(view: MarketView, selection: Selection) -> FloatArray:
    """What assets are ranked by, shape (n,), NaN where there is nothing to rank by: ballots, or `rank_by`."""
    if selection.rule != "votes":
        return measure(view, selection.rank_by)
    counted = _latest_tally(view, selection)
    values = np.full(len(view.assets), np.nan)
    if counted is not None:
        scores = counted.elected(selection.approval)
        listed = view.source.asset_ids[view.assets]
        values = scores.reindex(listed).to_numpy(dtype=float)
    return values


def select(candidates: Candidates, selection: Selection) -> Selected:
    """Choose members by the rulebook's rule."""
    return RULES[selection.rule](candidates, selection)


def largest(ranks: IntArray, incumbents: BoolArray, selection: Selection) -> BoolArray:
    """The best-ranked `count` assets, with a buffer for members.

    Everything ranked `entry_rank` or better is in. Members ranked down to `exit_rank` follow in order of rank, then
    the best-ranked of the others, until `count` are in.

    Parameters
    ----------
    ranks : ndarray of int, shape (n,)
        1, 2, ... for eligible assets, 0 for the others.
    incumbents : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    entry, leave = selection.buffer
    ranked = ranks > 0
    if entry == leave:  # no buffer
        return ranked & (ranks <= leave)
    sure = ranked & (ranks <= entry)
    kept = ranked & incumbents & (ranks <= leave) & ~sure
    group = np.where(sure, 0, np.where(kept, 1, 2))
    order = np.lexsort((ranks, group))
    order = order[ranked[order]][: selection.count]
    selected = np.zeros(len(ranks), dtype=bool)
    selected[order] = True
    return selected


def by_rank(candidates: Candidates, selection: Selection) -> Selected:
    """The best-ranked, by whatever measure and from whichever end, with the buffer."""
    return Selected(mask=largest(candidates.ranks, candidates.incumbents, selection))


def by_vote(candidates: Candidates, selection: Selection) -> Selected:
    """The eligible assets with the highest scores in the latest closed proposal, with the buffer.

    Eligibility comes first: a vote cannot admit what the screens refuse. Below the quorum the previous composition
    is kept.
    """
    counted = _latest_tally(candidates.view, selection)
    if counted is None:
        return Selected(mask=np.zeros(len(candidates.ranks), dtype=bool), note="no proposal has closed yet")
    note = (
        f"proposal {counted.proposal}, snapshot {counted.snapshot.date()}: turnout {counted.turnout:.1%}, "
        f"quorum {selection.quorum:.1%}"
    )
    if counted.turnout < selection.quorum:
        return Selected(mask=candidates.incumbents, kept=True, note=f"{note} not reached")
    unlisted = sorted(set(counted.scores.index) - set(candidates.view.source.asset_ids[candidates.view.assets]))
    if unlisted:
        note += f"; not listed, so not eligible: {', '.join(unlisted)}"
    return Selected(mask=largest(candidates.ranks, candidates.incumbents, selection), note=note)


def by_coverage(candidates: Candidates, selection: Selection) -> Selected:
    """The smallest set whose share of the eligible total reaches `coverage`; members stay while they cover the floor.

    Shares are of the measure ranked by, among the ranked. Members that are no longer eligible leave at any rate.
    """
    ranks, values = candidates.ranks, candidates.values
    order = np.argsort(ranks, kind="stable")[(ranks == 0).sum() :]
    total = np.cumsum(values[order])
    nobody = np.zeros(len(ranks), dtype=bool)
    if not len(order) or not total[-1] > 0:
        return Selected(mask=nobody, note="nothing eligible to cover")
    staying = candidates.incumbents & (ranks > 0)
    held = float(values[order][staying[order]].sum() / total[-1])
    floor = selection.coverage_floor
    if floor is not None and staying.any() and held >= floor:
        note = f"members cover {held:.1%} of the eligible total, not below the floor of {floor:.1%}: no change"
        return Selected(mask=staying, note=note)
    goal = (selection.coverage or 1.0) * total[-1]
    count = int((total < goal).sum()) + 1
    count = max(min(count, selection.max_count or count, len(order)), selection.min_count or 1)
    chosen = nobody.copy()
    chosen[order[:count]] = True
    reached = total[min(count, len(order)) - 1] / total[-1]
    return Selected(mask=chosen, note=f"the {chosen.sum()} largest cover {reached:.1%} of the eligible total")


def by_information_criterion(candidates: Candidates, selection: Selection) -> Selected:
    """The largest, as many as the latest quarterly review found necessary."""
    review = current_review(candidates.view, candidates.universe, selection, candidates.schedule)
    if review is None:
        note = (
            "no review of the number of constituents yet: the first needs three whole months before it, with "
            f"{selection.first_count} eligible assets at the start of each (first_count)"
        )
        return Selected(mask=np.zeros(len(candidates.ranks), dtype=bool), note=note)
    mask = (candidates.ranks > 0) & (candidates.ranks <= review.count)
    return Selected(mask=mask, note=f"{review.count} constituents by the review of {review.date.date()}")


def everyone(candidates: Candidates, _: Selection) -> Selected:
    """Every eligible asset that has a value to rank by."""
    return Selected(mask=candidates.ranks > 0)


RULES: dict[str, Rule] = {
    "largest": by_rank,
    "top_by": by_rank,
    "votes": by_vote,
    "coverage": by_coverage,
    "information_criterion": by_information_criterion,
    "all": everyone,
}


def _latest_tally(view: MarketView, selection: Selection) -> Tally | None:
    """The count of the latest proposal that has closed by the view's day. Ranking and choosing both ask for it."""
    known = _TALLIES.setdefault(view, {})
    if selection not in known:
        proposals = _PROPOSALS.get(view.source)
        if proposals is None:
            proposals = _PROPOSALS[view.source] = Proposals(given("votes", view.source.votes))
        latest = proposals.latest_closed(view.date, selection.voting_days)
        known[selection] = None
        if latest is not None:
            known[selection] = proposals.tally(
                latest,
                view.date,
                power=selection.power,
                power_cap=selection.power_cap,
                voting_days=selection.voting_days,
            )
    return known[selection]


_TALLIES: WeakKeyDictionary[MarketView, dict[Selection, Tally | None]] = WeakKeyDictionary()
_PROPOSALS: WeakKeyDictionary[PointInTime, Proposals] = WeakKeyDictionary()
