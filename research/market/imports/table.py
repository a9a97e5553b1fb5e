"""All rows of a vendor's file in memory, by column. They are read in `reading.py` and checked in `cleaning.py`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.data import DAY
from research.market.imports.profiles import Profile
from research.market.imports.reading import read_rows
from research.typing import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class VendorTable:
    """The rows of a vendor's table, in the order of the file.

    Attributes
    ----------
    path : Path
    days : int32, shape (rows,)
        The vendor's dates, as days since 1970-01-01.
    texts : dict of str to (int32, shape (rows,)) and list of str
        "key", and "symbol" and "name" where the table has them: the number of each row's text in the list; -1: none.
    numbers : dict of str to float64, shape (rows,)
        By the snapshot's names; NaN where the table has none.
    """

    path: Path
    days: np.ndarray
    texts: dict[str, tuple[np.ndarray, list[str]]]
    numbers: dict[str, FloatArray]

    def rows(self, positions: IntArray) -> pd.DataFrame:
        """Some rows as a frame: row (counted from 1), date, key, symbol and name where there are any, numbers."""
        columns: dict[str, object] = {"row": positions + 1, "date": self.days[positions].astype("datetime64[D]")}
        for name, (codes, words) in self.texts.items():
            columns[name] = pd.Categorical.from_codes(codes[positions], pd.Index(words, dtype="str")).astype("str")
        frame = pd.DataFrame(columns | {name: values[positions] for name, values in self.numbers.items()})
        return frame.astype({"date": DAY})


def read_vendor_table(path: str | Path, profile: Profile) -> VendorTable:
    """Read the columns that the profile names; errors are those of `read_rows`, and an empty table is one."""
    path = Path(path)
    words: dict[str, dict[str, int]] = {}
    parts = list(read_rows(path, profile, words))
    if not sum(map(len, parts)):
        raise DataError(f"{path}: the table has no rows. Nothing to import.")
    first = parts[0]
    return VendorTable(
        path=path,
        days=np.concatenate([part.days for part in parts]),
        texts={name: (np.concatenate([part.texts[name] for part in parts]), list(words[name])) for name in first.texts},
        numbers={name: np.concatenate([part.numbers[name] for part in parts]) for name in first.numbers},
    )
