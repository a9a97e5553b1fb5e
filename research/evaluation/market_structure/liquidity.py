"""How much is traded: value, turnover, concentration of trading, and how many assets one could trade at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import positive_or_nan
from research.evaluation.market_structure._panels import checked
from research.evaluation.market_structure.dominance import concentration, total

THRESHOLDS = (1e5, 1e6, 1e7)
"""USD a day: what shipped rulebooks ask for at least, and ten and a hundred times that."""


def liquidity(volumes: pd.DataFrame, market_caps: pd.DataFrame) -> pd.DataFrame:
    """Trading of the whole market by day; point in time.

    Reported volume overstates what was traded; nothing here corrects it.

    Parameters
    ----------
    volumes : DataFrame, days x assets
        USD traded on the day; NaN where unknown, 0 where nothing was traded.
    market_caps : DataFrame of the shape of `volumes`
        USD; all NaN where there are none.

    Returns
    -------
    DataFrame by day
        volume (USD): `total` of the volumes. turnover (fraction a day): volume over market cap of the assets that have
        both. largest, ten_largest (fractions of volume), effective_number: `concentration` of the volumes. NaN where
        unknown.

    Raises
    ------
    DataError
        If the panels differ in shape, their days are not complete, or a value is negative or infinite.
    """
    traded, caps = checked(volumes, "volumes"), checked(market_caps, "market_caps", volumes)
    both = ~(np.isnan(traded) | np.isnan(caps))
    sums = [np.where(both, values, 0.0).sum(axis=1) for values in (traded, caps)]
    held = concentration(volumes)
    return held[["largest", "ten_largest", "effective_number"]].assign(
        volume=total(volumes), turnover=sums[0] / positive_or_nan(sums[1])
    )[["volume", "turnover", "largest", "ten_largest", "effective_number"]]


def tradable(volumes: pd.DataFrame, *, thresholds: Sequence[float] = THRESHOLDS, days: int = 30) -> pd.DataFrame:
    """How many assets trade so much: median volume of the last `days` days at or above each threshold; point in time.

    Parameters
    ----------
    volumes : DataFrame, days x assets
        USD traded on the day.
    thresholds : sequence of float
        USD a day.
    days : int
        Length of the window. An asset counts with a volume on half of its days at least.

    Returns
    -------
    DataFrame, days x thresholds
        NaN on days on which no asset can be judged.

    Raises
    ------
    DataError
        As `liquidity` does, or if `days` is no whole number above 0.
    """
    check_number("days", days, DataError, whole=True, at_least=1)
    checked(volumes, "volumes")
    usual = volumes.rolling(days, min_periods=(days + 1) // 2).median()
    judged = usual.notna().any(axis=1)
    return pd.DataFrame({threshold: (usual >= threshold).sum(axis=1).where(judged) for threshold in thresholds})
