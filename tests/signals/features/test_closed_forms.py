"""Paths whose features can be written down."""

from __future__ import annotations

import numpy as np
import pytest

from tests.signals.features.markets import last, one_path

DAYS = np.arange(400.0)
GROWING = 100.0 * np.exp(0.01 * DAYS)
FALLING = 100.0 * np.exp(-0.01 * DAYS)
FLAT = np.full(400, 7.0)
ALTERNATING = np.where(DAYS % 2 == 0, 100.0, 110.0)  # ends at 110
UP = np.log(1.1)


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("momentum_30d", GROWING, 0.3),
        ("momentum_180d_skip_30d", GROWING, 1.5),
        ("acceleration_14d", GROWING, 0.0),
        ("up_days_30d", GROWING, 1.0),
        ("information_discreteness_30d", GROWING, -1.0),
        ("information_discreteness_30d", FALLING, -1.0),
        ("sma_ratio_7d", GROWING, 7 / np.exp(-0.01 * np.arange(7)).sum() - 1),
        ("ema_12d_to_26d", FLAT, 0.0),
        ("macd_histogram", FLAT, 0.0),
        ("trend_slope_30d", GROWING, 0.01),
        ("trend_r_squared_30d", FALLING, 1.0),
        ("rsi_14d", GROWING, 100.0),
        ("rsi_14d", FALLING, 0.0),
        ("adx_14d", GROWING, 100.0),
        ("di_difference_14d", FALLING, -100.0),
        ("donchian_position_20d", GROWING, 1.0),
        ("stochastic_14d", FALLING, 0.0),
        ("aroon_25d", GROWING, 100.0),
        ("aroon_25d", FLAT, 0.0),
        ("volatility_30d", GROWING, 0.0),
        ("volatility_30d", ALTERNATING, UP * np.sqrt(30 / 29)),
        ("ewma_volatility", ALTERNATING, UP),
        ("up_down_volatility_60d", ALTERNATING, 1.0),
        ("downside_deviation_30d", ALTERNATING, UP / np.sqrt(2)),
        ("drawdown_90d", GROWING, 0.0),
        ("drawdown_30d", FALLING, np.exp(-0.29) - 1),
        ("days_since_high_90d", FALLING, 89 / 90),
        ("max_drawdown_90d", FALLING, np.exp(-0.89) - 1),
        ("range_position_90d", FALLING, 0.0),
        ("zero_returns_30d", FLAT, 1.0),
        ("roll_60d", ALTERNATING, 2 * UP * np.sqrt(60 / 59)),
        ("strength_btc_30d", GROWING, 0.0),
        ("beta_btc_60d", ALTERNATING, 1.0),
        ("correlation_btc_60d", ALTERNATING, 1.0),
        ("idiosyncratic_volatility_60d", ALTERNATING, 0.0),
        ("log_price", FLAT, np.log(7.0)),
        ("log_age", FLAT, np.log(400.0)),
        ("autocorrelation_60d", ALTERNATING, -59 / 60),
        ("kurtosis_60d", ALTERNATING, -2.0),
        ("skewness_60d", ALTERNATING, 0.0),
        ("value_at_risk_60d", ALTERNATING, UP),
        ("max5_30d", ALTERNATING, UP),
        ("expected_shortfall_90d", GROWING, -0.01),
    ],
)
def test_a_path_that_can_be_computed_by_hand(name: str, path: np.ndarray, expected: float) -> None:
    assert last(one_path(path), name) == pytest.approx(expected, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("momentum_to_volatility_30d", GROWING),  # no volatility
        ("volatility_7d_to_30d", FLAT),
        ("rsi_14d", FLAT),  # nothing ever moved
        ("adx_14d", FLAT),
        ("donchian_position_20d", FLAT),
        ("bollinger_20d", FLAT),
        ("cci_20d", FLAT),
        ("trend_r_squared_30d", FLAT),
        ("beta_btc_60d", GROWING),
        ("skewness_60d", GROWING),
        ("autocorrelation_60d", FLAT),
        ("variance_ratio_120d", GROWING),
        ("hurst_180d", FLAT),
        ("hill_180d", GROWING),  # no losses
        ("up_down_volatility_60d", GROWING),
        ("downside_beta_btc_90d", GROWING),  # bitcoin never fell
        ("mean_pairwise_correlation_60d", ALTERNATING),  # nobody else
    ],
)
def test_what_divides_by_nothing_is_unknown(name: str, path: np.ndarray) -> None:
    assert np.isnan(last(one_path(path), name))


def test_a_sine_lies_halfway_through_its_range_and_below_its_high_by_its_phase() -> None:
    path = np.exp(np.sin(2 * np.pi * (DAYS - 399) / 40))  # at 1 on the last day, going up
    low, high = np.exp(-1.0), np.exp(1.0)
    market = one_path(path)
    assert last(market, "range_position_90d") == pytest.approx((1 - low) / (high - low), rel=1e-9)
    assert last(market, "drawdown_90d") == pytest.approx(1 / high - 1, rel=1e-9)
    assert last(market, "days_since_high_90d") == pytest.approx(30 / 90)
    assert last(market, "momentum_21d") == pytest.approx(-np.sin(-2 * np.pi * 21 / 40), rel=1e-9)


def test_random_walks_have_a_variance_ratio_of_one_and_a_hurst_exponent_near_a_half() -> None:
    rng = np.random.default_rng(0)
    found = {"variance_ratio_120d": [], "hurst_180d": []}
    for _ in range(60):
        market = one_path(np.exp(np.cumsum(rng.normal(0, 0.03, 200))))
        for name, values in found.items():
            values.append(last(market, name))
    assert np.mean(found["variance_ratio_120d"]) == pytest.approx(1.0, abs=0.1)
    assert 0.5 < np.mean(found["hurst_180d"]) < 0.65  # biased upwards in short samples, as is known of R/S


def test_volume_features_of_constant_volume() -> None:
    market = one_path(GROWING, volume=np.full(400, 5.0), market_cap=1e6 * GROWING)
    assert last(market, "obv_slope_30d") == pytest.approx(1.0, rel=1e-9)
    assert last(market, "volume_7d_to_30d") == pytest.approx(1.0)
    assert last(market, "amihud_30d") == pytest.approx(0.01 / 5.0, rel=1e-9)
    assert last(market, "supply_growth_180d") == pytest.approx(0.0, abs=1e-12)
    assert last(market, "unlock_90d") == pytest.approx(0.0, abs=1e-12)
    assert last(market, "share_of_universe") == 1.0
    assert last(market, "log_rank") == 0.0
    assert np.isnan(last(market, "up_down_volume_30d"))  # nothing fell


def test_an_unlock_shows_in_the_largest_week_of_supply() -> None:
    supply = np.where(DAYS >= 360, 1.5e6, 1e6)
    market = one_path(GROWING, market_cap=supply * GROWING)
    assert last(market, "unlock_90d") == pytest.approx(np.log(1.5), rel=1e-9)
