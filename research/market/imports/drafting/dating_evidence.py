"""Which day's close a vendor's rows are, as far as bitcoin's own leaps tell: a draft of a profile is checked by them.

On a day of a leap the close of the day before and of the day after are far off, so that one row says how its vendor
dates. Facts of history, from exchanges' closes: +-4 % between vendors.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from research.market.imports.reading.rows import Rows

LEAPS = {  # close of the UTC day in USD
    dt.date(2015, 1, 14): 175.0,
    dt.date(2018, 2, 5): 6_937.1,
    dt.date(2020, 3, 12): 4_970.8,
    dt.date(2022, 11, 9): 15_922.8,
    dt.date(2024, 8, 5): 54_018.8,
}
NAMES = {"btc", "bitcoin", "xbt", "btcusd", "btcusdt", "btc-usd", "btc_usd", "btc/usd", "btc-usdt", "btc/usdt"}
NEAR = 0.04


@dataclass(frozen=True)
class Evidence:
    """Days whose close was found, and how many days after it the vendor's row for it is dated (0 or 1)."""

    found: dict[dt.date, int]

    @property
    def shift(self) -> int | None:
        """The days by which all rows have to move; None where nothing was found, or it changes."""
        shifts = {-late for late in self.found.values()}
        return shifts.pop() if len(shifts) == 1 else None

    def __str__(self) -> str:
        return ", ".join(
            f"{day} dated {'that day' if late == 0 else 'a day later'}" for day, late in self.found.items()
        )


def evidence_of(parts: Iterator[Rows], keys: dict[str, int]) -> Evidence:
    """Look for bitcoin's closes around its leaps; `keys` grows as the rows are read."""
    prices: dict[int, float] = {}
    days = {_number(day) + step for day in LEAPS for step in (-1, 0, 1)}
    for rows in parts:
        codes = [code for key, code in keys.items() if key.lower() in NAMES]
        wanted = np.flatnonzero(np.isin(rows.texts["key"], codes) & np.isin(rows.days, list(days)))
        prices |= {int(rows.days[at]): float(rows.numbers["price"][at]) for at in wanted}
    found = {}
    for day, close in LEAPS.items():
        off = [abs(prices.get(_number(day) + step, np.nan) / close - 1) for step in (0, 1)]
        near = [late for late, share in enumerate(off) if share < NEAR]
        if len(near) == 1 or (len(near) == 2 and max(off) > 4 * min(off)):
            found[day] = int(np.nanargmin(off))
    return Evidence(found)


def _number(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days
