"""The audit trail: the engine's records as tables, so that every number of an index can be traced.

What it means for one asset or one day is worked out in `explanation.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from research.index.analysis.arguments import whole_number
from research.index.analysis.record import IndexRecord
from research.index.analysis.why.reasons import short_reasons
from research.index.decisions.calendar import upcoming
from research.index.decisions.records import Decision
from research.index.trading.records import Trade
from research.rulebook.methodology import Methodology
from research.typing import IntArray

MOST_DATES = 1000
STATUSES = ("frozen", "kept", "added", "removed", "not bought")
ADDED, REMOVED = STATUSES.index("added"), STATUSES.index("removed")


def decisions_table(decisions: Sequence[Decision], methodology: Methodology) -> pd.DataFrame:
    """One row per asset looked at and determination.

    Columns: determination_date, effective_date (datetime), cause, asset_id, symbol (str); for each screen
    <screen>_value, <screen>_limit, <screen>_margin (share of the limit, not negative where passed) and <screen>_pass;
    eligible (bool), rank_value (float), rank (Int64), incumbent, selected (bool), reason (str).
    """
    source = decisions[0].view.source
    rows = np.array([decision.row for decision in decisions])
    lags = np.array([decision.effective_row for decision in decisions]) - rows
    sizes = [len(decision.assets) for decision in decisions]
    assets = np.concatenate([decision.assets for decision in decisions])

    def joined(field: str) -> np.ndarray:
        return np.concatenate([getattr(decision, field) for decision in decisions])

    columns: dict[str, Any] = {
        "determination_date": np.repeat(source.dates[rows].to_numpy(), sizes),
        "effective_date": np.repeat((source.dates[rows] + pd.to_timedelta(lags, unit="D")).to_numpy(), sizes),
        "cause": texts([decision.cause for decision in decisions], np.repeat(np.arange(len(decisions)), sizes)),
        "asset_id": texts(source.asset_ids, assets),
        "symbol": texts(source.symbols, assets),
    }
    for number, screen in enumerate(decisions[0].screens):
        for part, suffix in [("value", "value"), ("limit", "limit"), ("margin", "margin"), ("passed", "pass")]:
            parts = [getattr(decision.screens[number], part) for decision in decisions]
            columns[f"{screen.name}_{suffix}"] = np.concatenate(parts)
    words: list[str] = []
    codes: list[IntArray] = []
    for decision in decisions:
        reasons, code = short_reasons(decision, methodology)
        codes.append(code + len(words))
        words += reasons
    columns |= {
        "eligible": joined("eligible"),
        "rank_value": joined("rank_value"),
        "rank": ranks_column(joined("rank")),
        "incumbent": joined("incumbent"),
        "selected": joined("selected"),
        "reason": texts(words, np.concatenate(codes)),
    }
    return pd.DataFrame(columns)


def texts(words: Sequence[str] | np.ndarray, codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """A text column from few texts and many places: much cheaper than making each text anew."""
    return pd.array(list(words), dtype="str").take(codes)


def ranks_column(ranks: IntArray) -> pd.api.extensions.ExtensionArray:
    """Ranks as nullable integers; 0 means none."""
    return pd.arrays.IntegerArray(ranks, mask=ranks == 0)


def constituents_table(index: IndexRecord, trades: Sequence[Trade] | None = None) -> pd.DataFrame:
    """One row per position and trade (by default of all trades), the largest weight of each trade first.

    Columns: effective_date, determination_date (NaT where none called for it), cause, asset_id, symbol, rank (Int64),
    target_weight (at the determination), drifted_weight (before the trade), weight (after it), units (per index level),
    price (carried where frozen), trade (weight - drifted_weight), status (added, kept, removed, frozen, not bought).
    """
    source, trades = index.source, index.trades if trades is None else trades
    rows = np.array([trade.row for trade in trades])
    sizes = [len(trade.assets) for trade in trades]
    number = np.repeat(np.arange(len(trades)), sizes)
    # units per unit of value at zero cost -> units per index level
    scale = index.level.to_numpy()[rows - index.base_row] / [trade.value for trade in trades]

    def joined(field: str) -> np.ndarray:
        return np.concatenate([getattr(trade, field) for trade in trades])

    assets, before, after = joined("assets"), joined("before"), joined("after")
    quoted = np.concatenate([source.quoted_units(trade.row)[trade.assets] for trade in trades])
    table = pd.DataFrame(
        {
            "effective_date": source.dates[rows][number],
            "determination_date": _determined(index, trades)[number],
            "cause": texts([trade.cause for trade in trades], number),
            "asset_id": texts(source.asset_ids, assets),
            "symbol": texts(source.symbols, assets),
            "rank": ranks_column(joined("rank")),
            "target_weight": joined("target"),
            "drifted_weight": before,
            "weight": after,
            "units": joined("units") * scale[number] * quoted,
            "price": joined("price") / quoted,
            "trade": after - before,
            "status": texts(STATUSES, _statuses(trades)),
        }
    )
    return table.iloc[np.lexsort((assets, -after, number))].reset_index(drop=True)


def _determined(index: IndexRecord, trades: Sequence[Trade]) -> pd.DatetimeIndex:
    """The determination day of each trade, NaT for one that no decision called for."""
    rows = np.array([trade.decision.row if trade.decision else -1 for trade in trades])
    return pd.DatetimeIndex(index.source.dates[rows].where(rows >= 0))


def _statuses(trades: Sequence[Trade]) -> np.ndarray:
    """What each trade did to each of its assets, one trade after the other, as places in STATUSES."""
    held, holds, frozen = (
        np.concatenate(parts)
        for parts in (
            [trade.before > 0 for trade in trades],
            [trade.after > 0 for trade in trades],
            [trade.frozen for trade in trades],
        )
    )
    return np.select([frozen, held & holds, holds, held], [0, 1, 2, 3], default=4)


def rebalances_table(index: IndexRecord) -> pd.DataFrame:
    """One row per trade, indexed by effective_date.

    Columns: determination_date, cause (initial, reconstitution, rebalance, drift, stable switch, removal, conversion,
    fork), members, added, removed (int), turnover (one-sided share of the value), cost (fraction of the value),
    market_value (USD, frozen caps), divisor (market_value / level; NaN once the level is zero), level (net, at the
    close, after all trades of the day), notes (str: what the decision fell back on). A day with two trades (a removal
    and a rebalance) has two rows.
    """
    trades = index.trades
    status = _statuses(trades)
    starts = np.cumsum([0, *(len(trade.assets) for trade in trades[:-1])])
    holding = np.concatenate([trade.after > 0 for trade in trades])
    rows = np.array([trade.row for trade in trades])
    level = index.level.to_numpy()[rows - index.base_row]
    market_value = _market_values(index)
    return pd.DataFrame(
        {
            "determination_date": _determined(index, trades),
            "cause": [trade.cause for trade in trades],
            "members": np.add.reduceat(holding.astype(np.int64), starts),
            "added": np.add.reduceat((status == ADDED).astype(np.int64), starts),
            "removed": np.add.reduceat((status == REMOVED).astype(np.int64), starts),
            "turnover": [trade.turnover for trade in trades],
            "cost": index.trade_costs,
            "market_value": market_value,
            "divisor": np.divide(market_value, level, out=np.full(len(level), np.nan), where=level > 0),
            "level": level,
            "notes": ["; ".join(trade.decision.notes) if trade.decision else "" for trade in trades],
        },
        index=pd.DatetimeIndex(index.source.dates[rows], name="effective_date"),
    )


def _market_values(index: IndexRecord) -> np.ndarray:
    """Index market value after each trade: its own, or what it leaves of the one before, grown with the index."""
    values = np.array([trade.market_value for trade in index.trades])
    for number in np.flatnonzero(np.isnan(values[1:])) + 1:
        trade, before = index.trades[number], index.trades[number - 1]
        grown = values[number - 1] * trade.value / before.value
        values[number] = grown * trade.market_value_kept
    return values


def events_table(index: IndexRecord) -> pd.DataFrame:
    """One row per event, in order of date: date, asset_id (missing where it concerns all), event, detail, effect_bps.

    `effect_bps` is what it contributed to the day's return, in basis points of the level of the day before; NaN where
    there is none to state.
    """
    records = sorted(index.event_records, key=lambda event: event.row)
    ids = index.source.asset_ids
    return pd.DataFrame(
        {
            "date": index.source.dates[[event.row for event in records]],
            "asset_id": pd.array([None if event.asset is None else ids[event.asset] for event in records], dtype="str"),
            "event": pd.array([event.event for event in records], dtype="str"),
            "detail": pd.array([event.detail for event in records], dtype="str"),
            "effect_bps": np.array([event.effect for event in records], dtype=float) * 1e4,
        }
    )


def concentration_table(index: IndexRecord) -> pd.DataFrame:
    """Columns herfindahl, effective_number, largest_weight; indexed by day."""
    squares = (index.weights**2).sum(axis=1)
    return pd.DataFrame(
        {"herfindahl": squares, "effective_number": 1.0 / squares, "largest_weight": index.weights.max(axis=1)}
    )


def calendar_table(index: IndexRecord, count: int) -> pd.DataFrame:
    """What is announced: decisions not traded yet, then the next `count` (at most `MOST_DATES`) days of the calendar.

    Columns: determination_date, effective_date (datetime), kind (reconstitution, rebalance or another cause).
    """
    count, dates = whole_number("count", count, most=MOST_DATES), index.source.dates
    waiting = [
        {
            "determination_date": decision.view.date,
            "effective_date": decision.view.date + pd.Timedelta(days=decision.effective_row - decision.row),
            "kind": decision.cause,
        }
        for decision in index.decision_records
        if decision.effective_row >= len(dates) and not decision.kept
    ]
    ahead = upcoming(dates[-1], index.methodology.schedule, count)
    return pd.concat([pd.DataFrame(waiting), ahead], ignore_index=True) if waiting else ahead
