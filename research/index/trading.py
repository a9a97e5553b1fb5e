"""How a trade is worked out: who can be traded today, what is bought and sold, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from research.index.costs import trade_cost
from research.index.records import Decision, Trade
from research.index.stable_leg import leg_places, stable_coin
from research.index.succession import following
from research.index.view import FloatArray, IntArray

if TYPE_CHECKING:
    from research.index.portfolio import Portfolio

NOTIONAL = 1e9


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """What a portfolio holds at today's close, before a trade. Arrays of shape (k,) are over `assets`, sorted.

    `stale` are the days since the price of an asset was printed; `total` is the value of everything, `cash` included.
    """

    assets: IntArray
    units: FloatArray
    prices: FloatArray
    stale: IntArray
    values: FloatArray
    total: float
    cash: float


def standing(portfolio: Portfolio, also: Iterable[int] = ()) -> Standing:
    """What is held now, with places for the assets in `also` that are to be held."""
    assets = np.union1d(portfolio.assets, np.asarray(list(also), dtype=np.int64)).astype(np.int64)
    prices, printed = portfolio.source.carried_prices(portfolio.row, assets)
    units = np.zeros(len(assets))
    units[np.searchsorted(assets, portfolio.assets)] = portfolio.units
    values = units * prices
    return Standing(
        assets=assets,
        units=units,
        prices=prices,
        stale=portfolio.row - printed,
        values=values,
        total=float(values.sum() + portfolio.cash),
        cash=portfolio.cash,
    )


def rebalance(portfolio: Portfolio, decision: Decision) -> Trade:
    """Move to the decision's weights.

    The decision fixed weights at the determination's prices, and with them the proportions of units: by today they
    have drifted with prices, as a provider's published weighting factors do. Without a price today a member keeps its
    units, a newcomer is not bought, and the others share the rest in proportion.
    """
    source, row = portfolio.source, portfolio.row
    decision = following(decision, row)
    held = standing(portfolio, decision.members)
    assets, total = held.assets, held.total
    place = np.searchsorted(assets, decision.members)
    shape = np.zeros(len(assets))
    shape[place] = decision.weights * held.prices[place] / decision.prices
    missing = held.stale > 0
    flagged = np.isin(assets, [removal.asset for removal in source.removals if removal.row <= row])
    announced_today = np.isin(assets, [removal.asset for removal in source.removals if removal.row == row])
    frozen = (missing | announced_today | np.isin(assets, decision.unweighted)) & (held.values > 0)
    buyable = (shape > 0) & ~missing & ~flagged & ~frozen
    after = np.where(frozen, held.values, 0.0)
    rest = max(total - after.sum(), 0.0)
    market_value = np.nan
    if buyable.any():
        after[buyable] = shape[buyable] / shape[buyable].sum() * rest
        if rest > 0:
            market_value = _notional(decision) * shape[buyable].sum() / (rest / total)
    cash = 0.0 if buyable.any() else rest
    trade = _trade(portfolio, held, decision.cause, after, decision=decision, cash=cash)
    trade = replace(trade, frozen=frozen, market_value=market_value)
    # the base value is what the first basket is worth: its purchase lies before the index
    return trade if decision.cause == "initial" else _priced(portfolio, trade)


def conversion(portfolio: Portfolio, old: int, new: int) -> Trade:
    """Exchange what is held of `new` for `old`, value for value: the two are one asset from now on."""
    held = standing(portfolio, [old])
    after = held.values.copy()
    after[held.assets == old] += held.values[held.assets == new]
    after[held.assets == new] = 0.0
    return _trade(portfolio, held, "conversion", after)


def switch(portfolio: Portfolio, decision: Decision) -> Trade | None:
    """Move what the stable leg holds in other coins into the one decided on; members keep their units.

    None where nothing moves: the leg is empty by now, or today one of the two has no price.
    """
    overlay, stable = portfolio.methodology.overlay, decision.stable
    assert overlay is not None
    assert stable is not None
    held = standing(portfolio, [stable])
    leg = np.isin(held.assets, leg_places(portfolio.source, overlay)) & (held.values > 0) & (held.assets != stable)
    left = leg & (held.stale == 0)
    into = held.assets == stable
    if not left.any() or held.stale[into][0] > 0:
        return None
    after = np.where(left, 0.0, held.values)
    after[into] += held.values[left].sum()
    trade = _trade(portfolio, held, decision.cause, after, decision=following(decision, portfolio.row))
    return _priced(portfolio, replace(trade, frozen=leg & ~left))


def fork_sale(portfolio: Portfolio, new: int, units: float) -> Trade:
    """Sell the coins that a fork has brought and put the proceeds into what is held, in proportion."""
    held = standing(portfolio, [new])
    coin = held.assets == new
    gain = float(units * held.prices[coin][0])
    open_today = (held.stale == 0) & (held.values > 0)
    room = held.values[open_today].sum()
    after = held.values.copy()
    if room > 0:
        after[open_today] *= 1.0 + gain / room
    brought = np.where(coin, units, 0.0)
    held = replace(
        held,
        units=held.units + brought,
        values=held.values + np.where(coin, gain, 0.0),
        total=held.total + gain,
    )
    trade = _trade(portfolio, held, "fork", after, cash=held.cash + (0.0 if room > 0 else gain))
    return _priced(
        portfolio,
        replace(
            trade,
            frozen=(held.stale > 0) & (after > 0),
            market_value_kept=1.0 - gain / held.total,
            gain=gain,
            gained=new,
        ),
    )


def removal(portfolio: Portfolio, gone: IntArray) -> Trade:
    """Sell the assets in `gone` and put the value where the rulebook says, as far as that trades today."""
    stable = _freed_into(portfolio)
    held = standing(portfolio, [] if stable is None else [stable])
    leaving = np.isin(held.assets, gone)
    open_today = (held.stale == 0) & ~leaving
    takers = open_today if stable is None else (held.assets == stable) & ~leaving
    after = np.where(leaving, 0.0, held.values)
    freed, room = held.values[leaving].sum(), held.values[takers].sum()
    if room > 0:
        after[takers] *= 1.0 + freed / room
    elif takers.any():
        after[takers] = freed / takers.sum()
    trade = _trade(portfolio, held, "removal", after, cash=held.cash + (0.0 if takers.any() else freed))
    spread = takers.any() and stable is None
    trade = replace(
        trade,
        frozen=~open_today & ~leaving,
        written_off=leaving & (held.stale > 0),
        market_value_kept=1.0 - float(freed) / held.total if spread else 1.0,
    )
    return _priced(portfolio, trade)


def _freed_into(portfolio: Portfolio) -> int | None:
    """The stablecoin that takes the value of a removed member, where the rulebook wants one and there is one."""
    overlay = portfolio.methodology.overlay
    if overlay is None or portfolio.methodology.events.freed_weight != "stable":
        return None
    return stable_coin(portfolio.source.at(portfolio.row), overlay, portfolio.assets.tolist())


def _trade(
    portfolio: Portfolio,
    held: Standing,
    cause: str,
    after: FloatArray,
    *,
    decision: Decision | None = None,
    cash: float | None = None,
) -> Trade:
    """The record of a trade from what is held to the values `after`: what keeps its value keeps its units, to the bit.

    Without a decision the target is what is held afterwards.
    """
    rank, target = np.zeros(len(held.assets), dtype=np.int64), after / held.total
    if decision is not None:
        place = np.searchsorted(held.assets, decision.members)
        there = np.isin(decision.members, held.assets)
        target = np.zeros(len(held.assets))
        target[place[there]], rank[place[there]] = decision.weights[there], decision.member_ranks[there]
    units = np.divide(after, held.prices, out=np.zeros_like(after), where=after > 0)
    return Trade(
        row=portfolio.row,
        cause=cause,
        decision=decision,
        assets=held.assets,
        rank=rank,
        target=target,
        before=held.values / held.total,
        after=after / held.total,
        units=np.where(after == held.values, held.units, units),
        price=held.prices,
        frozen=np.zeros(len(held.assets), dtype=bool),
        written_off=np.zeros(len(held.assets), dtype=bool),
        value=held.total,
        cash_before=held.cash / held.total,
        cash_after=(held.cash if cash is None else cash) / held.total,
    )


def _priced(portfolio: Portfolio, trade: Trade) -> Trade:
    """The trade with what it costs on today's terms; what keeps its weight costs nothing."""
    moved = trade.moved
    view = portfolio.source.at(portfolio.row)
    cost, note = trade_cost(
        view, portfolio.methodology.costs, trade.assets[moved], trade.before[moved], trade.after[moved]
    )
    return replace(trade, cost=cost, cost_note=note)


def _notional(decision: Decision) -> float:
    """Index market value at the determination: the members' market caps, or a round sum where one is unknown."""
    total = decision.market_caps.sum()
    return NOTIONAL if np.isnan(total) else float(total)
