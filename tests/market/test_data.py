"""`MarketData` made in memory, and its questions about single assets."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.market import MarketData
from tests.market.helpers import small_market

DAYS = pd.date_range("2020-01-01", periods=3)


def test_missing_days_become_rows_and_columns_are_sorted() -> None:
    prices = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0]}, index=DAYS[[0, 2]])
    market = MarketData.from_panels(prices)
    assert list(market.prices.columns) == ["a", "b"]
    assert market.dates.tolist() == DAYS.tolist()
    assert market.prices.iloc[1].isna().all()
    assert market.market_caps.isna().all(axis=None)


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (pd.DataFrame(), "at least one row"),
        (pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=DAYS[::-1]), "increasing order"),
        (pd.DataFrame({"a": [1.0, 2.0]}, index=DAYS[[0, 0]]), "each once"),
        (pd.DataFrame(np.ones((3, 2)), index=DAYS, columns=["a", "a"]), "two columns for 'a'"),
    ],
)
def test_panels_that_are_none_are_refused(prices: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(prices)


def test_a_panel_with_axes_of_its_own_is_refused() -> None:
    market = small_market()
    with pytest.raises(DataError, match="panel 'volume' has axes of its own"):
        dataclasses.replace(market, volumes=market.volumes.iloc[1:])


def test_a_hole_in_the_days_is_refused() -> None:
    market = small_market()
    panels = {name: getattr(market, name).drop(market.dates[5]) for name in ("prices", "market_caps", "volumes")}
    with pytest.raises(DataError, match="strictly increasing and complete"):
        dataclasses.replace(market, **panels, extra={})


def test_an_unknown_asset_suggests_an_id_and_a_ticker_its_owners() -> None:
    market = small_market()
    market = dataclasses.replace(market, assets=market.assets.assign(symbol=["DOGE", "TWIN", "TWIN"]))
    with pytest.raises(DataError, match="'twin' is the ticker of gap, late: use the id"):
        market.price("twin")
    with pytest.raises(DataError, match="did you mean 'gap'"):
        market.price("gapp")
    assert market.price("gap").name == "gap"


@pytest.mark.parametrize(("method", "day"), [("until", "2019-12-31"), ("since", "2020-01-31")])
def test_days_outside_of_the_data_are_refused(method: str, day: str) -> None:
    with pytest.raises(DataError, match="choose a"):
        getattr(small_market(), method)(day)


def test_since_keeps_what_is_known_and_drops_the_days() -> None:
    market = small_market()
    later = market.since("2020-01-25")
    assert later.dates[0] == pd.Timestamp("2020-01-25")
    pd.testing.assert_frame_equal(later.assets, market.assets)
    pd.testing.assert_frame_equal(later.ledger, market.ledger)
