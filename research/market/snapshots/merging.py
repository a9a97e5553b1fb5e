"""The rows of a snapshot and those of a newer retrieval become one series of rows; what differs in the past is found.

Both are read once, in order, some days at a time. The key of a row is day x number of assets + place of its asset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa

from research.market.layout import ROWS_PER_GROUP, check_batch, float_values, row_keys
from research.market.limits import BYTES_PER_LINE, refuse_beyond_limit
from research.market.snapshots.daily_rows import DailyRows
from research.typing import BoolArray, FloatArray, IntArray

REVISION_COLUMNS = ("date", "asset_id", "field", "old", "new", "kind")
KINDS = ("changed", "withdrawn", "added", "new asset")
FEWEST_MOVED = 20  # changed prices below which nothing is said of the table's dating


@dataclass(frozen=True, kw_only=True, eq=False)
class Merge:
    """How the rows of two snapshots become those of one.

    The new rows speak for an asset from its first to its last price among them. There they count, also where they have
    no value any more; everywhere else they only add rows which the old ones lack. A table of the last month thus says
    nothing of the years before, and an asset that the vendor dropped keeps its past.

    Attributes
    ----------
    old, new : DailyRows
    ids : Index
        Every asset of either, sorted.
    listed : bool, shape (assets,)
        Whether the old snapshot lists it.
    first, last : int, shape (assets,)
        The days from and to which the new rows speak, as days since 1970-01-01; an empty range for none.
    given : bool, shape (columns,)
        Columns in which the new rows have any value. A column that the vendor does not give is not withdrawn.
    """

    old: DailyRows
    new: DailyRows
    ids: pd.Index
    listed: BoolArray
    first: IntArray
    last: IntArray
    given: BoolArray

    @property
    def old_end(self) -> int:
        """Last day of the old snapshot."""
        return self.old.parts[-1].last

    @property
    def end(self) -> int:
        """Last day of the merged rows."""
        return max(self.old_end, self.new.parts[-1].last)

    def revisions(self) -> pd.DataFrame:
        """Values of the old snapshot's days that are others in the new rows: the columns of REVISION_COLUMNS.

        Raises
        ------
        DataError
            If there are so many that the table would be larger than a market may be.
        """
        found, lines = [], 0
        for keys, before, after in self._blocks(self.new.parts[0].first, self.old_end):
            rows, columns = np.nonzero(~((before == after) | (np.isnan(before) & np.isnan(after))))
            lines += len(rows)
            refuse_beyond_limit(
                lines * BYTES_PER_LINE,
                f"{lines:,} revisions of the past",
                "Import the table as a new snapshot, under a name of its own",
            )
            found.append(self._lines(keys[rows], columns, before[rows, columns], after[rows, columns]))
        return pd.concat(found, ignore_index=True) if found else self._lines(*[np.array([], dtype=int)] * 4)

    def moved_by_a_day(self, changed: int) -> str | None:
        """Whether the new rows seem to be dated a day "earlier" or "later" than the old ones; None where they do not.

        They do where more than half of the overlapping prices changed (`changed` is their number, see `revisions`), and
        more than half of those (of at least FEWEST_MOVED that can be compared) equal the asset's old price of the day
        after, or of the day before.
        A price that is the same on both days is no changed one, and so never a sign. Where prices go to and fro between
        few values (pegs, to the cent), many equal both neighbours: one side must have twice as many as the other.
        """
        place, step = self.old.columns.index("price"), len(self.ids)
        keys, before, after = np.array([], dtype=np.int64), np.array([]), np.array([])
        overlapping = 0
        compared, equal = np.zeros(2, dtype=int), np.zeros(2, dtype=int)  # with the day after, with the day before
        for block, *values in self._blocks(self.new.parts[0].first - 1, self.old_end):
            was, is_now = (table[:, place] for table in values)
            days, codes = np.divmod(block, step)
            both = ~np.isnan(was) & ~np.isnan(is_now) & (days >= self.first[codes]) & (days <= self.last[codes])
            overlapping += both.sum()
            if overlapping >= 2 * changed:  # a usual revision: the rest need not be read
                return None
            keys, before, after = np.append(keys, block), np.append(before, was), np.append(after, is_now)
            _, one, next_one = np.intersect1d(keys + step, keys, assume_unique=True, return_indices=True)
            for side, (here, there) in enumerate(((one, next_one), (next_one, one))):
                known = (after[here] != before[here]) & ~np.isnan(after[here] + before[here] + before[there])
                compared[side] += known.sum()
                equal[side] += (known & (after[here] == before[there])).sum()
            rest = keys > (keys[-1] if len(keys) else 0) - step  # rows whose next day is still to come
            keys, before, after = keys[rest], before[rest], after[rest]
        moved = (compared >= FEWEST_MOVED) & (2 * equal > compared) & (equal > 2 * equal[::-1])
        return ("earlier", "later")[int(np.argmax(moved))] if moved.any() else None

    def rows(self, first: int, last: int) -> pa.RecordBatchReader:
        """The merged rows from day `first` to day `last`."""
        schema = pa.schema(
            {
                "date": pa.date32(),
                "asset_id": pa.dictionary(pa.int32(), pa.string()),
                **dict.fromkeys(self.old.columns, pa.float64()),
            }
        )
        names = pa.array(self.ids, pa.string())

        def batches() -> Iterator[pa.RecordBatch]:
            for keys, _, after in self._blocks(first, last):
                some = ~np.isnan(after).all(axis=1)
                days, codes = np.divmod(keys[some], len(self.ids))
                dates = pa.array(days.astype(np.int32), pa.int32()).cast(pa.date32())
                ids = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), names)
                floats = [pa.array(column, from_pandas=True) for column in after[some].T]
                yield pa.RecordBatch.from_arrays([dates, ids, *floats], schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _blocks(self, first: int, last: int) -> Iterator[tuple[IntArray, FloatArray, FloatArray]]:
        """Keys of some days, and their values (rows x columns) in the old snapshot and in the merged one."""
        step = max(1, ROWS_PER_GROUP // len(self.ids))
        edges = [*range(first, last + 1, step), last + 1]
        for (old_keys, old_values), (new_keys, new_values) in zip(
            self._read(self.old, edges), self._read(self.new, edges), strict=True
        ):
            keys = np.union1d(old_keys, new_keys)
            before, told = np.full((2, len(keys), len(self.old.columns)), np.nan)
            before[np.searchsorted(keys, old_keys)] = old_values
            told[np.searchsorted(keys, new_keys)] = new_values
            days, codes = np.divmod(keys, len(self.ids))
            counts = (days >= self.first[codes]) & (days <= self.last[codes]) | ~np.isin(keys, old_keys)
            yield keys, before, np.where(counts[:, None] & self.given, told, before)

    def _read(self, rows: DailyRows, edges: list[int]) -> Iterator[tuple[IntArray, FloatArray]]:
        """Keys and values of the rows between each edge and the next (days; the last edge is no day any more)."""
        source, last_key = rows.batches(edges[0], edges[-1] - 1), -1
        keys, values = np.array([], dtype=np.int64), np.empty((0, len(rows.columns)))
        for begin, end in pairwise(edges):
            while not len(keys) or keys[-1] < end * len(self.ids):
                where, batch = next(source, ("", None))
                if batch is None:
                    break
                days, codes = row_keys(batch, self.ids, where)
                last_key = check_batch(batch, days, codes, self.ids, last_key, where)
                table = np.column_stack([float_values(batch, name, where) for name in self.old.columns])
                keys, values = np.append(keys, days * len(self.ids) + codes), np.vstack([values, table])
            low, high = np.searchsorted(keys, [begin * len(self.ids), end * len(self.ids)])
            yield keys[low:high], values[low:high]
            keys, values = keys[high:], values[high:]

    def _lines(self, keys: IntArray, columns: IntArray, old: FloatArray, new: FloatArray) -> pd.DataFrame:
        days, codes = np.divmod(keys, len(self.ids))
        kinds = np.select([~self.listed[codes], np.isnan(old), np.isnan(new)], [3, 2, 1], 0)
        lines = (
            days.astype("datetime64[D]").astype("datetime64[us]"),
            self.ids.take(codes),
            np.array(self.old.columns, dtype=object)[columns],
            old.astype(float),
            new.astype(float),
            np.array(KINDS, dtype=object)[kinds],
        )
        return pd.DataFrame(dict(zip(REVISION_COLUMNS, lines, strict=True)))
