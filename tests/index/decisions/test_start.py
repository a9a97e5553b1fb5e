"""When an index starts: what is counted, what is not, and what is said where it cannot."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import IndexHistory, build_index
from research.market import MarketData
from tests.index.markets import random_market, rules

DAYS = pd.date_range("2021-01-01", periods=60)  # a Friday
COINS = ("usd",)


def one_more_each_week(assets: int = 6) -> MarketData:
    """Asset k is listed on the k-th Friday; a stablecoin is there from the first day on."""
    prices = pd.DataFrame({f"asset-{k}": np.where(np.arange(60) >= 7 * k, 10.0 + k, np.nan) for k in range(assets)})
    prices = prices.set_axis(DAYS).assign(usd=1.0)
    tags = pd.DataFrame({"asset_id": COINS, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    return MarketData.from_panels(
        prices, prices * 1000, prices * 100, tags=tags.astype({"valid_from": "datetime64[us]"})
    )


def started(word: str | None, **tables: object) -> IndexHistory:
    """An index of four, weekly, with an overlay if all signals are to say `word`."""
    market, options = one_more_each_week(), {}
    if word is not None:
        lines = [(day, asset, word) for day in DAYS[::7] for asset in market.prices.columns]
        options["signals"] = pd.DataFrame(lines, columns=["date", "asset_id", "signal"])
        tables["overlay"] = {"stable_leg": list(COINS)}
    defaults = {
        "universe": {"exclude_tags": ["stablecoin"]},
        "selection": {"count": 4},
        "schedule": {"reconstitution": "weekly", "lag_days": 1},
    }
    return build_index(market, rules(**defaults | tables), **options)


@pytest.mark.parametrize("word", ["bullish", "neutral", "bearish", None])
def test_an_index_of_four_starts_with_the_fourth_member_whatever_the_signals_say(word: str | None) -> None:
    assert started(word).dates[0] == pd.Timestamp("2021-01-23")  # the fourth is listed on the 22nd


def test_fewer_are_enough_where_the_rulebook_or_a_base_date_says_so() -> None:
    assert started(None, selection={"count": 4, "min_count": 3}).dates[0] == pd.Timestamp("2021-01-16")
    assert started(None, base_date=dt.date(2021, 1, 10)).dates[0] == pd.Timestamp("2021-01-10")  # two: half of four
    with pytest.raises(MethodologyError, match="base_date 2021-01-03 needs 2 eligible assets that can be weighted"):
        started(None, base_date=dt.date(2021, 1, 3))


@pytest.mark.parametrize(
    "tables", [{}, {"selection": {"count": 4, "min_count": 3}}, {"base_date": dt.date(2021, 1, 10)}]
)
def test_the_number_that_is_enough_is_the_rulebooks_own(tables: dict) -> None:
    index = started(None, **tables)
    assert len(index.decision_records[0].members) == index.methodology.start_count


def test_an_index_may_start_between_two_reconstitutions() -> None:
    schedule = {"reconstitution": "quarterly", "rebalance": "weekly", "lag_days": 1}
    assert started(None, schedule=schedule).dates[0] == pd.Timestamp("2021-01-23")


def test_nothing_is_decided_between_the_first_decision_and_its_effective_day() -> None:
    index = started(None, schedule={"reconstitution": "weekly", "lag_days": 10})
    determined = index.decisions["determination_date"].unique()
    assert list(determined[:3]) == [pd.Timestamp(day) for day in ("2021-01-22", "2021-02-05", "2021-02-12")]
    assert index.dates[0] == pd.Timestamp("2021-02-01")  # the 29th of January lies between


def test_a_rule_that_cannot_choose_yet_is_named_and_the_universe_is_not_blamed() -> None:
    crix = {"selection": {"rule": "information_criterion", "first_count": 2, "step": 2}}
    market = random_market(1, defects=False)
    with pytest.raises(MethodologyError) as caught:
        build_index(market, rules(base_date=dt.date(2020, 3, 1), **crix))
    message = str(caught.value)
    assert "base_date 2020-03-01" in message
    assert "the first needs three whole months before it" in message
    assert "12 of 12 listed assets are eligible" in message
    assert message.endswith("Use a later base_date.")
    assert build_index(market, rules(**crix)).dates[0] == pd.Timestamp("2020-07-02")


def test_where_no_day_will_do_the_one_that_came_closest_is_told() -> None:
    """Six are listed in the fifth week; two of them die before the end, and the last day has four."""
    market = one_more_each_week()
    prices = market.prices.copy()
    prices.loc["2021-02-18":, ["asset-0", "asset-1"]] = np.nan
    dying = MarketData.from_panels(prices, prices * 1000, prices * 100)
    with pytest.raises(MethodologyError, match=r"On 2021-02-12, which came closest, 7 of 7 .* Loosen the universe"):
        build_index(dying, rules(selection={"count": 9}, schedule={"reconstitution": "weekly", "lag_days": 1}))


def test_bounds_are_asked_of_the_day_that_starts_the_index_not_of_the_days_before_it() -> None:
    """Three members cannot meet a cap of 30 % for each group; four can, and with four the index starts."""
    weighting = {"max_group_weight": 0.3, "scheme": "equal"}
    index = started(None, weighting=weighting, selection={"count": 4})
    assert index.dates[0] == pd.Timestamp("2021-01-23")


def test_a_market_without_caps_is_named_as_what_is_missing() -> None:
    market = one_more_each_week()
    blank = MarketData.from_panels(market.prices, market.prices * np.nan, market.volumes)
    with pytest.raises(
        MethodologyError, match=r"This market has no market caps: screens and weights that need them fail"
    ):
        build_index(blank, rules(selection={"count": 4}))
    blank = MarketData.from_panels(market.prices, market.prices * np.nan, market.prices * np.nan)
    with pytest.raises(MethodologyError, match="has no market caps and no volumes: "):
        build_index(blank, rules(selection={"count": 4}))
