"""The ledger of an import in short."""

from __future__ import annotations

import pandas as pd

from research.market.ledger import ledger_counts


def test_entries_are_counted_by_rule_and_field_and_an_asset_once() -> None:
    ledger = pd.DataFrame(
        {
            "asset_id": ["a", "a", "b", "b"],
            "rule": ["spike", "spike", "spike", "zero"],
            "field": ["price", "price", "price", "volume"],
        }
    )
    assert ledger_counts(ledger).to_numpy().tolist() == [["spike", "price", 3, 2], ["zero", "volume", 1, 1]]
    assert list(ledger_counts(ledger.head(0)).columns) == ["rule", "field", "rows", "assets"]
