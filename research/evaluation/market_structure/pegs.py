"""How well stablecoins hold their peg: the distance from 1 USD by day, and how often it was large."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.evaluation._calendar import require_days
from research.evaluation.market_structure._panels import checked
from research.typing import BoolArray

BOUNDS = (0.01, 0.03)
"""Distances that are noted, as fractions of the peg; the second one no arbitrage leaves standing for long."""
COLUMNS = ["first", "last", "days", "median", "beyond_1", "beyond_3", "longest", "worst", "worst_day", "now"]


def peg_distances(prices: pd.DataFrame) -> pd.DataFrame:
    """Price / 1 USD − 1 by day.

    Parameters
    ----------
    prices : DataFrame, days x stablecoins
        USD; NaN where there is no price.

    Returns
    -------
    DataFrame of the shape of `prices`, fractions

    Raises
    ------
    DataError
        If the days are not complete, or a price is negative or infinite.
    """
    return pd.DataFrame(checked(prices, "prices") - 1.0, index=prices.index, columns=prices.columns)


def peg_table(prices: pd.DataFrame) -> pd.DataFrame:
    """How each stablecoin held its peg over its whole history, the one that was farthest from it first.

    Returns
    -------
    DataFrame by asset; those without any price are left out
        first, last (datetime64): days of the first and last price. days (int): with a price. median (fraction): of the
        size of the distance. beyond_1, beyond_3 (int): days more than 1 % and 3 % away. longest (int): prices in a row
        more than 3 % away, days without a price left out. worst (fraction, signed), worst_day (datetime64): the
        largest distance, the first of several. now (fraction): the last one known.

    Raises
    ------
    DataError
        As `peg_distances` does.
    """
    distances, days = peg_distances(prices), require_days(prices)
    rows = {}
    for name in distances.columns[distances.notna().any()]:
        own = distances[name].to_numpy()
        there = np.flatnonzero(~np.isnan(own))
        away = own[there]
        worst = int(np.abs(away).argmax())
        # 1.01 − 1 is a little more than 0.01: a price exactly on the bound is not beyond it
        small, large = (np.abs(away) > bound + 1e-12 for bound in BOUNDS)
        rows[name] = [
            days[there[0]],
            days[there[-1]],
            len(away),
            float(np.median(np.abs(away))),
            int(small.sum()),
            int(large.sum()),
            _longest_run(large),
            away[worst],
            days[there[worst]],
            away[-1],
        ]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).rename_axis("asset_id")
    return table.sort_values("worst", key=np.abs, ascending=False, kind="stable")


def _longest_run(flags: BoolArray) -> int:
    """The most True in a row."""
    ends = np.flatnonzero(~np.concatenate([[False], flags, [False]]))
    return int(np.diff(ends).max() - 1)
