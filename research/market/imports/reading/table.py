"""All rows of a vendor's files, to be given back by key: read in `files_to_rows.py`, checked in `cleaning/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from research.errors import DataError
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.batches import Tally
from research.market.imports.reading.files import TableFile
from research.market.imports.reading.files_to_rows import read_rows
from research.market.imports.reading.runs import SortedRuns

MOST_ROWS_OF_A_KEY = 100_000  # there are fewer than 10,000 days since 2009
ROW_BITS = 32  # a row is the number of its file, shifted by so many bits, plus its own number in that file, from 1
LATER_BYTES = 64  # of a row on the disk after it was checked: sorted by day, and in the snapshot


@dataclass(frozen=True, kw_only=True, eq=False)
class VendorTable:
    """The rows of a vendor's table.

    Attributes
    ----------
    files : list of TableFile
    rows : SortedRuns
        By the column key. Columns: row (int64, see `ROW_BITS`), day (int32, the vendor's date as days since
        1970-01-01), key, and symbol and name where the table has them (int32, the number of the text; -1: none), and
        the numbers by the snapshot's names (float64, NaN where the table has none).
    texts : dict of str to list of str
        The texts of key, symbol and name, by their numbers.
    numbers : tuple of str
        Which columns are numbers.
    """

    files: list[TableFile]
    rows: SortedRuns
    texts: dict[str, list[str]]
    numbers: tuple[str, ...]


def read_vendor_table(
    files: list[TableFile], profile: Profile, tally: Tally, scratch: Callable[[], Path]
) -> VendorTable:
    """Read the columns that the profile names; `scratch` gives a folder for a table that is too large for memory.

    Raises
    ------
    DataError
        Those of `read_rows`; also for an empty table, and for a key with more rows than there can be.
    """
    words: dict[str, dict[str, int]] = {}
    place = {file.label: number << ROW_BITS for number, file in enumerate(files)}
    rows = SortedRuns("key", "by-key", scratch, further_bytes=LATER_BYTES)
    numbers: tuple[str, ...] = ()
    for part in read_rows(files, profile, words, tally):
        rows.add({"row": place[part.file] + part.row.astype(np.int64), "day": part.days, **part.texts, **part.numbers})
        numbers = tuple(part.numbers)
        if len(rows.counts) and rows.counts.max() > MOST_ROWS_OF_A_KEY:
            key = list(words["key"])[int(rows.counts.argmax())]
            raise DataError(
                f"{part.file}: {key!r} has more than {MOST_ROWS_OF_A_KEY:,} rows, far more than there are days since "
                "2009: expected one row for each asset and day."
            )
    if not len(rows):
        raise DataError(f"{files[0].label}: the table has no rows. Nothing to import.")
    texts = {name: list(found) for name, found in words.items()}
    return VendorTable(files=files, rows=rows, texts=texts, numbers=numbers)
