"""Values that a profile asks to hold back on import, by the rules of `research.market.quality`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from research.market.data import DAY
from research.market.imports import checks
from research.market.quality.holding_back import held_values
from research.market.quality.prints import Prints

CELLS_AT_A_TIME = 2_000_000  # days x assets


def hold_back_values(rows: pd.DataFrame, rules: Sequence[str], ledger: checks.Ledger) -> pd.DataFrame:
    """Set missing what the rules hold back, each with a line of the ledger; `rows` have a column `asset_key`.

    The rules look at one asset at a time, so that some assets can be read without the others.
    """
    if not rules or rows.empty:
        return rows
    rows = rows.copy()
    for part in _parts(rows):
        of_key, of_day = rows.loc[part, "asset_key"], rows.loc[part, "date"]
        ids, days = pd.Index(of_key.unique()), pd.DatetimeIndex(np.sort(of_day.unique()))
        places = (days.get_indexer(pd.Index(of_day)), ids.get_indexer(pd.Index(of_key)))
        panels = {}
        for name in checks.value_columns(rows):
            panels[name] = np.full((len(days), len(ids)), np.nan)
            panels[name][places] = rows.loc[part, name]
        numbers = days.to_numpy().astype("datetime64[D]").astype(np.int64)
        prints = Prints(dates=pd.DatetimeIndex(days.astype(DAY)), days=numbers, ids=ids, panels=panels)
        for rule, name, mask in held_values(prints, rules):
            held = pd.Series(mask[places], index=part)
            wrong = rows[name].notna() & held.reindex(rows.index, fill_value=False)
            checks.note(ledger, rows[wrong], name, f"held back: {rule}", rows.loc[wrong, name])
            rows.loc[wrong, name] = np.nan
    return rows


def _parts(rows: pd.DataFrame) -> Iterator[pd.Index]:
    """Labels of rows, all rows of some assets at a time, so many that their panels stay small."""
    most = max(1, CELLS_AT_A_TIME // rows["date"].nunique())
    number = pd.Series(pd.factorize(rows["asset_key"])[0] // most, index=rows.index)
    for _, part in number.groupby(number):
        yield part.index
