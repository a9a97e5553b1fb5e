"""A snapshot on disk: its tables, written atomically and verified before use.

The format (five files in one folder, never edited after writing) is in `layout.py` and, for people, in data/README.md.
Panels are made from a snapshot in `load.py`, tables of vendors become one in `importer.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import DataError
from research.market.data import DAY
from research.market.faults import as_data_error
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
from research.market.limits import BYTES_PER_LINE, refuse_beyond_limit
from research.market.manifest import MANIFEST_FILE, Manifest
from research.market.placing import REPLACED, bring_back, flush, put_in_place, scratch_folder


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
    with as_data_error(f"{out} could not be written", "Nothing was changed there. Correct that and try again."):
        _check_target(out, replace)
        out.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(out) as holder:
            scratch = holder / out.name
            scratch.mkdir()
            rows = _write_daily(scratch / DAILY, daily, pd.Index(assets["asset_id"]))
            for name, table in ((ASSETS, assets), (TAGS, tags), (LEDGER, ledger)):
                _write_table(scratch / name, table)
            digests = {name: _sha256(scratch / name) for name in FILES}
            manifest = dataclasses.replace(manifest, rows=rows, sha256=digests).signed()
            (scratch / MANIFEST_FILE).write_text(manifest.to_json(), encoding="utf-8")
            for file in (*scratch.iterdir(), scratch):
                flush(file)
            put_in_place(scratch, out, holder / REPLACED)
    return manifest


@dataclass(frozen=True, kw_only=True, eq=False)
class VerifiedSnapshot:
    """A snapshot whose every byte agrees with its manifest, open for reading.

    Attributes
    ----------
    folder : Path
    manifest : Manifest
    daily : binary file
        daily.parquet, the very file that was verified, whatever the folder's name shows by now.
    """

    folder: Path
    manifest: Manifest
    daily: BinaryIO
    _tables: Mapping[str, bytes]

    def table(self, name: str) -> pd.DataFrame:
        """One of the small tables (assets, tags, ledger) as a frame with datetime64 dates and str texts.

        Raises
        ------
        DataError
            If the table's columns are not those of the format.
        """
        file = pq.ParquetFile(pa.BufferReader(self._tables[name]), pre_buffer=False)
        refuse_beyond_limit(
            file.metadata.num_rows * BYTES_PER_LINE,
            f"{self.folder / name}: {file.metadata.num_rows:,} rows",
            "Import a part of the source table",
        )
        if not file.schema_arrow.remove_metadata().equals(SCHEMAS[name]):
            found = ", ".join(f"{field.name} ({field.type})" for field in file.schema_arrow)
            expected = ", ".join(f"{field.name} ({field.type})" for field in SCHEMAS[name])
            raise DataError(f"{self.folder / name} has the columns {found}; expected {expected}.")
        frame: pd.DataFrame = file.read().to_pandas(date_as_object=False)
        return frame.astype({name: DAY for name in frame if frame[name].dtype.kind == "M"})


@contextmanager
def verified_snapshot(path: str | Path) -> Iterator[VerifiedSnapshot]:
    """Find a snapshot, verify every byte of it, and keep what was verified open while it is read.

    A snapshot that is replaced meanwhile changes nothing: the files stay those that were verified. One that is edited
    in its place is refused at the end.

    Parameters
    ----------
    path : path
        Relative paths are tried against the current directory, then against the project's root: a notebook runs in
        its own folder.

    Raises
    ------
    DataError
        If there is no such folder, a file is missing or differs from its sha256, or the manifest is not readable.
    """
    with as_data_error(f"the snapshot {path} cannot be read", "Restore it, or import the source table again."):
        folder = _found(Path(path))
        with ExitStack() as stack:
            snapshot = _opened(folder, stack)
            state = _state(snapshot.daily)
            _verify(snapshot)
            yield snapshot
            if _state(snapshot.daily) != state:
                raise DataError(f"snapshot {folder}: {DAILY} was changed while it was read. Load it again.")


def open_snapshot(path: str | Path) -> tuple[Path, Manifest]:
    """The folder and the manifest of a snapshot, every byte of it verified. Errors are those of `verified_snapshot`."""
    with verified_snapshot(path) as snapshot:
        return snapshot.folder, snapshot.manifest


def _opened(folder: Path, stack: ExitStack) -> VerifiedSnapshot:
    """All files of one folder, opened through a handle of it: a folder that takes its name meanwhile is not mixed in."""
    while True:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            manifest = _read(handle, MANIFEST_FILE, folder)
            tables = {name: _read(handle, name, folder) for name in (ASSETS, TAGS, LEDGER)}
            daily = stack.enter_context(_open(handle, DAILY, folder))
        except DataError:
            if os.path.samestat(os.fstat(handle), os.stat(folder)):
                raise
            continue  # replaced and removed while it was opened: now the new one
        finally:
            os.close(handle)
        return VerifiedSnapshot(
            folder=folder,
            manifest=_manifest(manifest, folder / MANIFEST_FILE),
            daily=daily,
            _tables=tables,
        )


def _open(handle: int, name: str, folder: Path) -> BinaryIO:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=handle)  # a pipe must not be waited for
    except FileNotFoundError as error:
        raise DataError(f"snapshot {folder}: {name} is missing. Restore it, or import the source table again.") from error
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise DataError(f"snapshot {folder}: {name} is no file. Restore it, or import the source table again.")
    return os.fdopen(file, "rb")


def _manifest(content: bytes, file: Path) -> Manifest:
    try:
        return Manifest.from_json(content.decode("utf-8"), str(file))
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not JSON: it is not even text ({error.reason}).") from error


def _read(handle: int, name: str, folder: Path) -> bytes:
    with _open(handle, name, folder) as file:
        return file.read()


def _state(file: BinaryIO) -> tuple[int, int, int]:
    """What changes whenever a file's content does."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _verify(snapshot: VerifiedSnapshot) -> None:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in snapshot._tables.items()}
    digests[DAILY] = hashlib.file_digest(snapshot.daily, "sha256").hexdigest()
    snapshot.daily.seek(0)
    for name in FILES:
        expected = snapshot.manifest.sha256.get(name)
        if digests[name] != expected:
            raise DataError(
                f"snapshot {snapshot.folder}: {name} has sha256 {digests[name][:12]}…, the manifest says "
                f"{str(expected)[:12]}…: the file was changed or damaged after it was written. "
                "Restore it, or import the source table again."
            )


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


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _found(path: Path) -> Path:
    places = [path] if path.is_absolute() else [Path.cwd() / path, Path(__file__).resolve().parents[2] / path]
    for place in places:
        if place.parent.is_dir() and not place.exists():
            bring_back(place)
        if (place / MANIFEST_FILE).is_file():
            return place
    seen = "; ".join(
        f"{place} ({'no manifest.json in it' if place.is_dir() else 'no such folder'})" for place in places
    )
    raise DataError(
        f"no snapshot at {path}. Looked at: {seen}. "
        "Make one with `research data import TABLE --profile NAME --out FOLDER`, or use data/sample."
    )
