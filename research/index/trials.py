"""What was tried on a market: every configuration of an index is noted once, so that tests can count them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from research.evaluation import returns_from_levels
from research.index.history import IndexHistory
from research.market import MarketData
from research.rulebook.methodology import Methodology
from research.signals import Recipe, SignalHistory
from research.signals.registry import ConfigurationRegistry, Trial


def registered(
    index: IndexHistory,
    variants: Mapping[str, IndexHistory],
    closed: pd.Timestamp,
    registry: ConfigurationRegistry | None,
    opened: bool,
) -> tuple[int, int, float]:
    """Configurations tried on the market, openings of its locked part, variance of the trials' Sharpe ratios."""
    if registry is None:
        return 1 + len(variants), 0, float("nan") if variants else 0.0
    market = market_fingerprint(index.market)
    for tried in (index, *variants.values()):
        returns = returns_from_levels(tried.level.loc[:closed])
        deviation = float(returns.std(ddof=1))
        named = tried.signals.recipe if tried.signals is not None else None
        registry.record(
            market=market,
            recipe=_table_fingerprint(tried.tables.get("signals")) if named is None else named.fingerprint,
            rulebook=rules_fingerprint(tried.methodology),
            names=tried.methodology.name + ("" if named is None else f", {named.name}"),
            sharpe=float(returns.mean()) / deviation if deviation > 0 else float("nan"),
            periods=len(returns),
            opened=opened and tried is index,
        )
    trials = len(registry.trials(market))
    return trials, len(registry.openings(market)), registry.sharpe_variance(market) if trials > 1 else 0.0


def recorded(
    market: MarketData,
    rulebooks: Mapping[str, Methodology],
    levels: pd.DataFrame,
    registry: ConfigurationRegistry,
    signals: pd.DataFrame | SignalHistory | None = None,
) -> tuple[int, float]:
    """Note every variant of a sweep as tried, by name; one that was noted before is no further trial.

    Parameters
    ----------
    rulebooks : mapping of str to Methodology
    levels : DataFrame
        Over the same days, by name; one that is not there has lost everything, and no Sharpe ratio.
    signals : DataFrame or SignalHistory, optional
        Those that were given to all; else each has those of its recipe.

    Returns
    -------
    tuple of int and float
        Configurations ever tried on the market; variance of their Sharpe ratios per period, NaN if it is not known.
    """
    key, returns = market_fingerprint(market), returns_from_levels(levels).iloc[1:]
    given = _table_fingerprint(signals.table if isinstance(signals, SignalHistory) else signals)
    deviation = returns.std(ddof=1)
    sharpe = returns.mean() / deviation.where(deviation > 0)
    recipes = {rules.signals.recipe for rules in rulebooks.values() if rules.signals is not None}
    prints = {name: Recipe.load(name).fingerprint for name in recipes}
    registry.record_all(
        Trial(
            market=key,
            recipe=given or ("" if rules.signals is None else prints[rules.signals.recipe]),
            rulebook=rules_fingerprint(rules),
            names=f"{rules.name}, {name}",
            first_look="",
            sharpe=float(sharpe.get(name, float("nan"))),
            periods=len(returns),
        )
        for name, rules in rulebooks.items()
    )
    return len(registry.trials(key)), registry.sharpe_variance(key)


def _table_fingerprint(table: pd.DataFrame | None) -> str:
    """That of the calls that were given: other calls are another configuration."""
    if table is None:
        return ""
    said = table.sort_values(["date", "asset_id"])[["date", "asset_id", "signal"]]
    return hashlib.sha256(said.to_csv(index=False).encode()).hexdigest()[:16]


def rules_fingerprint(rules: Methodology) -> str:
    """The same for rulebooks that say the same under whatever name; 64 hexadecimal digits."""
    nameless = replace(rules, name="rules", description="", source="", signals=None)
    said = ", ".join(f"{field.name}={getattr(nameless, field.name)!r}" for field in fields(nameless))
    return hashlib.sha256(f"Methodology({said})".encode()).hexdigest()


def market_fingerprint(market: MarketData) -> str:
    """That of the snapshot; of the prices for a market made in memory."""
    if market.manifest.sha256:
        return market.manifest.fingerprint
    digest = hashlib.sha256(str((market.dates[0], list(market.prices.columns))).encode())
    digest.update(np.ascontiguousarray(market.prices.to_numpy()).tobytes())
    return digest.hexdigest()
