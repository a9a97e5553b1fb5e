"""Signals as the engine reads them: by row and asset, whatever name an asset had when its signal was given."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from research.errors import DataError, DataWarning, suggest
from research.market import MarketData
from research.point_in_time.corporate_actions import NOT_LISTED, Conversion
from research.point_in_time.given_tables import SIGNALS
from research.typing import BoolArray, FloatArray, IntArray


class SignalLog(NamedTuple):
    """Row, asset (position in the market) and place in `SIGNALS` of each signal, in order of row; shapes (n,).

    `scores` are NaN where a signal has none; None where the table has no such column.
    """

    rows: IntArray
    assets: IntArray
    words: IntArray
    scores: FloatArray | None

    def fresh(self, row: int, days: int) -> slice:
        """The signals of the last `days` days, that of `row` included."""
        return slice(*np.searchsorted(self.rows, [row - days, row], side="right"))


def log_of_signals(table: pd.DataFrame, market: MarketData, conversions: Iterable[Conversion]) -> SignalLog:
    """The signals on assets of this market; one under the new id of a migrated asset is about the old.

    Parameters
    ----------
    table : DataFrame
        As `read_signals` gives it: in order of time.

    Raises
    ------
    DataError
        If a signal is none of `SIGNALS`.
    """
    said, known_words = pd.factorize(table["signal"], use_na_sentinel=False)
    words = pd.Index(SIGNALS).get_indexer(pd.Index(known_words))[said].astype(np.int64)
    if (words < 0).any():
        word = str(table["signal"].iloc[int(np.argmax(words < 0))])
        raise DataError(f"signals: {word!r} is not a signal: {suggest(word, SIGNALS)}")
    rows: IntArray = np.asarray((table["date"] - market.dates[0]).dt.days, dtype=np.int64)
    columns = market.prices.columns
    line_ids, ids = pd.factorize(table["asset_id"])
    places = columns.get_indexer(pd.Index(ids))
    # an id that is not in the market has a place beyond it, for it may be the new one of an asset that is
    places = np.where(places < 0, len(columns) + np.arange(len(ids)), places)
    given = places[line_ids].astype(np.int64)
    assets = given
    for step in conversions:
        new = places[ids == step.new_id] if step.new == NOT_LISTED else step.new
        assets = np.where((rows >= step.row) & np.isin(assets, new), step.old, assets)
    known = assets < len(columns)
    if not known.all():
        unknown = table["asset_id"][~known]
        name = str(unknown.iloc[0])
        warnings.warn(
            f"signals: {unknown.nunique()} of {len(ids)} asset_ids are not in the market (yet), e.g. {name!r}, and are "
            f"left out: {suggest(name, columns)}",
            DataWarning,
            stacklevel=2,
        )
    scores = table["score"].to_numpy(dtype=float) if "score" in table else None
    kept: slice | IntArray | BoolArray = slice(None) if known.all() else known
    if (newer := assets != given).any():
        # of several on one day the last one counts, and of two at one moment that under the newer id: it still trades
        kept = np.lexsort((newer, table["time"].to_numpy()))
        kept = kept[known[kept]]
    return SignalLog(rows[kept], assets[kept], words[kept], None if scores is None else scores[kept])
