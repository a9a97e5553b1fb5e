"""A print that moves a level is named with what it did, wherever that level is used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.index import build_index
from research.index.analysis.cautions.level_leaps import LARGE, leaps_of_index, leaps_of_price, ranked, sentence
from research.index.comparisons.comparison import levels_beside, levels_of
from research.market import MarketData
from tests.index.markets import random_market, rules

EQUAL = {"weighting": {"scheme": "equal"}, "selection": {"count": 5}, "universe": {"min_history_days": 0}}
DAY = 450


def spiked(factor: float) -> MarketData:
    """A market in which the largest asset's price is `factor` times as high on one day, and its cap with it."""
    market = random_market(3, days=500, defects=False)
    name = str(market.market_caps.iloc[DAY].idxmax())
    prices, caps = market.prices.copy(), market.market_caps.copy()
    prices.loc[prices.index[DAY], name] *= factor
    caps.loc[caps.index[DAY], name] *= factor
    return MarketData.from_panels(prices, caps, market.volumes)


def test_a_leap_is_told_with_what_it_did_to_the_level_and_to_its_growth() -> None:
    index = build_index(spiked(30.0), rules(**EQUAL))
    [leap] = leaps_of_index(index)
    day = pd.Timestamp(leap["date"])
    assert day == index.market.dates[DAY]
    contributed = index.contributions.loc[day, leap["asset"]]
    assert leap["effect"] == pytest.approx(contributed, rel=1e-9)
    years = (index.dates[-1] - index.dates[0]).days / 365
    times = index.level.iloc[-1] / index.level.iloc[0]
    assert (1 + leap["growth"]) ** years == pytest.approx(times)
    assert np.isnan(leap["without"])
    assert "Without it" not in sentence(leap)
    assert f"By {leap['back']} that price was back" in sentence(leap)
    calm = build_index(random_market(3, days=500, defects=False), rules(**EQUAL))
    assert calm.level.iloc[-1] == pytest.approx(index.level.iloc[-1])  # the print left growth as it was
    assert pd.Timestamp(leap["back"]) == day + pd.Timedelta(days=1)
    two_days = calm.contributions.loc[day:, leap["asset"]].iloc[:2] * calm.level.shift().loc[day:].iloc[:2]
    assert leap["together"] == pytest.approx(two_days.sum() / calm.level.shift().loc[day], abs=1e-9)
    assert f"moved by +{leap['effect']:,.1%}".replace("%", "\u00a0%") in sentence(leap)
    assert f"{leap['asset']} alone: price x" in index.caveats[0]


def test_without_a_leap_that_stays_growth_is_less_by_that_day() -> None:
    market = random_market(3, days=500, defects=False)
    name = str(market.market_caps.iloc[DAY].idxmax())
    prices, caps = market.prices.copy(), market.market_caps.copy()
    prices.loc[prices.index[DAY] :, name] *= 30.0
    caps.loc[caps.index[DAY] :, name] *= 30.0
    index = build_index(MarketData.from_panels(prices, caps, market.volumes), rules(**EQUAL))
    [leap] = leaps_of_index(index)
    years = (index.dates[-1] - index.dates[0]).days / 365
    assert leap["back"] == ""
    assert np.isnan(leap["together"])
    assert ((1 + leap["growth"]) / (1 + leap["without"])) ** years == pytest.approx(1 + leap["effect"])
    assert "Without it its growth would be" in sentence(leap)


def test_a_price_that_comes_back_by_steps_is_one_leap_and_leaves_nothing_to_take_out() -> None:
    days = pd.date_range("2020-01-01", periods=500)
    price = pd.Series(np.r_[np.ones(100), 30.0, 12.0, 4.0, np.ones(397) * 1.1], days, name="a")
    [leap] = leaps_of_price(price)
    assert (leap["date"], leap["back"]) == ("2020-04-10", "2020-04-12")
    assert leap["together"] == pytest.approx(3.0)
    assert np.isnan(leap["without"])
    late = price.copy()
    late.iloc[101:200] = 30.0
    assert [each["back"] for each in leaps_of_price(late)] == ["", ""]  # up, and after months down: two moves


def test_a_leap_of_a_small_member_is_no_caveat() -> None:
    market = spiked(30.0)
    index = build_index(market, rules(**(EQUAL | {"weighting": {"scheme": "market_cap"}})))
    for leap in leaps_of_index(index):
        assert abs(leap["effect"]) > LARGE
    calm = build_index(random_market(3, days=500, defects=False), rules(**EQUAL))
    assert leaps_of_index(calm) == []
    assert not [line for line in calm.caveats if "moved by" in line]


def test_a_leap_of_a_benchmark_is_a_caveat_of_the_page_though_not_of_the_index() -> None:
    """The index holds two others; only what stands beside it holds the asset that leapt."""
    market = spiked(30.0)
    leapt = str(market.prices.pct_change().max().idxmax())
    quiet = [name for name in market.prices.columns if name != leapt][:1]
    index = build_index(
        market, rules(selection={"count": 2, "rule": "top_by", "rank_by": "market_cap", "order": "lowest"})
    )
    assert leaps_of_index(index) == []
    other = rules(**EQUAL, name="Other")
    levels = levels_beside(index, quiet, [other])
    [line] = [line for line in index.caveats_beside(levels) if "moved by" in line]
    assert line.startswith("Other moved by +")
    assert not [line for line in index.caveats if "moved by" in line]
    assert [leap["series"] for leap in levels_of(index, [other]).attrs["leaps"]] == ["Other"]
    beside = levels_beside(index, [leapt], [])
    assert [leap["series"] for leap in beside.attrs["leaps"]] == [leapt]  # up, and back on the next day


def test_leaps_are_ranked_by_what_they_did_whichever_way() -> None:
    price = pd.Series([1.0, 6.0, 0.5, 0.5, 20.0], pd.date_range("2020-01-01", periods=5), name="a")
    order = [leap["effect"] for leap in ranked(leaps_of_price(price))]
    assert order == pytest.approx([39.0, 5.0])  # the way back from 6 is no leap of its own
    assert np.isnan(leaps_of_price(price)[0]["growth"])
    assert "growth" not in sentence(leaps_of_price(price)[0])  # below a year there is none to tell
