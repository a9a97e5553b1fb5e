"""What a finding does to an index: held against indices that are built again without the value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.index import build_index
from research.index.whole_market.data_review import DataReview, review_data, yardsticks
from research.market import MarketData
from tests.index.markets import random_market


@pytest.fixture(scope="module")
def review(market_50: MarketData) -> DataReview:
    return review_data(market_50)


def without(market: MarketData, day: pd.Timestamp, asset: str) -> MarketData:
    prices = market.prices.copy()
    prices.loc[day, asset] = np.nan
    return replace(market, prices=prices)


@pytest.mark.parametrize("name", ["top_20", "total_market"])
def test_the_effect_of_a_jump_is_what_holding_its_value_back_takes_from_that_day(
    review: DataReview, market_50: MarketData, name: str
) -> None:
    """First order and exact at once: without its price a member is carried, and contributes nothing."""
    rules = yardsticks(market_50)[name]
    index = review.indices[name]
    assert not isinstance(index, str)
    moved = review.findings.query(f"moves == 'level' and abs({name}_bps) > 5").head(6)
    assert len(moved) == 6
    for line in moved.to_dict("records"):
        held = build_index(without(market_50, line["date"], line["asset_id"]), rules)
        days = [line["date"] - pd.Timedelta(days=1), line["date"]]
        difference = index.level[days].pct_change().iloc[-1] - held.level[days].pct_change().iloc[-1]
        assert line[f"{name}_bps"] == pytest.approx(1e4 * difference, rel=1e-9)


def test_the_effect_of_a_supply_is_what_its_old_one_would_change_at_that_days_weighing(market_50: MarketData) -> None:
    """One asset's supply is tripled a day before a determination, and nothing else: the weight is known in full."""
    rules = yardsticks(market_50)["total_market"]
    determined = pd.Timestamp("2021-08-31")
    caps = market_50.market_caps.copy()
    caps.loc["2021-08-31":, "cardano"] *= 3.0
    altered = replace(market_50, market_caps=caps)
    line = review_data(altered).findings.query(
        "asset_id == 'cardano' and date == @determined and rule == 'supply jump'"
    )
    plain, tripled = (build_index(market, rules) for market in (market_50, altered))
    traded = determined + pd.Timedelta(days=rules.schedule.lag_days)
    exact = 1e4 * (tripled.weights.loc[traded, "cardano"] - plain.weights.loc[traded, "cardano"])
    assert line["total_market_bps"].iloc[0] == pytest.approx(exact, rel=0.1)  # two days of drift lie between


def test_a_move_that_came_late_is_counted_on_the_day_on_which_it_came(market_406: MarketData) -> None:
    review = review_data(market_406)
    found = review.findings
    line = found[(found["date"] == pd.Timestamp("2015-01-28")) & (found["asset_id"] == "bitcoin")].iloc[0]
    index = review.indices["top_20"]
    assert not isinstance(index, str)
    assert line["moves"] == "date of a move"
    assert line["later_date"] == pd.Timestamp("2015-01-29")
    assert index.contributions.loc["2015-01-28", "bitcoin"] == 0.0
    assert line["top_20_bps"] == pytest.approx(1e4 * index.contributions.loc["2015-01-29", "bitcoin"])
    assert line["top_20_bps"] < -800


def test_the_order_is_by_the_larger_of_both_effects(review: DataReview) -> None:
    size = review.findings[["top_20_bps", "total_market_bps"]].abs().max(axis=1).fillna(0.0)
    assert size.is_monotonic_decreasing
    assert len(review.sentences()) == 10
    first = review.sentences()[0]
    assert first.startswith("2017-04-02 ripple, price jump: price x2.414")
    assert "it went back on 2017-04-03. On that day it moved the level by +497" in first


def test_a_sentence_is_about_one_outcome_and_names_all_its_days(market_50: MarketData) -> None:
    """Of three that stop together two come back: what may be lost and what came late are two sentences."""
    prices = market_50.prices.copy()
    prices.loc["2021-06-10":, "cardano"] = np.nan
    prices.loc["2021-06-10":"2021-06-14", "ripple"] = np.nan
    prices.loc["2021-06-10":"2021-06-17", "litecoin"] = np.nan
    review = review_data(replace(market_50, prices=prices))
    of_the_day = review.findings[review.findings["date"] == pd.Timestamp("2021-06-10")]
    found = of_the_day.query("rule == 'prices end together'").set_index("asset_id")
    assert found["later"].to_dict() == {"cardano": "open", "ripple": "ended", "litecoin": "ended"}
    said = [line for line in review.sentences(1000) if line.startswith("2021-06-10") and "end together" in line]
    at_most, came = sorted(said, key=lambda line: "it was over" in line)
    lost = -found.loc["cardano", ["top_20_bps", "total_market_bps"]].astype(float)
    assert at_most.startswith("2021-06-10 cardano, prices end together")
    assert at_most.endswith(
        f"it is open. At most can be lost: {lost.iloc[0]:,.1f} bp of the top 20 "
        f"and {lost.iloc[1]:,.1f} bp of the total market."
    )
    assert "and 1 more" in came
    assert "it was over on 2021-06-15 to 2021-06-18. The move that came late:" in came


def test_bogus_caps_that_the_screens_keep_out_are_named_with_what_they_would_weigh(market_406: MarketData) -> None:
    kept_out = review_data(market_406).kept_out()
    assert [line.split()[1].rstrip(",") for line in kept_out[:2]] == ["cnmt", "slr"]
    assert "of all caps of that day" in kept_out[0]


def test_a_market_without_caps_is_ranked_by_equal_parts() -> None:
    market = random_market(3, days=300, assets=25)
    capless = MarketData.from_panels(market.prices, volumes=market.volumes)
    indices = review_data(capless).indices
    assert all(not isinstance(index, str) and len(index.level) > 100 for index in indices.values())


def test_a_market_that_no_index_can_be_built_on_is_reviewed_all_the_same() -> None:
    days = pd.date_range("2020-01-01", periods=60)
    alone = pd.DataFrame({"a": np.where(days == days[40], 90.0, 1.0 + 0.01 * (np.arange(60) % 2))}, days)
    review = review_data(MarketData.from_panels(alone, alone * 1e6, alone * 1e4))
    assert all(isinstance(index, str) for index in review.indices.values())
    assert review.findings["rule"].tolist() == ["price jump"]
    assert review.findings[["top_20_bps", "total_market_bps"]].isna().all(axis=None)
    assert review.sentences() == []


def test_a_market_without_volumes_has_both_indices_all_the_same(market_50: MarketData) -> None:
    """There is no turnover to screen by: the band is left out, and findings are still ranked by what they do."""
    review = review_data(MarketData.from_panels(market_50.prices, market_50.market_caps))
    assert not any(isinstance(index, str) for index in review.indices.values())
    assert review.findings["top_20_bps"].notna().any()
