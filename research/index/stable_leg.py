"""Which stablecoin the stable leg is in, and when one has lost its peg: by market prices, never a constant 1."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from research.index.rules import Overlay
from research.index.view import BoolArray, FloatArray, IntArray, MarketView, PointInTime


def leg_places(source: PointInTime, overlay: Overlay) -> IntArray:
    """Positions in the market of the leg's stablecoins, in order of preference; those it does not have are left out."""
    places = source.market.prices.columns.get_indexer(pd.Index(overlay.stable_leg))
    return np.asarray(places[places >= 0], dtype=np.int64)


def stable_coin(view: MarketView, overlay: Overlay, held: Iterable[int] = ()) -> int | None:
    """Position of the stablecoin that the leg is to be in at the view's close; None where there is none.

    A coin that is held stays until its peg is broken (see `broken`), for each change costs money. A new one is the
    first of the leg with a price today within `depeg_warning` of 1 USD.

    Parameters
    ----------
    held : positions in the market, optional
        What the index holds.
    """
    leg = [int(place) for place in leg_places(view.source, overlay) if place not in view.announced]
    for place in leg:
        if place in held and not broken(view.source, overlay, place, view.row, view.row)[0]:
            return place
    for place in leg:
        if abs(view.source.prices[view.row, place] - 1.0) <= overlay.depeg_warning:
            return place
    return None


def broken(source: PointInTime, overlay: Overlay, place: int, first: int, last: int) -> BoolArray:
    """At the close of which rows from `first` to `last` a stablecoin has lost its peg, shape (last - first + 1,).

    It has when it is further than `depeg_limit` from 1 USD, or beyond `depeg_warning` on `depeg_days` days in a row. A
    day without a price breaks nothing, and ends a run.
    """
    start = max(0, first + 1 - overlay.depeg_days)
    distance = peg_distances(source, place, start, last)
    run = np.zeros(len(distance), dtype=np.int64)
    for day, far in enumerate(distance > overlay.depeg_warning):
        run[day] = run[day - 1] + 1 if far and day else int(far)
    lost: BoolArray = (distance > overlay.depeg_limit) | (run >= overlay.depeg_days)
    return lost[first - start :]


def peg_distances(source: PointInTime, place: int, first: int, last: int) -> FloatArray:
    """Distance of a stablecoin from 1 USD at each close, NaN without a price; shape (last - first + 1,)."""
    distance: FloatArray = np.abs(source.prices[first : last + 1, place] - 1.0)
    return distance
