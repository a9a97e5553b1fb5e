"""Turnover, cost sensitivity, break-even cost and capacity of a finished index, on markets worked out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, MethodologyError
from research.index import IndexHistory, build_index
from research.index.analysis.trade_costs.capacity import break_even_cost, capacity, cost_sensitivity, turnover_summary
from research.market import MarketData
from research.rulebook import Costs
from tests.index.markets import random_market, rules

WEEKLY = {"schedule": {"reconstitution": "weekly", "lag_days": 1}}


@pytest.fixture(scope="module")
def index() -> IndexHistory:
    return build_index(
        random_market(11), rules(**WEEKLY, base_date=dt.date(2020, 3, 1), costs={"fee_bps": 10, "half_spread_bps": 5})
    )


def two_assets(volume: float = 1e6) -> IndexHistory:
    """Equal weights on 2021-04-10; by 2021-04-21 the first asset has tripled, and the rebalance of May the 1st sells a
    quarter of the value of the one and buys it of the other. Both alternate by 1 % a day before that.
    """
    days = pd.date_range("2021-01-01", "2021-05-06")
    wiggle = np.where(np.arange(len(days)) % 2, 1.01, 1.0)
    prices = pd.DataFrame({"a": np.where(days >= "2021-04-21", 3.0, 1.0), "b": wiggle}, index=days)
    prices.loc["2021-04-01":, "b"] = 1.0
    return build_index(
        MarketData.from_panels(prices, prices * 10, prices * 0 + volume),
        rules(
            base_date=dt.date(2021, 4, 10),
            selection={"count": 2},
            weighting={"scheme": "equal"},
            schedule={"lag_days": 1},
        ),
    )


def test_turnover_leaves_the_first_basket_out_and_reports_it() -> None:
    summary = turnover_summary(two_assets())
    years = 26 / 365  # 2021-04-10 to 2021-05-06
    expected = {"annual": 0.25 / years, "mean": 0.25, "largest": 0.25, "trades_per_year": 1 / years, "initial": 1.0}
    assert summary.to_dict() == pytest.approx(expected, rel=1e-12)


def test_an_index_that_never_trades_has_no_average_turnover_and_no_break_even() -> None:
    market = random_market(1, defects=False)
    held = build_index(market, rules(base_date=dt.date(2020, 3, 1), schedule={"reconstitution": "never"}))
    summary = turnover_summary(held)
    assert summary["annual"] == summary["trades_per_year"] == 0
    assert summary[["mean", "largest"]].isna().all()
    assert np.isnan(break_even_cost(held, held.gross_level))
    table = capacity(held)
    assert (table["annual_cost"] == 0).all()
    assert (table["initial_cost"] > 0).all()
    assert table[["largest_cost", "median_days", "largest_days", "share_above", "assumed_share"]].isna().all(axis=None)


def test_a_conversion_of_one_name_into_another_is_no_trade() -> None:
    market = random_market(12, defects=False)
    methodology = rules(**WEEKLY, selection={"count": 12}, weighting={"scheme": "equal"})
    both_held = pd.DataFrame(
        {"date": [pd.Timestamp("2020-05-04")], "asset_id": ["asset-00"], "new_asset_id": ["asset-01"], "ratio": [2.0]}
    )
    index = build_index(market, methodology, migrations=both_held)
    conversions = index.rebalances["cause"].eq("conversion").sum()
    assert conversions == 1
    years = (len(index.dates) - 1) / 365
    summary = turnover_summary(index)
    assert summary["trades_per_year"] * years == pytest.approx(len(index.trades) - 1 - conversions)
    assert summary["annual"] * years == pytest.approx(index.rebalances["turnover"].iloc[1:].sum())


def test_at_the_rulebooks_own_cost_the_sensitivity_shows_the_index(index: IndexHistory) -> None:
    table = cost_sensitivity(index, bps=(0, 15, 100))
    ends = [index.gross_level.iloc[-1], index.level.iloc[-1]]
    np.testing.assert_allclose(table["final_level"].iloc[:2], ends, rtol=1e-13)
    growth = table["final_level"] / index.methodology.base_value
    np.testing.assert_allclose(table["cagr"], growth ** (365 / (len(index.dates) - 1)) - 1, rtol=1e-10)
    assert table["final_level"].is_monotonic_decreasing
    assert table["max_drawdown"].is_monotonic_decreasing
    assert table["annual_cost"].iloc[0] == 0
    assert table.index.name == "bps"
    shrunk = (growth / growth.iloc[0]) ** (365 / (len(index.dates) - 1))
    np.testing.assert_allclose(table["annual_cost"], 1 - shrunk, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("bps", [-1, 10_000, float("nan")])
def test_a_cost_outside_its_range_is_refused(index: IndexHistory, bps: float) -> None:
    with pytest.raises(MethodologyError, match="bps has"):
        cost_sensitivity(index, bps=[0, bps])


@pytest.mark.parametrize("bps", [5.0, 40.0, 150.0])
def test_the_break_even_cost_is_the_one_that_leaves_the_benchmarks_growth(index: IndexHistory, bps: float) -> None:
    """A benchmark that ends where the index ends at a cost of `bps`: to first order, that is the break-even."""
    end = cost_sensitivity(index, bps=[bps])["final_level"].item()
    benchmark = pd.Series([1000.0, end], index=index.dates[[0, -1]])
    assert break_even_cost(index, benchmark) == pytest.approx(bps, rel=0.01)


def test_an_index_behind_its_benchmark_before_costs_has_a_negative_break_even(index: IndexHistory) -> None:
    assert break_even_cost(index, index.gross_level) == 0
    growing = index.gross_level * np.linspace(1, 2, len(index.dates))
    assert break_even_cost(index, growing) < 0
    with pytest.raises(DataError, match=f"no positive value on {index.dates[-1].date()}, first or last day"):
        break_even_cost(index, growing.iloc[:-1])


def test_capacity_of_one_rebalance_is_the_square_root_law() -> None:
    """A quarter is sold and bought; a's daily returns have one jump to 3, all others are 0; b does not move."""
    volume, size, y = 1e6, 1e6, 0.5
    index = two_assets(volume)
    table = capacity(index, [size, 4 * size], impact_coefficient=y, participation=0.1)
    returns = np.zeros(30)
    returns[19] = 2.0  # 2021-04-21 of 2021-04-02 .. 2021-05-01
    volatility = returns.std(ddof=1)
    impact = y * volatility * np.sqrt(size / volume)
    cost = table["largest_cost"].iloc[0]
    assert cost == pytest.approx(impact * abs(0.75 - 0.5 * (1 - cost)) ** 1.5, rel=1e-12)
    assert cost < table["largest_cost"].iloc[1] < 2 * cost * 1.2
    np.testing.assert_allclose(table["largest_days"], [2.5, 10.0])
    np.testing.assert_allclose(table["median_days"], [2.5, 10.0])
    np.testing.assert_allclose(table["initial_days"], [5.0, 20.0])
    np.testing.assert_allclose(table["share_above"], 1.0)
    np.testing.assert_allclose(table["annual_cost"], 1 - (1 - table["largest_cost"]) ** (365 / 26))
    wiggling = np.tile([0.01, 1 / 1.01 - 1], 15).std(ddof=1)  # at the start only b moves, on 20 of 30 days
    assert 0 < table["initial_cost"].iloc[0] < y * wiggling * np.sqrt(size / volume) * 0.5**1.5


def test_small_money_pays_the_rulebooks_rate_and_more_money_pays_more(index: IndexHistory) -> None:
    table = capacity(index, [1e-20, 1e3, 1e4, 1e5])
    np.testing.assert_allclose(table["annual_cost"].iloc[0], cost_sensitivity(index, [15])["annual_cost"], rtol=1e-8)
    rising = table[["annual_cost", "largest_cost", "median_days", "largest_days", "initial_cost", "initial_days"]]
    assert (rising.diff().iloc[1:] > 0).all(axis=None)
    assert table["share_above"].is_monotonic_increasing
    assert table["share_above"].iloc[0] == 0
    assert table["assumed_share"].between(0, 1).all()


def test_days_to_trade_fall_with_participation(index: IndexHistory) -> None:
    slow, fast = (capacity(index, [1e6], participation=share) for share in (0.05, 0.2))
    assert slow["largest_days"].item() == pytest.approx(4 * fast["largest_days"].item(), rel=1e-12)
    assert slow["largest_cost"].item() == fast["largest_cost"].item()


def test_money_that_the_index_cannot_pay_for_is_shown_as_missing() -> None:
    table = capacity(two_assets(), [1e6, 1e12])
    costs = table[["annual_cost", "largest_cost"]]
    assert costs.iloc[0].notna().all()
    assert costs.iloc[1].isna().all()
    assert table["largest_days"].iloc[1] == pytest.approx(0.25 * 1e12 / (0.05 * 1e6))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"participation": 0}, "participation = 0"),
        ({"participation": 1.5}, "participation = 1.5"),
        ({"impact_coefficient": -1}, "impact_coefficient = -1"),
        ({"assets_under_management": [1e6, 0]}, "assets_under_management has 0"),
        ({"assets_under_management": [float("inf")]}, "assets_under_management has inf"),
    ],
)
def test_arguments_out_of_range_are_refused(index: IndexHistory, arguments: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        capacity(index, **arguments)


def test_a_market_without_volumes_has_no_capacity() -> None:
    market = random_market(2, defects=False)
    index = build_index(MarketData.from_panels(market.prices, market.market_caps), rules())
    with pytest.raises(DataError, match="market impact is not known"):
        capacity(index)


def test_the_first_basket_has_no_cost_to_state_where_the_data_begin_with_it() -> None:
    index = build_index(random_market(4, defects=False), rules(schedule={"reconstitution": "weekly", "lag_days": 7}))
    assert index.base_row < 15
    table = capacity(index, [1e4])
    assert table[["initial_cost", "initial_days"]].isna().all(axis=None)
    assert table["annual_cost"].item() > 0


@pytest.mark.parametrize("frequency", ["weekly", "daily"])
def test_trades_before_any_volume_is_known_are_left_out_and_counted(frequency: str) -> None:
    """Sixteen closes give the fifteen returns, half of thirty days, that it takes."""
    schedule = {"reconstitution": frequency, "lag_days": 0 if frequency == "daily" else 1}
    index = build_index(random_market(4, defects=False), rules(schedule=schedule))
    early = [trade for trade in index.trades[1:] if trade.row < 15]
    assert early
    table = capacity(index, [1e4])
    assert table["unpriced"].item() == len(early)
    later = replace(index, trades=tuple(trade for trade in index.trades if trade not in early))
    pd.testing.assert_frame_equal(capacity(later, [1e4]).assign(unpriced=len(early)), table)
    assert table["annual_cost"].item() > 0


def test_an_index_without_any_trade_that_can_be_priced_has_no_figures_and_says_how_many_it_made() -> None:
    market = random_market(4, defects=False, days=200).until("2020-01-12")
    index = build_index(market, rules(schedule={"reconstitution": "daily", "lag_days": 1}))
    table = capacity(index, [1e4])
    assert table["unpriced"].item() == len(index.trades) - 1
    assert table.drop(columns="unpriced").isna().all(axis=None)


def test_spreads_by_rank_enter_the_cost_of_a_size() -> None:
    index = build_index(random_market(3, defects=False), rules(costs={"half_spread_bps": 30}))
    by_rank = Costs(half_spread_bps="by_rank", spread_tier_ranks=(), spread_tier_bps=(60,))
    other = replace(index, methodology=replace(index.methodology, costs=by_rank))
    pd.testing.assert_frame_equal(capacity(index), capacity(other), rtol=1e-12)
