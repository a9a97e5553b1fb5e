"""What a rulebook costs on a market that others were built on, what costly rules cost, and plain numpy beside it all.

Processor time, the best of several runs in turn: what else the machine does would drown the differences.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index import Methodology, build_index
from research.market import MarketData
from research.settings import from_table
from tests.benchmarks.engine import CAP, COUNT, DAYS, seeded_market

ASSETS, FEE = 500, 1e-3
SCREENS = {"min_history_days": 90, "min_valid_share": 0.9, "min_volume": 1e4, "exclude_pegged": ["usd"]}
RANKED_BY = ("market_cap", "market_cap_median_30d", "volume_median_30d", "market_cap_mean_30d", "volume_mean_30d")
COSTLY: dict[str, dict[str, dict[str, Any]]] = {
    "risk parity of 20": {"weighting": {"scheme": "risk_parity"}},
    "risk parity of 50": {"weighting": {"scheme": "risk_parity"}, "selection": {"count": 50}},
    "risk parity of 100": {"weighting": {"scheme": "risk_parity"}, "selection": {"count": 100}},
    "weights by a smoothed cap": {"weighting": {"size_by": "market_cap_ema_30d"}},
    "copies of the 10 largest screened": {"universe": {"exclude_copies_of": 10}},
    "bands of drift": {"schedule": {"reconstitution": "monthly", "drift_absolute": 0.02}},
    "number of members by an information criterion": {
        "selection": {"rule": "information_criterion", "criterion": "aic", "first_count": 5, "step": 5}
    },
}
MANY, MONTHS_OF_MANY = 20_000, 12


def rules(**tables: dict[str, Any]) -> Methodology:
    """The 20 largest every month, and what else is asked for."""
    table = {"name": "Benchmark", "selection": {"count": COUNT}, "schedule": {"reconstitution": "monthly"}}
    return from_table(Methodology, table | tables, "benchmark", MethodologyError)


def seconds_on_new(market: MarketData, book: Methodology, repeats: int) -> float:
    """Seconds of a build and its level on a market of which nothing has been worked out yet."""
    fresh = iter([market.until(market.dates[-1]) for _ in range(repeats)])
    return taken(lambda: build_index(next(fresh), book).level, repeats)


def variants() -> Iterator[Methodology]:
    """A hundred rulebooks that a sweep might ask for: five numbers of members, four weightings, five measures."""
    weightings = [{"scheme": scheme} | cap for scheme in ("market_cap", "equal") for cap in ({}, {"max_weight": CAP})]
    for count, weighting, measure in itertools.product((10, 15, 20, 25, 30), weightings, RANKED_BY):
        yield rules(
            universe=SCREENS,
            selection={"count": count, "rank_by": measure},
            weighting=weighting,
            costs={"fee_bps": 10, "half_spread_bps": "by_rank"},
        )


def taken(work: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of processor time, the best of several runs."""
    best = np.inf
    for _ in range(repeats):
        gc.collect()
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return float(best)


def a_hundred_on_one_market() -> dict[str, Any]:
    """A hundred rulebooks on one market, against each of them on a market that knows nothing yet; the same levels."""
    market, asked = seeded_market(ASSETS, DAYS), list(variants())
    levels: dict[str, list[float]] = {}

    def built(name: str, markets: Iterator[MarketData]) -> None:
        levels[name] = [build_index(one, book).level.iloc[-1] for one, book in zip(markets, asked, strict=False)]

    alone = taken(lambda: built("alone", (market.until(market.dates[-1]) for _ in itertools.count())), 1)
    ours = taken(lambda: built("shared", itertools.repeat(market)), 1)
    if levels["alone"] != levels["shared"]:
        raise AssertionError("an index depends on what was built before it on its market")
    note = f"peer: each on a market of its own; {ours / alone:.2f} of it (limit a third); levels equal to the bit"
    return row(f"{len(asked)} rulebooks, {ASSETS} x {DAYS:,}", ours, alone, note)


def plain_numpy(prices: np.ndarray, caps: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The level of the monthly top 20, capped, at 10 bp: no record of anything, and no look for what is missing."""
    level = np.ones(len(prices) - ends[0])
    value, held, units = 1.0, np.zeros(prices.shape[1]), np.zeros(prices.shape[1])
    for start, stop in itertools.pairwise([*ends, len(prices) - 1]):
        top = np.argsort(-caps[start], kind="stable")[:COUNT]
        weights = caps[start, top] / caps[start, top].sum()
        while (over := weights > CAP + 1e-12).any():
            free = weights < CAP - 1e-12
            free &= ~over
            weights[over] = CAP
            weights[free] *= (1.0 - weights[~free].sum()) / weights[free].sum()
        target = np.zeros(prices.shape[1])
        target[top] = weights
        cost = 0.0
        for _ in range(50 if held.any() else 0):
            cost = FEE * np.abs(target * (1.0 - cost) - held).sum()
        value *= 1.0 - cost
        units = value * weights / prices[start, top]
        path = prices[start : stop + 1, top] @ units
        level[start - ends[0] : stop + 1 - ends[0]] = path
        value = path[-1]
        held = np.zeros(prices.shape[1])
        held[top] = units * prices[stop, top] / value
    return level


def against_numpy() -> dict[str, Any]:
    """`build_index` with its records and its level against the shortest numpy that gives the same level."""
    market = seeded_market(ASSETS, DAYS)
    table = {"costs": {"fee_bps": 10}, "weighting": {"max_weight": CAP}}
    book = rules(**table, schedule={"reconstitution": "monthly", "lag_days": 0})
    prices, caps = market.prices.to_numpy(), market.market_caps.to_numpy()
    ends = np.flatnonzero(market.dates.is_month_end)
    level = build_index(market, book).level.to_numpy()
    error = np.abs(level / level[0] / plain_numpy(prices, caps, ends) - 1).max()
    if error > 1e-9:
        raise AssertionError(f"the level of plain numpy differs by {error:.1e}")
    first = seconds_on_new(market, book, 7)
    again = taken(lambda: build_index(market, book).level, 7)
    peer = taken(lambda: plain_numpy(prices, caps, ends), 7)
    note = f"peer: a level alone, by {error:.0e}; {first / peer:.1f} times it on a new market, {again / peer:.1f} again"
    return row(f"build_index and level, {ASSETS} x {DAYS:,}, against plain numpy", first, peer, note)


def costly_rules() -> list[dict[str, Any]]:
    """Rules that cost more than the monthly top 20 by market cap, against it, each on a market that is new."""
    market = seeded_market(ASSETS, DAYS)
    plain, rows = seconds_on_new(market, rules(), 5), []
    for name, tables in COSTLY.items():
        ours = seconds_on_new(market, rules(**tables), 3)
        rows.append(row(name, ours, plain, f"peer: the 20 largest by market cap; {ours / plain:.1f} times it"))
    dead, filled = with_the_dead(market)
    events = {"carry_days": 1, "remove_after_days": 9999}
    everyone = rules(selection={"rule": "all"}, events=events)
    ours, peer = seconds_on_new(dead, everyone, 3), seconds_on_new(filled, everyone, 3)
    note = f"peer: the same market filled; {ours / peer:.1f} times it"
    return [*rows, row("a third of the assets dead, carried and never removed", ours, peer, note), screens_of_many()]


def screens_of_many() -> dict[str, Any]:
    """Four screens over many assets, against the same without them."""
    many = seeded_market(MANY, 31 * MONTHS_OF_MANY)
    ours, peer = (seconds_on_new(many, rules(universe=screens), 2) for screens in (SCREENS, {}))
    note = f"peer: the same without screens; {ours / peer:.1f} times it"
    return row(f"four screens, {MANY:,} assets, {MONTHS_OF_MANY} months", ours, peer, note)


def with_the_dead(market: MarketData) -> tuple[MarketData, MarketData]:
    """The market with every third asset dead from the fifth year on, and the same with its last price carried on."""
    prices, caps = market.prices.copy(), market.market_caps.copy()
    last = DAYS // 2
    prices.iloc[last:, ::3] = caps.iloc[last:, ::3] = np.nan
    frames = [prices, caps, market.volumes.where(prices.notna())]
    return MarketData.from_panels(*frames), MarketData.from_panels(*(pd.DataFrame.ffill(frame) for frame in frames))


def row(name: str, ours: float, theirs: float, note: str) -> dict[str, Any]:
    return {"name": name, "ours_seconds": ours, "peer_seconds": theirs, "ratio": theirs / ours, "note": note}


def run() -> list[dict[str, Any]]:
    """Every benchmark of this module."""
    return [a_hundred_on_one_market(), against_numpy(), *costly_rules()]
