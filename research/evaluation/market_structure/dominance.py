"""How much of a market is in few hands: shares of the total, concentration, the effective number.

A share is of the total of the day as it was known on that day. The total is unknown, and so is every share, on a day
on which an asset that matters has no value: one whose latest value, at most `WITHIN` days old, would be more than
`MATERIAL` of the total without it. Treating it as zero would turn a hole in the data into a rise of all the others.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.evaluation.market_structure._panels import carried, checked, last_known_row
from research.typing import FloatArray

MATERIAL = 0.01
WITHIN = 30


def total(values: pd.DataFrame) -> pd.Series:
    """Sum over all assets by day, e.g. of market caps, USD; point in time.

    Parameters
    ----------
    values : DataFrame, days x assets
        Not negative; NaN where there is no value.

    Returns
    -------
    Series by day
        In the unit of `values`; NaN where there is no value at all, the sum is zero, or an asset that matters has
        none (module docstring).

    Raises
    ------
    DataError
        If the days are not complete, or a value is negative or infinite.
    """
    return pd.Series(_total(checked(values, "values")), index=values.index, name="total")


def shares(values: pd.DataFrame) -> pd.DataFrame:
    """Each asset's share of the day's `total`; 0 for an asset without a value, NaN on days without a total.

    Returns
    -------
    DataFrame of the shape of `values`, fractions that add up to 1
    """
    numbers = checked(values, "values")
    return pd.DataFrame(_shares(numbers), index=values.index, columns=values.columns)


def concentration(values: pd.DataFrame) -> pd.DataFrame:
    """How concentrated the shares of each day are; point in time.

    HHI = Σ s² (Herfindahl and Hirschman), and its inverse, the number of equal assets with the same concentration.

    Parameters
    ----------
    values : DataFrame, days x assets
        As in `total`: market caps, or volumes.

    Returns
    -------
    DataFrame by day
        assets (int): with a value above zero. largest_asset (object): its name, the first of several. largest,
        five_largest, ten_largest (fractions): of the day's total. herfindahl (1 / assets to 1). effective_number (1 to
        assets). Missing, `assets` apart, on days without a total.

    Raises
    ------
    DataError
        As `total` does.
    """
    numbers = checked(values, "values")
    share = _shares(numbers)
    largest = -np.sort(-share, axis=1)
    herfindahl = (share**2).sum(axis=1)
    names = [values.columns[place] for place in np.nan_to_num(share).argmax(axis=1)] if share.size else []
    return pd.DataFrame(
        {
            "assets": (numbers > 0).sum(axis=1),
            "largest_asset": pd.Series(names, values.index, dtype=object).where(herfindahl > 0),
            "largest": largest[:, :1].sum(axis=1),
            "five_largest": largest[:, :5].sum(axis=1),
            "ten_largest": largest[:, :10].sum(axis=1),
            "herfindahl": herfindahl,
            "effective_number": 1.0 / herfindahl,
        },
        index=values.index,
    )


def _total(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    recent = np.arange(len(values))[:, None] - last_known_row(known) <= WITHIN
    hidden = np.where(~known & recent, carried(values), 0.0).max(axis=1, initial=0.0)
    return np.where((sums > 0) & (hidden <= MATERIAL * sums), sums, np.nan)


def _shares(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), 0.0, values) / _total(values)[:, None]
