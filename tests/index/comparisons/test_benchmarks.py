"""Benchmarks made from the market itself, by the same engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, MethodologyWarning
from research.index import Methodology, build_index, market_benchmarks
from research.market import MarketData, load_market


@pytest.fixture(scope="module")
def sample() -> MarketData:
    return load_market("data/sample")


@pytest.fixture(scope="module")
def benchmarks(sample: MarketData) -> pd.DataFrame:
    return market_benchmarks(sample)


def test_each_is_one_on_its_own_first_day_and_missing_before(benchmarks: pd.DataFrame) -> None:
    assert list(benchmarks.columns) == ["bitcoin", "ethereum", "total-market", "equal-weight-100"]
    for name, level in benchmarks.items():
        assert level.dropna().iloc[0] == 1.0, name
        assert level.loc[level.first_valid_index() :].notna().all(), name
    assert benchmarks["bitcoin"].first_valid_index() < benchmarks["total-market"].first_valid_index()


def test_single_assets_are_their_prices_and_baskets_their_rulebooks(
    benchmarks: pd.DataFrame, sample: MarketData
) -> None:
    for name in ("bitcoin", "ethereum"):
        price = sample.price(name).loc[benchmarks.index]
        np.testing.assert_allclose(benchmarks[name], price / price.iloc[0], rtol=1e-14)
    level = build_index(sample, Methodology.load("total-market")).level
    np.testing.assert_allclose(benchmarks["total-market"].dropna(), level / level.iloc[0], rtol=1e-14)


def test_a_basket_that_the_market_is_too_small_for_is_left_out_with_a_warning(sample: MarketData) -> None:
    few = sample.only(["bitcoin", "ethereum", "tollgate"])
    with pytest.warns(MethodologyWarning, match="no benchmark 'equal-weight-100': .*no day has 20 eligible"):
        assert list(market_benchmarks(few).columns) == ["bitcoin", "ethereum", "total-market"]


def test_the_total_market_holds_what_is_large_in_proportion_to_its_size(sample: MarketData) -> None:
    """By construction nothing is tilted: every weight is the asset's share of the members' market cap."""
    index = build_index(sample, Methodology.load("total-market"))
    steps = index.weight_steps("2022-06-30")
    assert len(steps) > 50
    np.testing.assert_allclose(steps["final"], steps["raw"], atol=1e-15)


def test_a_start_outside_the_data_is_refused_and_one_inside_is_where_all_are_one(
    sample: MarketData, benchmarks: pd.DataFrame
) -> None:
    early = benchmarks.index[0] - pd.Timedelta(days=1)
    with pytest.raises(DataError, match=f"no benchmark on {early.date()}: they run from"):
        market_benchmarks(sample, start=early)
    assert (market_benchmarks(sample, start=pd.Timestamp("2021-01-01")).iloc[0] == 1.0).all()
