"""What somebody who has to approve a rebalance should look at: points by stated limits, none of them a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from research.index.analysis.cautions.red_flag_inputs import WARNINGS
from research.index.analysis.record import IndexRecord
from research.index.decisions.records import Decision
from research.index.trading.records import Trade

CLOSE = 0.10  # share of a screen's limit; of a limit to shares, of what it leaves to the whole
SHARES = ("min_valid_share",)  # screens whose values end at 1
SHORT_HISTORY = 365  # days since the first price
SLOW = 1.0  # days of trading at the participation rate
ROUNDING = 1e-12  # of a weight
POINTS = ("limit", "buffer", "cap", "floor", "slow", "volume", "history", "data", "event", "untraded", "note")
"""Kinds of points, in the order in which they are listed."""
COLUMNS: dict[str, Any] = {
    "point": "str",
    "asset_id": "str",
    "date": "datetime64[us]",
    "value": float,
    "limit": float,
    "detail": "str",
}
Point = tuple[str, str, pd.Timestamp, float, float, str]


def points_to_check(
    index: IndexRecord,
    decision: Decision,
    *,
    choice: Decision,
    trade: Trade | None,
    since: pd.Timestamp,
    orders: pd.DataFrame,
    findings: pd.DataFrame,
) -> pd.DataFrame:
    """What to look at before a rebalance is approved.

    Parameters
    ----------
    decision, choice : Decision
        What is decided; and the decision by which its members were chosen, which may be an earlier one.
    trade : Trade, optional
        What carries it out; none where the composition is kept.
    since : Timestamp
        The rebalance before: events after it are listed.
    orders : DataFrame
        `orders_table` of the trade.
    findings : DataFrame
        `find_defects` of what is held or traded.

    Returns
    -------
    DataFrame
        point (one of `POINTS`), asset_id (empty where it concerns all), date (NaT where it is the determination's),
        value and limit (NaN where there are none), detail (str). limit: a member within `CLOSE` of the limit of a
        screen (detail: which; value and limit in its unit). buffer: a member that ranks below the number of members.
        cap, floor: weight before and after. slow: days that an order takes, above `SLOW`; volume: one whose volume is
        not known. history: days since the first price of an asset that is bought anew, below `SHORT_HISTORY`. data: a
        finding on its values since then, or still open. event: a warning of the log since then. untraded: what cannot
        be bought or sold. note: what the decision fell back on.
    """
    rows = [
        *_close_to_a_limit(choice),
        *_kept_by_the_buffer(choice, index.methodology.selection.count),
        *_bounded(decision),
        *_slow(orders),
        *(_row("volume", asset) for asset in orders.loc[orders["assumed"].astype(bool), "asset_id"]),
        *_found(findings, since),
        *_events(index, since, decision.view.date),
        *(_row("note", "", detail=note) for note in decision.notes),
    ]
    if trade is not None:
        rows += [*_young(index, trade), *_untraded(index, trade)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    return table.iloc[table["point"].map(POINTS.index).argsort(kind="stable")].reset_index(drop=True)


def _row(
    point: str, asset: Any, *, date: Any = pd.NaT, value: Any = np.nan, limit: Any = np.nan, detail: str = ""
) -> Point:
    return point, str(asset), date, float(value), float(limit), detail


def _ids(decision: Decision) -> Any:
    return decision.view.source.asset_ids


def _close_to_a_limit(choice: Decision) -> Iterator[Point]:
    names = _ids(choice)[choice.assets]
    for screen in choice.screens:
        if screen.sense:
            margin = screen.margin
            if screen.name in SHARES:
                left = 1.0 - screen.limit
                margin = np.divide(screen.value - screen.limit, left, out=np.full(len(left), np.nan), where=left > 0)
            near = choice.selected & (margin >= 0) & (margin < CLOSE)  # NaN is neither
            for place in np.flatnonzero(near):
                value, limit = screen.value[place], screen.limit[place]
                yield _row("limit", names[place], value=value, limit=limit, detail=screen.name)


def _kept_by_the_buffer(choice: Decision, count: int | None) -> Iterator[Point]:
    if count is not None:
        for place in np.flatnonzero(choice.selected & (choice.rank > count)):
            yield _row("buffer", _ids(choice)[choice.assets[place]], value=choice.rank[place], limit=count)


def _bounded(decision: Decision) -> Iterator[Point]:
    scheme, capped, floored = decision.steps[1:4]
    for point, before, after, binds in (
        ("cap", scheme, capped, capped < scheme - ROUNDING),
        ("floor", capped, floored, floored > capped + ROUNDING),
    ):
        for place in np.flatnonzero(binds):
            yield _row(point, _ids(decision)[decision.members[place]], value=before[place], limit=after[place])


def _slow(orders: pd.DataFrame) -> Iterator[Point]:
    slow = orders[orders["days"] > SLOW]
    for asset, days in zip(slow["asset_id"], slow["days"], strict=True):
        yield _row("slow", asset, value=days, limit=SLOW)


def _young(index: IndexRecord, trade: Trade) -> Iterator[Point]:
    for asset in trade.assets[(trade.before == 0) & (trade.after > 0)]:
        days = trade.row - int(np.flatnonzero(~np.isnan(index.source.prices[: trade.row + 1, asset]))[0])
        if days < SHORT_HISTORY:
            yield _row("history", index.source.asset_ids[asset], value=days, limit=SHORT_HISTORY)


def _untraded(index: IndexRecord, trade: Trade) -> Iterator[Point]:
    for asset in trade.assets[trade.frozen | ((trade.target > 0) & (trade.after == 0))]:
        yield _row("untraded", index.source.asset_ids[asset])


def _found(findings: pd.DataFrame, since: pd.Timestamp) -> Iterator[Point]:
    for line in findings[(findings["date"] > since) | (findings["later"] == "open")].to_dict("records"):
        yield _row("data", line["asset_id"], date=line["date"], detail=f"{line['rule']}: {line['evidence']}")


def _events(index: IndexRecord, since: pd.Timestamp, until: pd.Timestamp) -> Iterator[Point]:
    days = index.source.dates
    for event in index.event_records:
        if event.event in WARNINGS and since < days[event.row] <= until:
            asset = "" if event.asset is None else index.source.asset_ids[event.asset]
            yield _row("event", asset, date=days[event.row], detail=f"{event.event}: {event.detail}")
