"""What a market as a whole is like: coverage, births and deaths, survivorship, dominance, liquidity, breadth, pegs.

Every function takes panels as frames, rows = UTC days without a gap in the calendar, columns = assets, NaN where there
is no value; what an asset is called, and where it comes from, is not known here. Series by day are point in time: a row
depends on rows up to it and on nothing later. What is hindsight by nature (who survived) says so.
"""

from research.evaluation.market_structure.breadth import breadth
from research.evaluation.market_structure.coverage import coverage, coverage_by_year
from research.evaluation.market_structure.dominance import concentration, shares, total
from research.evaluation.market_structure.lifetimes import (
    SILENT_DAYS,
    births_and_deaths,
    deaths,
    lifetimes,
    lives_by_year,
)
from research.evaluation.market_structure.liquidity import THRESHOLDS, liquidity, tradable
from research.evaluation.market_structure.pegs import peg_distances, peg_table
from research.evaluation.market_structure.spans import around, farthest, year_ends
from research.evaluation.market_structure.survivorship import COUNT, survivorship_effect, survivorship_levels
from research.evaluation.market_structure.totals import market_totals

__all__ = [
    "COUNT",
    "SILENT_DAYS",
    "THRESHOLDS",
    "around",
    "births_and_deaths",
    "breadth",
    "concentration",
    "coverage",
    "coverage_by_year",
    "deaths",
    "farthest",
    "lifetimes",
    "liquidity",
    "lives_by_year",
    "market_totals",
    "peg_distances",
    "peg_table",
    "shares",
    "survivorship_effect",
    "survivorship_levels",
    "total",
    "tradable",
    "year_ends",
]


def __dir__() -> list[str]:
    return __all__
