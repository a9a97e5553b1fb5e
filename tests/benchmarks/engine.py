"""`build_index` with its whole audit trail against bt on the same seeded market, agreement of the level included."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bt
import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index import IndexHistory, Methodology, build_index, cap_weights
from research.market import MarketData
from research.settings import from_table
from tests.benchmarks.market import write_random_snapshot

COUNT, CAP, DAYS = 20, 0.25, 3650
LENGTHS = (DAYS // 3, 2 * DAYS // 3, DAYS)
LEG = ["usd-a", "usd-b"]
TWIN = "plain"


def seeded_market(assets: int, days: int, seed: int = 7) -> MarketData:
    """Random walks without gaps: bt cannot hold a token that dies."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2014-01-01", periods=days)
    names = [f"asset-{number:05d}" for number in range(assets)]
    steps = rng.normal(0.0003, 0.04, (days, assets))
    prices = np.exp(np.cumsum(steps, axis=0)) * rng.lognormal(0, 2, assets)
    supply = rng.lognormal(16, 2, assets)
    return MarketData.from_panels(
        pd.DataFrame(prices, index, names),
        pd.DataFrame(prices * supply, index, names),
        pd.DataFrame(prices * supply * 0.03, index, names),
    )


def methodology() -> Methodology:
    table = {
        "name": "Top 20, capped",
        "selection": {"count": COUNT},
        "weighting": {"max_weight": CAP},
        "schedule": {"reconstitution": "monthly", "lag_days": 0},
    }
    return from_table(Methodology, table, "benchmark", MethodologyError)


def ours(market: MarketData) -> IndexHistory:
    index = build_index(market, methodology())
    _ = index.level, index.decisions, index.constituents, index.rebalances, index.events, index.weights
    return index


class Largest(bt.Algo):
    """The same rules as a bt algo: the 20 largest by market cap, capped."""

    def __init__(self, market_caps: pd.DataFrame) -> None:
        super().__init__()
        self.market_caps = market_caps

    def __call__(self, target: Any) -> bool:
        caps = self.market_caps.loc[target.now].nlargest(COUNT)
        target.temp["weights"] = dict(zip(caps.index, cap_weights(caps, CAP), strict=True))
        return True


def peer(market: MarketData) -> pd.Series:
    strategy = bt.Strategy(
        "bt", [bt.algos.RunMonthly(run_on_end_of_period=True), Largest(market.market_caps), bt.algos.Rebalance()]
    )
    test = bt.Backtest(strategy, market.prices, integer_positions=False, initial_capital=1e6, progress_bar=False)
    test.run()
    return test.strategy.prices


def run() -> list[dict[str, Any]]:
    return [against_bt(), *against_twin(), large_market()]


def against_bt(repeats: int = 3) -> dict[str, Any]:
    """Best of several runs each, in turn: the machine's own noise is not the programs' difference."""
    market = seeded_market(500, DAYS)
    seconds: dict[str, list[float]] = {"ours": [], "bt": []}
    results = {}
    for _ in range(repeats):
        for name, function in (("ours", ours), ("bt", peer)):
            gc.collect()
            start = time.perf_counter()
            results[name] = function(market)
            seconds[name].append(time.perf_counter() - start)
    level = results["ours"].level
    other = results["bt"].loc[level.index]
    error = float(np.abs((level / level.iloc[0]) / (other / other.iloc[0]) - 1).max())
    if error > 1e-12:
        raise AssertionError(f"the levels of bt and build_index differ by {error:.1e}")
    return {
        "name": "build_index with audit trail, 500 assets x 3,650 days, monthly top 20 capped, against bt",
        "ours_seconds": min(seconds["ours"]),
        "peer_seconds": min(seconds["bt"]),
        "ratio": min(seconds["bt"]) / min(seconds["ours"]),
        "note": f"bt {bt.__version__}; largest relative difference of the level {error:.1e}",
    }


def weekly(**tables: dict[str, Any]) -> Methodology:
    """The 20 largest, capped, every week; the tables are what is asked for besides."""
    table: dict[str, dict[str, Any]] = {
        "selection": {"count": COUNT},
        "weighting": {"max_weight": CAP},
        "schedule": {"reconstitution": "weekly"},
    }
    merged = {key: table.get(key, {}) | tables.get(key, {}) for key in (*table, *tables)}
    return from_table(Methodology, {"name": "Weekly top 20", **merged}, "benchmark", MethodologyError)


FOLLOWING = {
    TWIN: weekly(),
    "signals moving weight to the stable leg": weekly(overlay={"stable_leg": LEG, "max_turnover": 0.5}),
    "weights by the scores of signals": weekly(weighting={"scheme": "signal"}),
    "volatility target": weekly(overlay={"stable_leg": LEG, "signals": False, "volatility_target": 0.5}),
}


def with_leg_and_signals(assets: int, days: int) -> tuple[MarketData, pd.DataFrame]:
    """The seeded market with two stablecoins, and a signal with a score on every asset each week."""
    market, rng = seeded_market(assets, days), np.random.default_rng(11)
    peg = pd.DataFrame(1.0 + rng.normal(0, 0.002, (days, len(LEG))), market.dates, LEG)
    panels = (market.prices, market.market_caps, market.volumes)
    market = MarketData.from_panels(*(panel.join(peg) for panel in panels))
    weeks = market.dates[::7]
    table = pd.DataFrame(
        {"date": np.repeat(weeks, assets), "asset_id": np.tile(market.prices.columns[:assets], len(weeks))}
    )
    words = rng.choice(["bullish", "neutral", "bearish"], len(table))
    return market, table.assign(signal=words, score=rng.normal(0, 1, len(table)))


def against_twin(repeats: int = 5) -> list[dict[str, Any]]:
    """Weekly rules that follow signals or a volatility target against the same without, at three lengths of history.

    Processor time, best of several runs in turn: what else the machine does would drown the difference.
    """
    market, signals = with_leg_and_signals(500, DAYS)
    best: dict[tuple[str, int], float] = {}
    for days in LENGTHS:
        known = market.until(market.dates[days - 1])
        table = signals[signals["date"] <= known.dates[-1]]
        for _, (name, rules) in itertools.product(range(repeats), FOLLOWING.items()):
            asks = rules.weighting.scheme == "signal" or (rules.overlay is not None and rules.overlay.signals)
            gc.collect()
            start = time.process_time()
            index = build_index(known, rules, signals=table if asks else None)
            _ = index.level, index.decisions, index.constituents, index.rebalances, index.events, index.weights
            best[name, days] = min(best.get((name, days), np.inf), time.process_time() - start)
    rows = []
    for name in list(FOLLOWING)[1:]:
        times = [best[name, days] / best[TWIN, days] for days in LENGTHS]
        growth = [best[name, days] / best[name, LENGTHS[0]] for days in LENGTHS[1:]]
        rows.append(
            {
                "name": f"weekly top 20, {name}, 500 assets x {DAYS:,} days, against its plain twin",
                "ours_seconds": best[name, DAYS],
                "peer_seconds": best[TWIN, DAYS],
                "ratio": 1.0 / times[-1],
                "note": f"times the twin at {', '.join(f'{days:,}' for days in LENGTHS)} days: "
                f"{', '.join(f'{value:.2f}' for value in times)} (limit 2); of the shortest the others take "
                f"{', '.join(f'{value:.2f}' for value in growth)}",
            }
        )
    return rows


LARGE = """
import sys, time
from research.index import build_index
from research.market import load_market
from tests.benchmarks._memory import peak_memory
from tests.benchmarks.engine import methodology
start = time.perf_counter()
market = load_market(sys.argv[1])
loaded = time.perf_counter()
index = build_index(market, methodology())
index.level, index.rebalances, index.decisions
print(loaded - start, time.perf_counter() - loaded, market.prices.size * 8 * 3, peak_memory())
"""


def large_market(assets: int = 20_000, days: int = DAYS) -> dict[str, Any]:
    """A snapshot made for the purpose, read and built in a process of its own, with its peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large"
        write_random_snapshot(path, assets, days)
        run = subprocess.run([sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True)
    load, build, panels, peak = map(float, run.stdout.split())
    return {
        "name": f"Parquet to IndexHistory, {assets:,} assets x {days:,} days",
        "ours_seconds": load + build,
        "peer_seconds": None,
        "ratio": None,
        "note": f"load {load:.0f} s, build {build:.0f} s; peak memory {peak / panels:.2f} x the three panels "
        f"({panels / 2**30:.2f} GiB)",
    }
