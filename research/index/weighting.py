"""Weighting schemes, and `cap_weights`: the one routine that bounds weights (SPEC of caps and floors).

A scheme turns the members into raw sizes; `raw_sizes` looks the scheme up by the name used in the rulebook and
bounds the result. Selection lives in `selection.py`, trading in `engine.py`.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from research.errors import DataError, MethodologyError
from research.index.rules import Weighting
from research.index.view import FloatArray, IntArray, MarketView

Scheme = Callable[[MarketView, IntArray], FloatArray]
"""Sizes of the members at the given places of the view, NaN where one has none today; weights are in proportion."""


def market_cap(view: MarketView, places: IntArray) -> FloatArray:
    """Market capitalisation of the day, USD."""
    return view.today("market_cap")[places]


def equal(_: MarketView, places: IntArray) -> FloatArray:
    """One for each member."""
    return np.ones(len(places))


SCHEMES: dict[str, Scheme] = {"market_cap": market_cap, "equal": equal}
NEED_MARKET_CAP = frozenset({"market_cap"})


def raw_sizes(view: MarketView, weighting: Weighting, places: IntArray) -> FloatArray:
    """What weights are in proportion to before bounds, shape (k,); NaN for a member without a size or a price today.

    Parameters
    ----------
    places : ndarray of int, shape (k,)
        Places of the members in the view's arrays.
    """
    sizes = SCHEMES[weighting.scheme](view, places)
    return np.where(np.isnan(view.today("price")[places]), np.nan, sizes)


def cap_weights(
    values: ArrayLike, max_weight: ArrayLike | None = None, min_weight: ArrayLike | None = None
) -> FloatArray:
    """Weights proportional to `values` within bounds: ``clip(k * values, min_weight, max_weight)`` with sum 1.

    The scalar k is unique because the sum rises with k; it is found exactly, from the sorted points at which a weight
    reaches a bound. This is the projection of `values` onto the bounded simplex in relative entropy, and what
    repeated redistribution of the excess converges to; one pass of redistribution is something else.

    Parameters
    ----------
    values : array_like, shape (n,)
        Sizes, finite and not negative, at least one positive.
    max_weight, min_weight : float or array_like of shape (n,), optional
        Upper and lower bounds; none means 1 and 0. A value of zero gets its lower bound.

    Returns
    -------
    ndarray, shape (n,)
        Weights that sum to 1.

    Raises
    ------
    DataError
        If a value is NaN, infinite or negative, or none is positive.
    MethodologyError
        If no weights satisfy the bounds; the message prints the smallest feasible cap or the largest feasible floor.
    """
    sizes = _sizes(values)
    upper = np.broadcast_to(np.asarray(1.0 if max_weight is None else max_weight, dtype=float), sizes.shape)
    lower = np.broadcast_to(np.asarray(0.0 if min_weight is None else min_weight, dtype=float), sizes.shape)
    _check_feasible(sizes, lower, upper)
    weights: FloatArray = sizes / sizes.sum()
    if (weights <= upper).all() and (weights >= lower).all():
        return weights
    live = sizes > 0
    k = _scale(sizes[live], lower[live], upper[live], 1.0 - lower[~live].sum())
    return np.asarray(np.where(live, np.clip(k * sizes, lower, upper), lower))


def _sizes(values: ArrayLike) -> FloatArray:
    sizes = np.asarray(values, dtype=float)
    if sizes.ndim != 1 or not np.isfinite(sizes).all() or (sizes < 0).any() or not (sizes > 0).any():
        raise DataError(
            f"weights need finite sizes >= 0 of which one is positive, found {np.array2string(sizes, threshold=8)}. "
            "Screen out members without a size first."
        )
    return sizes


def _check_feasible(sizes: FloatArray, lower: FloatArray, upper: FloatArray) -> None:
    live = sizes > 0
    room = upper[live].sum() + lower[~live].sum()
    slack = 1e-12  # bounds typed as decimals: ten caps of 0.1 add up to one, not quite in binary
    if room < 1.0 - slack:
        raise MethodologyError(
            f"caps of the {live.sum()} members with a size add up to {room:.4g}, below 1. "
            f"The smallest feasible cap for {live.sum()} members is {1 / live.sum():.6g}."
        )
    if lower.sum() > 1.0 + slack:
        raise MethodologyError(
            f"floors of {len(sizes)} members add up to {lower.sum():.4g}, above 1. "
            f"The largest feasible floor for {len(sizes)} members is {1 / len(sizes):.6g}."
        )
    if (lower > upper).any():
        raise MethodologyError(f"a floor ({lower.max():.4g}) lies above a cap ({upper.min():.4g}). Lower the floor.")


def _scale(sizes: FloatArray, lower: FloatArray, upper: FloatArray, total: float) -> float:
    """The k at which ``clip(k * sizes, lower, upper)`` adds up to `total`."""
    points = np.unique(np.concatenate([lower / sizes, upper / sizes]))
    above = bisect.bisect_left(points, total, key=lambda k: np.clip(k * sizes, lower, upper).sum())
    if above == 0:
        return float(points[0])
    if above == len(points):
        return float(points[-1])
    middle = 0.5 * (points[above - 1] + points[above])
    free = (lower < middle * sizes) & (middle * sizes < upper)
    if not free.any():
        return float(points[above])
    bound = np.clip(middle * sizes, lower, upper)[~free].sum()
    return float((total - bound) / sizes[free].sum())
