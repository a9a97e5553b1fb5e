"""Values of a second table for the rows of the first: of each row's key the latest ones known at the close of its day.

Nothing looks ahead: a row sees values of its own day and earlier, at most `max_age_days` old, and what is older is
missing. A row of the second table is set aside where its own price says that it is of another asset.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from research.errors import DataError
from research.market.imports.profile.sections import DatingRule, Join
from research.market.imports.reading.closes import dated
from research.market.imports.reading.rows import Rows
from research.typing import FloatArray, IntArray

_DAYS = 2**32  # a key and a day in one number, keys first


class SecondTable:
    """The rows of a second table, by key and day, in memory.

    Parameters
    ----------
    rows : iterator of Rows
        Of the second table.
    words : dict of str to dict of str to int
        The keys of the second table, and their numbers in `rows`.
    """

    def __init__(self, rows: Iterator[Rows], words: dict[str, dict[str, int]], join: Join, name: str) -> None:
        parts = list(rows)
        if not sum(map(len, parts)):
            raise DataError(f"{name}: the second table has no rows. Correct [join] in the profile.")
        whole = Rows.joined(parts)
        rule, shift = dated(whole.days.astype(np.int64), join.dating)
        place = whole.texts["key"].astype(np.int64) * _DAYS + whole.days + shift
        order = np.lexsort((rule, place))
        self.join, self.name, self._words = join, name, words["key"]
        self._place, self._values = place[order], whole.take(order)
        self._rule = rule[order]
        self._compared = np.zeros(len(order), dtype=bool)
        self._wrong = np.zeros(len(order), dtype=bool)
        self._unclear = np.zeros(len(order), dtype=bool)
        self._codes: list[int] = []
        self.aside: list[str] = []
        self.compared = self.rows_without = 0

    def compare(self, rows: Rows, words: dict[str, int], dating: tuple[DatingRule, ...]) -> None:
        """Set aside what has another price than a row of the first table for the same key and day."""
        wanted = self._wanted(rows, words, dating)
        theirs = self._values.numbers["price"]
        for step in range(int(np.unique(self._place, return_counts=True)[1].max())):
            found = np.searchsorted(self._place, wanted) + step
            same = (found < len(self._place)) & (self._place[np.minimum(found, len(self._place) - 1)] == wanted)
            at, ours = found[same], rows.numbers["price"][same]
            known = (ours > 0) & (theirs[at] > 0)
            self._compared[at[known]] = True
            ratio = ours[known] / theirs[at[known]]
            apart = (ratio < 1 - self.join.price_within) | (ratio > 1 / (1 - self.join.price_within))
            self._wrong[at[known][apart]] = True

    def settle(self) -> None:
        """Leave out what was set aside. Of two rows for a day under two dating rules the older rule's stays."""
        self.aside = [self._name(place) for place in self._place[self._wrong]]
        self.compared = int(self._compared.sum())
        self._keep(~self._wrong)
        repeated = np.append(False, np.diff(self._place) == 0)
        self._keep(~(repeated & (np.append(0, np.diff(self._rule)) > 0)))
        self._unclear = np.append(np.diff(self._place) == 0, False) | np.append(False, np.diff(self._place) == 0)

    def add(self, rows: Rows, words: dict[str, int], dating: tuple[DatingRule, ...]) -> Rows:
        """The rows with the values that were known at the close of their days.

        Raises
        ------
        DataError
            If the second table has two rows for such a day.
        """
        wanted = self._wanted(rows, words, dating)
        found = np.searchsorted(self._place, wanted, side="right") - 1
        place = self._place[np.maximum(found, 0)]
        fresh = (found >= 0) & (place // _DAYS == wanted // _DAYS) & (wanted - place <= self.join.max_age_days)
        unclear = found[fresh & self._unclear[np.maximum(found, 0)]]
        if len(unclear):
            raise DataError(
                f"{self.name}: two rows for {self._name(self._place[unclear[0]])}, and no price says which is meant. "
                "Remove the wrong one."
            )
        values = {
            name: np.where(fresh, self._values.numbers[name][np.maximum(found, 0)], np.nan) for name in self.join.taken
        }
        if "supply" in values and "market_cap" not in {**rows.numbers, **values}:
            price = rows.numbers["price"]
            values["market_cap"] = np.where(price > 0, price, np.nan) * _positive(values["supply"])
        self.rows_without += int((~fresh).sum())
        return dataclasses.replace(rows, numbers=rows.numbers | values)

    def notes(self, rows: int) -> list[str]:
        """What a reader of the snapshot should know of the second table, after `rows` rows of the first."""
        taken, within = ", ".join(self.join.taken), f"{self.join.price_within:.0%}"
        age = f"at most {self.join.max_age_days} days old" if self.join.max_age_days else "of the same day"
        said = [
            f"{taken}: from {self.name}, the latest known at the close of a day, {age}; "
            f"{self.rows_without:,} of {rows:,} rows have none"
        ]
        if "supply" in self.join.taken and "market_cap" not in self.join.taken:
            said.append("market_cap is the price x that supply")
        if self.join.columns.price is not None:
            names = f": {', '.join(self.aside[:10])}" if self.aside else ""
            said.append(
                f"{self.compared:,} rows of {self.name} were compared by price; {len(self.aside):,} were set aside "
                f"as of another asset, more than {within} apart{names}"
            )
        return said

    def _name(self, place: int) -> str:
        key, day = divmod(int(place), _DAYS)
        return f"{list(self._words)[key]!r} on {np.datetime64(day, 'D')}"

    def _keep(self, kept: np.ndarray) -> None:
        self._place, self._values, self._rule = self._place[kept], self._values.take(kept), self._rule[kept]
        self._compared, self._wrong = self._compared[kept], self._wrong[kept]

    def _wanted(self, rows: Rows, words: dict[str, int], dating: tuple[DatingRule, ...]) -> IntArray:
        """Key of the second table and close day of each row as one number; far outside for keys that it lacks."""
        for key in list(words)[len(self._codes) :]:
            self._codes.append(self._words.get(self.join.keys.get(key, key), -1))
        days = rows.days.astype(np.int64)
        wanted: IntArray = (
            np.array(self._codes, dtype=np.int64)[rows.texts["key"]] * _DAYS + days + dated(days, dating)[1]
        )
        return wanted


def _positive(values: FloatArray) -> FloatArray:
    return np.where(values > 0, values, np.nan)
