"""An index beside others: whichever they are, each has its own column, and the index is never its own benchmark."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research import IndexHistory, Methodology, build_index, evaluation, load_market
from research.errors import DataError, MethodologyWarning
from research.index.comparisons.comparison import (
    CAUSES,
    break_even_costs,
    levels_beside,
    levels_of,
    other_weights,
    rebalance_changes,
)
from research.index.comparisons.counterfactuals import counterfactuals, rule_effects
from research.index.skill.rivals import passive_twin
from research.market import MarketData
from tests.conftest import ROOT

TOTAL = Methodology.load("total-market")


@pytest.fixture(scope="module")
def market() -> MarketData:
    return load_market(ROOT / "data" / "sample")


@pytest.fixture(scope="module")
def index(market: MarketData) -> IndexHistory:
    return build_index(market, Methodology.load("large-cap-10"))


@pytest.fixture(scope="module")
def total(market: MarketData) -> IndexHistory:
    return build_index(market, TOTAL)


def test_an_index_that_is_the_benchmark_is_not_compared_with_itself(total: IndexHistory) -> None:
    levels = levels_beside(total, ["bitcoin"], [TOTAL, other_weights(TOTAL)])
    assert list(levels.columns) == ["Total Market", "bitcoin", "same rules, equal weights"]
    pd.testing.assert_series_equal(levels["Total Market"], total.level, check_freq=False, check_names=False)
    assert np.isfinite(evaluation.rebased(levels).iloc[-1]).all()


def test_other_rules_of_the_same_name_are_told_apart(total: IndexHistory) -> None:
    changed = replace(TOTAL, base_value=500.0)
    levels = levels_of(total, [changed])
    assert list(levels.columns) == ["Total Market", "Total Market (other rules)"]
    assert levels["Total Market (other rules)"].dropna().iloc[0] == 500.0
    assert levels["Total Market"].dropna().iloc[0] == 1000.0


def test_an_asset_that_died_is_not_compared_after_its_death(index: IndexHistory, market: MarketData) -> None:
    dead = market.prices.columns[market.prices.iloc[-1].isna() & market.prices.iloc[0].notna()][0]
    last = market.price(dead).last_valid_index()
    level = levels_beside(index, [dead], [])[dead]
    assert level.last_valid_index() == last < index.dates[-1]
    assert level.loc[index.dates[0] : last].notna().all()


def test_prices_and_levels_stand_on_the_days_of_the_index(index: IndexHistory) -> None:
    levels = levels_beside(index, ["bitcoin", "ethereum", "bitcoin"], [TOTAL])
    assert list(levels.columns) == ["Large Cap 10", "bitcoin", "ethereum", "Total Market"]
    assert levels.index.equals(index.dates)
    prices = index.market.price("ethereum").ffill().reindex(index.dates)
    np.testing.assert_array_equal(levels["ethereum"], prices)


def test_a_rulebook_for_which_the_market_is_too_small_is_left_out_with_a_warning(index: IndexHistory) -> None:
    few = index.market.only(list(index.market.prices.columns[:12]))
    small = build_index(few, replace(index.methodology, selection=replace(index.methodology.selection, min_count=1)))
    wanted = replace(TOTAL, selection=replace(TOTAL.selection, min_count=500))
    with pytest.warns(MethodologyWarning, match="no comparison with 'Total Market'"):
        levels = levels_of(small, [wanted])
    assert list(levels.columns) == ["Large Cap 10"]


def test_a_rulebook_with_the_name_of_an_asset_is_refused(market: MarketData) -> None:
    named = build_index(market, replace(TOTAL, name="bitcoin"))
    with pytest.raises(DataError, match="both called 'bitcoin'"):
        levels_beside(named, ["bitcoin"], [])


def test_the_same_members_are_weighted_the_other_way() -> None:
    equal = other_weights(Methodology.load("equal-weight-10"))
    assert (equal.name, equal.weighting.scheme) == ("same rules, market_cap weights", "market_cap")
    capped = other_weights(Methodology.load("large-cap-20-capped"))
    assert (capped.weighting.scheme, capped.weighting.is_bounded) == ("equal", False)


def test_break_even_costs_leave_out_a_benchmark_that_begins_later(index: IndexHistory) -> None:
    levels = levels_beside(index, ["bitcoin"], [TOTAL]).drop(columns="Large Cap 10")
    late = levels.assign(late=levels["bitcoin"].where(levels.index > levels.index[5]))
    costs = break_even_costs(index, late)
    assert list(costs.index) == ["bitcoin", "Total Market"]
    assert costs.loc["bitcoin", "break_even"] == index.break_even_cost(levels["bitcoin"])
    assert costs.loc["bitcoin", "charged"] == costs.loc["Total Market", "charged"] > 0


def test_the_causes_of_a_rebalance_end_with_half_of_the_sum_of_their_sizes(index: IndexHistory) -> None:
    changes = rebalance_changes(index)
    assert changes is not None
    members, total = changes.table.iloc[:-1], changes.table.iloc[-1]
    assert (members["previous"] + members[CAUSES].sum(axis=1)).to_numpy() == pytest.approx(members["weight"].to_numpy())
    assert total["drift"] == pytest.approx(members["drift"].clip(lower=0).sum())
    before = index.rebalances.loc[: changes.latest].iloc[-2]
    assert changes.previous == before.name


def test_before_the_second_rebalance_there_are_no_changes(index: IndexHistory) -> None:
    assert rebalance_changes(index, index.dates[0]) is None
    second = index.rebalances.index[1]
    assert rebalance_changes(index, second - pd.Timedelta(days=1)) is None
    changed = rebalance_changes(index, second)
    assert changed is not None
    assert changed.latest == second


def test_a_copy_of_a_rulebook_under_its_own_path_is_the_same_benchmark(market: MarketData, tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text((ROOT / "research" / "rulebooks" / "total-market.toml").read_text())
    levels = levels_of(build_index(market, Methodology.load(copy)), [TOTAL])
    assert list(levels.columns) == ["Total Market"]


def test_signals_of_the_index_do_not_move_the_start_of_what_follows_none(market: MarketData) -> None:
    """And of what follows the same recipe they are the index's own."""
    index = build_index(market, Methodology.load("ai-large-cap"))
    rules = other_weights(index.methodology)
    levels = levels_of(index, [TOTAL, rules])
    assert index.signals is not None
    assert levels["Total Market"].first_valid_index() == build_index(market, TOTAL).dates[0] < index.dates[0]
    assert levels[rules.name].first_valid_index() == index.dates[0]
    assert build_index(market, TOTAL, signals=index.signals).dates[0] == build_index(market, TOTAL).dates[0]


def test_without_its_signals_an_index_is_its_passive_twin_from_the_same_day(market: MarketData) -> None:
    index = build_index(market, Methodology.load("ai-large-cap"))
    variants = counterfactuals(index)
    twin = build_index(market, passive_twin(replace(index.methodology, base_date=index.dates[0].date()))).level
    assert twin.index[0] == index.dates[0]
    grown = index.level.iloc[-1] / index.level - 1  # since each day: one of the first is that of the slowest variant
    start = (grown.iloc[:60] - variants.loc["as published", "total_return"]).abs().idxmin()
    assert variants.loc["no signals", "total_return"] == pytest.approx(twin.iloc[-1] / twin[start] - 1, rel=1e-12)
    assert rule_effects(variants, index)["signals"] == -variants.loc["no signals", "cagr_difference"] != 0
