"""`IndexRecord`: what the engine wrote down while it built an index, and the levels and weights that follow from it.

Every module of `analysis` reads a record. `IndexHistory`, what a notebook gets, is a record with answers attached.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from research.errors import DataError
from research.index.decisions.records import Decision
from research.index.trading.costs import chained
from research.index.trading.records import Event, Segment, Trade
from research.market import MarketData
from research.market.data import Date
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.signals import SignalHistory
from research.typing import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IndexRecord:
    """Inputs and records of one index.

    Attributes
    ----------
    market, methodology, tables
        The inputs; `tables` are the signals, votes, ... that were given, or made, by name.
    source : PointInTime
        The market as decisions saw it.
    base_row : int
        The base date, as a row of the market.
    decision_records, segments, trades, event_records
        What was decided, held, traded and logged, in order of time.
    signals : SignalHistory, optional
        The signals that a recipe made; None where there is none, or a table took their place.
    """

    market: MarketData
    methodology: Methodology
    source: PointInTime
    base_row: int
    decision_records: tuple[Decision, ...]
    segments: tuple[Segment, ...]
    trades: tuple[Trade, ...]
    event_records: tuple[Event, ...]
    tables: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    signals: SignalHistory | None = None

    @property
    def inputs(self) -> dict[str, Any]:
        """What `build_index` takes to build another index on the same data, besides the market and the rules."""
        return dict(self.tables) | ({} if self.signals is None else {"signals": self.signals})

    @property
    def dates(self) -> pd.DatetimeIndex:
        """Days of the index, base date to the market's last day."""
        return self.source.dates[self.base_row :]

    @cached_property
    def level(self) -> pd.Series:
        """The index, net of trading costs: a price index, without staking income and taxes, with forks as given."""
        return self._series(self._value * self._factor(self._net_factors(self.methodology.events.removal_haircut)))

    @cached_property
    def gross_level(self) -> pd.Series:
        """The index before trading costs."""
        return self._series(self._value * self._factor(self._haircuts(self.methodology.events.removal_haircut)))

    @cached_property
    def level_if_removed_at_last_price(self) -> pd.Series:
        """The net level with dead tokens sold at their last price (`removal_haircut = 0`)."""
        return self._series(self._value * self._factor(self._net_factors(0.0)))

    @cached_property
    def level_if_removed_at_zero(self) -> pd.Series:
        """The net level with dead tokens written off (`removal_haircut = 1`)."""
        return self._series(self._value * self._factor(self._net_factors(1.0)))

    @property
    def dead_token_sensitivity(self) -> float:
        """Growth a year lost if dead tokens were worth nothing, not their last price; NaN on a single day."""
        days = len(self.dates) - 1
        if days < 1:
            return float("nan")
        ends = (self.level_if_removed_at_last_price.iloc[-1], self.level_if_removed_at_zero.iloc[-1])
        last, zero = ((end / self.methodology.base_value) ** (365 / days) for end in ends)
        return float(last - zero)

    @cached_property
    def trade_costs(self) -> FloatArray:
        """Cost of each trade as a fraction of the value. Buying the first basket is before the base value: no cost."""
        return np.array([trade.cost for trade in self.trades])

    @cached_property
    def _value(self) -> FloatArray:
        """Value at zero cost with removals at the last price, 1 on the base date; shape (days,)."""
        value = np.ones(len(self.dates))
        for segment in self.segments:
            start = segment.start - self.base_row
            value[start + 1 : segment.stop - self.base_row + 1] = segment.total[1:]
        for trade in self.trades:
            if trade.gained is not None:
                value[trade.row - self.base_row] = trade.value
        return value

    def _haircuts(self, haircut: float) -> FloatArray:
        """The factor that each trade puts on the level for the members it removes."""
        lost = [trade.lost for trade in self.trades]
        factors: FloatArray = 1.0 - haircut * np.array(lost)
        return factors

    def _net_factors(self, haircut: float) -> FloatArray:
        return self._haircuts(haircut) * (1.0 - self.trade_costs)

    def _factor(self, by_trade: FloatArray) -> FloatArray:
        """Cumulative product of factors that take effect at the close of their trade's day; shape (days,)."""
        return chained(by_trade, [trade.row - self.base_row for trade in self.trades], len(self.dates))

    def _series(self, values: FloatArray) -> pd.Series:
        index = pd.DatetimeIndex(self.dates, name="date")
        return pd.Series(self.methodology.base_value * values, index=index, name=self.methodology.name)

    @cached_property
    def weights(self) -> pd.DataFrame:
        """Weights at each day's close, after that day's trade; shape (days, members ever), 0 where not held.

        These weights go into the next day: ``(weights.shift() * returns).sum(axis=1)`` is the gross return, but on the
        day on which the assets of a fork are taken up. A column `cash_name` appears only where cash was held.
        """
        ever = np.unique(np.concatenate([trade.assets for trade in self.trades]))
        weights = np.zeros((len(self.dates), len(ever)))
        for segment in self.segments:
            rows = slice(segment.start - self.base_row, segment.stop - self.base_row + 1)
            weights[rows] = 0.0
            weights[rows, np.searchsorted(ever, segment.assets)] = segment.weights()
        for trade in self.trades:
            row = trade.row - self.base_row
            weights[row] = 0.0
            weights[row, np.searchsorted(ever, trade.assets)] = trade.after
        columns = pd.Index(self.source.asset_ids[ever], name="asset_id", dtype=str)
        frame = pd.DataFrame(weights, index=self.level.index, columns=columns)
        cash = self.cash_weight
        return frame.assign(**{self.cash_name: cash}) if cash.any() else frame

    @cached_property
    def cash_weight(self) -> pd.Series:
        """Weight of uninvested cash at each day's close: above zero only where no member could be traded."""
        cash = np.zeros(len(self.dates))
        for segment in self.segments:
            cash[segment.start - self.base_row : segment.stop - self.base_row + 1] = segment.cash / segment.total
        for trade in self.trades:
            cash[trade.row - self.base_row] = trade.cash_after
        return pd.Series(cash, self.level.index, name=self.cash_name)

    @property
    def cash_name(self) -> str:
        """Name of the column of uninvested cash: "cash", unless an asset is called so."""
        return "uninvested cash" if "cash" in self.market.prices.columns else "cash"

    def row_of(self, date: Date | None) -> int:
        """The market's row of a day of the index; the last one for None.

        Raises
        ------
        DataError
            If `date` is not a day, or none of the index's.
        """
        last = len(self.source.dates) - 1
        if date is None:
            return last
        try:
            row = int((pd.Timestamp(date) - self.source.dates[0]).days)
        except (TypeError, ValueError) as error:
            raise DataError(f"{date!r} is not a day: expected YYYY-MM-DD.") from error
        if not self.base_row <= row <= last:
            raise DataError(
                f"{self.methodology.name} has no day {pd.Timestamp(date).date()}: it runs from {self.dates[0].date()} "
                f"to {self.dates[-1].date()}."
            )
        return row

    @property
    def investable(self) -> bool:
        """False where the rulebook decides and trades at one and the same close, or trades at carried prices."""
        rules = self.methodology
        return rules.schedule.lag_days >= 1 and not rules.events.trade_at_carried_prices
