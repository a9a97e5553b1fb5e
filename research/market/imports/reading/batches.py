"""One file of a vendor -> batches of the wanted columns, with the number of each row. Texts of a CSV stay texts.

A CSV or Parquet file is read a part at a time; JSON and Excel, which cannot be, are limited in size. Blank rows are
left out and counted.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from research.errors import DataError, suggest
from research.market.imports.profile.sections import Files
from research.market.imports.reading.files import TableFile
from research.market.imports.reading.lines import MOST_BELOW, below_table, filled_lines, open_lines, tail_of
from research.market.imports.reading.sheets import read_sheet

BLOCK = 1 << 20  # bytes of a CSV at a time: no line may be longer; 16 times as many where each asset is a column
ROWS_PER_BATCH = 1 << 16
BUFFER = 1 << 20  # bytes of a column of Parquet in memory at a time, before they are unpacked
LARGEST_COLUMN = 1 << 29  # bytes of one column in one row group of Parquet, unpacked: read as a whole
MOST_BLANK = 1_000_000


@dataclass(kw_only=True)
class Tally:
    """What was met while reading, for the summary of an import.

    Attributes
    ----------
    files, blank_rows, lines_below : int
    intraday_rows : int
        Rows left out because they are no day's close.
    absent : dict of str to int
        Columns that files lack, and how many lack them.
    notes : list of str
        Sentences that a reader of the snapshot should know: they become caveats.
    """

    files: int = 0
    blank_rows: int = 0
    lines_below: int = 0
    intraday_rows: int = 0
    absent: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What there is to say, a line each."""
        said = [f"{self.blank_rows:,} blank rows left out"] if self.blank_rows else []
        if self.lines_below:
            said.append(f"lines below the tables left out: {self.lines_below:,}")
        if self.intraday_rows:
            said.append(f"{self.intraday_rows:,} rows left out that are no day's close")
        said += [f"column {name!r} absent from {n:,} of {self.files:,} files" for name, n in self.absent.items()]
        return said + self.notes


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: its columns, and the number of each row in the file, counted from 1 without the header."""

    file: TableFile
    table: pa.RecordBatch
    row: np.ndarray

    def column(self, name: str) -> pa.Array | None:
        """A column; None where the file lacks it."""
        place = self.table.schema.get_field_index(name)
        return self.table.column(place) if place >= 0 else None

    def first(self, wrong: np.ndarray) -> int:
        """The number of the first row that is True."""
        return int(self.row[int(wrong.argmax())])


Choose = Callable[[TableFile, list[str], Tally], list[str]]


def read_batches(file: TableFile, files: Files, choose: Choose, tally: Tally) -> Iterator[Batch]:
    """The columns that `choose` picks from the names in the file's header."""
    if file.ending.startswith(".csv"):
        parts = _csv(file, files, choose, tally)
    elif file.ending == ".parquet":
        parts = _parquet(file, choose, tally)
    else:
        parts = _sheet(file, choose, tally)
    for table, row in parts:
        blank = _blank(table)
        count = int(blank.sum())
        if count:
            tally.blank_rows += count
            table, row = table.filter(pa.array(~blank)), row[~blank]
        if tally.blank_rows > MOST_BLANK:
            raise DataError(f"{file.label}: more than {MOST_BLANK:,} blank rows. Is this the right file?")
        if len(row):
            yield Batch(file, table, row)


def choose_columns(wanted: list[str], may_be_absent: set[str]) -> Choose:
    """Pick these columns; one that is neither there nor may be absent is an error, as is one that is there twice."""

    def choose(file: TableFile, found: list[str], tally: Tally) -> list[str]:
        for name in wanted:
            if name not in found and name in may_be_absent:
                tally.absent[name] = tally.absent.get(name, 0) + 1
            elif found.count(name) != 1:
                what = "is missing" if name not in found else "occurs twice"
                raise DataError(
                    f"{file.label}: the column {name!r} {what}: {suggest(name, found)}. Or change the profile's "
                    f"[columns].{_hint(found)}"
                )
        return [name for name in wanted if name in found]

    return choose


def choose_all_but(skipped: tuple[str, ...], date: str) -> Choose:
    """Pick every column but some, each of which must be there."""

    def choose(file: TableFile, found: list[str], tally: Tally) -> list[str]:
        choose_columns([date, *skipped], set())(file, found, tally)
        return choose_columns([name for name in found if name not in skipped], set())(file, found, tally)

    return choose


def _hint(found: list[str]) -> str:
    """Where a header is one long name, the columns are probably parted by something else."""
    if len(found) == 1:
        for sign, shown in ((";", ";"), ("\t", "\\t"), ("|", "|")):
            if sign in found[0]:
                return f' The header holds {shown!r}: say delimiter = "{shown}" under [files].'
    return ""


def _csv(file: TableFile, files: Files, choose: Choose, tally: Tally) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    skipped: list[int] = []
    wrong: list[pa.csv.InvalidRow] = []

    def odd(row: pa.csv.InvalidRow) -> str:
        if row.text.strip().strip(files.delimiter).strip():
            wrong.append(row)
            return "error"
        skipped.append((row.number or 0) - 1)
        return "skip" if len(skipped) <= MOST_BLANK else "error"

    header = _header(file, files)
    names = [name.strip() for name in header]
    chosen = choose(file, names, tally)
    actual = [header[names.index(name)] for name in chosen]
    parsing = pa.csv.ParseOptions(delimiter=files.delimiter, ignore_empty_lines=False, invalid_row_handler=odd)
    convert = pa.csv.ConvertOptions(
        include_columns=actual, column_types=dict.fromkeys(actual, pa.string())
    )  # numbers are read later, where the row can be named
    count = 0
    block = BLOCK * (16 if len(header) > 1000 else 1)
    try:
        with open_lines(file, files) as (source, encoding):
            reading = pa.csv.ReadOptions(
                encoding=encoding, block_size=block, skip_rows=files.skip_lines, use_threads=False
            )
            with pa.csv.open_csv(source, reading, parsing, convert) as reader:
                for batch in reader:
                    place = count + np.arange(batch.num_rows)
                    count += batch.num_rows
                    before = np.array(skipped, dtype=np.int64) - 1 - np.arange(len(skipped))
                    yield batch.rename_columns(chosen), place + 1 + np.searchsorted(before, place, side="right")
    except pa.ArrowInvalid as error:
        if not wrong:
            raise
        raise DataError(_odd_row(file, files, wrong[0])) from error
    tally.blank_rows += len(skipped)
    tally.lines_below += files.skip_last_lines


def _odd_row(file: TableFile, files: Files, row: pa.csv.InvalidRow) -> str:
    """A row with more or fewer cells than the header; near the end of the file it is probably no row."""
    what = (
        f"{file.label} cannot be read as csv: row {(row.number or 1) - 1} has {row.actual_columns} cells, the header "
        f"{row.expected_columns}: {row.text[:60]!r}."
    )
    tail = tail_of(file, files.encoding)
    last = filled_lines(tail, files.delimiter)[-MOST_BELOW:]
    if row.text.strip() in (texts := [line.strip() for line in last]):
        footer = below_table(tail, files.delimiter, row.expected_columns)
        below = max(len(footer), len(last) - texts.index(row.text.strip()))
        return f"{what} If it stands below the table, say skip_last_lines = {below} under [files]; else correct it."
    return f"{what} Correct it, or [files] delimiter and skip_lines of the profile."


def _header(file: TableFile, files: Files) -> list[str]:
    parsing = pa.csv.ParseOptions(delimiter=files.delimiter, invalid_row_handler=lambda _: "skip")
    with open_lines(file, files) as (source, encoding):
        reading = pa.csv.ReadOptions(encoding=encoding, skip_rows=files.skip_lines, block_size=BLOCK, use_threads=False)
        with pa.csv.open_csv(source, reading, parsing) as reader:
            names: list[str] = reader.schema.names
    return names


def _parquet(file: TableFile, choose: Choose, tally: Tally) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    source = io.BytesIO(file.whole()) if file.member else file.path
    schema = pq.read_schema(source)
    wanted = choose(file, schema.names, tally)
    for name in wanted:
        if pa.types.is_nested(schema.field(name).type):
            raise DataError(
                f"{file.label}, column {name!r}: the column holds {schema.field(name).type}, "
                "expected one value in each row."
            )
    # texts stay dictionaries, so that one long text in a million rows is in memory once
    packed = [name for name in wanted if pa.types.is_string(schema.field(name).type)]
    with pq.ParquetFile(source, read_dictionary=packed, pre_buffer=False, buffer_size=BUFFER) as parquet:
        for group in range(parquet.num_row_groups):
            columns = parquet.metadata.row_group(group)
            largest = max(columns.column(place).total_uncompressed_size for place in range(columns.num_columns))
            if largest > LARGEST_COLUMN:
                raise DataError(
                    f"{file.label}: row group {group + 1} has a column of {largest:,} bytes, expected at most "
                    f"{LARGEST_COLUMN:,}. Save the table again with smaller row groups."
                )
        count = 0
        for batch in parquet.iter_batches(batch_size=ROWS_PER_BATCH, columns=wanted):
            yield batch, count + 1 + np.arange(batch.num_rows)
            count += batch.num_rows


def _sheet(file: TableFile, choose: Choose, tally: Tally) -> Iterator[tuple[pa.RecordBatch, np.ndarray]]:
    table = read_sheet(file)
    table = table.select(choose(file, table.schema.names, tally))
    yield table, 1 + np.arange(table.num_rows)


def _blank(table: pa.RecordBatch) -> np.ndarray:
    """Rows in which no column holds anything."""
    blank: np.ndarray = np.ones(table.num_rows, dtype=bool)
    for column in table.columns:
        if blank.any():
            blank &= _is_empty(column)
    return blank


def _is_empty(column: pa.Array) -> np.ndarray:
    if pa.types.is_dictionary(column.type):
        words = np.append(_is_empty(column.dictionary), True)
        packed: np.ndarray = words[column.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False)]
        return packed
    empty = column.is_null(nan_is_null=True)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        empty = pc.or_(empty, pc.fill_null(pc.match_substring_regex(column, r"^\s*$"), True))
    found: np.ndarray = empty.to_numpy(zero_copy_only=False)
    return found
