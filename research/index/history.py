"""`IndexHistory`: the result of `build_index`, with every question it answers as a method.

Levels and weights are its record's (`analysis/record.py`); every other answer is worked out in a room of `analysis`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from research.cards import Card, Carded
from research.docs import told_by
from research.index.analysis.cautions import caveats
from research.index.analysis.cautions.level_leaps import ranked, sentence
from research.index.analysis.cautions.red_flag_inputs import red_flag_inputs
from research.index.analysis.forms import export
from research.index.analysis.forms import plot as drawing
from research.index.analysis.forms.index_card import index_card
from research.index.analysis.forms.index_token import IndexToken
from research.index.analysis.record import IndexRecord
from research.index.analysis.trade_costs import capacity
from research.index.analysis.why import attribution, audit_tables, explanation
from research.market.data import Date


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IndexHistory(IndexRecord, Carded):
    """What an index was, day by day, and why.

    Levels are indexed by UTC day from the base date to the last day of the market. All frames are made when first
    asked for.
    """

    def __repr__(self) -> str:
        """One line: a notebook cell that ends with an index must not print its records."""
        days = f"{self.dates[0].date()} to {self.dates[-1].date()}"
        return f"<IndexHistory {self.methodology.name!r}: {days}, {len(self.trades)} trades, {self.market!r}>"

    @cached_property
    def _card(self) -> Card:
        return index_card(self, self.caveats)

    # ------------------------------------------------------------------ audit tables

    @cached_property
    @told_by(audit_tables.decisions_table)
    def decisions(self) -> pd.DataFrame:
        """Every asset looked at on every determination."""
        return audit_tables.decisions_table(self.decision_records, self.methodology)

    @cached_property
    @told_by(audit_tables.constituents_table)
    def constituents(self) -> pd.DataFrame:
        """Every position before and after every trade."""
        return audit_tables.constituents_table(self)

    @cached_property
    @told_by(audit_tables.rebalances_table)
    def rebalances(self) -> pd.DataFrame:
        """One row per trade."""
        return audit_tables.rebalances_table(self)

    @cached_property
    @told_by(audit_tables.events_table)
    def events(self) -> pd.DataFrame:
        """Carried prices, suspensions, removals and what else happened."""
        return audit_tables.events_table(self)

    @cached_property
    @told_by(audit_tables.concentration_table)
    def concentration(self) -> pd.DataFrame:
        """Daily Herfindahl index, effective number of members (its inverse) and largest weight."""
        return audit_tables.concentration_table(self)

    @told_by(explanation.holdings_table)
    def holdings(self, date: Date | None = None) -> pd.DataFrame:
        """Who is in at the close of `date` (default: the last day), how much, since when and why."""
        return explanation.holdings_table(self, date)

    @told_by(explanation.nearest_misses_table)
    def nearest_misses(self, date: Date | None = None, count: int = 5) -> pd.DataFrame:
        """The largest assets that were not selected by `date` (default: the last day) and failed at most one screen."""
        return explanation.nearest_misses_table(self, date, count)

    @told_by(explanation.explain)
    def explain(self, asset_id: str, date: Date | None = None) -> explanation.Explanation:
        """Why one asset (`asset_id`) is in or out, and why this weight, as of `date` (default: the last day)."""
        return explanation.explain(self, asset_id, date)

    @told_by(attribution.weight_steps)
    def weight_steps(self, date: Date | None = None) -> pd.DataFrame:
        """Target weights in force at `date` (default: the last day), from market cap to final, step by step."""
        return attribution.weight_steps(self, date)

    @told_by(attribution.rebalance_difference)
    def rebalance_difference(self, date: Date | None = None) -> pd.DataFrame:
        """What the last rebalance by `date` (default: the last day) changed, by cause."""
        return attribution.rebalance_difference(self, date)

    @cached_property
    @told_by(attribution.contributions_table)
    def contributions(self) -> pd.DataFrame:
        """Contribution of each member to each day's return."""
        return attribution.contributions_table(self)

    # ------------------------------------------------------------------ trading it

    @told_by(capacity.cost_sensitivity)
    def cost_sensitivity(self, bps: Sequence[float] = (0, 10, 25, 50, 100), *, risk_free: float = 0.0) -> pd.DataFrame:
        """The net index at flat costs of `bps` basis points of what is traded."""
        return capacity.cost_sensitivity(self, bps, risk_free=risk_free)

    @told_by(capacity.break_even_cost)
    def break_even_cost(self, benchmark: pd.Series) -> float:
        """Cost at which the advantage over a benchmark (`benchmark`: its level by day) is gone."""
        return capacity.break_even_cost(self, benchmark)

    @told_by(capacity.capacity)
    def capacity(
        self,
        assets_under_management: Sequence[float] = capacity.SIZES,
        *,
        participation: float = 0.05,
        impact_coefficient: float = 1.0,
    ) -> pd.DataFrame:
        """Cost and days to trade by assets under management."""
        return capacity.capacity(
            self, assets_under_management, participation=participation, impact_coefficient=impact_coefficient
        )

    @told_by(audit_tables.calendar_table)
    def calendar(self, count: int = 6) -> pd.DataFrame:
        """What is announced: decisions not traded yet, then the next days."""
        return audit_tables.calendar_table(self, count)

    @told_by(IndexToken)
    def token(self, *, fee_per_year: float = 0.0, initial_value: float = 100.0) -> IndexToken:
        """The index as a token with a streaming fee."""
        return IndexToken(index=self, fee_per_year=fee_per_year, initial_value=initial_value)

    # ------------------------------------------------------------------ a look at it, and files

    @told_by(drawing.plot)
    def plot(self, *, log: bool = True) -> drawing.Figure:
        """Draw the level above its drawdown."""
        return drawing.plot(self, log=log)

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        """What is written to files, by name: level (net, and gross of costs), weights, trades, decisions."""
        levels = pd.DataFrame({"level": self.level, "gross_level": self.gross_level})
        return {"level": levels, "weights": self.weights, "trades": self.constituents, "decisions": self.decisions}

    @told_by(export.write_folder)
    def to_csv(self, folder: str | Path, *, replace: bool = False) -> Path:
        """Write `frames` as CSV files into `folder`; `replace` allows to overwrite an earlier export there."""
        return export.write_folder(self.frames, folder, ".csv", replace=replace)

    @told_by(export.write_folder)
    def to_parquet(self, folder: str | Path, *, replace: bool = False) -> Path:
        """Write `frames` as Parquet files into `folder`; `replace` allows to overwrite an earlier export there."""
        return export.write_folder(self.frames, folder, ".parquet", replace=replace)

    @told_by(export.write_workbook)
    def to_xlsx(self, path: str | Path, *, replace: bool = False) -> Path:
        """Write `frames` as the sheets of one workbook at `path`; `replace` allows to overwrite a file there."""
        return export.write_workbook(self.frames, path, replace=replace)

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
