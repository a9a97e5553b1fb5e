"""Features of signals against pandas and TA-Lib on the same seeded market of bars; weekly decisions."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import talib

from research.index import Methodology, build_index
from research.index.skill.rivals import passive_twin
from research.market import MarketData
from research.point_in_time import PointInTime
from research.signals.features import available, features
from research.typing import BoolArray, FloatArray, IntArray
from tests.benchmarks.evaluation import seconds

ASSETS, DAYS, WINDOW, LIMIT = 500, 3650, 30, 10
INDICATORS = ["rsi_14d", "rsi_30d", "macd_histogram", "adx_14d", "di_difference_14d", "atr_ratio_14d", "cci_20d"]
INDICATORS += ["mfi_14d", "aroon_25d", "stochastic_14d", "bollinger_20d"]


def market_of_bars(assets: int = ASSETS, days: int = DAYS, seed: int = 7) -> MarketData:
    """Random walks with open, high and low, without gaps: TA-Lib does not get over one."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2014-01-01", periods=days)
    names = ["bitcoin", "ethereum", *(f"asset-{number:05d}" for number in range(assets - 2))]
    close = np.exp(np.cumsum(rng.normal(0.0003, 0.04, (days, assets)), axis=0))
    opens = close * np.exp(rng.normal(0, 0.03, close.shape))
    wider = np.exp(np.abs(rng.normal(0, 0.01, (2, *close.shape))))
    panels = {
        "price": close,
        "market_cap": close * rng.lognormal(16, 2, assets),
        "volume": rng.lognormal(14, 1, close.shape),
        "open": opens,
        "high": np.maximum(opens, close) * wider[0],
        "low": np.minimum(opens, close) / wider[1],
    }
    frames = [pd.DataFrame(panel, index, names) for panel in panels.values()]
    return MarketData.from_panels(*frames[:3], extra=dict(zip(("open", "high", "low"), frames[3:], strict=True)))


def weekly(source: PointInTime) -> tuple[IntArray, BoolArray]:
    """Every seventh row, everybody eligible."""
    rows = np.arange(6, len(source.prices), 7)
    return rows, np.ones((len(rows), source.prices.shape[1]), dtype=bool)


def compute(source: PointInTime, names: list[str] | None = None) -> dict[str, FloatArray]:
    """Features by name; each is let go at once, as a model would that standardises it."""
    last = {}
    for name, values in features(source, *weekly(source), names):
        last[name] = values[-1]
    return last


def five_columns(prices: pd.DataFrame) -> Callable[[], None]:
    """Mean, standard deviation, minimum, maximum and skewness of 30 days by pandas."""

    def columns() -> None:
        for name in ("mean", "std", "min", "max", "skew"):
            getattr(prices.rolling(WINDOW), name)()

    return columns


MEMORY = """
from research.point_in_time import PointInTime
from tests.benchmarks._memory import peak_memory
from tests.benchmarks.signals import compute, market_of_bars
source = PointInTime(market_of_bars())
before = peak_memory()
compute(source)
print(before, peak_memory())
"""


def all_features() -> list[dict[str, Any]]:
    """Every feature against ten times pandas, and the growth of the cost with their number."""
    source = PointInTime(market_of_bars())
    names = available(source)
    pandas = seconds(five_columns(source.market.prices))
    median = seconds(lambda: source.market.prices.rolling(WINDOW).median(), 1)
    ours = seconds(lambda: compute(source))
    halves = [seconds(lambda part=part: compute(source, part), 1) for part in (names[::2], names[1::2])]
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    before, peak = (int(number) / 2**20 for number in run.stdout.split())
    note = (
        f"peer: {LIMIT} x pandas computing 5 rolling columns (mean, std, min, max, skew; {pandas:.2f} s; a rolling "
        f"median alone {median:.2f} s); every second feature {halves[0]:.1f} s, the others {halves[1]:.1f} s; memory "
        f"{before:.0f} MiB with the market, {peak:.0f} MiB at the peak"
    )
    name = f"{len(names)} features, {ASSETS} assets x {DAYS:,} days, weekly"
    return [_row(name, ours, LIMIT * pandas, note)]


def against_talib() -> dict[str, Any]:
    """Eleven indicators against TA-Lib called asset by asset; RSI and ADX agree at the last row."""
    source = PointInTime(market_of_bars())
    panels = {name: source.panel(name) for name in ("high", "low", "price", "volume")}

    def by_asset() -> list[tuple[float, float]]:
        found = []
        for asset in range(ASSETS):
            h, lo, c, v = (np.ascontiguousarray(panel[:, asset]) for panel in panels.values())
            rsi, adx = talib.RSI(c, 14), talib.ADX(h, lo, c, 14)
            talib.RSI(c, 30), talib.MACD(c), talib.PLUS_DI(h, lo, c, 14), talib.MINUS_DI(h, lo, c, 14)
            talib.ATR(h, lo, c, 14), talib.CCI(h, lo, c, 20), talib.MFI(h, lo, c, v, 14)
            talib.AROONOSC(h, lo, 25), talib.STOCHF(h, lo, c, 14), talib.BBANDS(c, 20)
            found.append((rsi[-1], adx[-1]))
        return found

    mine = compute(source, ["rsi_14d", "adx_14d"])
    row = DAYS - 1 - (DAYS - 7) % 7
    assert row == weekly(source)[0][-1]
    error = 0.0
    for asset in range(ASSETS):
        h, lo, c, _ = (np.ascontiguousarray(panel[: row + 1, asset]) for panel in panels.values())
        pairs = ((mine["rsi_14d"], talib.RSI(c, 14)), (mine["adx_14d"], talib.ADX(h, lo, c, 14)))
        error = max(error, *(abs(ours[asset] - theirs[-1]) for ours, theirs in pairs))
    if error > 1e-6:
        raise AssertionError(f"RSI and ADX of TA-Lib differ by {error:.1e}")
    gapped = panels["price"][:, 0].copy()
    gapped[100] = np.nan
    after = "nothing" if np.isnan(talib.RSI(gapped, 14)[101:]).all() else "something"
    note = f"TA-Lib {talib.__version__}: RSI and ADX within {error:.0e}; after one missing day its RSI gives {after}"
    ours = seconds(lambda: compute(source, INDICATORS))
    return _row(f"{len(INDICATORS)} indicators, TA-Lib looped over assets", ours, seconds(by_asset), note)


BUILD_LIMIT = 60.0  # seconds


def whole_build() -> dict[str, Any]:
    """`build_index` of ai-large-cap, signals and all, and its passive twin on the same market."""
    bars = market_of_bars()
    frames = {"price": bars.prices, "market_cap": bars.market_caps, "volume": bars.volumes, **bars.extra}
    coin = {"price": 1.0, "market_cap": 1e9, "volume": 1e9, "open": 1.0, "high": 1.0, "low": 1.0}
    panels = {name: frame.assign(**{"usd-coin": coin[name]}) for name, frame in frames.items()}
    tags = pd.DataFrame({"asset_id": ["usd-coin"], "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    market = MarketData.from_panels(
        *(panels.pop(name) for name in ("price", "market_cap", "volume")),
        tags=tags.astype({"valid_from": "datetime64[us]"}),
        extra=panels,
    )
    rules = Methodology.load("ai-large-cap")
    begin = time.perf_counter()
    index = build_index(market, rules)
    whole = time.perf_counter() - begin
    assert index.signals is not None
    given = seconds(lambda: build_index(market, rules, signals=index.signals))
    twin = replace(passive_twin(rules), base_date=index.dates[0].date())
    plain = seconds(lambda: build_index(market, twin))
    note = (
        f"peer: a minute; {len(index.signals.table):,} calls by {len(index.signals.feature_names)} features, "
        f"{len(index.signals.refits)} fits; the index alone {given / plain:.1f} times its passive twin"
    )
    return _row(f"ai-large-cap with ridge, {ASSETS} x {DAYS:,}", whole, BUILD_LIMIT, note)


def _row(name: str, ours: float, theirs: float, note: str) -> dict[str, Any]:
    return {"name": name, "ours_seconds": ours, "peer_seconds": theirs, "ratio": theirs / ours, "note": note}


def run() -> list[dict[str, Any]]:
    """Every benchmark of this module."""
    return [*all_features(), against_talib(), whole_build()]
