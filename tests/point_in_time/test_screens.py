"""Screens: what each is for, its value, limit and margin; pegs and copies found by price; no look-ahead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from research.errors import MethodologyError, MethodologyWarning
from research.market import MarketData
from research.point_in_time.pegged_and_wrapped import copy_bound_ratio, peg_bound_ratio
from research.point_in_time.screens import Screen, evaluate, identical_closes, supply_jump
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Universe
from tests.index.markets import random_market


def last_day(market: MarketData) -> MarketView:
    return PointInTime(market).at(len(market.dates) - 1)


def screens_of(view: MarketView, **universe: Any) -> dict[str, Screen]:
    nobody = np.zeros(len(view.assets), dtype=bool)
    return {screen.name: screen for screen in evaluate(view, Universe(**universe), nobody, needs_cap=True)}


def panel_market(prices: dict[str, Any], caps: dict[str, Any] | None = None) -> MarketData:
    frame = pd.DataFrame(prices, index=pd.date_range("2021-01-01", periods=len(next(iter(prices.values())))))
    return MarketData.from_panels(frame, pd.DataFrame(caps or prices, index=frame.index), frame * 0 + 1e6)


def walk(seed: int, days: int = 91, deviation: float = 0.04) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(0, deviation, days)).cumprod()


# ---------------------------------------------------------------------- margins

EVERYTHING: dict[str, Any] = {
    "min_history_days": 40,
    "min_valid_share": 0.9,
    "min_market_cap": 1e6,
    "min_volume": 1e4,
    "min_volume_quantile": 0.25,
    "turnover_band": (0.01, 0.1),
    "max_stale_days": 2,
    "max_supply_jump": 0.001,
    "exclude_pegged": ("usd", "asset-03"),
    "exclude_copies_of": 3,
}


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16), row=st.integers(70, 199))
def test_an_asset_passes_exactly_where_its_margin_is_not_negative(seed: int, row: int) -> None:
    screens = screens_of(PointInTime(random_market(seed)).at(row), **EVERYTHING)
    compared = [screen for name, screen in screens.items() if not name.endswith("_today")]
    assert len(compared) == 11
    for screen in compared:
        np.testing.assert_array_equal(screen.passed, screen.margin >= 0, err_msg=screen.name)


def test_a_margin_is_the_distance_from_the_limit_as_a_share_of_it() -> None:
    market = panel_market({"a": np.ones(30), "b": np.ones(30)}, {"a": np.full(30, 125.0), "b": np.full(30, 75.0)})
    screens = screens_of(last_day(market), min_market_cap=100.0, max_stale_days=60)
    assert screens["min_market_cap"].margin.tolist() == [0.25, -0.25]
    assert screens["max_stale_days"].margin.tolist() == [0.5, 0.5]  # 30 of 60 identical closes


def test_a_screen_without_a_number_has_no_margin_and_a_part_of_a_screen_is_a_screen() -> None:
    screens = screens_of(last_day(random_market(0)), exclude_tags=("stablecoin",), min_market_cap=1e6)
    assert np.isnan(screens["exclude_tags"].margin).all()
    assert np.isnan(screens["price_today"].margin).all()
    value, limit = np.array([1.0, 5.0, 9.0]), np.array([2.0, 4.0, 6.0])
    whole = Screen(name="s", value=value, limit=limit, passed=value >= limit, words="", sense=1)
    part = whole.take(np.array([2, 0]))
    assert (part.value.tolist(), part.limit.tolist(), part.passed.tolist()) == ([9.0, 1.0], [6.0, 2.0], [True, False])
    assert part.margin.tolist() == [0.5, -0.5]


def test_only_what_the_rulebook_names_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    view, asked = last_day(random_market(0)), []
    honest = MarketView.window
    monkeypatch.setattr(MarketView, "window", lambda self, *what: asked.append(what) or honest(self, *what))
    assert list(screens_of(view)) == ["price_today", "market_cap_today"]
    assert asked == []
    assert "max_stale_days" in screens_of(view, max_stale_days=5)
    assert [field for field, _ in asked] == ["price"]


# ---------------------------------------------------------------------- stale prices, supply jumps, volume


def test_identical_closes_are_counted_back_from_today() -> None:
    market = panel_market(
        {
            "fresh": [1.0, 1.0, 1.0, 1.0, 2.0, 3.0],
            "stale": [3.0, 1.0, 1.0, 1.0, 1.0, 1.0],
            "gappy": [3.0, 1.0, np.nan, 1.0, np.nan, 1.0],  # days without a close do not count
            "absent": [1.0, 1.0, 1.0, 1.0, 1.0, np.nan],
            "returned": [1.0, 1.0, 1.0, 2.0, 1.0, 1.0],
        }
    )
    counts = identical_closes(last_day(market))
    by_asset = dict(zip(market.prices.columns, counts, strict=True))
    assert (by_asset["fresh"], by_asset["stale"], by_asset["gappy"], by_asset["returned"]) == (1, 5, 3, 2)
    assert np.isnan(by_asset["absent"])
    passed = screens_of(last_day(market), max_stale_days=3)["max_stale_days"].passed
    assert dict(zip(market.prices.columns, passed, strict=True)) == {
        "fresh": True, "stale": False, "gappy": True, "absent": False, "returned": True,
    }  # fmt: skip


def test_a_supply_jump_keeps_an_asset_out_for_seven_days() -> None:
    days, price = 40, walk(1, 40)
    supply = np.where(np.arange(days) < 20, 100.0, 300.0)
    source = PointInTime(panel_market({"a": price}, {"a": price * supply}))
    passed = [
        bool(screens_of(source.at(row), max_supply_jump=0.5)["max_supply_jump"].passed[0]) for row in range(1, days)
    ]
    assert [row for row, fine in enumerate(passed, start=1) if not fine] == list(range(20, 27))
    assert supply_jump(source.at(20))[0] == pytest.approx(np.log(3))


def test_a_supply_jump_across_missing_days_is_seen_when_the_supply_comes_back() -> None:
    price = np.ones(12)
    cap = np.array([1.0] * 6 + [np.nan] * 3 + [4.0, 4.0, np.nan])
    source = PointInTime(panel_market({"a": price}, {"a": cap}))
    assert supply_jump(source.at(8))[0] == 0.0
    assert supply_jump(source.at(9))[0] == pytest.approx(np.log(4))
    assert supply_jump(source.at(11))[0] == pytest.approx(np.log(4))
    assert np.isnan(supply_jump(source.at(0))[0])


def test_the_volume_quantile_is_taken_over_the_assets_priced_today() -> None:
    days = pd.date_range("2021-01-01", periods=30)
    names = ["a", "b", "c", "d", "e", "gone"]
    prices = pd.DataFrame(1.0, days, names)
    prices.iloc[-1, 5] = np.nan
    volumes = pd.DataFrame([[10.0, 20.0, 30.0, 40.0, 50.0, 0.0]] * 30, days, names)
    screen = screens_of(last_day(MarketData.from_panels(prices, prices, volumes)), min_volume_quantile=0.25)
    assert screen["min_volume_quantile"].limit.tolist() == [20.0] * 6
    assert screen["min_volume_quantile"].passed.tolist() == [False, True, True, True, True, False]


# ---------------------------------------------------------------------- pegs and copies


def test_a_coin_near_a_dollar_is_pegged_and_one_that_moves_or_lies_elsewhere_is_not() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.002, 90)
    market = panel_market(
        {
            "coin": 1 + noise,
            "elsewhere": 1.03 + noise,
            "mover": walk(2, 90),
            "restless": 1 + rng.normal(0, 0.012, 90),
            "young": np.where(np.arange(90) < 31, np.nan, 1.0),
        }
    )
    distance = dict(zip(market.prices.columns, peg_bound_ratio(last_day(market), ("usd",)), strict=True))
    usual = median_abs_deviation(np.diff(np.log(1 + noise)), scale="normal")
    assert distance["coin"] == pytest.approx(usual / 0.0125, rel=1e-4)
    assert distance["coin"] < 1
    assert distance["elsewhere"] == pytest.approx(np.median(np.log(1.03 + noise)) / 0.01, rel=1e-9)
    assert min(distance["elsewhere"], distance["mover"], distance["restless"]) > 1
    assert np.isnan(distance["young"])  # 59 closes: cannot be ruled out, and does not pass
    assert screens_of(last_day(market), exclude_pegged=("usd",))["exclude_pegged"].passed.tolist() == [
        False, True, True, True, False,
    ]  # fmt: skip


def test_an_asset_of_the_snapshot_can_be_the_peg_and_is_not_pegged_to_itself() -> None:
    gold = 1800 * walk(3, 90, 0.01)
    market = panel_market({"bar": gold * 1.002, "gold": gold, "mover": walk(4, 90)})
    distance = peg_bound_ratio(last_day(market), ("usd", "gold"))
    assert distance[0] < 1
    assert min(distance[1:]) > 1


def test_a_peg_that_is_not_listed_is_said_and_compares_nothing() -> None:
    view = last_day(panel_market({"a": np.ones(90)}))
    with pytest.warns(MethodologyWarning, match="exclude_pegged: goold not listed"):
        assert peg_bound_ratio(view, ("goold",)).tolist() == [np.inf]


def wrapped_market() -> MarketData:
    parent, noise = walk(5), np.random.default_rng(6).normal(0, 0.001, 91)
    prices = {"parent": parent, "still": np.ones(91), "wrapped": parent * (1 + noise), "twice": parent**2, "z": walk(7)}
    sizes = {"parent": 9.0, "still": 8.0, "wrapped": 7.0, "twice": 1.0, "z": 0.5}
    return panel_market(prices, {name: np.full(91, size) for name, size in sizes.items()})


@pytest.mark.parametrize("parents", [3, ("parent", "wrapped", "still")])
def test_of_two_that_move_alike_the_smaller_is_the_copy(parents: int | tuple[str, ...]) -> None:
    market = wrapped_market()
    distance = dict(zip(market.prices.columns, copy_bound_ratio(last_day(market), parents), strict=True))
    assert distance["wrapped"] < 1
    assert distance["parent"] == np.inf  # nothing larger to be a copy of
    assert min(distance["twice"], distance["z"]) > 1  # moves with it, but twice as far; moves on its own
    returns = market.prices[["wrapped", "parent"]].pct_change()
    error = (returns["wrapped"] - returns["parent"]).std() * np.sqrt(365)
    correlation = returns["wrapped"].corr(returns["parent"])
    assert distance["wrapped"] == pytest.approx(max((1 - correlation) / 0.005, error / 0.05), rel=1e-9)


def test_an_asset_without_sixty_returns_cannot_be_ruled_out_as_a_copy() -> None:
    market = wrapped_market()
    prices = market.prices.copy()
    prices.loc[prices.index[:32], "z"] = np.nan  # 58 returns
    for size in (0.5, 20.0):  # as the smallest, and as the largest, which is no copy of anything
        view = last_day(MarketData.from_panels(prices, market.market_caps.assign(z=size), market.volumes))
        distance = dict(zip(prices.columns, copy_bound_ratio(view, 3), strict=True))
        assert np.isnan(distance["z"])
    assert not screens_of(view, exclude_copies_of=3)["exclude_copies_of"].passed[list(prices.columns).index("z")]


# ---------------------------------------------------------------------- real data


def on(market: MarketData, date: str, function: Callable[..., np.ndarray], *arguments: Any) -> pd.Series:
    source = PointInTime(market)
    view = source.at(int(market.dates.get_indexer(pd.DatetimeIndex([date]))[0]))
    return pd.Series(function(view, *arguments), index=source.asset_ids[view.assets])


def test_stablecoins_are_found_by_price_and_nothing_else_is(market_50: MarketData) -> None:
    distance = on(market_50, "2022-05-09", peg_bound_ratio, ("usd",))
    assert set(distance[distance < 1].index) == {"binance-usd", "dai", "frax", "tether", "usd-coin"}


def test_wrapped_bitcoin_and_staked_ether_are_found_by_price(market_50: MarketData) -> None:
    distance = on(market_50, "2022-05-31", copy_bound_ratio, 5)
    assert set(distance[distance < 1].index) == {"staked-ether", "wrapped-bitcoin"}


def test_the_hyperinflation_of_terra_is_a_supply_jump(market_50: MarketData) -> None:
    assert on(market_50, "2022-05-09", supply_jump)["terra-luna"] < 0.5
    assert on(market_50, "2022-05-14", supply_jump)["terra-luna"] > 2.0


def test_a_bogus_supply_is_refused_by_its_turnover_not_by_its_name(market_406: MarketData) -> None:
    source = PointInTime(market_406)
    view = source.at(int(market_406.dates.get_indexer(pd.DatetimeIndex(["2014-04-30"]))[0]))
    ids = source.asset_ids[view.assets]
    screen = screens_of(view, turnover_band=(0.0005, 3.0))["min_turnover"]
    place = list(ids).index("cnmt")
    assert view.today("market_cap")[place] > 0.2 * np.nansum(view.today("market_cap"))
    assert not screen.passed[place]


# ---------------------------------------------------------------------- look-ahead, impossible rules


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), cut=st.floats(0.5, 1.0))
def test_no_screen_looks_ahead(seed: int, cut: float) -> None:
    market = random_market(seed)
    row = int(cut * (len(market.dates) - 1))
    whole = screens_of(PointInTime(market).at(row), **EVERYTHING)
    known = screens_of(last_day(market.until(market.dates[row])), **EVERYTHING)
    assert list(whole) == list(known)
    for name, screen in whole.items():
        for part in ("value", "limit", "passed", "margin"):
            np.testing.assert_array_equal(getattr(screen, part), getattr(known[name], part), err_msg=f"{name} {part}")


@pytest.mark.parametrize(
    ("universe", "message"),
    [
        ({"min_volume_quantile": 1.0}, "min_volume_quantile = 1.0: expected a share between 0 and 1"),
        ({"max_stale_days": 91}, "max_stale_days = 91: expected 1 to 90"),
        ({"max_supply_jump": 0.0}, "max_supply_jump = 0.0: expected above 0, at most 3"),
        ({"exclude_copies_of": 0}, "exclude_copies_of = 0: expected 1 to 100,000"),
    ],
)
def test_an_impossible_screen_is_refused(universe: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Universe(**universe)
