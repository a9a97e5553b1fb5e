"""Some rows of a vendor's files as texts, for a draft of a profile to look at."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from research.errors import DataError
from research.market.imports.profile.sections import Files
from research.market.imports.reading.batches import Tally, choose_columns, read_batches
from research.market.imports.reading.cells import EMPTY_TEXTS
from research.market.imports.reading.files import TableFile, readable
from research.market.imports.reading.lines import below_table, encoding_of, tail_of

SAMPLE, SAMPLED_FILES = 5_000, 10  # rows that are looked at, and files that they come from


@dataclass(frozen=True)
class Sample:
    """Some rows as texts, how the lines are parted, and whether a file lacks a column that another has."""

    how: Files
    columns: dict[str, list[str]]
    typed: dict[str, str]
    lacking: bool


def sample_of(files: Sequence[TableFile]) -> Sample:
    """Rows of some files: those named after bitcoin, whose dating and size are known, and others from all over."""
    known = [file for file in files if re.search("btc|bitcoin", file.stem.lower())][:1]
    chosen = list(dict.fromkeys([*known, *files[:: max(1, len(files) // SAMPLED_FILES)][:SAMPLED_FILES]]))
    how = _how(chosen[0])
    columns: dict[str, list[str]] = {}
    typed: dict[str, str] = {}
    lacking = False
    for file in chosen:
        found, kinds = _columns(file, how, SAMPLE // len(chosen))
        lacking |= bool(columns) and bool(found) and found.keys() != columns.keys()
        typed |= kinds
        for name, texts in found.items():
            columns.setdefault(name, []).extend(texts)
    if not columns:
        raise DataError(f"{files[0].label}: the table has no rows. Nothing to look at.")
    return Sample(how, columns, typed, lacking)


def texts_without_digits(files: Sequence[TableFile], how: Files, names: Sequence[str]) -> list[str]:
    """All texts of these columns, in all rows, that hold no digit and are not known to mean that there is no value."""
    found: dict[str, None] = {}
    for file in files:
        with readable(file):
            for batch in read_batches(file, how, choose_columns(list(names), set(names)), Tally()):
                for column in batch.table.columns:
                    if pa.types.is_string(column.type):
                        odd = column.filter(pc.invert(pc.match_substring_regex(column, "[0-9]")))
                        found |= dict.fromkeys(text.strip() for text in odd.drop_null().unique().to_pylist())
    return [text for text in found if text not in EMPTY_TEXTS]


def _columns(file: TableFile, how: Files, rows: int) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The first rows of a file as texts, and which of its columns are typed."""
    with readable(file):
        batch = next(read_batches(file, how, lambda _, found, __: list(dict.fromkeys(found)), Tally()), None)
    columns: dict[str, list[str]] = {}
    typed: dict[str, str] = {}
    if batch is None:
        return columns, typed
    for name in batch.table.schema.names:
        column = batch.table.column(name)
        kind = column.type
        if pa.types.is_temporal(kind):
            typed[name] = "date"
        elif pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
            typed[name] = "number"
        found = column.slice(0, rows).to_pylist()
        columns[name] = ["" if value is None or value != value else str(value) for value in found]
    return columns, typed


def _how(file: TableFile) -> Files:
    """What parts the columns of a CSV, and how many lines lie above its header."""
    if not file.ending.startswith(".csv"):
        return Files()
    with readable(file):
        encoding = encoding_of(file)
        with file.open() as source, source.open("rb") if isinstance(source, Path) else source as stream:
            head = stream.read(1 << 16).decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
        tail = tail_of(file, encoding)
    lines = head.splitlines()[:50]
    for number, line in enumerate(lines[:-1]):
        following = next((later for later in lines[number + 1 :] if later.strip()), "")
        for delimiter in ",;\t|":
            fields = [len(next(csv.reader([text], delimiter=delimiter), [])) for text in (line, following)]
            if fields[0] == fields[1] > 1:
                below = below_table(tail, delimiter, fields[0])
                return Files(delimiter=delimiter, skip_lines=number, skip_last_lines=len(below), encoding=encoding)
    return Files(encoding=encoding)


def key_in_names(files: Sequence[TableFile]) -> str:
    """What the names of the files have in common, around the key."""
    stems = [file.stem for file in files]
    before = re.sub(r"[^_\W]*$", "", _common(stems)) if len(stems) > 1 else ""
    after = re.sub(r"^[^_\W]*", "", _common([stem[::-1] for stem in stems])[::-1]) if len(stems) > 1 else ""
    return f"{before}{{key}}{after}"


def _common(words: Sequence[str]) -> str:
    """The longest begin that all have."""
    shortest = min(words, key=len)
    return next((shortest[:n] for n in range(len(shortest)) if any(word[n] != shortest[n] for word in words)), "")
