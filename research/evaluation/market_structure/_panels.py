"""What every function of this package asks of a panel, and what several of them read from one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.errors import DataError
from research.evaluation._calendar import require_days
from research.evaluation.skill.week_tests import panel
from research.typing import BoolArray, FloatArray, IntArray


def checked(frame: pd.DataFrame, name: str, like: pd.DataFrame | None = None) -> FloatArray:
    """The cells of a panel, shape (days, assets); DataError unless its days are complete and no value is below zero."""
    values = panel(frame, name, like)
    days = require_days(frame, name)
    if len(days) > 1 and not (np.diff(days.to_numpy()) == np.timedelta64(1, "D")).all():
        raise DataError(f"{name}: the days must be complete and increasing; add the missing ones as rows of NaN.")
    if (values < 0).any():
        row, column = np.argwhere(values < 0)[0]
        raise DataError(f"{name}: {frame.columns[column]!r} is {values[row, column]} on {days[row]:%Y-%m-%d}, below 0.")
    return values


def last_known_row(known: BoolArray) -> IntArray:
    """The row of the latest value up to each row, by column; far before the first row where there is none yet."""
    rows = np.arange(len(known))[:, None]
    return np.maximum.accumulate(np.where(known, rows, -(10**6)), axis=0)


def carried(values: FloatArray) -> FloatArray:
    """Each value, or the latest one before it; NaN before the first."""
    last = last_known_row(~np.isnan(values))
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), np.nan)
