"""What a user names (a file, several, a folder, a pattern, an archive) -> the vendor's files, in order of their names.

An archive is never unpacked to disk: a member is a stream, and its name is a text and not a path. What it may unpack to
is limited, so that a small archive cannot ask for all of the memory or the time.
"""

from __future__ import annotations

import fnmatch
import glob
import io
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

import pyarrow as pa

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.imports.profile.sections import Files

ENDINGS = (".csv", ".csv.gz", ".parquet", ".json", ".xlsx", ".xls", ".xlsb", ".ods")
MOST_FILES = 100_000
ALWAYS_ALLOWED, LARGEST_RATIO = 100 * 2**20, 200  # bytes unpacked; above them, so many for each byte packed
LARGEST_WHOLE = 2**28  # bytes of a file that has to be in memory as a whole

Given = str | Path | Sequence[str | Path]


@dataclass(frozen=True)
class TableFile:
    """One of the vendor's files.

    Attributes
    ----------
    path : Path
        The file, or the archive in which it lies.
    member : str
        Its name in the archive; empty outside of one.
    """

    path: Path
    member: str = ""

    @property
    def label(self) -> str:
        """As it stands in a message."""
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @property
    def name(self) -> str:
        """Without folders."""
        return (self.member or self.path.name).rsplit("/", 1)[-1]

    @property
    def ending(self) -> str:
        """One of `ENDINGS`, or .zip."""
        return next(ending for ending in (*ENDINGS, ".zip") if self.name.lower().endswith(ending))

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name[: -len(self.ending)]

    @contextmanager
    def open(self) -> Iterator[Path | BinaryIO]:
        """The path of an ordinary file, else a stream of the unpacked bytes."""
        if self.member:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                packed = archive.getinfo(self.member).compress_size
                yield io.BufferedReader(_Limited(stream, packed, self.label))
        elif self.ending.endswith(".gz"):
            with pa.CompressedInputStream(pa.OSFile(str(self.path)), "gzip") as stream:
                yield io.BufferedReader(_Limited(stream, self.path.stat().st_size, self.label))
        else:
            yield self.path

    def whole(self) -> bytes:
        """All bytes, of a file of at most `LARGEST_WHOLE`."""
        with self.open() as source, source.open("rb") if isinstance(source, Path) else source as stream:
            content: bytes = stream.read(LARGEST_WHOLE + 1)
        if len(content) > LARGEST_WHOLE:
            raise DataError(f"{self.label}: larger than {LARGEST_WHOLE:,} bytes. Save it as .csv or .parquet.")
        return content


@contextmanager
def readable(file: TableFile) -> Iterator[None]:
    """Faults of a file, its archive or its packing as an error of our own."""
    what = f"{file.label} cannot be read as {file.ending[1:]}"
    next_step = "Save the table again, as .csv in UTF-8 or as .parquet."
    try:
        with as_data_error(what, next_step):
            yield
    except DataError as error:
        if isinstance(error.__cause__, UnicodeDecodeError):
            raise DataError(
                f"{what}: its letters are not in {error.__cause__.encoding}. Say encoding under [files] of the "
                'profile: "cp1252" (Excel in Western Europe) or "utf-16"; or save the table again in UTF-8.'
            ) from error
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{what}: {str(error) or 'it is cut off'}. {next_step}") from error


def find_files(given: Given, files: Files) -> list[TableFile]:
    """The files that a path, a pattern with * or several of either stand for.

    Raises
    ------
    DataError
        If there is none, there are too many, or one is of a kind that cannot be read.
    """
    paths = [given] if isinstance(given, str | Path) else list(given)
    found = [file for path in paths for file in _expanded(Path(path), files)]
    if not found:
        raise DataError("no table was named. Expected a file, a folder, or a pattern such as vendor/*.csv.")
    if len(found) > MOST_FILES:
        raise DataError(f"{paths[0]}: {len(found):,} files, expected at most {MOST_FILES:,}. Import a part of them.")
    return list(dict.fromkeys(found))


def _expanded(path: Path, files: Files) -> list[TableFile]:
    if path.is_dir():
        names = sorted(file for file in path.iterdir() if file.is_file())
        found = [table for file in names if _wanted(file.name, files) for table in _expanded(file, files)]
        if not found:
            raise DataError(
                f"{path}: no table in this folder fits {files.pattern!r}{_below(path, files)}. {_expected()}"
            )
        return found
    if path.is_file():
        if path.stat().st_size == 0 and path.name.lower().endswith((*ENDINGS, ".zip")):
            raise DataError(f"{path} cannot be read: it is empty (0 bytes). Fetch it again.")
        if path.name.lower().endswith(".zip"):
            return _members(path, files)
        if not path.name.lower().endswith(ENDINGS):
            raise DataError(f"{path}: found {path.suffix or 'no suffix'!r}. {_expected()}")
        return [TableFile(path)]
    if not path.exists() and glob.has_magic(str(path)):
        matching = sorted(Path(name) for name in glob.glob(str(path)))  # noqa: PTH207  (a pattern may be absolute)
        if not matching:
            raise DataError(f"{path}: no file fits this pattern. {_expected()}")
        return [table for file in matching if file.is_file() for table in _expanded(file, files)]
    if path.is_symlink() and not path.exists():
        raise DataError(f"{path} is a link that leads to no file. Correct the link, or name the file itself.")
    raise DataError(f"{path} is no file. {_expected()}" if path.exists() else f"no table at {path}. {_expected()}")


def _below(path: Path, files: Files) -> str:
    """How many tables lie one level deeper, where nobody looks."""
    tables = {
        sub.name: sum(_wanted(file.name, files) for file in sub.iterdir()) for sub in path.iterdir() if sub.is_dir()
    }
    found = [f"{count:,} in {name}/" for name, count in sorted(tables.items()) if count]
    return f" (looks only at the top level; found {', '.join(found[:5])})" if found else ""


def _members(path: Path, files: Files) -> list[TableFile]:
    with readable(TableFile(path)), zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        if len(infos) > MOST_FILES:
            raise DataError(f"{path}: {len(infos):,} files, expected at most {MOST_FILES:,}. Unpack a part of them.")
        for info in infos:
            if info.filename.startswith(("/", "\\")) or ".." in info.filename.replace("\\", "/").split("/"):
                raise DataError(f"{path}: a file is called {info.filename[:100]!r}, outside of the archive. Not read.")
            if info.flag_bits & 1:
                raise DataError(f"{path}: {info.filename[:100]!r} is encrypted. Unpack it first.")
        plain = [info for info in infos if not info.is_dir() and not stat.S_ISLNK(info.external_attr >> 16)]
    names = [info.filename for info in plain if "__MACOSX" not in info.filename]
    wanted = [name for name in names if _wanted(name.rsplit("/", 1)[-1], files) and name.lower().endswith(ENDINGS)]
    if not wanted:
        raise DataError(f"{path}: no table in this archive fits {files.pattern!r}. {_expected()}")
    repeated = (
        next((name for name in wanted if wanted.count(name) > 1), None) if len(set(wanted)) < len(wanted) else None
    )
    if repeated is not None:
        raise DataError(f"{path}: {repeated[:100]!r} is in the archive twice. Keep the one that is right.")
    return [TableFile(path, name) for name in sorted(wanted)]


def _wanted(name: str, files: Files) -> bool:
    readable = name.lower().endswith((*ENDINGS, ".zip"))
    packed = name.lower().endswith(".zip")
    return readable and not name.startswith(".") and (packed or fnmatch.fnmatchcase(name, files.pattern))


def _expected() -> str:
    return "Expected .csv, .csv.gz, .parquet, .json or .xlsx files, in a folder or a .zip if there are several."


class _Limited(io.RawIOBase):
    """A stream that refuses to become far larger than what it was packed in."""

    def __init__(self, stream: IO[bytes], packed: int, label: str) -> None:
        self._stream, self._label = stream, label
        self._left = max(ALWAYS_ALLOWED, LARGEST_RATIO * packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._stream.read(len(buffer))
        self._left -= len(content)
        if self._left < 0:
            raise DataError(f"{self._label}: unpacks to more than {LARGEST_RATIO} times its size. Unpack it yourself.")
        buffer[: len(content)] = content
        return len(content)
