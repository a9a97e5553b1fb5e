"""The format of a snapshot: its files, their columns, and what every daily row must satisfy.

Writers and readers ask the same functions, so nothing can be read that could not have been written. Files are handled
in `snapshot.py`, panels in `load.py`.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from research.errors import DataError
from research.typing import FloatArray

DAILY, ASSETS, TAGS, LEDGER = FILES = ("daily.parquet", "assets.parquet", "tags.parquet", "ledger.parquet")
CORE_COLUMNS = ("price", "market_cap", "volume")
SCHEMAS = {
    ASSETS: pa.schema(
        {
            "asset_id": pa.string(),
            "symbol": pa.string(),
            "name": pa.string(),
            "first_date": pa.date32(),
            "last_date": pa.date32(),
        }
    ),
    TAGS: pa.schema({"asset_id": pa.string(), "tag": pa.string(), "valid_from": pa.date32(), "static": pa.bool_()}),
    LEDGER: pa.schema(
        {
            "date": pa.date32(),
            "asset_id": pa.string(),
            "field": pa.string(),
            "rule": pa.string(),
            "old": pa.string(),
            "new": pa.string(),
        }
    ),
}
ROW_ATTRIBUTES = (
    "place",
    "row",
    "file",
    "date",
    "dated_by",
    "key",
    "asset_key",
    "symbol",
    "name",
)  # of a row on import; the rest are numbers
ROWS_PER_GROUP = 1 << 18  # decoded as a whole when read: small enough not to count beside the panels
ROWS_PER_PART = 1 << 20  # the daily rows of a new snapshot are cut at the end of a year once there are so many
LONGEST_TEXT = 200  # characters of an id, a symbol, a name or a tag
LOWEST, HIGHEST = 1e-18, 1e18  # USD; no market comes near either, and products of such values do not overflow
RANGES = {"price": (LOWEST, 1e12), "market_cap": (LOWEST, HIGHEST), "volume": (0.0, HIGHEST)}
VALUE_RULE = (
    "Expected in USD: a price from 1e-18 to 1e12, a cap from 1e-18 to 1e18, a volume from 0 to 1e18; all else finite."
)
_EPOCH = np.datetime64("1970-01-01", "D")
_LATER_PART = re.compile(r"daily-\d{4}-\d{2}-\d{2}\.parquet")


def part_names(files: Iterable[str]) -> list[str]:
    """The parts of the daily rows among the files of a manifest, in order of their days.

    The first is `daily.parquet`; a later one has the name of its first day, `daily-2026-11-27.parquet`.
    """
    return [DAILY, *sorted(name for name in files if _LATER_PART.fullmatch(name))]


def later_part(first_day: int) -> str:
    """The name of a part that is not the first; `first_day` in days since 1970-01-01."""
    return f"daily-{_EPOCH + first_day}.parquet"


def row_keys(batch: pa.RecordBatch, assets: pd.Index, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Day number (since 1970-01-01) and position in the sorted `assets` of each row, int64.

    Raises
    ------
    DataError
        If a date is missing or an asset is not among `assets`.
    """
    days = batch.column("date").cast(pa.int32())
    if days.null_count:
        raise DataError(f"{where}: {days.null_count} rows have no date. Every row needs a UTC day.")
    ids = batch.column("asset_id")
    ids = ids if pa.types.is_dictionary(ids.type) else ids.dictionary_encode()
    known = pa.array(assets, pa.string())
    positions = pc.index_in(ids.dictionary.cast(pa.string()), known).fill_null(-1).to_numpy(zero_copy_only=False)
    codes = ids.indices.fill_null(len(positions)).to_numpy(zero_copy_only=False)
    codes = np.append(positions, -1)[codes]
    if (codes < 0).any():
        row = int(np.argmin(codes))
        raise DataError(f"{where}: asset {ids[row].as_py()!r} has daily rows but no row in {ASSETS}. Add it there.")
    return days.to_numpy().astype(np.int64), codes.astype(np.int64)


def check_batch(
    batch: pa.RecordBatch, days: np.ndarray, codes: np.ndarray, assets: pd.Index, last_key: int, where: str
) -> int:
    """Check order, uniqueness and values of a batch of daily rows; return the key of its last row.

    `days` and `codes` come from `row_keys`; a key is day x number of assets + code, so that it grows from row to row.
    """
    keys = days * len(assets) + codes
    steps = np.diff(keys, prepend=last_key)
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0))
        what = "has two rows for" if steps[row] == 0 else "is out of order on"
        raise DataError(
            f"{where}: {assets[codes[row]]!r} {what} {_EPOCH + days[row]}. "
            "Rows are sorted by date and then asset_id, one row for each asset and day."
        )
    for name in batch.schema.names[2:]:
        values = float_values(batch, name, where)
        wrong = first_impossible_value(name, values)
        if wrong is not None:
            (row,) = wrong
            raise DataError(
                f"{where}: {name} of {assets[codes[row]]!r} on {_EPOCH + days[row]} is {float(values[row])!r}. "
                f"{VALUE_RULE} An unknown value is left empty."
            )
    return int(keys[-1])


def first_impossible_value(name: str, values: FloatArray) -> tuple[int, ...] | None:
    """Where the first value lies that cannot be right, whatever the shape; None where all can. NaN is no value.

    `name` is a column of the daily rows. Two reductions decide, so that large panels need no masks of their size.
    """
    if values.size == 0:
        return None
    low, high = value_range(name)
    if not (np.fmin.reduce(values, axis=None) < low or np.fmax.reduce(values, axis=None) > high):
        return None
    return tuple(int(position) for position in np.argwhere((values < low) | (values > high))[0])


def value_range(name: str) -> tuple[float, float]:
    """The lowest and the highest value that a column of the daily rows can have, both possible; USD where it is one."""
    return RANGES.get(name, (-sys.float_info.max, sys.float_info.max))


def text_fault(text: object) -> str | None:
    """What is wrong with an asset_id, a tag or another short text from outside; None if nothing is."""
    if not isinstance(text, str):
        return f"a {type(text).__name__}, expected a text"
    if not text.strip():
        return "an empty text"
    if len(text) > LONGEST_TEXT:
        return f"a text of {len(text):,} characters, expected at most {LONGEST_TEXT}"
    if not text.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        return "a text with control characters"
    return None


def float_values(batch: pa.RecordBatch, name: str, where: str) -> np.ndarray:
    """One column of a batch as float64, NaN where it is null."""
    column = batch.column(name)
    if not pa.types.is_floating(column.type):
        raise DataError(f"{where}: column {name!r} is {column.type}, expected float64.")
    values: np.ndarray = column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return values


def check_daily_schema(schema: pa.Schema, where: str) -> None:
    """Raise DataError unless the columns are date, asset_id, price, market_cap, volume and further ones."""
    expected = ["date", "asset_id", *CORE_COLUMNS]
    if schema.names[: len(expected)] != expected or len(set(schema.names)) != len(schema.names):
        raise DataError(f"{where} has the columns {schema.names}; expected {expected} first, each name once.")
    if schema.field("date").type != pa.date32():
        raise DataError(f"{where}: date is {schema.field('date').type}, expected date32 (UTC days).")
