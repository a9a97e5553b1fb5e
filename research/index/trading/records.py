"""What trading writes down: stretches of constant units, trades, and events of the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from research.index.decisions.records import Decision
from research.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Segment:
    """Constant units from the close of `start` to the close of `stop` (rows of the market, both included).

    `prices` are the carried prices of the k members, `stale` the days since each was printed, both of shape
    (stop - start + 1, k); cash keeps its value.
    """

    start: int
    stop: int
    assets: IntArray
    units: FloatArray
    cash: float
    prices: FloatArray
    stale: IntArray

    def printed(self) -> FloatArray:
        """The prices that were printed on their day, NaN where one was carried, shape (stop - start + 1, k)."""
        return np.where(self.stale > 0, np.nan, self.prices) if self.stale.any() else self.prices

    def values(self) -> FloatArray:
        """Value of each member on each day, shape (stop - start + 1, k)."""
        return self.prices * self.units

    @cached_property
    def total(self) -> FloatArray:
        """Value of the index on each day. C-ordered rows: the sum of a day does not depend on how many days follow."""
        return np.asarray(np.ascontiguousarray(self.values()).sum(axis=1) + self.cash)

    def weights(self) -> FloatArray:
        """Drifted weights of the members on each day, shape (stop - start + 1, k)."""
        return self.values() / self.total[:, None]

    def until(self, stop: int) -> Segment:
        """The same stretch, ended at the close of `stop`."""
        days = stop - self.start + 1
        return replace(self, stop=stop, prices=self.prices[:days], stale=self.stale[:days])


@dataclass(frozen=True, kw_only=True, eq=False)
class Trade:
    """One change of units at the close of `row`.

    Arrays of shape (k,) are over the assets held before or after, by position in the market's columns.

    Attributes
    ----------
    cause : str
        "initial", "reconstitution", "rebalance", "drift", "stable switch", "removal", "conversion" or "fork".
    decision : Decision, optional
        What is carried out; none for a removal, a conversion and a fork.
    rank : ndarray of int
        Rank at the determination, 0 where there was none.
    target, before, after : ndarray
        Target weight at the determination, weights drifted to this close, weights after the trade.
    units, price : ndarray
        Units after the trade, adding up to `value`, and the (carried) prices of the day.
    frozen : ndarray of bool
        Held, but without a price to trade at: not traded.
    takes_part : ndarray of bool
        Held before or after, and not frozen: what the costs are worked out on.
    written_off : ndarray of bool
        Removed without a price: what the haircut applies to.
    value : float
        Value of the index at this close, 1 at the base, at zero cost and with dead tokens at their last price.
    gain : float
        The part of it that comes with the trade: what a fork gave (`gained`), in `before` though they were not held.
    cash_before, cash_after : float
        Weight of cash: only where no member could be traded.
    cost : float
        Fraction of the value that the trade costs; with a note where a spread or a volume had to be assumed.
    market_value : float
        Index market value after the trade, USD (market caps frozen at the determination, times capping factors);
        NaN where there is none of its own: then it is the value before, of which `market_value_kept` is left.
    """

    row: int
    cause: str
    decision: Decision | None
    assets: IntArray
    rank: IntArray
    target: FloatArray
    before: FloatArray
    after: FloatArray
    units: FloatArray
    price: FloatArray
    frozen: BoolArray
    takes_part: BoolArray
    written_off: BoolArray
    value: float
    cash_before: float
    cash_after: float
    cost: float = 0.0
    cost_note: str = ""
    market_value: float = np.nan
    market_value_kept: float = 1.0
    gain: float = 0.0
    gained: int | None = None

    @property
    def lost(self) -> float:
        """Share of the value in what is removed without a price: what a haircut takes its part of.

        Exactly 1 where nothing else is held: rounding leaves no rest of a total loss.
        """
        if self.written_off.any() and not (self.before[~self.written_off] > 0).any() and not self.cash_before > 0:
            return 1.0
        return min(float(self.before[self.written_off].sum()), 1.0)

    @property
    def turnover(self) -> float:
        """One-sided: half of the sum of absolute changes of weight, cash included; 0 for a conversion."""
        if self.cause == "conversion":
            return 0.0
        return float(0.5 * (np.abs(self.after - self.before).sum() + abs(self.cash_after - self.cash_before)))


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the event log; `effect` is the relative effect on the level, NaN where there is none to state."""

    row: int
    asset: int | None
    event: str
    detail: str
    effect: float = np.nan
