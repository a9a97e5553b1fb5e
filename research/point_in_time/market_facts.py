"""What follows from a market alone, whatever the rulebook: worked out once and shared by all that is built on it.

A hundred rulebooks on one market ask for the same first prints, medians and pegs. How long they are kept is said in
`kept.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from research.market import MarketData
from research.market.quality import HeldBack
from research.point_in_time.corporate_actions import Conversion
from research.point_in_time.kept import kept_with
from research.point_in_time.price_adjustments import adjusted_panels
from research.point_in_time.tags import TagTable
from research.typing import FloatArray, IntArray

READINGS = 2  # of one market that are kept: with and without outlier prints held back, say


class MarketFacts:
    """One reading of a market: its panels with conversions applied and outliers held back, and what follows from them.

    Attributes
    ----------
    panels : dict of str to ndarray, shape (days, assets)
    held_back : dict
        Prints held back, by row and asset.
    asset_ids, symbols : ndarray of object, shape (assets,)
    first_row : ndarray of int, shape (assets,)
        Row of the first price, the number of rows where there is none.
    last_row : ndarray of int, shape (assets,)
        Row of the last price, -1 where there is none. No decision may see it: it saves a walk back through the past.
    tags : TagTable
    """

    def __init__(self, market: MarketData, conversions: list[Conversion], outlier_jump: float | None) -> None:
        self.panels, held_back = adjusted_panels(market, conversions, outlier_jump)
        self.held_back: dict[tuple[int, int], HeldBack] = {(held.row, held.asset): held for held in held_back}
        self.asset_ids: NDArray[np.object_] = np.asarray(market.prices.columns, dtype=object)
        self.symbols: NDArray[np.object_] = (
            market.assets.set_index("asset_id")["symbol"].reindex(self.asset_ids).to_numpy(dtype=object)
        )
        self.first_row = _first_prints(self.panels["price"])
        self.tags = TagTable(market.tags, self.asset_ids)
        self._by_day: dict[Hashable, FloatArray] = {}
        self._room = self.panels["price"].nbytes

    @cached_property
    def last_row(self) -> IntArray:
        days = len(self.panels["price"])
        return days - 1 - _first_prints(self.panels["price"][::-1])

    def kept(self, key: Hashable, compute: Callable[[], FloatArray]) -> FloatArray:
        """What `compute` gives, from what is kept where it was asked for before. Not to be written to.

        All that is kept takes at most the memory of one panel; when it would take more, all of it is dropped.
        """
        found = self._by_day.get(key)
        if found is None:
            found = compute()
            found.flags.writeable = False
            self._room -= found.nbytes
            if self._room < 0:
                self._by_day, self._room = {}, self.panels["price"].nbytes - found.nbytes
            self._by_day[key] = found
        return found


def facts_of(market: MarketData, conversions: list[Conversion], outlier_jump: float | None) -> MarketFacts:
    """The facts of a market, read with these conversions."""
    readings: dict[Hashable, MarketFacts] = kept_with(market).setdefault(MarketFacts, {})
    key = tuple(conversions), outlier_jump
    facts = readings.pop(key, None)
    if facts is None:
        facts = MarketFacts(market, conversions, outlier_jump)
    readings[key] = facts  # the latest at the end
    for oldest in list(readings)[:-READINGS]:
        readings.pop(oldest, None)
    return facts


def _first_prints(prices: FloatArray) -> IntArray:
    """Row of the first price of each asset, the number of rows where there is none, shape (n,)."""
    first: IntArray = np.zeros(prices.shape[1], dtype=np.int64)
    later = np.flatnonzero(np.isnan(prices[0]))
    printed = ~np.isnan(prices[:, later])
    first[later] = np.where(printed.any(axis=0), printed.argmax(axis=0), len(prices))
    return first
