"""The next day on which something must be done that no decision calls for: what ends a stretch of holding.

A member that has been without a price for too long, an announced removal, a migration, a fork, and what a fork gave
that gets a price. What is done on such a day is in `portfolio.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from research.index.trading.forks import Entitlement, Received, first_priced, next_priced
from research.index.trading.records import Segment
from research.point_in_time.view import PointInTime
from research.rulebook import Events
from research.typing import BoolArray, IntArray


def without_price_too_long(stale: IntArray, events: Events) -> BoolArray:
    """Which members are to be removed, by the days since their last price; shape of `stale`."""
    return stale > events.remove_after_days


def next_forced_row(
    source: PointInTime,
    events: Events,
    path: Segment,
    entitlements: Iterable[Entitlement],
    received: Iterable[Received],
) -> int | None:
    """The first row of the path after its first on which something is forced; None where nothing is."""
    rows = [
        *_removals_for_want_of_a_price(events, path),
        *_announced_removals(source, events, path),
        *_migrations_and_forks(source, path),
        *(outcome[0] for claim in entitlements if (outcome := first_priced(source, claim, path.stop)) is not None),
        *(row for units in received if (row := next_priced(source, units, path.stop)) is not None),
    ]
    return min(rows, default=None)


def _removals_for_want_of_a_price(events: Events, path: Segment) -> Iterator[int]:
    if path.stale.any():
        dead = without_price_too_long(path.stale, events)[1:].any(axis=1)
        yield from (np.flatnonzero(dead)[:1] + path.start + 1).tolist()


def _announced_removals(source: PointInTime, events: Events, path: Segment) -> Iterator[int]:
    """For each member whose removal has been announced, the first later close at which it can be sold."""
    for removal in source.removals:
        place = np.flatnonzero(path.assets == removal.asset)
        if len(place) and removal.row < path.stop:
            first = max(removal.row - path.start, 0) + 1
            tradable = np.flatnonzero(path.stale[first:, place[0]] <= events.tradable_days)
            yield from (path.start + first + int(day) for day in tradable[:1])


def _migrations_and_forks(source: PointInTime, path: Segment) -> Iterator[int]:
    ahead = range(path.start + 1, path.stop + 1)
    for step in source.conversions:
        if step.row in ahead and np.isin([step.old, step.new], path.assets).any():
            yield step.row
    for fork in source.forks:
        if fork.row in ahead and fork.asset in path.assets:
            yield fork.row
