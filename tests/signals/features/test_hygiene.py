"""Extreme input gives NaN or a finite number; pytest turns a RuntimeWarning into an error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.point_in_time import PointInTime
from research.signals.features import features, regime_features
from research.typing import FloatArray
from tests.signals.features.markets import everything, last, made, one_path, random_market, weekly


def assert_finite_or_nan(panels: dict[str, FloatArray]) -> None:
    source = PointInTime(made(panels, [*("bitcoin", "ethereum", "tether"), "a", "b", "c"][: panels["price"].shape[1]]))
    rows, universe = weekly(source)
    for chosen in (universe, np.zeros_like(universe)):
        for name, values in features(source, rows, chosen):
            assert not np.isinf(values).any(), name
        for name, values in regime_features(source, rows, chosen).items():
            assert not np.isinf(values).any(), name


def around(price: FloatArray, volume: FloatArray, cap: FloatArray) -> dict[str, FloatArray]:
    """Bars without width around a price."""
    return {
        "price": price,
        "open": price,
        "high": price,
        "low": price,
        "volume": volume,
        "market_cap": cap,
        "x": -volume,
    }


@settings(max_examples=12)
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 6]), st.sampled_from([1, 20, 230]))
def test_prices_of_any_size_with_jumps_and_holes(seed: int, assets: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    price = 10.0 ** rng.uniform(-12, 12, (days, assets))
    price[rng.random(price.shape) < 0.1] = np.nan
    volume = np.where(rng.random(price.shape) < 0.3, 0.0, 10.0 ** rng.uniform(-18, 18, price.shape))
    assert_finite_or_nan(around(price, volume, 10.0 ** rng.uniform(-18, 18, price.shape)))


@pytest.mark.parametrize("level", [1e-18, 1e-12, 0.1, 1.0, 1e12])
def test_constant_prices(level: float) -> None:
    price = np.full((230, 3), level)
    assert_finite_or_nan(around(price, np.full_like(price, 3.3), price))
    assert last(one_path(price[:, 0]), "volatility_90d") == 0.0


def test_prices_that_move_once_in_a_while() -> None:
    price = np.where(np.arange(230)[:, None] % 50 == 0, 0.3, 0.1) * np.ones((1, 3))
    assert_finite_or_nan(around(price, np.zeros_like(price), price))


@pytest.mark.parametrize("factor", [1e3, 1e9])
def test_a_wild_print_leaves_nothing_behind_once_it_is_out_of_the_window(factor: float) -> None:
    """Running sums would keep the rounding of the print."""
    market = random_market(7, days=420, gaps=False)
    wild = {name: panel.to_numpy().copy() for name, panel in market.extra.items()}
    wild |= {"price": market.prices.to_numpy().copy(), "volume": market.volumes.to_numpy().copy()}
    wild["market_cap"] = market.market_caps.to_numpy().copy()
    for name in ("price", "open", "high", "low", "volume", "market_cap"):
        wild[name][20] *= factor
    recursive = {"rsi_14d", "rsi_30d", "adx_14d", "di_difference_14d", "atr_ratio_14d", "ewma_volatility"}
    recursive |= {"ema_12d_to_26d", "macd_histogram", "hurst_180d"}
    calm, after = everything(market), everything(made(wild, list(market.prices.columns)))
    for name, values in calm.items():
        if name not in recursive:
            np.testing.assert_array_equal(after[name][-3:], values[-3:], err_msg=name)
    np.testing.assert_allclose(after["hurst_180d"][-3:], calm["hurst_180d"][-3:], rtol=1e-9)
    if factor == 1e3:  # forgotten as fast as their weights say: (29/30)^400 of it for the slowest
        for name in recursive:
            np.testing.assert_allclose(after[name][-1], calm[name][-1], rtol=0.05, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("factor", [2.0**-30, 1000.0])
def test_another_unit_of_one_asset_changes_only_what_is_measured_in_it(factor: float) -> None:
    """A price in thousandths with a supply in thousands is the same asset."""
    market = random_market(8, days=420)
    panels = {name: panel.to_numpy().copy() for name, panel in market.extra.items()}
    panels |= {"price": market.prices.to_numpy().copy(), "volume": market.volumes.to_numpy()}
    panels["market_cap"] = market.market_caps.to_numpy()
    for name in ("price", "open", "high", "low"):
        panels[name][:, 1] *= factor
    before, after = everything(market), everything(made(panels, list(market.prices.columns)))
    for name, values in before.items():
        if name != "log_price":
            np.testing.assert_allclose(after[name], values, rtol=1e-8, atol=1e-9, err_msg=name)
