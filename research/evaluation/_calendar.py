"""What is checked of dates, before a figure is annualised or two series are compared.

Where dates are given, their spacing must be that of `periods_per_year`, and two series must lie on one calendar. A row
left out inside a history is a gap like a NaN there: it makes two periods of one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_object_dtype

from research.checks import check_number
from research.errors import DataError

TOLERANCE = 0.05  # of the periods in a calendar year: 252 for 261 weekdays is meant, 365 is not


def require_dates(data: pd.Series | pd.DataFrame, name: str = "returns") -> pd.DatetimeIndex:
    """The dates of the rows, for whatever needs a calendar."""
    if not isinstance(data, pd.Series | pd.DataFrame):
        raise DataError(f"{name}: expected a pandas Series or DataFrame, found {type(data).__name__}.")
    if not isinstance(data.index, pd.DatetimeIndex):
        raise DataError(f"{name}: this needs dates; expected a DatetimeIndex, found {type(data.index).__name__}.")
    return data.index


def require_days(data: pd.Series | pd.DataFrame, name: str = "returns") -> pd.DatetimeIndex:
    """The dates of the rows without a time zone, for whatever gives dates or calendar periods back."""
    dates = require_dates(data, name)
    if dates.tz is not None:
        raise DataError(f"{name}: dates in the time zone {dates.tz}; take it off with .tz_localize(None) first.")
    return dates


def check_periods_per_year(periods_per_year: float) -> None:
    """365, 252, 52, 12, ...: a positive number."""
    check_number("periods_per_year", periods_per_year, DataError, above=0, at_most=1e9)


def usual_step(index: pd.Index) -> float | None:
    """Days between two rows, the median; none where the rows have no dates."""
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 2:
        return None
    return float(np.median(np.diff(index.to_numpy()) / np.timedelta64(1, "D")))


def check_spacing(index: pd.Index, periods_per_year: float | None) -> None:
    """Refuse dates that are spaced otherwise than `periods_per_year` says, or with a hole.

    Refused: more than 5 % more or fewer rows than the calendar years ask for, and a step of more than one and a half
    periods (ten days for weekday data, 200 to 300 periods a year). Not looked at: rows without dates, and 1 period a
    year, which leaves figures per period.
    """
    if periods_per_year is None:
        return
    check_periods_per_year(periods_per_year)
    if not isinstance(index, pd.DatetimeIndex) or periods_per_year == 1 or len(index) < 2:
        return
    days = np.diff(index.to_numpy()) / np.timedelta64(1, "D")
    periods, years = len(days), days.sum() / 365.25
    usual = 365.25 / periods_per_year
    longest = int(days.argmax())
    is_business = 200 < periods_per_year < 300  # weekends and holidays
    hole = f"The longest step is from {day(index[longest])} to {day(index[longest + 1])}. "
    if abs(periods - periods_per_year * years) > max(TOLERANCE * periods_per_year * years, 1.5):
        raise DataError(
            f"returns: {periods + 1:,} rows from {day(index[0])} to {day(index[-1])} are {periods / years:.4g} a "
            f"calendar year, but periods_per_year is {periods_per_year:g}. {hole}Pass the right periods_per_year, or "
            "fill the missing rows on purpose."
        )
    if days[longest] > (max(10.0, 1.5 * usual) if is_business else 1.5 * usual):
        raise DataError(
            f"returns: rows are missing inside the history. {hole}One return over {days[longest]:.3g} days is no "
            f"return of one period at periods_per_year = {periods_per_year:g}. Fill the missing rows on purpose, or "
            "drop the dates (reset_index) to count every row as one period."
        )


def check_calendar(companion: pd.Series | pd.DataFrame, index: pd.Index, name: str) -> None:
    """Refuse a companion with values between the dates of a history: its periods are not those of the history."""
    if companion.index.equals(index):
        return
    check_order(companion, name)
    check_kind(companion, index, name)
    known = companion.notna() if isinstance(companion, pd.Series) else companion.notna().any(axis=1)
    dates = companion.index[known.to_numpy()]
    between = dates[(dates > index[0]) & (dates < index[-1])].difference(index) if len(index) else dates[:0]
    if len(between):
        raise DataError(
            f"{name}: it has {len(between)} values on dates that the returns lack, the first on {day(between[0])}, so "
            "its periods are shorter than theirs. Take both from levels on the same dates (returns_from_levels), or "
            "resample both (resample_returns)."
        )


def check_kind(companion: pd.Series | pd.DataFrame, index: pd.Index, name: str) -> None:
    """Refuse to put dates beside row numbers, or dates with a time zone beside dates without one."""
    theirs, ours = companion.index.dtype, index.dtype
    is_same = type(companion.index) is type(index) and is_object_dtype(theirs) == is_object_dtype(ours)
    if not is_same or getattr(theirs, "tz", None) != getattr(ours, "tz", None):
        raise DataError(f"{name}: its rows are {theirs}, those of the returns {ours}; give both the same kind of rows.")


def check_order(data: pd.Series | pd.DataFrame, name: str) -> None:
    if not (data.index.is_unique and data.index.is_monotonic_increasing):
        raise DataError(f"{name}: the rows must be in increasing order without repeats; sort them and drop repeats.")


def day(label: Any) -> str:
    return str(label.date()) if isinstance(label, pd.Timestamp) else repr(label)
