"""From sizes to weights, step by step: what the scheme gives, what caps make of it, and what floors add.

How weights are bounded is `capping.py`'s work; here is which bounds the rulebook asks for on this day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.errors import DataError, MethodologyError
from research.index.weighting.capping import SLACK, Limits
from research.point_in_time.tags import labels_at
from research.point_in_time.view import MarketView
from research.rulebook import Weighting
from research.typing import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Bounded:
    """Weights of k members before and after their bounds; the differences between the steps are what each step did.

    Attributes
    ----------
    scheme : ndarray, shape (k,)
        In proportion to the sizes, sum 1. All zero when the fallback gives everything to the stable leg.
    capped : ndarray, shape (k,)
        Within caps alone.
    bounded : ndarray, shape (k,)
        Within caps and floors: the weights. They add up to 1, or to less where the rulebook leaves a residual.
    notes : tuple of str
        What could not be met, and what was done.
    """

    scheme: FloatArray
    capped: FloatArray
    bounded: FloatArray
    notes: tuple[str, ...] = ()


def bound(view: MarketView, weighting: Weighting, places: IntArray, sizes: FloatArray) -> Bounded:
    """Weights of the members that have a size.

    Parameters
    ----------
    view, weighting
        The market at the close, and the rulebook's section.
    places : ndarray of int, shape (k,)
        Places of the members in the view's arrays.
    sizes : ndarray, shape (k,)
        Sizes without NaN. Weights are in proportion; the largest size has the first cap of `max_weight_by_rank`.

    Raises
    ------
    DataError
        If no size is positive, other than where the fallback "stable" makes them so.
    MethodologyError
        If the bounds cannot be met and `infeasible` is "error", or floors cannot be met.
    """
    total = sizes.sum()
    if not total > 0:
        if weighting.fallback == "stable":
            return Bounded(scheme=sizes, capped=sizes, bounded=sizes)
        raise DataError(f"none of {len(sizes)} members has a size above zero on {view.date.date()}. Screen them out.")
    scheme = np.asarray(sizes / total)
    if not weighting.is_bounded:
        return Bounded(scheme=scheme, capped=scheme, bounded=scheme)
    groups = None if weighting.max_group_weight is None else group_labels(view, places, weighting.group_by)
    both = Limits.of(
        sizes, caps_by_rank(sizes, weighting.tiers), weighting.min_weight, groups, weighting.max_group_weight
    )
    if weighting.min_weight is not None:
        both.check_floors()
    room = both.room(sizes)
    if room < 1.0 - SLACK:
        return _infeasible(weighting, both, sizes, scheme, room)
    if both.hold(scheme):
        return Bounded(scheme=scheme, capped=scheme, bounded=scheme)
    bounded = both.project(sizes, 1.0)
    return Bounded(scheme=scheme, capped=_caps_alone(both, weighting, sizes, scheme, bounded), bounded=bounded)


def _caps_alone(
    both: Limits, weighting: Weighting, sizes: FloatArray, scheme: FloatArray, bounded: FloatArray
) -> FloatArray:
    if weighting.min_weight is None:
        return bounded
    caps = Limits(
        lower=np.zeros(len(sizes)), upper=both.upper, labels=both.labels, codes=both.codes, group_cap=both.group_cap
    )
    # without its floor a member of size zero makes no room: caps alone may then add up to less than 1
    return scheme if caps.hold(scheme) else caps.project(sizes, min(1.0, caps.room(sizes)))


def _infeasible(weighting: Weighting, limits: Limits, sizes: FloatArray, scheme: FloatArray, room: float) -> Bounded:
    shortage = limits.shortage(sizes)
    if weighting.infeasible == "error":
        raise MethodologyError(shortage)
    if weighting.infeasible == "residual_to_stable":
        weights = limits.project(sizes, room)
        note = f"{shortage} Every member is at its cap, {1 - room:.4g} goes to the stable leg."
    else:
        live = (sizes > 0) | (limits.lower > 0)
        weights = np.where(live, 1.0 / live.sum(), 0.0)
        note = f"{shortage} The {live.sum()} members are weighted equally, in breach of the bounds."
    return Bounded(scheme=scheme, capped=weights, bounded=weights, notes=(note,))


def caps_by_rank(sizes: FloatArray, tiers: tuple[float, ...]) -> FloatArray | None:
    """The cap of each member, shape (k,): the first of `tiers` for the largest, the last one for all beyond it.

    Equal sizes are ranked as they come, which is in order of the index's own ranks. None without tiers.
    """
    if not tiers:
        return None
    if len(tiers) == 1:
        return np.full(len(sizes), tiers[0])
    ranks = np.empty(len(sizes), dtype=np.int64)
    ranks[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return np.asarray(tiers)[np.minimum(ranks, len(tiers) - 1)]


def group_labels(view: MarketView, places: IntArray, prefix: str) -> NDArray[np.object_]:
    """The group of each member, shape (k,): its tag as `labels_at` finds it on the view's day.

    A member without one is a group of its own, labelled with its id.
    """
    names = view.source.asset_ids[view.assets[places]]
    labels = labels_at(view.source.market.tags, names, view.date, prefix)
    return np.where(labels == "", names, labels)
