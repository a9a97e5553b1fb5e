"""`IndexHistory`: the result of `build_index`, with every question it answers as a method.

Levels and weights are its record's (`analysis/record.py`); every other answer is worked out in a module of `analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from research.index.analysis import attribution, audit_tables, capacity, caveats, explanation
from research.index.analysis.index_token import IndexToken
from research.index.analysis.level_leaps import ranked, sentence
from research.index.analysis.record import IndexRecord
from research.index.analysis.red_flag_inputs import red_flag_inputs
from research.market.data import Date


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IndexHistory(IndexRecord):
    """What an index was, day by day, and why.

    Levels are indexed by UTC day from the base date to the last day of the market. All frames are made when first
    asked for.
    """

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with an index must not print its records."""
        days = f"{self.dates[0].date()} to {self.dates[-1].date()}"
        return f"<IndexHistory {self.methodology.name!r}: {days}, {len(self.trades)} trades, {self.market!r}>"

    # ------------------------------------------------------------------ audit tables

    @cached_property
    def decisions(self) -> pd.DataFrame:
        """Every asset looked at on every determination: see `audit_tables.decisions_table`."""
        return audit_tables.decisions_table(self.decision_records, self.methodology)

    @cached_property
    def constituents(self) -> pd.DataFrame:
        """Every position before and after every trade: see `audit_tables.constituents_table`."""
        return audit_tables.constituents_table(self)

    @cached_property
    def rebalances(self) -> pd.DataFrame:
        """One row per trade: see `audit_tables.rebalances_table`."""
        return audit_tables.rebalances_table(self)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Carried prices, suspensions, removals and what else happened: see `audit_tables.events_table`."""
        return audit_tables.events_table(self)

    @cached_property
    def concentration(self) -> pd.DataFrame:
        """Daily Herfindahl index, effective number of members (its inverse) and largest weight."""
        return audit_tables.concentration_table(self)

    def holdings(self, date: Date | None = None) -> pd.DataFrame:
        """Who is in at the close of `date` (default: the last day), how much, since when and why."""
        return explanation.holdings_table(self, date)

    def nearest_misses(self, date: Date | None = None, count: int = 5) -> pd.DataFrame:
        """The largest assets that were not selected and failed at most one screen of number."""
        return explanation.nearest_misses_table(self, date, count)

    def explain(self, asset_id: str, date: Date | None = None) -> explanation.Explanation:
        """Why one asset is in or out, and why this weight: see `explanation.explain`."""
        return explanation.explain(self, asset_id, date)

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

    # ------------------------------------------------------------------ trading it

    def cost_sensitivity(self, bps: Sequence[float] = (0, 10, 25, 50, 100), *, risk_free: float = 0.0) -> pd.DataFrame:
        """The net index at flat costs: see `capacity.cost_sensitivity`."""
        return capacity.cost_sensitivity(self, bps, risk_free=risk_free)

    def break_even_cost(self, benchmark: pd.Series) -> float:
        """Cost at which the advantage over a benchmark is gone: see `capacity.break_even_cost`."""
        return capacity.break_even_cost(self, benchmark)

    def capacity(
        self,
        assets_under_management: Sequence[float] = capacity.SIZES,
        *,
        participation: float = 0.05,
        impact_coefficient: float = 1.0,
    ) -> pd.DataFrame:
        """Cost and days to trade by assets under management: see `capacity.capacity`."""
        return capacity.capacity(
            self, assets_under_management, participation=participation, impact_coefficient=impact_coefficient
        )

    def calendar(self, count: int = 6) -> pd.DataFrame:
        """What is announced: decisions not traded yet, then the next days: see `audit_tables.calendar_table`."""
        return audit_tables.calendar_table(self, count)

    def token(self, *, fee_per_year: float = 0.0, initial_value: float = 100.0) -> IndexToken:
        """The index as a token with a streaming fee: see `index_token.IndexToken`."""
        return IndexToken(index=self, fee_per_year=fee_per_year, initial_value=initial_value)

    # ------------------------------------------------------------------ what to know when reading it

    @property
    def caveats(self) -> list[str]:
        """What a reader of any figure of this index should know, in sentences."""
        return caveats.caveats(self)

    def red_flag_inputs(self) -> dict[str, Any]:
        """Keyword arguments of `find_red_flags` besides its returns, with the sectors of the last day."""
        tags, last = self.market.tags, self.dates[-1]
        return red_flag_inputs(self.constituents, self.rebalances, self.events, tags, last)

    def leaps_beside(self, *levels: pd.DataFrame) -> list[str]:
        """The leaps of the levels shown beside it alone, by consequence."""
        return [sentence(leap) for leap in ranked(leap for frame in levels for leap in frame.attrs.get("leaps", []))]

    def caveats_beside(self, *levels: pd.DataFrame) -> list[str]:
        """`caveats`, and the leaps of the levels shown beside it (`levels_of`, `levels_beside`), by consequence."""
        return caveats.caveats(self, [leap for frame in levels for leap in frame.attrs.get("leaps", [])])
