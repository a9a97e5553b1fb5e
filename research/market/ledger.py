"""The ledger of a snapshot in short: how much was repaired, quarantined or refused at its import."""

from __future__ import annotations

import pandas as pd


def ledger_counts(ledger: pd.DataFrame) -> pd.DataFrame:
    """Entries of `MarketData.ledger` by rule and field: rows (int), assets (int, different ones)."""
    groups = ledger.groupby(["rule", "field"], as_index=False)
    return groups.agg(rows=("asset_id", "size"), assets=("asset_id", "nunique"))
