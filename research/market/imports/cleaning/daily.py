"""The clean rows of an import as a snapshot has them: by date and then asset_id, some at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market.imports.cleaning.clean_rows import CleanRows
from research.market.imports.reading.runs import Columns
from research.market.layout import ROWS_PER_GROUP
from research.market.tables import DAY
from research.typing import IntArray


def daily_rows(rows: CleanRows, ids: pd.Series) -> pa.RecordBatchReader:
    """The rows of daily.parquet, `ROWS_PER_GROUP` at a time; a column that the vendor lacks is missing throughout.

    `ids` are the sorted asset_ids. The rows are used up.

    Raises
    ------
    DataError
        While it is read, if two keys give one asset two rows for one day.
    """
    schema = pa.schema(
        {
            "date": pa.date32(),
            "asset_id": pa.dictionary(pa.int32(), pa.string()),
            **dict.fromkeys(rows.numbers, pa.float64()),
        }
    )
    rank, names = pd.Index(ids).get_indexer(pd.Index(rows.assets["asset_id"])), pa.array(ids, pa.string())

    def batches() -> Iterator[pa.RecordBatch]:
        for part in _in_groups(_by_day_and_rank(rows, rank)):
            keys = pa.DictionaryArray.from_arrays(pa.array(rank[part["asset"]], pa.int32()), names)
            nothing = np.full(len(keys), np.nan)
            columns = [pa.array(part.get(name, nothing), from_pandas=True) for name in rows.numbers]
            dates = pa.array(part["day"], pa.int32()).cast(pa.date32())
            yield pa.RecordBatch.from_arrays([dates, keys, *columns], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def as_day(number: int) -> pd.Timestamp:
    """A day since 1970-01-01 as a date."""
    return pd.Timestamp(np.datetime64(int(number), "D").astype(DAY))


def _by_day_and_rank(rows: CleanRows, rank: IntArray) -> Iterator[Columns]:
    for part in rows.by_day.blocks(ROWS_PER_GROUP):
        place = part["day"] * np.int64(len(rank)) + rank[part["asset"]]
        order = place.argsort()
        same = np.flatnonzero(np.diff(place[order]) == 0)
        if len(same):
            pair = order[same[0] : same[0] + 2]
            keys = rows.assets.iloc[part["asset"][pair]]
            raise DataError(
                f"two rows for one day: the keys {' and '.join(map(repr, sorted(keys['key'])))} both stand for "
                f"{keys['asset_id'].iloc[0]!r}, and both have a row for {as_day(part['day'][pair[0]]).date()}. "
                "Give one of them another id under [assets] in the profile."
            )
        yield {name: values[order] for name, values in part.items()}


def _in_groups(parts: Iterator[Columns]) -> Iterator[Columns]:
    """The same rows in the same order, `ROWS_PER_GROUP` in each part but the last."""
    left: Columns = {}
    for part in parts:
        whole = {name: np.concatenate([left[name], values]) for name, values in part.items()} if left else part
        full = len(whole["day"]) // ROWS_PER_GROUP * ROWS_PER_GROUP
        for begin in range(0, full, ROWS_PER_GROUP):
            yield {name: values[begin : begin + ROWS_PER_GROUP] for name, values in whole.items()}
        left = {name: values[full:] for name, values in whole.items()}
    if left and len(left["day"]):
        yield left
