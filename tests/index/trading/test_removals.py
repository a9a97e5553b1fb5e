"""Extraordinary removals: sold at the next close with a price, and where the freed weight goes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.index import build_index
from research.index.comparisons.counterfactuals import counterfactuals
from research.market import MarketData
from tests.index.small_markets import DAYS, events_of, flat, market, migrations, missing, removals, three, two


def test_an_announced_removal_is_sold_at_the_next_close_with_a_price_and_not_chosen_again() -> None:
    b = np.where(DAYS >= "2021-01-22", 0.5, 1.0)
    b = missing(b, "2021-01-21", "2021-01-21")
    index = build_index(
        market(a=flat(0.8), b=b, c=flat(0.1)), two(), removals=removals(("2021-01-20", "b", "exchange failed"))
    )
    assert events_of(index)[-1] == ("2021-01-22", "removed")
    assert "exchange failed, announced 2021-01-20" in index.events["detail"].iloc[-1]
    assert index.level["2021-01-22"] == pytest.approx(750.0)
    pd.testing.assert_series_equal(index.level, index.level_if_removed_at_zero, check_names=False)  # it was sold
    later = index.decisions.query("asset_id == 'b' and determination_date >= '2021-01-31'")
    assert not later["eligible"].any()
    assert list(index.holdings()["asset_id"]) == ["a", "c"]


def test_freed_weight_can_wait_in_the_stable_leg_until_the_next_rebalance() -> None:
    tags = pd.DataFrame({"asset_id": ["usd"], "tag": ["stablecoin"], "valid_from": [pd.NaT], "static": [False]})
    prices = pd.DataFrame({"a": flat(), "b": missing(flat(), "2021-01-12"), "usd": flat(0.999)}, index=DAYS)
    methodology = two(
        universe={"exclude_tags": ["stablecoin"]},
        overlay={"stable_leg": ["usd"], "signals": False},
        events={"freed_weight": "stable"},
    )
    index = build_index(
        MarketData.from_panels(prices, prices * 1e3, prices, tags=tags.astype({"valid_from": "datetime64[us]"})),
        methodology,
    )
    assert index.weights.loc["2021-01-22"].to_dict() == pytest.approx({"a": 0.5, "b": 0.0, "usd": 0.5})
    assert index.weights.loc["2021-02-01"].to_dict() == pytest.approx({"a": 1.0, "b": 0.0, "usd": 0.0})


def test_counterfactuals_work_with_a_table_that_names_a_dead_asset() -> None:
    b = missing(flat(), "2021-01-25")
    table = removals(("2021-01-20", "b", "halted"))
    index = build_index(market(a=flat(3.0), b=b, c=flat(2.0), d=flat(0.5)), two(), removals=table)
    assert counterfactuals(index).loc["survivors only (look-ahead)", "note"] == ""


def test_counterfactuals_of_a_market_without_survivors_say_so() -> None:
    gone = missing(flat(), f"{DAYS[-1].date()}")
    table = counterfactuals(build_index(market(a=gone, b=gone, c=gone), two()))
    assert table.loc["survivors only (look-ahead)", "note"] == "cannot be built: no asset has a price on the last day"


def test_the_announced_removal_of_the_stable_leg_moves_it_to_the_next_coin() -> None:
    coins = ["usd", "usd2"]
    tags = pd.DataFrame({"asset_id": coins, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    prices = pd.DataFrame({"a": flat(), "b": missing(flat(), "2021-01-12"), "usd": flat(), "usd2": flat()}, index=DAYS)
    methodology = two(
        universe={"exclude_tags": ["stablecoin"]},
        overlay={"stable_leg": coins, "signals": False},
        events={"freed_weight": "stable"},
    )
    index = build_index(
        MarketData.from_panels(prices, prices * 1e3, prices, tags=tags.astype({"valid_from": "datetime64[us]"})),
        methodology,
        removals=removals(("2021-01-24", "usd", "issuer failed")),
    )
    assert index.level.to_numpy() == pytest.approx(1000.0)
    assert index.weights.loc["2021-01-23", "usd"] == pytest.approx(0.5)
    assert index.weights.loc["2021-01-25", "usd2"] == pytest.approx(0.5)


def test_a_removal_announced_on_an_effective_day_is_sold_at_the_next_close() -> None:
    b = np.where(DAYS >= "2021-02-02", 0.5, 1.0)
    table = removals(("2021-02-01", "b", "halted"))
    index = build_index(market(a=flat(3.0), b=b, c=flat(0.1)), two(), removals=table)
    assert index.weights.loc["2021-02-01", "b"] == pytest.approx(0.5)
    assert index.weights.loc["2021-02-02", "b"] == 0.0
    assert index.level["2021-02-02"] == pytest.approx(750.0)
    card = index.explain("b", "2021-02-10")
    assert not card.selected
    assert card.reason.startswith("out: removed on 2021-02-02, halted, announced 2021-02-01")


def test_a_member_removed_after_it_took_another_one_over_does_not_come_back() -> None:
    index = build_index(
        market(a=flat(3.0), old=flat(2.0), new=flat(1.0)),
        three(schedule={"rebalance": "weekly", "weekday": "sunday"}),
        migrations=migrations(("2021-01-19", "old", "new", 2.0)),
        removals=removals(("2021-01-20", "old", "halted")),  # both between two Sundays
    )
    assert index.weights.loc["2021-01-22":, "a"].to_numpy() == pytest.approx(1.0)
    last = index.decision_records[-1]
    assert index.source.asset_ids[last.chosen].tolist() == ["a"]
    assert "not traded" not in set(index.events["event"])
