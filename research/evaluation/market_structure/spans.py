"""Parts of long series that fit a page: the last value of each year, the farthest from zero, the days around one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.checks import check_number
from research.errors import DataError, suggest
from research.evaluation._calendar import require_days


def year_ends(frame: pd.DataFrame) -> pd.DataFrame:
    """The last known value of each column in each calendar year.

    Returns
    -------
    DataFrame by year, the columns of `frame`
        NaN where nothing was known in the year.
    """
    return frame.groupby(pd.Index(require_days(frame, "frame").year, name="year")).last()


def farthest(frame: pd.DataFrame) -> pd.DataFrame:
    """Where each column of `frame` was farthest from zero, and where it ended.

    Returns
    -------
    DataFrame by column
        most (float, signed), day (datetime64): the value of the largest size, the first of several. last (float): the
        last one known. Columns without a value are left out.
    """
    known = frame.loc[:, frame.notna().any()]
    rows = []
    for _, column in known.items():
        values = column.dropna()
        place = int(values.abs().argmax())
        rows.append((values.iloc[place], values.index[place], values.iloc[-1]))
    return pd.DataFrame(rows, index=known.columns, columns=["most", "day", "last"])


def around(panels: Mapping[str, pd.DataFrame], places: pd.DataFrame, *, days: int = 60) -> pd.DataFrame:
    """Values of an asset on the days before and after each day of interest.

    Parameters
    ----------
    panels : mapping of str to DataFrame, days x assets
        Field -> its values.
    places : DataFrame
        date (datetime64), asset_id, field: one row for each day of interest.
    days : int
        Days before and after.

    Returns
    -------
    DataFrame, shape (2 * days + 1, places)
        By day from the day of interest (0), in the order of `places`, columns (asset_id, field, date). NaN outside the
        panel and where there is no value.

    Raises
    ------
    DataError
        If a field or an asset is not in `panels`.
    """
    check_number("days", days, DataError, whole=True, at_least=1)
    offsets = pd.RangeIndex(-days, days + 1, name="day")
    columns = {}
    for day, asset, field in zip(places["date"], places["asset_id"], places["field"], strict=True):
        if field not in panels:
            raise DataError(f"panels: no field {field!r}: {suggest(field, panels)}")
        if asset not in panels[field].columns:
            raise DataError(
                f"panels: no asset {asset!r} in {field!r}: {suggest(asset, map(str, panels[field].columns))}"
            )
        span = pd.date_range(day - pd.Timedelta(days=days), day + pd.Timedelta(days=days))
        columns[(asset, field, day)] = panels[field][asset].reindex(span).to_numpy()
    result = pd.DataFrame(columns, index=offsets, dtype=float)
    names = ["asset_id", "field", "date"]
    return result.rename_axis(columns=names) if columns else result
