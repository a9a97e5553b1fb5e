"""Tables of the factsheet: how the columns of its frames read. Nothing is computed here."""

from __future__ import annotations

import pandas as pd

from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE


def performance(summary: pd.DataFrame, *, confidence: float = 0.95) -> Table:
    """`performance_summary`: value and interval in the unit of each row, its convention, and the rule of thumb."""
    thumb = {name: f"Rule of thumb: {text}." for name, text in RULES_OF_THUMB.items()}
    notes = [
        " ".join(filter(None, [text, interval, thumb.get(str(metric))]))
        for metric, text, interval in zip(summary.index, summary["convention"], summary["interval_note"], strict=True)
    ]
    frame = summary[["value", "lower", "upper"]].assign(convention=notes)
    units = {"fraction": "percent", "ratio": "ratio", "days": "count"}
    return Table(
        frame.rename(index=lambda name: str(name).replace("_", " ")),
        f"All figures of performance and risk, with {format_value(confidence, 'short percent')} intervals",
        folded=True,
        row_formats={str(metric).replace("_", " "): units[unit] for metric, unit in summary["unit"].items()}
        | {"total return": "growth"},
        note="lower and upper are the ends of a confidence interval where nothing else is said: of the stationary "
        "block bootstrap, or self-normalised where clusters of volatility would make that too narrow. How often each "
        "holds was measured: research/evaluation/CONVENTIONS.md. A dash marks a figure without an interval. "
        f"{RULES_OF_THUMB_SOURCE}",
    )


def holdings(frame: pd.DataFrame, *, as_of: pd.Timestamp) -> Table:
    """`IndexHistory.holdings`: who is in, how much, since when and why."""
    columns = ["asset_id", "symbol", "target_weight", "weight", "price", "since", "reason"]
    return Table(
        frame[columns],
        f"Members at the close of {as_of:%Y-%m-%d}",
        formats={"target_weight": "percent", "weight": "percent"},
        headers={
            "asset_id": "asset",
            "target_weight": "target at the last trade",
            "weight": "weight now",
            "price": "price, USD",
        },
    )


def nearest_misses(frame: pd.DataFrame) -> Table:
    """`IndexHistory.nearest_misses`: who was left out most narrowly, and why."""
    return Table(
        frame,
        "The nearest misses at the last choice of members",
        formats={"rank_value": "usd"},
        headers={"asset_id": "asset", "rank_value": "ranked by, USD"},
    )


def trades(constituents: pd.DataFrame) -> Table:
    """The rows of one trade of `IndexHistory.constituents`: weight before and after."""
    columns = ["asset_id", "symbol", "status", "target_weight", "drifted_weight", "weight", "trade", "price"]
    return Table(
        constituents[columns].sort_values("trade", ascending=False, ignore_index=True),
        f"What was traded at the close of {constituents['effective_date'].iloc[0]:%Y-%m-%d}",
        formats=dict.fromkeys(("target_weight", "drifted_weight", "weight"), "fine percent") | {"trade": "fine change"},
        headers={
            "asset_id": "asset",
            "target_weight": "target",
            "drifted_weight": "before",
            "weight": "after",
            "trade": "traded, % of index",
            "price": "price, USD",
        },
    )


def drawdowns(frame: pd.DataFrame) -> Table:
    """`drawdown_table`: the deepest falls, and how long each recovery took."""
    columns = ["peak", "trough", "to", "depth", "days_to_trough", "days_to_recover"]
    return Table(
        frame[columns],
        "The deepest drawdowns",
        formats={"depth": "percent"},
        headers={"to": "recovered", "days_to_trough": "days to the trough", "days_to_recover": "days to recover"},
        note="A dash under recovered: not yet.",
    )


def trading_by_year(frame: pd.DataFrame) -> Table:
    """`trading_by_year`: added, removed, turnover, cost."""
    return Table(
        frame.set_axis(frame.index.astype(str)),
        "Trading by year, the first purchase left out",
        formats={"turnover": "percent", "cost": "fine percent"},
        headers={"turnover": "turnover, one-sided", "cost": "cost, % of the level"},
    )


def rolling(frame: pd.DataFrame, *, window_days: int) -> Table:
    """`rolling_summary`, one row per series: what a stay of one window brought, whenever it began."""
    numbers = ["worst", "median", "best"]
    return Table(
        frame.rename_axis("series"),
        f"Every window of {window_days} days",
        formats={"share_positive": "percent", "windows": "count"} | dict.fromkeys(numbers, "change"),
    )


def beside(frame: pd.DataFrame) -> Table:
    """`risk_beside`: return and risk of the index and of its benchmarks, and the difference to the first of them."""
    names = {
        "cagr": "growth a year (CAGR)",
        "annualized_volatility": "volatility a year",
        "sharpe_ratio": "Sharpe ratio",
        "max_drawdown": "deepest fall from a high",
        "expected_shortfall": "mean of the worst 5\u00a0% of days",
        "worst_day": "worst day",
        "longest_drawdown": "longest time below a high, days",
    }
    kinds = {"sharpe_ratio": "ratio", "longest_drawdown": "count"}
    return Table(
        frame.rename(index=names).rename_axis("figure"),
        "Return and risk beside the benchmarks",
        row_formats={words: kinds.get(name, "percent") for name, words in names.items()},
        headers={"difference": f"difference to {frame.columns[1]}"},
        note="Over the days that all have. lower and upper are a 95\u00a0% interval of the difference; a dash marks a "
        "figure for which no such interval has been measured. The Sharpe ratio is arithmetic, of returns above the "
        "risk-free rate.",
    )
