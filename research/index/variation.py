"""A rulebook with some of its choices changed, as somebody who explores it would change them."""

from __future__ import annotations

from dataclasses import replace

from research.rulebook import Methodology, Schedule, Selection, Weighting


def varied(
    rules: Methodology, *, count: int | None, scheme: str, max_weight: float | None, frequency: str
) -> Methodology:
    """The same rulebook with another number of members, weighting, cap and calendar.

    Parameters
    ----------
    count : int, optional
        Members aimed at. Where it differs, ranks of entry and exit keep their proportion to it. None leaves a rulebook
        alone whose rule has no count.
    scheme : str
        Where it differs from the rulebook's, keys that belong to that scheme alone fall away, and so do other bounds.
    max_weight : float, optional
        Takes the place of caps by rank too; None takes the cap away.
    frequency : str
        How often members are chosen and weighted anew. Where it differs, a rebalance more often than that falls away.

    Raises
    ------
    MethodologyError
        If the choices contradict each other, or the rest of the rulebook: the message says which and why.
    """
    return replace(
        rules,
        selection=_selection(rules.selection, count),
        weighting=_weighting(rules.weighting, scheme, max_weight),
        schedule=_schedule(rules.schedule, frequency),
    )


def _selection(selection: Selection, count: int | None) -> Selection:
    if count is None or count == selection.count or not selection.count:
        return selection
    scale = count / selection.count
    entry, leave = (
        None if rank is None else round(rank * scale) for rank in (selection.entry_rank, selection.exit_rank)
    )
    fewest = None if selection.min_count is None else max(1, min(count, round(selection.min_count * scale)))
    return replace(
        selection,
        count=count,
        entry_rank=None if entry is None else max(1, min(entry, count)),
        exit_rank=None if leave is None else max(leave, count),
        min_count=fewest,
    )


def _weighting(weighting: Weighting, scheme: str, max_weight: float | None) -> Weighting:
    if scheme != weighting.scheme:
        return Weighting(scheme=scheme, max_weight=max_weight)
    if max_weight == weighting.max_weight:
        return weighting
    return replace(weighting, max_weight=max_weight, max_weight_by_rank=())


def _schedule(schedule: Schedule, frequency: str) -> Schedule:
    if frequency == schedule.reconstitution:
        return schedule
    weekday = schedule.weekday if frequency == "weekly" else Schedule.weekday
    return replace(schedule, reconstitution=frequency, rebalance=None, weekday=weekday)
