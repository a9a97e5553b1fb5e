"""Signals as the engine reads them: by row and asset, whatever name an asset had when its signal was given."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from research.errors import DataError, DataWarning, suggest
from research.market import MarketData
from research.point_in_time.corporate_actions import Conversion
from research.point_in_time.given_tables import SIGNALS
from research.typing import IntArray


class SignalLog(NamedTuple):
    """Row, asset (position in the market) and place in `SIGNALS` of each signal, in order of row; shapes (n,)."""

    rows: IntArray
    assets: IntArray
    words: IntArray


def log_of_signals(table: pd.DataFrame, market: MarketData, conversions: Iterable[Conversion]) -> SignalLog:
    """The signals on assets of this market; one under the new id of a migrated asset is about the old.

    Raises
    ------
    DataError
        If a signal is none of `SIGNALS`.
    """
    words: IntArray = pd.Index(SIGNALS).get_indexer(pd.Index(table["signal"])).astype(np.int64)
    if (words < 0).any():
        word = str(table["signal"].iloc[int(np.argmax(words < 0))])
        raise DataError(f"signals: {word!r} is not a signal: {suggest(word, SIGNALS)}")
    rows: IntArray = np.asarray((table["date"] - market.dates[0]).dt.days, dtype=np.int64)
    names = table["asset_id"].to_numpy(dtype=object)
    for step in conversions:
        names = np.where((rows >= step.row) & (names == step.new_id), market.prices.columns[step.old], names)
    assets: IntArray = market.prices.columns.get_indexer(pd.Index(names)).astype(np.int64)
    known = assets >= 0
    if not known.all():
        ids = table["asset_id"]
        name, unknown = str(ids[~known].iloc[0]), ids[~known].nunique()
        warnings.warn(
            f"signals: {unknown} of {ids.nunique()} asset_ids are not in the market (yet), e.g. {name!r}, and are "
            f"left out: {suggest(name, market.prices.columns)}",
            DataWarning,
            stacklevel=2,
        )
    # of several on one day the last one counts, and of two at one moment that under the newer id, which still trades
    newer = table["asset_id"].to_numpy(dtype=object) != names
    order = np.lexsort((newer, table["time"].to_numpy()))
    order = order[known[order]]
    return SignalLog(rows[order], assets[order], words[order])
