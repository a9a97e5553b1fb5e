"""Tables as CSV, which a spreadsheet may open: the one place that writes foreign names into such a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

_FORMULA = re.compile(r"^[=+\-@\t\r]")


def write_csv(table: pd.DataFrame, target: Path | BinaryIO, *, digits: int | None = None, index: bool = False) -> None:
    """Write a table with so many digits, by default all, and without a text that a spreadsheet takes for a formula.

    Parameters
    ----------
    index : bool
        Whether the row labels are written, too.
    """
    _guarded(table).to_csv(target, index=index, float_format=_precision(digits), lineterminator="\n")


def csv_text(table: pd.DataFrame, *, digits: int | None = None) -> str:
    """The same as text, with the row labels."""
    return str(_guarded(table).to_csv(float_format=_precision(digits), lineterminator="\n"))


def _precision(digits: int | None) -> str | None:
    return f"%.{digits}g" if digits else None


def _guarded(table: pd.DataFrame) -> pd.DataFrame:
    made = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if not (pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind)):
            column: Any = table.iloc[:, place]
            made.isetitem(place, column.astype(object).map(_guard))
    made.columns = pd.Index([_guard(str(name)) for name in table.columns])
    if not (pd.api.types.is_numeric_dtype(table.index) or isinstance(table.index, pd.DatetimeIndex)):
        made.index = table.index.map(_guard)
    made.index.name = _guard(table.index.name)
    return made


def _guard(value: Any) -> Any:
    """A text with a quote before it where a spreadsheet would compute it; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
