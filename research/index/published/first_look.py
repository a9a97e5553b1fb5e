"""What a first reader asks of an index in ten seconds: how risky against its benchmark, the worst, and why."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from research.evaluation import drawdown_series, rebased, returns_from_levels, trend_regimes
from research.evaluation.comparisons.beside import risk_beside
from research.index.analysis.why.worst import WorstDay, WorstStretch, worst_day, worst_stretch
from research.index.comparisons.counterfactuals import counterfactuals, rule_effects
from research.index.history import IndexHistory


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstLook:
    """The numbers behind the first screen of a page.

    Attributes
    ----------
    levels, falls : DataFrame, shape (days, series)
        `rebased` levels and `drawdown_series` of the index, its benchmark and the next one.
    regimes : Series
        `trend_regimes` of the benchmark.
    beside : DataFrame
        `risk_beside`, the index first and its benchmark second.
    stretch, day
        `worst_stretch` (None where the level never fell) and `worst_day`.
    variants : DataFrame
        `counterfactuals`.
    effects : Series
        `rule_effects`.
    """

    levels: pd.DataFrame
    falls: pd.DataFrame
    regimes: pd.Series
    beside: pd.DataFrame
    stretch: WorstStretch | None
    day: WorstDay
    variants: pd.DataFrame
    effects: pd.Series


def first_look(index: IndexHistory, levels: pd.DataFrame, *, risk_free: float = 0.0, draws: int = 1000) -> FirstLook:
    """`FirstLook` at an index.

    Parameters
    ----------
    levels : DataFrame
        `levels_beside`: the level of the index, its benchmark second, then others; the first three are drawn.
    risk_free : float
        Annual rate, of the Sharpe ratio.
    draws : int
        Resampled histories behind the intervals.

    Raises
    ------
    DataError
        For a level of a single day, and for what `compare` refuses.
    """
    drawn = levels.iloc[:, :3]
    benchmark, variants = levels.iloc[:, 1], counterfactuals(index, risk_free=risk_free)
    return FirstLook(
        levels=rebased(drawn),
        falls=drawdown_series(returns_from_levels(drawn)),
        regimes=trend_regimes(returns_from_levels(benchmark)),
        beside=risk_beside(levels, risk_free=risk_free, draws=draws),
        stretch=worst_stretch(index.level, index.contributions),
        day=worst_day(index.level, index.contributions, benchmark),
        variants=variants,
        effects=rule_effects(variants, index),
    )
