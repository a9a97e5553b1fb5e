"""`Portfolio`: what the index holds while it is being built. Units are constant between trades, weights are not.

Value is ``sum(units * price) + cash``, at zero cost and with removed members sold at their last price. Costs and
haircuts take a fraction of the whole, so `history.py` applies them as factors on the level. What to hold is decided in
`decision.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from research.index.decision import Decision
from research.index.records import Event, Segment, Trade
from research.index.rules import Events
from research.index.view import BoolArray, FloatArray, IntArray, PointInTime

NOTIONAL = 1e9


@dataclass
class Portfolio:
    """Holdings at the close of `row`, and the record of how they came about. Starts as one unit of cash."""

    source: PointInTime
    rules: Events
    row: int
    assets: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    units: FloatArray = field(default_factory=lambda: np.zeros(0))
    cash: float = 1.0
    segments: list[Segment] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    # ------------------------------------------------------------------ holding

    def advance(self, to: int) -> None:
        """Hold to the close of `to`: carry missing prices, remove members that stay away too long."""
        while self.row < to:
            prices, last = self._carried(to)
            stale = np.arange(self.row, to + 1)[:, None] - last
            gone = stale > self.rules.remove_after_days
            days_with_removal = np.flatnonzero(gone[1:].any(axis=1))
            stop = self.row + 1 + int(days_with_removal[0]) if len(days_with_removal) else to
            days = stop - self.row + 1
            self.segments.append(
                Segment(
                    start=self.row,
                    stop=stop,
                    assets=self.assets,
                    units=self.units,
                    cash=self.cash,
                    prices=prices[:days],
                )
            )
            if stale[:days].any():
                self._log_gaps(stale[:days], self.segments[-1])
            self.row = stop
            if gone[days - 1].any():
                self._remove(gone[days - 1], stale[days - 1])

    def _carried(self, to: int) -> tuple[FloatArray, IntArray]:
        """Prices of the members from today to `to`, missing ones carried, and the row each was printed in."""
        first, printed = self.source.carried_prices(self.row, self.assets)
        prices = np.ascontiguousarray(self.source.prices[self.row : to + 1, self.assets])
        last = np.where(np.isnan(prices), -1, np.arange(self.row, to + 1)[:, None])
        last[0] = printed
        last = np.maximum.accumulate(last, axis=0)
        inside = np.take_along_axis(prices, np.maximum(last - self.row, 0), axis=0)
        return np.where(last >= self.row, inside, first), last

    def _log_gaps(self, stale: IntArray, segment: Segment) -> None:
        """A line when a price begins to be carried, when a member is suspended, and when its price comes back."""
        carry = self.rules.carry_days
        values, total = segment.values(), segment.total()
        for day, place in np.argwhere(stale[1:] != stale[:-1]) + np.array([1, 0]):
            now, before = int(stale[day, place]), int(stale[day - 1, place])
            row, asset = segment.start + int(day), int(segment.assets[place])
            if now == 1 and carry > 0:
                self._log("carried", row, asset, "no price: the last one is carried")
            if now == carry + 1:
                self._log("suspended", row, asset, f"no price for {now} days, carry_days = {carry}: weight frozen")
            if now < before:
                change = values[day, place] - values[day - 1, place]
                self._log("resumed", row, asset, f"price back after {before} days without", change / total[day - 1])

    def _log(self, event: str, row: int, asset: int | None, detail: str, effect: float = np.nan) -> None:
        self.events.append(Event(row=row, asset=asset, event=event, detail=detail, effect=float(effect)))

    def _remove(self, gone: BoolArray, stale: IntArray) -> None:
        """Sell members at their last price, and spread the value over the others that have a price today."""
        prices, _ = self.source.carried_prices(self.row, self.assets)
        values = self.units * prices
        total = values.sum() + self.cash
        open_today = stale == 0
        freed, room = values[gone].sum(), values[open_today].sum()
        after = np.where(gone, 0.0, values)
        after[open_today] *= 1.0 + (freed / room if room > 0 else 0.0)
        where_to = "value spread over the other members" if room > 0 else "value held as cash, no other member trades"
        for place in np.flatnonzero(gone):
            self._log(
                "removed",
                self.row,
                int(self.assets[place]),
                f"no price for {stale[place]} days: removed at the last price, {where_to}",
                0.0 - values[place] / total * self.rules.removal_haircut,
            )
        frozen = ~open_today & ~gone
        self._book(
            Trade(
                row=self.row,
                cause="removal",
                decision=None,
                assets=self.assets,
                rank=np.zeros(len(self.assets), dtype=np.int64),
                target=after / total,
                before=values / total,
                after=after / total,
                units=_units(after, prices, frozen, self.units),
                price=prices,
                frozen=frozen,
                value=float(total),
                cash_before=self.cash / total,
                cash_after=(self.cash + (0.0 if room > 0 else freed)) / total,
            )
        )

    # ------------------------------------------------------------------ trading

    def trade(self, decision: Decision) -> None:
        """Move to the decision's weights at today's close; what has no price today keeps its units.

        The decision fixed weights at the determination's prices, and with them the proportions of units: by today
        they have drifted with prices, as a provider's published weighting factors do.
        """
        assets = np.union1d(self.assets, decision.members)
        prices, printed = self.source.carried_prices(self.row, assets)
        units = np.zeros(len(assets))
        units[np.searchsorted(assets, self.assets)] = self.units
        values = units * prices
        total = values.sum() + self.cash
        place = np.searchsorted(assets, decision.members)
        target, shape = np.zeros(len(assets)), np.zeros(len(assets))
        target[place] = decision.weights
        shape[place] = decision.weights * prices[place] / decision.prices
        missing = printed < self.row
        for spot in np.flatnonzero(missing & ((target > 0) | (values > 0))):
            consequence = "units kept" if values[spot] > 0 else "not bought"
            self._log("not traded", self.row, int(assets[spot]), f"no price on the effective day: {consequence}")
        frozen = (missing | np.isin(assets, decision.unweighted)) & (values > 0)
        buyable = (shape > 0) & ~missing
        after = np.where(frozen, values, 0.0)
        rest = total - after.sum()
        if buyable.any():
            after[buyable] = shape[buyable] / shape[buyable].sum() * rest
        else:
            self._log("not traded", self.row, None, "no member of the new composition has a price: value held as cash")
        rank = np.zeros(len(assets), dtype=np.int64)
        rank[place] = decision.member_ranks
        self._book(
            Trade(
                row=self.row,
                cause=decision.cause,
                decision=decision,
                assets=assets,
                rank=rank,
                target=target,
                before=values / total,
                after=after / total,
                units=_units(after, prices, frozen, units),
                price=prices,
                frozen=frozen,
                value=float(total),
                cash_before=self.cash / total,
                cash_after=0.0 if buyable.any() else rest / total,
                market_value=_notional(decision) * shape.sum() / (1.0 - after[frozen].sum() / total),
            )
        )

    def log_kept(self, decision: Decision) -> None:
        """Too few assets were eligible: nothing trades, and the log says so."""
        eligible = int((decision.rank > 0).sum())
        self._log("kept", self.row, None, f"only {eligible} eligible assets: the previous composition is kept")

    def _book(self, trade: Trade) -> None:
        """Record the trade and hold what it says."""
        self.trades.append(trade)
        held = trade.units > 0
        self.assets, self.units, self.cash = trade.assets[held], trade.units[held], trade.cash_after * trade.value


def _units(values: FloatArray, price: FloatArray, frozen: BoolArray, before: FloatArray) -> FloatArray:
    """Units for the values held after a trade; frozen ones stay as they are, to the last bit."""
    units = np.divide(values, price, out=np.zeros_like(values), where=values > 0)
    return np.where(frozen, before, units)


def _notional(decision: Decision) -> float:
    """Index market value at the determination: the members' market caps, or a round sum where one is unknown."""
    total = decision.market_caps.sum()
    return NOTIONAL if np.isnan(total) else float(total)
