"""Which UTC day's close a moment is, and of several rows on one day the last."""

from __future__ import annotations

import numpy as np

from research.errors import DataError
from research.market.imports.profile.sections import Dates, DatingRule
from research.market.imports.reading.batches import Batch, Tally
from research.market.imports.reading.cells import DAY
from research.market.imports.reading.rows import Rows

JUST_AFTER = 600  # seconds past midnight that still count as midnight: a vendor's clock is not to the second


def days_of(batch: Batch, seconds: np.ndarray, timed: bool, dates: Dates) -> tuple[np.ndarray, np.ndarray]:
    """The day whose close each row is (since 1970-01-01), and how many seconds before its end the row lies.

    Raises
    ------
    DataError
        If there are times of day and the profile does not say what they mean, or if a row is the close of no day.
    """
    if dates.stamp is None and timed:
        raise DataError(
            f"{batch.file.label}: row {batch.row[0]} is stamped {_shown(seconds[0])} UTC. Is it the close of that day "
            '(say stamp = "day" under [dates] of the profile) or the value at that moment, so that 00:00 is the close '
            'of the day before (stamp = "end")?'
        )
    days = (seconds - JUST_AFTER if dates.stamp == "end" else seconds) // DAY
    before_end = (days + 1) * DAY - seconds
    late = before_end > dates.closing_hours * 3600
    if dates.stamp == "end" and dates.intraday == "refuse" and late.any():
        raise DataError(
            f"{batch.file.label}: row {batch.first(late)} is stamped {_shown(seconds[int(late.argmax())])} UTC, which "
            'is no day\'s end. To keep the last row of each day alone, say intraday = "last" under [dates].'
        )
    return days, before_end


def dated(days: np.ndarray, rules: tuple[DatingRule, ...]) -> tuple[np.ndarray, np.ndarray]:
    """For each day since 1970 the number of its dating rule (0: none), and the days by which the rule moves it."""
    starts = np.array([rule.start for rule in rules], dtype="datetime64[D]").astype(np.int64)
    rule = np.searchsorted(starts, days, side="right")
    return rule, np.array([0, *(rule.shift_days for rule in rules)])[rule]


def _shown(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s")).replace("T", " ")


class LastOfDay:
    """Of the rows of one asset and day the last; rows that lie too long before the end of their day are left out.

    A file is taken to be in order of time: of each asset the newest day is held back until a newer one or the end of
    the file comes. What comes later for a day that was given out is a second row for that day, as in any table.
    """

    def __init__(self, dates: Dates, tally: Tally) -> None:
        self._longest, self._tally = dates.closing_hours * 3600, tally
        self._held: list[tuple[Rows, np.ndarray]] = []

    def add(self, rows: Rows, before_end: np.ndarray) -> Rows:
        """Take more rows, and give out those that cannot be followed by a later one of their day."""
        parts = [*self._held, (rows, before_end)]
        rows = Rows.joined([part for part, _ in parts])
        before_end = np.concatenate([seconds for _, seconds in parts])
        keys = rows.texts["key"]
        inside = np.flatnonzero(before_end <= self._longest)
        order = inside[np.lexsort((-before_end[inside], rows.days[inside], keys[inside]))]
        newest_key = np.append(np.diff(keys[order]) != 0, True)[: len(order)]
        last = newest_key | np.append(np.diff(rows.days[order]) != 0, True)[: len(order)]
        self._tally.intraday_rows += len(rows) - int(last.sum())
        held = np.sort(order[newest_key])
        self._held = [(rows.take(held), before_end[held])]
        return rows.take(np.sort(order[last & ~newest_key]))

    def rest(self) -> list[Rows]:
        """What was held back."""
        rows = [part for part, _ in self._held]
        self._held = []
        return rows
