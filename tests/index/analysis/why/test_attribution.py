"""Weights step by step, changes by cause, contributions, reason cards, counterfactuals: each must add up."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import DataError
from research.index import IndexHistory, Methodology, build_index
from research.index.analysis.why.attribution import WATERFALL
from research.index.comparisons.counterfactuals import counterfactuals
from research.market import MarketData, load_market
from tests.index.markets import needed_tables, random_market, rules


@pytest.fixture(scope="module")
def sample() -> MarketData:
    return load_market("data/sample")


@pytest.fixture(scope="module")
def signal_driven(sample: MarketData) -> IndexHistory:
    methodology = Methodology.load("signal-driven-10")
    return build_index(sample, methodology, **needed_tables(sample, methodology))


@pytest.fixture(scope="module")
def capped(sample: MarketData) -> IndexHistory:
    return build_index(sample, Methodology.load("large-cap-20-capped"))


@pytest.mark.parametrize("name", ["signal_driven", "capped"])
def test_weight_steps_add_up_to_the_final_weights(name: str, request: pytest.FixtureRequest) -> None:
    index = request.getfixturevalue(name)
    steps = index.weight_steps()
    parts = [column for column in WATERFALL if column != "final"]
    np.testing.assert_allclose(steps[parts].sum(axis=1), steps["final"], rtol=0, atol=1e-15)
    np.testing.assert_allclose(steps[["raw", "final"]].sum(), 1.0, atol=1e-12)
    np.testing.assert_allclose(steps[["tilt", "caps", "floors", "overlay"]].sum(), 0.0, atol=1e-12)
    assert steps["caps"].abs().max() > 0.01
    assert bool(steps["overlay"].abs().max() > 0.01) == (name == "signal_driven")


def test_the_raw_step_is_market_cap_on_the_determination_day(capped: IndexHistory, sample: MarketData) -> None:
    steps = capped.weight_steps("2022-06-30")
    decided = capped.rebalances.loc[:"2022-06-30", "determination_date"].iloc[-1]
    caps = sample.market_caps.loc[decided, steps["asset_id"]]
    np.testing.assert_allclose(steps["raw"], caps / caps.sum(), rtol=1e-12)


@pytest.mark.parametrize("name", ["signal_driven", "capped"])
@pytest.mark.parametrize("date", ["2020-03-15", "2022-12-31", None])
def test_the_causes_of_a_change_add_up_to_it(name: str, date: str | None, request: pytest.FixtureRequest) -> None:
    change = request.getfixturevalue(name).rebalance_difference(date)
    causes = ["drift", "supply", "rank", "tilt", "cap", "signal", "execution"]
    np.testing.assert_allclose(change["previous"] + change[causes].sum(axis=1), change["weight"], rtol=0, atol=1e-14)


def two_assets(prices: dict, supply: dict, **tables: object) -> pd.DataFrame:
    days = pd.date_range("2021-01-01", "2021-02-28")
    price = pd.DataFrame({name: np.where(days >= "2021-01-20", late, 1.0) for name, late in prices.items()}, days)
    units = pd.DataFrame({name: np.where(days >= "2021-01-20", late, 1.0) for name, late in supply.items()}, days)
    base = {
        "base_date": dt.date(2021, 1, 10),
        "selection": {"count": 2},
        "schedule": {"reconstitution": "monthly", "lag_days": 0},
    }
    market = MarketData.from_panels(price, price * units)
    return build_index(market, rules(**(base | tables))).rebalance_difference("2021-01-31").set_index("asset_id")


def test_a_price_that_doubles_is_drift_and_a_supply_that_doubles_is_supply() -> None:
    change = two_assets({"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    assert change.loc["a", ["drift", "supply", "cap"]].tolist() == pytest.approx([2 / 3 - 0.5, 0.0, 0.0])
    change = two_assets({"a": 1.0, "b": 1.0}, {"a": 2.0, "b": 1.0})
    assert change.loc["a", ["drift", "supply", "cap"]].tolist() == pytest.approx([0.0, 2 / 3 - 0.5, 0.0])


def test_what_a_cap_takes_back_is_cap_and_who_comes_in_is_rank() -> None:
    change = two_assets({"a": 2.0, "b": 1.0}, {"a": 1.0, "b": 1.0}, weighting={"max_weight": 0.5})
    assert change.loc["a", ["drift", "cap", "weight"]].tolist() == pytest.approx([1 / 6, -1 / 6, 0.5])
    change = two_assets(
        {"a": 1.0, "b": 1.0, "c": 5.0},
        {"a": 3.0, "b": 2.0, "c": 1.0},
        selection={"count": 2},
        weighting={"scheme": "equal"},
    )
    assert change.loc["c", "rank"] == pytest.approx(5 / 8)
    assert change.loc["b", "rank"] == pytest.approx(-2 / 5)


def test_before_the_second_rebalance_there_is_nothing_to_compare(capped: IndexHistory) -> None:
    with pytest.raises(DataError, match="has not been rebalanced by then"):
        capped.rebalance_difference(capped.level.index[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), haircut=st.sampled_from([0.0, 0.5]))
def test_contributions_add_up_to_the_return_of_every_day(seed: int, haircut: float) -> None:
    index = build_index(
        random_market(seed),
        rules(
            schedule={"reconstitution": "weekly"},
            costs={"fee_bps": 40},
            events={"remove_after_days": 5, "removal_haircut": haircut},
        ),
    )
    returns = index.level.pct_change().iloc[1:]
    np.testing.assert_allclose(index.contributions.sum(axis=1), returns, rtol=0, atol=1e-13)
    assert (index.contributions["costs"] <= 0).all()
    assert index.contributions["costs"].min() < 0


def test_a_reason_card_holds_what_the_decision_saw(capped: IndexHistory) -> None:
    held = capped.holdings("2023-06-30")
    asset = held["asset_id"].iloc[0]
    card = capped.explain(asset, "2023-06-30")
    assert card.selected
    row = capped.decisions.query("asset_id == @asset and determination_date == @card.determination_date").iloc[0]
    for screen in card.screens.index:
        assert bool(row[f"{screen}_pass"]) is bool(card.screens.loc[screen, "passed"])
        assert card.screens.loc[screen, "value"] == row[f"{screen}_value"]
    assert card.rank == row["rank"]
    assert card.waterfall is not None
    assert card.waterfall["final"] == held["target_weight"].iloc[0]
    assert str(card.rank) in card.reason
    assert card.reason in str(card)


def test_a_reason_card_of_a_stablecoin_names_the_tag_and_has_no_weight(capped: IndexHistory) -> None:
    card = capped.explain("usd-coin")
    assert not card.selected
    assert card.reason == "not eligible: tagged stablecoin"
    assert card.waterfall is None
    assert card.rank is None


def test_unknown_assets_days_and_assets_not_listed_yet_are_named(capped: IndexHistory, sample: MarketData) -> None:
    with pytest.raises(DataError, match="did you mean 'bitcoin'"):
        capped.explain("bitcoim")
    with pytest.raises(DataError, match="has no day 2010-01-01: it runs from"):
        capped.explain("bitcoin", "2010-01-01")
    late = sample.assets.sort_values("first_date")["asset_id"].iloc[-1]
    with pytest.raises(DataError, match=f"{late} had not printed a price by"):
        capped.explain(late, capped.level.index[0])


def test_nearest_misses_are_the_largest_left_out(capped: IndexHistory) -> None:
    misses = capped.nearest_misses("2023-06-30", count=4)
    assert len(misses) == 4
    assert not set(misses["asset_id"]) & set(capped.holdings("2023-06-30")["asset_id"])
    assert misses["rank_value"].is_monotonic_decreasing


def test_nearest_misses_of_a_rulebook_that_takes_the_lowest_are_the_lowest_left_out(sample: MarketData) -> None:
    lowest = rules(selection={"count": 5, "rule": "top_by", "rank_by": "market_cap", "order": "lowest"})
    misses = build_index(sample, lowest).nearest_misses(count=4)
    assert len(misses) == 4
    assert misses["rank_value"].is_monotonic_increasing
    ranks = misses["rank"].dropna().tolist()
    assert ranks[:1] == [6]


def test_counterfactuals_change_one_rule_and_measure_the_difference(capped: IndexHistory) -> None:
    table = counterfactuals(capped)
    assert {
        "as published",
        "no caps and floors",
        "no buffer",
        "lag of 0 days",
        "lag of 1 day",
        "lag of 5 days",
    } <= set(table.index)
    assert {"dead tokens at zero", "dead tokens at their last price", "survivors only (look-ahead)"} <= set(table.index)
    assert table.loc["as published", ["cagr_difference", "tracking_error"]].tolist() == [0.0, 0.0]
    assert (table.drop(index="as published").loc[["no caps and floors", "lag of 5 days"], "tracking_error"] > 0).all()
    assert table.loc["dead tokens at zero", "cagr"] <= table.loc["dead tokens at their last price", "cagr"]


def test_the_calendar_announces_the_next_days_only(capped: IndexHistory) -> None:
    calendar = capped.calendar(3)
    days = ["2024-12-31", "2025-01-31", "2025-02-28", "2025-03-31"]  # the first is decided, and traded after the data
    assert calendar["determination_date"].dt.strftime("%Y-%m-%d").tolist() == days
    assert ((calendar["effective_date"] - calendar["determination_date"]).dt.days == 2).all()
    assert set(calendar["kind"]) == {"reconstitution"}


def test_a_variant_that_cannot_be_built_is_named_with_its_reason(sample: MarketData) -> None:
    """Of thirty tokens of which most die, the survivors are too few for an index of ten."""
    dead = sample.prices.columns[sample.prices.iloc[-1].isna() & (sample.prices.notna().sum() > 900)]
    small = sample.only(["bitcoin", "ethereum", "tollgate", *dead])
    index = build_index(small, rules(selection={"count": 6, "min_count": 5}, weighting={"scheme": "equal"}))
    table = counterfactuals(index)
    missing = table.loc["survivors only (look-ahead)"]
    assert missing["note"].startswith("cannot be built: Test index: no day has 5 eligible assets")
    assert np.isnan(missing["cagr"])
    assert (table.drop(index="survivors only (look-ahead)")["note"] == "").all()
