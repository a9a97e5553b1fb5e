"""Typed rows of a vendor's table: what reading hands on.

Columns are as small as they can be: 20 bytes for a row's place, day, asset, symbol and name, and 8 for each number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from research.market.limits import BYTES_PER_LINE, refuse_beyond_limit
from research.typing import FloatArray, IntArray

BYTES_PER_TEXT = 1_000  # of a different key, symbol or name, at the peak of an import; rows are kept on the disk


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Some rows of one file of a vendor, in the order of the file.

    Attributes
    ----------
    file : str
        The file, as it stands in messages.
    row : int32, shape (rows,)
        The number of each row in its file, counted from 1 without the header.
    days : int32, shape (rows,)
        The vendor's dates, as days since 1970-01-01.
    texts : dict of str to int32, shape (rows,)
        "key", and "symbol" and "name" where the table has them: the number of each row's text among the words seen so
        far; -1: none.
    numbers : dict of str to float64, shape (rows,)
        By the snapshot's names; NaN where the table has none.
    """

    file: str
    row: np.ndarray
    days: np.ndarray
    texts: dict[str, np.ndarray]
    numbers: dict[str, FloatArray]

    def __len__(self) -> int:
        return len(self.days)

    def take(self, positions: IntArray) -> Rows:
        """Some of the rows."""
        return Rows(
            file=self.file,
            row=self.row[positions],
            days=self.days[positions],
            texts={name: values[positions] for name, values in self.texts.items()},
            numbers={name: values[positions] for name, values in self.numbers.items()},
        )

    @staticmethod
    def joined(parts: Sequence[Rows]) -> Rows:
        """Rows of one file, one after the other; at least one part."""
        first = parts[0]
        return Rows(
            file=first.file,
            row=np.concatenate([part.row for part in parts]),
            days=np.concatenate([part.days for part in parts]),
            texts={name: np.concatenate([part.texts[name] for part in parts]) for name in first.texts},
            numbers={name: np.concatenate([part.numbers[name] for part in parts]) for name in first.numbers},
        )


def refuse_many_texts(label: str, texts: int, lines: int = 0) -> None:
    """Raise DataError if so many different texts, and lines in the ledger, need more memory than is allowed."""
    what = f"{label}: {texts:,} different keys, symbols and names"
    what += f" and {lines:,} lines in the ledger" if lines else ""
    refuse_beyond_limit(texts * BYTES_PER_TEXT + lines * BYTES_PER_LINE, what, "Import a part of the table")
