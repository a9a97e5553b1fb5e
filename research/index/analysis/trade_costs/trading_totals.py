"""Sums and averages over the trades of an index, the first purchase left out."""

from __future__ import annotations

import pandas as pd

from research.rulebook.costs import BPS


def trading_by_year(rebalances: pd.DataFrame) -> pd.DataFrame:
    """Sums of `IndexHistory.rebalances` by year (int): added, removed, turnover (one-sided), cost (of the value)."""
    later = rebalances.iloc[1:]
    years = pd.DatetimeIndex(later.index).year.rename("year")
    return later.groupby(years)[["added", "removed", "turnover", "cost"]].sum()


def average_cost(rebalances: pd.DataFrame) -> float:
    """Cost over the value traded (purchases and sales) of `IndexHistory.rebalances`, in basis points; NaN without any.

    It compares with `fee_bps` plus `half_spread_bps`, and with `IndexHistory.break_even_cost`.
    """
    later = rebalances.iloc[1:]
    traded = 2 * float(later["turnover"].sum())
    return float(later["cost"].sum()) / traded * BPS if traded > 0 else float("nan")
