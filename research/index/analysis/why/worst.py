"""The worst stretch and the worst day of a level, with the members that made them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from research.errors import DataError
from research.evaluation import drawdown_table, returns_from_levels
from research.index.analysis.why.contributions import linked_contributions


@dataclass(frozen=True, kw_only=True, eq=False)
class WorstStretch:
    """The deepest fall from a high.

    Attributes
    ----------
    peak, trough : Timestamp
    recovered : Timestamp or NaT
        The day on which the high was reached again; NaT where that has not happened.
    depth : float
        Return from peak to trough, negative; what the members and the costs contributed adds up to it.
    days : int
        From the peak to the recovery, or to the last day.
    members : Series
        What each member contributed from peak to trough, as a share of the level at the peak, the largest loss first.
    """

    peak: pd.Timestamp
    trough: pd.Timestamp
    recovered: pd.Timestamp
    depth: float
    days: int
    members: pd.Series


@dataclass(frozen=True, kw_only=True, eq=False)
class WorstDay:
    """The day of the largest loss: its return, that of the benchmark, and what each member contributed."""

    date: pd.Timestamp
    change: float
    benchmark: float
    members: pd.Series


def worst_stretch(level: pd.Series, contributions: pd.DataFrame) -> WorstStretch | None:
    """The deepest drawdown of a level; None where it never fell.

    Parameters
    ----------
    level : Series
        By day.
    contributions : DataFrame, shape (days, members and costs)
        `IndexHistory.contributions`: shares of the level of the day before.
    """
    falls = drawdown_table(returns_from_levels(level), top=1)
    if falls.empty:
        return None
    fall = falls.iloc[0]
    until = level.index[-1] if pd.isna(fall["to"]) else fall["to"]
    part = level.loc[fall["peak"] : fall["trough"]]
    return WorstStretch(
        peak=fall["peak"],
        trough=fall["trough"],
        recovered=fall["to"],
        depth=float(fall["depth"]),
        days=(until - fall["peak"]).days,
        members=linked_contributions(contributions, part).sort_values(kind="stable"),
    )


def worst_day(level: pd.Series, contributions: pd.DataFrame, benchmark: pd.Series) -> WorstDay:
    """The day on which a level lost most; `benchmark` are prices, and its return NaN where one of them is missing.

    Raises
    ------
    DataError
        If the level has a single day.
    """
    returns = returns_from_levels(level).dropna()
    if returns.empty:
        raise DataError("level: a single day has no worst one; give a longer history.")
    place = int(returns.to_numpy().argmin())
    change = benchmark.reindex(level.index).pct_change(fill_method=None).reindex(returns.index)
    return WorstDay(
        date=returns.index[place],
        change=float(returns.iloc[place]),
        benchmark=float(change.iloc[place]),
        members=contributions.reindex(returns.index).iloc[place].sort_values(kind="stable"),
    )
