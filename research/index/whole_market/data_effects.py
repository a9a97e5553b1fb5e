"""What doubtful values did to a level, as frames that can be drawn. The findings are ranked in `data_review.py`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.build import build_index
from research.index.history import IndexHistory
from research.index.whole_market.data_review import YARDSTICKS, DataReview
from research.market import MarketData
from research.market.quality import hold_back
from research.market.quality.holding_back import check_holdable
from research.rulebook.methodology import Methodology


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
    moved = np.flatnonzero(larger)[:count]
    return pd.DataFrame({"effect": larger[moved]}, index=pd.Index(names, name="finding")[moved])


def effect_of_holding_back(review: DataReview, rules: Sequence[str]) -> pd.DataFrame:
    """What becomes of each yardstick if all values that one rule doubts are held back, for each rule by itself.

    Parameters
    ----------
    rules : sequence of str
        Of `HOLDABLE` in `research.market.quality.holding_back`. One that found nothing is left out.

    Returns
    -------
    DataFrame by day
        Columns (yardstick, rule): level with the values held back / level as printed − 1, as a fraction. No columns
        where no yardstick can be built; NaN throughout where it cannot be without the values.

    Raises
    ------
    DataError
        If a name is no rule that can hold a value back.
    """
    check_holdable(rules, "hold_back")
    effects = {}
    for rule in (rule for rule in rules if (review.findings["rule"] == rule).any()):
        careful = hold_back(review.market, [rule])
        for name, index in reversed(review.indices.items()):  # what holds every asset has most to show
            if isinstance(index, IndexHistory):
                effects[name, rule] = _level(careful, index.methodology).reindex(index.level.index) / index.level - 1.0
    names = pd.MultiIndex.from_tuples(effects, names=["yardstick", "rule"]) if effects else None
    return pd.DataFrame(effects, columns=names)


def _level(market: MarketData, rules: Methodology) -> pd.Series:
    try:
        return build_index(market, rules).level
    except MethodologyError:  # what is left is too little for this index: there is no effect to show
        return pd.Series(dtype=float)
