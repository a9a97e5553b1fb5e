"""`IndexHistory`: the result of `build_index`. Levels here; the audit tables are made in `audit.py` when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from research.index.analysis import attribution, capacity, caveats
from research.index.analysis import audit_tables as audit
from research.index.analysis import explanation as explain
from research.index.analysis.index_token import IndexToken
from research.index.decisions.calendar import upcoming
from research.index.decisions.records import Decision
from research.index.trading.costs import chained
from research.index.trading.records import Event, Segment, Trade
from research.market import MarketData
from research.market.data import Date
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.typing import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IndexHistory:
    """What an index was, day by day, and why.

    Levels are indexed by UTC day from the base date to the last day of the market. All frames are made when first
    asked for. `market`, `methodology` and `tables` (signals, votes, ...) are the inputs; the other fields
    are the engine's own records.
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

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with an index must not print its records."""
        days = f"{self.dates[0].date()} to {self.dates[-1].date()}"
        return f"<IndexHistory {self.methodology.name!r}: {days}, {len(self.trades)} trades, {self.market!r}>"

    # ------------------------------------------------------------------ levels

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

    # ------------------------------------------------------------------ audit tables

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """Every asset looked at on every determination: see `audit.decisions_table`."""
        return audit.decisions_table(self.decision_records, self.methodology)

    @cached_property
    def constituents(self) -> pd.DataFrame:
        """Every position before and after every trade: see `audit.constituents_table`."""
        return audit.constituents_table(self)

    @cached_property
    def rebalances(self) -> pd.DataFrame:
        """One row per trade: see `audit.rebalances_table`."""
        return audit.rebalances_table(self)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Carried prices, suspensions, removals and what else happened: see `audit.events_table`."""
        return audit.events_table(self)

    @cached_property
    def weights(self) -> pd.DataFrame:
        """Weights at each day's close, after that day's trade: see `audit.weights_table`."""
        return audit.weights_table(self)

    @cached_property
    def concentration(self) -> pd.DataFrame:
        """Daily Herfindahl index, effective number of members (its inverse) and largest weight."""
        return audit.concentration_table(self)

    def holdings(self, date: Date | None = None) -> pd.DataFrame:
        """Who is in at the close of `date` (default: the last day), how much, since when and why."""
        return explain.holdings_table(self, date)

    def nearest_misses(self, date: Date | None = None, count: int = 5) -> pd.DataFrame:
        """The largest assets that were not selected and failed at most one screen of number."""
        return explain.nearest_misses_table(self, date, count)

    def explain(self, asset_id: str, date: Date | None = None) -> explain.Explanation:
        """Why one asset is in or out, and why this weight: see `explain.explain`."""
        return explain.explain(self, asset_id, date)

    def weight_steps(self, date: Date | None = None) -> pd.DataFrame:
        """Target weights from market cap to final, step by step: see `attribution.weight_steps`."""
        return attribution.weight_steps(self, date)

    def rebalance_difference(self, date: Date | None = None) -> pd.DataFrame:
        """What the last rebalance changed, by cause: see `attribution.rebalance_difference`."""
        return attribution.rebalance_difference(self, date)

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """Contribution of each member to each day's return: see `attribution.contributions_table`."""
        return attribution.contributions_table(self)

    def counterfactuals(self) -> pd.DataFrame:
        """The index under slightly other rules: see `counterfactuals.counterfactuals`."""
        from research.index.counterfactuals import counterfactuals  # builds indices itself: imported when it is needed

        return counterfactuals(self)

    # ------------------------------------------------------------------ trading it

    def cost_sensitivity(self, bps: Sequence[float] = (0, 10, 25, 50, 100)) -> pd.DataFrame:
        """The net index at flat costs: see `capacity.cost_sensitivity`."""
        return capacity.cost_sensitivity(self, bps)

    def break_even_cost(self, benchmark: pd.Series) -> float:
        """Cost at which the advantage over a benchmark is gone: see `capacity.break_even_cost`."""
        return capacity.break_even_cost(self, benchmark)

    def capacity(self, **options: Any) -> pd.DataFrame:
        """Cost and days to trade by assets under management: see `capacity.capacity` for the options."""
        return capacity.capacity(self, **options)

    def calendar(self, count: int = 6) -> pd.DataFrame:
        """What is announced: decisions not traded yet, then the next `count` days of the calendar.

        Columns: determination_date, effective_date (datetime), kind (reconstitution, rebalance or another cause).
        """
        last = self.source.dates[-1]
        open_decisions = [
            {
                "determination_date": decision.view.date,
                "effective_date": decision.view.date + pd.Timedelta(days=decision.effective_row - decision.row),
                "kind": decision.cause,
            }
            for decision in self.decision_records
            if decision.effective_row >= len(self.source.dates) and not decision.kept
        ]
        ahead = upcoming(last, self.methodology.schedule, count)
        return pd.concat([pd.DataFrame(open_decisions), ahead], ignore_index=True) if open_decisions else ahead

    def token(self, *, fee_per_year: float = 0.0, initial_value: float = 100.0) -> IndexToken:
        """The index as a token with a streaming fee: see `token.IndexToken`."""
        return IndexToken(index=self, fee_per_year=fee_per_year, initial_value=initial_value)

    # ------------------------------------------------------------------ what to know when reading it

    @property
    def investable(self) -> bool:
        """False where the rulebook decides and trades at one and the same close."""
        return self.methodology.schedule.lag_days >= 1

    @property
    def caveats(self) -> list[str]:
        """What a reader of any figure of this index should know, in sentences."""
        return caveats.caveats(self)
