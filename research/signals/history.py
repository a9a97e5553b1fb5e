"""`SignalHistory`: the result of `make_signals`, a record with its answers attached."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from research.market.data import Date
from research.signals import explanation
from research.signals.record import SignalRecord


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SignalHistory(SignalRecord):
    """Every call of a recipe on a market, and why: see `SignalRecord` for what it holds."""

    def explain(self, asset_id: str, date: Date | None = None) -> explanation.CallExplanation:
        """Why one asset was called as it was: see `explanation.explain`."""
        return explanation.explain(self, asset_id, date)

    def market_parts(self, date: Date | None = None) -> pd.Series:
        """What moved all calls of one decision alike: see `explanation.market_parts`."""
        return explanation.market_parts(self, date)

    def week(self, date: Date | None = None, reasons: int = 3) -> pd.DataFrame:
        """All calls of one decision, each with the features that moved it most: see `explanation.week_table`."""
        return explanation.week_table(self, date, reasons)
