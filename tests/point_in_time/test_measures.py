"""Measures by which assets are ranked: closed forms, the evaluation room's figures, missing values, no look-ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research import evaluation
from research.errors import MethodologyError
from research.index.decisions.selection import largest
from research.market import MarketData
from research.point_in_time.measures import measure, ranks
from research.point_in_time.view import MarketView, PointInTime
from research.point_in_time.windows import window_deviation, window_mean, window_median, window_sum
from research.rulebook import Selection
from research.rulebook.measure_names import Measure
from tests.index.markets import random_market

MEASURES = [
    "market_cap",
    "volume",
    "market_cap_mean_30d",
    "market_cap_median_90d",
    "volume_median_30d",
    "market_cap_ema_30d",
    "volume_ema_7d",
    "return_30d",
    "volatility_60d",
    "sharpe_60d",
    "consistency_70d",
    "max_drawdown_60d",
    "volume_growth_30d",
]


def last_day(market: MarketData) -> MarketView:
    return PointInTime(market).at(len(market.dates) - 1)


def market_of(**columns: list[float]) -> MarketData:
    """One asset per keyword: its closes, which are also its market caps and volumes; a zero is a volume alone."""
    days = pd.date_range("2021-01-01", periods=len(next(iter(columns.values()))))
    panel = pd.DataFrame(columns, index=days, dtype=float)
    prices = panel.where(panel > 0)
    return MarketData.from_panels(prices, prices, panel)


def of_last_day(name: str, values: list[float]) -> float:
    return float(measure(last_day(market_of(a=values)), name)[0])


# ---------------------------------------------------------------------- the exponential mean


def test_the_ema_starts_at_the_mean_of_the_first_thirty_values() -> None:
    values = list(np.arange(1.0, 31.0))
    assert np.isnan(of_last_day("market_cap_ema_30d", values[:29]))
    assert of_last_day("market_cap_ema_30d", values) == pytest.approx(15.5, rel=1e-15)


@pytest.mark.parametrize("half_life", [1, 7, 30, 90])
def test_after_a_half_life_the_ema_has_gone_half_of_the_way(half_life: int) -> None:
    values = [100.0] * 30 + [300.0] * half_life
    assert of_last_day(f"market_cap_ema_{half_life}d", values) == pytest.approx(200.0, rel=1e-13)


def test_a_day_without_a_value_leaves_the_ema_as_it_is() -> None:
    values = [100.0] * 30 + [300.0] * 3
    with_gap = [*values[:31], np.nan, np.nan, *values[31:]]
    assert of_last_day("market_cap_ema_5d", with_gap) == of_last_day("market_cap_ema_5d", values)
    assert np.isnan(of_last_day("market_cap_ema_5d", [*values, np.nan]))


def test_the_ema_of_an_earlier_day_does_not_know_what_was_asked_before() -> None:
    source = PointInTime(random_market(3))
    fresh = measure(PointInTime(source.market).at(90), "market_cap_ema_20d")
    measure(source.at(150), "market_cap_ema_20d")
    np.testing.assert_array_equal(measure(source.at(90), "market_cap_ema_20d"), fresh)
    assert np.isfinite(fresh).sum() >= 5


# ---------------------------------------------------------------------- performance


def test_performance_agrees_with_the_figures_of_the_evaluation_room() -> None:
    market = random_market(5, defects=False)
    view = last_day(market)
    returns = market.prices.pct_change().iloc[-60:]
    expected = {
        "return_60d": evaluation.total_return(returns),
        "volatility_60d": evaluation.annualized_volatility(returns, periods_per_year=365),
        "sharpe_60d": evaluation.sharpe_ratio(returns, periods_per_year=365),
        "max_drawdown_60d": evaluation.max_drawdown(returns),
    }
    for name, figures in expected.items():
        np.testing.assert_allclose(measure(view, name), figures, rtol=1e-10, err_msg=name)


def test_consistency_is_the_share_of_weeks_with_a_gain_counted_back_from_today() -> None:
    weekly = [100, 110, 105, 120, 119, 130]  # three gains in five weeks
    closes = [9999.0] * 3 + [float(weekly[(day + 6) // 7]) for day in range(36)]
    assert of_last_day("consistency_35d", closes) == 0.6
    assert of_last_day("consistency_37d", closes) == 0.6  # two days more make no week
    assert of_last_day("consistency_14d", closes) == 0.5


def test_volume_growth_compares_the_medians_of_two_windows() -> None:
    volumes = [10.0, 1e9, 12.0, 11.0, 13.0, 26.0, 24.0, 22.0, 0.0, 25.0]
    assert of_last_day("volume_growth_5d", volumes) == pytest.approx(24 / 12 - 1)
    assert np.isnan(of_last_day("volume_growth_6d", volumes))  # only ten days, not twelve
    assert np.isnan(of_last_day("volume_growth_5d", [0.0] * 5 + volumes[5:]))


@pytest.mark.parametrize("name", ["volatility_30d", "sharpe_30d", "max_drawdown_30d"])
def test_an_asset_with_a_tenth_of_its_returns_missing_is_measured_and_with_more_it_is_not(name: str) -> None:
    closes = list(np.exp(np.random.default_rng(0).normal(0, 0.05, 31)).cumprod())
    closes[10] = np.nan  # two of thirty returns
    assert np.isfinite(of_last_day(name, closes))
    closes[20] = np.nan  # four of thirty
    assert np.isnan(of_last_day(name, closes))


def test_a_return_is_that_of_its_two_closes_whatever_is_missing_between_them() -> None:
    closes = [2.0, *[np.nan] * 29, 3.0]
    assert of_last_day("return_30d", closes) == 0.5
    assert np.isnan(of_last_day("return_29d", closes))


@pytest.mark.parametrize("name", MEASURES)
def test_without_a_value_today_nothing_is_rankable(name: str) -> None:
    closes = list(np.exp(np.random.default_rng(0).normal(0, 0.05, 120)).cumprod())
    assert np.isfinite(of_last_day(name, closes))
    if name != "volume_growth_30d":  # a median of 30 days, not a statement about today
        assert np.isnan(of_last_day(name, [*closes[:-1], np.nan]))


def test_a_price_that_never_moved_has_no_sharpe_ratio_and_no_volatility() -> None:
    assert np.isnan(of_last_day("sharpe_30d", [5.0] * 40))
    assert of_last_day("volatility_30d", [5.0] * 40) == 0.0


# ---------------------------------------------------------------------- order, names, look-ahead


def test_top_by_the_lowest_measure_takes_the_calmest() -> None:
    rng = np.random.default_rng(1)
    market = market_of(
        **{name: list(np.exp(rng.normal(0, s, 100)).cumprod()) for name, s in [("a", 0.3), ("b", 0.1), ("c", 0.2)]}
    )
    view = last_day(market)
    values = measure(view, "volatility_90d")
    everyone = np.ones(3, dtype=bool)
    assert ranks(view, values, everyone, order="lowest").tolist() == [3, 1, 2]
    assert ranks(view, values, everyone).tolist() == [1, 3, 2]
    one = Selection(rule="top_by", rank_by="volatility_90d", order="lowest", count=1)
    assert largest(ranks(view, values, everyone, order=one.order), ~everyone, one).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fame", "is no measure: expected e.g. market_cap"),
        ("market_cap_mean_0d", "expected 1 days or more"),
        ("volatility_1d", "expected 2 days or more"),
        ("consistency_6d", "expected 7 days or more"),
        ("market_cap_ema", "is no measure"),
    ],
)
def test_a_name_that_is_no_measure_is_refused_by_the_rulebook(name: str, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Selection(rule="top_by", count=3, rank_by=name)


def test_the_largest_are_not_ranked_by_performance() -> None:
    with pytest.raises(MethodologyError, match="measures performance, not size: use rule = 'top_by'"):
        Selection(count=3, rank_by="return_90d")


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), cut=st.floats(0.5, 1.0))
def test_no_measure_looks_ahead(name: str, seed: int, cut: float) -> None:
    market = random_market(seed)
    row = int(cut * (len(market.dates) - 1))
    whole = PointInTime(market)
    for earlier in (row // 2, row):  # asked in order, as the engine does
        seen = measure(whole.at(earlier), name)
    np.testing.assert_array_equal(seen, measure(last_day(market.until(market.dates[row])), name))
    assert np.isfinite(seen).any()


def test_a_column_gives_the_same_bits_alone_and_among_others() -> None:
    window = np.random.default_rng(0).lognormal(0, 3, (90, 40))
    for statistic in (window_sum, window_mean, window_deviation, window_median):
        alone = np.array([statistic(np.ascontiguousarray(window[:, [column]]))[0] for column in range(40)])
        np.testing.assert_array_equal(alone, statistic(window))
        np.testing.assert_array_equal(alone, statistic(np.asfortranarray(window)))


@pytest.mark.parametrize("name", [name for name in MEASURES if "cap" not in name and "volume" not in name])
def test_the_unit_of_a_price_does_not_matter_to_performance(name: str) -> None:
    market = random_market(7)
    scaled = MarketData.from_panels(market.prices * 1024.0, market.market_caps, market.volumes)
    np.testing.assert_array_equal(measure(last_day(market), name), measure(last_day(scaled), name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("market_cap", "market cap of the day"),
        ("market_cap_mean_30d", "mean market cap of the last 30 days"),
        ("market_cap_ema_30d", "exponentially smoothed market cap with a half-life of 30 days"),
        ("volatility_90d", "volatility of the last 90 days"),
        ("return_30d", "return over the last 30 days"),
        ("volume_growth_30d", "volume growth of the last 30 days"),
    ],
)
def test_a_measure_reads_as_words(name: str, words: str) -> None:
    assert Measure.parse(name, "rank_by").words == words
