"""Small seeded markets and rulebooks for the tests of the index engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index import Methodology
from research.market import MarketData
from research.settings import from_table


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
