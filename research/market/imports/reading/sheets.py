"""JSON and Excel files, which are read as a whole -> one batch of columns.

Of JSON two forms are known: a list of records, and an object of series, each a list of [stamp, value] as CoinGecko's
market_chart has it; its columns are `timestamp` and the names of the series.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from research.errors import DataError
from research.market.imports.reading.files import LARGEST_WHOLE, TableFile

try:
    import python_calamine as calamine
except ImportError:  # an optional extra
    calamine = None  # type: ignore[assignment]

STAMP = "timestamp"


def read_sheet(file: TableFile) -> pa.RecordBatch:
    """All rows of the file."""
    columns = _json(file) if file.ending == ".json" else _excel(file)
    arrays = [_array(values, f"{file.label}, column {name!r}") for name, values in columns]
    return pa.RecordBatch.from_arrays(arrays, [name for name, _ in columns])


def _json(file: TableFile) -> list[tuple[str, list[Any]]]:
    try:
        content = json.loads(file.whole())
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise DataError(f"{file.label} cannot be read as JSON: {reason}. Fetch it again.") from error
    if isinstance(content, list) and content and all(isinstance(record, dict) for record in content):
        names = dict.fromkeys(name for record in content for name in record)
        return [(name, [record.get(name) for record in content]) for name in names]
    if isinstance(content, dict) and any(map(_is_series, content.values())):
        return _series({name: pairs for name, pairs in content.items() if _is_series(pairs)}, file)
    found = f"an object with {', '.join(map(repr, list(content)[:5]))}" if isinstance(content, dict) else "no table"
    raise DataError(f"{file.label}: found {found}; expected a list of records, or series of [stamp, value]. {_fetch()}")


def _fetch() -> str:
    return "Look whether the vendor answered with an error instead of data."


def _is_series(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and type(pair[0]) in (int, float) for pair in value
    )


def _series(series: Mapping[str, Sequence[Sequence[Any]]], file: TableFile) -> list[tuple[str, list[Any]]]:
    stamps = {name: [pair[0] for pair in pairs] for name, pairs in series.items()}
    longest = max(stamps.values(), key=len)
    if any(of_one != longest for of_one in stamps.values()):
        for name, of_one in stamps.items():
            if len(set(of_one)) < len(of_one):
                raise DataError(
                    f"{file.label}: {name!r} has a stamp twice, and not the stamps of the others. Fetch it again."
                )
        longest = sorted(set().union(*stamps.values()))
        found = {name: dict(map(tuple, pairs)) for name, pairs in series.items()}
        return [(STAMP, longest), *((name, [values.get(at) for at in longest]) for name, values in found.items())]
    return [(STAMP, longest), *((name, [pair[1] for pair in pairs]) for name, pairs in series.items())]


def _excel(file: TableFile) -> list[tuple[str, list[Any]]]:
    if calamine is None:
        raise DataError(
            f"{file.label}: reading Excel files needs the package python-calamine. "
            "Install it with pip install 'crypto-index-research[excel]', or save the table as .csv."
        )
    content = file.whole()
    _refuse_bomb(content, file)
    try:
        rows = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    except (calamine.CalamineError, ValueError, IndexError) as error:
        raise DataError(f"{file.label} cannot be read as Excel: {error}. Save it again, or as .csv.") from error
    if not rows:
        raise DataError(f"{file.label}: the first sheet is empty. Put the table there.")
    header = [str(name).strip() for name in rows[0]]
    return [(name, [row[place] for row in rows[1:]]) for place, name in enumerate(header)]


def _refuse_bomb(content: bytes, file: TableFile) -> None:
    """An .xlsx is an archive: what it unpacks to has the limit of any other file that is read as a whole."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > LARGEST_WHOLE:
            raise DataError(f"{file.label}: unpacks to {unpacked:,} bytes, expected at most {LARGEST_WHOLE:,}.")


def _array(values: list[Any], where: str) -> pa.Array:
    """Numbers as numbers, days and times as such; a column of several kinds as texts."""
    known = [None if value is None or value == "" else value for value in values]
    kinds = {type(value) for value in known if value is not None}
    try:
        if kinds == {int}:
            return pa.array(known, pa.int64())
        if kinds and kinds <= {int, float}:
            return pa.array([None if value is None else float(value) for value in known], pa.float64())
        if kinds and kinds <= {dt.date, dt.datetime}:
            return pa.array([_moment(value) for value in known], pa.timestamp("us"))
        return pa.array([value if value is None else _text(value, where) for value in known], pa.string())
    except (OverflowError, UnicodeError) as error:
        raise DataError(f"{where}: {error}. Correct it.") from error


def _moment(value: dt.date | dt.datetime | None) -> dt.datetime | None:
    if value is None or isinstance(value, dt.datetime):
        return value
    return dt.datetime.combine(value, dt.time())


def _text(value: object, where: str) -> str:
    if isinstance(value, list | dict):
        raise DataError(f"{where}: found a {type(value).__name__} in a cell, expected one value in each row.")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    return repr(value) if isinstance(value, int | float) else str(value)
