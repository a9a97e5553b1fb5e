"""Returns over calendar windows, by month and year, at a lower frequency.

A window that the history does not cover is missing (NaN), never shortened. Rolling windows of a fixed number of
periods are in `rolling.py`. All functions here need a DatetimeIndex; units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

import calendar
from typing import Literal

import numpy as np
import pandas as pd

from research.errors import DataError, shown, suggest
from research.evaluation._calendar import check_periods_per_year, check_spacing, require_days
from research.evaluation._columns import (
    CELLS,
    Frame,
    PerColumn,
    by_column,
    companion_of,
    history,
    limits,
)
from research.evaluation._growth import held, refuse_impossible
from research.evaluation.drawdowns import before_first
from research.typing import FloatArray, IntArray

DAYS = {"1D": 1, "1W": 7}
TO_DATE = {"MTD": "M", "QTD": "Q", "YTD": "Y"}
MONTHS_BACK = {"3M": 3, "6M": 6}
YEARS = {"1Y": 1, "3Y": 3, "5Y": 5}  # of 365 days, as everywhere here: 1Y is the last value of a rolling year
WINDOWS = (*DAYS, *TO_DATE, *MONTHS_BACK, *YEARS, "SI")
FREQUENCIES = {"daily": "D", "weekly": "W-SUN", "monthly": "M", "quarterly": "Q", "yearly": "Y"}
MONTHS = list(calendar.month_abbr)[1:]


def period_returns(
    returns: Frame, *, as_of: str | pd.Timestamp | None = None, annualized: bool = False, periods_per_year: float = 365
) -> Frame:
    """Returns over a day and a week, to date in month, quarter and year, over months and years, and in all.

    Parameters
    ----------
    returns : Series or DataFrame of returns (not levels), DatetimeIndex
    as_of : date, optional
        Last day of every window: the last day with a return (of any column) by default.
    annualized : bool
        Annualise what spans more than a year, (1+R)^(q/n) − 1 with n returns in the window.

    Returns
    -------
    Series (index 1D, 1W, MTD, QTD, YTD, 3M, 6M, 1Y, 3Y, 5Y, SI), or DataFrame of such columns
        1D and 1W start at the close one day and seven days before; MTD, QTD and YTD at the close of the last day of the
        previous month, quarter, year; 3M and 6M at the close of the same day so many months before, from a last day of
        a month at that of a last day; 1Y, 3Y and 5Y at the close 365, 1,095 and 1,825 days before, so that 1Y is the
        last value of `rolling_returns`. NaN where the history begins later or ends before `as_of`.
    """
    dates = require_days(returns)
    check_periods_per_year(periods_per_year)
    frame = returns.to_frame("value") if isinstance(returns, pd.Series) else returns
    values, first, last = limits(frame)
    end = dates[last[first < last] - 1].max() if as_of is None else _day(as_of)
    for begin, stop in np.unique(np.stack([first, last]), axis=1).T if annualized else ():
        check_spacing(dates[begin:stop], periods_per_year)
    base = _bases(dates, first)
    reaches = (first < last) & np.asarray(dates[last - 1] >= end) if len(dates) else first < last
    stop = dates.searchsorted(end, "right")
    starts = [window_start(window, end) for window in WINDOWS]
    rows = [0 if start is None else dates.searchsorted(start, "right") for start in starts]
    begins = np.maximum(np.array(rows)[:, None], first)
    covered = np.array([reaches if start is None else reaches & np.asarray(base <= start) for start in starts])
    covered &= begins < stop
    table = np.full(begins.shape, np.nan)
    steps = np.unique(begins[covered])
    if len(steps):
        # all windows end together: the growth of one is that of the next shorter one and of the days before it
        within = values[steps[0] : stop]
        refuse_impossible(np.fmin.reduce(within, axis=0)[covered.any(axis=0)].min())
        with np.errstate(over="ignore", invalid="ignore"):
            growth = _by_period(within, steps - steps[0])[::-1].cumprod(axis=0)[::-1]
        there = np.take_along_axis(growth, np.minimum(steps.searchsorted(begins), len(steps) - 1), axis=0)
        table[covered] = held(there[covered]) - 1.0
    if annualized:
        table = (1.0 + table) ** (periods_per_year / np.maximum(stop - begins, periods_per_year)) - 1.0
    index = pd.Index(WINDOWS, name="period")
    if isinstance(returns, pd.Series):
        return pd.Series(table[:, 0], index=index, name=returns.name)
    return pd.DataFrame(table, index=index, columns=frame.columns)


def window_start(window: str, end: pd.Timestamp) -> pd.Timestamp | None:
    """The date at whose close a window that ends on `end` begins; none for "SI", which begins with each history."""
    if window == "SI" or pd.isna(end):
        return None
    if window in DAYS:
        return end - pd.Timedelta(days=DAYS[window])
    if window in TO_DATE:
        return end.to_period(TO_DATE[window]).start_time - pd.Timedelta(days=1)
    if window in MONTHS_BACK:
        before = end - pd.DateOffset(months=MONTHS_BACK[window])
        return before + pd.offsets.MonthEnd(0) if end.is_month_end else before
    if window not in YEARS:
        raise DataError(f"unknown window {window!r}: {suggest(window, WINDOWS)}")
    return end - pd.Timedelta(days=365 * YEARS[window])


def calendar_table(returns: pd.Series, *, benchmark: pd.Series | None = None) -> pd.DataFrame:
    """Compounded returns by calendar month and year, Π(1+r) − 1.

    Returns
    -------
    DataFrame, index = year (int), columns Jan … Dec, Year [, Benchmark, Active]
        Fractions. The month and the year in which the history begins are missing unless they are whole; the last ones
        run to the last date. Benchmark is the benchmark's return of the year, over the same days; Active is
        Year − Benchmark.
    """
    own = history(returns)
    so_far = returns.loc[: own.index[-1]] if len(own) else returns
    monthly, yearly = (_calendar_returns(so_far.to_frame("own"), code)["own"] for code in "MY")
    months = pd.PeriodIndex(monthly.index)
    cells = pd.DataFrame({"year": months.year, "month": months.month, "return": monthly.to_numpy()})
    cells = cells.pivot_table(index="year", columns="month", values="return", aggfunc="first")
    years = pd.Index(require_days(own).year.unique(), name="year")
    table = cells.reindex(index=years, columns=range(1, 13)).set_axis(MONTHS, axis="columns")
    table["Year"] = pd.Series(yearly.to_numpy(), index=pd.PeriodIndex(yearly.index).year)
    if benchmark is not None:
        same_days = companion_of(own, benchmark).reindex(so_far.index)
        theirs = _calendar_returns(same_days.to_frame("own"), "Y")["own"]
        table["Benchmark"] = pd.Series(theirs.to_numpy(), index=pd.PeriodIndex(theirs.index).year)
        table["Active"] = table["Year"] - table["Benchmark"]
    return table


def resample_returns(returns: Frame, frequency: Literal["daily", "weekly", "monthly", "quarterly", "yearly"]) -> Frame:
    """Compound returns to a lower frequency: weeks end on Sunday, the others with the calendar.

    The first and the last period are kept when the history covers them whole and are dropped (NaN, outside the
    history) otherwise, so that every value is the return of a whole period.

    Parameters
    ----------
    frequency : {"daily", "weekly", "monthly", "quarterly", "yearly"}
        Of the result; the rows need dates.

    Returns
    -------
    Series or DataFrame, index = last day of each period
    """
    if not isinstance(frequency, str) or frequency not in FREQUENCIES:
        raise DataError(f"unknown frequency {shown(frequency)}: {suggest(frequency, FREQUENCIES)}")
    frame = returns.to_frame() if isinstance(returns, pd.Series) else returns
    whole = _calendar_returns(frame, FREQUENCIES[frequency], to_the_end=True)
    whole.index = pd.DatetimeIndex(pd.PeriodIndex(whole.index).end_time.normalize())
    return pd.Series(whole.iloc[:, 0], name=returns.name) if isinstance(returns, pd.Series) else whole


def best_and_worst(returns: pd.Series) -> pd.DataFrame:
    """The best and the worst whole day, week, month, quarter and year, and how many of them gained.

    Parameters
    ----------
    returns : Series of returns (not levels), DatetimeIndex

    Returns
    -------
    DataFrame, index = frequency (daily, weekly, monthly, quarterly, yearly)
        count (whole periods), best, worst, mean_gain, mean_loss (mean return of those above and below zero) and
        winning (share above zero): fractions, NaN where there is no such period.
    """
    rows, own = {}, history(returns)
    for frequency in FREQUENCIES:
        whole = pd.Series(resample_returns(own, frequency)).dropna()  # type: ignore[arg-type]
        rows[frequency] = {
            "count": len(whole),
            "best": whole.max(),
            "worst": whole.min(),
            "mean_gain": whole[whole > 0].mean(),
            "mean_loss": whole[whole < 0].mean(),
            "winning": share_positive(whole),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("frequency")


def share_positive(returns: Frame) -> PerColumn:
    """Share of the returns above zero: of a return series, or of the windows that `rolling_returns` gives."""
    return by_column(lambda r: (r > 0).mean(axis=0), returns, are_returns=False)


def _day(as_of: str | pd.Timestamp) -> pd.Timestamp:
    try:
        end = pd.Timestamp(as_of)
    except (TypeError, ValueError) as cause:
        raise DataError(f"as_of = {shown(as_of)}: expected a date, such as 2024-12-31.") from cause
    if pd.isna(end) or end.tz is not None:
        raise DataError(f"as_of = {shown(as_of)}: expected a date without a time zone, such as 2024-12-31.")
    return end


def _bases(dates: pd.DatetimeIndex, first: IntArray) -> pd.DatetimeIndex:
    """`history_base` of histories that begin in these rows; one without a return gets any date or NaT."""
    return pd.DatetimeIndex(dates.insert(0, before_first(dates))[first] if len(dates) else [pd.NaT] * len(first))


def _calendar_returns(returns: pd.DataFrame, code: str, *, to_the_end: bool = False) -> pd.DataFrame:
    """Compounded returns by calendar period and column, NaN for a period in which a history begins or has ended.

    With `to_the_end`, for one as well that goes on after the last return.
    """
    dates = require_days(returns)
    values, first, last = limits(returns)
    periods = dates.to_period(code)
    begins = np.flatnonzero(np.diff(periods.asi8, prepend=periods.asi8[:1] - 1))
    growth = _by_period(values, begins)
    growth -= 1.0
    periods = periods[begins]
    whole = np.searchsorted(periods.start_time, _bases(dates, first), side="right")  # the first that is covered
    top = growth[: whole.max(initial=0)]
    top[np.arange(len(top))[:, None] < whole] = np.nan
    if to_the_end and len(dates):
        stop = np.searchsorted(periods.end_time.normalize(), dates[last - 1], side="right")
        end = stop.min(initial=len(growth))
        growth[end:][np.arange(end, len(growth))[:, None] >= stop] = np.nan
    known = np.flatnonzero(~np.isnan(growth).all(axis=1))
    return pd.DataFrame(growth[known], periods[known], returns.columns, copy=False)


def _by_period(values: FloatArray, begins: IntArray) -> FloatArray:
    """Π(1+r) over the rows from each of `begins` to the next, some at a time, which stay in the cache."""
    result = np.empty((len(begins), values.shape[1]))
    stops = np.append(begins[1:], len(values))
    for few in np.array_split(np.arange(len(begins)), values.size // CELLS + 1):
        if len(few):
            rows = values[begins[few[0]] : stops[few[-1]]]
            np.multiply.reduceat(1.0 + rows, begins[few] - begins[few[0]], axis=0, out=result[few[0] : few[-1] + 1])
    return result
