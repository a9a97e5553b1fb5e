"""Simple rules on the same market and days, at the same costs: what a signal has to beat to be worth its trouble."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.analysis.level_figures import level_figures
from research.index.history import IndexHistory
from research.index.skill.replay import Timeline, replay, timeline
from research.point_in_time.view import MarketView
from research.rulebook.methodology import Methodology
from research.typing import FloatArray

TREND_DAYS, MOMENTUM_DAYS = 200, 30
BITCOIN = "bitcoin"
TREND, MOMENTUM, EQUAL = "bitcoin above its 200-day mean", "members that rose in 30 days", "members in equal parts"


def passive_twin(rules: Methodology) -> Methodology:
    """The same rulebook without its overlay; weights by signals become weights by market cap, within the same bounds.

    Raises
    ------
    MethodologyError
        If the rulebook has no overlay: it is its own twin.
    """
    if rules.overlay is None:
        raise MethodologyError(f"{rules.name} has no [overlay]: there is no passive twin but itself.")
    weighting, events = rules.weighting, replace(rules.events, freed_weight="members")
    if weighting.scheme == "signal":
        weighting = replace(
            weighting, scheme="market_cap", lookback_days=None, min_observations=None, max_signal_age_days=None
        )
    if weighting.may_leave_a_residual:
        fallback = None if weighting.scheme == "market_cap" else weighting.fallback
        weighting = replace(weighting, infeasible="relax_to_equal", fallback=fallback)
    return replace(rules, name=f"{rules.name}, passive", overlay=None, signals=None, weighting=weighting, events=events)


def rival_levels(index: IndexHistory, *, until: pd.Timestamp | None = None) -> pd.DataFrame:
    """Levels of simple rules, net of fee and half spread, 1 at the base date of the index; shape (days to `until`, 3).

    All decide at the index's determinations from closes up to then, trade on its effective days (`replay`), and keep
    in the stable leg what is not invested: bitcoin while above the mean of its last 200 closes, else nothing; each
    member, at its weight before the overlay, while it stands above its price of 30 days ago; all members in equal
    parts. A member without a price on either day has not risen. A market without bitcoin leaves the first out.
    """
    line = timeline(index, also=(BITCOIN,), until=until)
    bitcoin = int(index.market.prices.columns.get_indexer(pd.Index([BITCOIN]))[0])
    rules = ([TREND] if bitcoin >= 0 else []) + [MOMENTUM, EQUAL]

    def targets(number: int) -> FloatArray:
        view, base = line.decisions[number].view, line.base[number]
        held = {
            MOMENTUM: base * _has_risen(view, line),
            EQUAL: (base > 0) / max((base > 0).sum(), 1),
        }
        if bitcoin >= 0:
            held[TREND] = (line.assets == bitcoin) * float(_is_above_mean(view, bitcoin))
        return np.array([held[rule] for rule in rules])

    return pd.DataFrame(replay(line, targets).net.T, line.dates, rules)


def rival_table(levels: pd.DataFrame, *, risk_free: float = 0.0) -> pd.DataFrame:
    """growth (CAGR), volatility, sharpe (over an annual rate) and max_drawdown of daily levels, a row each."""
    names = {"cagr": "growth", "annualized_volatility": "volatility", "sharpe_ratio": "sharpe"}
    found = level_figures(levels, risk_free=risk_free).drop(columns="total_return")
    return found.rename(columns=names).rename_axis("rule")


def _is_above_mean(view: MarketView, asset: int) -> bool:
    place = np.searchsorted(view.assets, asset)
    if place >= len(view.assets) or view.assets[place] != asset:
        return False
    closes = view.window("price", TREND_DAYS)[:, place]
    known = closes[~np.isnan(closes)]
    return len(closes) == TREND_DAYS and bool(closes[-1] > known.mean())  # NaN is not above


def _has_risen(view: MarketView, line: Timeline) -> FloatArray:
    closes = view.window("price", MOMENTUM_DAYS + 1)
    risen = np.zeros(len(view.source.asset_ids))
    if len(closes) == MOMENTUM_DAYS + 1:
        risen[view.assets] = closes[-1] > closes[0]
    return risen[line.assets]
