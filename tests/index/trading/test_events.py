"""Missing prices and dead members, day by day, on markets small enough to do by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.index import build_index
from research.market import MarketData
from tests.index.markets import random_market, rules
from tests.index.small_markets import DAYS, events_of, flat, market, missing


def two_asset_rules(**events: float) -> object:
    return rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 2, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "monthly", "lag_days": 1},
        events=events,
    )


def test_a_short_gap_is_carried_and_the_jump_comes_with_the_next_price() -> None:
    b = missing(np.where(DAYS >= "2021-01-20", 2.0, 1.0), "2021-01-18", "2021-01-19")
    index = build_index(market(a=flat(), b=b), two_asset_rules())
    assert index.level["2021-01-19"] == 1000.0
    assert index.level["2021-01-20"] == 1500.0
    assert events_of(index) == [("2021-01-18", "carried"), ("2021-01-20", "resumed")]
    assert index.events["effect_bps"].iloc[1] == pytest.approx(5000.0)


def test_a_longer_gap_suspends_and_a_price_before_the_limit_brings_the_member_back() -> None:
    b = missing(flat(), "2021-01-12", "2021-01-21")  # ten days: not more than remove_after_days
    index = build_index(market(a=flat(), b=b), two_asset_rules(carry_days=3, remove_after_days=10))
    assert events_of(index) == [("2021-01-12", "carried"), ("2021-01-15", "suspended"), ("2021-01-22", "resumed")]
    assert list(index.holdings()["asset_id"]) == ["a", "b"]


@pytest.mark.parametrize(("haircut", "level"), [(0.0, 1000.0), (0.4, 800.0), (1.0, 500.0)])
def test_a_member_that_stays_away_is_removed_on_the_eleventh_day_at_its_last_price_less_the_haircut(
    haircut: float, level: float
) -> None:
    b = missing(flat(), "2021-01-12")
    index = build_index(market(a=flat(), b=b), two_asset_rules(removal_haircut=haircut))
    assert events_of(index)[-1] == ("2021-01-22", "removed")
    assert index.level["2021-01-21"] == 1000.0
    assert index.level["2021-01-22"] == pytest.approx(level)
    assert list(index.holdings()["asset_id"]) == ["a"]
    assert index.weights.loc["2021-01-22"].to_dict() == {"a": 1.0, "b": 0.0}
    removal = index.rebalances.loc["2021-01-22"]
    assert (removal["cause"], removal["removed"], removal["turnover"]) == ("removal", 1, 0.5)
    assert index.events["effect_bps"].iloc[-1] == pytest.approx(-1e4 * 0.5 * haircut)


def test_the_dead_token_pair_is_always_there_and_its_difference_is_a_rate_per_year() -> None:
    index = build_index(market(a=flat(), b=missing(flat(), "2021-01-12")), two_asset_rules())
    assert index.level.iloc[-1] == index.level_if_removed_at_last_price.iloc[-1] == pytest.approx(1000.0)
    assert index.level_if_removed_at_zero.iloc[-1] == pytest.approx(500.0)
    years = (len(index.level) - 1) / 365
    assert index.dead_token_sensitivity == pytest.approx(1.0 - 0.5 ** (1 / years))
    assert any("Dead tokens matter" in line for line in index.caveats)


def test_the_value_of_a_removed_member_goes_to_the_others_in_proportion() -> None:
    a, c = flat(), np.where(DAYS >= "2021-01-15", 3.0, 1.0)
    index = build_index(
        market(a=a, b=missing(flat(), "2021-01-12"), c=c),
        rules(
            base_date=dt.date(2021, 1, 10),
            selection={"count": 3},
            weighting={"scheme": "equal"},
            schedule={"lag_days": 1},
        ),
    )
    before, after = index.weights.loc["2021-01-21"], index.weights.loc["2021-01-22"]
    assert before.to_dict() == pytest.approx({"a": 0.2, "b": 0.2, "c": 0.6})
    assert after.to_dict() == pytest.approx({"a": 0.25, "b": 0.0, "c": 0.75})


def test_a_removed_member_is_not_replaced_before_the_next_reconstitution() -> None:
    index = build_index(
        market(a=flat(4.0), b=missing(flat(3.0), "2021-01-12"), c=flat(2.0)),
        two_asset_rules(),
    )
    assert list(index.holdings("2021-01-31")["asset_id"]) == ["a"]
    assert list(index.holdings("2021-02-01")["asset_id"]) == ["a", "c"]


def test_when_nobody_else_has_a_price_the_value_waits_as_cash() -> None:
    a, b = missing(flat(), "2021-01-12"), missing(flat(), "2021-01-12")
    index = build_index(market(a=a, b=b, c=flat(0.5)), two_asset_rules())
    assert index.weights.loc["2021-01-22", "cash"] == pytest.approx(1.0)
    assert index.level["2021-01-31"] == pytest.approx(1000.0)
    assert list(index.holdings("2021-02-01")["asset_id"]) == ["c"]  # min_count = 1: one eligible asset is enough


def test_a_member_without_a_price_on_the_effective_day_keeps_its_units_and_the_others_share_the_rest() -> None:
    a = np.where(DAYS >= "2021-01-20", 3.0, 1.0)
    b = missing(flat(), "2021-02-01", "2021-02-01")
    index = build_index(market(a=a, b=b, c=flat(0.1)), two_asset_rules())
    rows = index.constituents[index.constituents["effective_date"] == "2021-02-01"].set_index("asset_id")
    assert rows.loc["b", "status"] == "frozen"
    assert rows.loc["b", ["drifted_weight", "weight", "target_weight"]].tolist() == [0.25, 0.25, 0.5]
    assert rows.loc["a", "weight"] == 0.75
    assert ("2021-02-01", "not traded") in events_of(index)


def test_a_chosen_asset_without_a_price_on_the_effective_day_is_not_bought() -> None:
    b = missing(np.where(DAYS >= "2021-01-25", 9.0, 0.01), "2021-02-01", "2021-02-01")
    index = build_index(market(a=flat(2.0), b=b, c=flat(1.0)), two_asset_rules())
    rows = index.constituents[index.constituents["effective_date"] == "2021-02-01"].set_index("asset_id")
    assert rows["status"].to_dict() == {"a": "kept", "b": "not bought", "c": "removed"}
    assert rows["weight"].to_dict() == {"a": 1.0, "b": 0.0, "c": 0.0}


def test_with_too_few_eligible_assets_the_previous_composition_is_kept_and_drifts() -> None:
    b = missing(np.where(DAYS >= "2021-01-20", 3.0, 1.0), "2021-01-31", "2021-01-31")
    index = build_index(
        market(a=flat(), b=b),
        rules(base_date=dt.date(2021, 1, 10), selection={"count": 2, "min_count": 2}, weighting={"scheme": "equal"}),
    )
    assert ("2021-02-02", "kept") in events_of(index)
    assert index.weights.loc["2021-02-05"].to_dict() == {"a": 0.25, "b": 0.75}
    assert any("previous composition was kept" in line for line in index.caveats)


def test_a_loss_before_the_death_stays_in_the_level() -> None:
    """Terra's shape: priced all the way down, then nothing."""
    fall = np.concatenate([np.ones(14), np.geomspace(1.0, 1e-4, 8), np.full(len(DAYS) - 22, np.nan)])
    index = build_index(market(a=flat(), b=fall), two_asset_rules())
    assert index.level.iloc[-1] == pytest.approx(500.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from([0.0, 0.3, 1.0]))
def test_levels_weights_and_contributions_hold_together_on_markets_full_of_gaps(seed: int, haircut: float) -> None:
    history = build_index(
        random_market(seed),
        rules(schedule={"reconstitution": "weekly"}, events={"remove_after_days": 5, "removal_haircut": haircut}),
    )
    assert (history.level > 0).all()
    np.testing.assert_allclose(history.weights.sum(axis=1), 1.0, atol=1e-12)
    assert (history.weights.to_numpy() >= 0).all()
    # without costs, yesterday's weights times today's (carried) returns is the return, but for the haircuts
    carried = history.market.prices.ffill().loc[
        history.level.index, history.weights.columns.drop("cash", errors="ignore")
    ]
    returns = carried.pct_change()
    explained = (history.weights.shift()[carried.columns] * returns).sum(axis=1).iloc[1:]
    actual = history.level_if_removed_at_last_price.pct_change().iloc[1:]
    np.testing.assert_allclose(explained, actual, rtol=0, atol=1e-12)
    traded = history.constituents.groupby(["effective_date", "cause"])[["weight", "trade"]].sum()
    if "cash" not in history.weights:
        np.testing.assert_allclose(traded["weight"], 1.0, atol=1e-12)


def test_a_removal_says_where_the_value_went() -> None:
    dying = missing(flat(), "2021-01-12")
    into_members = build_index(market(a=flat(), b=dying, usd=flat()), two_asset_rules(remove_after_days=4)).events
    assert into_members["detail"].iloc[-1].endswith("sold at the last price, value spread over the other members")
    tags = pd.DataFrame({"asset_id": ["usd"], "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    for peg, words in [(1.0, "value put into usd"), (0.9, "no stablecoin of the stable leg keeps its peg")]:
        prices = pd.DataFrame({"a": flat(2.0), "b": dying, "usd": flat(peg)}, index=DAYS)
        index = build_index(
            MarketData.from_panels(prices, prices, tags=tags.astype({"valid_from": "datetime64[us]"})),
            rules(
                base_date=dt.date(2021, 1, 10),
                universe={"exclude_tags": ["stablecoin"]},
                selection={"count": 2, "min_count": 1},
                schedule={"reconstitution": "monthly", "lag_days": 1},
                overlay={"stable_leg": ["usd"], "signals": False},
                events={"freed_weight": "stable"},
            ),
        )
        removed = index.events[index.events["event"] == "removed"].iloc[0]
        assert removed["asset_id"] == "b"
        assert removed["detail"].endswith(words)


def test_an_index_that_loses_everything_ends_at_zero_and_says_so() -> None:
    only = missing(flat(), "2021-01-12")
    methodology = rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 1},
        schedule={"reconstitution": "monthly", "lag_days": 1},
        events={"removal_haircut": 1.0},
    )
    index = build_index(market(a=only, b=flat(0.5)), methodology)
    assert (index.level["2021-01-22":] == 0).all()
    assert (index.level[:"2021-01-21"] == 1000).all()
    assert ("2021-01-22", "wiped out") in events_of(index)
    assert index.caveats[0] == "The level has been zero since 2021-01-22: all that was held was written off."


def test_a_jump_of_the_supply_is_logged_without_effect_and_counts_at_the_next_weighing() -> None:
    prices = pd.DataFrame({"a": flat(), "b": flat()}, index=DAYS)
    caps = prices * np.where(DAYS >= "2021-01-20", 3.0, 1.0)[:, None] * [1.0, 0.0] + prices * [0.0, 1.0]
    methodology = rules(
        base_date=dt.date(2021, 1, 10), selection={"count": 2}, schedule={"reconstitution": "monthly", "lag_days": 1}
    )
    index = build_index(MarketData.from_panels(prices, caps), methodology)
    revised = index.events[index.events["event"] == "supply revised"].iloc[0]
    assert (str(revised["date"].date()), revised["asset_id"], revised["effect_bps"]) == ("2021-01-20", "a", 0.0)
    assert revised["detail"] == "supply x3 in a day: counts from the next determination on"
    assert index.weights["a"].loc["2021-01-25"] == 0.5
    assert index.weights["a"].loc["2021-02-02"] == pytest.approx(0.75)


def test_a_cap_that_goes_on_without_a_price_is_no_new_supply() -> None:
    true = np.where(DAYS >= "2021-01-20", 3.0, 1.0)
    prices = pd.DataFrame({"a": flat(), "b": missing(true, "2021-01-20", "2021-01-22")}, index=DAYS)
    caps = pd.DataFrame({"a": flat(1000.0), "b": 1000.0 * true}, index=DAYS)
    methodology = rules(base_date=dt.date(2021, 1, 10), selection={"count": 2})
    events = build_index(MarketData.from_panels(prices, caps), methodology).events["event"].tolist()
    assert "carried" in events
    assert "supply revised" not in events


def test_ranks_of_holdings_are_those_of_their_reasons_after_a_removal_too() -> None:
    dying = missing(flat(0.5), "2021-02-05", "2021-02-20")
    index = build_index(market(a=flat(), b=dying, c=flat(0.2)), two_asset_rules(remove_after_days=4))
    held = index.holdings("2021-02-20").set_index("asset_id")
    assert held.index.tolist() == ["a"]
    assert held.loc["a", "rank"] == 1
    assert held.loc["a", "reason"].startswith("rank 1 of 3")
