"""Several indices on one market: each is what it is alone, and none is its own double."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research import IndexHistory, MarketData, Methodology, build_index, load_market
from research.errors import DataError, MethodologyError, MethodologyWarning
from research.index.comparisons.side_by_side import (
    build_indices,
    levels_side_by_side,
    shared_weights,
    trading_side_by_side,
)
from tests.conftest import ROOT

RULES = [Methodology.load(name) for name in ("large-cap-10", "equal-weight-10")]


@pytest.fixture(scope="module")
def market() -> MarketData:
    return load_market(ROOT / "data" / "sample", end="2020-06-30")


@pytest.fixture(scope="module")
def indices(market: MarketData) -> dict[str, IndexHistory]:
    return build_indices(market, [*RULES, RULES[0], replace(RULES[0], base_value=5.0)])


def test_each_is_built_once_by_its_own_rules_and_name(market: MarketData, indices: dict[str, IndexHistory]) -> None:
    assert list(indices) == ["Large Cap 10", "Equal Weight 10", "Large Cap 10 (other rules)"]
    alone = build_index(market, RULES[1]).level
    pd.testing.assert_series_equal(indices["Equal Weight 10"].level, alone, check_exact=True)


def test_a_market_too_small_for_one_leaves_it_out_and_for_all_is_an_error(market: MarketData) -> None:
    few = market.only(["bitcoin", "ethereum"])
    small = replace(
        RULES[0],
        name="Two",
        weighting=replace(RULES[0].weighting, max_weight=None),
        selection=replace(RULES[0].selection, count=2, min_count=2, entry_rank=None, exit_rank=None),
    )
    with pytest.warns(MethodologyWarning, match="no comparison with 'Large Cap 10'"):
        assert list(build_indices(few, [RULES[0], small])) == ["Two"]
    with pytest.raises(MethodologyError), pytest.warns(MethodologyWarning):
        build_indices(few, [RULES[0]])
    with pytest.raises(MethodologyError, match="expected one at least"):
        build_indices(few, [])


def test_prices_stand_beside_levels_over_their_own_days(market: MarketData, indices: dict[str, IndexHistory]) -> None:
    dead = market.prices.columns[market.prices.iloc[-1].isna() & market.prices.notna().any()][0]
    levels = levels_side_by_side(indices, ["bitcoin", dead])
    assert list(levels.columns) == [*indices, "bitcoin", dead]
    assert levels[dead].last_valid_index() == market.prices[dead].last_valid_index()
    inside = levels[dead].loc[levels[dead].first_valid_index() : levels[dead].last_valid_index()]
    assert inside.notna().all()
    with pytest.raises(DataError, match="bitcion"):
        levels_side_by_side(indices, ["bitcion"])
    with pytest.raises(DataError, match="both called 'bitcoin'"):
        levels_side_by_side({"bitcoin": indices["Large Cap 10"]}, ["bitcoin"])


def test_what_is_shared_with_a_single_asset_is_its_weight(indices: dict[str, IndexHistory]) -> None:
    table = shared_weights(indices, ["bitcoin"])
    for name, index in indices.items():
        assert table.loc[name, "bitcoin"] == pytest.approx(index.weights["bitcoin"].iloc[-1])
    assert table.loc["Large Cap 10", "Large Cap 10 (other rules)"] == pytest.approx(1.0)
    assert np.allclose(table, table.T)


def test_trading_is_that_of_each_alone(indices: dict[str, IndexHistory]) -> None:
    table = trading_side_by_side(indices)
    index = indices["Equal Weight 10"]
    years, traded = (len(index.dates) - 1) / 365, index.rebalances["turnover"].iloc[1:].sum()
    assert table.loc["Equal Weight 10", "turnover"] == pytest.approx(traded / years)
    kept = np.prod(1 - index.rebalances["cost"].to_numpy())
    assert table.loc["Equal Weight 10", "cost"] == pytest.approx(
        (index.gross_level.iloc[-1] / 1000) ** (1 / years) * (1 - kept ** (1 / years)), rel=1e-9
    )
    assert table.loc["Large Cap 10", "members"] == 10
