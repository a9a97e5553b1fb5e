"""The daily rows of a snapshot, which lie in one file or, after updates, in several: read as if they were one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import DataError
from research.market.layout import DAILY, check_daily_schema

ROWS_PER_BATCH = 1 << 17  # read at a time: a few MB, so that small markets too load in little more than their own size
_EPOCH = pd.Timestamp(0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One file of daily rows.

    Attributes
    ----------
    name : str
    file : ParquetFile
    first, last : int
        First and last day, as days since 1970-01-01.
    """

    name: str
    file: pq.ParquetFile
    first: int
    last: int


class DailyRows:
    """The parts in order of their days, each with days of its own.

    Parameters
    ----------
    files : dict of str to binary file
        The open parts by name, in order.
    folder : path
        For messages.

    Raises
    ------
    DataError
        If a part has no rows or no statistics of its dates, columns that are not those of the format or of the first
        part, or days of the part before it.
    """

    def __init__(self, files: Mapping[str, BufferedReader], folder: Path) -> None:
        self.parts = [_part(name, file, folder) for name, file in files.items()]
        first = self.parts[0]
        self.columns: list[str] = first.file.schema_arrow.names[2:]
        for before, part in pairwise(self.parts):
            if part.file.schema_arrow.names[2:] != self.columns:
                raise DataError(
                    f"{folder / part.name} has the columns {part.file.schema_arrow.names}, {DAILY} has "
                    f"{first.file.schema_arrow.names}. Import the source table again."
                )
            if part.first <= before.last:
                raise DataError(f"{folder / part.name}: its days begin before those of {before.name} end.")

    @property
    def first_day(self) -> pd.Timestamp:
        return day_of(self.parts[0].first)

    @property
    def last_day(self) -> pd.Timestamp:
        return day_of(self.parts[-1].last)

    def batches(self, first: int, last: int) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Batches of the row groups that have days from `first` to `last`, each with the name of its part."""
        for part in self.parts:
            groups = [i for i, (begin, end) in enumerate(_group_days(part.file)) if begin <= last and end >= first]
            for batch in part.file.iter_batches(batch_size=ROWS_PER_BATCH, row_groups=groups) if groups else ():
                yield part.name, batch

    def batches_back(self, last: int) -> Iterator[tuple[str, pa.RecordBatch]]:
        """The row groups that have days until `last`, one at a time, the newest first."""
        for part in reversed(self.parts):
            for group, (begin, _) in reversed(list(enumerate(_group_days(part.file)))):
                if begin <= last:
                    columns = ["date", "asset_id", "price"]
                    for batch in part.file.read_row_group(group, columns=columns).combine_chunks().to_batches():
                        yield part.name, batch


def has_values(rows: DailyRows, column: str) -> bool:
    """Whether a column has any value, by the statistics of the files; True where they do not tell."""
    place = 2 + rows.columns.index(column)
    chunks = [
        part.file.metadata.row_group(i).column(place) for part in rows.parts for i in range(part.file.num_row_groups)
    ]
    return any(chunk.statistics is None or chunk.statistics.null_count < chunk.num_values for chunk in chunks)


def day_of(number: int) -> pd.Timestamp:
    """The day that is `number` days after 1970-01-01."""
    return _EPOCH.as_unit("us") + pd.Timedelta(number, unit="D")


def number_of(day: pd.Timestamp) -> int:
    """Days from 1970-01-01 to `day`."""
    return (day - _EPOCH).days


def _part(name: str, file: BufferedReader, folder: Path) -> Part:
    # pre_buffer would hold the whole file in memory while it is read
    parquet = pq.ParquetFile(file, read_dictionary=["asset_id"], pre_buffer=False)
    check_daily_schema(parquet.schema_arrow, str(folder / name))
    try:
        days = _group_days(parquet)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{name} has dates outside of the years 1 to 9999. Import the source table again.") from error
    if not days:
        raise DataError(f"{name} has no rows, or no statistics of their dates. Import the source table again.")
    return Part(name=name, file=parquet, first=days[0][0], last=days[-1][1])


def _group_days(file: pq.ParquetFile) -> list[tuple[int, int]]:
    """First and last day of each row group, from its statistics; none where one lacks them."""
    found = [file.metadata.row_group(i).column(0).statistics for i in range(file.num_row_groups)]
    if not all(group is not None and group.has_min_max for group in found):
        return []
    return [(number_of(pd.Timestamp(group.min)), number_of(pd.Timestamp(group.max))) for group in found]
