"""Tables of the comparison: common days, figures, differences, correlations, regimes, shared weight, trading, profiles.

Every figure is computed in `research.evaluation` and `research.index`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from research.evaluation.comparisons.side_by_side import CommonDays
from research.reporting.evaluation.comparison_tables import DIFFERENCES
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.names import words_of
from research.reporting.presentation.table import Table

_FIGURES: Mapping[str, tuple[str, str]] = {
    "cagr": ("growth a year", "percent"),
    "annualized_volatility": ("volatility", "percent"),
    "sharpe_ratio": ("Sharpe ratio", "ratio"),
    "max_drawdown": ("maximum drawdown", "percent"),
    "expected_shortfall": ("mean of the worst 5 % of days", "fine percent"),
    "worst_day": ("worst day", "percent"),
    "longest_drawdown": ("longest time below a high, days", "count"),
}
"""Rows of `risk_figures`: what they are called, and how their numbers read."""


def spans(common: CommonDays) -> Table:
    """Which days each series has, and how many of them the others do not."""
    return Table(
        common.spans,
        "The days that each series has",
        headers={"first": "first day", "last": "last day", "days": "its own days", "left_out": "left out of them"},
        folded=True,
    )


def figures(frame: pd.DataFrame) -> Table:
    """`risk_figures`, one row for each series."""
    table = frame.T.rename_axis("series")
    return Table(
        table[[*_FIGURES]],
        "Return and risk of each, over the days that all have",
        formats={name: kind for name, (_, kind) in _FIGURES.items()},
        headers={name: words for name, (words, _) in _FIGURES.items()},
        note="Growth is compounded (CAGR). The Sharpe ratio is arithmetic, of daily returns above the risk-free rate.",
    )


def differences(compared: pd.DataFrame, *, base: str) -> Table:
    """`compare` of each series with `base`: difference, interval and verdict of each measure, a row for each series."""
    columns: dict[str, list[str]] = {}
    for measure, (kind, unit) in DIFFERENCES.items():
        rows = compared[compared["measure"] == measure]
        cells = [_with_interval(line, kind) for line in rows.to_dict("records")]
        columns[f"{words_of(measure)},{unit}" if unit else words_of(measure)] = cells
    names = compared.loc[compared["measure"] == "cagr", "first"]
    return Table(
        pd.DataFrame(columns, index=pd.Index(names, name="series")),
        f"Each less {base}, with the 95\u00a0% interval of the difference, and whether it is better",
        note="The difference of growth is geometric: what the series became for each unit that the other became, less "
        "one. A deepest fall that is less deep is better. Intervals: block bootstrap of both series by the same days, "
        "each by itself (Ledoit and Wolf, 2008). Verdict: by the p-value for all cells of this table together (Romano "
        "and Wolf, 2005) below 5\u00a0%; \u201ccannot tell\u201d is no proof that they are alike.",
    )


def _with_interval(line: Mapping[Any, Any], kind: str) -> str:
    low, high = (format_value(line[end], kind) for end in ("lower", "upper"))
    return f"{format_value(line['difference'], kind)} ({low} to {high}), {line['verdict']}"


def correlations(frame: pd.DataFrame) -> Table:
    """`correlations` of daily returns."""
    return Table(
        frame,
        "Correlation of daily returns",
        formats=dict.fromkeys(map(str, frame.columns), "ratio"),
        note="Over the days that all have; 1 is moving together. Without intervals: those that are known are too "
        "narrow for such returns.",
    )


def risk_and_growth(frame: pd.DataFrame) -> Table:
    """`risk_and_growth`: the numbers behind the figure."""
    return Table(
        frame,
        "Volatility and growth a year, with 95\u00a0% intervals",
        formats=dict.fromkeys(map(str, frame.columns), "percent"),
        headers={
            "volatility_lower": "from",
            "volatility_upper": "to",
            "growth": "growth a year",
            "growth_lower": "growth, from",
            "growth_upper": "growth, to",
        },
        folded=True,
        note="Each interval by itself: that two of them overlap does not say that the difference is chance. The table "
        "of differences says what can be told.",
    )


def by_regime(frame: pd.DataFrame, *, benchmark: str) -> Table:
    """`by_regime`."""
    return Table(
        frame.rename_axis("regime"),
        f"What each made in each kind of market of {benchmark}",
        formats=dict.fromkeys(map(str, frame.columns), "growth") | {"days": "count"},
        note="Bull and bear: more than 20\u00a0% up or down over the last 90 days. A day's return is put with the "
        "label known the day before; the returns of a regime's days are chained, with gaps between them.",
    )


def shared_weights(frame: pd.DataFrame, *, as_of: pd.Timestamp) -> Table:
    """`shared_weights` of today's holdings."""
    return Table(
        frame,
        f"Weight that two have in common at the close of {as_of:%Y-%m-%d}",
        formats=dict.fromkeys(map(str, frame.columns), "percent"),
        note="The sum over all assets of the smaller of the two weights: 100\u00a0% is the same basket. A single asset "
        "is a basket of its own.",
    )


def trading(frame: pd.DataFrame) -> Table:
    """`trading_side_by_side`."""
    return Table(
        frame,
        "What each index holds and trades",
        formats={
            "members": "count",
            "largest_weight": "percent",
            "effective_number": "ratio",
            "turnover": "percent",
            "trades": "ratio",
            "charged": "ratio",
            "cost": "fine percent",
        },
        headers={
            "members": "members today",
            "largest_weight": "largest weight",
            "effective_number": "as concentrated as so many equal members",
            "turnover": "turnover a year (one-sided)",
            "trades": "trades a year",
            "charged": "charged, basis points of what is traded",
            "cost": "cost, growth a year",
        },
        note="Over each one's own history, the first purchase left out of the turnover.",
    )


def order(matches: Mapping[str, pd.DataFrame]) -> Table:
    """`match_profile` under several profiles: how often each ranks above the next one in resampled histories."""
    rows = []
    for profile, table in matches.items():
        ranked = list(table.index[table["rank"].notna()])
        above = table.attrs["above"]
        for name, following in pairwise(ranked):
            chance = above[name][following] if above else None
            rows.append((profile, table.loc[name, "rank"], name, following, chance))
    return Table(
        pd.DataFrame(rows, columns=["investor", "rank", "series", "next", "above"]),
        "How sure the order is",
        formats={"above": "percent", "rank": "count"},
        headers={"next": "ranked next", "above": "ranks above the next, of the histories"},
        note="In how many of the histories drawn from the past the one ranks above the other; 50\u00a0% is a coin "
        "toss. Means are drawn together first, by as much as their differences would be chance. Sharpe and Sortino "
        "ratios of the ranking are without a risk-free rate.",
    )
