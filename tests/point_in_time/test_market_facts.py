"""Facts of a market are worked out once and shared, and never reach another market, nor outlive what they are of."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from research.index import build_index
from research.market import MarketData
from research.point_in_time import PointInTime, measures
from research.point_in_time.kept import kept_with
from research.point_in_time.market_facts import READINGS, MarketFacts
from research.point_in_time.measures import trailing_median
from tests.index.markets import random_market, rules

LIQUID = {"universe": {"min_volume": 1e4, "exclude_pegged": ["usd"], "exclude_copies_of": 3, "min_valid_share": 0.9}}


def test_a_second_rulebook_works_no_median_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, median = [], measures.window_median
    monkeypatch.setattr(measures, "window_median", lambda window: [asked.append(1), median(window)][1])
    market = random_market(1)
    build_index(market, rules(**LIQUID))
    first = len(asked)
    build_index(market, rules(**LIQUID, weighting={"scheme": "equal"}))
    assert first > 0
    assert len(asked) == first


@pytest.mark.parametrize("seed", range(3))
def test_an_index_is_the_same_whatever_was_built_before_on_its_market(seed: int) -> None:
    shared = random_market(seed)
    build_index(shared, rules(**LIQUID, selection={"count": 3, "rank_by": "return_30d", "rule": "top_by"}))
    build_index(shared, rules(**LIQUID, events={"outlier_jump": 0.12}))
    second, alone = (build_index(market, rules(**LIQUID)) for market in (shared, random_market(seed)))
    assert second.level.equals(alone.level)
    assert second.decisions.equals(alone.decisions)


def test_a_market_that_is_cut_begins_with_nothing() -> None:
    """The facts of the whole one, though planted with the future, do not reach it."""
    market = random_market(2)
    row = 100
    honest = trailing_median(PointInTime(market).at(row), "volume", 30).copy()
    for facts in kept_with(market)[MarketFacts].values():
        for key, value in facts._by_day.items():
            facts._by_day[key] = value + 1.0
    assert np.array_equal(trailing_median(PointInTime(market).at(row), "volume", 30), honest + 1.0, equal_nan=True)
    cut = market.until(market.dates[row])
    seen = PointInTime(cut).at(row)
    known = honest[np.isin(PointInTime(market).at(row).assets, market.prices.columns.get_indexer(cut.prices.columns))]
    assert np.array_equal(trailing_median(seen, "volume", 30), known, equal_nan=True)


@pytest.mark.parametrize("panel", ["prices", "market_caps", "volumes"])
def test_what_is_kept_is_dropped_when_somebody_writes_to_the_market(panel: str) -> None:
    market, field = random_market(3), {"prices": "price", "market_caps": "market_cap", "volumes": "volume"}[panel]
    before = trailing_median(PointInTime(market).at(50), field, 30)
    getattr(market, panel).iloc[21:51, 0] *= 2.0
    after = trailing_median(PointInTime(market).at(50), field, 30)
    assert after[0] == 2.0 * before[0]
    assert np.array_equal(after[1:], before[1:], equal_nan=True)


@pytest.mark.parametrize("axis", ["index", "columns"])
def test_what_is_kept_is_dropped_when_somebody_renames_days_or_assets(axis: str) -> None:
    market = random_market(3)
    kept = kept_with(market)
    assert kept_with(market) is kept
    before = getattr(market.prices, axis)
    for panel in market.panels.values():
        setattr(panel, axis, pd.Index(list(before)))  # the same labels, written down anew
    assert kept_with(market) is kept
    other = before + pd.Timedelta(days=1) if axis == "index" else before[::-1]
    for panel in market.panels.values():
        setattr(panel, axis, other)
    assert kept_with(market) is not kept


def test_what_is_kept_goes_with_its_market() -> None:
    market = random_market(4)
    build_index(market, rules(**LIQUID))
    facts = weakref.ref(next(iter(kept_with(market)[MarketFacts].values())))
    assert facts() is not None
    del market
    gc.collect()
    assert facts() is None


def test_what_is_shared_cannot_be_written_to() -> None:
    shared = trailing_median(PointInTime(random_market(5)).at(60), "volume", 30)
    with pytest.raises(ValueError, match="read-only"):
        shared[0] = 0.0


def test_what_is_kept_takes_at_most_the_memory_of_a_panel() -> None:
    market = random_market(6)
    source = PointInTime(market)
    for days in range(1, 60):
        for row in range(100, 160):
            trailing_median(source.at(row), "volume", days)
            kept = sum(value.nbytes for value in source.facts._by_day.values())
            assert 0 < kept <= market.prices.to_numpy().nbytes


def test_few_readings_of_a_market_are_kept() -> None:
    market = random_market(7)
    for jump in (None, 0.5, 0.4, 0.3, None):
        PointInTime(market, outlier_jump=jump)
    assert len(kept_with(market)[MarketFacts]) == READINGS
    assert PointInTime(market).facts is PointInTime(market).facts


def test_threads_may_build_on_one_market() -> None:
    def build(market: MarketData, count: int) -> float:
        return float(build_index(market, rules(**LIQUID, selection={"count": count})).level.iloc[-1])

    shared = random_market(8)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda count: build(shared, count), [3, 4, 5, 6] * 2))
    assert together == [build(random_market(8), count) for count in [3, 4, 5, 6] * 2]
