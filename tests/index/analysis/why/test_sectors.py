"""Weights by sector, as known on a day."""

from __future__ import annotations

import pandas as pd
import pytest

from research.index.analysis.why.sectors import sector_weights

TAGS = pd.DataFrame(
    {
        "asset_id": ["a", "a", "b", "c"],
        "tag": ["sector:alpha", "sector:zeta", "sector:zeta", "stablecoin"],
        "valid_from": pd.to_datetime(["2022-01-01", "2020-01-01", None, None]),
    }
)
WEIGHTS = pd.Series({"a": 0.5, "b": 0.3, "c": 0.2})


def test_a_reclassified_member_counts_in_its_sector_of_the_day_and_one_without_a_sector_is_counted() -> None:
    before = sector_weights(WEIGHTS, TAGS, pd.Timestamp("2021-12-31"))
    assert before.to_dict() == pytest.approx({"zeta": 0.8, "no sector known": 0.2})
    after = sector_weights(WEIGHTS, TAGS, pd.Timestamp("2022-01-01"))
    assert after.to_dict() == pytest.approx({"alpha": 0.5, "zeta": 0.3, "no sector known": 0.2})
