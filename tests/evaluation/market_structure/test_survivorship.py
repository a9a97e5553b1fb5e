"""Survivorship where the answer can be worked out, and on the file of which 120 coins die early."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.evaluation.market_structure import survivorship_effect, survivorship_levels
from research.market import MarketData
from tests.evaluation.market_structure.panels import ragged

NAN = np.nan
DAYS = pd.date_range("2020-01-01", "2020-06-30", name="date")  # bought for the first time on 31 January
BOUGHT = 30


def two_survivors_and_one_that_dies(recovery: float = 1.0) -> pd.DataFrame:
    """From the day they are bought on the survivors double; the third halves by 10 February, its last price."""
    held = np.maximum(np.arange(len(DAYS)) - BOUGHT, 0)
    up = 1.0 + held / held[-1]
    dying = np.where(held <= 10, 1.0 - held / 20, NAN)
    prices = pd.DataFrame({"a": up, "b": up, "dies": dying}, index=DAYS)
    caps = prices * np.array([1.0, 1.0, 2.0])
    return survivorship_levels(prices, caps, recovery=recovery)


@pytest.mark.parametrize("recovery", [1.0, 0.0, 0.4])
def test_what_is_lost_with_the_dead_is_their_weight_times_their_fall(recovery: float) -> None:
    levels = two_survivors_and_one_that_dies(recovery)
    assert levels.index[0] == pd.Timestamp("2020-01-31")
    # until the end of February the basket of all holds 1/3 (by cap 1/2) in what dies, and none after it
    february = 1.0 + 29 / (len(DAYS) - 1 - BOUGHT)
    for scheme, weight in (("equal", 1 / 3), ("market_cap", 1 / 2)):
        assert levels[scheme, "survivors"].iloc[-1] == pytest.approx(2.0)
        month = (1 - weight) * february + weight * 0.5 * recovery
        assert levels[scheme, "all"].iloc[-1] == pytest.approx(month * 2.0 / february)


def test_the_effect_is_the_difference_in_growth() -> None:
    levels = two_survivors_and_one_that_dies()
    table = survivorship_effect(levels)
    years = (len(levels) - 1) / 365
    for scheme in ("equal", "market_cap"):
        grown = [levels[scheme, name].iloc[-1] ** (1 / years) - 1 for name in ("survivors", "all")]
        assert table.loc[scheme, "difference"] == pytest.approx(grown[0] - grown[1])
        assert table.loc[scheme, "ratio"] == pytest.approx(2.0 / levels[scheme, "all"].iloc[-1])


def test_where_nobody_dies_there_is_no_effect(market_50: MarketData) -> None:
    levels = survivorship_levels(market_50.prices, market_50.market_caps)
    assert (survivorship_effect(levels)["difference"] == 0).all()
    assert (survivorship_effect(levels)["ratio"] == 1).all()


def test_a_basket_by_cap_of_the_whole_real_market_is_the_ratio_of_its_caps_where_supply_stands_still() -> None:
    rng = np.random.default_rng(5)
    prices = pd.DataFrame(np.exp(rng.normal(0, 0.04, (len(DAYS), 6)).cumsum(axis=0)), index=DAYS)
    caps = prices * rng.uniform(1, 100, 6)
    level = survivorship_levels(prices, caps)["market_cap", "all"]
    size = caps.sum(axis=1).iloc[BOUGHT:]
    np.testing.assert_allclose(level, size / size.iloc[0], rtol=1e-12)


def test_only_the_largest_count_as_known_on_the_day_they_are_bought() -> None:
    prices = pd.DataFrame({"large": 1.0, "next": 1.0, "small": 1.0}, index=DAYS)
    prices.loc["2020-03-01":, "small"] = 100.0  # it is among the two largest from the end of March on only
    level = survivorship_levels(prices, prices * np.array([30.0, 20.0, 10.0]), count=2)["equal", "all"]
    assert (level == 1.0).all()


def test_an_asset_is_bought_once_it_has_had_a_price_for_thirty_days() -> None:
    prices = pd.DataFrame({"a": 1.0, "b": 1.0, "new": 1.0}, index=DAYS)
    prices.loc[:"2020-01-29", "new"] = NAN
    prices.loc["2020-02-15":, "new"] = 2.0  # bought on 29 February, thirty days after its first
    assert (survivorship_levels(prices, prices)["equal", "all"] == 1.0).all()
    prices.loc["2020-03-10":, "new"] = 4.0
    assert survivorship_levels(prices, prices)["equal", "all"].iloc[-1] == pytest.approx(4 / 3)


def test_without_caps_the_baskets_are_in_equal_parts_and_of_all() -> None:
    prices, caps = ragged()
    levels = survivorship_levels(prices, caps * NAN)
    assert levels.columns.tolist() == [("equal", "all"), ("equal", "survivors")]
    assert survivorship_effect(levels).index.tolist() == ["equal"]


def test_a_market_without_a_month_has_no_levels_and_no_effect() -> None:
    prices, caps = ragged(days=10)
    assert survivorship_levels(prices, caps).empty
    assert survivorship_effect(survivorship_levels(prices, caps)).empty


def test_the_file_with_its_dead_is_worth_less_than_its_survivors(market_406: MarketData) -> None:
    since = market_406.since("2015-01-01")  # the caps of 2014 are absurd
    levels = survivorship_levels(since.prices, since.market_caps)
    table = survivorship_effect(levels)
    assert (table["difference"] > 0).all()
    assert table.loc["equal", "difference"] > 5 * table.loc["market_cap", "difference"]


def test_a_share_of_more_than_all_is_refused() -> None:
    prices, caps = ragged()
    with pytest.raises(DataError, match="recovery"):
        survivorship_levels(prices, caps, recovery=1.5)
