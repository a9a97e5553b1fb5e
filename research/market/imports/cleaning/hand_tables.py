"""CSV tables that a person writes for an import: texts without spaces around them, and the line each stands in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.layout import text_fault


def read_hand_table(path: Path, what: str) -> pd.DataFrame:
    """All columns as texts, blank where nothing is said; `line` counts from the header, which is line 1.

    Raises
    ------
    DataError
        If the file cannot be read as a CSV table.
    """
    with as_data_error(f"{path} cannot be read as a table of {what}", "Check the path and the file."):
        try:
            table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
        except (ValueError, pd.errors.ParserError) as error:
            raise DataError(
                f"{path} is no CSV table that can be read ({error}). Expected a header and a line for each."
            ) from error
    return table.map(str.strip).assign(line=range(2, len(table) + 2))


def text_of(text: str, column: str, where: str) -> str:
    """A text that says something; DataError naming `where` it stands if it does not."""
    fault = text_fault(text)
    if fault:
        raise DataError(f"{where}: {column} is {fault}. Fill it in, or remove the line.")
    return text


def day_of_text(text: str, column: str, where: str) -> pd.Timestamp | None:
    """A day, None where there is none; DataError naming `where` it stands if it is no day."""
    if not text:
        return None
    day = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    if pd.isna(day):
        raise DataError(f"{where}: {column} is {text!r}, expected YYYY-MM-DD or nothing.")
    return pd.Timestamp(day).as_unit("us")
