"""What every panel of a `MarketData` must satisfy, and frames of a caller's own turned into such panels.

The rules for values and names are those of a snapshot (`layout.py`): no way in is easier than another.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.layout import (
    CORE_COLUMNS,
    VALUE_RULE,
    first_impossible_value,
    text_fault,
)

OWN_COLUMNS = ("date", "asset_id", *CORE_COLUMNS)  # of a daily row: no further panel can have such a name


def check_axes(prices: pd.DataFrame) -> None:
    """Days must be complete and increasing, asset ids sorted texts, each once."""
    _check_days(prices.index, "prices")
    _check_ids(prices.columns, "prices")
    if len(prices.index) == 0:
        raise DataError("prices need at least one row.")
    if len(prices.index) > 1 and not (np.diff(prices.index.to_numpy()) == np.timedelta64(1, "D")).all():
        raise DataError("the days of prices must be strictly increasing and complete: use MarketData.from_panels.")
    if not (prices.columns.is_unique and prices.columns.is_monotonic_increasing):
        raise DataError("the columns of prices must be unique asset ids in sorted order: use MarketData.from_panels.")


def check_panel(panel: pd.DataFrame, name: str, prices: pd.DataFrame) -> None:
    """A panel has the axes of `prices`, and float64 values that can be right."""
    if panel.shape != prices.shape or not (panel.index.equals(prices.index) and panel.columns.equals(prices.columns)):
        raise DataError(
            f"panel {name!r} has axes of its own: {panel.shape[0]} days x {panel.shape[1]} assets, while "
            f"prices have {prices.shape[0]} x {prices.shape[1]}. Reindex it to the prices first."
        )
    odd = panel.dtypes[panel.dtypes != np.float64]
    if len(odd):
        raise DataError(
            f"{name} of {odd.index[0]!r} has the type {odd.iloc[0]}, expected float64: use MarketData.from_panels."
        )
    values = panel.to_numpy()
    wrong = first_impossible_value(name, values)
    if wrong is not None:
        row, column = wrong
        raise DataError(
            f"{name} of {panel.columns[column]!r} on {panel.index[row].date()} is {float(values[row, column])!r}. "
            f"{VALUE_RULE} Correct it, or set it to NaN."
        )


def aligned_panels(frames: Mapping[str, pd.DataFrame | None], days: pd.DatetimeIndex) -> dict[str, pd.DataFrame]:
    """Frames of a caller's own on the `days` and the sorted assets of "price"; all NaN where there is no frame.

    Raises
    ------
    DataError
        If the labels are not days and asset ids, each once; if a panel has an asset without prices; if a cell is no
        number.
    """
    prices = frames["price"]
    assert prices is not None
    columns = pd.Index(sorted(prices.columns), name="asset_id")
    empty = pd.DataFrame(np.nan, index=days, columns=columns)
    return {
        name: day_by_day(empty.copy() if frame is None else _aligned(frame, name, days, columns))
        for name, frame in frames.items()
    }


def day_by_day(panel: pd.DataFrame) -> pd.DataFrame:
    """The panel with each day's values side by side in memory, as decisions read them; copied only if they are not."""
    if panel.to_numpy().flags.c_contiguous:
        return panel
    return pd.DataFrame(np.ascontiguousarray(panel.to_numpy()), panel.index, panel.columns, copy=False)


def check_extra_names(extra: object) -> None:
    """A further panel becomes a column of the daily rows, and must have a name that is free there."""
    if not isinstance(extra, Mapping):
        raise DataError(f"extra: found a {type(extra).__name__}, expected a dict of name to DataFrame.")
    for name in extra:
        fault = text_fault(name)
        if fault or name in OWN_COLUMNS:
            raise DataError(f"extra panel {name!r}: {fault or 'the name is taken'}. Choose another name for it.")


def check_labels(frame: pd.DataFrame, name: str) -> None:
    """A caller's frame has at least one cell, days in increasing order and texts as asset ids, each once."""
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{name}: found a {type(frame).__name__}, expected a DataFrame of days x assets.")
    if frame.empty:
        raise DataError(f"{name}: expected at least one row and one column.")
    _check_days(frame.index, name)
    if not (frame.index.is_monotonic_increasing and frame.index.is_unique):
        raise DataError(f"{name}: the days must be in increasing order, each once.")
    _check_ids(frame.columns, name)
    if not frame.columns.is_unique:
        raise DataError(f"{name}: two columns for {frame.columns[frame.columns.duplicated()][0]!r}. Keep one.")


def _aligned(frame: pd.DataFrame, name: str, days: pd.DatetimeIndex, columns: pd.Index) -> pd.DataFrame:
    check_labels(frame, name)
    unknown = frame.columns.difference(columns)
    if len(unknown):
        raise DataError(f"{name}: a column for {unknown[0]!r}, which has no prices. Add them, or drop the column.")
    numbers = {asset: _numbers(frame[asset], name) for asset in frame.columns[frame.dtypes != np.float64]}
    frame = frame.assign(**numbers) if numbers else frame
    return frame.reindex(index=days, columns=columns)


def _numbers(values: pd.Series, name: str) -> pd.Series:
    """One column as float64; DataError naming the first cell that is no number."""
    kind = values.dtype
    if pd.api.types.is_numeric_dtype(kind) and not (pd.api.types.is_bool_dtype(kind) or kind.kind == "c"):
        return pd.Series(values.to_numpy(np.float64, na_value=np.nan), values.index)
    for day, value in values.items():
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise DataError(
                f"{name} of {values.name!r} on {day:%Y-%m-%d} is {value!r}, expected a number; NaN if unknown."
            )
    try:
        return values.astype(np.float64)
    except OverflowError as error:
        raise DataError(f"{name} of {values.name!r} has a whole number that is too large for a float.") from error


def _check_days(index: pd.Index, name: str) -> None:
    if not isinstance(index, pd.DatetimeIndex):
        raise DataError(f"{name}: the index is {index.dtype}, expected a DatetimeIndex of UTC days.")
    if index.tz is not None:
        raise DataError(
            f"{name}: the days have the time zone {index.tz}, expected UTC days without one: "
            "use index.tz_convert('UTC').tz_localize(None)."
        )
    if len(index) and not (index.year.min() >= 1 and index.year.max() <= 9999):
        raise DataError(f"{name}: the index has days outside of the years 1 to 9999. Remove them.")
    odd = index.hasnans or index[index != index.normalize()]
    if odd is True or len(odd):
        found = "a missing day" if odd is True else f"{odd[0]}"
        raise DataError(f"{name}: the index holds {found}, expected whole UTC days (no time of day).")


def _check_ids(columns: pd.Index, name: str) -> None:
    for column in columns:
        fault = text_fault(column)
        if fault:
            raise DataError(f"{name}: the column {column!r} is {fault}. A column is an asset_id.")
