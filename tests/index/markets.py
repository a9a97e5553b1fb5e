"""Small seeded markets and rulebooks for the tests of the index engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index import Methodology
from research.market import MarketData
from research.settings import from_table

COINS = ("usd-a", "usd-b")
ACTION = ["date", "asset_id", "new_asset_id", "ratio"]  # at random, so confirmed: prices contradict them
NEVER_MOVED = 3  # no table of `random_case` names this asset


def random_market(seed: int, *, days: int = 200, assets: int = 12, defects: bool = True) -> MarketData:
    """Random walks with caps and volumes; with `defects` also late listings, gaps and deaths."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2020-01-01", periods=days)
    columns = [f"asset-{number:02d}" for number in range(assets)]
    price = np.exp(np.cumsum(rng.normal(0, 0.05, (days, assets)), axis=0)) * rng.lognormal(0, 2, assets)
    supply = rng.lognormal(15, 1.5, assets) * np.exp(np.cumsum(np.abs(rng.normal(0, 1e-3, (days, assets))), axis=0))
    volume = price * supply * rng.lognormal(-3.5, 0.5, (days, assets))
    if defects:
        for asset in range(assets // 3, assets):
            price[: rng.integers(0, days // 3), asset] = np.nan
            gap = rng.integers(days // 3, days - 20)
            price[gap : gap + rng.integers(1, 16), asset] = np.nan
        price[days - rng.integers(20, days // 3) :, assets - 1] = np.nan
    prices = pd.DataFrame(price, index, columns)
    return MarketData.from_panels(prices, prices * supply, pd.DataFrame(volume, index, columns).where(prices.notna()))


def rules(**tables: Any) -> Methodology:
    """A rulebook from keyword tables, read as a TOML file would be."""
    table: dict[str, Any] = {"name": "Test index", "selection": {"count": 5}}
    return from_table(Methodology, table | tables, "test.toml", MethodologyError)


def needed_tables(market: MarketData, methodology: Methodology, seed: int = 11) -> dict[str, pd.DataFrame]:
    """Seeded signals and ballots for the rulebooks that ask for them."""
    rng = np.random.default_rng(seed)
    tables = {}
    if methodology.overlay is not None and methodology.overlay.signals:
        lines = [(day, asset) for day in market.dates[::7] for asset in market.prices.columns]
        table = pd.DataFrame(lines, columns=["date", "asset_id"])
        tables["signals"] = table.assign(signal=rng.choice(["bullish", "neutral", "bearish"], len(table)))
    if methodology.selection.rule == "votes":
        ballots = []
        for day in market.dates[1:-5:30]:
            for voter, asset in enumerate(rng.choice(market.prices.columns, 40)):
                line = (f"proposal-{day:%Y-%m-%d}", f"voter-{voter:02d}", float(rng.pareto(1.2) + 1))
                ballots += [(day, *line, ""), (day + pd.Timedelta(days=2), *line, asset)]  # snapshot first, then vote
        tables["votes"] = pd.DataFrame(ballots, columns=["date", "proposal", "voter", "power", "choice"])
    return tables


def with_stablecoins(market: MarketData, seed: int, deviation: float = 0.006) -> MarketData:
    """The market with two tagged stablecoins that wander about 1 USD, and now and then lose their peg."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, deviation, (len(market.dates), len(COINS)))
    noise[rng.random(noise.shape) < 0.02] -= 0.05
    peg = pd.DataFrame(1 + noise, market.dates, list(COINS))
    tags = pd.DataFrame({"asset_id": COINS, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    return MarketData.from_panels(
        market.prices.join(peg),
        market.market_caps.join(peg * 1e3),
        market.volumes.join(peg * 1e3),
        tags=tags.astype({"valid_from": "datetime64[us]"}),
    )


def with_ranges(market: MarketData, seed: int) -> MarketData:
    """The market with open, high and low about each close."""
    rng = np.random.default_rng(seed)
    shape = market.prices.shape
    close, first = market.prices, market.prices * np.exp(rng.normal(0, 0.02, shape))
    top, bottom = np.maximum(close, first), np.minimum(close, first)
    extra = {"open": first, "high": top * (1 + rng.random(shape) / 50), "low": bottom * (1 - rng.random(shape) / 50)}
    return MarketData.from_panels(market.prices, market.market_caps, market.volumes, extra=extra)


def with_new_units(market: MarketData, seed: int) -> MarketData:
    """The market with evident redenominations: prices leap on a day, supplies the other way; some come back."""
    rng = np.random.default_rng(seed)
    factors = np.ones(market.prices.shape)
    for asset in range(market.prices.shape[1]):
        day, stays = rng.integers(40, len(factors) - 20), rng.choice([1, 5, len(factors)])
        factors[day : day + stays, asset] = float(rng.choice([1e-3, 0.1, 7.3, 100.0]))
    return MarketData.from_panels(market.prices * factors, market.market_caps, market.volumes)


def random_case(tables: dict[str, Any], seed: int) -> tuple[MarketData, Methodology, dict[str, pd.DataFrame]]:
    """A random market with what the rules in `tables` need, the rulebook, and the tables that are known besides.

    The key "known" of `tables` is not the rulebook's: it names tables of announcements to be made up.
    """
    known = tables.get("known", ())
    methodology = rules(**{key: table for key, table in tables.items() if key != "known"})
    market = random_market(seed)
    if methodology.overlay is not None:
        market = with_stablecoins(market, seed)
    if methodology.costs.half_spread_bps == "estimated":
        market = with_ranges(market, seed)
    if "new units" in known:
        market = with_new_units(market, seed)
    rng = np.random.default_rng(seed + 1)
    names = [str(name) for name in market.prices.columns if name not in COINS]
    free = [name for place, name in enumerate(names) if place != NEVER_MOVED]
    chosen = rng.permutation(free)
    days = market.dates[rng.integers(90, len(market.dates) - 5, len(chosen))].to_numpy()
    announced = needed_tables(market, methodology, seed)
    if "migrations" in known:
        moves = [(days[0], chosen[0], chosen[1], 2.0), (days[1], chosen[2], chosen[2], 100.0)]
        announced["migrations"] = pd.DataFrame(moves, columns=ACTION).assign(confirmed=True)
    if "forks" in known:
        new = [(days[5], chosen[5], chosen[6], 0.5), (days[6], chosen[7], chosen[8], 3.0)]
        announced["forks"] = pd.DataFrame(new, columns=ACTION).assign(confirmed=True)
    if "removals" in known:
        exits = [(days[2], chosen[3], "halted"), (days[3], chosen[4], "delisted")]
        announced["removals"] = pd.DataFrame(exits, columns=["date", "asset_id", "reason"])
    return market, methodology, announced
