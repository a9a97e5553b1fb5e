"""What doubtful values did to a level, as frames that can be drawn. The findings are ranked in `data_review.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from research.index.build import build_index
from research.index.data_review import YARDSTICKS, DataReview
from research.index.history import IndexHistory

WORDS = {"top_20": "Top 20", "total_market": "Total market"}


def largest_effects(review: DataReview, *, count: int = 12) -> pd.DataFrame:
    """The findings with the largest effect on a level or a weight, the largest first.

    Returns
    -------
    DataFrame, one row a finding
        Indexed by what was found: asset, rule and day in words, in one text. effect (fraction of the level): on the
        yardstick that it moved more. Findings without an effect are left out.
    """
    table = review.findings.drop_duplicates(["date", "asset_id", "rule"])
    both = table[[f"{name}_bps" for name in YARDSTICKS]].fillna(0.0).to_numpy()
    larger = np.take_along_axis(both, np.abs(both).argmax(axis=1)[:, None], axis=1)[:, 0] / 1e4
    names = [f"{row.asset_id}, {row.rule}, {row.date:%Y-%m-%d}" for row in table.itertuples()]
    effects = pd.DataFrame({"effect": larger}, index=pd.Index(names, name="finding"))
    return effects.loc[larger != 0].head(count)


def levels_with_jumps_held_back(review: DataReview, *, outlier_jump: float) -> pd.DataFrame:
    """Each yardstick as printed, and with every doubtful print held back until the next one confirms it.

    Parameters
    ----------
    outlier_jump : float in (0, 5]
        Log of the factor from which a print is doubtful, as in a rulebook's `[events]`.

    Returns
    -------
    DataFrame by day
        Two columns for each yardstick that can be built, all from the same day and value on; no columns where none can.
    """
    levels = {}
    for name in YARDSTICKS:
        index = review.indices[name]
        if isinstance(index, IndexHistory):
            rules = index.methodology
            careful = replace(rules, events=replace(rules.events, outlier_jump=outlier_jump))
            levels[f"{WORDS[name]}, as printed"] = index.level
            levels[f"{WORDS[name]}, jumps held back"] = build_index(review.market, careful).level
    return pd.DataFrame(levels)
