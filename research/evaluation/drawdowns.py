"""Drawdowns: the fall from the highest level so far, a fall in the first period included.

Depths are negative fractions (−0.4 is 40 % below the high), like every loss in this package. The level before the first
return counts as a high. Ratios that divide by a drawdown (Calmar, Martin) are in `metrics.py`.
NaN policy as in `metrics.py`.
"""
# mypy: disable-error-code="no-any-return"
# (numpy types its reductions as Any)

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import require_dates, require_days
from research.evaluation._columns import ROUNDING, Frame, FrameT, PerColumn, by_column, by_row, history
from research.evaluation._growth import growth_of_one
from research.typing import FloatArray

TABLE_COLUMNS = ["peak", "from", "trough", "to", "depth", "days_to_trough", "days_to_recover", "periods"]


def depths(values: FloatArray) -> FloatArray:
    """Drawdown after each period by column of a complete array, zero at a new high.

    A level that comes back to its high within rounding has recovered.
    """
    fall = growth_of_one(values)
    high = np.maximum.accumulate(fall, axis=0)
    fall /= np.maximum(high, 1.0, out=high)  # in place: what memory is asked for takes longer than the sums
    fall -= 1.0
    fall[fall > -ROUNDING] = 0.0
    return fall


def drawdown_series(returns: FrameT) -> FrameT:
    """Drawdown after each period, level / highest level so far − 1.

    Returns
    -------
    Series or DataFrame of the shape of `returns`
        Fractions from −1 to 0; NaN outside the history.
    """
    return by_row(depths, returns)


def max_drawdown(returns: Frame) -> PerColumn:
    """Deepest drawdown of the history as a negative fraction; 0.0 where there was none.

    10,000 -> 20,000 -> 12,000 is −0.4.
    """
    return by_column(lambda r: depths(r).min(axis=0), returns)


def current_drawdown(returns: Frame) -> PerColumn:
    """Drawdown at the end of each column's history; 0.0 at a high."""
    return by_column(lambda r: depths(r)[-1], returns)


def drawdown_table(returns: pd.Series, *, top: int | None = None) -> pd.DataFrame:
    """Every drawdown of one series, the deepest first.

    Parameters
    ----------
    returns : Series with a DatetimeIndex
    top : int, optional
        Keep only the `top` deepest.

    Returns
    -------
    DataFrame, one row per drawdown
        peak (datetime64): last day at the high; the day before the first return (by the index's own frequency, where
        it can be told) for a fall in the first period. from (datetime64): first day below it. trough (datetime64).
        to (datetime64): day the high was reached again, NaT while the drawdown is open. depth (float): negative
        fraction. days_to_trough (Int64): calendar days from peak to trough. days_to_recover (Int64): calendar days from
        trough to `to`, NA while open. periods (Int64): returns from `from` to `to` (to the last one while open), both
        included.
    """
    if top is not None:
        check_number("top", top, DataError, whole=True, at_least=1)
    series = history(returns)
    dates = require_days(series)
    values = series.to_numpy()
    fall = depths(values[:, None])[:, 0]
    under = np.concatenate([[False], fall < 0, [False]])
    starts = np.flatnonzero(under[1:-1] & ~under[:-2]).tolist()
    stops = np.flatnonzero(under[1:-1] & ~under[2:]).tolist()  # last row below the high
    base = history_base(returns)
    rows = []
    for start, stop in zip(starts, stops, strict=True):
        trough = start + int(fall[start : stop + 1].argmin())
        recovered = stop + 1 < len(dates)
        rows.append(
            {
                "peak": dates[start - 1] if start else base,
                "from": dates[start],
                "trough": dates[trough],
                "to": dates[stop + 1] if recovered else pd.NaT,
                "depth": fall[trough],
                "periods": stop - start + 1 + int(recovered),
            }
        )
    table = pd.DataFrame(rows, columns=TABLE_COLUMNS)
    table = table.astype(dict.fromkeys(["peak", "from", "trough", "to"], "datetime64[ns]") | {"depth": "float64"})
    table["days_to_trough"] = (table["trough"] - table["peak"]).dt.days
    table["days_to_recover"] = (table["to"] - table["trough"]).dt.days
    table = table.astype(dict.fromkeys(["days_to_trough", "days_to_recover", "periods"], "Int64"))
    table = table.sort_values("depth", kind="stable", ignore_index=True)
    return table if top is None else table.head(top)


def history_base(returns: pd.Series) -> pd.Timestamp:
    """The date at whose close the first return of the history begins.

    The row before the first return, where there is one (`returns_from_levels` keeps it); otherwise one step back by
    the index's own frequency; the first return's own date where no frequency can be told, so that nothing before it
    is claimed. NaT for a series without a single return.
    """
    dates = require_dates(returns)
    known = returns.notna().to_numpy()
    if not known.any():
        return pd.Timestamp("NaT")
    first = int(known.argmax())
    return dates[first - 1] if first > 0 else before_first(dates)


def before_first(dates: pd.DatetimeIndex) -> pd.Timestamp:
    """One step before the first of the dates by their own frequency; that date itself where none can be told."""
    if dates.freq is not None:
        return dates[0] - dates.freq
    with pd.option_context("future.infer_freq_returns_offset", False):
        frequency = pd.infer_freq(dates) if len(dates) > 2 else None
    return dates[0] if frequency is None else dates[0] - pd.tseries.frequencies.to_offset(frequency)
