"""A snapshot on disk: its tables, written atomically and verified before use.

The format (five files in one folder, never edited after writing) is in `layout.py` and, for people, in data/README.md.
Panels are made from a snapshot in `load.py`, tables of vendors become one in `importer.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import DataError
from research.market.data import DAY
from research.market.layout import (
    ASSETS,
    DAILY,
    FILES,
    LEDGER,
    ROWS_PER_GROUP,
    SCHEMAS,
    TAGS,
    check_batch,
    check_daily_schema,
    row_keys,
)
from research.market.manifest import MANIFEST_FILE, Manifest


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
        The folder to make.
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
    out = Path(out)
    _check_target(out, replace)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.partial-", dir=out.parent) as holder:
        scratch = Path(holder) / out.name
        scratch.mkdir()
        rows = _write_daily(scratch / DAILY, daily, pd.Index(assets["asset_id"]))
        for name, table in ((ASSETS, assets), (TAGS, tags), (LEDGER, ledger)):
            _write_table(scratch / name, table)
        digests = {name: _sha256(scratch / name) for name in FILES}
        manifest = dataclasses.replace(manifest, rows=rows, sha256=digests).signed()
        (scratch / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
        for file in (*scratch.iterdir(), scratch):
            _flush(file)
        _move_into_place(scratch, out, Path(holder) / "replaced")
    return manifest


def open_snapshot(path: str | Path) -> tuple[Path, Manifest]:
    """Find a snapshot, and verify every byte of it before anything is read.

    Parameters
    ----------
    path : path
        Relative paths are tried against the current directory, then against the project's root: a notebook runs in
        its own folder.

    Returns
    -------
    folder : Path
    manifest : Manifest

    Raises
    ------
    DataError
        If there is no such folder, a file is missing or differs from its sha256, or the manifest is not readable.
    """
    folder = _found(Path(path))
    manifest = Manifest.from_json(_manifest_text(folder), f"{folder / MANIFEST_FILE}")
    for name in FILES:
        if not (folder / name).is_file():
            raise DataError(f"snapshot {folder}: {name} is missing. Restore it, or import the source table again.")
        found = _sha256(folder / name)
        if found != manifest.sha256.get(name):
            raise DataError(
                f"snapshot {folder}: {name} has sha256 {found[:12]}…, the manifest says "
                f"{str(manifest.sha256.get(name))[:12]}…: the file was changed or damaged after it was written. "
                "Restore it, or import the source table again."
            )
    return folder, manifest


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """One of the small tables (assets, tags, ledger) as a frame with datetime64 dates and str texts.

    Raises
    ------
    DataError
        If the table's columns are not those of the format.
    """
    table = pq.read_table(folder / name)
    if table.schema.names != SCHEMAS[name].names:
        raise DataError(f"{folder / name} has the columns {table.schema.names}, expected {SCHEMAS[name].names}.")
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    return frame.astype({name: DAY for name in frame if frame[name].dtype.kind == "M"})


def _write_daily(file: Path, daily: pa.Table | pa.RecordBatchReader, assets: pd.Index) -> int:
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
    if rows == 0:
        raise DataError("there are no daily rows to write: a snapshot needs at least one price.")
    return rows


def _batches(daily: pa.Table | pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    reader = daily.combine_chunks().to_reader(max_chunksize=ROWS_PER_GROUP) if isinstance(daily, pa.Table) else daily
    return (batch for batch in reader if batch.num_rows)


def _write_table(file: Path, frame: pd.DataFrame) -> None:
    schema = SCHEMAS[file.name]
    missing = [name for name in schema.names if name not in frame]
    if missing:
        raise DataError(f"{file.name} lacks the columns {missing}; expected {schema.names}.")
    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    for name in ("asset_id", "tag", "date"):
        if name in schema.names and table.column(name).null_count:
            raise DataError(f"{file.name}: {table.column(name).null_count} rows have no {name}.")
    pq.write_table(table.replace_schema_metadata(None), file, compression="zstd")


def _check_target(out: Path, replace: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / MANIFEST_FILE).is_file():
        raise DataError(f"{out} exists and is not a snapshot (no {MANIFEST_FILE} in it): choose another folder.")
    if not replace:
        raise DataError(
            f"{out} is already a snapshot. Choose another folder, or ask for it to be replaced (--replace)."
        )


def _move_into_place(scratch: Path, out: Path, replaced: Path) -> None:
    """Rename; an old snapshot steps aside first, and comes back if the new one cannot take its place."""
    if out.exists():
        out.replace(replaced)
        try:
            scratch.replace(out)
        except BaseException:
            replaced.replace(out)
            raise
    else:
        scratch.replace(out)
    _flush(out.parent)


def _flush(path: Path) -> None:
    """Ask the operating system to put a file, or a folder's entries, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _found(path: Path) -> Path:
    places = [path] if path.is_absolute() else [Path.cwd() / path, Path(__file__).resolve().parents[2] / path]
    for place in places:
        if (place / MANIFEST_FILE).is_file():
            return place
    seen = "; ".join(
        f"{place} ({'no manifest.json in it' if place.is_dir() else 'no such folder'})" for place in places
    )
    raise DataError(
        f"no snapshot at {path}. Looked at: {seen}. "
        "Make one with `research data import TABLE --profile NAME --out FOLDER`, or use data/sample."
    )


def _manifest_text(folder: Path) -> str:
    try:
        return (folder / MANIFEST_FILE).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{folder / MANIFEST_FILE} is not JSON: it is not even text ({error.reason}).") from error
