"""What happens to members while they are held: missing and doubtful prints, collapses, lost pegs, new supplies.

Each is a line of the event log, dated by the day on which it is known. What is done about it is in `portfolio.py` and
`watch.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from research.index.methodology import Methodology
from research.index.records import Event, Segment
from research.index.stable_leg import leg_places, peg_distances
from research.index.view import FloatArray, IntArray, PointInTime

COLLAPSE, SURGE = -0.8, 5.0  # return of a day; today's volume over yesterday's
SUPPLY_JUMP = 0.5  # change of the log of the supply in a day


def incidents(source: PointInTime, methodology: Methodology, segments: Sequence[Segment]) -> list[Event]:
    """What happened on the days of stretches of holding, the first of each excluded; in order of day.

    The arrays of all stretches are searched at once: most of them have nothing to tell.
    """
    events: list[Event] = []
    paths = [path for path in segments if path.stop > path.start and len(path.assets)]
    for path in paths:
        if path.stale.any():
            events += _gaps(source, methodology, path)
        if methodology.overlay is not None:
            events += _strained_pegs(source, methodology, path)
    held = _Held.of(paths)
    events += _collapses(source, paths, held)
    events += _new_supplies(source, held)
    return sorted(events, key=lambda event: event.row)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Held:
    """Each day and asset held through, one after the other, with the price of the day and of the day before.

    `path` and `place` say which stretch it was and which of its columns.
    """

    row: IntArray
    asset: IntArray
    path: IntArray
    place: IntArray
    price: FloatArray
    before: FloatArray

    @classmethod
    def of(cls, paths: Sequence[Segment]) -> Self:
        shapes = [(path.stop - path.start, len(path.assets)) for path in paths]
        sizes = [days * width for days, width in shapes]
        nothing: list[FloatArray] = [np.zeros(0)]
        return cls(
            row=_joined([np.repeat(np.arange(path.start + 1, path.stop + 1), len(path.assets)) for path in paths]),
            asset=_joined([np.tile(path.assets, path.stop - path.start) for path in paths]),
            path=np.repeat(np.arange(len(paths)), sizes),
            place=_joined([np.tile(np.arange(width), days) for days, width in shapes]),
            price=np.concatenate(nothing + [path.prices[1:].ravel() for path in paths]),
            before=np.concatenate(nothing + [path.prices[:-1].ravel() for path in paths]),
        )


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _gaps(source: PointInTime, methodology: Methodology, path: Segment) -> Iterator[Event]:
    """When a price begins to be carried or is held back, when a member is suspended, and when its price comes back."""
    carry = methodology.events.carry_days
    stale, values, total = path.stale, path.values(), path.total()
    for day, place in np.argwhere(stale[1:] != stale[:-1]) + np.array([1, 0]):
        now, before = int(stale[day, place]), int(stale[day - 1, place])
        row, asset = path.start + int(day), int(path.assets[place])
        held = source.held_back.get((row, asset))
        if held is not None:
            detail = f"print x{held.factor:.3g} of the last accepted one: that is carried until a second print confirms"
            yield Event(row=row, asset=asset, event="held back", detail=detail)
        elif now == 1 and carry > 0:
            yield Event(row=row, asset=asset, event="carried", detail="no price: the last one is carried")
        if now == carry + 1:
            detail = f"no price for {_days(now)}, carry_days = {carry}: weight frozen"
            yield Event(row=row, asset=asset, event="suspended", detail=detail)
        if now < before:
            change = (values[day, place] - values[day - 1, place]) / total[day - 1]
            judged = [held for held in source.held_back.values() if (held.judged, held.asset) == (row, asset)]
            detail = f"price back after {_days(before)} without"
            if judged:
                detail = f"the print held back is {'confirmed' if judged[-1].confirmed else 'discarded'}"
            yield Event(row=row, asset=asset, event="resumed", detail=detail, effect=float(change))


def _collapses(source: PointInTime, paths: Sequence[Segment], held: _Held) -> Iterator[Event]:
    """When a member loses 80 % in a day; nothing is done about it, for that would be hindsight."""
    for found in np.flatnonzero(held.price <= (1.0 + COLLAPSE) * held.before).tolist():
        row, asset, path = int(held.row[found]), int(held.asset[found]), paths[held.path[found]]
        fall = held.price[found] / held.before[found] - 1.0
        volume = source.panel("volume")[row - 1 : row + 1, asset]
        surge = f", volume x{volume[1] / volume[0]:.0f}" if volume[0] > 0 and volume[1] > SURGE * volume[0] else ""
        loss = path.weights()[row - 1 - path.start, held.place[found]] * fall
        detail = f"price {fall:+.0%} in a day{surge}"
        yield Event(row=row, asset=asset, event="collapse", detail=detail, effect=float(loss))


def _new_supplies(source: PointInTime, held: _Held) -> Iterator[Event]:
    """When the supply that the data imply (cap / price) jumps. Units do not change: it counts at the next weighing."""
    caps, prices = source.panel("market_cap"), source.prices
    now = caps[held.row, held.asset] / prices[held.row, held.asset]
    growth = now / (caps[held.row - 1, held.asset] / prices[held.row - 1, held.asset])
    migrated = {(step.row, step.old) for step in source.conversions}
    for found in np.flatnonzero((growth > np.exp(SUPPLY_JUMP)) | (growth < np.exp(-SUPPLY_JUMP))).tolist():
        row, asset = int(held.row[found]), int(held.asset[found])
        if (row, asset) not in migrated:
            detail = f"supply x{growth[found]:.3g} in a day: counts from the next determination on"
            yield Event(row=row, asset=asset, event="supply revised", detail=detail, effect=0.0)


def _strained_pegs(source: PointInTime, methodology: Methodology, path: Segment) -> Iterator[Event]:
    """When a stablecoin that is held goes beyond the warning distance from 1 USD."""
    overlay = methodology.overlay
    assert overlay is not None
    for place in np.flatnonzero(np.isin(path.assets, leg_places(source, overlay))).tolist():
        far = peg_distances(source, int(path.assets[place]), path.start, path.stop) > overlay.depeg_warning
        for day in (np.flatnonzero(far[1:] & ~far[:-1]) + 1).tolist():
            price, before = path.prices[day, place], path.prices[day - 1, place]
            effect = path.weights()[day - 1, place] * (price / before - 1.0)
            row, asset = path.start + day, int(path.assets[place])
            yield Event(
                row=row, asset=asset, event="peg warning", detail=f"{price - 1.0:+.2%} from 1 USD", effect=float(effect)
            )


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
