"""What the history of an index shows of its risks: the figures behind the sentences of the audit page."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

COUNTED = ("removed", "carried", "collapse")
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


def event_counts(events: pd.DataFrame) -> dict[str, int]:
    """How often each event of `COUNTED` stands in `IndexHistory.events`."""
    return {name: int((events["event"] == name).sum()) for name in COUNTED}


def risk_figures(worst: pd.DataFrame, variants: pd.DataFrame, sectors: pd.Series) -> RiskFigures:
    """`RiskFigures` from what was measured.

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
    )
