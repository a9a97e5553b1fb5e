"""How much of a market is there: values by day and field, gaps and repeated closes by year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from research.errors import DataError
from research.evaluation._calendar import require_days
from research.evaluation.market_structure._panels import checked, last_known_row


def coverage(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How many assets have a value on each day, by field.

    Parameters
    ----------
    panels : mapping of str to DataFrame, days x assets
        Field -> its values, all of one shape; NaN is no value. Zero is one.

    Returns
    -------
    DataFrame, days x fields, int

    Raises
    ------
    DataError
        If there is no panel, a panel is not complete in days, differs in shape, or holds a negative or infinite value.
    """
    known = {name: ~np.isnan(values) for name, values in _values(panels).items()}
    return pd.DataFrame({name: there.sum(axis=1) for name, there in known.items()}, index=_days(panels))


def coverage_by_year(panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Assets, gaps and repeated values of the first panel by calendar year, and how much of it the others cover.

    Parameters
    ----------
    panels : mapping of str to DataFrame, days x assets
        As in `coverage`; the first one, the prices, says where an asset is there at all.

    Returns
    -------
    DataFrame by year
        assets (int): with a price in the year. assets_a_day (float): mean number with a price. missing (fraction):
        days without a price among those from an asset's first to its last price, hindsight in so far as the last one
        is known. repeated (fraction): prices that are to the last digit that of the day before, of all that have a
        day before. Then one column for each other field: the fraction of prices beside which it has a value. NaN where
        a fraction would be of nothing.

    Raises
    ------
    DataError
        As `coverage` does.
    """
    (_, prices), *others = _values(panels).items()
    known = ~np.isnan(prices)
    inside = (last_known_row(known) >= 0) & (last_known_row(known[::-1])[::-1] >= 0)
    before = np.zeros_like(known)
    before[1:] = known[1:] & known[:-1]
    same = np.zeros_like(known)
    same[1:] = prices[1:] == prices[:-1]
    years = _days(panels).year.to_numpy()
    rows = {}
    for year in np.unique(years):
        its = years == year
        there = known[its]
        rows[year] = {
            "assets": int(there.any(axis=0).sum()),
            "assets_a_day": float(there.sum(axis=1).mean()),
            "missing": _fraction((inside & ~known)[its], inside[its]),
            "repeated": _fraction(same[its], before[its]),
        } | {name: _fraction(there & ~np.isnan(values[its]), there) for name, values in others}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year").astype({"assets": np.int64})


def _fraction(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else float("nan")


def _values(panels: Mapping[str, pd.DataFrame]) -> dict[str, np.ndarray]:
    if not panels:
        raise DataError("panels: found none, expected one at least, e.g. {'price': prices}.")
    first = next(iter(panels.values()))
    return {name: checked(frame, name, first) for name, frame in panels.items()}


def _days(panels: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    return require_days(next(iter(panels.values())))
