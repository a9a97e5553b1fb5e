"""Values that a profile asks to hold back on import, by the rules of `research.market.quality`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from research.market.data import DAY
from research.market.quality.holding_back import held_values
from research.market.quality.prints import Prints
from research.typing import FloatArray, IntArray

CELLS_AT_A_TIME = 2_000_000  # days x assets


def held_back(
    day: np.ndarray, asset: np.ndarray, numbers: Mapping[str, FloatArray], rules: Sequence[str]
) -> Iterator[tuple[str, str, IntArray]]:
    """Rule, field and positions of the values that the rules hold back, in rows of some assets without a day twice.

    The rules look at one asset at a time, so that some assets can be read without the others.

    Parameters
    ----------
    day, asset : int, shape (rows,)
        Days since 1970-01-01, and the number of each row's asset.
    numbers : dict of str to float64, shape (rows,)
        price, market_cap, volume and further columns.
    """
    if not rules or not len(day):
        return
    days, last = np.unique(day), int(asset.max())
    most = min(max(1, CELLS_AT_A_TIME // len(days)), last + 1)
    for first in range(0, last + 1, most):
        part = np.flatnonzero((asset >= first) & (asset < first + most))
        if len(part):
            places = (np.searchsorted(days, day[part]), asset[part] - first)
            panels = {name: np.full((len(days), most), np.nan) for name in numbers}
            for name, panel in panels.items():
                panel[places] = numbers[name][part]
            prints = Prints(
                dates=pd.DatetimeIndex(days.astype("datetime64[D]").astype(DAY)),
                days=days.astype(np.int64),
                ids=pd.RangeIndex(first, first + most),
                panels=panels,
            )
            for rule, name, mask in held_values(prints, rules):
                yield f"held back: {rule}", name, part[mask[places]]
