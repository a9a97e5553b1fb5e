"""A vendor's CSV or Parquet file -> typed rows, some at a time. What cannot be read refuses the file, naming the row.

Columns are as small as they can be: 16 bytes for a row's day, asset, symbol and name, and 8 for each number. They are
put together in `table.py`, checked in `cleaning.py`, and become a snapshot in `importer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from research.errors import DataError, suggest
from research.market.faults import as_data_error
from research.market.imports.profiles import Profile
from research.market.layout import LONGEST_TEXT, text_fault
from research.market.limits import BYTES_PER_LINE, refuse_beyond_limit
from research.typing import FloatArray

EMPTY_TEXTS = ["", "NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None"]
BYTES_PER_TEXT = 1_000  # of a different key, symbol or name, at the peak of an import; rows are kept on disk
ROWS_PER_BATCH = 1 << 16
BUFFER = 1 << 20  # bytes of a column of Parquet in memory at a time, before they are unpacked
LARGEST_COLUMN = 1 << 29  # bytes of one column in one row group of Parquet, unpacked: read as a whole
_TICKS_PER_DAY = {"day": 1, "s": 86_400, "ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
_DAYS = np.array(["0001-01-01", "9999-12-31"], dtype="datetime64[D]").astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Some rows of a vendor's table, in the order of the file.

    Attributes
    ----------
    days : int32, shape (rows,)
        The vendor's dates, as days since 1970-01-01.
    texts : dict of str to int32, shape (rows,)
        "key", and "symbol" and "name" where the table has them: the number of each row's text among the words seen so
        far; -1: none.
    numbers : dict of str to float64, shape (rows,)
        By the snapshot's names; NaN where the table has none.
    """

    days: np.ndarray
    texts: dict[str, np.ndarray]
    numbers: dict[str, FloatArray]

    def __len__(self) -> int:
        return len(self.days)


def read_rows(path: Path, profile: Profile, words: dict[str, dict[str, int]]) -> Iterator[Rows]:
    """Read the columns that the profile names, a batch at a time.

    Parameters
    ----------
    words : dict of str to dict of str to int
        By "key", "symbol" and "name": the texts seen so far and their numbers. It grows as the file is read.

    Raises
    ------
    DataError
        If the file is missing, unreadable or larger than `limits.py` allows; if a column is missing; if a date or a key
        is, or a date cannot be read; if a number column holds other text than a number.
    """
    columns = profile.columns
    optional = {"symbol": columns.symbol, "name": columns.name}
    texts = {"key": columns.key} | {name: column for name, column in optional.items() if column is not None}
    wanted = list(dict.fromkeys([columns.date, *texts.values(), *columns.numbers.values()]))
    for name in texts:
        words.setdefault(name, {})
    count = 0
    with as_data_error(
        f"{path} cannot be read as {path.suffix[1:]}", "Save the table again, as .csv in UTF-8 or as .parquet."
    ):
        for batch in _batches(path, wanted):
            place = _Place(path, count)
            days = _days(batch, columns.date, profile.date_format, place)
            codes = {name: _codes(batch, column, words[name], place) for name, column in texts.items()}
            nameless = codes["key"] < 0
            if nameless.any():
                raise DataError(f"{path}, column {columns.key!r}: row {place.row(nameless)} has no asset. Name it.")
            numbers = {name: _numbers(batch, column, place) for name, column in columns.numbers.items()}
            count += batch.num_rows
            refuse_many_texts(path, sum(map(len, words.values())))
            yield Rows(days=days, texts=codes, numbers=numbers)


def refuse_many_texts(path: Path, texts: int, lines: int = 0) -> None:
    """Raise DataError if so many different texts, and lines in the ledger, need more memory than is allowed."""
    what = f"{path}: {texts:,} different keys, symbols and names" + (
        f" and {lines:,} lines in the ledger" if lines else ""
    )
    refuse_beyond_limit(texts * BYTES_PER_TEXT + lines * BYTES_PER_LINE, what, "Import a part of the table")


@dataclass(frozen=True)
class _Place:
    """Where a batch lies: its file, and how many rows come before it."""

    path: Path
    before: int

    def row(self, wrong: np.ndarray) -> int:
        """The first row that is True, counted from 1 without the header."""
        return self.before + 1 + int(wrong.argmax())


def _batches(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    if not path.is_file():
        what = f"{path} is no file" if path.exists() else f"no table at {path}"
        raise DataError(f"{what}. Expected a .csv or .parquet file.")
    if path.suffix == ".csv":
        return _csv(path, wanted)
    if path.suffix == ".parquet":
        return _parquet(path, wanted)
    raise DataError(f"{path}: expected a .csv or .parquet file, found {path.suffix or 'no suffix'!r}.")


def _csv(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    with pa.csv.open_csv(path) as reader:
        _check_columns(path, wanted, reader.schema.names)
    convert = pa.csv.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, pa.string()),  # numbers are read below, where the row can be named
    )
    with pa.csv.open_csv(path, convert_options=convert) as reader:
        yield from reader


def _parquet(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    schema = pq.read_schema(path)
    _check_columns(path, wanted, schema.names)
    for name in wanted:
        if pa.types.is_nested(schema.field(name).type):
            raise DataError(
                f"{path}, column {name!r}: the column holds {schema.field(name).type}, expected one value in each row."
            )
    # texts stay dictionaries, so that one long text in a million rows is in memory once
    packed = [name for name in wanted if pa.types.is_string(schema.field(name).type)]
    with pq.ParquetFile(path, read_dictionary=packed, pre_buffer=False, buffer_size=BUFFER) as file:
        for group in range(file.num_row_groups):
            columns = file.metadata.row_group(group)
            largest = max(columns.column(place).total_uncompressed_size for place in range(columns.num_columns))
            if largest > LARGEST_COLUMN:
                raise DataError(
                    f"{path}: row group {group + 1} has a column of {largest:,} bytes, expected at most "
                    f"{LARGEST_COLUMN:,}. Save the table again with smaller row groups."
                )
        yield from file.iter_batches(batch_size=ROWS_PER_BATCH, columns=wanted)


def _check_columns(path: Path, wanted: list[str], found: list[str]) -> None:
    for name in wanted:
        if found.count(name) != 1:
            what = "is missing" if name not in found else "occurs twice"
            raise DataError(
                f"{path}: the column {name!r} {what}: {suggest(name, found)}. Or change the profile's [columns]."
            )


def _days(batch: pa.RecordBatch, name: str, date_format: str | None, place: _Place) -> np.ndarray:
    """The UTC day of each value, as days since 1970-01-01."""
    column, kind = batch.column(name), batch.column(name).type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        column = column.cast(pa.int32() if pa.types.is_date32(kind) else pa.int64())
        unit = "day" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
        days = column.fill_null(0).to_numpy(zero_copy_only=False) // _TICKS_PER_DAY[unit]
        wrong = column.is_null().to_numpy(zero_copy_only=False) | (days < _DAYS[0]) | (days > _DAYS[1])
    else:
        column = _trimmed(batch, name, place, "dates").dictionary_encode()
        parsed = np.append(_parsed_dates(column.dictionary.to_pandas(), date_format), np.datetime64("NaT"))
        dates = parsed[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        wrong, days = np.isnat(dates), dates.astype(np.int64)
    if wrong.any():
        row = place.row(wrong)
        found = column[row - place.before - 1].as_py()
        raise DataError(
            f"{place.path}, column {name!r}: row {row} has the date {found!r}, expected {date_format or 'YYYY-MM-DD'} "
            "of the years 1 to 9999. Correct it, or give the profile a date_format."
        )
    numbers: np.ndarray = days.astype(np.int32)
    return numbers


def _parsed_dates(texts: pd.Series, date_format: str | None) -> np.ndarray:
    """UTC days as datetime64[D], NaT where a text is none."""
    texts = texts.astype("str")
    whole = texts if date_format else texts.where(texts.str.match(r"\d{4}-\d{2}-\d{2}"))  # not 2018, nor 20180130
    dates = pd.to_datetime(whole, format=date_format or "ISO8601", errors="coerce", utc=True)
    days: np.ndarray = dates.dt.tz_localize(None).to_numpy().astype("datetime64[D]")
    return days


def _codes(batch: pa.RecordBatch, name: str, words: dict[str, int], place: _Place) -> np.ndarray:
    """The number of each text among `words`, which grows; -1 where there is none."""
    column = batch.column(name)
    column = column if pa.types.is_dictionary(column.type) else _checked_text(column, name, place).dictionary_encode()
    codes = []
    for number, text in enumerate(_checked_text(column.dictionary, name, place).to_pylist()):
        code = words.get(text)
        if code is None:
            text = text.strip()
            fault = None if text in EMPTY_TEXTS else text_fault(text)
            if fault:
                row = place.row(column.indices.fill_null(-1).to_numpy(zero_copy_only=False) == number)
                raise DataError(f"{place.path}, column {name!r}: row {row} has {fault}: {text[:30]!r}. Correct it.")
            code = -1 if text in EMPTY_TEXTS else words.setdefault(text, len(words))
        codes.append(code)
    numbers = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    found: np.ndarray = np.array([*codes, -1], dtype=np.int32)[numbers]
    return found


def _numbers(batch: pa.RecordBatch, name: str, place: _Place) -> FloatArray:
    kind = batch.column(name).type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        numbers: FloatArray = batch.column(name).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return numbers
    texts = _trimmed(batch, name, place, "numbers")
    try:
        numbers = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
        wrong = np.isnan(numbers) & texts.is_valid().to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        wrong = np.array([not _is_number(text) for text in texts])
    if wrong.any():
        row = place.row(wrong)
        raise DataError(
            f"{place.path}, column {name!r}: row {row} holds {texts[row - place.before - 1].as_py()[:60]!r}, expected "
            "a number such as 1234.5 or nothing. Correct the table; a missing value is left empty."
        )
    return numbers


def _is_number(text: pa.Scalar) -> bool:
    try:
        return not text.is_valid or not np.isnan(text.cast(pa.float64()).as_py())
    except pa.ArrowInvalid:
        return False


def _trimmed(batch: pa.RecordBatch, name: str, place: _Place, expected: str) -> pa.Array:
    """A column of texts without spaces around them, null where nothing is left."""
    column = batch.column(name)
    if pa.types.is_dictionary(column.type):
        longest = pc.max(pc.binary_length(_checked_text(column.dictionary, name, place, expected))).as_py() or 0
        if longest > LONGEST_TEXT:  # unpacked, each row would have its own
            raise DataError(f"{place.path}, column {name!r} holds a text of {longest:,} bytes, expected {expected}.")
        column = column.dictionary_decode()
    texts = pc.utf8_trim_whitespace(_checked_text(column, name, place, expected))
    return pc.if_else(pc.is_in(texts, pa.array(EMPTY_TEXTS)), None, texts)


def _checked_text(column: pa.Array, name: str, place: _Place, expected: str = "text") -> pa.Array:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise DataError(f"{place.path}, column {name!r}: the column holds {column.type}, expected {expected}.")
    return column.cast(pa.string())
