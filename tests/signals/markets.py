"""Small seeded markets and recipes for the tests of signals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from research.index import Methodology
from research.market import MarketData
from research.point_in_time.view import PointInTime
from research.signals import Recipe
from research.signals.recipe import FeatureChoice, Model, Refits
from tests.index.markets import rules

FEW = ("momentum_7d", "momentum_30d", "volatility_30d", "drawdown_90d", "beta_btc_60d")
"""Features that need closes alone."""


def market(seed: int = 1, *, days: int = 420, assets: int = 12, effect: float = 0.0) -> MarketData:
    """Daily closes with a common factor; bitcoin and ethereum are the first two, some list late, one has a gap.

    `effect` is the daily drift of one standard deviation of each week's hidden signal, which shows in the volume of the
    day on which the week is decided.
    """
    rng = np.random.default_rng(seed)
    index = pd.date_range("2020-01-06", periods=days)
    names = ["bitcoin", "ethereum", *(f"asset-{number:02d}" for number in range(assets - 2))]
    returns = rng.normal(0, 0.02, (days, 1)) + rng.normal(0, 0.03, (days, assets))
    price = 100 * np.exp(np.cumsum(returns, axis=0))
    volume = 1e7 * rng.lognormal(0, 0.3, (days, assets))
    price[:60, assets - 1] = np.nan
    price[150:153, assets - 2] = np.nan
    prices = pd.DataFrame(price, index, names)
    return MarketData.from_panels(prices, prices * 1e6, pd.DataFrame(volume, index, names).where(prices.notna()))


def recipe(kind: str = "ridge", **changes: Any) -> Recipe:
    """A recipe that a small market can serve: refits every eight weeks from the sixteenth on."""
    model = (
        Model(kind="composite", terms={"momentum_30d": 1.0, "volatility_30d": -0.5})
        if kind == "composite"
        else Model(kind=kind, trees=10)
        if kind == "boosting"
        else Model(kind=kind, penalties=(0.01, 0.1) if kind == "elastic_net" else (0.1, 10.0))
    )
    base = Recipe(
        name=kind,
        min_assets=5,
        features=FeatureChoice() if kind == "composite" else FeatureChoice(names=FEW),
        model=model,
        refits=Refits(every_weeks=8, min_weeks=16, folds=3),
    )
    return replace(base, **changes)


def source(seed: int = 1, **options: Any) -> PointInTime:
    return PointInTime(market(seed, **options))


def signal_rules(path: Path, **tables: Any) -> Methodology:
    """A rulebook with a stable leg whose recipe, written to `path`, a small market can serve."""
    path.write_text(
        'name = "small"\nmin_assets = 5\n[model]\nkind = "ridge"\n'
        '[features]\nnames = ["momentum_7d", "volatility_30d"]\n'
        "[refits]\nmin_weeks = 16\nfolds = 3\n",
        encoding="utf-8",
    )
    schedule = {"reconstitution": "monthly", "rebalance": "weekly", "weekday": "sunday", "lag_days": 1}
    overlay = {"stable_leg": ["usd-a"]}
    return rules(**{"schedule": schedule, "overlay": overlay, "signals": {"recipe": str(path)}} | tables)
