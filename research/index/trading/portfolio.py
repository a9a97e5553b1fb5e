"""`Portfolio`: what the index holds while it is being built, and the record of how that came about.

Value is ``sum(units * price) + cash``, at zero cost and with removed members sold at their last price. Costs and
haircuts take a fraction of the whole, so `analysis/record.py` applies them as factors on the level. What to hold is
decided in `research.index.decisions`; how a trade is worked out is in `trades.py`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from research.index.decisions.records import Decision
from research.index.trading import trades
from research.index.trading.forced import next_forced_row, without_price_too_long
from research.index.trading.forks import DAYS_TO_LIST, Entitlement, Received, entitlement, first_priced, next_priced
from research.index.trading.holdings import Holdings
from research.index.trading.records import Event, Segment, Trade
from research.point_in_time.corporate_actions import Conversion
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.typing import IntArray


@dataclass
class Portfolio:
    """Holdings at today's close, what forks entitle them to or gave, and the record of all that happened."""

    holdings: Holdings
    methodology: Methodology
    segments: list[Segment] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    entitlements: list[Entitlement] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    @property
    def source(self) -> PointInTime:
        return self.holdings.source

    @property
    def row(self) -> int:
        """Today, as a row of the market."""
        return self.holdings.row

    # ------------------------------------------------------------------ holding

    def path(self, to: int) -> Segment:
        """What holding on would be worth, day by day, to the close of `to` or of the first forced sale before it."""
        whole = self.holdings.path(to)
        forced = next_forced_row(self.source, self.methodology.events, whole, self.entitlements, self.received)
        return whole.until(forced) if forced is not None else whole

    def hold(self, path: Segment) -> None:
        """Hold to the end of the path; then do what that day forces.

        The order matters. A fork gives to those who held before the trades of its day. What is removed is sold under
        the name it was held by, so removals come before migrations. What a fork gave is sold at a later close than
        that of its first price, so sales come before what is received today.
        """
        self.segments.append(path)
        self.holdings = self.holdings.at(path.stop)
        if path.stop == path.start:
            return
        forked = [fork for fork in self.source.forks if fork.row == self.row]
        claims = [claim for fork in forked if (claim := entitlement(self.holdings, fork)) is not None]
        self._remove_dead_and_announced(path)
        for conversion in self.source.conversions:
            if conversion.row == self.row:
                self._convert(conversion)
        self._sell_received()
        for claim in claims:
            detail = f"{claim.fork.ratio:.6g} {claim.fork.new_id} for each held: to be sold when they trade"
            self.log("forked", claim.fork.asset, detail)
        self.entitlements += claims
        self._receive_first_priced()

    def _remove_dead_and_announced(self, path: Segment) -> None:
        stale = path.stale[-1]
        announced = [removal.asset for removal in self.source.removals if removal.row < self.row]
        if announced or stale.any():
            gone = without_price_too_long(stale, self.methodology.events)
            gone |= self.source.among(path.assets, announced) & (stale <= self.methodology.events.tradable_days)
            if gone.any():
                self._remove(path.assets[gone], stale[gone])

    def _sell_received(self) -> None:
        """Sell what forks gave before today, where it has a price."""
        today = [units for units in self.received if next_priced(self.source, units, self.row) is not None]
        self.received = [units for units in self.received if units not in today]
        here = [units for units in today if units.asset in self.holdings.assets]
        for asset in dict.fromkeys(units.asset for units in here):
            self.log("fork sold", asset, "sold, and put into what is held", 0.0)
        if here:
            self._book(trades.fork_sold(self.holdings, here, self.methodology.costs))

    def _receive_first_priced(self) -> None:
        """Take up what forks gave and has its first price today; an entitlement that has waited too long expires."""
        for claim in self.entitlements.copy():
            outcome = first_priced(self.source, claim, self.row)
            if outcome is None:
                continue
            self.entitlements.remove(claim)
            fork, priced = claim.fork, outcome[1]
            if not priced:
                self.log("fork given up", fork.asset, f"{fork.new_id} has no price for {DAYS_TO_LIST} days", 0.0)
                continue
            trade = trades.fork_received(self.holdings, fork.new, claim.units)
            effect = trade.gain / float(self.segments[-1].total[-2])  # a share of yesterday's, as of all events
            detail = f"its first price since {self.source.asset_ids[fork.asset]} forked"
            self.log("fork valued", fork.new, detail, effect)
            units = claim.units if fork.new in self.holdings.assets else np.inf  # all of it, if not held before
            self._book(trade)
            self.received.append(Received(row=self.row, asset=fork.new, units=units))

    def _convert(self, step: Conversion) -> None:
        """Exchange what is held of a migrated asset's new id for the old id of its predecessor, value for value."""
        if step.new == step.old and step.old in self.holdings.assets:
            if step.evidence:
                self.log(
                    "evident redenomination", step.old, f"{step.evidence}: one old unit is {step.ratio:.4g} new", 0.0
                )
            else:
                self.log("redenominated", step.old, "price continued in the unit of the first listing", 0.0)
        elif np.isin([step.old, step.new], self.holdings.assets).any():
            self.log("migrated", step.old, f"continues at the price of {step.new_id}", 0.0)
            if step.new in self.holdings.assets:
                self._book(trades.conversion(self.holdings, step.old, step.new))

    def _remove(self, gone: IntArray, stale: IntArray) -> None:
        """Sell members, each without a price for so many days: those announced at the price that they trade at, the
        others at their last, less the haircut.
        """
        trade, stable = trades.removal(self.holdings, gone, self.methodology)
        where_to = self._freed(trade, stable)
        haircut, limit = self.methodology.events.removal_haircut, self.methodology.events.tradable_days
        for asset, days, place in zip(gone.tolist(), stale.tolist(), np.searchsorted(trade.assets, gone), strict=True):
            dead = days > limit
            why = f"no price for {days} days: sold at the last price" if dead else self._announcement(asset)
            self.log("removed", asset, f"{why}, {where_to}", 0.0 - trade.before[place] * haircut if dead else 0.0)
        if haircut * trade.lost >= 1.0:
            self.log("wiped out", None, "all that was held is written off: the level is zero from here on")
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
    def last_weighted(self) -> Decision:
        """The last decision traded that set weights of its own: what drift is measured from, and brought back to."""
        decided = (trade.decision for trade in reversed(self.trades))
        return next(decision for decision in decided if decision is not None and decision.cause != "drift")

    def members(self, latest: Decision) -> IntArray:
        """The members by the latest decision that chose any, without those removed since, under the ids of today."""
        since = itertools.takewhile(lambda trade: trade.row > latest.row, reversed(self.trades))
        changes: list[tuple[int, Trade | Conversion]] = [(past.row, past) for past in since if past.cause == "removal"]
        changes += [(step.row, step) for step in self.source.conversions if latest.row < step.row <= self.row]
        if not changes:
            return np.sort(latest.chosen)
        members = set(latest.chosen.tolist())
        for _, change in sorted(changes, key=lambda change: (change[0], isinstance(change[1], Conversion))):
            if isinstance(change, Trade):
                members -= set(change.assets[(change.before > 0) & (change.after == 0)].tolist())
            elif change.new in members:
                members = (members - {change.new}) | {change.old}
        return np.array(sorted(members), dtype=np.int64)

    def trade(self, decision: Decision) -> None:
        """Carry a decision out at today's close."""
        if decision.kept:
            eligible = int((decision.rank > 0).sum())
            self.log(
                "kept",
                None,
                f"{decision.kept_because or f'only {eligible} eligible assets'}: the previous composition is kept",
            )
        elif decision.stable is not None:
            self._switch(decision, decision.stable)
        else:
            self._rebalance(decision)

    def _rebalance(self, decision: Decision) -> None:
        """Move to the decision's weights; what has no price today keeps its units."""
        trade = trades.rebalance(self.holdings, decision, self.methodology.costs, received=self.received)
        # what a fork gave is sold or weighted with all others, unless it has its first price today
        left = set(trade.assets[trade.frozen].tolist())
        self.received = [units for units in self.received if units.row == self.row and units.asset in left]
        untraded = trade.frozen | ((trade.target > 0) & (trade.after == 0))
        if untraded.any():
            self._log_untraded(trade, np.flatnonzero(untraded))
        if trade.cash_after > 0:
            self.log("not traded", None, "no member of the new composition has a price: value held as cash")
        self._book(trade)

    def _log_untraded(self, trade: Trade, places: IntArray) -> None:
        today = [removal.asset for removal in self.source.removals if removal.row == self.row]
        priced = ~np.isnan(self.source.prices[self.row, trade.assets])
        for place in places.tolist():
            asset = int(trade.assets[place])
            why = "no price on the effective day"
            if any(units.asset == asset for units in self.received):
                why = "brought by a fork, first price today: sold at the next close"
            elif asset in today:
                why = "removal announced today, sold at the next close"
            elif priced[place] and trade.frozen[place]:
                why = "could not be weighted at the determination"
            elif priced[place]:
                why = "removal announced since the determination"
            self.log("not traded", asset, f"{why}: {'units kept' if trade.frozen[place] else 'not bought'}")

    def _switch(self, decision: Decision, stable: int) -> None:
        """Move the stable leg into the stablecoin decided on."""
        decided, name = self.source.dates[decision.row].date(), self.source.asset_ids[stable]
        overlay = self.methodology.overlay
        assert overlay is not None
        trade = trades.switch(self.holdings, decision, overlay, self.methodology.costs)
        if isinstance(trade, str):
            self.log("not traded", stable, f"the switch decided {decided} lapses: {trade}")
            return
        for place in np.flatnonzero((trade.before > 0) & (trade.after == 0)):
            self.log(
                "stable switch",
                int(trade.assets[place]),
                f"lost its peg by {decided}: exchanged for {name} at market; effect: costs",
                0.0 - trade.cost,
            )
        self._book(trade)

    def _book(self, trade: Trade) -> None:
        """Record the trade and hold what it says."""
        self.trades.append(trade)
        if trade.cost_note:
            self.log("cost assumed", None, trade.cost_note)
        self.holdings = self.holdings.after(trade)

    # ------------------------------------------------------------------ log

    def log(self, event: str, asset: int | None, detail: str, effect: float = np.nan) -> None:
        """Add a line to the event log, dated today."""
        self.events.append(Event(row=self.row, asset=asset, event=event, detail=detail, effect=float(effect)))
