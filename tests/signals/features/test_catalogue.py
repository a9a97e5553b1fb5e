"""What there is, what a market can have, and what is said where it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.market import MarketData
from research.point_in_time import PointInTime
from research.signals.features import available, catalogue, features, regime_features
from tests.signals.features.markets import made, one_path, random_market, weekly

# SPEC 7.1, in its order: place n of this list is its number n
SPECIFIED = [
    *(f"momentum_{h}d" for h in (3, 7, 14, 21, 30, 60, 90, 180)),
    *("momentum_30d_skip_7d", "momentum_90d_skip_14d", "momentum_180d_skip_30d", "acceleration_14d"),
    *("momentum_to_volatility_30d", "momentum_to_volatility_90d", "information_discreteness_30d", "up_days_30d"),
    *(f"sma_ratio_{w}d" for w in (7, 20, 50, 100, 200)),
    *("sma_20d_to_50d", "sma_50d_to_200d", "ema_12d_to_26d", "macd_histogram"),
    *("trend_slope_30d", "trend_slope_90d", "trend_r_squared_30d", "adx_14d", "di_difference_14d"),
    *("donchian_position_20d", "donchian_position_60d", "aroon_25d", "rsi_14d", "rsi_30d"),
    *("stochastic_14d", "cci_20d", "bollinger_20d"),
    *("volatility_7d", "volatility_30d", "volatility_90d", "ewma_volatility"),
    *("parkinson_20d", "garman_klass_20d", "yang_zhang_20d", "volatility_7d_to_30d", "volatility_30d_to_90d"),
    *("volatility_of_volatility_60d", "atr_ratio_14d", "downside_deviation_30d", "up_down_volatility_60d"),
    "idiosyncratic_volatility_60d",
    *("drawdown_30d", "drawdown_90d", "drawdown_365d", "days_since_high_90d", "max_drawdown_90d"),
    *("ulcer_index_90d", "range_position_90d"),
    *("log_volume_30d", "turnover_30d", "amihud_30d", "amihud_90d", "corwin_schultz_30d", "abdi_ranaldo_30d"),
    *("edge_60d", "roll_60d", "zero_returns_30d", "volume_variation_30d"),
    *("volume_7d_to_30d", "volume_30d_to_90d", "volume_z_180d", "obv_slope_30d", "money_flow_20d", "mfi_14d"),
    *("return_volume_correlation_30d", "volume_weighted_return_30d", "up_down_volume_30d"),
    *("strength_btc_30d", "strength_btc_90d", "strength_eth_30d", "sma_ratio_in_btc_50d", "drawdown_in_btc_90d"),
    "rank_change_30d",
    *("beta_btc_60d", "beta_btc_180d", "correlation_btc_60d", "correlation_market_60d", "downside_beta_btc_90d"),
    *("r_squared_btc_60d", "alpha_btc_60d", "mean_pairwise_correlation_60d"),
    *("log_market_cap", "log_rank", "share_of_universe", "supply_growth_30d", "supply_growth_180d", "unlock_90d"),
    *("log_age", "log_price"),
    *("skewness_60d", "kurtosis_60d", "value_at_risk_60d", "expected_shortfall_90d", "max5_30d", "min_return_30d"),
    "hill_180d",
    *("autocorrelation_60d", "variance_ratio_120d", "hurst_180d", "absolute_autocorrelation_60d"),
    *("weekend_effect_90d", "same_week_return"),
    *("breadth_sma_50d", "breadth_momentum_30d", "dispersion_7d", "btc_momentum_30d", "btc_volatility_30d"),
    *("btc_dominance_change_30d", "stablecoin_share_change_30d", "average_correlation_60d"),
]
NEED_BARS = {
    *("parkinson_20d", "garman_klass_20d", "yang_zhang_20d", "atr_ratio_14d", "corwin_schultz_30d"),
    *("abdi_ranaldo_30d", "edge_60d", "money_flow_20d", "mfi_14d"),
}


@pytest.fixture(scope="module")
def market() -> MarketData:
    return random_market(1)


def test_the_catalogue_is_the_list_of_the_specification_in_its_order_and_nothing_is_dropped() -> None:
    assert list(catalogue().index) == SPECIFIED
    assert len(SPECIFIED) == 121
    assert catalogue()["group"].nunique() == 13
    assert (catalogue()["group"] == "regime").sum() == 8


def test_the_catalogue_says_everything_of_every_feature(market: MarketData) -> None:
    table = catalogue(market)
    assert list(table.columns) == ["group", "formula", "inputs", "window", "source"]
    assert (table[["group", "formula", "inputs", "source"]].map(len) > 0).all(axis=None)
    assert (table["window"] >= 1).all()
    assert table.index.is_unique


def test_what_is_computed_is_what_the_catalogue_of_the_market_lists(market: MarketData) -> None:
    source = PointInTime(market)
    rows, universe = weekly(source)
    table = catalogue(market)
    names = [name for name, _ in features(source, rows, universe)]
    assert names == available(source) == list(table.index[table["group"] != "regime"])
    assert list(regime_features(source, rows, universe)) == list(table.index[table["group"] == "regime"])


def test_without_bars_their_features_are_absent_and_the_rest_is_there(market: MarketData) -> None:
    closes = MarketData.from_panels(market.prices, market.market_caps, market.volumes)
    assert set(SPECIFIED) - set(catalogue(closes).index) == NEED_BARS


def test_without_bitcoin_and_ether_what_needs_them_is_absent() -> None:
    price = np.ones((50, 2))
    others = made({"price": price, "market_cap": price, "volume": price}, ["a", "b"])
    missing = set(SPECIFIED) - set(catalogue(others).index) - NEED_BARS
    assert missing == {
        name for name, needs in catalogue()["inputs"].items() if {"bitcoin", "ethereum"} & set(needs.split(", "))
    }
    assert len(missing) == 15


def test_further_columns_become_features_by_rule_and_known_ones_do_not() -> None:
    price = np.arange(1.0, 41.0)
    market = one_path(price, supply=price, **{"Fear & Greed": price, "fear greed": price, "open": price})
    extra = catalogue(market).query("group == 'extra'")
    stems = ["fear_greed", "fear_greed_2"]
    assert list(extra.index) == [
        f"{stem}_{kind}" for stem in stems for kind in ("level", "change_7d", "change_30d", "z_180d")
    ]


def test_an_unknown_name_gets_the_nearest_one(market: MarketData) -> None:
    source = PointInTime(market)
    with pytest.raises(MethodologyError, match="did you mean 'momentum_30d'"):
        features(source, *weekly(source), ["momentum_30"])


def test_a_feature_that_the_market_cannot_have_says_what_it_needs(market: MarketData) -> None:
    source = PointInTime(MarketData.from_panels(market.prices))
    with pytest.raises(MethodologyError, match="needs open, price, high, low"):
        features(source, *weekly(source), ["edge_60d"])
    with pytest.raises(MethodologyError, match="regime_features"):
        features(source, *weekly(source), ["dispersion_7d"])


def test_names_are_given_in_the_order_asked_for(market: MarketData) -> None:
    source = PointInTime(market)
    asked = ["rsi_14d", "momentum_3d"]
    assert [name for name, _ in features(source, *weekly(source), asked)] == asked


def test_rows_and_universe_must_fit(market: MarketData) -> None:
    source = PointInTime(market)
    rows, universe = weekly(source)
    with pytest.raises(MethodologyError, match="universe"):
        features(source, rows, universe[1:])
    with pytest.raises(MethodologyError, match="increasing"):
        features(source, rows[::-1], universe)


def test_regimes_are_over_the_members_alone() -> None:
    """Two members that rose and one stranger that fell."""
    days = np.arange(120.0)
    price = np.exp(np.stack([0.01 * days, 0.02 * days, -0.03 * days], axis=1))
    market = made({"price": price, "market_cap": 1e6 * price, "volume": price}, ["bitcoin", "ethereum", "tether"])
    source = PointInTime(market)
    found = regime_features(source, np.array([119]), np.array([[True, True, False]]))
    assert found["breadth_sma_50d"] == 1.0
    assert found["breadth_momentum_30d"] == 1.0
    assert found["dispersion_7d"] == pytest.approx(0.07 / np.sqrt(2))
    assert found["btc_momentum_30d"] == pytest.approx(0.3)
    now, then = np.exp([1.19, 2.38, -3.57]), np.exp([0.89, 1.78, -2.67])
    assert found["btc_dominance_change_30d"] == pytest.approx(now[0] / now[:2].sum() - then[0] / then[:2].sum())
    assert found["stablecoin_share_change_30d"] == pytest.approx(now[2] / now.sum() - then[2] / then.sum())


def test_the_average_correlation_is_the_mean_over_pairs(market: MarketData) -> None:
    source = PointInTime(random_market(9, gaps=False))
    universe = np.ones((1, 8), dtype=bool)
    universe[0, 3] = False
    found = regime_features(source, np.array([400]), universe)["average_correlation_60d"][0]
    returns = pd.DataFrame(np.log(source.prices)).diff().iloc[341:401].drop(columns=3)
    matrix = returns.corr().to_numpy()
    assert found == pytest.approx((matrix.sum() - 7) / 42, rel=1e-9)
