"""Tables of the rebalance review: who comes and goes, orders, capacity, what to look at. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from research.index.analysis.why.reason_card import SCREENS
from research.index.rebalance.rebalance_review import RebalanceReview
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table

POINTS: Mapping[str, str] = {
    "limit": "close to the limit of a screen",
    "buffer": "kept by the buffer alone",
    "cap": "capped",
    "floor": "lifted to the floor",
    "slow": "takes more than a day to trade",
    "volume": "volume not known",
    "history": "short history",
    "data": "doubtful value",
    "event": "event since the rebalance before",
    "untraded": "cannot be traded",
    "note": "remark of the decision",
}
"""`points_to_check.POINTS` in words."""


def changed(review: RebalanceReview) -> Table:
    """Who comes and who goes, and why."""
    return Table(
        review.changed,
        "Who comes in and who leaves",
        formats={"drifted_weight": "fine percent", "weight": "fine percent"},
        headers={"asset_id": "asset", "drifted_weight": "weight before", "weight": "weight after"},
        note="" if len(review.changed) else "Nobody comes in or leaves.",
    )


def trades(review: RebalanceReview, *, participation: float, assets_under_management: float) -> Table:
    """Every position before and after, with what its order asks of the market."""
    orders = review.orders[["asset_id", "amount", "share_of_day", "days"]]
    columns = ["asset_id", "status", "drifted_weight", "weight", "trade"]
    frame = review.constituents[columns].merge(orders, how="left", on="asset_id")
    size = f"USD {format_value(assets_under_management, 'short')}"
    return Table(
        frame.sort_values("trade", ascending=False, kind="stable", ignore_index=True),
        f"Trades at the prices of {review.priced_on:%Y-%m-%d}, for {size} under management",
        formats={
            "drifted_weight": "fine percent",
            "weight": "fine percent",
            "trade": "fine change",
            "amount": "usd",
            "share_of_day": "fine percent",
            "days": "short",
        },
        headers={
            "asset_id": "asset",
            "drifted_weight": "weight before",
            "weight": "weight after",
            "trade": "traded, % of index",
            "amount": "amount, USD",
            "share_of_day": "of a day's volume",
            "days": "days to trade",
        },
        note="Volume: median traded value a day over 30 days, of which at most "
        f"{format_value(participation, 'short percent')} is traded a day. Reported volume overstates what can "
        "be traded.",
        raw=("share_of_day", "days"),  # with the amount, either gives the volume
    )


def by_size(frame: pd.DataFrame) -> Table:
    """`trade_by_size`."""
    return Table(
        frame,
        "This rebalance at other sizes",
        formats={
            "assets_under_management": "short",
            "cost": "fine percent",
            "days": "short",
            "above_a_day": "percent",
        },
        headers={
            "assets_under_management": "assets, USD",
            "cost": "cost, % of the index",
            "days": "days of the slowest order",
            "above_a_day": "of the trade that takes over a day",
        },
        note="Fee and half spread of the rulebook, and market impact by the square-root law with coefficient 1 (Donier "
        "and Bonart, 2015).",
    )


def points(review: RebalanceReview, *, participation: float) -> Table:
    """`points_to_check` in words."""
    rows = [
        (POINTS[line["point"]], line["asset_id"] or "all", _evidence(line, participation))
        for line in review.points.to_dict("records")
    ]
    return Table(
        pd.DataFrame(rows, columns=["what", "asset", "evidence"]),
        "What to look at before this is approved",
        note="Looked for: " + "; ".join(POINTS.values()) + ". Close is within 10\u00a0% of the limit, a short history "
        "one below 365 days. Doubts about values are those of the data rules, on what is held or traded.",
        limit=40,
    )


def _evidence(line: Mapping[Any, Any], participation: float) -> str:
    value, limit, point = line["value"], line["limit"], line["point"]
    if point == "limit":
        what, kind, sense = SCREENS.get(line["detail"], (line["detail"].replace("_", " "), "number", "limit"))
        return f"{what}: {format_value(value, kind)}, {sense} {format_value(limit, kind)}"
    if point == "buffer":
        return f"rank {format_value(value, 'count')} of {format_value(limit, 'count')} places; it was a member"
    if point in ("cap", "floor"):
        return f"{format_value(value, 'fine percent')} without it, {format_value(limit, 'fine percent')} with it"
    if point == "slow":
        share = format_value(participation, "short percent")
        return f"{format_value(value, 'short')} days at {share} of the daily volume"
    if point == "volume":
        return "the smallest volume of the others is taken"
    if point == "history":
        return f"{format_value(value, 'count')} days since its first price"
    if point == "untraded":
        return "no price of this close, or it could not be weighted: units kept, or not bought"
    return line["detail"] if pd.isna(line["date"]) else f"{line['date']:%Y-%m-%d} {line['detail']}"
