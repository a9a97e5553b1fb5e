"""Seeded simulated series whose truth is known: what the measurements of coverage and of false alarms run on."""

from __future__ import annotations

import numpy as np
import pandas as pd

START = "2017-01-01"


def garch(
    periods: int, columns: int, rng: np.random.Generator, *, volatility: float = 0.035, freedom: float = 6.0
) -> np.ndarray:
    """GARCH(1,1) innovations with Student t shocks, shape (periods, columns); `volatility` per period is the truth.

    Persistent (0.96) and fat-tailed, with a fourth moment that exists: without one, no interval for a volatility works.
    """
    alpha, beta, burn_in = 0.08, 0.88, 250
    shocks = rng.standard_t(freedom, (periods + burn_in, columns)) * np.sqrt((freedom - 2) / freedom)
    variance = np.full(columns, volatility**2)
    result = np.empty_like(shocks)
    for row in range(periods + burn_in):
        result[row] = np.sqrt(variance) * shocks[row]
        variance = volatility**2 * (1 - alpha - beta) + alpha * result[row] ** 2 + beta * variance
    return result[burn_in:]


def market_and_index(
    periods: int, columns: int, rng: np.random.Generator, *, mean: float = 0.0012, beta: float = 0.95
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Daily returns of `columns` markets and of an index in each: beta times the market plus noise of its own."""
    dates = pd.date_range(START, periods=periods)
    market = np.clip(mean + garch(periods, columns, rng), -0.6, 1.0)
    index = np.clip(0.0001 + beta * market + garch(periods, columns, rng, volatility=0.012), -0.8, 1.0)
    return pd.DataFrame(market, index=dates), pd.DataFrame(index, index=dates)


def monthly_weights(months: int, rng: np.random.Generator, assets: int = 20) -> pd.DataFrame:
    """Target weights that wander around a steady composition: log weights are AR(1) with coefficient 0.9."""
    wander = np.zeros((months, assets))
    for row in range(1, months):
        wander[row] = 0.9 * wander[row - 1] + rng.normal(0.0, 0.1, assets)
    raw = np.exp(-0.15 * np.arange(assets) + wander)
    dates = pd.date_range(START, periods=months, freq="ME")
    return pd.DataFrame(raw / raw.sum(axis=1, keepdims=True), index=dates, columns=[f"a{i}" for i in range(assets)])


def monthly_turnover(months: int, rng: np.random.Generator) -> pd.Series:
    """One-sided turnover around 8 % a month, independent over time."""
    dates = pd.date_range(START, periods=months, freq="ME")
    return pd.Series(np.exp(rng.normal(-2.5, 0.5, months)), index=dates)


def sectors(assets: int = 20, count: int = 4) -> dict[str, str]:
    """Every asset in one of a few sectors."""
    return {f"a{i}": f"sector {i % count}" for i in range(assets)}
