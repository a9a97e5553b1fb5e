"""What is known about each asset at each decision row: its features, computed from trailing windows alone.

`catalogue()` lists them. One policy for gaps: nothing is filled. A price at either end of a return must be there on its
day; a statistic of a window needs 80 % of the window's observations; recursive ones (EMA, RSI, ADX, ATR, EWMA) start at
the first observations, hold their state where there is none, and are NaN until they have seen about their window's
worth. An asset without a price on the decision day has no features that day.

Nothing depends on a row after its own, bit for bit; nor on the order of assets, to 1e-9 (sums over members are in the
order of assets). Features marked * in the catalogue use highs and lows where the market has them, and closes where not;
those that name open, high or low among their inputs are absent there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.market import MarketData
from research.point_in_time import PointInTime
from research.signals.features.catalogue import REGIME_FEATURES, TOKEN_FEATURES, chosen, of_market, token_features
from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.typing import BoolArray, FloatArray, IntArray

__all__ = ["available", "catalogue", "features", "regime_features"]


def features(
    source: PointInTime, rows: IntArray, universe: BoolArray, names: Sequence[str] | None = None
) -> Iterator[tuple[str, FloatArray]]:
    """One feature after the other: its name and its values.

    Parameters
    ----------
    source : PointInTime
    rows : ndarray of int, shape (rows,)
        Decision days, increasing.
    universe : ndarray of bool, shape (rows, assets)
        Who is eligible at each row. Ranks, shares, the equal-weight market and mean correlations are over these
        members; every other feature is of each asset alone.
    names : sequence of str, optional
        In the order wanted; all that the market has where None.

    Yields
    ------
    name : str
    values : ndarray, shape (rows, assets)
        NaN where it cannot be known; never infinite.

    Raises
    ------
    MethodologyError
        If there is no feature of a name, or the market has not what it needs; if rows and universe do not fit.
    """
    inputs = _inputs(source, rows, universe)
    return _computed(inputs, chosen(source.market, names))


def _computed(inputs: Inputs, wanted: list[Feature]) -> Iterator[tuple[str, FloatArray]]:
    priced = ~np.isnan(inputs.at(inputs.price))
    for feature in wanted:
        yield feature.name, np.where(priced, feature.function(inputs), np.nan)


def regime_features(source: PointInTime, rows: IntArray, universe: BoolArray) -> dict[str, FloatArray]:
    """The state of the market (`source`) by name of feature, each of shape (rows,); NaN where it cannot be known.

    `universe`, of shape (rows, assets), says which assets count.
    Those that need bitcoin are absent where the market has none.
    """
    inputs = _inputs(source, rows, universe)
    return {feature.name: feature.function(inputs) for feature in of_market(source.market, REGIME_FEATURES)}


def catalogue(market: MarketData | None = None) -> pd.DataFrame:
    """Every feature; with a market those it has the inputs for, and those of its further columns.

    Returns
    -------
    DataFrame
        Index name (str); group (str), formula (str), inputs (str, columns and assets, comma-separated), window (int,
        days), source (str).
    """
    listed = (
        [*TOKEN_FEATURES, *REGIME_FEATURES]
        if market is None
        else [*token_features(market), *of_market(market, REGIME_FEATURES)]
    )
    rows = [
        {
            "name": feature.name,
            "group": feature.group,
            "formula": feature.formula,
            "inputs": ", ".join(feature.inputs),
            "window": feature.window,
            "source": feature.source,
        }
        for feature in listed
    ]
    return pd.DataFrame(rows).set_index("name")


def available(source: PointInTime) -> list[str]:
    """Names that `features` can give for the market of `source`, in the order of the catalogue."""
    return [feature.name for feature in token_features(source.market)]


def _inputs(source: PointInTime, rows: IntArray, universe: BoolArray) -> Inputs:
    """The shared inputs, or an error saying what does not fit."""
    days, assets = source.prices.shape
    if universe.shape != (len(rows), assets):
        raise MethodologyError(f"universe: found the shape {universe.shape}, expected {(len(rows), assets)}.")
    if len(rows) and not (rows[0] >= 0 and rows[-1] < days and (np.diff(rows) > 0).all()):
        raise MethodologyError(f"rows must be increasing row numbers from 0 to {days - 1}.")
    return Inputs(source, rows, universe)


def __dir__() -> list[str]:
    return __all__
