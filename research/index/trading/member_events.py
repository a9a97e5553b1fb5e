"""What happens to members while they are held: missing and doubtful prints, collapses, lost pegs, new supplies.

Each is a line of the event log, dated by the day on which it is known. What is done about it is in `portfolio.py` and
`rebalance_triggers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from research.index.decisions.stable_leg import in_leg, peg_deviation
from research.index.trading.records import Event, Segment
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.typing import FloatArray, IntArray

COLLAPSE, LEAP = -0.8, 5.0  # return of a day; price over yesterday's
RUSH = 5.0  # volume over yesterday's
SUPPLY_JUMP = 0.5  # change of the log of the supply in a day


def member_events(source: PointInTime, methodology: Methodology, segments: Sequence[Segment]) -> list[Event]:
    """What happened on the days of stretches of holding, the first of each excluded; in order of day.

    The arrays of all stretches are searched at once: most of them have nothing to tell.
    """
    events: list[Event] = []
    paths = [path for path in segments if path.stop > path.start and len(path.assets)]
    held_back = np.array(sorted(source.held_back)).reshape(-1, 2)
    for path in paths:
        if path.stale.any():
            events += _gaps(source, methodology, path, held_back)
        if methodology.overlay is not None:
            events += _strained_pegs(source, methodology, path)
    events += _collapses(source, paths)
    events += _new_supplies(source, paths)
    return sorted(events, key=lambda event: event.row)


def _jumps(
    paths: Sequence[Segment], values: list[FloatArray], low: float, high: float
) -> Iterator[tuple[Segment, int, int, float]]:
    """Where a value is at most `low` or at least `high` times that of the day before: path, day, place and factor.

    `values` are arrays of the shape of each path's prices. What was zero the day before has no factor.
    """
    if not paths:
        return
    now, before = (np.concatenate([part[days].ravel() for part in values]) for days in (slice(1, None), slice(-1)))
    factor = np.divide(now, before, out=np.full(len(now), np.nan), where=before > 0)
    ends = np.cumsum([part.size - part.shape[1] for part in values])
    for found in np.flatnonzero((factor <= low) | (factor >= high)).tolist():
        number = int(np.searchsorted(ends, found, side="right"))
        width = values[number].shape[1]
        day, place = divmod(found - int(ends[number]) + values[number].size - width, width)
        yield paths[number], day + 1, place, float(factor[found])


def _gaps(source: PointInTime, methodology: Methodology, path: Segment, held_back: IntArray) -> Iterator[Event]:
    """When a price begins to be carried or is held back, when a member is suspended, and when its price comes back.

    `held_back` has the row and the asset of each print that is, in order of row.
    """
    carry = methodology.events.carry_days
    stale, values, total = path.stale, path.values(), path.total
    first, stop = np.searchsorted(held_back[:, 0], [path.start + 1, path.stop + 1])
    told = np.isin(stale[1:], [1, carry + 1]) | (stale[1:] < stale[:-1])  # not every day of what is dead
    for row, asset in held_back[first:stop].tolist():
        told[row - path.start - 1] |= path.assets == asset
    for day, place in np.argwhere(told & (stale[1:] != stale[:-1])) + np.array([1, 0]):
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
            judged = source.judged.get((row, asset))
            detail = f"price back after {_days(before)} without"
            if judged is not None:
                detail = f"the print held back is {'confirmed' if judged.confirmed else 'discarded'}"
            yield Event(row=row, asset=asset, event="resumed", detail=detail, effect=float(change))


def _collapses(source: PointInTime, paths: Sequence[Segment]) -> Iterator[Event]:
    """When a member loses 80 % in a day, or rises fivefold; nothing is done about it, for that would be hindsight."""
    prices = [path.prices for path in paths]
    for path, day, place, factor in _jumps(paths, prices, 1.0 + COLLAPSE, LEAP):
        row, asset = path.start + day, int(path.assets[place])
        volume = source.panel("volume")[row - 1 : row + 1, asset]
        rush = f", volume x{volume[1] / volume[0]:.0f}" if volume[0] > 0 and volume[1] > RUSH * volume[0] else ""
        effect = float(path.weights()[day - 1, place] * (factor - 1.0))
        if factor < 1.0:
            detail = f"price {factor - 1.0:+.0%} in a day{rush}"
            yield Event(row=row, asset=asset, event="collapse", detail=detail, effect=effect)
        else:
            detail = f"price x{factor:.3g} in a day{rush}: a rise, a wrong print, or a redenomination not given to it"
            yield Event(row=row, asset=asset, event="leap", detail=detail, effect=effect)


def _new_supplies(source: PointInTime, paths: Sequence[Segment]) -> Iterator[Event]:
    """When the supply that the data imply (cap / price) jumps; it counts when members are next weighted."""
    caps = source.panel("market_cap")
    supplies = [caps[path.start : path.stop + 1].take(path.assets, axis=1) / path.printed() for path in paths]
    migrated = {(step.row, step.old) for step in source.conversions}
    for path, day, place, factor in _jumps(paths, supplies, np.exp(-SUPPLY_JUMP), np.exp(SUPPLY_JUMP)):
        row, asset = path.start + day, int(path.assets[place])
        if (row, asset) not in migrated:
            detail = f"supply x{factor:.3g} in a day: counts from the next determination on"
            yield Event(row=row, asset=asset, event="supply revised", detail=detail, effect=0.0)


def _strained_pegs(source: PointInTime, methodology: Methodology, path: Segment) -> Iterator[Event]:
    """When a stablecoin that is held goes beyond the warning distance from 1 USD."""
    overlay = methodology.overlay
    assert overlay is not None
    for place in np.flatnonzero(in_leg(source, overlay, path.assets, path.start)).tolist():
        far = peg_deviation(source, int(path.assets[place]), path.start, path.stop) > overlay.depeg_warning
        for day in (np.flatnonzero(far[1:] & ~far[:-1]) + 1).tolist() if far.any() else ():
            price, before = path.prices[day, place], path.prices[day - 1, place]
            effect = path.weights()[day - 1, place] * (price / before - 1.0)
            row, asset = path.start + day, int(path.assets[place])
            yield Event(
                row=row, asset=asset, event="peg warning", detail=f"{price - 1.0:+.2%} from 1 USD", effect=float(effect)
            )


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"
