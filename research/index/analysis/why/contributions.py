"""Contributions over spans of days: linked so that they add up, and made short enough to be read.

The contributions of single days are `attribution.contributions_table`.
"""

from __future__ import annotations

import pandas as pd

INCEPTION = "since inception"


def linked_contributions(daily: pd.DataFrame, level: pd.Series) -> pd.Series:
    """`IndexHistory.contributions` of the days of `level`, as shares of its first one: they add up to its return.

    A day's contribution is a share of the level of the day before, and such shares of different days do not add.
    """
    grown = level.shift().iloc[1:] / level.iloc[0]
    return daily.reindex(grown.index).mul(grown, axis="index").sum()


def contributions_by_span(daily: pd.DataFrame, level: pd.Series, days: int) -> pd.DataFrame:
    """`linked_contributions` over the last `days` days of `level` and over all of it: shape (members ever + 2, 2)."""
    spans = {f"last {days} days": level.tail(days + 1), INCEPTION: level}
    return pd.DataFrame({name: linked_contributions(daily, part) for name, part in spans.items()})


def contribution_gap(linked: pd.Series, level: pd.Series) -> float:
    """How far the contributions over a whole level are from adding up to its return (rounding, and nothing else)."""
    return abs(float(linked.sum() - level.iloc[-1] / level.iloc[0] + 1))


def contribution_summary(linked: pd.DataFrame, *, most: int = 8, least: int = 5) -> pd.DataFrame:
    """The largest and the smallest contributions by name, by the first column; all others as one row.

    Rows: members, "n others" (their sum), costs, haircuts, and "return of the index", the sum of all that stands above.
    """
    rows = linked.drop(index=["costs", "haircuts"]).sort_values(linked.columns[0], ascending=False, kind="stable")
    named = rows if len(rows) <= most + least else pd.concat([rows.head(most), rows.tail(least)])
    others = rows.drop(index=named.index)
    parts = [named, others.sum().to_frame(f"{len(others)} others").T, linked.loc[["costs", "haircuts"]]]
    return pd.concat([*parts, linked.sum().to_frame("return of the index").T]).rename_axis("member")
