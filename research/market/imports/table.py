"""All rows of a vendor's file, to be given back by key. They are read in `reading.py` and checked in `cleaning.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from research.errors import DataError
from research.market.imports.profiles import Profile
from research.market.imports.reading import read_rows
from research.market.imports.runs import SortedRuns

MOST_ROWS_OF_A_KEY = 100_000  # there are fewer than 10,000 days since 2009
LATER_BYTES = 64  # of a row on the disk after it was checked: sorted by day, and in the snapshot


@dataclass(frozen=True, kw_only=True, eq=False)
class VendorTable:
    """The rows of a vendor's table.

    Attributes
    ----------
    path : Path
    rows : SortedRuns
        By the column key. Columns: row (int64, counted from 1), day (int32, the vendor's date as days since
        1970-01-01), key, and symbol and name where the table has them (int32, the number of the text; -1: none), and
        the profile's numbers by the snapshot's names (float64, NaN where the table has none).
    texts : dict of str to list of str
        The texts of key, symbol and name, by their numbers.
    """

    path: Path
    rows: SortedRuns
    texts: dict[str, list[str]]


def read_vendor_table(path: str | Path, profile: Profile, scratch: Callable[[], Path]) -> VendorTable:
    """Read the columns that the profile names; `scratch` gives a folder for a table that is too large for memory.

    Raises
    ------
    DataError
        Those of `read_rows`; also for an empty table, and for a key with more rows than there can be.
    """
    path = Path(path)
    words: dict[str, dict[str, int]] = {}
    rows = SortedRuns("key", "by-key.arrow", scratch, further_bytes=LATER_BYTES)
    count = 0
    for part in read_rows(path, profile, words):
        numbered = np.arange(count + 1, count + 1 + len(part))
        rows.add({"row": numbered, "day": part.days, **part.texts, **part.numbers})
        count += len(part)
        if len(rows.counts) and rows.counts.max() > MOST_ROWS_OF_A_KEY:
            key = list(words["key"])[int(rows.counts.argmax())]
            raise DataError(
                f"{path}: {key!r} has more than {MOST_ROWS_OF_A_KEY:,} rows, far more than there are days since 2009: "
                "expected one row for each asset and day."
            )
    if not count:
        raise DataError(f"{path}: the table has no rows. Nothing to import.")
    return VendorTable(path=path, rows=rows, texts={name: list(numbers) for name, numbers in words.items()})
