"""Raw answers on disk, so that a run carries on where another one stopped, and nothing half-written is read.

    FOLDER/answers/ohlcv/BTC.json    the bytes that the server sent
    FOLDER/records/ohlcv/BTC.json    address, instant, sha256, ETag: written after the answer

Each file is written beside its place and renamed. An answer without its record, or with other bytes than its record
says, is not there: it is asked for again.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.sources.client import Answer

PARTIAL = ".partial"
_SAFE = re.compile(r"[\w%-][\w.%-]{0,200}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Record:
    """Where an answer came from.

    Attributes
    ----------
    url : str
        Without any key: a key goes into a header.
    retrieved_at : str
        ISO 8601 instant; where the server said that nothing has changed, of that.
    sha256 : str
    etag : str, optional
    """

    url: str
    retrieved_at: str
    sha256: str
    etag: str | None = None


class Downloads:
    """The answers of one source in one folder. Made by `opened_downloads`, which sees to it that one process writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def record(self, name: str) -> Record | None:
        """The record of a whole answer; None where there is none."""
        try:
            found = Record(**json.loads(self._place("records", name).read_bytes()))
            whole = _sha256(self._place("answers", name).read_bytes()) == found.sha256
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return found if whole else None

    def read(self, name: str) -> bytes:
        """The bytes of an answer that has a record."""
        return self._place("answers", name).read_bytes()

    def keep(self, name: str, answer: Answer) -> None:
        """Put an answer on disk: all of it, or nothing. An answer "not changed" renews the record alone."""
        old = self.record(name)
        if answer.body is not None:
            _write(self._place("answers", name), answer.body)
            new = Record(
                url=answer.url, retrieved_at=answer.retrieved_at, sha256=_sha256(answer.body), etag=answer.etag
            )
        elif old is not None:
            new = dataclasses.replace(old, retrieved_at=answer.retrieved_at)
        else:
            raise DataError(f"{answer.url} says that nothing has changed, but nothing is kept of it. Run it again.")
        _write(self._place("records", name), _json(dataclasses.asdict(new)))

    def names(self, folder: str) -> list[str]:
        """The whole answers below a folder, sorted."""
        places = sorted((self.folder / "records" / folder).rglob("*"))
        names = [place.relative_to(self.folder / "records").as_posix() for place in places if place.is_file()]
        return [name for name in names if self.record(name) is not None]

    def _place(self, kind: str, name: str) -> Path:
        parts = name.split("/")
        if not all(_SAFE.fullmatch(part) for part in parts):  # vendors' ids become names of files
            raise DataError(f"{name[:100]!r} cannot be the name of a file. The source's list holds something else.")
        return self.folder / kind / "/".join(parts)


@contextmanager
def opened_downloads(folder: Path) -> Iterator[Downloads]:
    """The folder for this process alone, made if need be; what a killed run left half-written is removed.

    Raises
    ------
    DataError
        If another process has it, or it cannot be written.
    """
    with as_data_error(f"{folder} cannot be used for downloads", "Correct that, or choose another place."):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DataError(f"another fetch writes to {folder}. Wait for it, or give this one a --name.") from error
            for partial in folder.rglob(f"*{PARTIAL}"):
                partial.unlink()
            yield Downloads(folder)
        finally:
            os.close(handle)


def file_name(text: str) -> str:
    """A vendor's id as the name of a file, whatever signs are in it; `urllib.parse.unquote` gives it back."""
    return quote(text, safe="").replace("~", "%7E").replace(".", "%2E")


def _write(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + PARTIAL)
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(place)


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
