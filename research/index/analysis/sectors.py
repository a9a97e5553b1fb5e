"""Weights by sector, as far as tags "sector:…" tell."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

NO_SECTOR = "no sector known"


def sectors_of(tags: pd.DataFrame, asset_ids: Iterable[str], date: pd.Timestamp) -> pd.Series:
    """The sector of each asset by `date`, by asset_id, without the prefix of the tag; `NO_SECTOR` where none is known.

    The last row of the table of tags counts.
    """
    # replaced by point_in_time.tags
    known = tags[tags["tag"].str.startswith("sector:") & ~(tags["valid_from"] > date)]
    latest = known.drop_duplicates("asset_id", keep="last").set_index("asset_id")["tag"].str.removeprefix("sector:")
    return latest.reindex(pd.Index(asset_ids)).fillna(NO_SECTOR)


def sector_weights(weights: pd.Series, tags: pd.DataFrame, date: pd.Timestamp) -> pd.Series:
    """Sum of the weights (by asset_id) of each sector, by its name; the sectors are those known on `date`."""
    return weights.groupby(sectors_of(tags, weights.index, date)).sum()
