"""`Portfolio`: what the index holds while it is being built. Units are constant between trades, weights are not.

Value is ``sum(units * price) + cash``, at zero cost and with removed members sold at their last price. Costs and
haircuts take a fraction of the whole, so `history.py` applies them as factors on the level. What to hold is decided in
`decision.py`; how a trade is worked out is in `trading.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from research.index.decisions.records import Decision
from research.index.trading import trades as trading
from research.index.trading.forks import DAYS_TO_TRADE, Brought, Owed, first_priced, next_priced, owed
from research.index.trading.records import Event, Segment, Trade
from research.point_in_time.corporate_actions import Conversion
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.typing import BoolArray, FloatArray, IntArray


@dataclass
class Portfolio:
    """Holdings at the close of `row`, and the record of how they came about. Starts as one unit of cash."""

    source: PointInTime
    methodology: Methodology
    row: int
    assets: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    units: FloatArray = field(default_factory=lambda: np.zeros(0))
    cash: float = 1.0
    segments: list[Segment] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    brought: list[Brought] = field(default_factory=list)

    # ------------------------------------------------------------------ holding

    def path(self, to: int) -> Segment:
        """What holding on would be worth, day by day, to the close of `to` or of the first forced sale before it."""
        prices, stale = self._carried(np.ascontiguousarray(self.source.prices[self.row : to + 1, self.assets]))
        whole = Segment(
            start=self.row,
            stop=to,
            assets=self.assets,
            units=self.units,
            cash=self.cash,
            prices=prices,
            stale=stale,
        )
        forced = self._forced(whole)
        return whole.until(forced) if forced is not None else whole

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

    def _forced(self, path: Segment) -> int | None:
        """The first row after today on which something must be done: removals, migrations, forks and their coins."""
        rows: list[int] = []
        if path.stale.any():
            dead = self._dead(path.stale)[1:].any(axis=1)
            rows += (np.flatnonzero(dead)[:1] + path.start + 1).tolist()
        for removal in self.source.removals:
            place = np.flatnonzero(self.assets == removal.asset)
            if len(place) and removal.row < path.stop:
                first = max(removal.row - path.start, 0) + 1
                open_days = np.flatnonzero(path.stale[first:, place[0]] == 0)
                rows += [path.start + first + int(day) for day in open_days[:1]]
        for conversion in self.source.conversions:
            if (
                path.start < conversion.row <= path.stop
                and np.isin([conversion.old, conversion.new], self.assets).any()
            ):
                rows.append(conversion.row)
        for fork in self.source.forks:
            if path.start < fork.row <= path.stop and fork.asset in self.assets:
                rows.append(fork.row)
        for owing in self.owed:
            outcome = first_priced(self.source, owing, path.stop)
            if outcome is not None:
                rows.append(outcome[0])
        rows += [row for coins in self.brought if (row := next_priced(self.source, coins, path.stop)) is not None]
        return min(rows, default=None)

    def _dead(self, stale: IntArray) -> BoolArray:
        return stale > self.methodology.events.remove_after_days

    def hold(self, path: Segment) -> None:
        """Hold to the end of the path; then do what is forced on that day."""
        self.segments.append(path)
        self.row = path.stop
        if path.stop == path.start:
            return
        forked = [owing for fork in self.source.forks if fork.row == self.row if (owing := owed(self, fork))]
        stale = path.stale[-1]
        announced = [removal.asset for removal in self.source.removals if removal.row < self.row]
        if announced or stale.any():
            gone = self._dead(stale) | (self.source.among(path.assets, announced) & (stale == 0))
            if gone.any():
                self._remove(path.assets[gone], stale[gone])
        for conversion in self.source.conversions:
            if conversion.row == self.row:
                self._convert(conversion)
        self._sell_coins()  # those of earlier days: what comes today is sold at a later close
        for owing in forked:
            detail = f"{owing.fork.ratio:.6g} {owing.fork.new_id} for each held: to be sold when they trade"
            self.log("forked", self.row, owing.fork.asset, detail)
        self.owed += forked
        self._take_up_coins()

    def _sell_coins(self) -> None:
        """Sell what forks have brought before today, where it has a price."""
        today = [coins for coins in self.brought if next_priced(self.source, coins, self.row) is not None]
        self.brought = [coins for coins in self.brought if coins not in today]
        here = [coins for coins in today if coins.asset in self.assets]
        for asset in dict.fromkeys(coins.asset for coins in here):
            self.log("fork sold", self.row, asset, "sold, and put into what is held", 0.0)
        if here:
            self._book(trading.coins_sold(self, here))

    def _take_up_coins(self) -> None:
        """Take up what forks have brought and has its first price today; give up what has waited too long."""
        for owing in self.owed.copy():
            outcome = first_priced(self.source, owing, self.row)
            if outcome is None:
                continue
            self.owed.remove(owing)
            fork = owing.fork
            if outcome[1]:
                trade = trading.coins_brought(self, fork.new, owing.units)
                effect = trade.gain / float(self.segments[-1].total[-2])  # a share of yesterday's, as of all events
                detail = f"its first price since {self.source.asset_ids[fork.asset]} forked"
                self.log("fork valued", self.row, fork.new, detail, effect)
                units = owing.units if fork.new in self.assets else np.inf  # all of it, if it was not held before
                self._book(trade)
                self.brought.append(Brought(row=self.row, asset=fork.new, units=units))
            else:
                detail = f"{fork.new_id} has no price for {DAYS_TO_TRADE} days"
                self.log("fork given up", self.row, fork.asset, detail, 0.0)

    def _convert(self, step: Conversion) -> None:
        """Exchange what is held of a migrated asset's new id for the old id under which it goes on, value for value."""
        if step.new == step.old and step.old in self.assets:
            self.log("redenominated", self.row, step.old, "price continued in the unit of the first listing", 0.0)
        elif np.isin([step.old, step.new], self.assets).any():
            self.log("migrated", self.row, step.old, f"continues at the price of {step.new_id}", 0.0)
            if step.new in self.assets:
                self._book(trading.conversion(self, step.old, step.new))

    def _remove(self, gone: IntArray, stale: IntArray) -> None:
        """Sell members, each without a price for so many days: at today's price if they have one, else at their last,
        less the haircut.
        """
        trade, stable = trading.removal(self, gone)
        where_to = self._freed(trade, stable)
        haircut = self.methodology.events.removal_haircut
        for asset, days, place in zip(gone.tolist(), stale.tolist(), np.searchsorted(trade.assets, gone), strict=True):
            why = f"no price for {days} days: sold at the last price" if days else self._announcement(asset)
            self.log(
                "removed", self.row, asset, f"{why}, {where_to}", 0.0 - trade.before[place] * haircut if days else 0.0
            )
        if haircut * trade.lost >= 1.0:
            self.log("wiped out", self.row, None, "all that was held is written off: the level is zero from here on")
        self._book(trade)

    def _freed(self, trade: Trade, stable: int | None) -> str:
        """Where the value of what a trade removed went, in words."""
        if trade.cash_after > trade.cash_before:
            return "value held as cash, nothing else trades"
        if stable is not None:
            return f"value put into {self.source.asset_ids[stable]}"
        spread = "value spread over the other members"
        if self.methodology.events.freed_weight == "members":
            return spread
        return f"{spread}: no stablecoin of the stable leg keeps its peg"

    def _announcement(self, asset: int) -> str:
        removal = next(removal for removal in self.source.removals if removal.asset == asset)
        return f"{removal.reason}, announced {self.source.dates[removal.row].date()}: sold at the next close"

    # ------------------------------------------------------------------ trading

    @property
    def last_decided_row(self) -> int:
        """Day of the last trade that carried a decision out."""
        return next(trade.row for trade in reversed(self.trades) if trade.decision is not None)

    @property
    def last_weighed(self) -> Decision:
        """The last decision traded that set weights of its own: what drift is measured from, and brought back to."""
        decided = (trade.decision for trade in reversed(self.trades))
        return next(decision for decision in decided if decision is not None and decision.cause != "drift")

    def trade(self, decision: Decision) -> None:
        """Carry a decision out at today's close."""
        if decision.kept:
            eligible = int((decision.rank > 0).sum())
            self.log(
                "kept",
                self.row,
                None,
                f"{decision.kept_because or f'only {eligible} eligible assets'}: the previous composition is kept",
            )
        elif decision.stable is not None:
            self._switch(decision, decision.stable)
        else:
            self._rebalance(decision)

    def _rebalance(self, decision: Decision) -> None:
        """Move to the decision's weights; what has no price today keeps its units."""
        trade = trading.rebalance(self, decision)
        # a fork's coins are sold or weighed with all others, unless they have their first price today
        left = set(trade.assets[trade.frozen].tolist())
        self.brought = [coins for coins in self.brought if coins.row == self.row and coins.asset in left]
        untraded = trade.frozen | ((trade.target > 0) & (trade.after == 0))
        if untraded.any():
            self._log_untraded(trade, np.flatnonzero(untraded))
        if trade.cash_after > 0:
            self.log("not traded", self.row, None, "no member of the new composition has a price: value held as cash")
        self._book(trade)

    def _log_untraded(self, trade: Trade, places: IntArray) -> None:
        today = [removal.asset for removal in self.source.removals if removal.row == self.row]
        priced = ~np.isnan(self.source.prices[self.row, trade.assets])
        for place in places.tolist():
            asset = int(trade.assets[place])
            why = "no price on the effective day"
            if any(coins.asset == asset for coins in self.brought):
                why = "brought by a fork, first price today: sold at the next close"
            elif asset in today:
                why = "removal announced today, sold at the next close"
            elif priced[place] and trade.frozen[place]:
                why = "could not be weighted at the determination"
            elif priced[place]:
                why = "removal announced since the determination"
            self.log("not traded", self.row, asset, f"{why}: {'units kept' if trade.frozen[place] else 'not bought'}")

    def _switch(self, decision: Decision, stable: int) -> None:
        """Move the stable leg into the stablecoin decided on."""
        decided, name = self.source.dates[decision.row].date(), self.source.asset_ids[stable]
        trade = trading.switch(self, decision)
        if isinstance(trade, str):
            self.log("not traded", self.row, stable, f"the switch decided {decided} lapses: {trade}")
            return
        for place in np.flatnonzero((trade.before > 0) & (trade.after == 0)):
            self.log(
                "stable switch",
                self.row,
                int(trade.assets[place]),
                f"lost its peg by {decided}: exchanged for {name} at market; effect: costs",
                0.0 - trade.cost,
            )
        self._book(trade)

    def _book(self, trade: Trade) -> None:
        """Record the trade and hold what it says."""
        self.trades.append(trade)
        if trade.cost_note:
            self.log("cost assumed", self.row, None, trade.cost_note)
        held = trade.units > 0
        self.assets, self.units, self.cash = trade.assets[held], trade.units[held], trade.cash_after * trade.value

    # ------------------------------------------------------------------ log

    def log(self, event: str, row: int, asset: int | None, detail: str, effect: float = np.nan) -> None:
        """Add a line to the event log."""
        self.events.append(Event(row=row, asset=asset, event=event, detail=detail, effect=float(effect)))
