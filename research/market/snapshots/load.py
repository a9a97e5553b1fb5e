"""Between a snapshot on disk and panels in memory: `load_market` and its counterpart `write_market`.

Values are neither filled nor repaired here. Long rows are scattered into NaN-filled arrays batch by batch, so that
loading needs little more memory than the panels themselves; there is no pivot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market.data import Date, MarketData, as_timestamp, asked_assets, days_between
from research.market.layout import (
    ASSETS,
    CORE_COLUMNS,
    DAILY,
    LEDGER,
    ROWS_PER_GROUP,
    TAGS,
    check_batch,
    float_values,
    row_keys,
)
from research.market.limits import refuse_large_panels
from research.market.manifest import Manifest
from research.market.snapshots.daily_rows import DailyRows, number_of
from research.market.snapshots.snapshot import VerifiedSnapshot, verified_snapshot
from research.market.snapshots.writing import write_snapshot
from research.market.tables import DAY
from research.typing import IntArray

_NEVER = np.iinfo(np.int64).min  # as a date it is missing


def load_market(
    path: str | Path,
    *,
    start: Date | None = None,
    end: Date | None = None,
    assets: Iterable[str] | None = None,
) -> MarketData:
    """Load a snapshot into aligned panels, every byte that is read verified first.

    The same as `load_market(path).until(end).since(start)`, without loading what is cut away: of the daily rows, only
    the parts (files) that can have days from `start` to `end` are verified, and only row groups with such days are
    decoded. Rows lie by date: a choice of `assets` saves memory and time, but all bytes of these days are read.

    Parameters
    ----------
    path : str or path
        A snapshot: its folder, or its name and date as `NAME`, `NAME@latest`, `NAME@2026-11-01` (the newest retrieved
        by then: the data as known on that day, which `end` is not).
    start, end : date, optional
        First and last day wanted; the snapshot's own first and last day where they are wider or not given. Assets,
        tags and ledger are those known at `end`.
    assets : iterable of str, optional
        asset_id of the assets wanted; all where not given.

    Returns
    -------
    MarketData
        Panels of shape (days, assets), float64, NaN where the snapshot has no value.

    Raises
    ------
    DataError
        If the snapshot is missing, damaged or of another format version; if an asset is unknown; if `start` lies
        after the last day or after `end`, or `end` before the first day.
    """
    with verified_snapshot(path, whole=False) as snapshot:
        manifest = snapshot.manifest
        window = _window(snapshot, start, end)
        listed = _listed_assets(snapshot)
        known = _known_assets(listed, assets, window, manifest.name)
        ids = pd.Index(listed["asset_id"])
        panels, last_days = _read_panels(window, ids, pd.Index(known["asset_id"]))
        last_days = _last_days(snapshot, window, ids, known, last_days)
        tags, ledger = snapshot.table(TAGS), snapshot.table(LEDGER)
    tags = tags[
        (tags["valid_from"].isna() | (tags["valid_from"] <= window.end)) & tags["asset_id"].isin(known["asset_id"])
    ]
    if end is not None:
        ledger = ledger[ledger["date"] <= as_timestamp(end)]
    if assets is not None:
        ledger = ledger[ledger["asset_id"].isin(known["asset_id"])]
    prices, market_caps, volumes = (panels.pop(name) for name in CORE_COLUMNS)
    return MarketData(
        prices=prices,
        market_caps=market_caps,
        volumes=volumes,
        extra=panels,
        assets=known.assign(last_date=last_days.astype("datetime64[D]").astype(DAY)),
        tags=tags.reset_index(drop=True),
        ledger=ledger.reset_index(drop=True),
        manifest=manifest,
    )


def write_market(market: MarketData, out: str | Path, *, replace: bool = False) -> Manifest:
    """Write a market in memory as a snapshot; `load_market` gives it back.

    All of it, or nothing. Days on which an asset has no value at all get no row.

    Parameters
    ----------
    market : MarketData
    out : path
        The folder to make.
    replace : bool
        Whether an existing snapshot at `out` may be replaced.

    Raises
    ------
    DataError
        If `out` exists and is no snapshot or may not be replaced, or cannot be written.
    """
    schema = pa.schema(
        {
            "date": pa.date32(),
            "asset_id": pa.dictionary(pa.int32(), pa.string()),
            **dict.fromkeys([*CORE_COLUMNS, *market.extra], pa.float64()),
        }
    )
    return write_snapshot(
        out,
        daily=pa.RecordBatchReader.from_batches(schema, _long_batches(market, schema)),
        assets=market.assets,
        tags=market.tags,
        ledger=market.ledger,
        manifest=market.manifest,
        replace=replace,
    )


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The days to load, and the parts of the daily rows that have them."""

    start: pd.Timestamp
    end: pd.Timestamp
    rows: DailyRows

    @property
    def days(self) -> pd.DatetimeIndex:
        return days_between(self.start, self.end)


def _window(snapshot: VerifiedSnapshot, start: Date | None, end: Date | None) -> _Window:
    """The asked days that the snapshot has. Its first and last day are known where the part with them is asked for."""
    begin, stop = (None if day is None else as_timestamp(day) for day in (start, end))
    if begin is not None and stop is not None and begin > stop:
        raise _no_such_days(snapshot, f"start {begin.date()} lies after end {stop.date()}")
    rows = snapshot.daily_rows(*(None if day is None else number_of(day) for day in (begin, stop)))
    first = rows.first_day if rows.parts[0].name == DAILY else None
    last = rows.last_day if rows.parts[-1].name == list(snapshot.parts)[-1] else None
    if begin is not None and last is not None and begin > last:
        raise _no_such_days(snapshot, f"start {begin.date()} lies after the last day")
    if stop is not None and first is not None and stop < first:
        raise _no_such_days(snapshot, f"end {stop.date()} lies before the first day")
    return _Window(
        start=max(day for day in (begin, first) if day is not None),
        end=min(day for day in (stop, last) if day is not None),
        rows=rows,
    )


def _no_such_days(snapshot: VerifiedSnapshot, why: str) -> DataError:
    rows = snapshot.daily_rows()
    return DataError(
        f"snapshot {snapshot.manifest.name!r}: {why}. The data run from {rows.first_day.date()} to "
        f"{rows.last_day.date()}: choose dates among these."
    )


def _listed_assets(snapshot: VerifiedSnapshot) -> pd.DataFrame:
    listed = snapshot.table(ASSETS)
    ids = pd.Index(listed["asset_id"])
    if not (ids.notna().all() and ids.is_unique and ids.is_monotonic_increasing):
        raise DataError(
            f"{snapshot.folder / ASSETS}: the rows must be sorted by asset_id, one for each asset. "
            "Import the source table again."
        )
    return listed


def _known_assets(listed: pd.DataFrame, asked: Iterable[str] | None, window: _Window, name: str) -> pd.DataFrame:
    """The rows of assets.parquet that are asked for and had a price by the end of the window."""
    if asked is not None:
        listed = listed[listed["asset_id"].isin(asked_assets(asked, listed, name))]
    known = listed[listed["first_date"] <= window.end].reset_index(drop=True)
    if known.empty:
        raise DataError(f"snapshot {name!r}: none of the assets asked for had a price by {window.end.date()}.")
    return known


def _read_panels(window: _Window, listed: pd.Index, known: pd.Index) -> tuple[dict[str, pd.DataFrame], IntArray]:
    """Scatter the rows into one NaN-filled array per column; also the last day with a price, by asset (`_NEVER`)."""
    days, names = window.days, window.rows.columns
    refuse_large_panels(len(days), len(known), len(names), "Load fewer days or assets (start=, end=, assets=)")
    arrays = {name: np.full((len(days), len(known)), np.nan) for name in names}
    column_of = known.get_indexer(listed)
    first_day = number_of(window.start)
    last_days = np.full(len(known), _NEVER)
    last_key = -1
    for where, batch in window.rows.batches(first_day, first_day + len(days) - 1):
        batch, day_numbers, codes = _rows_of(batch, listed, column_of, where)
        if not len(codes):
            continue
        last_key = check_batch(batch, day_numbers, codes, listed, last_key, where)
        places, columns = day_numbers - first_day, column_of[codes]
        wanted = (places >= 0) & (places < len(days))
        places, columns = places[wanted], columns[wanted]
        for name, array in arrays.items():
            array[places, columns] = float_values(batch, name, where)[wanted]
        priced = ~np.isnan(float_values(batch, "price", where)[wanted])
        last_days[columns[priced]] = first_day + places[priced]  # rows are sorted by date, so the latest one stays
    panels = {
        name: pd.DataFrame(array, index=days, columns=known.rename("asset_id"), copy=False)
        for name, array in arrays.items()
    }
    return panels, last_days


def _rows_of(
    batch: pa.RecordBatch, listed: pd.Index, column_of: np.ndarray, where: str
) -> tuple[pa.RecordBatch, np.ndarray, np.ndarray]:
    """The rows of the assets that are loaded, with their days and their places among those listed."""
    days, codes = row_keys(batch, listed, where)
    if (column_of >= 0).all():
        return batch, days, codes
    loaded = column_of[codes] >= 0
    return batch.filter(pa.array(loaded)), days[loaded], codes[loaded]


def _last_days(
    snapshot: VerifiedSnapshot, window: _Window, listed: pd.Index, known: pd.DataFrame, found: IntArray
) -> IntArray:
    """The last day with a price until the end of the window, by asset, where none was `found` within it.

    That of the assets that had ended by then is listed; for one that pauses, what lies before is read backwards.
    """
    ended = known["last_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    last_days: IntArray = np.where((found == _NEVER) & (known["last_date"] <= window.end), ended, found)
    column_of = pd.Index(known["asset_id"]).get_indexer(listed)
    before = number_of(window.start) - 1
    if (last_days > _NEVER).all():
        return last_days
    for rows in snapshot.parts_back(before):
        for where, batch in rows.batches_back(before):
            batch, days, codes = _rows_of(batch, listed, column_of, where)
            priced = ~np.isnan(float_values(batch, "price", where)) & (days <= before)
            columns = column_of[codes[priced]]
            here = np.full(len(last_days), _NEVER)
            here[columns] = days[priced]
            last_days = np.maximum(last_days, here)
            if (last_days > _NEVER).all():
                return last_days
    return last_days


def _long_batches(market: MarketData, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The panels as sorted long rows, some days at a time."""
    arrays = [panel.to_numpy() for panel in market.panels.values()]
    ids = pa.array(market.prices.columns.to_list(), pa.string())
    step = max(1, ROWS_PER_GROUP // max(1, len(ids)))
    for begin in range(0, len(market.dates), step):
        part = [array[begin : begin + step] for array in arrays]
        rows, columns = np.nonzero(np.logical_or.reduce([~np.isnan(values) for values in part]))
        dates = market.dates[begin + rows].to_numpy().astype("datetime64[D]")
        floats = [pa.array(values[rows, columns], from_pandas=True) for values in part]
        keys = pa.DictionaryArray.from_arrays(pa.array(columns, pa.int32()), ids)
        yield pa.RecordBatch.from_arrays([pa.array(dates), keys, *floats], schema=schema)
