"""`Holdings`: units and cash at the close of one day, and what they are worth on it and on the days that follow.

Nothing here changes what is held: trades are worked out in `trades.py` and carried out by `portfolio.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from research.index.trading.records import Segment, Trade
from research.point_in_time.view import MarketView, PointInTime
from research.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Holdings:
    """What is held at the close of `row`: `units` of `assets` (positions in the market, sorted), and cash.

    Starts as one unit of cash. Units are constant between trades, weights are not. What has no price of the last
    `tradable_days` can be neither bought nor sold; 0 asks for one of the day.
    """

    source: PointInTime
    row: int
    assets: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    units: FloatArray = field(default_factory=lambda: np.zeros(0))
    cash: float = 1.0
    tradable_days: int = 0

    @property
    def view(self) -> MarketView:
        """The market at this close."""
        return self.source.at(self.row)

    def at(self, row: int) -> Holdings:
        """The same holdings at a later close."""
        return self._with(row, self.assets, self.units, self.cash)

    def after(self, trade: Trade) -> Holdings:
        """What a trade at this close leaves."""
        held = trade.units > 0
        cash = trade.cash_after * trade.value
        return self._with(self.row, trade.assets[held], trade.units[held], cash)

    def _with(self, row: int, assets: IntArray, units: FloatArray, cash: float) -> Holdings:
        return Holdings(
            source=self.source, row=row, assets=assets, units=units, cash=cash, tradable_days=self.tradable_days
        )

    def path(self, to: int) -> Segment:
        """What holding on would be worth, day by day, to the close of `to`."""
        prices, stale = self._carried(self.source.prices[self.row : to + 1].take(self.assets, axis=1))
        return Segment(
            start=self.row,
            stop=to,
            assets=self.assets,
            units=self.units,
            cash=self.cash,
            prices=prices,
            stale=stale,
        )

    def _carried(self, prices: FloatArray) -> tuple[FloatArray, IntArray]:
        """Prices from today on with the last one carried through gaps, and the days since each was printed."""
        gaps = np.isnan(prices)
        if not gaps.any():
            return prices, np.zeros(prices.shape, dtype=np.int64)
        first, printed = self.source.carried_prices(self.row, self.assets)
        days = np.arange(self.row, self.row + len(prices))[:, None]
        last = np.where(gaps, -1, days)
        last[0] = printed
        last = np.maximum.accumulate(last, axis=0)
        inside = np.take_along_axis(prices, np.maximum(last - self.row, 0), axis=0)
        return np.where(last >= self.row, inside, first), days - last

    def positions(self, also: IntArray | list[int] | None = None) -> Positions:
        """What is held now, valued at this close, with places for the assets in `also` that are to be held."""
        source, assets, units = self.source, self.assets, self.units
        if also is not None:
            assets = source.union(self.assets, np.asarray(also, dtype=np.int64))
            units = np.zeros(len(assets))
            units[np.searchsorted(assets, self.assets)] = self.units
        prices, printed = source.carried_prices(self.row, assets)
        values = units * prices
        return Positions(
            assets=assets,
            units=units,
            prices=prices,
            tradable=(printed >= 0) & (self.row - printed <= self.tradable_days),
            values=values,
            total=float(values.sum() + self.cash),
            cash=self.cash,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Positions:
    """Holdings valued at one close, before a trade. Arrays of shape (k,) are over `assets`, sorted.

    `tradable` are the assets that can be bought and sold at their price; `total` is the value of everything, `cash`
    included.
    """

    assets: IntArray
    units: FloatArray
    prices: FloatArray
    tradable: BoolArray
    values: FloatArray
    total: float
    cash: float
