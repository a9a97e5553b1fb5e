"""The audit trail: the engine's records as tables, so that every number of an index can be traced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from research.errors import DataError
from research.index.records import Trade

if TYPE_CHECKING:
    from research.index.history import IndexHistory
    from research.market.data import Date


def decisions_table(index: IndexHistory) -> pd.DataFrame:
    """One row per asset looked at and determination.

    Columns: determination_date, effective_date (datetime), cause, asset_id, symbol (str); for each screen
    <screen>_value, <screen>_limit, <screen>_pass; eligible (bool), rank_value (float), rank (Int64), incumbent,
    selected (bool), reason (str).
    """
    frames = [decision.to_frame(index.methodology) for decision in index.decision_records]
    return pd.concat(frames, ignore_index=True)


def constituents_table(index: IndexHistory) -> pd.DataFrame:
    """One row per position and trade.

    Columns: effective_date, determination_date (NaT for a removal), cause, asset_id, symbol, rank (Int64),
    target_weight (at the determination), drifted_weight (before the trade), weight (after it), units (per index level),
    price (carried where frozen), trade (weight - drifted_weight), status (added, kept, removed, frozen, not bought).
    """
    source, parts = index.source, []
    levels = index.level.to_numpy()
    for trade in index.trades:
        level = levels[trade.row - index.base_row]
        part = pd.DataFrame(
            {
                "effective_date": source.dates[trade.row],
                "determination_date": trade.decision.view.date if trade.decision else pd.NaT,
                "cause": trade.cause,
                "asset_id": source.asset_ids[trade.assets],
                "symbol": source.symbols[trade.assets],
                "rank": pd.array(trade.rank, dtype="Int64"),
                "target_weight": trade.target,
                "drifted_weight": trade.before,
                "weight": trade.after,
                "units": trade.units * (level / trade.value),
                "price": trade.price,
                "trade": trade.after - trade.before,
                "status": _status(trade),
            }
        )
        part["rank"] = part["rank"].mask(part["rank"] == 0)
        parts.append(part.sort_values(["weight", "asset_id"], ascending=[False, True]))
    return pd.concat(parts, ignore_index=True).astype({"determination_date": source.dates.dtype})


def _status(trade: Trade) -> np.ndarray:
    held, holds = trade.before > 0, trade.after > 0
    return np.select(
        [trade.frozen, held & holds, holds, held], ["frozen", "kept", "added", "removed"], default="not bought"
    )


def rebalances_table(index: IndexHistory) -> pd.DataFrame:
    """One row per trade, indexed by effective_date.

    Columns: determination_date, cause (initial, reconstitution, rebalance, removal), members, added, removed (int),
    turnover (one-sided share of the value), cost (fraction of the value), market_value (USD, frozen caps), divisor
    (market_value / level), level (net, after the trade).
    """
    rows, levels = [], index.level.to_numpy()
    divisor = np.nan
    for trade, cost in zip(index.trades, index.trade_costs, strict=True):
        status = _status(trade)
        place = trade.row - index.base_row
        market_value = trade.market_value
        if np.isnan(market_value):  # a removal takes its part of the market value away
            value_before = divisor * levels[place - 1] * index._value[place] / index._value[place - 1]
            market_value = value_before * (1.0 - trade.before[status == "removed"].sum())
        divisor = market_value / levels[place]
        rows.append(
            {
                "effective_date": index.source.dates[trade.row],
                "determination_date": trade.decision.view.date if trade.decision else pd.NaT,
                "cause": trade.cause,
                "members": int((trade.after > 0).sum()),
                "added": int((status == "added").sum()),
                "removed": int((status == "removed").sum()),
                "turnover": trade.turnover,
                "cost": cost,
                "market_value": market_value,
                "divisor": divisor,
                "level": levels[place],
            }
        )
    return pd.DataFrame(rows).astype({"determination_date": index.source.dates.dtype}).set_index("effective_date")


def events_table(index: IndexHistory) -> pd.DataFrame:
    """One row per event, in order of date: date, asset_id (missing where it concerns all), event, detail, effect_bps.

    `effect_bps` is the effect on the level in basis points, NaN where there is none to state.
    """
    records = sorted(index.event_records, key=lambda event: event.row)
    ids = index.source.asset_ids
    return pd.DataFrame(
        {
            "date": index.source.dates[[event.row for event in records]],
            "asset_id": [None if event.asset is None else ids[event.asset] for event in records],
            "event": [event.event for event in records],
            "detail": [event.detail for event in records],
            "effect_bps": np.array([event.effect for event in records], dtype=float) * 1e4,
        }
    )


def weights_table(index: IndexHistory) -> pd.DataFrame:
    """Shape (days, members ever); 0 where an asset is not held. A column "cash" appears only where cash was held.

    These weights go into the next day: ``(weights.shift() * returns).sum(axis=1)`` is the gross return.
    """
    ever = np.unique(np.concatenate([trade.assets for trade in index.trades]))
    weights = np.zeros((len(index.dates), len(ever)))
    cash = np.zeros(len(index.dates))
    for segment in index.segments:
        rows = slice(segment.start - index.base_row, segment.stop - index.base_row + 1)
        total = segment.total()[:, None]
        weights[rows] = 0.0
        weights[rows, np.searchsorted(ever, segment.assets)] = segment.values() / total
        cash[rows] = segment.cash / total[:, 0]
    for trade in index.trades:
        row = trade.row - index.base_row
        weights[row] = 0.0
        weights[row, np.searchsorted(ever, trade.assets)] = trade.after
        cash[row] = trade.cash_after
    columns = pd.Index(index.source.asset_ids[ever], name="asset_id", dtype=str)
    frame = pd.DataFrame(weights, index=index.level.index, columns=columns)
    return frame.assign(cash=cash) if cash.any() else frame


def concentration_table(index: IndexHistory) -> pd.DataFrame:
    """Columns herfindahl, effective_number, largest_weight; indexed by day."""
    squares = (index.weights**2).sum(axis=1)
    return pd.DataFrame(
        {"herfindahl": squares, "effective_number": 1.0 / squares, "largest_weight": index.weights.max(axis=1)}
    )


def _row_of(index: IndexHistory, date: Date | None) -> int:
    last = len(index.source.dates) - 1
    if date is None:
        return last
    row = int((pd.Timestamp(date) - index.source.dates[0]).days)
    if not index.base_row <= row <= last:
        raise DataError(
            f"{index.methodology.name} has no day {pd.Timestamp(date).date()}: it runs from {index.dates[0].date()} "
            f"to {index.dates[-1].date()}."
        )
    return row


def holdings_table(index: IndexHistory, date: Date | None) -> pd.DataFrame:
    """One row per member at the close of a day, largest first.

    Columns: asset_id, symbol, rank (Int64), target_weight (of the last trade), weight, units, price, price_date (the
    day of the price: earlier where it is carried), since (start of the present membership), reason.
    """
    row = _row_of(index, date)
    trades = [trade for trade in index.trades if trade.row <= row]
    members = index.constituents[index.constituents["effective_date"] == index.source.dates[trades[-1].row]]
    members = members[(members["cause"] == trades[-1].cause) & (members["weight"] > 0)].reset_index(drop=True)
    positions = index.market.prices.columns.get_indexer(pd.Index(members["asset_id"]))
    price, printed = index.source.carried_prices(row, positions)
    weights = index.weights.iloc[row - index.base_row].reindex(members["asset_id"]).to_numpy()
    reasons = _latest_reconstitution(index, row).set_index("asset_id")["reason"]
    table = members[["asset_id", "symbol", "rank", "target_weight"]].assign(
        weight=weights,
        units=members["units"],
        price=price,
        price_date=index.source.dates[printed],
        since=_since(index, trades, members["asset_id"]),
        reason=reasons.reindex(members["asset_id"]).to_numpy(),
    )
    return table.sort_values(["weight", "asset_id"], ascending=[False, True], ignore_index=True)


def _since(index: IndexHistory, trades: list[Trade], members: pd.Series) -> list[pd.Timestamp]:
    """First effective day of each member's present, unbroken membership."""
    held = [set(index.source.asset_ids[trade.assets[trade.after > 0]]) for trade in trades]
    result = []
    for member in members:
        start = len(trades) - 1
        while start > 0 and member in held[start - 1]:
            start -= 1
        result.append(index.source.dates[trades[start].row])
    return result


def _latest_reconstitution(index: IndexHistory, row: int) -> pd.DataFrame:
    """The table of the last decision that chose members and was effective by `row`."""
    chosen = [
        decision
        for decision in index.decision_records
        if decision.cause != "rebalance" and decision.effective_row <= row and not decision.kept
    ]
    return chosen[-1].to_frame(index.methodology)


def nearest_misses_table(index: IndexHistory, date: Date | None, count: int) -> pd.DataFrame:
    """The `count` largest assets left out at the last reconstitution that failed at most one screen, and no tag screen.

    Columns: asset_id, symbol, rank (Int64, missing where not eligible), rank_value, reason.
    """
    table = _latest_reconstitution(index, _row_of(index, date))
    passes = table[[column for column in table.columns.astype(str) if column.endswith("_pass")]]
    tags = passes[[column for column in passes.columns if "tags" in column]]
    near = ~table["selected"] & ((~passes).sum(axis=1) <= 1) & tags.all(axis=1) & table["rank_value"].notna()
    columns = ["asset_id", "symbol", "rank", "rank_value", "reason"]
    return table[near].nlargest(count, "rank_value")[columns].reset_index(drop=True)


def caveats(index: IndexHistory) -> list[str]:
    """Sentences for the reader, most serious first."""
    market, rules = index.market, index.methodology
    lines = []
    if market.manifest.simulated:
        lines.append("SIMULATED data: this market never existed.")
    if not index.investable:
        lines.append("Not investable: it decides and trades at one and the same close (lag of 0 days).")
    sensitivity = index.dead_token_sensitivity
    if sensitivity > 0.01:
        lines.append(
            f"Dead tokens matter: valued at zero instead of at their last price, the index grows {sensitivity:.1%} "
            "a year less."
        )
    used = set(rules.universe.exclude_tags) | set(rules.universe.include_tags)
    static = market.tags[market.tags["static"].astype(bool) & market.tags["tag"].isin(used)]
    if len(static):
        lines.append(
            f"{len(static)} tags used here ({', '.join(sorted(static['tag'].unique()))}) have no history: today's "
            "classification is applied to the past, which is look-ahead."
        )
    kept = sum(decision.kept for decision in index.decision_records)
    if kept:
        lines.append(f"{kept} times too few assets were eligible and the previous composition was kept.")
    lines.append("A price index: staking income, airdrops and taxes are not in it.")
    return lines + list(market.manifest.caveats)
