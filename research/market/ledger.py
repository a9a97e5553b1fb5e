"""The ledger of a snapshot in short: how much was repaired, quarantined or refused; and what people decided in it."""

from __future__ import annotations

import pandas as pd

from research.market.data import MarketData
from research.market.tables import LEDGER_TYPES

UNIT_DECIDED = "decided by hand: new units for one old"
"""Rule of the ledger's lines by which a person says what a jump of a price was; `old` is 1, `new` the ratio."""


def ledger_counts(ledger: pd.DataFrame) -> pd.DataFrame:
    """Entries of `MarketData.ledger` by rule and field: rows (int), assets (int, different ones)."""
    groups = ledger.groupby(["rule", "field"], as_index=False)
    return groups.agg(rows=("asset_id", "size"), assets=("asset_id", "nunique"))


def decided_units(market: MarketData) -> pd.DataFrame:
    """Changes of unit that the table of identities decided at the import, of assets that had traded before.

    Returns
    -------
    DataFrame
        date, asset_id, new_asset_id (the same), ratio (new units for one old; 1: the price did move), confirmed (True).
    """
    if market.ledger.empty or not (market.ledger["rule"] == UNIT_DECIDED).any():  # as in most, and every index asks
        return pd.DataFrame(columns=["date", "asset_id", "new_asset_id", "ratio", "confirmed"])
    lines = market.ledger[(market.ledger["rule"] == UNIT_DECIDED) & (market.ledger["date"] > market.dates[0])]
    lines = lines[market.prices.columns.get_indexer(pd.Index(lines["asset_id"])) >= 0]
    first = market.prices[lines["asset_id"].unique()].notna().idxmax()  # of the assets decided about alone: few
    lines = lines[lines["date"].to_numpy() > first.reindex(lines["asset_id"]).to_numpy()]
    return pd.DataFrame(
        {
            "date": lines["date"],
            "asset_id": lines["asset_id"],
            "new_asset_id": lines["asset_id"],
            "ratio": lines["new"].astype(float),
            "confirmed": True,
        }
    )


def with_lines(ledger: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The ledger and further lines, by date, asset, field and rule."""
    if lines.empty:
        return ledger
    both = pd.concat([table.astype(LEDGER_TYPES) for table in (ledger, lines)])
    return both.sort_values(["date", "asset_id", "field", "rule"], kind="stable", ignore_index=True)
