"""Last values, largest values, and the days around one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.evaluation.market_structure import around, farthest, market_totals, year_ends
from tests.evaluation.market_structure.panels import panel, ragged

NAN = np.nan


def test_a_year_ends_with_the_last_value_that_is_known() -> None:
    table = year_ends(panel("2020-12-29", a=[1, 2, NAN, 4, NAN], b=[NAN, NAN, NAN, NAN, 5]))
    assert table.index.tolist() == [2020, 2021]
    assert table.loc[2020].tolist() == pytest.approx([2, NAN], nan_ok=True)
    assert table.loc[2021].tolist() == [4, 5]


def test_the_farthest_is_the_first_of_the_largest_size_with_its_sign() -> None:
    table = farthest(panel(a=[1, -3, 3, NAN], b=[NAN] * 4, c=[0, 0, 0, 2]))
    assert table.index.tolist() == ["a", "c"]
    assert table.loc["a"].tolist() == [-3.0, pd.Timestamp("2020-01-02"), 3.0]
    assert table.loc["c", ["most", "last"]].tolist() == [2.0, 2.0]
    assert farthest(pd.DataFrame()).empty


def test_the_days_around_a_place_are_counted_from_it_and_nothing_is_invented_outside() -> None:
    prices = panel(a=[1, 2, 3, 4], b=[5, NAN, 7, 8])
    places = pd.DataFrame({"date": [pd.Timestamp("2020-01-02")], "asset_id": ["b"], "field": ["price"]})
    table = around({"price": prices}, places, days=2)
    assert table.index.tolist() == [-2, -1, 0, 1, 2]
    assert table.iloc[:, 0].tolist() == pytest.approx([NAN, 5, NAN, 7, 8], nan_ok=True)
    assert table.columns.tolist() == [("b", "price", pd.Timestamp("2020-01-02"))]
    assert around({"price": prices}, places.head(0)).empty


@pytest.mark.parametrize(
    ("asset", "field", "message"), [("c", "price", "no asset 'c'"), ("a", "cap", "no field 'cap'")]
)
def test_a_place_that_is_not_there_is_named(asset: str, field: str, message: str) -> None:
    places = pd.DataFrame({"date": [pd.Timestamp("2020-01-02")], "asset_id": [asset], "field": [field]})
    with pytest.raises(DataError, match=message):
        around({"price": panel(a=[1])}, places)


def test_the_totals_of_a_market_are_its_parts_side_by_side_and_look_at_no_later_day() -> None:
    prices, caps = ragged()
    whole = market_totals(caps, prices * 1e6)
    assert whole["market_cap"].iloc[0] == pytest.approx(caps.iloc[0].sum())
    assert whole["turnover"].iloc[0] == pytest.approx(prices.iloc[0].sum() * 1e6 / caps.iloc[0].sum())
    assert whole[1e5].iloc[-1] == prices.iloc[-30:].notna().any().sum()
    for row in (14, 69, 70, 73, 74, 100):
        cut = market_totals(caps.iloc[: row + 1], prices.iloc[: row + 1] * 1e6)
        pd.testing.assert_frame_equal(cut, whole.iloc[: row + 1], check_freq=False)
