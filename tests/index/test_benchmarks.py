"""Benchmarks made from the market itself, by the same engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index import Methodology, build_index, market_benchmarks
from research.market import MarketData, load_market


@pytest.fixture(scope="module")
def sample() -> MarketData:
    return load_market("data/sample")


@pytest.fixture(scope="module")
def benchmarks(sample: MarketData) -> pd.DataFrame:
    return market_benchmarks(sample)


def test_all_four_begin_at_one_on_the_first_day_they_share(benchmarks: pd.DataFrame) -> None:
    assert list(benchmarks.columns) == ["bitcoin", "ethereum", "total-market", "equal-weight-100"]
    assert (benchmarks.iloc[0] == 1.0).all()
    assert benchmarks.notna().all(axis=None)


def test_single_assets_are_their_prices_and_baskets_their_rulebooks(
    benchmarks: pd.DataFrame, sample: MarketData
) -> None:
    for name in ("bitcoin", "ethereum"):
        price = sample.price(name).loc[benchmarks.index]
        np.testing.assert_allclose(benchmarks[name], price / price.iloc[0], rtol=1e-14)
    level = build_index(sample, Methodology.load("total-market")).level.loc[benchmarks.index]
    np.testing.assert_allclose(benchmarks["total-market"], level / level.iloc[0], rtol=1e-14)


def test_the_total_market_holds_what_is_large_in_proportion_to_its_size(sample: MarketData) -> None:
    """By construction nothing is tilted: every weight is the asset's share of the members' market cap."""
    index = build_index(sample, Methodology.load("total-market"))
    steps = index.weight_steps("2022-06-30")
    assert len(steps) > 50
    np.testing.assert_allclose(steps["final"], steps["raw"], atol=1e-15)


def test_a_start_before_a_benchmark_exists_is_refused(sample: MarketData, benchmarks: pd.DataFrame) -> None:
    early = benchmarks.index[0] - pd.Timedelta(days=1)
    with pytest.raises(DataError, match=f"not every benchmark exists on {early.date()}: choose"):
        market_benchmarks(sample, start=early)
    late = market_benchmarks(sample, start=pd.Timestamp("2021-01-01"))
    assert (late.iloc[0] == 1.0).all()
