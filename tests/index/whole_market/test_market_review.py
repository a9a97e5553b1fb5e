"""The review of real and of crippled markets: it holds together, and what is missing is empty and no error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.index.whole_market.market_review import MarketReview, pegs_without_tag, review_market
from research.market import MarketData


@pytest.fixture(scope="module")
def facts(market_406: MarketData) -> MarketReview:
    return review_market(market_406)


def test_its_parts_are_about_one_market_and_agree(facts: MarketReview, market_406: MarketData) -> None:
    assert facts.lives["alive"].iloc[-1] == market_406.prices.shape[1] - facts.deaths["dead"].sum()
    assert facts.coverage["market_cap"].iloc[-1] == facts.totals["assets"].iloc[-1]
    known = facts.totals["largest"].notna()
    np.testing.assert_allclose(facts.shares[known].sum(axis=1), 1.0)
    assert facts.shares[~known].isna().all(axis=None)
    assert facts.shares["bitcoin"].iloc[-1] == pytest.approx(facts.totals["largest"].iloc[-1])
    assert facts.source == market_406.manifest.name


def test_baskets_of_survivorship_stand_on_no_cap_that_nobody_trades_in(facts: MarketReview) -> None:
    """With CNMT's cap, "bigger than BTC", the baskets by cap were 35 points a year apart."""
    table = facts.survivorship
    assert 0 < table.loc["market_cap", "difference"] < 0.05
    assert table.loc["equal", "difference"] > 0.2  # a third of the coins dies within three years
    swings = facts.baskets.pct_change().abs().max()
    assert (swings < 1.0).all()  # prints such as that of arc, x 100 and back, multiplied a basket


def test_the_plots_of_doubts_show_a_value_in_doubt_for_each_asset_once(facts: MarketReview) -> None:
    assets = facts.around.columns.get_level_values("asset_id")
    assert assets.is_unique
    assert len(assets) == 6
    jumps = [column for column in facts.around if column[1] == "supply"]
    assert len(jumps) > 0  # of a doubtful supply the supply is shown
    for asset, field, day in jumps:
        panel = facts.market.market_caps / facts.market.prices
        assert facts.around[(asset, field, day)][0] == pytest.approx(panel.loc[day, asset])


@pytest.mark.parametrize("given", [(), ("volumes",), ("market_caps",)])
def test_a_market_without_caps_volumes_or_tags_is_reviewed_as_far_as_it_goes(
    given: tuple[str, ...], market_50: MarketData
) -> None:
    panels = {name: getattr(market_50, name) for name in given}
    facts = review_market(MarketData.from_panels(market_50.prices, **panels))
    assert facts.pegs.empty
    assert facts.peg_distances.empty
    assert facts.totals["largest"].isna().all() == ("market_caps" not in given)
    assert facts.totals["volume"].isna().all() == ("volumes" not in given)
    assert facts.lives["alive"].iloc[-1] == 50
    if not given:  # the yardsticks cannot be built, and say why
        assert all(isinstance(reason, str) for reason in facts.doubts.indices.values())
        assert facts.held_back.empty


def test_five_stablecoins_whose_tags_are_lost_are_found_by_their_prices(market_50: MarketData) -> None:
    coins = {"tether", "usd-coin", "dai", "frax", "binance-usd"}
    assert coins <= set(pegs_without_tag(market_50, []).index[:5])
    assert coins.isdisjoint(pegs_without_tag(market_50, coins).index)
    early = pegs_without_tag(market_50.until("2020-06-30"), [])
    assert early.loc["usd-coin", "last"] == pd.Timestamp("2020-06-30")
    assert early.loc["usd-coin", "pegged"] <= early.loc["usd-coin", "judged"]
    whole = pegs_without_tag(market_50, [])
    assert (early["first"] == whole.loc[early.index, "first"]).all()


def test_a_day_alone_is_a_market_too(market_50: MarketData) -> None:
    facts = review_market(market_50.since(market_50.dates[-1]))
    assert facts.baskets.empty
    assert facts.breadth.isna().all(axis=None)
    assert facts.lives["born"].tolist() == [50]


def test_what_was_known_on_an_earlier_day_is_a_review_of_its_own(market_406: MarketData, facts: MarketReview) -> None:
    """Series by day up to then are the same to the last digit; later days have told nothing."""
    day = pd.Timestamp("2015-12-01")
    then = review_market(market_406.until(day))
    for name in ("lives", "totals", "breadth", "coverage"):
        early, late = getattr(then, name), getattr(facts, name).loc[:day]
        pd.testing.assert_frame_equal(early, late, check_freq=False, check_dtype=False)
