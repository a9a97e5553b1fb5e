"""One sector of an asset on a day."""

from __future__ import annotations

import pandas as pd
import pytest

from research.index.analysis.sectors import NO_SECTOR, sector_weights, sectors_of

TAGS = pd.DataFrame(
    {
        "asset_id": ["a", "a", "b", "c"],
        "tag": ["sector:old", "sector:new", "sector:old", "stablecoin"],
        "valid_from": pd.to_datetime(["2020-01-01", "2022-01-01", None, None]),
    }
)


def test_sectors_are_those_known_on_the_day_and_a_member_without_one_is_counted() -> None:
    weights = pd.Series({"a": 0.5, "b": 0.3, "c": 0.2})
    before = sector_weights(weights, TAGS, pd.Timestamp("2021-01-01"))
    assert before.to_dict() == pytest.approx({"old": 0.8, NO_SECTOR: 0.2})
    after = sector_weights(weights, TAGS, pd.Timestamp("2022-01-01"))
    assert after["new"] == 0.5


def test_each_asset_that_is_asked_for_has_a_sector_in_the_order_of_asking() -> None:
    sectors = sectors_of(TAGS, ["c", "b", "a"], pd.Timestamp("2022-01-01"))
    assert sectors.to_dict() == {"c": NO_SECTOR, "b": "old", "a": "new"}
    assert list(sectors.index) == ["c", "b", "a"]
