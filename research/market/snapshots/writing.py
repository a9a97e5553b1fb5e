"""A snapshot is written: checked row by row, all of it or nothing. It is read in `snapshot.py`."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.layout import (
    ASSETS,
    DAILY,
    LEDGER,
    ROWS_PER_GROUP,
    ROWS_PER_PART,
    SCHEMAS,
    TAGS,
    check_batch,
    check_daily_schema,
    later_part,
    row_keys,
)
from research.market.manifest import MANIFEST_FILE, Manifest
from research.market.snapshots.placing import REPLACED, bring_back, flush, put_in_place, scratch_folder


def write_snapshot(
    out: str | Path,
    *,
    daily: pa.Table | pa.RecordBatchReader,
    assets: pd.DataFrame,
    tags: pd.DataFrame,
    ledger: pd.DataFrame,
    manifest: Manifest,
    replace: bool = False,
) -> Manifest:
    """Write a snapshot folder: all of it, or nothing.

    Everything is written into a scratch folder beside `out`, flushed to disk, and then renamed. The same input
    writes the same bytes.

    Parameters
    ----------
    out : path
        The folder to make; a symbolic link stands for the folder that it points to.
    daily : pyarrow Table or RecordBatchReader
        Columns date (date32), asset_id (string), price, market_cap, volume and any further float64 columns; rows
        sorted by date and then asset_id, no two alike. Null or NaN where there is no value. A reader is streamed.
    assets, tags, ledger : DataFrame
        The columns of `MarketData.assets`, `.tags` and `.ledger`.
    manifest : Manifest
        `rows` and `sha256` are filled in here.
    replace : bool
        Whether an existing snapshot at `out` may be replaced.

    Returns
    -------
    Manifest
        As written.

    Raises
    ------
    DataError
        If `out` exists and is no snapshot, or may not be replaced; if rows are unsorted or doubled, an asset is
        unknown, a price or cap is not positive and finite, or a volume is negative.
    """
    out = checked_target(out, replace)
    with _as_data_error(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(out) as holder:
            scratch = holder / out.name
            scratch.mkdir()
            rows = _write_parts(scratch, daily, pd.Index(assets["asset_id"]))
            if rows == 0:
                raise DataError("there are no daily rows to write: a snapshot needs at least one price.")
            write_tables(scratch, assets=assets, tags=tags, ledger=ledger)
            manifest = sign(scratch, dataclasses.replace(manifest, rows=rows), known={})
            put_in_place(scratch, out, holder / REPLACED, replace=replace)
    return manifest


def checked_target(out: str | Path, replace: bool) -> Path:
    """The folder that is meant: the one that a symbolic link points to. Raises DataError as `write_snapshot` does."""
    out = Path(out)
    with _as_data_error(out):
        out = Path(os.path.realpath(out)) if out.is_symlink() else out  # the link stays
        bring_back(out)
        _check_target(out, replace)
    return out


def _as_data_error(out: Path) -> AbstractContextManager[None]:
    return as_data_error(f"{out} could not be written", "Nothing was changed there. Correct that and try again.")


def write_tables(folder: Path, *, assets: pd.DataFrame, tags: pd.DataFrame, ledger: pd.DataFrame) -> None:
    """Write the three small tables of a snapshot."""
    for name, table in ((ASSETS, assets), (TAGS, tags), (LEDGER, ledger)):
        _write_table(folder / name, table)


def sign(folder: Path, manifest: Manifest, known: Mapping[str, str]) -> Manifest:
    """Write the manifest of a folder whose other files are complete, and flush all to disk.

    `known` are digests of files that need not be read again, because they were verified as a part of another snapshot.
    """
    names = sorted(file.name for file in folder.iterdir())
    digests = {name: known[name] if name in known else sha256_of(folder / name) for name in names}
    manifest = dataclasses.replace(manifest, sha256=digests).signed()
    (folder / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
    for file in (*folder.iterdir(), folder):
        flush(file)
    return manifest


def _write_parts(folder: Path, daily: pa.Table | pa.RecordBatchReader, assets: pd.Index) -> int:
    """Write the daily rows, and give back how many there are.

    In one part; or, where there are many, in parts that end with a year and have `ROWS_PER_PART` rows or more each, so
    that the last days of a large snapshot can be read, and its updates written, without all the others.
    """
    check_daily_schema(daily.schema, "the daily rows")
    rows = 0
    for first_day, batches in itertools.groupby(_by_part(_batches(daily)), key=lambda part: part[0]):
        part = pa.RecordBatchReader.from_batches(daily.schema, (batch for _, batch in batches))
        rows += write_daily(folder / (later_part(first_day) if rows else DAILY), part, assets)
    return rows


def _by_part(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Batches, cut where a new part begins, each with the first day of its part (since 1970-01-01)."""
    first_day = rows = 0
    year = None
    for batch in batches:
        days = batch.column("date").cast(pa.int32()).fill_null(0).to_numpy()
        years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
        new_years = np.flatnonzero(np.diff(years, prepend=years[0] if year is None else year) > 0)
        begin, year = 0, years[-1]
        for end in [*new_years, len(days)]:
            if end < len(days) and rows + end - begin < ROWS_PER_PART:
                continue
            if end > begin:
                first_day = first_day if rows else int(days[begin])
                rows += end - begin
                yield first_day, batch.slice(begin, end - begin)
            begin, rows = end, rows if end == len(days) else 0


def write_daily(file: Path, daily: pa.Table | pa.RecordBatchReader, assets: pd.Index) -> int:
    """Write one part of the daily rows, each row checked, and give back how many there are. `assets` are sorted ids."""
    where = "the daily rows"
    check_daily_schema(daily.schema, where)
    if not (assets.is_unique and assets.is_monotonic_increasing):
        raise DataError("the rows of assets must be unique and sorted by asset_id.")
    floats = daily.schema.names[2:]
    schema = pa.schema({"date": pa.date32(), "asset_id": pa.string(), **dict.fromkeys(floats, pa.float64())})
    rows, last_key = 0, -1
    with pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=["asset_id"],
        column_encoding={"date": "DELTA_BINARY_PACKED", **dict.fromkeys(floats, "BYTE_STREAM_SPLIT")},
    ) as writer:
        for batch in _batches(daily):
            last_key = check_batch(batch, *row_keys(batch, assets, where), assets, last_key, where)
            writer.write_table(pa.Table.from_batches([batch]).cast(schema), row_group_size=ROWS_PER_GROUP)
            rows += batch.num_rows
    return rows


def _batches(daily: pa.Table | pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    reader = daily.combine_chunks().to_reader(max_chunksize=ROWS_PER_GROUP) if isinstance(daily, pa.Table) else daily
    return (batch for batch in reader if batch.num_rows)


def _write_table(file: Path, frame: pd.DataFrame) -> None:
    schema = SCHEMAS[file.name]
    missing = [name for name in schema.names if name not in frame]
    if missing:
        raise DataError(f"{file.name} lacks the columns {missing}; expected {schema.names}.")
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for begin in range(0, max(1, len(frame)), ROWS_PER_GROUP):
            part = frame[schema.names].iloc[begin : begin + ROWS_PER_GROUP]
            table = pa.Table.from_pandas(part, schema=schema, preserve_index=False).replace_schema_metadata(None)
            for name in ("asset_id", "tag", "date"):
                if name in schema.names and table.column(name).null_count:
                    raise DataError(f"{file.name}: {table.column(name).null_count} rows have no {name}.")
            writer.write_table(table)


def _check_target(out: Path, replace: bool) -> None:
    if "\0" in str(out):
        raise DataError(f"{str(out)!r} is no path: it holds a NUL character. Choose another name.")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / MANIFEST_FILE).is_file():
        raise DataError(f"{out} exists and is not a snapshot (no {MANIFEST_FILE} in it): choose another folder.")
    if not replace:
        raise DataError(
            f"{out} is already a snapshot. Choose another folder, or ask for it to be replaced (--replace)."
        )


def sha256_of(file: Path) -> str:
    """Hex digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
