"""What the history of an index shows of its risks: the figures behind the sentences of the audit page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from research.evaluation import beta, returns_from_levels, worst_periods
from research.index.analysis.record import IndexRecord
from research.index.analysis.trade_costs.capacity import capacity, turnover_summary
from research.index.analysis.why.audit_tables import events_table
from research.index.analysis.why.sectors import sector_weights

COUNTED = ("removed", "carried", "collapse")
WORST = 20
"""Worst days of the benchmark that are looked at."""
SIZE = 1e8
"""USD of the fund whose days of trading are told."""
PARTICIPATION = 0.05
"""Share of an asset's median daily volume that it trades."""
UNCHANGED = ("as published", "survivors only (look-ahead)")
"""Counterfactuals that change no rule."""


@dataclass(frozen=True, kw_only=True)
class RiskFigures:
    """Evidence of the risks of one index.

    Attributes
    ----------
    worst_days, days_fallen : int
        How many of the benchmark's worst days were looked at; on how many of them the index fell.
    benchmark_mean, index_mean : float
        Mean returns on those days, fractions.
    variants : int
        Rulebooks with one rule changed.
    largest_variant, largest_difference : str, float
        The one that moves the growth a year most, and by how much.
    largest_sector, sector_weight : str, float
    volatility : float
        Of the index as published, annual.
    beta : float
        To the benchmark.
    trades_per_year, turnover, largest_trade : float
        How often it trades, and what that moves, one-sided: a year, and at most at once.
    size, participation, slowest_days, late_share : float
        Of a fund of `size` USD that trades a share of an asset's median daily volume: days of the slowest rebalance,
        share of the trades that take over a day. NaN where volumes are not known.
    counts : dict
        `event_counts`.
    """

    worst_days: int
    days_fallen: int
    benchmark_mean: float
    index_mean: float
    variants: int
    largest_variant: str
    largest_difference: float
    largest_sector: str
    sector_weight: float
    volatility: float
    beta: float
    trades_per_year: float
    turnover: float
    largest_trade: float
    size: float
    participation: float
    slowest_days: float
    late_share: float
    counts: dict[str, int]


def risk_evidence(
    index: IndexRecord, benchmark: pd.Series, variants: pd.DataFrame, *, weights: pd.Series, date: pd.Timestamp
) -> RiskFigures:
    """`RiskFigures` of an index.

    Parameters
    ----------
    benchmark : Series of returns
    variants : DataFrame
        `counterfactuals` of the index.
    weights : Series by asset_id
        What is held on `date`, of which the sectors are taken.
    """
    returns = returns_from_levels(index.level)
    worst = worst_periods(returns, count=WORST, benchmark=benchmark)
    large = capacity(index, [SIZE], participation=PARTICIPATION).iloc[0]
    trading = turnover_summary(index)
    return risk_figures(
        worst,
        variants,
        sector_weights(weights, index.market.tags, date),
        beta=float(beta(returns, benchmark)),
        trades_per_year=float(trading["trades_per_year"]),
        turnover=float(trading["annual"]),
        largest_trade=float(trading["largest"]),
        size=SIZE,
        participation=PARTICIPATION,
        slowest_days=float(large["largest_days"]),
        late_share=float(large["share_above"]),
        counts=event_counts(events_table(index)),
    )


def event_counts(events: pd.DataFrame) -> dict[str, int]:
    """How often each event of `COUNTED` stands in `IndexHistory.events`."""
    return {name: int((events["event"] == name).sum()) for name in COUNTED}


def risk_figures(worst: pd.DataFrame, variants: pd.DataFrame, sectors: pd.Series, **measured: Any) -> RiskFigures:
    """`RiskFigures` from what was measured; `measured` are those that stand for themselves.

    Parameters
    ----------
    worst : DataFrame
        `evaluation.worst_periods` against the benchmark.
    variants : DataFrame
        `counterfactuals` of the index.
    sectors : Series
        `sector_weights`.
    """
    differences = variants["cagr_difference"].drop([*UNCHANGED])
    swing, largest = str(differences.abs().idxmax()), str(sectors.idxmax())
    mean = worst.mean()
    return RiskFigures(
        worst_days=len(worst),
        days_fallen=int((worst["return"] < 0).sum()),
        benchmark_mean=float(mean["benchmark"]),
        index_mean=float(mean["return"]),
        variants=len(differences),
        largest_variant=swing,
        largest_difference=float(differences[swing]),
        largest_sector=largest,
        sector_weight=float(sectors[largest]),
        volatility=float(variants["annualized_volatility"]["as published"]),
        **measured,
    )
