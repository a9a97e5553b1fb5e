"""Rows that need not fit into memory: added in any order, given back by ranges of one column, some values at a time.

This is a merge sort on disk. Rows are gathered until there are `ROWS_PER_RUN` of them, sorted by the column, and
written as one batch of an Arrow file; all rows with some values of the column are then a slice of each batch. A table
that fits into one run never touches the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

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
        self._file: Path | None = None
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def __len__(self) -> int:
        return int(self.counts.sum())

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Add some rows: the same columns each time, arrays of one length, without missing values."""
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
        if self._writer is not None:
            with _on_disk():
                self._writer.close()
        for first, last in _ranges(self.counts, most):
            parts = self._from_disk(first, last)
            if last_run is not None:
                parts.append(_between(last_run, self.by, first, last))
            yield _joined(parts)
        if self._file is not None:
            self._file.unlink()

    def _sorted_pending(self) -> Columns:
        rows = {name: np.concatenate([part[name] for part in self._pending]) for name in self._pending[0]}
        self._pending, self._pending_rows = [], 0
        order = rows[self.by].argsort(kind="stable")
        return {name: values[order] for name, values in rows.items()}

    def _write(self, rows: Columns) -> None:
        batch = pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in rows.items()})
        with _on_disk():
            if self._writer is None:
                self._file = self._folder() / self._name
                self._writer = pa.ipc.new_file(str(self._file), batch.schema)
            needed = batch.nbytes + len(self) * self._further_bytes
            refuse_beyond_disk(self._folder(), needed, f"sorting the first {len(self):,} rows of the table")
            self._writer.write_batch(batch)

    def _from_disk(self, first: int, last: int) -> list[Columns]:
        """The rows with values from `first` to `last`; the file is mapped anew, so that no pages of others stay."""
        if self._file is None:
            return []
        with pa.memory_map(str(self._file)) as source, pa.ipc.open_file(source) as reader:
            parts = []
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                run = {name: batch.column(name).to_numpy() for name in batch.schema.names}
                parts.append({name: values.copy() for name, values in _between(run, self.by, first, last).items()})
        return parts


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


def _between(run: Columns, by: str, first: int, last: int) -> Columns:
    begin, end = run[by].searchsorted(first, "left"), run[by].searchsorted(last, "right")
    return {name: values[begin:end] for name, values in run.items()}


def _joined(parts: list[Columns]) -> Columns:
    return (
        parts[0]
        if len(parts) == 1
        else {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
    )
