"""Simulated markets in which every value is right, with tails and clusters of volatility as crypto assets have them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.market import MarketData

ARCH, GARCH, FREEDOM = 0.10, 0.88, 3.0  # Student t with three degrees of freedom: moves without a fourth moment


def clean_panels(seed: int, *, days: int = 400, assets: int = 12) -> dict[str, pd.DataFrame]:
    """Prices, caps, volumes, supplies and bars; the first column is the market's own factor, called "alpha"."""
    rng = np.random.default_rng(seed)
    target = rng.uniform(0.03, 0.07, assets) ** 2
    market, own = _garch(rng, np.array([0.03**2]), days), _garch(rng, target, days)
    own[:, 0] = 0.0
    columns = ["alpha", *(f"asset-{number:03d}" for number in range(1, assets))]
    index = pd.date_range("2016-01-01", periods=days)
    price = np.exp(np.cumsum(market + own, axis=0)) * rng.lognormal(0, 3, assets)
    supply = rng.lognormal(17, 1.5, assets) * np.exp(np.cumsum(np.abs(rng.normal(0, 3e-4, price.shape)), axis=0))
    volume = price * supply * rng.lognormal(-3.5, 0.6, assets) * np.exp(0.5 * rng.standard_normal(price.shape))
    opened = np.vstack([price[:1], price[:-1]])
    wick = np.exp(np.abs(rng.normal(0, 0.02, price.shape)))
    arrays = {
        "price": price,
        "market_cap": price * supply,
        "volume": volume,
        "supply": supply,
        "open": opened,
        "high": np.maximum(price, opened) * wick,
        "low": np.minimum(price, opened) / wick,
    }
    return {name: pd.DataFrame(values, index, columns) for name, values in arrays.items()}


def market_of(
    panels: dict[str, pd.DataFrame], *, extra: tuple[str, ...] = ("supply", "open", "high", "low")
) -> MarketData:
    return MarketData.from_panels(
        panels["price"],
        panels["market_cap"],
        panels["volume"],
        extra={name: panels[name] for name in extra},
        name="simulated",
    )


def _garch(rng: np.random.Generator, target: np.ndarray, days: int) -> np.ndarray:
    shocks = rng.standard_t(FREEDOM, (days, len(target))) / np.sqrt(FREEDOM / (FREEDOM - 2))
    variance, returns = target.copy(), np.empty_like(shocks)
    for day in range(days):
        returns[day] = np.sqrt(variance) * shocks[day]
        variance = target * (1 - ARCH - GARCH) + ARCH * returns[day] ** 2 + GARCH * variance
    return returns
