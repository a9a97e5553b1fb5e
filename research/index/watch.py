"""Conditions looked at on every close: drift out of the bands, and a stablecoin that loses its peg."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.index.drift import out_of_band
from research.index.methodology import Methodology
from research.index.overlay import stable_coin
from research.index.records import Segment, Trade
from research.index.view import FloatArray, PointInTime


def is_watchful(methodology: Methodology) -> bool:
    """Whether anything has to be looked at between the calendar's days."""
    return methodology.schedule.watches_drift or methodology.overlay is not None


def first_call(
    source: PointInTime, methodology: Methodology, path: Segment, last: Trade, *, since: int, before: int
) -> tuple[int, str] | None:
    """The first close on the path, after its start and before row `before`, that calls for a decision; and the cause.

    A close is judged by what is known on it; a path that is longer gives the same answer.
    """
    calls = []
    if methodology.schedule.watches_drift:
        calls += _drift(methodology, path, last, since)
    if methodology.overlay is not None:
        calls += _lost_peg(source, methodology, path)
    return min((call for call in calls if call[0] < before), default=None)


def _drift(methodology: Methodology, path: Segment, last: Trade, since: int) -> list[tuple[int, str]]:
    """The first day out of band, once the cool-down since the last trade is over.

    Weights are shares of what has a target: what could not be weighed or sold is no drift.
    """
    held = np.isin(last.assets, path.assets) & (last.target > 0)
    if not held.any():
        return []
    place = np.searchsorted(path.assets, last.assets[held])
    target = last.target[held] / last.target[held].sum()
    weights = np.ascontiguousarray(path.values()[:, place])
    weights /= weights.sum(axis=1, keepdims=True)
    days = out_of_band(weights, target, methodology.schedule)
    rows = np.arange(path.start, path.stop + 1)
    open_rows = rows[days & (rows > path.start) & (rows > since + methodology.schedule.cool_down_days)]
    return [(int(open_rows[0]), "drift")] if len(open_rows) else []


def _lost_peg(source: PointInTime, methodology: Methodology, path: Segment) -> list[tuple[int, str]]:
    """The first day on which a stablecoin that is held breaks its peg while another one of the leg keeps it."""
    overlay = methodology.overlay
    assert overlay is not None
    leg = source.market.prices.columns.get_indexer(pd.Index(overlay.stable_leg))
    for stable in path.assets[np.isin(path.assets, leg)]:
        start = max(0, path.start + 2 - overlay.depeg_days)
        distance: FloatArray = np.abs(source.prices[start : path.stop + 1, stable] - 1.0)
        far = distance > overlay.depeg_warning
        run = np.zeros(len(far), dtype=np.int64)
        for day, is_far in enumerate(far):
            run[day] = run[day - 1] + 1 if is_far and day else int(is_far)
        broken = (distance > overlay.depeg_limit) | (run >= overlay.depeg_days)
        for row in np.flatnonzero(broken) + start:
            if row > path.start and stable_coin(source.at(int(row)), overlay) is not None:
                return [(int(row), "stable switch")]
    return []
