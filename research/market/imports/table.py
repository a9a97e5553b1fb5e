"""All rows of a vendor's files in memory, by column. They are read in `reading.py` and checked in `cleaning.py`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.data import DAY
from research.market.imports.batches import Tally
from research.market.imports.files import TableFile
from research.market.imports.profiles import Profile
from research.market.imports.reading import read_rows
from research.typing import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class VendorTable:
    """The rows of a vendor's table, in the order of the file.

    Attributes
    ----------
    files : list of TableFile
    file, row : int32, shape (rows,)
        The number of each row's file in `files`, and its own number in that file, counted from 1 without the header.
    days : int32, shape (rows,)
        The vendor's dates, as days since 1970-01-01.
    texts : dict of str to (int32, shape (rows,)) and list of str
        "key", and "symbol" and "name" where the table has them: the number of each row's text in the list; -1: none.
    numbers : dict of str to float64, shape (rows,)
        By the snapshot's names; NaN where the table has none.
    """

    files: list[TableFile]
    file: np.ndarray
    row: np.ndarray
    days: np.ndarray
    texts: dict[str, tuple[np.ndarray, list[str]]]
    numbers: dict[str, FloatArray]

    def rows(self, positions: IntArray) -> pd.DataFrame:
        """Some rows as a frame: place (in this table), row, file ("" where there is one), date, key, ..., numbers."""
        labels = pd.Index([file.label if len(self.files) > 1 else "" for file in self.files], dtype="str")
        columns: dict[str, object] = {
            "place": positions,
            "row": self.row[positions],
            "file": pd.Categorical.from_codes(self.file[positions], labels) if len(self.files) > 1 else "",
            "date": self.days[positions].astype("datetime64[D]"),
        }
        for name, (codes, words) in self.texts.items():
            columns[name] = pd.Categorical.from_codes(codes[positions], pd.Index(words, dtype="str")).astype("str")
        frame = pd.DataFrame(columns | {name: values[positions] for name, values in self.numbers.items()})
        return frame.astype({"date": DAY})


def read_vendor_table(files: list[TableFile], profile: Profile, tally: Tally) -> VendorTable:
    """Read the columns that the profile names; errors are those of `read_rows`, and an empty table is one."""
    words: dict[str, dict[str, int]] = {}
    numbers = {file.label: number for number, file in enumerate(files)}
    parts = list(read_rows(files, profile, words, tally))
    if not sum(map(len, parts)):
        raise DataError(f"{files[0].label}: the table has no rows. Nothing to import.")
    first = parts[0]
    return VendorTable(
        files=files,
        file=np.concatenate([np.full(len(part), numbers[part.file], dtype=np.int32) for part in parts]),
        row=np.concatenate([part.row for part in parts]),
        days=np.concatenate([part.days for part in parts]),
        texts={name: (np.concatenate([part.texts[name] for part in parts]), list(words[name])) for name in first.texts},
        numbers={name: np.concatenate([part.numbers[name] for part in parts]) for name in first.numbers},
    )
