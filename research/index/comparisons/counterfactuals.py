"""What the index would have been under slightly other rules: how much of the result hangs on a single choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.evaluation import cagr, returns_from_levels, tracking_error
from research.index.analysis.level_figures import level_figures, lost_levels
from research.index.analysis.trade_costs.capacity import turnover_summary
from research.index.build import build_index
from research.index.history import IndexHistory
from research.index.skill.rivals import passive_twin
from research.market import MarketData
from research.rulebook.methodology import Methodology

SURVIVORS = "survivors only (look-ahead)"
LAGS = (0, 1, 5)


def counterfactuals(index: IndexHistory, *, risk_free: float = 0.0) -> pd.DataFrame:
    """Rebuild the index with one rule changed at a time, and compare over the days that all variants have.

    Variants: no signals (or no overlay, where it follows none), no caps and floors, no buffer, lags of 0, 1 and 5 days,
    dead tokens at their last price and at zero, and only the assets that still had a price at the end. The last one is
    look-ahead on purpose: it measures the bias of an index that forgets its dead.

    Parameters
    ----------
    risk_free : float
        Annual rate, of the Sharpe ratio.

    Returns
    -------
    DataFrame
        Indexed by variant ("as published" first): total_return, cagr, annualized_volatility, sharpe_ratio,
        max_drawdown (fractions; 365 days a year), annual_turnover (one-sided), cagr_difference and
        tracking_error against the published index, and note: why a variant cannot be built, whose figures are NaN, or
        that it has lost everything: its return and growth are -1, and what needs returns from zero on is NaN.
    """
    histories, notes = {"as published": index}, {}
    for name, rules, market in _variants(index):
        try:
            histories[name] = build_index(market, rules, **_inputs_for(index, market))
        except MethodologyError as reason:  # five survivors make no index of ten
            notes[name] = f"cannot be built: {reason}"
    if index.market.prices.iloc[-1].isna().all():
        notes[SURVIVORS] = "cannot be built: no asset has a price on the last day"
    levels = {name: history.level for name, history in histories.items()}
    levels["dead tokens at their last price"] = index.level_if_removed_at_last_price
    levels["dead tokens at zero"] = index.level_if_removed_at_zero
    start = max(level.index[0] for level in levels.values())
    table = pd.DataFrame({name: level.loc[start:] for name, level in levels.items()})
    lost = lost_levels(table)
    notes |= dict.fromkeys(lost, "everything is lost: from zero on there are no returns")
    turnover = {name: turnover_summary(history)["annual"] for name, history in histories.items()}
    result = level_figures(table, risk_free=risk_free)
    result["annual_turnover"] = pd.Series(turnover).reindex(table.columns).fillna(turnover["as published"])
    result["cagr_difference"] = result["cagr"] - result["cagr"]["as published"]
    result["tracking_error"] = _tracking_errors(table.drop(columns=lost)).reindex(table.columns)
    result["note"] = ""
    result = result.reindex(result.index.union(list(notes), sort=False))
    result.loc[list(notes), "note"] = list(notes.values())
    return result.rename_axis("variant")


def rule_effects(variants: pd.DataFrame, index: IndexHistory) -> pd.Series:
    """What each rule has added to growth a year, from `counterfactuals` and the level before costs; largest first.

    Returns
    -------
    Series, index = what was left out of the rules, or "costs"
        CAGR as published less CAGR without it, as a fraction: positive where the rule paid. Of the lags the one that is
        furthest from the published index stands for all. What looks ahead, or could not be built, is left out.
    """
    known = variants.drop(index=["as published", SURVIVORS], errors="ignore")["cagr_difference"].dropna()
    is_lag = known.index.str.startswith("lag of")
    is_dead = known.index.str.startswith("dead tokens")
    effects = -known[~is_lag & ~is_dead]
    effects.index = effects.index.str.removeprefix("no ")
    if is_lag.any():
        lag = str(known[is_lag].abs().idxmax())
        effects[f"the lag, against a {lag}"] = -known[lag]
    effects["costs"] = cagr(returns_from_levels(index.level)) - cagr(returns_from_levels(index.gross_level))
    return effects[effects.abs().sort_values(ascending=False, kind="stable").index].rename("added_growth")


def _tracking_errors(levels: pd.DataFrame) -> pd.Series:
    """Against "as published", by variant; NaN without it."""
    if "as published" not in levels:
        return pd.Series(np.nan, index=levels.columns)
    returns = returns_from_levels(levels)
    errors: pd.Series = tracking_error(returns, returns["as published"])
    return errors


def _variants(index: IndexHistory) -> Iterator[tuple[str, Methodology, MarketData]]:
    """Name, rulebook and market of each variant that differs from what is published."""
    rules, market = index.methodology, index.market
    weighting, selection, schedule = rules.weighting, rules.selection, rules.schedule
    same_start = index.dates[0].date()
    if rules.overlay is not None:
        name = "no signals" if rules.overlay.signals else "no overlay"
        yield name, replace(passive_twin(rules), name=rules.name, base_date=same_start), market
    if weighting.is_bounded:
        yield "no caps and floors", replace(rules, weighting=weighting.unbounded()), market
    if selection.count is not None and selection.buffer != (selection.count, selection.count):
        yield "no buffer", replace(rules, selection=replace(selection, entry_rank=None, exit_rank=None)), market
    for lag in LAGS:
        if lag != schedule.lag_days:
            name = f"lag of {lag} day{'' if lag == 1 else 's'}"
            yield name, replace(rules, schedule=replace(schedule, lag_days=lag)), market
    alive = np.asarray(market.prices.iloc[-1].notna())
    if alive.any():
        survivors = rules if index.signals is None else replace(rules, base_date=same_start)
        yield SURVIVORS, survivors, market.only(list(market.prices.columns[alive]))


def _inputs_for(index: IndexHistory, market: MarketData) -> dict[str, Any]:
    """The index's tables, without lines on assets that a smaller market does not have."""
    known = set(market.prices.columns)
    tables = index.inputs
    if market is index.market:
        return tables
    if index.signals is not None:  # the calls that were made, on those that are left
        made = index.signals.table
        tables["signals"] = made[made["asset_id"].isin(known)]
    for name in ("migrations", "removals", "forks"):
        table = tables.get(name)
        if table is not None:
            ids = [column for column in ("asset_id", "new_asset_id") if column in table]
            tables[name] = table[table[ids].isin(known).all(axis=1)]
    return tables
