"""A hundred variants of a rulebook by `sweep`, against `build_index` a hundred times one after another."""

from __future__ import annotations

import gc
import time
from typing import Any

import numpy as np

from research.index import build_index, sweep
from research.index.sweeps.running import processors
from tests.benchmarks.engine import DAYS, methodology, seeded_market

GRID: dict[str, list[Any]] = {
    "selection.count": [10, 15, 20, 30, 40],
    "weighting.scheme": ["market_cap", "sqrt_market_cap", "equal", "inverse_volatility"],
    "weighting.max_weight": [0.15, 0.25, None],
    "schedule.lag_days": [0, 2],
}
VARIANTS = 100


def run(repeats: int = 2) -> list[dict[str, Any]]:
    """Best of several runs each, in turn; the levels must be the same to the last bit."""
    market = seeded_market(500, DAYS)
    ours, theirs = [], []
    for _ in range(repeats):
        gc.collect()
        start = time.perf_counter()
        found = sweep(market, methodology(), GRID, progress=False)
        ours.append((time.perf_counter() - start) / found.count)
        names = list(found.rulebooks)[:VARIANTS]
        gc.collect()
        start = time.perf_counter()
        levels = {name: build_index(market, found.rulebooks[name]).level for name in names}
        theirs.append((time.perf_counter() - start) / len(names))
        for name, level in levels.items():
            np.testing.assert_array_equal(found.levels[name].dropna().to_numpy(), level.to_numpy())
    return [
        {
            "name": f"{VARIANTS} variants by sweep, 500 assets x {DAYS:,} days, against build_index one after another",
            "ours_seconds": VARIANTS * min(ours),
            "peer_seconds": VARIANTS * min(theirs),
            "ratio": min(theirs) / min(ours),
            "note": f"{processors()} processors; {found.count} variants in the sweep; levels the same to the last bit",
        }
    ]
