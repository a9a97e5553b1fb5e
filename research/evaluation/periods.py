"""Returns over calendar windows, by month and year, at a lower frequency.

A window that the history does not cover is missing (NaN), never shortened. Rolling windows of a fixed number of
periods are in `rolling.py`. All functions here need a DatetimeIndex; units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

import calendar
from typing import Any, Literal

import pandas as pd

from research.errors import DataError, shown, suggest
from research.evaluation._calendar import check_periods_per_year, check_spacing, require_dates, require_days
from research.evaluation._columns import Frame, PerColumn, by_column, companion_of, history
from research.evaluation.drawdowns import history_base
from research.evaluation.metrics import total_return

WINDOWS = ("MTD", "QTD", "YTD", "1Y", "3Y", "5Y", "SI")
FREQUENCIES = {"daily": "D", "weekly": "W-SUN", "monthly": "M", "quarterly": "Q", "yearly": "Y"}
MONTHS = list(calendar.month_abbr)[1:]


def period_returns(
    returns: Frame, *, as_of: str | pd.Timestamp | None = None, annualized: bool = False, periods_per_year: float = 365
) -> Frame:
    """Returns month, quarter and year to date, over one, three and five years, and since inception.

    Parameters
    ----------
    returns : Series or DataFrame of returns (not levels), DatetimeIndex
    as_of : date, optional
        Last day of every window: the last day with a return (of any column) by default.
    annualized : bool
        Annualise what spans more than a year, (1+R)^(q/n) − 1 with n returns in the window.

    Returns
    -------
    Series (index MTD, QTD, YTD, 1Y, 3Y, 5Y, SI), or DataFrame of such columns
        MTD, QTD and YTD start at the close of the last day of the previous month, quarter, year; 1Y at the close of
        the same day a year earlier. NaN where the history begins later or ends before `as_of`.
    """
    require_dates(returns)
    check_periods_per_year(periods_per_year)
    frame = returns.to_frame("value") if isinstance(returns, pd.Series) else returns
    end = frame.index[frame.notna().any(axis=1)].max() if as_of is None else _day(as_of, frame.index)
    columns: dict[Any, list[float]] = {}
    for label in frame.columns:
        series, base = history(frame[label]), history_base(frame[label])
        check_spacing(series.index, periods_per_year if annualized else None)
        covered = [series.loc[_inside(series, base, window_start(window, end, base), end)] for window in WINDOWS]
        rate = [periods_per_year / max(len(part), periods_per_year) if annualized else 1.0 for part in covered]
        columns[label] = [(1.0 + total_return(part)) ** power - 1.0 for part, power in zip(covered, rate, strict=True)]
    table = pd.DataFrame(columns, index=pd.Index(WINDOWS, name="period"), columns=frame.columns)
    return pd.Series(table["value"], name=returns.name) if isinstance(returns, pd.Series) else table


def window_start(window: str, end: pd.Timestamp, base: pd.Timestamp) -> pd.Timestamp:
    """The date at whose close a window that ends on `end` begins; `base` is where "SI" begins. NaT without an end."""
    if window == "SI" or pd.isna(end):
        return base
    to_date = {"MTD": "M", "QTD": "Q", "YTD": "Y"}
    if window in to_date:
        return end.to_period(to_date[window]).start_time - pd.Timedelta(days=1)
    years = {"1Y": 1, "3Y": 3, "5Y": 5}
    if window not in years:
        raise DataError(f"unknown window {window!r}: {suggest(window, WINDOWS)}")
    return end - pd.DateOffset(years=years[window])


def calendar_table(returns: pd.Series, *, benchmark: pd.Series | None = None) -> pd.DataFrame:
    """Returns by month and year.

    Returns
    -------
    DataFrame, index = year (int), columns Jan … Dec, Year [, Benchmark, Active]
        Fractions. The month and the year in which the history begins are missing unless they are whole; the last ones
        run to the last date. Benchmark is the benchmark's return of the year, over the same days; Active is
        Year − Benchmark.
    """
    own = history(returns)
    require_days(own)
    monthly, yearly = _calendar_returns(returns, "M"), _calendar_returns(returns, "Y")
    months = pd.PeriodIndex(monthly.index)
    cells = pd.DataFrame({"year": months.year, "month": months.month, "return": monthly.to_numpy()})
    cells = cells.pivot_table(index="year", columns="month", values="return", aggfunc="first")
    years = pd.Index(require_dates(own).year.unique(), name="year")
    table = cells.reindex(index=years, columns=range(1, 13)).set_axis(MONTHS, axis="columns")
    table["Year"] = pd.Series(yearly.to_numpy(), index=pd.PeriodIndex(yearly.index).year)
    if benchmark is not None:
        same_days = companion_of(own, benchmark).reindex(returns.index)
        theirs = _calendar_returns(same_days, "Y")
        if same_days.loc[own.index].tail(1).isna().any():
            theirs = theirs.iloc[:-1]  # the benchmark ends before the series: its last year is not the same days
        table["Benchmark"] = pd.Series(theirs.to_numpy(), index=pd.PeriodIndex(theirs.index).year)
        table["Active"] = table["Year"] - table["Benchmark"]
    return table


def resample_returns(returns: Frame, frequency: Literal["daily", "weekly", "monthly", "quarterly", "yearly"]) -> Frame:
    """Compound returns to a lower frequency: weeks end on Sunday, the others with the calendar.

    The first and the last period are kept when the history covers them whole and are dropped (NaN, outside the
    history) otherwise, so that every value is the return of a whole period.

    Returns
    -------
    Series or DataFrame, index = last day of each period
    """
    if not isinstance(frequency, str) or frequency not in FREQUENCIES:
        raise DataError(f"unknown frequency {shown(frequency)}: {suggest(frequency, FREQUENCIES)}")
    if isinstance(returns, pd.DataFrame):
        return pd.DataFrame({label: resample_returns(returns[label], frequency) for label in returns.columns})
    whole = _calendar_returns(returns, FREQUENCIES[frequency])
    last = returns.last_valid_index()
    whole = whole[[period.end_time.normalize() <= last for period in whole.index]]
    return pd.Series(
        whole.to_numpy(), index=pd.DatetimeIndex([p.end_time.normalize() for p in whole.index]), name=returns.name
    )


def share_positive(returns: Frame) -> PerColumn:
    """Share of the returns above zero: of a return series, or of the windows that `rolling_returns` gives."""
    return by_column(lambda r: (r > 0).mean(axis=0), returns)


def _day(as_of: str | pd.Timestamp, dates: pd.Index) -> pd.Timestamp:
    try:
        end = pd.Timestamp(as_of)
        fits = not pd.isna(end) and (end.tz is None) == (pd.DatetimeIndex(dates).tz is None)
    except (TypeError, ValueError) as cause:
        raise DataError(f"as_of = {shown(as_of)}: expected a date, such as 2024-12-31.") from cause
    if not fits:
        raise DataError(f"as_of = {shown(as_of)}: expected a date in the time zone of the returns, if they have one.")
    return end


def _inside(series: pd.Series, base: pd.Timestamp, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Rows of the window (start, end]; none at all when the history does not cover it."""
    covered = len(series) > 0 and base <= start and series.index[-1] >= end
    return pd.Series(covered & (series.index > start) & (series.index <= end), index=series.index)


def _calendar_returns(returns: pd.Series, code: str) -> pd.Series:
    """Compounded returns by calendar period, without a first period that the history does not cover."""
    series = history(returns)
    periods = require_dates(series).to_period(code)
    compounded = (1.0 + series).groupby(periods).prod() - 1.0
    if len(compounded) and history_base(returns) >= compounded.index[0].start_time:
        compounded = compounded.iloc[1:]
    return compounded
