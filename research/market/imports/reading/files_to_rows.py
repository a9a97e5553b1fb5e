"""A vendor's files -> typed rows, some at a time. What cannot be read refuses the import, naming file and row.

Which files: `files.py`. A file as batches of columns: `batches.py` (JSON and Excel: `sheets.py`). Cells as moments,
keys and numbers: `cells.py`; moments as days: `closes.py`. Tables with one column an asset: `wide.py`. The rows are put
together in `table.py`, checked in `cleaning/clean_rows.py`, and become a snapshot in `importer.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from research.errors import DataError
from research.market.imports.profile.profiles import Profile
from research.market.imports.profile.sections import Layout
from research.market.imports.reading.batches import Batch, Tally, choose_columns, read_batches
from research.market.imports.reading.cells import codes, moments, numbers
from research.market.imports.reading.closes import LastOfDay, days_of
from research.market.imports.reading.files import TableFile, find_files, readable
from research.market.imports.reading.joining import SecondTable
from research.market.imports.reading.rows import Rows, refuse_many_texts
from research.market.imports.reading.wide import read_wide
from research.market.layout import text_fault

Words = dict[str, dict[str, int]]


def read_rows(files: Sequence[TableFile], profile: Profile, words: Words, tally: Tally | None = None) -> Iterator[Rows]:
    """Read what the profile names, a batch at a time, file by file.

    Parameters
    ----------
    words : dict of str to dict of str to int
        By "key", "symbol" and "name": the texts seen so far and their numbers. It grows as the files are read.
    tally : Tally, optional
        What was met; it grows as the files are read.

    Raises
    ------
    DataError
        If the profile leaves a question open; if a file is unreadable or larger than `limits.py` allows; if a column is
        missing; if a date or a key is, or a date cannot be read or means no day's close; if a number column holds other
        text than a number.
    """
    tally = tally if tally is not None else Tally()
    if profile.questions:
        raise DataError(
            f"profile {profile.name!r} leaves open: {' '.join(profile.questions)} Answer in the profile, and take what "
            "is answered out of its list of questions."
        )
    for name in ("key", *profile.columns.texts):
        words.setdefault(name, {})
    for rows in (_first if profile.join is None else _joined)(files, profile, words, tally):
        refuse_many_texts(rows.file, sum(map(len, words.values())))
        yield rows


def _first(files: Sequence[TableFile], profile: Profile, words: Words, tally: Tally) -> Iterator[Rows]:
    """The rows of the first table, which is the only one of most profiles."""
    if profile.wide is not None:
        return read_wide(files, profile, words, tally)
    return _long(files, profile.layout, words, tally)


def _joined(files: Sequence[TableFile], profile: Profile, words: Words, tally: Tally) -> Iterator[Rows]:
    """The rows of the first table with values of the second. Where prices are compared, the first is read twice."""
    join = profile.join
    assert join is not None
    theirs = files if join.table is None else find_files(files[0].path.parent / join.table, profile.files)
    how = dataclasses.replace(profile.files, key=None)
    layout = Layout(columns=join.columns, files=how, dates=join.dates, numbers=profile.numbers)
    their_words: Words = {name: {} for name in join.columns.texts}
    second = SecondTable(_long(theirs, layout, their_words, Tally()), their_words, join, theirs[0].path.name)
    if join.columns.price is not None:
        for rows in _first(files, profile, words, Tally()):
            second.compare(rows, words["key"], profile.dating)
    second.settle()
    count = 0
    for rows in _first(files, profile, words, tally):
        count += len(rows)
        yield second.add(rows, words["key"], profile.dating)
    tally.notes += second.notes(count)


def _long(files: Sequence[TableFile], layout: Layout, words: Words, tally: Tally) -> Iterator[Rows]:
    columns = layout.columns
    wanted = list(dict.fromkeys([columns.date, *sum(columns.texts.values(), ()), *columns.numbers.values()]))
    optional = set(wanted) - {columns.date, *columns.texts.get("key", ())} if columns.may_be_absent else set()
    for file in files:
        tally.files += 1
        last = LastOfDay(layout.dates, tally)
        key = _key_of_file(file, layout)
        with readable(file):
            for batch in read_batches(file, layout.files, choose_columns(wanted, optional), tally):
                rows, before_end = _typed(batch, layout, words, key)
                yield last.add(rows, before_end) if layout.dates.intraday == "last" else rows
        yield from last.rest()


def _key_of_file(file: TableFile, layout: Layout) -> str | None:
    if layout.files.key is None:
        return None
    key = layout.files.key_of(file.stem)
    fault = "a name that fits none of them" if key is None else text_fault(key)
    if fault:
        raise DataError(
            f"{file.label}: the asset is the {{key}} in {' or '.join(layout.files.keys)} ([files] key of the "
            f"profile), and {file.stem[:60]!r} is {fault}. Rename the file, correct the key, or leave the file out "
            "with [files] pattern."
        )
    return key


def _typed(batch: Batch, layout: Layout, words: Words, key: str | None) -> tuple[Rows, np.ndarray]:
    columns = layout.columns
    days, before_end = days_of(batch, *moments(batch, columns.date, layout.dates), layout.dates)
    texts = {name: codes(batch, column, words[name]) for name, column in columns.texts.items()}
    if key is not None:
        texts["key"] = np.full(len(days), words["key"].setdefault(key, len(words["key"])), dtype=np.int32)
    nameless = texts["key"] < 0
    if nameless.any():
        where = f"{batch.file.label}, column {' and '.join(map(repr, columns.texts['key']))}"
        raise DataError(f"{where}: row {batch.first(nameless)} has no asset. Name it.")
    values = {name: numbers(batch, column, layout.numbers) for name, column in columns.numbers.items()}
    if columns.volume_coins is not None:  # a price that is none gives no volume either
        values["volume"] = values["volume"] * np.where(values["price"] > 0, values["price"], np.nan)
    rows = Rows(
        file=batch.file.label, row=batch.row.astype(np.int32), days=days.astype(np.int32), texts=texts, numbers=values
    )
    return rows, before_end
