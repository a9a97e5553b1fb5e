"""A vendor's files -> typed rows, some at a time. What cannot be read refuses the import, naming file and row.

Which files: `files.py`. A file as batches of columns: `batches.py` (JSON and Excel: `sheets.py`). Cells as moments,
keys and numbers: `cells.py`; moments as days: `closes.py`. Tables with one column an asset: `wide.py`. The rows are put
together in `table.py`, checked in `cleaning.py`, and become a snapshot in `importer.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from research.errors import DataError
from research.market.imports.batches import Batch, Tally, choose_columns, read_batches
from research.market.imports.cells import codes, moments, numbers
from research.market.imports.closes import LastOfDay, days_of
from research.market.imports.files import TableFile, readable
from research.market.imports.profiles import Profile
from research.market.imports.rows import Rows, refuse_many_texts
from research.market.imports.wide import read_wide
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
    parts = read_wide(files, profile, words, tally) if profile.wide is not None else _long(files, profile, words, tally)
    for rows in parts:
        refuse_many_texts(rows.file, sum(map(len, words.values())))
        yield rows


def _long(files: Sequence[TableFile], profile: Profile, words: Words, tally: Tally) -> Iterator[Rows]:
    columns = profile.columns
    wanted = list(dict.fromkeys([columns.date, *columns.texts.values(), *columns.numbers.values()]))
    optional = set(wanted) - {columns.date, columns.key} if columns.may_be_absent else set()
    for file in files:
        tally.files += 1
        last = LastOfDay(profile.dates, tally)
        key = _key_of_file(file, profile)
        with readable(file):
            for batch in read_batches(file, profile.files, choose_columns(wanted, optional), tally):
                rows, before_end = _typed(batch, profile, words, key)
                yield last.add(rows, before_end) if profile.dates.intraday == "last" else rows
        yield from last.rest()


def _key_of_file(file: TableFile, profile: Profile) -> str | None:
    if profile.files.key is None:
        return None
    key = profile.files.key_of(file.stem)
    fault = "a name that fits none of them" if key is None else text_fault(key)
    if fault:
        raise DataError(
            f"{file.label}: the asset is the {{key}} in {' or '.join(profile.files.keys)} ([files] key of the "
            f"profile), and {file.stem[:60]!r} is {fault}. Rename the file, correct the key, or leave the file out "
            "with [files] pattern."
        )
    return key


def _typed(batch: Batch, profile: Profile, words: Words, key: str | None) -> tuple[Rows, np.ndarray]:
    columns = profile.columns
    days, before_end = days_of(batch, *moments(batch, columns.date, profile.dates), profile.dates)
    texts = {name: codes(batch, column, words[name]) for name, column in columns.texts.items()}
    if key is not None:
        texts["key"] = np.full(len(days), words["key"].setdefault(key, len(words["key"])), dtype=np.int32)
    nameless = texts["key"] < 0
    if nameless.any():
        raise DataError(
            f"{batch.file.label}, column {columns.key!r}: row {batch.first(nameless)} has no asset. Name it."
        )
    values = {name: numbers(batch, column, profile.numbers) for name, column in columns.numbers.items()}
    if columns.volume_coins is not None:  # a price that is none gives no volume either
        values["volume"] = values["volume"] * np.where(values["price"] > 0, values["price"], np.nan)
    rows = Rows(
        file=batch.file.label, row=batch.row.astype(np.int32), days=days.astype(np.int32), texts=texts, numbers=values
    )
    return rows, before_end
