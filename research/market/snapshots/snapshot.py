"""A snapshot on disk, found, verified and opened. It is written in `writing.py` and becomes panels in `load.py`.

The format (a few files in one folder, never edited after writing) is in `layout.py` and, for people, in data/README.md.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.layout import ASSETS, DAILY, LEDGER, SCHEMAS, TAGS, part_names
from research.market.limits import BYTES_PER_LINE, refuse_beyond_limit
from research.market.manifest import MANIFEST_FILE, Manifest
from research.market.snapshots.catalog import find_snapshot
from research.market.snapshots.daily_rows import DailyRows
from research.market.snapshots.writing import sha256_of
from research.market.tables import DAY

_FAR = 1 << 40  # days: beyond every date
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


@dataclass(frozen=True, kw_only=True, eq=False)
class VerifiedSnapshot:
    """A snapshot of which every byte that is read agrees with its manifest, open for reading.

    Attributes
    ----------
    folder : Path
    manifest : Manifest
    parts : dict of str to binary file
        daily.parquet and its later parts, in order: the very files that are verified, whatever the folder's name shows
        by now. A part is verified before it is read for the first time.
    """

    folder: Path
    manifest: Manifest
    parts: Mapping[str, BufferedReader]
    _tables: Mapping[str, bytes]
    _states: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def share(self, name: str, target: Path) -> None:
        """Give a file a second name, `target`: a hard link, or a copy where the file system has none.

        Raises
        ------
        DataError
            If it is not the file that was verified.
        """
        file = self.parts.get(name)
        as_verified = file is not None and _state(file) == self._states.get(name)
        try:
            os.link(self.folder / name, target)
        except OSError as error:
            if error.errno not in _NO_LINK:
                raise
            shutil.copyfile(self.folder / name, target)
        if as_verified and file is not None and os.path.samestat(os.fstat(file.fileno()), target.stat()):
            self._states[name] = _state(file)  # a second name changes the time of change, and no byte
        elif sha256_of(target) != self.manifest.sha256[name]:
            raise DataError(f"the snapshot {self.folder} was replaced while it was read. Try again.")

    def daily_rows(self, first: int | None = None, last: int | None = None) -> DailyRows:
        """The daily rows, all parts as one; or only the parts that can have days from `first` to `last`.

        Raises
        ------
        DataError
            If one of these parts differs from its sha256.
        """
        begins = [_first_of_part(name) for name in self.parts]
        ends = [*(begin - 1 for begin in begins[1:]), _FAR]
        names = [
            name
            for name, begin, end in zip(self.parts, begins, ends, strict=True)
            if begin <= (_FAR if last is None else last) and end >= (-_FAR if first is None else first)
        ]
        self.verify([name for name in names if name not in self._states])
        return DailyRows({name: self.parts[name] for name in names}, self.folder)

    def parts_back(self, last: int) -> Iterator[DailyRows]:
        """The parts that can have days until `last`, each alone, the newest first; as `daily_rows` otherwise."""
        for begin in reversed([_first_of_part(name) for name in self.parts]):
            if begin <= last:
                yield self.daily_rows(begin, begin)

    def verify(self, names: Iterable[str]) -> None:
        """Compare files with their digests; raise DataError where one differs."""
        for name in names:
            if name in self.parts:
                file = self.parts[name]
                self._states[name] = _state(file)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                file.seek(0)
            else:
                digest = hashlib.sha256(self._tables[name]).hexdigest()
            expected = str(self.manifest.sha256.get(name))
            if digest != expected:
                raise DataError(
                    f"snapshot {self.folder}: {name} has sha256 {digest[:12]}…, the manifest says "
                    f"{expected[:12]}…: the file was changed or damaged after it was written. "
                    "Restore it, or import the source table again."
                )

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
def verified_snapshot(path: str | Path, *, whole: bool = True) -> Iterator[VerifiedSnapshot]:
    """Find a snapshot, verify every byte of it, and keep what was verified open while it is read.

    A snapshot that is replaced meanwhile changes nothing: the files stay those that were verified. One that is edited
    in its place is refused at the end of the reading.

    Parameters
    ----------
    path : str or path
        A path, or a name and a date: NAME, NAME@latest, NAME@2026-11-01 (see `catalog.find_snapshot`).
    whole : bool
        Whether to verify all parts of the daily rows at once; else each before it is read (`daily_rows`).

    Raises
    ------
    DataError
        If there is no such snapshot, a file is missing or differs from its sha256, or the manifest is not readable.
    """
    with as_data_error(f"the snapshot {path} cannot be read", "Restore it, or import the source table again."):
        folder = find_snapshot(path)
        with ExitStack() as stack:
            snapshot = _opened(folder, stack)
            snapshot.verify([*snapshot._tables, *(snapshot.parts if whole else ())])
            yield snapshot
            # what is in another state now was replaced, which changes no byte of it, or edited in its place
            snapshot.verify([name for name, state in snapshot._states.items() if state != _state(snapshot.parts[name])])


def open_snapshot(path: str | Path) -> tuple[Path, Manifest]:
    """The folder and the manifest of a snapshot, every byte of it verified.

    Parameters
    ----------
    path : str or path
        Its folder, or a name and a date: NAME, NAME@latest, NAME@2026-11-01.

    Raises
    ------
    DataError
        If there is no such snapshot, a file is missing or differs from its sha256, or the manifest is not readable.
    """
    with verified_snapshot(path) as snapshot:
        return snapshot.folder, snapshot.manifest


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot's folder, which agrees with itself; the other files are not looked at."""
    with as_data_error(f"{folder} cannot be read", "Restore it, or import the source table again."):
        return _manifest((folder / MANIFEST_FILE).read_bytes(), folder / MANIFEST_FILE)


def _opened(folder: Path, stack: ExitStack) -> VerifiedSnapshot:
    """All files of one folder, opened through a handle of it, so that none comes from a folder that takes its place."""
    while True:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            manifest = _manifest(_read(handle, MANIFEST_FILE, folder), folder / MANIFEST_FILE)
            tables = {name: _read(handle, name, folder) for name in (ASSETS, TAGS, LEDGER)}
            parts = {name: stack.enter_context(_open(handle, name, folder)) for name in part_names(manifest.sha256)}
        except DataError:
            if os.path.samestat(os.fstat(handle), folder.stat()):
                raise
            continue  # replaced and removed while it was opened: now the new one
        finally:
            os.close(handle)
        return VerifiedSnapshot(
            folder=folder,
            manifest=manifest,
            parts=parts,
            _tables=tables,
        )


def _open(handle: int, name: str, folder: Path) -> BufferedReader:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NONBLOCK, dir_fd=handle)  # a pipe must not be waited for
    except FileNotFoundError as error:
        raise DataError(
            f"snapshot {folder}: {name} is missing. Restore it, or import the source table again."
        ) from error
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


def _state(file: BufferedReader) -> tuple[int, int, int]:
    """What changes whenever a file's content does (and at other times too)."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _first_of_part(name: str) -> int:
    """The first day that a part can have, by its name; days since 1970-01-01."""
    return -_FAR if name == DAILY else int(np.datetime64(name[len("daily-") : -len(".parquet")], "D").astype(np.int64))
