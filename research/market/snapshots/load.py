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
from research.market.data import DAY, Date, MarketData, as_timestamp, asked_assets, days_between
from research.market.layout import (
    ASSETS,
    CORE_COLUMNS,
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


def load_market(
    path: str | Path,
    *,
    start: Date | None = None,
    end: Date | None = None,
    assets: Iterable[str] | None = None,
) -> MarketData:
    """Load a snapshot into aligned panels, every byte of it verified first.

    The same as `load_market(path).until(end).since(start)`, without loading what is cut away.

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
    with verified_snapshot(path) as snapshot:
        manifest = snapshot.manifest
        rows = snapshot.daily_rows()
        window = _window(rows, start, end, manifest.name)
        listed = _listed_assets(snapshot)
        known = _known_assets(listed, assets, window, manifest.name)
        panels, last_dates = _read_panels(rows, window, pd.Index(listed["asset_id"]), pd.Index(known["asset_id"]))
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
        assets=known.assign(last_date=last_dates),
        tags=tags.reset_index(drop=True),
        ledger=ledger.reset_index(drop=True),
        manifest=manifest,
    )


def write_market(market: MarketData, out: str | Path, *, replace: bool = False) -> Manifest:
    """Write a market in memory as a snapshot; `load_market` gives it back.

    Parameters and errors are those of `write_snapshot`. Days on which an asset has no value at all get no row.
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
    """The days to load."""

    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def days(self) -> pd.DatetimeIndex:
        return days_between(self.start, self.end)


def _window(rows: DailyRows, start: Date | None, end: Date | None, name: str) -> _Window:
    """The asked days that the snapshot has."""
    first, last = rows.first_day, rows.last_day
    begin = first if start is None else as_timestamp(start)
    stop = last if end is None else as_timestamp(end)
    wrong = None
    if start is not None and end is not None and begin > stop:
        wrong = f"start {begin.date()} lies after end {stop.date()}"
    elif begin > last:
        wrong = f"start {begin.date()} lies after the last day"
    elif stop < first:
        wrong = f"end {stop.date()} lies before the first day"
    if wrong:
        raise DataError(
            f"snapshot {name!r}: {wrong}. The data run from {first.date()} to {last.date()}: choose dates among these."
        )
    return _Window(start=max(begin, first), end=min(stop, last))


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


def _read_panels(
    rows: DailyRows, window: _Window, listed: pd.Index, known: pd.Index
) -> tuple[dict[str, pd.DataFrame], pd.DatetimeIndex]:
    """Scatter the rows into one NaN-filled array per column; also the last day with a price, by asset."""
    days, names = window.days, rows.columns
    refuse_large_panels(len(days), len(known), len(names), "Load fewer days or assets (start=, end=, assets=)")
    arrays = {name: np.full((len(days), len(known)), np.nan) for name in names}
    column_of = known.get_indexer(listed)
    first_day = number_of(window.start)
    last_days = np.full(len(known), np.iinfo(np.int64).min)
    last_key = -1
    for where, batch in rows.batches(number_of(rows.first_day), first_day + len(days) - 1):
        day_numbers, codes = row_keys(batch, listed, where)
        last_key = check_batch(batch, day_numbers, codes, listed, last_key, where)
        places, columns = day_numbers - first_day, column_of[codes]
        wanted = (columns >= 0) & (places < len(days))
        priced = wanted & ~np.isnan(float_values(batch, "price", where))
        last_days[columns[priced]] = day_numbers[priced]  # rows are sorted by date, so the latest one stays
        wanted &= places >= 0
        places, columns = places[wanted], columns[wanted]
        for name, array in arrays.items():
            array[places, columns] = float_values(batch, name, where)[wanted]
    panels = {
        name: pd.DataFrame(array, index=days, columns=known.rename("asset_id"), copy=False)
        for name, array in arrays.items()
    }
    return panels, pd.DatetimeIndex(last_days.astype("datetime64[D]").astype(DAY))


def _long_batches(market: MarketData, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The panels as sorted long rows, some days at a time."""
    panels = dict(zip(CORE_COLUMNS, (market.prices, market.market_caps, market.volumes), strict=True)) | dict(
        market.extra
    )
    arrays = [panel.to_numpy() for panel in panels.values()]
    ids = pa.array(market.prices.columns.to_list(), pa.string())
    step = max(1, ROWS_PER_GROUP // max(1, len(ids)))
    for begin in range(0, len(market.dates), step):
        part = [array[begin : begin + step] for array in arrays]
        rows, columns = np.nonzero(np.logical_or.reduce([~np.isnan(values) for values in part]))
        dates = market.dates[begin + rows].to_numpy().astype("datetime64[D]")
        floats = [pa.array(values[rows, columns], from_pandas=True) for values in part]
        keys = pa.DictionaryArray.from_arrays(pa.array(columns, pa.int32()), ids)
        yield pa.RecordBatch.from_arrays([pa.array(dates), keys, *floats], schema=schema)
