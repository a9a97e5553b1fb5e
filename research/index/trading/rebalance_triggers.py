"""Conditions looked at on every close: drift out of the bands, and a stablecoin that loses its peg."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from research.index.decisions.drift_bands import out_of_band
from research.index.decisions.migrated import after_migrations
from research.index.decisions.records import Cause, Decision
from research.index.decisions.stable_leg import broken, choose_stablecoin, in_leg
from research.index.trading.records import Segment
from research.point_in_time.view import PointInTime
from research.rulebook import Overlay
from research.rulebook.methodology import Methodology


class Call(NamedTuple):
    """A close that calls for a decision, and its cause. Of two on one day drift comes first: its name sorts so."""

    row: int
    cause: Cause


def needs_watching(methodology: Methodology) -> bool:
    """Whether anything has to be looked at between the calendar's days."""
    return methodology.schedule.watches_drift or methodology.overlay is not None


def first_call(
    source: PointInTime,
    methodology: Methodology,
    path: Segment,
    last: Decision | None,
    *,
    after: int,
    cool: int,
    peg: bool,
) -> Call | None:
    """The first close on the path, later than row `after`, that calls for a decision; and the cause.

    A close is judged by what is known on it; a path that is longer gives the same answer.

    Parameters
    ----------
    last : Decision, optional
        What drift is measured from; None where it is not looked for.
    cool : int
        The last row on which no drift is looked for.
    peg : bool
        Whether the stable leg is watched.
    """
    calls: list[Call] = []
    if methodology.schedule.watches_drift and last is not None:
        calls += _drift(source, methodology, path, after_migrations(last, path.start), max(after, cool))
    if methodology.overlay is not None and peg:
        calls += _lost_peg(source, methodology.overlay, path, after)
    return min(calls, default=None)


def _drift(source: PointInTime, methodology: Methodology, path: Segment, last: Decision, after: int) -> list[Call]:
    """The first day out of band.

    Weights are shares of what has a target: what could not be weighted or sold is no drift.
    """
    held = source.among(last.members, path.assets) & (last.weights > 0)
    if not held.any():
        return []
    place = np.searchsorted(path.assets, last.members[held])
    target = last.weights[held] / last.weights[held].sum()
    weights = np.ascontiguousarray(path.values()[:, place])
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.arange(path.start, path.stop + 1)
    open_rows = rows[out_of_band(weights, target, methodology.schedule) & (rows > after)]
    return [Call(int(open_rows[0]), "drift")] if len(open_rows) else []


def _lost_peg(source: PointInTime, overlay: Overlay, path: Segment, after: int) -> list[Call]:
    """For each stablecoin held the first day on which its peg is lost while another one of the leg keeps its own."""
    first = max(path.start, after + 1)
    calls: list[Call] = []
    for stable in path.assets[in_leg(source, overlay, path.assets, path.start)].tolist():
        rows = np.flatnonzero(broken(source, overlay, stable, first, path.stop)) + first
        usable = (row for row in rows.tolist() if choose_stablecoin(source.at(row), overlay) is not None)
        calls += [Call(row, "stable switch") for row in itertools.islice(usable, 1)]
    return calls
