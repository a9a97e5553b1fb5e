"""What is asked of an index every quarter: gathers the numbers that the index page shows of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from research.evaluation import (
    drawdown_series,
    find_red_flags,
    rebased,
    resample_returns,
    returns_from_levels,
    rolling_returns,
)
from research.evaluation.changes.monitoring import Monitoring, monitoring, standing
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.history import IndexHistory

REVIEW_FLAG = "persistent_underperformance"
"""The red flag that calls for a review: behind, for its risk, for a year and more."""
MONTHS = 24


@dataclass(frozen=True, kw_only=True, eq=False)
class QuarterlyReview:
    """The numbers behind the quarterly review of one index.

    Attributes
    ----------
    standing : DataFrame
        `evaluation.changes.monitoring.standing` of the index and its benchmarks.
    monitoring : Monitoring
        Against the first benchmark.
    flags : DataFrame
        `find_red_flags`, with the first benchmark.
    levels : Series
        The index, once a week and on the last day: enough for a small line.
    months : DataFrame, shape (at most `MONTHS`, 2)
        Returns of whole calendar months: the index's, and less the first benchmark's.
    drawdowns, rolled : DataFrame, shape (days, 2)
        `drawdown_series`, and returns over windows of `DAYS_PER_YEAR` days, of the index and the first benchmark.
    """

    standing: pd.DataFrame
    monitoring: Monitoring
    flags: pd.DataFrame
    levels: pd.Series
    months: pd.DataFrame
    drawdowns: pd.DataFrame
    rolled: pd.DataFrame

    @property
    def calls_for_a_review(self) -> bool:
        """Whether the red flag of a year's underperformance was found."""
        return bool((self.flags["flag"] == REVIEW_FLAG).any())


def quarterly_review(index: IndexHistory, levels: pd.DataFrame, *, risk_free: float) -> QuarterlyReview:
    """`QuarterlyReview` of an index.

    Parameters
    ----------
    levels : DataFrame
        `levels_beside`: the index first, its first benchmark second.
    risk_free : float
        Annual rate.
    """
    pair = levels.iloc[:, :2]
    returns = returns_from_levels(pair)
    months = resample_returns(returns, "monthly")
    own, other = months.columns
    return QuarterlyReview(
        standing=standing(levels),
        monitoring=monitoring(pair, risk_free=risk_free),
        flags=find_red_flags(returns[own], benchmark=returns[other], risk_free=risk_free, **index.red_flag_inputs()),
        levels=_weekly(index.level),
        months=pd.DataFrame({own: months[own], f"less {other}": months[own] - months[other]}).tail(MONTHS),
        drawdowns=drawdown_series(returns_from_levels(rebased(pair))),
        rolled=rolling_returns(returns, DAYS_PER_YEAR),
    )


def _weekly(level: pd.Series) -> pd.Series:
    """Every seventh value, back from the last one."""
    return level.iloc[::-7].iloc[::-1]
