"""Which files the daily rows of an updated snapshot lie in: what did not change is shared, and files stay few.

The rule: new days are one part for each update; when a month is over, its parts become one, and so when a year is over.
A part with a day that changed is written anew, cut into finished years, finished months and the rest. So a snapshot
that is updated every day for ten years has at most about fifty parts, and an update writes a day, rarely a month or a
year. A part that covers several years (the first import) is never cut unless one of its days changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from research.market.snapshots.daily_rows import day_of, number_of


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Days that will lie in one part; days are numbers since 1970-01-01, both included.

    Attributes
    ----------
    first, last : int
    source : str, optional
        The part of the old snapshot that has exactly these rows, to be shared; None: to be written.
    """

    first: int
    last: int
    source: str | None = None


def plan_parts(old: Sequence[Piece], changed: Collection[int], first: int, last: int) -> list[Piece]:
    """The parts of a new snapshot with days from `first` to `last`.

    Parameters
    ----------
    old : sequence of Piece
        The parts of the old snapshot, in order, each with its name as `source`.
    changed : collection of int
        Days of the old snapshot whose rows are others now.
    first, last : int
        First and last day of the new snapshot; the old one lies within.

    Returns
    -------
    list of Piece
        In order, without overlap.
    """
    kept = [part for part in old if not any(part.first <= day <= part.last for day in changed)]
    starts = [*(part.first for part in kept), last + 1]
    ends = [first - 1, *(part.last for part in kept)]
    pieces = [*kept]
    for end, start in zip(ends, starts, strict=True):  # the days between two kept parts
        pieces += _cut(end + 1, start - 1, last)
    pieces.sort(key=lambda piece: piece.first)
    united: list[Piece] = []
    for period, group in groupby(pieces, key=lambda piece: _period(piece, last)):
        members = list(group)
        if period is None or len(members) == 1:
            united += members
        else:
            united.append(Piece(first=members[0].first, last=members[-1].last))
    return united


def _cut(first: int, last: int, end: int) -> list[Piece]:
    """Days to write, one piece for each period."""
    pieces = []
    while first <= last:
        stop = min(last, number_of(_last_of_period(day_of(first), day_of(end))))
        pieces.append(Piece(first=first, last=stop))
        first = stop + 1
    return pieces


def _period(piece: Piece, end: int) -> pd.Timestamp | None:
    """The last day of the finished period that a piece lies in; None where it lies in none, or in several."""
    stop = _last_of_period(day_of(piece.first), day_of(end))
    return stop if piece.last <= number_of(stop) < end else None


def _last_of_period(day: pd.Timestamp, end: pd.Timestamp) -> pd.Timestamp:
    """The end of the year of `day` where it is over by `end`, else of its month where that is over, else `end`."""
    for offset in (pd.offsets.YearEnd(0), pd.offsets.MonthEnd(0)):
        stop = day + offset
        if stop < end:
            return stop
    return end
