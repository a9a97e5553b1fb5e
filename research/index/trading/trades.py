"""How a trade is worked out: who can be traded today, what is bought and sold, and what it costs.

Each function takes what is held at a close and gives the `Trade`; nothing is changed here. `costs` is the rulebook's
section; None where a trade costs nothing because nothing goes through a market.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from research.index.decisions.migrated import after_migrations
from research.index.decisions.records import Decision
from research.index.decisions.stable_leg import choose_stablecoin, in_leg, leg_positions
from research.index.trading.costs import trade_cost
from research.index.trading.forks import Received
from research.index.trading.holdings import Holdings, Positions
from research.index.trading.records import Trade
from research.rulebook import Costs, Methodology, Overlay
from research.typing import BoolArray, FloatArray, IntArray

NOTIONAL = 1e9


def rebalance(holdings: Holdings, decision: Decision, costs: Costs, *, received: Iterable[Received] = ()) -> Trade:
    """Move to the decision's weights.

    The decision fixed weights at the determination's prices, and with them the proportions of units: by today they
    have drifted with prices, as a provider's published weighting factors do. Where it cannot be traded, a member keeps
    its units, a newcomer is not bought, and the others share the rest in proportion.
    """
    source, row = holdings.source, holdings.row
    decision = after_migrations(decision, row)
    held = holdings.positions(decision.members)
    assets, total = held.assets, held.total
    place = np.searchsorted(assets, decision.members)
    target, proportions, rank = np.zeros(len(assets)), np.zeros(len(assets)), np.zeros(len(assets), dtype=np.int64)
    target[place] = decision.weights
    proportions[place] = decision.weights * held.prices[place] / decision.prices
    rank[place] = decision.member_ranks
    missing = ~held.tradable
    announced = [removal.asset for removal in source.removals if removal.row <= row]
    today = [removal.asset for removal in source.removals if removal.row == row]
    fresh = [units.asset for units in received if units.row == row]  # nobody knew of their price before
    stuck = missing | source.among(assets, [*today, *decision.unweighted.tolist()])
    stuck |= source.among(assets, fresh) & (proportions == 0)
    frozen = stuck & (held.values > 0)
    buyable = (proportions > 0) & ~stuck & ~source.among(assets, announced)
    after = np.where(frozen, held.values, 0.0)
    rest = max(total - after.sum(), 0.0)
    bought, market_value = proportions[buyable].sum(), np.nan
    if bought > 0:
        after[buyable] = proportions[buyable] * (rest / bought)
        if rest > 0:
            market_value = _notional(decision) * bought / (rest / total)
    return _trade(
        holdings,
        held,
        decision.cause,
        after,
        # the base value is what the first basket is worth: its purchase lies before the index
        costs=None if decision.cause == "initial" else costs,
        decision=decision,
        target=target,
        rank=rank,
        frozen=frozen,
        market_value=market_value,
        cash_after=(0.0 if bought > 0 else rest) / total,
    )


def conversion(holdings: Holdings, old: int, new: int) -> Trade:
    """Exchange what is held of `new` for `old`, value for value: the two are one asset from now on."""
    held = holdings.positions([old])
    after = held.values.copy()
    after[held.assets == old] += held.values[held.assets == new]
    after[held.assets == new] = 0.0
    return _trade(holdings, held, "conversion", after, costs=None)


def switch(holdings: Holdings, decision: Decision, overlay: Overlay, costs: Costs) -> Trade | str:
    """Move what the stable leg holds in other stablecoins into the one decided on; members keep their units.

    Where nothing can be moved, why: what was true at the determination need not be today.
    """
    source, row = holdings.source, holdings.row
    decision = after_migrations(decision, row)
    stable = decision.stable
    assert stable is not None
    held = holdings.positions([stable])
    leg = in_leg(source, overlay, held.assets, row)
    leg &= (held.values > 0) & (held.assets != stable)
    left, into = leg & held.tradable, held.assets == stable
    if stable in holdings.view.announced:
        return f"the removal of {source.asset_ids[stable]} has been announced since"
    if not held.tradable[into].all():
        return f"{source.asset_ids[stable]} has no price today"
    if not left.any():
        return "the coin to be left has no price today" if leg.any() else "no other stablecoin is held by now"
    after = np.where(left, 0.0, held.values)
    after[into] += held.values[left].sum()
    there = source.among(decision.members, held.assets)
    place = np.searchsorted(held.assets, decision.members[there])
    target, rank = np.zeros(len(after)), np.zeros(len(after), dtype=np.int64)
    target[place], rank[place] = decision.weights[there], decision.member_ranks[there]
    return _trade(
        holdings,
        held,
        decision.cause,
        after,
        costs=costs,
        decision=decision,
        target=target,
        rank=rank,
        frozen=leg & ~left,
    )


def fork_received(holdings: Holdings, asset: int, units: float) -> Trade:
    """Take up what a fork gave, on the day of its first price: the index is worth so much more."""
    held = holdings.positions([asset])
    new = held.assets == asset
    gain = float(units * held.prices[new][0])
    values = held.values + np.where(new, gain, 0.0)
    more = replace(held, units=held.units + np.where(new, units, 0.0), values=values, total=held.total + gain)
    return _trade(holdings, more, "fork", values, costs=None, frozen=~held.tradable, gain=gain, gained=asset)


def fork_sold(holdings: Holdings, received: Iterable[Received], costs: Costs) -> Trade:
    """Sell what forks gave, as far as it is held, and put the proceeds into what is held, in proportion."""
    held = holdings.positions()
    sold = np.zeros(len(held.assets))
    for units in received:
        sold[held.assets == units.asset] += units.units
    parts = np.minimum(sold, held.units) * held.prices
    proceeds, after = float(parts.sum()), held.values - parts
    open_today = held.tradable & (after > 0)
    _share(after, open_today, proceeds)
    spread = open_today.any()
    return _trade(
        holdings,
        held,
        "fork",
        after,
        costs=costs,
        frozen=~held.tradable & (after > 0),
        cash_after=(held.cash + (0.0 if spread else proceeds)) / held.total,
        market_value_kept=1.0 - proceeds / held.total if spread else 1.0,
    )


def expected_holdings(
    holdings: Holdings, waiting: Iterable[Decision], overlay: Overlay | None
) -> tuple[IntArray, FloatArray]:
    """Assets and weights as they will be, at today's prices, once the decisions that wait have been traded."""
    source, row = holdings.source, holdings.row
    held = holdings.positions()
    assets, weights = held.assets, held.values / held.total
    for decided in waiting:
        decision = after_migrations(decided, row)
        if decision.stable is not None and overlay is not None:
            names = np.where(in_leg(source, overlay, assets, row), decision.stable, assets)
        else:
            proportions = decision.weights * source.carried_prices(row, decision.members)[0] / decision.prices
            stuck = source.among(assets, decision.unweighted)
            names = np.concatenate([decision.members, assets[stuck]])
            weights = np.concatenate([proportions / proportions.sum() * (1.0 - weights[stuck].sum()), weights[stuck]])
        assets = source.union(names)
        total = np.zeros(len(assets))
        np.add.at(total, np.searchsorted(assets, names), weights)
        weights = total
    return assets, weights


def removal(holdings: Holdings, gone: IntArray, rules: Methodology) -> tuple[Trade, int | None]:
    """Sell the assets in `gone` and put the value where the rulebook says, as far as that trades today.

    Also gives the stablecoin that takes the value, where one does.
    """
    stable = _freed_into(holdings, gone, rules)
    held = holdings.positions(None if stable is None else [stable])
    leaving = holdings.source.among(held.assets, gone)
    open_today = held.tradable & ~leaving
    takers = open_today if stable is None else (held.assets == stable) & ~leaving
    after = np.where(leaving, 0.0, held.values)
    freed = held.values[leaving].sum()
    _share(after, takers, freed)
    spread = takers.any() and stable is None
    trade = _trade(
        holdings,
        held,
        "removal",
        after,
        costs=rules.costs,
        frozen=~open_today & ~leaving,
        written_off=leaving & ~held.tradable,
        cash_after=(held.cash + (0.0 if takers.any() else freed)) / held.total,
        market_value_kept=1.0 - float(freed) / held.total if spread else 1.0,
    )
    return trade, stable


def _share(values: FloatArray, takers: BoolArray, freed: float) -> None:
    """Give what was freed to the takers, in proportion to their values; in equal parts where they have none yet."""
    room = values[takers].sum()
    if room > 0:
        values[takers] *= 1.0 + freed / room
    elif takers.any():
        values[takers] = freed / takers.sum()


def _freed_into(holdings: Holdings, gone: IntArray, rules: Methodology) -> int | None:
    """The stablecoin that takes the value of what is removed: where the rulebook wants one, or one of the leg goes.

    It must be tradable today. None where there is no such stablecoin.
    """
    source, row, overlay = holdings.source, holdings.row, rules.overlay
    if overlay is None:
        return None
    if rules.events.freed_weight != "stable" and not in_leg(source, overlay, gone, row).all():
        return None
    leg = leg_positions(source, overlay, row)
    there = holdings.positions(leg)
    unusable = [*gone.tolist(), *there.assets[~there.tradable].tolist()]
    return choose_stablecoin(holdings.view, overlay, holdings.assets.tolist(), without=unusable)


def _trade(
    holdings: Holdings, held: Positions, cause: str, after: FloatArray, *, costs: Costs | None, **rest: Any
) -> Trade:
    """The record of a trade from what is held to the values `after`: what keeps its value keeps its units, to the bit.

    Parameters
    ----------
    costs : Costs, optional
        What trading costs; None where it costs nothing.
    rest
        Other fields of `Trade`. By default the target is what is held afterwards, nothing is frozen or written off,
        and cash stays.
    """
    before, now = held.values / held.total, after / held.total
    nobody = np.zeros(len(after), dtype=bool)
    frozen: BoolArray = rest.pop("frozen", nobody)
    takes_part = ~frozen & ((before > 0) | (now > 0))  # what is kept pays its share of the costs, too
    cost, note = 0.0, ""
    if costs is not None:
        cost, note = trade_cost(holdings.view, costs, held.assets[takes_part], before[takes_part], now[takes_part])
    defaults: dict[str, Any] = {
        "decision": None,
        "rank": np.zeros(len(after), dtype=np.int64),
        "target": now,
        "written_off": nobody,
        "cash_after": held.cash / held.total,
    }
    return Trade(
        row=holdings.row,
        cause=cause,
        assets=held.assets,
        before=before,
        after=now,
        units=np.where(after == held.values, held.units, after / held.prices),
        price=held.prices,
        frozen=frozen,
        takes_part=takes_part,
        value=held.total,
        cash_before=held.cash / held.total,
        cost=cost,
        cost_note=note,
        **(defaults | rest),
    )


def _notional(decision: Decision) -> float:
    """Index market value at the determination: the members' market caps, or a round sum where one is unknown."""
    total = decision.market_caps.sum()
    return NOTIONAL if np.isnan(total) else float(total)
