"""The lines of a CSV: how its letters are encoded, and what stands below the table (a source, a copyright)."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from research.market.imports.profile.sections import Files
from research.market.imports.reading.files import TableFile

UTF8 = "utf-8-sig"  # read by Python, so that a wrong byte is an error before Arrow sees its row
CHUNK = 1 << 20  # bytes
TAIL = 1 << 16  # bytes in which the lines below a table lie
MOST_BELOW = 20  # lines: more of them are no footer


@contextmanager
def open_lines(file: TableFile, files: Files) -> Iterator[tuple[Path | BinaryIO, str]]:
    """A CSV without the lines below its table, and the encoding in which it is given."""
    encoding = UTF8 if codecs.lookup(files.encoding).name == "utf-8" else files.encoding
    with file.open() as source:
        if not files.skip_last_lines:
            yield source, encoding
            return
        with source.open("rb") if isinstance(source, Path) else source as stream:
            recoded = (
                stream if encoding == UTF8 else pa.transcoding_input_stream(pa.PythonFile(stream), encoding, "utf8")
            )
            yield io.BufferedReader(_WithoutLast(recoded, files), CHUNK), UTF8


def tail_of(file: TableFile, encoding: str) -> str:
    """The last `TAIL` bytes as text."""
    tail = b""
    with file.open() as source, source.open("rb") if isinstance(source, Path) else source as stream:
        while more := stream.read(CHUNK):
            tail = (tail + more)[-TAIL:]
    return tail.decode("utf-16-le" if encoding == "utf-16" else encoding, errors="replace")


def below_table(tail: str, delimiter: str, columns: int) -> list[str]:
    """The last lines that fill one cell of a table's many, with a text that is no number and no date in digits."""
    below: list[str] = []
    for line in reversed(filled_lines(tail, delimiter)):
        cells = [cell for cell in next(csv.reader([line], delimiter=delimiter), []) if cell.strip()]
        if columns < 3 or len(cells) != 1 or cells[0].strip()[0].isdigit():
            return below[::-1] if len(below) <= MOST_BELOW else []
        below.append(line)
    return []


def filled_lines(text: str, delimiter: str) -> list[str]:
    """The lines that hold more than signs between cells."""
    return [line for line in text.splitlines() if line.strip(f'{delimiter}" \t')]


def encoding_of(file: TableFile) -> str:
    """UTF-8 where every byte fits it, UTF-16 by its mark, else Windows-1252, which fits nearly any bytes: a guess."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open() as source, source.open("rb") if isinstance(source, Path) else source as stream:
        content = stream.read(CHUNK)
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while content:
                decoder.decode(content)
                content = stream.read(CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


class _WithoutLast(io.RawIOBase):
    """A stream in UTF-8 that ends before its last so many filled lines, which are looked for in its tail."""

    def __init__(self, stream: BinaryIO, files: Files) -> None:
        self._stream, self._count, self._ended = stream, files.skip_last_lines, False
        self._blank = f'{files.delimiter}" \t\r\n'.encode()
        self._held = bytearray()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ended and len(self._held) < TAIL + len(buffer):
            more = self._stream.read(CHUNK)
            self._held += more
            if not more:
                self._ended = True
                for _ in range(self._count):
                    del self._held[self._held.rstrip(self._blank).rfind(b"\n") + 1 :]
        free = len(self._held) if self._ended else len(self._held) - TAIL
        given = self._held[: min(free, len(buffer))]
        del self._held[: len(given)]
        buffer[: len(given)] = given
        return len(given)
