"""Values that a profile asks to hold back on import, by the rules of `research.market.quality`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.market.imports.cleaning.checks import Block, Note
from research.market.quality.holding_back import held_values
from research.market.quality.prints import Prints
from research.market.tables import DAY

CELLS_AT_A_TIME = 2_000_000  # days x assets


def hold_back_values(block: Block, rules: Sequence[str]) -> None:
    """Set missing what the rules hold back, each with a line of the ledger; the assets of `block` are known by now.

    The rules look at one asset at a time, so that some assets can be read without the others.
    """
    if not rules or not block.kept.any():
        return
    most = max(1, CELLS_AT_A_TIME // len(np.unique(block.day)))
    for begin in range(0, len(block.asset_keys), most):
        rows = np.flatnonzero(block.kept & (block.asset >= begin) & (block.asset < begin + most))
        if not len(rows):
            continue
        days = np.unique(block.day[rows]).astype(np.int64)
        places = (days.searchsorted(block.day[rows]), block.asset[rows] - begin)
        ids = pd.Index(block.asset_keys[begin : begin + most])
        panels = {name: np.full((len(days), len(ids)), np.nan) for name in block.numbers}
        for name, values in block.numbers.items():
            panels[name][places] = values[rows]
        dates = pd.DatetimeIndex(days.astype("datetime64[D]").astype(DAY))
        for rule, name, mask in held_values(Prints(dates=dates, days=days, ids=ids, panels=panels), rules):
            values = block.numbers[name]
            wrong = rows[mask[places] & ~np.isnan(values[rows])]
            block.notes.append(Note(rows=wrong, field=name, rule=f"held back: {rule}", old=values[wrong].copy()))
            values[wrong] = np.nan
