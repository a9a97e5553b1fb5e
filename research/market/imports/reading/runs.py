"""Rows that need not fit into memory: added in any order, given back by ranges of one column, some values at a time.

This is a merge sort on disk. Rows are gathered until there are `ROWS_PER_RUN` of them, sorted by the column, and
written, one column after the other; all rows with some values of the column are then a slice of each run. Slices are
read, not mapped: mapped pages would count as memory of the process. A table that fits into one run never touches the
disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import BinaryIO

import numpy as np

from research.market.faults import as_data_error
from research.market.limits import refuse_beyond_disk

ROWS_PER_RUN = 1 << 20
Columns = dict[str, np.ndarray]


class SortedRuns:
    """Rows by column, given back by ranges of the whole numbers (0 or more) in the column `by`.

    Parameters
    ----------
    by : str
    name : str
        Of the file, in the folder for scratch.
    folder : function
        Gives that folder; asked when it is needed for the first time.
    further_bytes : int
        What each row will need on the disk later, while it is still here: that room has to be there as well.

    Attributes
    ----------
    counts : int64, shape (largest value of `by` so far + 1,)
        How many rows have each value.
    """

    def __init__(self, by: str, name: str, folder: Callable[[], Path], further_bytes: int = 0) -> None:
        self.by, self.counts = by, np.zeros(0, dtype=np.int64)
        self._name, self._folder, self._further_bytes = name, folder, further_bytes
        self._pending: list[Columns] = []
        self._pending_rows = 0
        self._runs: list[_Run] = []
        self._file: BufferedWriter | None = None

    def __len__(self) -> int:
        return int(self.counts.sum())

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Add some rows: the same columns each time, arrays of one length, without missing values in `by`."""
        found = np.bincount(rows[self.by], minlength=len(self.counts))
        found[: len(self.counts)] += self.counts
        self.counts = found
        self._pending.append(dict(rows))
        self._pending_rows += len(rows[self.by])
        if self._pending_rows >= ROWS_PER_RUN:
            self._write(self._sorted_pending())

    def blocks(self, most: int) -> Iterator[Columns]:
        """All rows, those of some consecutive values at a time: at most `most`, or one value's. Can be done once.

        Rows with the same value stay in the order in which they were added; nothing is said of others.
        """
        last_run = self._sorted_pending() if self._pending else None
        if self._file is not None:
            with _on_disk():
                self._file.close()
        for first, last in _ranges(self.counts, most):
            parts = self._from_disk(first, last)
            if last_run is not None:
                begin, end = last_run[self.by].searchsorted([first, last + 1])
                parts.append({name: values[begin:end] for name, values in last_run.items()})
            yield {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
        if self._file is not None:
            Path(self._file.name).unlink()

    def _sorted_pending(self) -> Columns:
        rows = {name: np.concatenate([part[name] for part in self._pending]) for name in self._pending[0]}
        self._pending, self._pending_rows = [], 0
        order = rows[self.by].argsort(kind="stable")
        return {name: values[order] for name, values in rows.items()}

    def _write(self, rows: Columns) -> None:
        with _on_disk():
            self._file = self._file or (self._folder() / self._name).open("wb")
            needed = sum(values.nbytes for values in rows.values()) + len(self) * self._further_bytes
            refuse_beyond_disk(self._folder(), needed, f"sorting the first {len(self):,} rows of the table")
            ends = _written(np.bincount(rows[self.by]).cumsum(), self._file)
            self._runs.append(_Run(ends, {name: _written(values, self._file) for name, values in rows.items()}))

    def _from_disk(self, first: int, last: int) -> list[Columns]:
        if self._file is None:
            return []
        with _on_disk(), Path(self._file.name).open("rb") as file:
            return [run.between(first, last, file) for run in self._runs]


@dataclass(frozen=True)
class _Array:
    """Where an array lies in the file."""

    kind: np.dtype
    place: int
    length: int

    def read(self, file: BinaryIO, begin: int, end: int) -> np.ndarray:
        file.seek(self.place + begin * self.kind.itemsize)
        values = np.fromfile(file, self.kind, end - begin)
        if len(values) < end - begin:
            raise OSError("the scratch file is shorter than what was written to it")
        return values


@dataclass(frozen=True)
class _Run:
    """Sorted rows in the file: the columns, and how many rows have each value of the first or a smaller one."""

    ends: _Array
    columns: dict[str, _Array]

    def between(self, first: int, last: int, file: BinaryIO) -> Columns:
        """The rows with values from `first` to `last`."""
        begin, end = self._rows_before(first, file), self._rows_before(last + 1, file)
        return {name: array.read(file, begin, end) for name, array in self.columns.items()}

    def _rows_before(self, value: int, file: BinaryIO) -> int:
        place = min(value, self.ends.length)
        return int(self.ends.read(file, place - 1, place)[0]) if place else 0


def _written(values: np.ndarray, file: BufferedWriter) -> _Array:
    place = file.tell()
    file.write(values.data)
    return _Array(values.dtype, place, len(values))


def _on_disk() -> AbstractContextManager[None]:
    what = "the rows of the table could not be sorted on the disk, beside the snapshot"
    return as_data_error(what, "Nothing was changed there. Correct that and try again.")


def _ranges(counts: np.ndarray, most: int) -> Iterator[tuple[int, int]]:
    """First and last value of consecutive parts that have at most `most` rows each, or one value."""
    ends, begin, done = counts.cumsum(), 0, 0
    while done < ends[-1]:
        stop = max(int(ends.searchsorted(done + most, side="right")), int(ends.searchsorted(done, side="right")) + 1)
        yield begin, stop - 1
        begin, done = stop, int(ends[stop - 1])
