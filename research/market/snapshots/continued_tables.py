"""Assets, tags and ledger of a snapshot that continues another: nothing is lost, and what is newer counts."""

from __future__ import annotations

import pandas as pd

from research.market.tables import LEDGER_TYPES

REVISED = "revised by the vendor"
_LINE = ["date", "asset_id", "field", "rule", "old"]


def continued_assets(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Every asset of either, sorted; the newer symbol and name, the first and the last day with a price of both."""
    by_id = pd.concat([old, new]).groupby("asset_id")
    names = by_id[["symbol", "name"]].last()
    return names.assign(first_date=by_id["first_date"].min(), last_date=by_id["last_date"].max()).reset_index()


def continued_tags(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Every tag of either; where both have one of an asset, the newer line."""
    tags = pd.concat([old, new]).drop_duplicates(["asset_id", "tag"], keep="last")
    return tags.sort_values(["asset_id", "tag"], ignore_index=True)


def continued_ledger(old: pd.DataFrame, new: pd.DataFrame, revisions: pd.DataFrame) -> pd.DataFrame:
    """The old lines, those of the new rows that are not among them, and a line for each revision of a listed asset."""
    revised = revisions[revisions["kind"] != "new asset"]
    lines = pd.DataFrame(
        {
            "date": revised["date"],
            "asset_id": revised["asset_id"],
            "field": revised["field"],
            "rule": REVISED,
            "old": revised["old"].map(repr, na_action="ignore"),
            "new": revised["new"].map(repr, na_action="ignore"),
        }
    ).astype(LEDGER_TYPES)
    known = pd.MultiIndex.from_frame(old[_LINE])
    fresh = new[~pd.MultiIndex.from_frame(new[_LINE]).isin(known)]
    ledger = pd.concat([old, fresh, lines], ignore_index=True)
    return ledger.sort_values(["date", "asset_id", "field", "rule"], kind="stable", ignore_index=True)


def renamed_assets(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Assets of both tables that have another symbol or name: asset_id, symbol_old, symbol, name_old, name."""
    both = old.merge(new, on="asset_id", suffixes=("_old", ""))
    other = (both["symbol_old"] != both["symbol"]) | (both["name_old"] != both["name"])
    return both.loc[other, ["asset_id", "symbol_old", "symbol", "name_old", "name"]].reset_index(drop=True)
