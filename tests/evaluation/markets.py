"""Seeded simulated series whose truth is known: what the measurements of coverage and of false alarms run on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

START = "2017-01-01"


def garch(
    periods: int,
    columns: int,
    rng: np.random.Generator,
    *,
    volatility: float = 0.035,
    freedom: float = 6.0,
    alpha: float = 0.08,
    beta: float = 0.88,
) -> np.ndarray:
    """GARCH(1,1) innovations, shape (periods, columns); `volatility` per period is the truth.

    Shocks are Student t with `freedom` degrees of freedom, normal where that is infinite. By default persistent (0.96)
    and fat-tailed, with a fourth moment that exists: without one, no interval for a volatility works.
    """
    burn_in = 1000
    shape = (periods + burn_in, columns)
    shocks = rng.normal(size=shape) if np.isinf(freedom) else student(*shape, rng, freedom=freedom, volatility=1.0)
    variance = np.full(columns, volatility**2)
    result = np.empty_like(shocks)
    for row in range(periods + burn_in):
        result[row] = np.sqrt(variance) * shocks[row]
        variance = volatility**2 * (1 - alpha - beta) + alpha * result[row] ** 2 + beta * variance
    return result[burn_in:]


def student(
    periods: int, columns: int, rng: np.random.Generator, *, volatility: float = 0.035, freedom: float = 4.0
) -> np.ndarray:
    """Independent returns from Student's t, scaled to the volatility."""
    return rng.standard_t(freedom, (periods, columns)) * volatility * np.sqrt((freedom - 2) / freedom)


def autocorrelated(
    periods: int, columns: int, rng: np.random.Generator, *, coefficient: float = 0.2, volatility: float = 0.035
) -> np.ndarray:
    """AR(1) returns with normal shocks."""
    shocks = rng.normal(0.0, volatility * np.sqrt(1 - coefficient**2), (periods + 50, columns))
    for row in range(1, len(shocks)):
        shocks[row] += coefficient * shocks[row - 1]
    return shocks[50:]


World = Callable[[int, int, np.random.Generator], np.ndarray]
WORLDS: dict[str, World] = {  # daily volatility 3.5 % in each
    "normal": lambda n, k, rng: rng.normal(0.0, 0.035, (n, k)),
    "t(4)": student,
    "GARCH, t(6)": garch,
    "GARCH, normal, 0.98": partial(garch, freedom=np.inf, alpha=0.08, beta=0.90),
    "AR(0.1)": partial(autocorrelated, coefficient=0.1),
    "AR(-0.1)": partial(autocorrelated, coefficient=-0.1),
}


def pair(world: str, periods: int, columns: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns of indices with beta 0.9 and of their benchmarks, shape (periods, columns) each.

    0.1 % a day on average; no market falls by more than 60 % in a day, so that every moment and every level exists.
    """
    market, noise = (np.clip(WORLDS[world](periods, columns, rng), -0.6, 0.6) for _ in range(2))
    return 0.9 * (0.001 + market) + 0.3 * noise, 0.001 + market


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
