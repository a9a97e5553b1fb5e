"""Which stablecoin the stable leg is in, and when one has lost its peg: by market prices, never a constant 1."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Overlay
from research.typing import BoolArray, FloatArray, IntArray


def leg_positions(source: PointInTime, overlay: Overlay, row: int) -> IntArray:
    """Positions in the market of the leg's stablecoins at the close of a row, in order of preference.

    Those that the market does not have (yet) are left out; a migrated one is its successor.
    """
    return source.places(overlay.stable_leg, row)


def in_leg(source: PointInTime, overlay: Overlay, assets: IntArray, row: int) -> BoolArray:
    """Which of the assets are stablecoins of the leg at the close of a row, shape of `assets`."""
    return source.among(assets, leg_positions(source, overlay, row))


def choose_stablecoin(
    view: MarketView, overlay: Overlay, held: Iterable[int] = (), *, without: Iterable[int] = ()
) -> int | None:
    """Position of the stablecoin that the leg is to be in at the view's close; None where there is none.

    A stablecoin that is held stays until its peg is broken (see `broken`), for each change costs money. A new one is
    the first of the leg with a price today within `depeg_warning` of 1 USD.

    Parameters
    ----------
    held : positions in the market, optional
        What the index holds.
    without : positions in the market, optional
        What cannot be the one. An announced removal cannot in any case.
    """
    out = view.announced | set(without)
    leg = [place for place in leg_positions(view.source, overlay, view.row).tolist() if place not in out]
    for place in leg:
        if place in held and not broken(view.source, overlay, place, view.row, view.row)[0]:
            return int(place)
    for place in leg:
        if abs(view.source.prices[view.row, place] - 1.0) <= overlay.depeg_warning:
            return int(place)
    return None


def broken(source: PointInTime, overlay: Overlay, place: int, first: int, last: int) -> BoolArray:
    """At the close of which rows from `first` to `last` a stablecoin has lost its peg, shape (last - first + 1,).

    It has when it is further than `depeg_limit` from 1 USD, or beyond `depeg_warning` on `depeg_days` days in a row. A
    day without a price breaks nothing, and ends a run.
    """
    start = max(0, first + 1 - overlay.depeg_days)
    distance = peg_deviation(source, place, start, last)
    far = distance > overlay.depeg_warning
    if not far.any():
        return far[first - start :]
    days = np.arange(len(far))
    run = days - np.maximum.accumulate(np.where(far, -1, days))  # days in a row up to each, counted from `start`
    lost: BoolArray = (distance > overlay.depeg_limit) | (run >= overlay.depeg_days)
    return lost[first - start :]


def peg_deviation(source: PointInTime, place: int, first: int, last: int) -> FloatArray:
    """Distance of a stablecoin from 1 USD at each close, NaN without a price; shape (last - first + 1,)."""
    distance: FloatArray = np.abs(source.prices[first : last + 1, place] - 1.0)
    return distance
