"""What the index would have been under slightly other rules: how much of the result hangs on a single choice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.evaluation import (
    annualized_volatility,
    cagr,
    max_drawdown,
    returns_from_levels,
    sharpe_ratio,
    tracking_error,
)
from research.index.analysis.capacity import turnover_summary
from research.index.build import build_index
from research.index.history import IndexHistory
from research.market import MarketData
from research.rulebook.methodology import Methodology

LAGS = (0, 1, 5)


def counterfactuals(index: IndexHistory) -> pd.DataFrame:
    """Rebuild the index with one rule changed at a time, and compare over the days that all variants have.

    Variants: no caps and floors, no buffer, lags of 0, 1 and 5 days, dead tokens at their last price and at zero, and
    only the assets that still had a price at the end. The last one is look-ahead on purpose: it measures the bias of
    an index that forgets its dead.

    Returns
    -------
    DataFrame
        Indexed by variant ("as published" first): total_return, cagr, annualized_volatility, sharpe_ratio,
        max_drawdown (fractions; 365 days a year; no risk-free rate), annual_turnover (one-sided), cagr_difference and
        tracking_error against the published index, and note: why a variant cannot be built, whose figures are NaN.
    """
    histories, notes = {"as published": index}, {}
    for name, rules, market in _variants(index):
        try:
            histories[name] = build_index(market, rules, **_tables_for(index, market))
        except MethodologyError as reason:  # five survivors make no index of ten
            notes[name] = f"cannot be built: {reason}"
    levels = {name: history.level for name, history in histories.items()}
    levels["dead tokens at their last price"] = index.level_if_removed_at_last_price
    levels["dead tokens at zero"] = index.level_if_removed_at_zero
    start = max(level.index[0] for level in levels.values())
    table = pd.DataFrame({name: level.loc[start:] for name, level in levels.items()})
    returns = returns_from_levels(table)
    published = returns["as published"]
    turnover = {name: turnover_summary(history)["annual"] for name, history in histories.items()}
    result = pd.DataFrame(
        {
            "total_return": table.iloc[-1] / table.iloc[0] - 1.0,
            "cagr": cagr(returns),
            "annualized_volatility": annualized_volatility(returns),
            "sharpe_ratio": sharpe_ratio(returns),
            "max_drawdown": max_drawdown(returns),
            "annual_turnover": pd.Series(turnover).reindex(table.columns).fillna(turnover["as published"]),
        }
    )
    result["cagr_difference"] = result["cagr"] - float(cagr(published))
    result["tracking_error"] = tracking_error(returns, published)
    result["note"] = ""
    result = result.reindex([*result.index, *notes])
    result.loc[list(notes), "note"] = list(notes.values())
    return result.rename_axis("variant")


def _variants(index: IndexHistory) -> Iterator[tuple[str, Methodology, MarketData]]:
    """Name, rulebook and market of each variant that differs from what is published."""
    rules, market = index.methodology, index.market
    weighting, selection, schedule = rules.weighting, rules.selection, rules.schedule
    if weighting.is_bounded:
        yield "no caps and floors", replace(rules, weighting=weighting.unbounded()), market
    if selection.count is not None and selection.buffer != (selection.count, selection.count):
        yield "no buffer", replace(rules, selection=replace(selection, entry_rank=None, exit_rank=None)), market
    for lag in LAGS:
        if lag != schedule.lag_days:
            name = f"lag of {lag} day{'' if lag == 1 else 's'}"
            yield name, replace(rules, schedule=replace(schedule, lag_days=lag)), market
    alive = np.asarray(market.prices.iloc[-1].notna())
    yield "survivors only (look-ahead)", rules, market.only(list(market.prices.columns[alive]))


def _tables_for(index: IndexHistory, market: MarketData) -> dict[str, pd.DataFrame | None]:
    """The index's tables, without lines on assets that a smaller market does not have."""
    known = set(market.prices.columns)
    tables = dict(index.tables)
    for name in ("migrations", "removals", "forks"):
        table = tables.get(name)
        if table is not None:
            ids = [column for column in ("asset_id", "new_asset_id") if column in table]
            tables[name] = table[table[ids].isin(known).all(axis=1)]
    return tables
