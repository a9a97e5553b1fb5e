"""Markets for the tests of features: random walks with bars, gaps, late listings and deaths."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.market import MarketData
from research.point_in_time import PointInTime
from research.signals.features import features
from research.typing import BoolArray, FloatArray, IntArray

NAMED = ["bitcoin", "ethereum", "tether"]


def bars(close: FloatArray, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Open, high and low around the closes."""
    opens = close * np.exp(rng.normal(0, 0.02, close.shape))
    spread = np.exp(np.abs(rng.normal(0, 0.01, (2, *close.shape))))
    return {"open": opens, "high": np.fmax(opens, close) * spread[0], "low": np.fmin(opens, close) / spread[1]}


def random_market(seed: int, days: int = 420, assets: int = 8, *, gaps: bool = True) -> MarketData:
    """Correlated walks: some listed late, one dead, single days and weeks missing; bars, and a column of counts."""
    rng = np.random.default_rng(seed)
    ids = (NAMED + [f"asset-{number:02d}" for number in range(assets)])[:assets]
    steps = rng.normal(0, 0.03, (days, 1)) + rng.normal(0, 0.04, (days, assets))
    close = np.exp(np.cumsum(steps, axis=0) + rng.normal(0, 3, assets))
    if assets > 2:
        close[:, 2] = 1.0 + rng.normal(0, 1e-4, days)
    if gaps:
        close[rng.random(close.shape) < 0.03] = np.nan
        close[200:208, min(1, assets - 1)] = np.nan
        for asset in range(3, assets):
            close[: rng.integers(0, days // 2), asset] = np.nan
        if assets > 3:
            close[days - 60 :, -1] = np.nan
    volume = rng.lognormal(12, 1, close.shape)
    volume[rng.random(close.shape) < 0.01] = 0.0
    extra = bars(close, rng) | {"Tweets per day": rng.poisson(3, close.shape).astype(float)}
    growth = rng.lognormal(14, 1, assets) * (1 + np.arange(days)[:, None] / 4000)
    volume[np.isnan(close)] = np.nan
    panels = {"price": close, "market_cap": close * growth, "volume": volume, **extra}
    return made(panels, ids)


def made(panels: dict[str, FloatArray], ids: list[str], start: str = "2021-01-01") -> MarketData:
    """A market from arrays; tether is tagged a stablecoin."""
    index = pd.date_range(start, periods=len(panels["price"]))
    frames = {name: pd.DataFrame(panel, index, ids) for name, panel in panels.items()}
    tags = pd.DataFrame({"asset_id": ["tether"], "tag": ["stablecoin"], "valid_from": [pd.NaT], "static": [True]})
    core = [frames.pop(name, None) for name in ("price", "market_cap", "volume")]
    return MarketData.from_panels(*core, tags=tags if "tether" in ids else None, extra=frames)


def one_path(price: FloatArray, **panels: FloatArray) -> MarketData:
    """A market of bitcoin alone; further panels by name, each of shape (days,)."""
    columns = {"price": price, **panels}
    return made({name: np.asarray(values, dtype=float)[:, None] for name, values in columns.items()}, ["bitcoin"])


def weekly(source: PointInTime, first: int = 6) -> tuple[IntArray, BoolArray]:
    """Every seventh row, and as universe the assets with a market cap, or else a price, that day."""
    rows = np.arange(first, len(source.prices), 7)
    known = ~np.isnan(source.panel("market_cap"))
    return rows, (known if known.any() else ~np.isnan(source.prices))[rows]


def everything(market: MarketData, names: list[str] | None = None) -> dict[str, FloatArray]:
    """All features of a market at its weekly rows."""
    source = PointInTime(market)
    return dict(features(source, *weekly(source), names))


def last(market: MarketData, name: str) -> float:
    """One feature of the first asset on the last day of the market."""
    source = PointInTime(market)
    rows = np.array([len(source.prices) - 1])
    universe = ~np.isnan(source.prices[rows])
    ((_, values),) = features(source, rows, universe, [name])
    return float(values[0, 0])
