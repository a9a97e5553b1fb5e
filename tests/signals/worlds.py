"""Small simulated markets for whole runs of signals: without predictability, or with a weekly effect of known size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.market import MarketData

STABLE = "usd-coin"
DAILY, MARKET = 0.04, 0.03  # standard deviations of a day: the asset's own part, and everybody's
LOOK_BACK = 30


def simulated_market(seed: int, *, days: int = 1100, assets: int = 30, ic: float = 0.0) -> MarketData:
    """Daily closes of `assets` assets and a stablecoin worth 1 USD.

    Simple returns have the mean zero, and volatilities differ: the usual return of a volatile asset is below its mean.
    With `ic`, the asset's own part of each week's return (close of Monday to close of Monday after) correlates by that
    much with `standing` at the close of the Sunday before, the return of the 30 days before against the others: a
    momentum effect, found by whatever looks at past returns, from one day's lag on.
    """
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2019-01-01", periods=days)
    own = rng.standard_t(5, (days, assets)) / np.sqrt(5 / 3) * DAILY * rng.uniform(0.6, 1.4, assets)
    market = rng.normal(0, MARKET, (days, 1))
    drift = ic / np.sqrt(1 - ic**2) * DAILY / np.sqrt(7)
    if ic:
        sundays = np.flatnonzero(dates.day_of_week == 6)
        for row in sundays[sundays >= LOOK_BACK + 1]:
            past = (own + market)[row - LOOK_BACK + 1 : row + 1].sum(axis=0)
            own[row + 2 : row + 9] += drift * standing(past)
    steps = np.maximum(own + market, -0.9)
    steps[0] = 0.0
    price = np.cumprod(1.0 + steps, axis=0) * rng.lognormal(0, 1, assets)
    supply = rng.lognormal(18, 1, assets)
    ids = [f"asset-{number:02d}" for number in range(assets)]
    prices = pd.DataFrame(price, dates, ids)
    caps = prices * supply
    volumes = caps * rng.lognormal(-3.5, 0.3, caps.shape)
    tags = pd.DataFrame({"asset_id": [STABLE], "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    coin = pd.DataFrame(1.0, dates, [STABLE])
    return MarketData.from_panels(
        prices.join(coin),
        caps.join(coin * 1e9),
        volumes.join(coin * 1e8),
        tags=tags.astype({"valid_from": "datetime64[us]"}),
        name=f"SIMULATED, seed {seed}, IC {ic:g}",
    )


def standing(past: np.ndarray) -> np.ndarray:
    """Returns of the past against each other: mean 0, standard deviation 1."""
    return np.asarray((past - past.mean()) / past.std())
