"""Counts of what is there, against counts made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.evaluation.market_structure import coverage, coverage_by_year
from research.market import MarketData
from tests.conftest import shared
from tests.evaluation.market_structure.panels import panel

NAN = np.nan
PRICES = panel("2020-12-29", a=[1, 1, NAN, 3], b=[NAN, 2, 2, NAN])
CAPS = panel("2020-12-29", a=[5, NAN, 7, 8], b=[NAN, NAN, 0, NAN])


def test_a_value_counts_and_a_gap_does_not_and_zero_is_a_value() -> None:
    table = coverage({"price": PRICES, "cap": CAPS})
    assert table["price"].tolist() == [1, 2, 1, 1]
    assert table["cap"].tolist() == [1, 0, 2, 1]


def test_a_year_by_hand() -> None:
    table = coverage_by_year({"price": PRICES, "cap": CAPS})
    old, new = table.loc[2020], table.loc[2021]
    assert (old["assets"], new["assets"]) == (2, 1)
    assert old["assets_a_day"] == pytest.approx(4 / 3)
    assert old["missing"] == pytest.approx(1 / 5)  # a on the third day; b has ended by the fourth
    assert old["repeated"] == pytest.approx(2 / 2)  # a and b, each on the one day that follows a day with a price
    assert np.isnan(new["repeated"])  # the only price of the year follows a gap
    assert old["cap"] == pytest.approx(2 / 4)  # of four prices, two have a cap beside them
    assert new["cap"] == 1.0


def test_the_406_coin_file_has_the_rows_that_its_own_table_has(market_406: MarketData) -> None:
    raw = pd.read_parquet(shared("market/coingecko_406_2014_2017_indexconstruction.parquet"))
    raw = raw[raw["close"] > 0]
    day = "2016-05-04"
    table = coverage({"price": market_406.prices, "cap": market_406.market_caps})
    of_day = raw[pd.to_datetime(raw["date"]) == day]
    assert table.loc[day].tolist() == [len(of_day), (of_day["market_cap"] > 0).sum()]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({}, "found none"),
        ({"price": PRICES, "cap": CAPS[["a"]]}, "cap"),
        ({"price": -PRICES}, "'a' is -1.0 on 2020-12-29, below 0"),
        ({"price": PRICES.iloc[[0, 2, 3]]}, "days must be complete"),
        ({"price": PRICES.reset_index(drop=True)}, "needs dates"),
    ],
)
def test_a_panel_that_is_none_is_refused_in_words(frames: dict[str, pd.DataFrame], message: str) -> None:
    with pytest.raises(DataError, match=message):
        coverage(frames)
