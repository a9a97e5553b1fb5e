"""Tables of the index audit: why an asset is in, how a weight came about, what trading costs, what depends on a rule.

Everything shown, sums included, is computed in `research.index`. Nothing is computed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from research.index.analysis.why.attribution import WATERFALL
from research.index.analysis.why.reason_card import screens_in_words
from research.index.comparisons.comparison import CAUSES, RebalanceChanges
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.names import STEPS, words_of
from research.reporting.presentation.table import Table

if TYPE_CHECKING:
    from research.index.analysis.why.explanation import Explanation

UNSEEN = 0.5e-4  # change of weight that a hundredth of a point does not show
NAMED = 3
"""Rules that a heading names."""


def reason_card(card: Explanation) -> Table:
    """`IndexHistory.explain`: every screen with what was looked at, the limit and the margin."""
    return Table(
        screens_in_words(card.screens),
        f"{card.asset_id}: the screens of {card.determination_date:%Y-%m-%d}",
        note="margin: how far inside the limit the value is, as a share of the limit; negative is a failure. For "
        "members, limits are the relaxed ones where the rulebook has such.",
        raw=("value", "margin"),
    )


def weight_steps(frame: pd.DataFrame, *, decided: pd.Timestamp) -> Table:
    """`weight_steps_with_total`."""
    members = frame.iloc[:-1]
    told = [
        f"{len(changed)} {words}"
        for words, changed in (
            ("cut by the cap", members[members["caps"] < -UNSEEN]),
            ("raised to the floor", members[members["floors"] > UNSEEN]),
            ("changed by the weighting scheme", members[~members["tilt"].between(-UNSEEN, UNSEEN)]),
            ("changed by the overlay", members[~members["overlay"].between(-UNSEEN, UNSEEN)]),
        )
        if len(changed)
    ]
    return Table(
        frame,
        f"How the weights decided at the close of {decided:%Y-%m-%d} came about",
        finding=f"Of {len(members)} members {', '.join(told) or 'none is weighted other than by market cap'}",
        sortable=True,
        foot=1,
        formats=dict.fromkeys(WATERFALL, "fine points") | {"raw": "fine percent", "final": "fine percent"},
        headers={"asset_id": "asset"} | dict(STEPS) | {step: f"{step}, points" for step in WATERFALL[1:-1]},
        note="From left to right each step adds to the last: by market cap, then what the weighting scheme changes "
        "(tilt), caps, floors, and overlay (signals, volatility target, bands, limits on trading).",
    )


def rebalance_changes(changes: RebalanceChanges | None) -> Table:
    """What the last rebalance changed, by cause; empty before the second rebalance."""
    columns = ["asset_id", "previous", *CAUSES, "weight"]
    if changes is None:
        return Table(
            pd.DataFrame(columns=columns),
            "What the last rebalance changed",
            headers={"asset_id": "asset"},
            note="There was no earlier rebalance.",
        )
    total = changes.table.iloc[-1]
    largest = total[CAUSES].sort_values(ascending=False, kind="stable").index[0]
    return Table(
        changes.table[columns],
        f"From the rebalance of {changes.previous:%Y-%m-%d} to that of {changes.latest:%Y-%m-%d}",
        finding=f"The largest cause since {changes.previous:%Y-%m-%d} is {largest}: it moved "
        f"{format_value(total[largest], 'points')} points of weight, one-sided",
        sortable=True,
        foot=1,
        formats=dict.fromkeys(CAUSES, "fine points") | dict.fromkeys(("previous", "weight"), "fine percent"),
        headers={"asset_id": "asset", "previous": "before", "weight": "after"}
        | {cause: f"{cause}, points" for cause in CAUSES},
        note="Causes are named with the steps above: a price that rose shows under drift, and what a cap then took "
        "back under cap. The last row is half of the sum of the sizes. Execution: prices between decision and trade.",
    )


def contributions(frame: pd.DataFrame) -> Table:
    """`contribution_summary`: contribution by member (rows) over one or more spans (columns)."""
    span, best, most = frame.columns[0], frame.index[0], frame.iloc[0, 0]
    finding = f"{escape_markdown(best)} earned most over the {span}: {format_value(most, 'signed points')} points of "
    return Table(
        frame.rename(index={"haircuts": "haircuts on dead assets"}),
        "Contribution to the return, points of the level at the start of the span",
        finding=f"{finding}{format_value(frame.iloc[-1, 0], 'signed points')}",
        foot=3,
        formats=dict.fromkeys(map(str, frame.columns), "fine points"),
        note="A member's contribution is what it added to the level while it was held. The rows add up to the last.",
    )


def cost_sensitivity(frame: pd.DataFrame, *, risk_free: float) -> Table:
    """`IndexHistory.cost_sensitivity`: the same trades at other costs."""
    dear = frame.index[-1]
    return Table(
        frame,
        "The index at flat costs of trading",
        finding=f"At {format_value(dear, 'count')} basis points trading takes "
        f"{format_value(frame.loc[dear, 'annual_cost'], 'fine percent')} of the level a year",
        formats=dict.fromkeys(("cagr", "volatility", "max_drawdown"), "percent")
        | {"bps": "count", "annual_cost": "fine percent", "sharpe": "ratio", "final_level": "count"},
        headers={
            "bps": "cost, basis points of the value traded",
            "final_level": "level at the end",
            "cagr": "growth a year at that cost",
            "volatility": "volatility at that cost",
            "sharpe": "Sharpe ratio at that cost",
            "max_drawdown": "maximum drawdown at that cost",
            "annual_cost": "cost a year, % of the level",
        },
        note=f"Sharpe ratio over {format_value(risk_free, 'short percent')} a year.",
    )


def break_even_costs(frame: pd.DataFrame) -> Table:
    """`break_even_costs`: against several benchmarks, beside the cost that the index was charged."""
    return Table(
        frame,
        "Cost of trading at which the index grows no faster than the benchmark, basis points of the value traded",
        formats=dict.fromkeys(frame.columns, "ratio"),
        headers={"break_even": "break-even cost", "charged": "charged on average"},
        note="Negative: behind before any cost. Only benchmarks that cover the index's whole history can be used. A "
        "large number says that the index traded little and that the histories differ, not that costs cannot matter.",
    )


def capacity(frame: pd.DataFrame, *, participation: float) -> Table:
    """`IndexHistory.capacity`: cost and days to trade by size."""
    columns = ["annual_cost", "largest_cost", "median_days", "largest_days", "share_above", "initial_days"]
    return Table(
        frame[columns],
        "What size does to costs and to the days that a rebalance takes",
        formats=dict.fromkeys(("annual_cost", "largest_cost"), "fine percent")
        | dict.fromkeys(("median_days", "largest_days", "initial_days"), "ratio")
        | {"assets_under_management": "usd", "share_above": "percent"},
        headers={
            "assets_under_management": "assets, USD",
            "annual_cost": "cost a year",
            "largest_cost": "cost of the dearest rebalance",
            "median_days": "days of the median rebalance",
            "largest_days": "days of the slowest",
            "share_above": "trades that take over a day",
            "initial_days": "days of the first basket",
        },
        note=f"At most {format_value(participation, 'percent')} of an asset's median daily volume is traded a day. "
        "Market impact by the square-root law with coefficient 1 (Donier and Bonart, 2015), besides fees and spreads. "
        "Reported volume overstates what can be traded.",
    )


def counterfactuals(frame: pd.DataFrame, effects: pd.Series, *, risk_free: float) -> Table:
    """`counterfactuals`: one rule changed at a time, over the days that all variants have; and the `rule_effects`."""
    shares = ["cagr", "annualized_volatility", "max_drawdown", "annual_turnover", "tracking_error"]
    columns = ["cagr", "cagr_difference", *shares[1:3], "sharpe_ratio", *shares[3:]]
    told = ", ".join(
        f"{escape_markdown(name)} {format_value(part, 'signed points')}" for name, part in effects.head(NAMED).items()
    )
    return Table(
        frame[columns],
        "The same index with one rule changed at a time, over the days that all variants have",
        finding=f"What the rules added to growth a year, in points, the largest first: {told}",
        formats=dict.fromkeys(shares, "percent") | {"cagr_difference": "fine points", "sharpe_ratio": "ratio"},
        headers={name: f"{words_of(name)}, common days" for name in (*shares[:3], "sharpe_ratio")}
        | {
            "cagr_difference": "growth against the published, points",
            "annual_turnover": "turnover a year",
            "tracking_error": words_of("tracking_error"),
        },
        note="Figures differ a little from those of the whole history, for the slowest variant begins some days later. "
        "Survivors only is look-ahead on purpose: the bias of an index without its dead assets. A lag of 0 "
        f"days trades at the very prices that the decision needs, which is not possible. Sharpe ratio over "
        f"{format_value(risk_free, 'short percent')} a year.",
    )


def token_units(units: pd.Series, weights: pd.Series, *, date: pd.Timestamp, limit: int = 10) -> Table:
    """Units of each member that back one token of the index, the largest weight first."""
    held = units[units > 0]
    frame = pd.DataFrame({"units": held, "weight": weights.reindex(held.index)}).rename_axis("asset")
    frame = frame.sort_values("weight", ascending=False, kind="stable")
    return Table(
        frame,
        f"What one token holds at the close of {date:%Y-%m-%d}",
        formats={"weight": "fine percent", "units": "number"},
        headers={"units": "units a token"},
        raw=("units",),
        limit=limit,
    )
