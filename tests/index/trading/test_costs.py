"""Turnover and costs: closed forms, the fixed point, terms known on the day, and what the level loses."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from research.errors import DataError, MethodologyError
from research.index import IndexHistory, build_index
from research.index.trading.costs import CostTerms, chained, cost_fraction, cost_terms, liquidity, trade_cost
from research.index.trading.records import Trade
from research.market import MarketData
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Costs
from tests.index.markets import random_market, rules

# ---------------------------------------------------------------------- the cost of a trade


def terms(rate: np.ndarray, impact: np.ndarray) -> CostTerms:
    nothing = np.zeros(len(rate), dtype=bool)
    return CostTerms(rate=rate, impact=impact, spread_assumed=nothing, liquidity_assumed=nothing)


def paid(before: np.ndarray, after: np.ndarray, cost: float, on: CostTerms) -> float:
    moved = np.abs((1 - cost) * after - before)
    return float((on.rate * moved + on.impact * moved**1.5).sum())


@st.composite
def trades(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, CostTerms]:
    size = draw(st.integers(1, 15))

    def numbers(low: float, high: float) -> np.ndarray:
        return np.array(draw(st.lists(st.floats(low, high), min_size=size, max_size=size)))

    before, after = numbers(0.01, 1), numbers(0.01, 1)
    return before / before.sum(), after / after.sum(), terms(numbers(0, 0.2), numbers(0, 0.3))


def test_replacing_everything_costs_the_sale_and_the_purchase_of_what_is_left() -> None:
    for rate in (0.01, 0.5, 0.99):
        cost = cost_fraction(np.array([1.0, 0.0]), np.array([0.0, 1.0]), rate)
        assert 1 - cost == pytest.approx((1 - rate) / (1 + rate), abs=1e-15)


def test_selling_everything_pays_rate_and_impact_on_all_of_it() -> None:
    on = terms(np.array([0.01, 0.02]), np.array([0.1, 0.3]))
    cost = cost_fraction(np.array([0.36, 0.64]), np.zeros(2), on)
    assert cost == pytest.approx(0.0036 + 0.0128 + 0.1 * 0.6**3 + 0.3 * 0.8**3, abs=1e-15)


@given(trades())
def test_what_is_paid_is_exactly_what_the_terms_ask_for_what_is_traded(trade: tuple) -> None:
    before, after, on = trade
    cost = cost_fraction(before, after, on)
    assert 0 <= cost < 1
    assert cost == pytest.approx(paid(before, after, cost, on), abs=1e-15)


@given(trades(), st.integers(0, 14), st.floats(0, 0.1))
def test_dearer_terms_never_make_a_trade_cheaper(trade: tuple, place: int, more: float) -> None:
    before, after, on = trade
    dearer, deeper = on.rate.copy(), on.impact.copy()
    dearer[place % len(dearer)] += more
    deeper[place % len(deeper)] += more
    cost = cost_fraction(before, after, on)
    assert cost_fraction(before, after, terms(dearer, on.impact)) >= cost - 1e-15
    assert cost_fraction(before, after, terms(on.rate, deeper)) >= cost - 1e-15


@given(trades(), st.randoms(use_true_random=False))
def test_the_order_of_assets_does_not_matter(trade: tuple, random) -> None:
    before, after, on = trade
    order = list(range(len(before)))
    random.shuffle(order)
    shuffled = cost_fraction(before[order], after[order], terms(on.rate[order], on.impact[order]))
    assert shuffled == pytest.approx(cost_fraction(before, after, on), abs=1e-15)


@given(trades())
def test_without_impact_terms_cost_what_their_rates_cost_to_the_last_bit(trade: tuple) -> None:
    before, after, on = trade
    assert cost_fraction(before, after, terms(on.rate, 0 * on.impact)) == cost_fraction(before, after, on.rate)
    assert cost_fraction(before, after, np.full(len(before), 0.003)) == cost_fraction(before, after, 0.003)
    assert cost_fraction(before, before, 0.0) == 0.0


def test_the_smallest_of_two_fixed_points_is_taken_and_none_is_an_error() -> None:
    """A small change of a large, illiquid position: selling all of it is impossible, the change is not."""
    before, after = np.array([0.5, 0.5]), np.array([0.45, 0.55])
    on = terms(np.zeros(2), np.full(2, 2.0))

    def excess(cost: float) -> float:
        return paid(before, after, cost, on) - cost

    assert excess(1.0) > 0  # hence either two roots or none
    low = min(np.linspace(0, 1, 201), key=excess)
    assert cost_fraction(before, after, on) == pytest.approx(brentq(excess, 0, low, xtol=1e-15), abs=1e-12)
    with pytest.raises(MethodologyError, match=r"trading .* of the index costs more .* Lower assets_under_management"):
        cost_fraction(before, after, terms(np.zeros(2), np.full(2, 20.0)))


# ---------------------------------------------------------------------- the terms of a day

COSTS = {
    "by_rank": {"fee_bps": 10, "half_spread_bps": "by_rank"},
    "estimated": {"fee_bps": 10, "half_spread_bps": "estimated", "spread_window_days": 40},
    "corwin_schultz": {"half_spread_bps": "estimated", "spread_estimator": "corwin_schultz"},
    "abdi_ranaldo": {"half_spread_bps": "estimated", "spread_estimator": "abdi_ranaldo"},
    "impact": {"half_spread_bps": 5, "impact_coefficient": 1.0, "assets_under_management": 1e6},
    "all": {"half_spread_bps": "by_rank", "impact_coefficient": 0.5, "assets_under_management": 1e6},
}


def with_ranges(market: MarketData, seed: int) -> MarketData:
    """The market with open, high and low: trades 2 % above or below a middle price, so that there is a spread."""
    rng = np.random.default_rng(seed)
    shape = market.prices.shape
    middle = market.prices * np.exp(0.02 * rng.choice([-1, 1], shape))
    before = middle.shift().fillna(middle)
    wide = np.exp(0.02 + np.abs(rng.normal(0, 0.02, (2, *shape))))
    extra = {
        "open": before * np.exp(0.02 * rng.choice([-1, 1], shape)),
        "high": np.maximum(middle, before) * wide[0],
        "low": np.minimum(middle, before) / wide[1],
    }
    return MarketData.from_panels(market.prices, market.market_caps, market.volumes, extra=extra)


def test_a_flat_rulebook_charges_fee_and_half_spread_on_every_asset() -> None:
    view = PointInTime(random_market(1)).at(150)
    on = cost_terms(view, Costs(fee_bps=10, half_spread_bps=5), np.array([0, 3]))
    np.testing.assert_allclose(on.rate, [0.0015, 0.0015], rtol=1e-15)
    assert not on.impact.any()
    assert on.note == ""


def ranked_market(count: int, days: int = 40) -> MarketData:
    """asset-00 is the largest, asset-01 the next, ..., by market cap; all prices are 1."""
    names = [f"asset-{number:02d}" for number in range(count)]
    ones = pd.DataFrame(1.0, pd.date_range("2022-01-01", periods=days), names)
    return MarketData.from_panels(ones, ones * np.arange(count, 0, -1.0) * 1e9, ones)


def test_tiers_by_rank_are_those_of_the_specification() -> None:
    market = ranked_market(30)
    on = cost_terms(PointInTime(market).at(39), Costs(half_spread_bps="by_rank"), np.arange(30))
    full_spread_bps = on.rate * 2e4
    np.testing.assert_allclose(full_spread_bps, [4] * 2 + [10] * 8 + [25] * 15 + [80] * 5)
    costs = Costs(fee_bps=1, half_spread_bps="by_rank", spread_tier_ranks=(1,), spread_tier_bps=(2, 6))
    rates = cost_terms(PointInTime(market).at(39), costs, np.array([7, 0])).rate
    np.testing.assert_allclose(rates * 1e4, [4.0, 2.0])


def test_one_day_of_a_bogus_market_cap_moves_nobody_into_a_cheap_tier() -> None:
    market = ranked_market(30)
    market.market_caps.iloc[39, 29] = 1e15
    on = cost_terms(PointInTime(market).at(39), Costs(half_spread_bps="by_rank"), np.array([29, 1]))
    np.testing.assert_allclose(on.rate * 2e4, [80.0, 4.0])


def test_an_asset_without_rank_or_estimate_is_charged_the_most_and_counted() -> None:
    market = ranked_market(5)
    market.market_caps.iloc[:, 1] = np.nan
    on = cost_terms(PointInTime(market).at(39), Costs(half_spread_bps="by_rank"), np.array([0, 1]))
    np.testing.assert_allclose(on.rate * 2e4, [4.0, 80.0])
    assert on.spread_assumed.tolist() == [False, True]
    assert on.note == "1 of 2 assets traded have no spread: charged as the most expensive"

    ranges = with_ranges(random_market(2, assets=4, defects=False), 2)
    ranges.extra["high"].iloc[:, 1] = np.nan
    view, costs = PointInTime(ranges).at(180), Costs(half_spread_bps="estimated", spread_tier_bps=(1, 1, 1, 30))
    found = cost_terms(view, costs, np.arange(4))
    assert found.spread_assumed.tolist() == [False, True, False, False]
    assert found.rate[1] == max(found.rate[[0, 2, 3]].max(), 15e-4)
    alone = cost_terms(view, costs, np.array([1]))
    np.testing.assert_allclose(alone.rate, [15e-4])


def test_an_estimate_of_nothing_is_charged_as_a_basis_point_of_spread() -> None:
    """Prices that only rise close at the high of a day and below the middle of the next: no bounce, no spread."""
    rising = pd.DataFrame({"a": 1.01 ** np.arange(60.0)}, index=pd.date_range("2022-01-01", periods=60))
    market = MarketData.from_panels(rising, extra={"open": rising / 1.01, "high": rising, "low": rising / 1.01})
    costs = Costs(half_spread_bps="estimated", spread_estimator="abdi_ranaldo")
    on = cost_terms(PointInTime(market).at(59), costs, np.array([0]))
    np.testing.assert_allclose(on.rate, [0.5e-4], rtol=1e-15)
    assert not on.spread_assumed.any()


def test_impact_is_the_square_root_law_in_dollars() -> None:
    """Worked out in USD: Y * sd * sqrt(q / volume) of each of the q = x * AUM dollars traded, over the AUM."""
    market = random_market(3, defects=False)
    view, assets, size, y = PointInTime(market).at(150), np.array([2, 5, 9]), 5e7, 0.8
    on = cost_terms(view, Costs(impact_coefficient=y, assets_under_management=size), assets)
    returns = market.prices.pct_change().iloc[121:151, assets]
    volume = market.volumes.iloc[121:151, assets].median()
    for x in (0.003, 0.2):
        dollars = x * size
        expected = y * returns.std() * np.sqrt(dollars / volume) * dollars / size
        np.testing.assert_allclose(on.impact * x**1.5, expected, rtol=1e-12)


def test_impact_vanishes_with_the_size() -> None:
    view, assets = PointInTime(random_market(3, defects=False)).at(150), np.arange(5)
    impact = [
        cost_terms(view, Costs(impact_coefficient=1, assets_under_management=size), assets).impact
        for size in (1e-30, 1e6, 4e6)
    ]
    np.testing.assert_allclose(impact[0], 0, atol=1e-14)
    np.testing.assert_allclose(impact[2], 2 * impact[1], rtol=1e-14)


def test_assets_without_volume_get_the_worst_of_the_others_and_none_with_volume_is_an_error() -> None:
    market = random_market(4, assets=4, defects=False)
    market.volumes.iloc[:, 1] = 0.0
    market.volumes.iloc[136:151, 2] = np.nan  # 15 of 30 days left: enough
    market.volumes.iloc[120:136, 3] = np.nan
    market.volumes.iloc[136:138, 3] = np.nan  # 13 left: too few
    view = PointInTime(market).at(150)
    volume, volatility, assumed = liquidity(view, np.arange(4))
    assert assumed.tolist() == [False, True, False, True]
    assert volume[1] == volume[3] == min(volume[0], volume[2]) > 0
    assert volatility[1] == volatility[3] == max(volatility[0], volatility[2]) > 0
    on = cost_terms(view, Costs(impact_coefficient=1, assets_under_management=1e6), np.arange(4))
    assert on.note == "2 of 4 assets traded have no daily volume or volatility: charged as the most expensive"
    alone = liquidity(view, np.array([1]))  # nobody else is traded: then the worst of all listed
    assert [part.tolist() for part in alone] == [[volume[1]], [volatility[1]], [True]]
    market.volumes.iloc[:] = np.nan
    with pytest.raises(DataError, match=r"no listed asset has .* Use a snapshot with volumes"):
        liquidity(PointInTime(market).at(150), np.array([1]))


@pytest.mark.parametrize("table", COSTS.values(), ids=COSTS.keys())
@given(seed=st.integers(0, 2**16), share=st.floats(0.4, 1.0))
def test_terms_do_not_know_what_comes_later_nor_who_else_is_traded(table: dict, seed: int, share: float) -> None:
    market, costs = with_ranges(random_market(seed % 7), seed % 7), Costs(**table)
    row = int(share * (len(market.dates) - 1))
    whole = PointInTime(market)
    cut = PointInTime(market.until(market.dates[row]))
    assets = whole.at(row).assets
    ids = {asset: place for place, asset in enumerate(cut.asset_ids)}
    there = np.array([ids[asset] for asset in whole.asset_ids[assets]])
    complete, known = cost_terms(whole.at(row), costs, assets), cost_terms(cut.at(row), costs, there)
    np.testing.assert_array_equal(complete.rate, known.rate)
    np.testing.assert_array_equal(complete.impact, known.impact)
    sure = ~(complete.spread_assumed | complete.liquidity_assumed)
    one = int(seed % sure.sum())
    alone = cost_terms(whole.at(row), costs, assets[sure][one : one + 1])
    assert alone.rate[0] == complete.rate[sure][one]
    assert alone.impact[0] == complete.impact[sure][one]


def test_a_view_that_shows_tomorrow_changes_the_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the test above proves nothing."""
    assets = np.arange(6)

    def view() -> MarketView:  # of a market of its own each time: what has been worked out is kept with a market
        return PointInTime(with_ranges(random_market(0, defects=False), 0)).at(150)

    honest = {name: cost_terms(view(), Costs(**table), assets) for name, table in COSTS.items()}
    window = MarketView.window_of
    monkeypatch.setattr(
        MarketView,
        "window_of",
        lambda self, *asked: window(MarketView(source=self.source, row=self.row + 1), *asked),
    )
    for name in ("estimated", "corwin_schultz", "impact"):
        peeking = cost_terms(view(), Costs(**COSTS[name]), assets)
        assert (peeking.rate != honest[name].rate).any() or (peeking.impact != honest[name].impact).any()


# ---------------------------------------------------------------------- rulebooks


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fee_bps": -1}, "fee_bps = -1"),
        ({"half_spread_bps": "by_rnak"}, "did you mean 'by_rank'"),
        ({"half_spread_bps": float("nan")}, "half_spread_bps = nan"),
        ({"fee_bps": 6000, "half_spread_bps": 5000}, "fee_bps \\+ half_spread_bps = 11000"),
        ({"spread_tier_ranks": [2, 2, 5]}, "each above the one before"),
        ({"spread_tier_ranks": [0, 2, 5]}, "from 1 on"),
        ({"spread_tier_bps": [4, 10]}, "2 spreads for 3 spread_tier_ranks"),
        ({"spread_tier_bps": [4, 10, 20, -80]}, "spread_tier_bps = -80"),
        ({"fee_bps": 6000, "spread_tier_bps": [4, 10, 20, 9000]}, "half of spread_tier_bps add up to 10500"),
        ({"spread_estimator": "roll"}, "spread_estimator = 'roll' is not known"),
        ({"spread_window_days": 5}, "spread_window_days = 5"),
        ({"impact_coefficient": -1}, "impact_coefficient = -1"),
        ({"impact_coefficient": 1}, "needs assets_under_management"),
        ({"assets_under_management": 0}, "assets_under_management = 0"),
    ],
)
def test_a_rulebook_that_says_something_impossible_is_refused(table: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        rules(costs=table)


def test_costs_that_differ_by_asset_have_no_one_rate() -> None:
    assert Costs(fee_bps=10, half_spread_bps=5).rate == 0.0015
    assert Costs(fee_bps=10, half_spread_bps=5).is_flat
    for costs in (
        Costs(half_spread_bps="by_rank"),
        Costs(half_spread_bps="estimated"),
        Costs(impact_coefficient=1, assets_under_management=1),
    ):
        assert not costs.is_flat
        with pytest.raises(MethodologyError, match="cost_terms"):
            _ = costs.rate


# ---------------------------------------------------------------------- the level


def test_net_is_gross_times_one_minus_every_cost() -> None:
    index = build_index(random_market(5, defects=False), rules(costs={"fee_bps": 20, "half_spread_bps": 30}))
    assert (index.rebalances["cost"].iloc[1:] > 0).all()
    assert index.rebalances["cost"].iloc[0] == 0.0  # the base value is what the first basket is worth
    kept = (1 - index.rebalances["cost"]).prod()
    assert index.level.iloc[-1] / index.gross_level.iloc[-1] == pytest.approx(kept, rel=1e-14)


def charged(index: IndexHistory, costs: Costs, trade: Trade) -> tuple[float, str]:
    moved = ~trade.frozen
    view = index.source.at(trade.row)
    return trade_cost(view, costs, trade.assets[moved], trade.before[moved], trade.after[moved])


def test_a_trade_costs_the_rulebooks_rate_and_frozen_members_do_not_trade() -> None:
    market = random_market(8)
    index = build_index(market, rules(schedule={"reconstitution": "weekly"}, costs={"fee_bps": 25}))
    flat = [charged(index, Costs(fee_bps=25), trade)[0] for trade in index.trades[1:]]
    np.testing.assert_array_equal(flat, index.rebalances["cost"].iloc[1:])
    assert any(trade.frozen.any() for trade in index.trades)
    tiers = Costs(fee_bps=20, half_spread_bps="by_rank", spread_tier_ranks=(), spread_tier_bps=(10,))
    by_rank = [charged(index, tiers, trade)[0] for trade in index.trades[1:]]
    np.testing.assert_allclose(by_rank, flat, rtol=1e-13)


def test_a_size_that_no_market_can_take_is_an_error_that_names_the_day() -> None:
    index = build_index(random_market(5, defects=False), rules())
    costs = Costs(impact_coefficient=1, assets_under_management=1e18)
    with pytest.raises(MethodologyError, match=r"^2020-\d\d-\d\d: trading"):
        charged(index, costs, index.trades[1])


def test_a_trade_says_what_had_to_be_assumed() -> None:
    market = random_market(5, defects=False)
    market.market_caps.loc[:, "asset-00"] = np.nan
    index = build_index(market, rules(weighting={"scheme": "equal"}, selection={"count": 12, "rank_by": "volume"}))
    cost, note = charged(index, Costs(half_spread_bps="by_rank"), index.trades[1])
    assert cost > 0
    assert note == "1 of 12 assets traded have no spread: charged as the most expensive"
    assert charged(index, Costs(fee_bps=10), index.trades[1])[1] == ""


def test_factors_are_chained_from_their_day_on() -> None:
    np.testing.assert_array_equal(chained([0.5, 0.5, 0.25], [1, 1, 3], 5), [1, 0.25, 0.25, 0.0625, 0.0625])


def test_without_costs_net_and_gross_are_one_and_the_level_is_continuous_through_rebalances() -> None:
    index = build_index(random_market(6, defects=False), rules(schedule={"reconstitution": "weekly"}))
    pd.testing.assert_series_equal(index.level, index.gross_level, check_exact=True)
    position = index.constituents[index.constituents["weight"] > 0]
    value = (position["units"] * position["price"]).groupby(position["effective_date"]).sum()
    np.testing.assert_allclose(value, index.level[value.index], rtol=1e-13)


def test_turnover_is_half_the_sum_of_absolute_changes() -> None:
    days = pd.date_range("2021-01-01", "2021-02-05")
    prices = pd.DataFrame({"a": np.where(days >= "2021-01-20", 3.0, 1.0), "b": 1.0}, index=days)
    index = build_index(
        MarketData.from_panels(prices, prices * 10),
        rules(
            base_date=dt.date(2021, 1, 10),
            selection={"count": 2},
            weighting={"scheme": "equal"},
            schedule={"lag_days": 1},
        ),
    )
    assert index.rebalances["turnover"].tolist() == [1.0, 0.25]
