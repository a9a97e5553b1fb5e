"""Where weights and returns come from, by step, by cause and by member. Each table adds up exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.errors import DataError
from research.index.analysis.record import IndexRecord
from research.index.decisions.migrated import after_migrations
from research.index.decisions.records import Decision
from research.index.trading.records import Trade
from research.market.data import Date

WATERFALL = ["raw", "tilt", "caps", "floors", "overlay", "final"]


def weight_steps(index: IndexRecord, date: Date | None) -> pd.DataFrame:
    """How the target weights of the last determination effective by a day came about, largest first.

    Columns: asset_id, symbol, raw (in proportion to market cap), tilt (what the scheme changes), caps, floors, overlay
    (signals, volatility target, bands, limits on trading), final (their sum).
    """
    decision = decision_in_force(index, index.row_of(date))
    steps = decision.steps
    table = pd.DataFrame(
        {
            "asset_id": index.source.asset_ids[decision.members],
            "symbol": index.source.symbols[decision.members],
            "raw": steps[0],
            "tilt": steps[1] - steps[0],
            "caps": steps[2] - steps[1],
            "floors": steps[3] - steps[2],
            "overlay": steps[4] - steps[3],
            "final": steps[4],
        }
    )
    return table.sort_values(["final", "asset_id"], ascending=[False, True], ignore_index=True)


def decision_in_force(index: IndexRecord, row: int) -> Decision:
    """The last decision on weights that was traded by the close of `row`."""
    decided = (trade.decision for trade in reversed(index.trades) if trade.row <= row)
    return next(decision for decision in decided if decision is not None)


def rebalances_by(index: IndexRecord, row: int) -> list[tuple[Trade, Decision]]:
    """The trades that brought weights to what was decided by the close of `row`; exchanging a stablecoin does not."""
    return [
        (trade, trade.decision)
        for trade in index.trades
        if trade.row <= row and trade.decision is not None and trade.decision.stable is None
    ]


def rebalance_difference(index: IndexRecord, date: Date | None) -> pd.DataFrame:
    """What the last rebalance by a day changed against the one before, split into causes that add up exactly.

    Columns: asset_id, symbol, previous (weight after the rebalance before), drift (prices since then), supply, rank
    (who is in), tilt (scheme), cap (caps and floors), signal (overlay), execution (prices between determination and
    effective day, members without a price; removals, migrations and exchanged stablecoins in between), weight (after
    the rebalance).
    ``previous + drift + ... + execution == weight``.

    Without market caps, or where they add up to zero, drift and supply cannot be told apart from the scheme, and are
    zero.

    Raises
    ------
    DataError
        If there was no rebalance before.
    """
    rebalances = rebalances_by(index, index.row_of(date))
    if len(rebalances) < 2:
        raise DataError(f"{index.methodology.name} has not been rebalanced by then: there is nothing to compare.")
    (before, first), (after, new) = rebalances[-2:]
    old = after_migrations(first, new.row)  # in the assets of the later one
    assets = np.unique(np.concatenate([old.members, new.members, before.assets, after.assets]))

    def widened(values: np.ndarray, members: np.ndarray) -> np.ndarray:
        wide = np.zeros(len(assets))
        wide[np.searchsorted(assets, members)] = values
        return wide

    was, now = (np.array([widened(step, decision.members) for step in decision.steps]) for decision in (old, new))
    drifted, supplied = (widened(values, old.members) for values in _repriced(index, old, new))
    previous, weight = widened(before.after, before.assets), widened(after.after, after.assets)
    parts = {
        "drift": drifted - was[0],
        "supply": supplied - drifted,
        "rank": now[0] - supplied,
        "tilt": (now[1] - now[0]) - (was[1] - was[0]),
        "cap": (now[3] - now[1]) - (was[3] - was[1]),
        "signal": (now[4] - now[3]) - (was[4] - was[3]),
    }
    parts["execution"] = weight - previous - sum(parts.values())
    table = pd.DataFrame(
        {
            "asset_id": index.source.asset_ids[assets],
            "symbol": index.source.symbols[assets],
            "previous": previous,
            **parts,
            "weight": weight,
        }
    )
    table = table[(table["previous"] > 0) | (table["weight"] > 0)]
    return table.sort_values(["weight", "previous", "asset_id"], ascending=[False, False, True], ignore_index=True)


def _repriced(index: IndexRecord, old: Decision, new: Decision) -> tuple[np.ndarray, np.ndarray]:
    """Cap weights of the old members on the new day: with the old supplies, and with the new ones."""
    base = old.steps[0]
    caps = index.source.panel("market_cap")[new.row, old.members]
    prices, _ = index.source.carried_prices(new.row, old.members)
    carried = old.market_caps * prices / old.prices
    members = base > 0  # the stable leg has no cap weight
    shares = [np.where(members, values, 0.0) for values in (carried, caps)]
    if not all(values.sum() > 0 for values in shares):  # NaN is not above zero
        return base, base
    return shares[0] / shares[0].sum(), shares[1] / shares[1].sum()


def contributions_table(index: IndexRecord) -> pd.DataFrame:
    """What each member contributed to each day's return; the columns of a row add up to the return of the level.

    Shape (days - 1, members ever + 2): yesterday's weight times today's return of each member (what a fork brought, for
    its coin), then "haircuts" (dead tokens) and "costs", both taken from the grown value: ``-(1 + g) h`` and
    ``-(1 + g)(1 - h) c``.
    """
    ever = np.unique(np.concatenate([trade.assets for trade in index.trades]))
    parts = np.zeros((len(index.dates), len(ever)))
    for segment in index.segments:
        if segment.stop > segment.start:
            change = np.diff(segment.values(), axis=0) / segment.total[:-1, None]
            rows = slice(segment.start - index.base_row + 1, segment.stop - index.base_row + 1)
            parts[rows, np.searchsorted(ever, segment.assets)] = change
    yesterday = {segment.stop: segment.total[-2] for segment in index.segments if segment.stop > segment.start}
    for trade in index.trades:
        if trade.gained is not None:
            day = trade.row - index.base_row
            parts[day, np.searchsorted(ever, trade.gained)] += trade.gain / yesterday[trade.row]
    growth = 1.0 + parts.sum(axis=1)
    kept, paid = np.ones(len(index.dates)), np.ones(len(index.dates))
    for trade in index.trades:
        row = trade.row - index.base_row
        kept[row] *= 1.0 - index.methodology.events.removal_haircut * trade.lost
        paid[row] *= 1.0 - trade.cost
    columns = pd.Index(index.source.asset_ids[ever], name="asset_id", dtype=str)
    table = pd.DataFrame(parts, index=index.level.index, columns=columns)
    return table.assign(haircuts=-growth * (1.0 - kept), costs=-growth * kept * (1.0 - paid)).iloc[1:]
