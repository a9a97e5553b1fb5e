"""A vendor's CSV or Parquet file -> typed long rows. What cannot be read refuses the whole file, naming the row.

The rows are checked in `checks.py` and become a snapshot in `importer.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from research.errors import DataError, suggest
from research.market.data import DAY
from research.market.profiles import Profile

EMPTY_TEXTS = ["", "NaN", "nan", "NA", "N/A", "n/a", "null", "NULL", "None"]


def read_vendor_table(path: str | Path, profile: Profile) -> pd.DataFrame:
    """Read the columns that the profile names.

    Returns
    -------
    DataFrame
        row (int, counted from 1), date (datetime64, the vendor's), key (str), symbol and name (str or missing), and one
        float64 column for each number of the profile, NaN where the table has none. Order as in the file.

    Raises
    ------
    DataError
        If the file is missing, unreadable or empty; if a column is missing; if a date or a key is, or a date cannot be
        read; if a number column holds other text than a number.
    """
    path = Path(path)
    columns = profile.columns
    optional = {"symbol": columns.symbol, "name": columns.name}
    texts = {"key": columns.key} | {name: column for name, column in optional.items() if column is not None}
    wanted = list(dict.fromkeys([columns.date, *texts.values(), *columns.numbers.values()]))
    table = _read(path, wanted)
    if table.num_rows == 0:
        raise DataError(f"{path}: the table has no rows. Nothing to import.")
    rows = pd.DataFrame({"row": np.arange(1, table.num_rows + 1)})
    rows["date"] = _dates(table.column(columns.date), profile.date_format, f"{path}, column {columns.date!r}")
    for name, column in texts.items():
        rows[name] = _texts(table.column(column), f"{path}, column {column!r}")
    if rows["key"].isna().any():
        raise DataError(f"{path}, column {columns.key!r}: row {_first(rows['key'].isna())} has no asset. Name it.")
    for name, column in columns.numbers.items():
        rows[name] = _numbers(table.column(column), f"{path}, column {column!r}")
    return rows


def _read(path: Path, wanted: list[str]) -> pa.Table:
    if not path.is_file():
        raise DataError(f"no table at {path}. Expected a .csv or .parquet file.")
    try:
        if path.suffix == ".parquet":
            _check_columns(path, wanted, pq.read_schema(path).names)
            return pq.read_table(path, columns=wanted)
        if path.suffix == ".csv":
            with pa.csv.open_csv(path) as reader:
                _check_columns(path, wanted, reader.schema.names)
            convert = pa.csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),  # numbers are read below, where the row can be named
                null_values=EMPTY_TEXTS,
                strings_can_be_null=True,
            )
            return pa.csv.read_csv(path, convert_options=convert)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read as {path.suffix[1:]}: {error}.") from error
    raise DataError(f"{path}: expected a .csv or .parquet file, found {path.suffix or 'no suffix'!r}.")


def _check_columns(path: Path, wanted: list[str], found: list[str]) -> None:
    for name in wanted:
        if found.count(name) != 1:
            what = "is missing" if name not in found else "occurs twice"
            raise DataError(
                f"{path}: the column {name!r} {what}: {suggest(name, found)}. Or change the profile's [columns]."
            )


def _dates(column: pa.ChunkedArray, date_format: str | None, where: str) -> pd.Series:
    """The UTC day of each value."""
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        dates = pd.Series(column.cast(pa.timestamp("us", tz="UTC")).to_pandas())
        texts = dates.astype("str")
    else:
        texts = _texts(column, where, "dates")
        whole = texts if date_format else texts.where(texts.str.match(r"\d{4}-\d{2}-\d{2}"))  # not 2018, nor 20180130
        dates = pd.to_datetime(whole, format=date_format or "ISO8601", errors="coerce", utc=True)
    if dates.isna().any():
        row = _first(dates.isna())
        raise DataError(
            f"{where}: row {row} has the date {texts[row - 1]!r}, expected {date_format or 'YYYY-MM-DD'}. "
            "Put the row right, or give the profile a date_format."
        )
    days: pd.Series = dates.dt.tz_localize(None).dt.normalize().astype(DAY)
    return days


def _texts(column: pa.ChunkedArray, where: str, expected: str = "text") -> pd.Series:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{where}: the column holds {column.type}, expected {expected}.")
    texts = pd.Series(column.cast(pa.string()).to_pandas(), dtype="str").str.strip()
    return texts.mask(texts.isin(EMPTY_TEXTS))


def _numbers(column: pa.ChunkedArray, where: str) -> pd.Series:
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        return pd.Series(column.cast(pa.float64(), safe=False).to_numpy())
    texts = _texts(column, where, "numbers")
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    wrong = numbers.isna() & texts.notna()
    if wrong.any():
        row = _first(wrong)
        raise DataError(
            f"{where}: row {row} holds {texts[row - 1]!r}, expected a number such as 1234.5 or nothing. "
            "Put the table right; a missing value is left empty."
        )
    return numbers


def _first(mask: pd.Series) -> int:
    """The first row that is True, counted from 1 without the header."""
    return int(mask.to_numpy().argmax()) + 1
