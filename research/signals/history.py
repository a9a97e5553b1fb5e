"""`SignalHistory`: the result of `make_signals`, a record with its answers attached."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from research.docs import told_by
from research.market.data import Date
from research.signals import explanation
from research.signals.record import SignalRecord


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SignalHistory(SignalRecord):
    """Every call of a recipe on a market, and why: see `SignalRecord` for what it holds."""

    @told_by(explanation.explain)
    def explain(self, asset_id: str, date: Date | None = None) -> explanation.CallExplanation:
        """Why one asset (`asset_id`) was called as it was, at the last call by `date` (default: the last of all)."""
        return explanation.explain(self, asset_id, date)

    @told_by(explanation.market_parts)
    def market_parts(self, date: Date | None = None) -> pd.Series:
        """What moved all calls of the last decision by `date` (default: of all) alike."""
        return explanation.market_parts(self, date)

    @told_by(explanation.week_table)
    def week(self, date: Date | None = None, reasons: int = 3) -> pd.DataFrame:
        """All calls of the last decision by `date` (default: of all), each with the `reasons` that moved it most."""
        return explanation.week_table(self, date, reasons)
