"""Ranks, buffers, screens and their reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.index import build_index
from research.index.ranking import measure, window_mean, window_median
from research.index.rules import Selection
from research.index.selection import largest
from research.index.view import PointInTime
from research.market import MarketData
from tests.index.markets import random_market, rules


def choose(ranks: list[int], held: list[int], count: int, entry: int, leave: int) -> list[int]:
    incumbents = np.isin(np.arange(len(ranks)), held)
    chosen = largest(np.array(ranks), incumbents, Selection(count=count, entry_rank=entry, exit_rank=leave))
    return list(np.flatnonzero(chosen))


def test_a_member_inside_the_exit_rank_stays_and_a_newcomer_outside_the_entry_rank_waits() -> None:
    assert choose([1, 2, 3, 4, 5], held=[3], count=3, entry=2, leave=4) == [0, 1, 3]


def test_a_newcomer_at_the_entry_rank_pushes_the_worst_ranked_member_out() -> None:
    assert choose([1, 2, 3, 4, 5], held=[1, 2, 3], count=3, entry=2, leave=4) == [0, 1, 2]


def test_a_member_below_the_exit_rank_leaves() -> None:
    assert choose([1, 2, 3, 4, 5], held=[4], count=3, entry=2, leave=4) == [0, 1, 2]


def test_an_asset_without_a_rank_is_never_chosen() -> None:
    assert choose([0, 1, 0], held=[0], count=3, entry=3, leave=3) == [1]


@given(
    st.permutations(range(1, 15)),
    st.sets(st.integers(0, 13), max_size=6),
    st.integers(2, 6),
    st.integers(0, 3),
    st.integers(0, 4),
)
def test_the_buffer_keeps_its_promises(ranks: list[int], held: set[int], count: int, below: int, above: int) -> None:
    entry, leave = max(1, count - below), count + above
    chosen = choose(ranks, sorted(held), count, entry, leave)
    assert len(chosen) == count
    assert all(place in chosen for place, rank in enumerate(ranks) if rank <= entry)
    newcomers = [ranks[place] for place in chosen if place not in held and ranks[place] > entry]
    dropped = [ranks[place] for place in held if place not in chosen and ranks[place] <= leave]
    assert not (newcomers and dropped)  # nobody new comes in through the buffer while a member inside it goes


def test_ties_go_to_the_larger_cap_then_volume_then_age_then_id() -> None:
    days = pd.date_range("2021-01-01", periods=3)
    prices = pd.DataFrame(1.0, days, list("abcde"))
    prices.iloc[:2, 3:] = np.nan  # d and e are younger
    caps = pd.DataFrame(5.0, days, prices.columns).assign(b=6.0)
    volumes = pd.DataFrame(1.0, days, prices.columns).assign(c=2.0)
    index = build_index(
        MarketData.from_panels(prices, caps, volumes),
        rules(
            base_date=days[-1].date(),
            selection={"count": 5, "rank_by": "market_cap"},
            schedule={"reconstitution": "daily", "lag_days": 0},
        ),
    )
    order = index.decisions.sort_values("rank")
    assert list(order["asset_id"]) == ["b", "c", "a", "d", "e"]


def test_the_measures_are_plain_statistics_of_the_trailing_window() -> None:
    market = random_market(2)
    view = PointInTime(market).at(150)
    ids = market.prices.columns[view.assets]
    window = market.market_caps.iloc[121:151][ids]
    enough = (window.notna().sum() >= 15) & window.iloc[-1].notna()
    np.testing.assert_allclose(measure(view, "market_cap_mean_30d"), window.mean().where(enough), rtol=1e-13)
    median = market.volumes.iloc[131:151][ids].median()
    there = market.volumes.iloc[150][ids].notna() & (market.volumes.iloc[131:151][ids].notna().sum() >= 10)
    np.testing.assert_allclose(measure(view, "volume_median_20d"), median.where(there), rtol=1e-15)
    np.testing.assert_array_equal(measure(view, "market_cap"), market.market_caps.iloc[150][ids])


@given(
    st.lists(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(np.nan)), min_size=3, max_size=3), min_size=1, max_size=9)
)
def test_window_statistics_agree_with_pandas(rows: list[list[float]]) -> None:
    frame = pd.DataFrame(rows)
    np.testing.assert_allclose(window_median(frame.to_numpy()), frame.median(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(window_mean(frame.to_numpy()), frame.mean(), rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def screened() -> pd.DataFrame:
    """One decision on a market where each asset fails one screen, on purpose."""
    days = pd.date_range("2021-01-01", periods=120)
    names = ["good", "member", "young", "gappy", "small", "thin", "bogus", "washed", "stable", "absent", "capless"]
    prices = pd.DataFrame(1.0, days, names)
    caps = pd.DataFrame(1e9, days, names)
    volumes = pd.DataFrame(1e7, days, names)
    prices.loc[:"2021-04-01", "young"] = np.nan
    prices.loc["2021-02-10":"2021-02-25", "gappy"] = np.nan
    prices.loc["2021-04-30":, "absent"] = np.nan
    caps["small"], caps["bogus"], caps["washed"], caps["member"] = 9e6, 1e14, 1.1e7, 8.5e6
    caps.loc["2021-04-30":, "capless"] = np.nan
    caps.loc[:"2021-03-31", "member"] = 2e9
    volumes["thin"], volumes["washed"], volumes["member"], volumes["small"] = 5e4, 1e8, 1e6, 1e6
    tags = pd.DataFrame(
        {"asset_id": ["stable"], "tag": ["stablecoin"], "valid_from": [pd.Timestamp("2021-04-15")], "static": [False]}
    )
    market = MarketData.from_panels(prices, caps, volumes, tags=tags)
    index = build_index(
        market,
        rules(
            base_date=pd.Timestamp("2021-04-02").date(),
            universe={
                "exclude_tags": ["stablecoin"],
                "min_history_days": 60,
                "min_valid_share": 0.9,
                "min_market_cap": 1e7,
                "min_volume": 1e5,
                "turnover_band": [0.0005, 3.0],
                "incumbent_relief": 0.8,
            },
            selection={"count": 6, "min_count": 1},
        ),
    )
    decisions = index.decisions
    return decisions[decisions["determination_date"] == "2021-04-30"].set_index("asset_id")


@pytest.mark.parametrize(
    ("asset", "screen"),
    [
        ("young", "min_history_days"),
        ("gappy", "min_valid_share"),
        ("small", "min_market_cap"),
        ("thin", "min_volume"),
        ("bogus", "min_turnover"),
        ("washed", "max_turnover"),
        ("stable", "exclude_tags"),
        ("absent", "price_today"),
        ("capless", "market_cap_today"),
    ],
)
def test_each_screen_fails_what_it_is_for_and_gives_the_reason(screened: pd.DataFrame, asset: str, screen: str) -> None:
    row = screened.loc[asset]
    assert not row[f"{screen}_pass"]
    assert not row["eligible"]
    assert not row["selected"]
    assert row["reason"].startswith("not eligible: ")


def test_a_member_has_relief_and_a_newcomer_of_the_same_size_does_not(screened: pd.DataFrame) -> None:
    assert screened.loc["member", "incumbent"]
    assert screened.loc["member", "min_market_cap_value"] == 8.5e6
    assert screened.loc["member", "min_market_cap_limit"] == 8e6
    assert screened.loc["member", "selected"]
    assert screened.loc["small", "min_market_cap_limit"] == 1e7


def test_a_tag_counts_only_from_its_date_on() -> None:
    days = pd.date_range("2021-01-01", periods=70)
    prices = pd.DataFrame(1.0, days, ["a", "b"])
    tags = pd.DataFrame(
        {"asset_id": ["a"], "tag": ["stablecoin"], "valid_from": [pd.Timestamp("2021-02-10")], "static": [False]}
    )
    index = build_index(
        MarketData.from_panels(prices, prices, tags=tags),
        rules(universe={"exclude_tags": ["stablecoin"]}, selection={"count": 2, "min_count": 1}),
    )
    table = index.decisions.pivot_table(
        index="determination_date", columns="asset_id", values="eligible", aggfunc="all"
    )
    assert table["a"].tolist() == [True, False]
    assert table["b"].tolist() == [True, True]
