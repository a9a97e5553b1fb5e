"""How a trade is worked out: who can be traded today, what is bought and sold, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from research.index.costs import trade_cost
from research.index.decision import Decision
from research.index.overlay import stable_coin
from research.index.records import Trade
from research.index.view import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from research.index.portfolio import Portfolio

NOTIONAL = 1e9


def rebalance(portfolio: Portfolio, decision: Decision) -> Trade:
    """Move to the decision's weights.

    The decision fixed weights at the determination's prices, and with them the proportions of units: by today they
    have drifted with prices, as a provider's published weighting factors do. Without a price today a member keeps its
    units, a newcomer is not bought, and the others share the rest in proportion.
    """
    source, row = portfolio.source, portfolio.row
    merged = {step.new: step for step in source.conversions if step.new != step.old and decision.row < step.row <= row}
    assets = np.union1d(portfolio.assets, np.append(decision.members, [step.old for step in merged.values()]))
    assets = assets.astype(np.int64)
    prices, printed = source.carried_prices(row, assets)
    units = np.zeros(len(assets))
    units[np.searchsorted(assets, portfolio.assets)] = portfolio.units
    values = units * prices
    total = values.sum() + portfolio.cash
    place = np.searchsorted(assets, decision.members)
    target, shape, rank = np.zeros(len(assets)), np.zeros(len(assets)), np.zeros(len(assets), dtype=np.int64)
    target[place] = decision.weights
    shape[place] = decision.weights * prices[place] / decision.prices
    rank[place] = decision.member_ranks
    for new, step in sorted(merged.items(), key=lambda item: item[1].row):
        source_place, home = np.searchsorted(assets, [new, step.old])
        if assets[source_place] == new and target[source_place] > 0:
            then = source.prices[step.row, step.old]  # at the exchange both are worth the same
            shape[home] += shape[source_place] * prices[home] / then
            target[home] += target[source_place]
            shape[source_place] = target[source_place] = 0.0
    missing = printed < row
    flagged = np.isin(assets, [removal.asset for removal in source.removals if removal.row <= row])
    announced_today = np.isin(assets, [removal.asset for removal in source.removals if removal.row == row])
    frozen = (missing | announced_today | np.isin(assets, decision.unweighted)) & (values > 0)
    buyable = (shape > 0) & ~missing & ~flagged & ~frozen
    after = np.where(frozen, values, 0.0)
    rest = max(total - after.sum(), 0.0)
    if buyable.any():
        after[buyable] = shape[buyable] / shape[buyable].sum() * rest
    trade = Trade(
        row=row,
        cause=decision.cause,
        decision=decision,
        assets=assets,
        rank=rank,
        target=target,
        before=values / total,
        after=after / total,
        units=_units(after, prices, frozen, units),
        price=prices,
        frozen=frozen,
        written_off=np.zeros(len(assets), dtype=bool),
        value=float(total),
        cash_before=portfolio.cash / total,
        cash_after=0.0 if buyable.any() else rest / total,
        market_value=_notional(decision) * shape[buyable].sum() / (rest / total)
        if rest > 0 and buyable.any()
        else np.nan,
    )
    # the base value is what the first basket is worth: its purchase lies before the index
    return trade if decision.cause == "initial" else _priced(portfolio, trade)


def conversion(portfolio: Portfolio, old: int, new: int) -> Trade:
    """Exchange what is held of `new` for `old`, value for value: the two are one asset from now on."""
    source, row = portfolio.source, portfolio.row
    assets = np.union1d(portfolio.assets, [old]).astype(np.int64)
    prices, _ = source.carried_prices(row, assets)
    units = np.zeros(len(assets))
    units[np.searchsorted(assets, portfolio.assets)] = portfolio.units
    values = units * prices
    total = values.sum() + portfolio.cash
    after = values.copy()
    after[assets == old] += values[assets == new]
    after[assets == new] = 0.0
    touched = np.isin(assets, [old, new])
    nobody = np.zeros(len(assets), dtype=bool)
    return Trade(
        row=row,
        cause="conversion",
        decision=None,
        assets=assets,
        rank=np.zeros(len(assets), dtype=np.int64),
        target=after / total,
        before=values / total,
        after=after / total,
        units=_units(after, prices, ~touched, units),
        price=prices,
        frozen=nobody,
        written_off=nobody,
        value=float(total),
        cash_before=portfolio.cash / total,
        cash_after=portfolio.cash / total,
    )


def removal(portfolio: Portfolio, gone: BoolArray, stale: IntArray) -> Trade:
    """Sell the members in `gone` and put the value where the rulebook says, as far as that trades today."""
    assets = portfolio.assets
    prices, _ = portfolio.source.carried_prices(portfolio.row, assets)
    units = portfolio.units
    stable = _stable_leg(portfolio)
    if stable is not None and stable not in assets:
        assets, units, prices, gone, stale = _with_stable_leg(portfolio, stable, prices, gone, stale)
    values = units * prices
    total = values.sum() + portfolio.cash
    open_today = (stale == 0) & ~gone
    takers = open_today if stable is None else (assets == stable) & ~gone
    after = np.where(gone, 0.0, values)
    freed, room = values[gone].sum(), values[takers].sum()
    if room > 0:
        after[takers] *= 1.0 + freed / room
    elif takers.any():
        after[takers] = freed / takers.sum()
    frozen = ~open_today & ~gone
    before, now = values / total, after / total
    trade = Trade(
        row=portfolio.row,
        cause="removal",
        decision=None,
        assets=assets,
        rank=np.zeros(len(assets), dtype=np.int64),
        target=now,
        before=before,
        after=now,
        units=_units(after, prices, frozen, units),
        price=prices,
        frozen=frozen,
        written_off=gone & (stale > 0),
        value=float(total),
        cash_before=portfolio.cash / total,
        cash_after=(portfolio.cash + (0.0 if takers.any() else freed)) / total,
    )
    return _priced(portfolio, trade)


def _stable_leg(portfolio: Portfolio) -> int | None:
    """The stablecoin that takes the value of a removed member, where the rulebook wants one."""
    overlay = portfolio.methodology.overlay
    if overlay is None or portfolio.methodology.events.freed_weight != "stable":
        return None
    return stable_coin(portfolio.source.at(portfolio.row), overlay)


def _with_stable_leg(
    portfolio: Portfolio, stable: int, prices: FloatArray, gone: BoolArray, stale: IntArray
) -> tuple[IntArray, FloatArray, FloatArray, BoolArray, IntArray]:
    """The arrays with a place for a stablecoin that is not held yet."""
    place = int(np.searchsorted(portfolio.assets, stable))
    price = portfolio.source.prices[portfolio.row, stable]
    return (
        np.insert(portfolio.assets, place, stable),
        np.insert(portfolio.units, place, 0.0),
        np.insert(prices, place, price),
        np.insert(gone, place, False),
        np.insert(stale, place, 0),
    )


def _priced(portfolio: Portfolio, trade: Trade) -> Trade:
    """The trade with what it costs on today's terms; what is frozen does not trade."""
    moved = ~trade.frozen & ((trade.before > 0) | (trade.after > 0))
    view = portfolio.source.at(portfolio.row)
    cost, note = trade_cost(
        view, portfolio.methodology.costs, trade.assets[moved], trade.before[moved], trade.after[moved]
    )
    return replace(trade, cost=cost, cost_note=note)


def _units(values: FloatArray, price: FloatArray, frozen: BoolArray, before: FloatArray) -> FloatArray:
    """Units for the values held after a trade; frozen ones stay as they are, to the last bit."""
    units = np.divide(values, price, out=np.zeros_like(values), where=values > 0)
    return np.where(frozen, before, units)


def _notional(decision: Decision) -> float:
    """Index market value at the determination: the members' market caps, or a round sum where one is unknown."""
    total = decision.market_caps.sum()
    return NOTIONAL if np.isnan(total) else float(total)
