"""When an index decides and when it trades: determination days and effective days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pandas as pd

from research.rulebook.schedule import WEEKDAYS, Schedule

Days = TypeVar("Days", pd.Timestamp, pd.DatetimeIndex)
DAY = pd.Timedelta(days=1)
_QUARTERS = {"january": "Q-DEC", "february": "Q-JAN", "march": "Q-FEB"}  # pandas names the month that ends a year


@dataclass(frozen=True, kw_only=True)
class Determination:
    """One decision: taken at the close of `row` (days since the market's first day), traded `lag` rows later."""

    row: int
    effective_row: int
    reconstitution: bool


def determinations(days: pd.DatetimeIndex, schedule: Schedule) -> list[Determination]:
    """Every determination whose day lies within `days`, in order. The effective day may lie beyond their end."""
    anew = _calendar(days, schedule.reconstitution, schedule)
    either = anew | _calendar(days, schedule.rebalance or schedule.reconstitution, schedule)
    return [
        Determination(row=int(row), effective_row=int(row) + schedule.lag_days, reconstitution=bool(anew[row]))
        for row in np.flatnonzero(either)
    ]


def upcoming(last: pd.Timestamp, schedule: Schedule, count: int) -> pd.DataFrame:
    """The next `count` (0 or more) determinations after a day.

    Columns: determination_date, effective_date (datetime), kind (reconstitution or rebalance). What drift calls for is
    not announced, for nobody knows it yet.
    """
    days = pd.date_range(last + DAY, periods=366 * (count + 1), freq="D")
    steps = determinations(days, schedule)[:count]
    return pd.DataFrame(
        {
            "determination_date": [days[step.row] for step in steps],
            "effective_date": [days[step.row] + pd.Timedelta(days=schedule.lag_days) for step in steps],
            "kind": ["reconstitution" if step.reconstitution else "rebalance" for step in steps],
        }
    )


def latest_quarter_end(days: Days, schedule: Schedule) -> Days:
    """For a day, or each of several, the last day of the latest quarter that has ended by its close."""
    return (days + DAY).to_period(_QUARTERS[schedule.quarters_start_in]).to_timestamp() - DAY


def _calendar(days: pd.DatetimeIndex, frequency: str, schedule: Schedule) -> np.ndarray:
    match frequency:
        case "daily":
            return np.ones(len(days), dtype=bool)
        case "weekly":
            return np.asarray(days.day_of_week == WEEKDAYS.index(schedule.weekday))
        case "monthly":
            return np.asarray(days.is_month_end)
        case "quarterly":
            return np.asarray(days == latest_quarter_end(days, schedule))
        case "yearly":
            return np.asarray(days.is_year_end)
    return np.zeros(len(days), dtype=bool)
