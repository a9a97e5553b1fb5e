"""What a rebalance changes, why, and what to look at: worked out by hand, and held against what was traded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research import IndexHistory, MarketData, Methodology, build_index, load_market
from research.errors import DataError, MethodologyError
from research.index.analysis.cautions.points_to_check import POINTS
from research.index.analysis.trade_costs.orders import order_of, orders_table, trade_by_size
from research.index.rebalance.rebalance_review import STILL_A_MEMBER, RebalanceReview, rebalance_review
from research.market import MarketData as Market
from tests.conftest import ROOT
from tests.index.markets import random_market, rules

DAYS = pd.date_range("2021-01-01", periods=55)


@pytest.fixture(scope="module")
def sample() -> MarketData:
    return load_market(ROOT / "data" / "sample", end="2022-11-20")


@pytest.fixture(scope="module")
def index(sample: MarketData) -> IndexHistory:
    return build_index(sample, Methodology.load("momentum-10"))


def small(**tables: Any) -> IndexHistory:
    """Four assets whose prices move together; the third overtakes the second after the decision of January."""
    together = 1.0 + 0.001 * (np.arange(len(DAYS)) % 2)
    prices = pd.DataFrame(dict.fromkeys("abcd", together), DAYS)
    caps = pd.DataFrame({"a": 50.0, "b": 38.0, "c": 20.0, "d": 1.0}, DAYS)
    caps.loc["2021-02-10":, "c"] = 40.0
    volumes = pd.DataFrame({"a": 100.0, "b": 10.0, "c": 1000.0, "d": 5.0}, DAYS)
    base: dict[str, Any] = {
        "selection": {"count": 2, "min_count": 1},
        "weighting": {"max_weight": 1.0},
        "schedule": {"reconstitution": "monthly", "lag_days": 1},
    }
    return build_index(Market.from_panels(prices, caps, volumes), rules(**(base | tables)))


def test_the_next_rebalance_by_hand() -> None:
    review = rebalance_review(small(), assets_under_management=100.0, participation=0.5)
    assert (review.status, review.cause) == ("pro forma", "reconstitution")
    days = (review.decided_on, review.determination_date, review.effective_date)
    assert [str(day.date()) for day in days] == ["2021-02-24", "2021-02-28", "2021-03-01"]
    assert review.changed[["asset_id", "status"]].to_numpy().tolist() == [["c", "added"], ["b", "removed"]]
    assert review.changed["weight"].tolist() == pytest.approx([40 / 90, 0.0])
    assert review.moved("added") == ["c"]
    assert review.turnover == pytest.approx(40 / 90)  # a: 50/88 -> 50/90; b: 38/88 -> 0; c: 0 -> 40/90
    orders = review.orders.set_index("asset_id")
    assert orders.index.tolist() == ["b", "c", "a"]
    assert orders.loc["b", "amount"] == pytest.approx(100 * 38 / 88)
    assert orders.loc["b", "days"] == pytest.approx(100 * 38 / 88 / (0.5 * 10.0))
    assert orders.loc["c", "share_of_day"] == pytest.approx(100 * 40 / 90 / 1000)
    assert review.causes is not None
    assert review.causes.largest[0] == "rank"
    points = review.points.set_index("point")
    assert points.loc["slow", "value"] == pytest.approx(20 * 38 / 88)
    assert points.loc["history", "asset_id"] == "c"
    assert points.loc["history", "value"] == 54
    assert review.counts["slow"] == 1
    assert list(review.points["point"]) == sorted(review.points["point"], key=POINTS.index)


def test_points_are_found_at_their_limits_by_hand() -> None:
    near = {"min_market_cap": 37.0}  # c has 40: within a tenth
    review = rebalance_review(small(universe=near, weighting={"max_weight": 0.54}))
    points = review.points.set_index("point")
    assert points.loc["limit", ["asset_id", "value", "limit", "detail"]].tolist() == ["c", 40.0, 37.0, "min_market_cap"]
    assert points.loc["cap", ["asset_id", "value", "limit"]].tolist() == ["a", pytest.approx(50 / 90), 0.54]
    far = rebalance_review(small(universe={"min_market_cap": 35.0}, weighting={"max_weight": 0.6}))
    assert not {"limit", "cap"} & set(far.points["point"])
    kept = rebalance_review(small(selection={"count": 2, "min_count": 1, "entry_rank": 1, "exit_rank": 3}))
    assert kept.points.set_index("point").loc["buffer", ["asset_id", "value", "limit"]].tolist() == ["b", 3.0, 2.0]
    assert kept.changed.empty


def test_a_share_is_close_to_its_limit_by_what_the_limit_leaves() -> None:
    universe = {"min_valid_share": 0.5, "valid_share_window": "month"}
    whole = rebalance_review(small(universe=universe))
    assert "limit" not in set(whole.points["point"])


def test_what_is_held_and_doubtful_or_warned_of_since_then_is_listed() -> None:
    index = small()
    prices = index.market.prices.copy()
    prices.loc["2021-02-20", "a"] = 30.0  # a print that goes back
    doubtful = replace(index.market, prices=prices)
    review = rebalance_review(build_index(doubtful, index.methodology))
    points = review.points
    assert "a" in set(points.loc[points["point"] == "data", "asset_id"])
    assert "a" in set(points.loc[points["point"] == "event", "asset_id"])
    before = rebalance_review(build_index(doubtful, index.methodology), "2021-02-05")
    assert not {"data", "event"} & set(before.points["point"])


def test_a_past_rebalance_is_the_one_that_was_traded(index: IndexHistory) -> None:
    review = rebalance_review(index, "2022-06-15")
    row = index.rebalances.loc[:"2022-06-15"].iloc[-1]
    assert review.status == "made"
    assert review.priced_on == review.effective_date == row.name
    assert (review.turnover, review.cost) == (row["turnover"], row["cost"])
    assert review.determination_date == review.decided_on == row["determination_date"]
    assert len(review.moved("added")) == row["added"]
    assert len(review.moved("removed")) == row["removed"]
    decided = index.rebalances[index.rebalances["determination_date"].notna()]
    earlier = decided["turnover"].loc[: row.name].iloc[1:-1]
    assert (review.smaller, review.earlier) == ((earlier < row["turnover"]).sum(), len(earlier))
    assert review.changed["reason"].str.contains("rank|not eligible").all()


def test_a_past_rebalance_knows_nothing_of_what_came_later(sample: MarketData, index: IndexHistory) -> None:
    then = build_index(sample.until("2022-06-15"), Methodology.load("momentum-10"))
    ours, theirs = rebalance_review(index, "2022-06-15"), rebalance_review(then, "2022-06-15")
    for name in ("changed", "constituents", "orders", "by_size", "points"):
        pd.testing.assert_frame_equal(getattr(ours, name), getattr(theirs, name), check_exact=True)


def test_the_first_purchase_has_nothing_before_it(index: IndexHistory) -> None:
    review = rebalance_review(index, index.dates[0])
    assert review.previous is None
    assert review.causes is None
    assert review.earlier == 0
    assert set(review.changed["status"]) == {"added"}
    with pytest.raises(DataError, match="has no day"):
        rebalance_review(index, "2010-01-01")


def test_a_composition_that_is_kept_trades_nothing_and_says_why() -> None:
    market = random_market(5, defects=False)
    caps = market.market_caps.where(market.dates.to_series() < market.dates[-1], 1e-3)
    few = rules(universe={"min_market_cap": 1.0}, selection={"count": 5, "min_count": 3})
    review: RebalanceReview = rebalance_review(build_index(replace(market, market_caps=caps), few))
    assert review.kept
    assert np.isnan(review.turnover)
    assert review.orders.empty
    assert review.constituents.empty
    assert review.changed.empty
    assert review.by_size.isna().all(axis=None)


def test_a_member_that_signals_take_out_is_called_a_member(sample: MarketData) -> None:
    signalled = build_index(sample, Methodology.load("ai-large-cap"))
    stays = [
        rebalance_review(signalled, day).changed
        for day in signalled.rebalances.index[signalled.rebalances["cause"] == "rebalance"][5:25]
    ]
    reasons = pd.concat(stays)["reason"]
    assert (reasons == STILL_A_MEMBER).any()
    assert not reasons.str.contains("ranked").any()  # nobody was chosen anew


def test_the_orders_of_one_trade_agree_with_capacity(index: IndexHistory) -> None:
    trade = index.trades[-1]
    table = orders_table(index, trade, assets_under_management=1e9, participation=0.05)
    by_size = trade_by_size(index, trade, [1e9], participation=0.05).iloc[0]
    order = order_of(index, trade, 1.0)
    assert order is not None
    assert by_size["days"] == pytest.approx(table["days"].max()) == pytest.approx(order.days(1e9, 0.05).max())
    assert by_size["cost"] == order.cost(1e9)
    slow = table["days"] > 1
    assert by_size["above_a_day"] == pytest.approx(table.loc[slow, "amount"].sum() / table["amount"].sum())
    assert trade_by_size(index, trade, [1e9], participation=0.1).iloc[0]["days"] == pytest.approx(by_size["days"] / 2)


def test_without_volumes_days_are_missing_and_never_zero() -> None:
    index = small()
    blind = replace(index.market, volumes=index.market.volumes * np.nan)
    review = rebalance_review(build_index(blind, index.methodology))
    assert len(review.orders) == 3
    assert review.orders[["volume", "share_of_day", "days"]].isna().all(axis=None)
    assert review.by_size.isna().all(axis=None)
    assert "slow" not in set(review.points["point"])


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"participation": 0.0}, "participation = 0.0: expected above 0, at most 1"),
        ({"participation": 1.5}, "participation = 1.5: expected above 0, at most 1"),
        ({"assets_under_management": 0.0}, "assets_under_management has 0.0: expected positive"),
        ({"assets_under_management": float("inf")}, "assets_under_management"),
        ({"sizes": [1e6, -1.0]}, "sizes has -1.0: expected positive"),
    ],
)
def test_a_size_or_participation_that_means_nothing_is_refused(argument: dict[str, Any], said: str) -> None:
    with pytest.raises(MethodologyError, match=said):
        rebalance_review(small(), **argument)
