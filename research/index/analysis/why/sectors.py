"""Weights by sector. Which sector an asset has on a day is `point_in_time.tags`' to say."""

from __future__ import annotations

import pandas as pd

from research.point_in_time.tags import sectors_at


def sector_weights(weights: pd.Series, tags: pd.DataFrame, date: pd.Timestamp) -> pd.Series:
    """Sum of the weights (by asset_id) of each sector, by its name; the sectors are those known on `date`."""
    return weights.groupby(sectors_at(tags, weights.index, date)).sum()
