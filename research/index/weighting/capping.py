"""`cap_weights`: the one routine that bounds weights (caps of members and of groups, floors).

Which bounds a rulebook asks for, and what happens when they cannot be met, is in `bounds.py`.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from research.errors import DataError, MethodologyError
from research.typing import FloatArray, IntArray

ROUNDING = 1e-9
SLACK = 1e-12  # bounds typed as decimals: ten caps of 0.1 add up to one, not quite in binary


def cap_weights(
    values: ArrayLike,
    max_weight: ArrayLike | None = None,
    min_weight: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    max_group_weight: float | None = None,
) -> FloatArray:
    """Weights proportional to `values` within bounds: ``clip(k * values, min_weight, max_weight)`` with sum 1.

    The scalar k is unique because the sum rises with k; it is found exactly, from the sorted points at which a weight
    reaches a bound. This is the projection of `values` onto the bounded simplex in relative entropy, and what
    repeated redistribution of the excess converges to; one pass of redistribution is something else.

    With groups, those above `max_group_weight` are set to it, each weighting its members by a k of its own, and the
    others are solved again with what is left, until no group is above. A group once at its cap stays there, because
    every pass raises the k of the others: the passes are at most as many as the groups, and the result is again the
    projection in relative entropy.

    Parameters
    ----------
    values : array_like, shape (n,)
        Sizes, finite and not negative, at least one positive.
    max_weight, min_weight : float or array_like of shape (n,), optional
        Upper and lower bounds; none means 1 and 0. A value of zero gets its lower bound.
    groups : array_like of shape (n,), optional
        The label of each member's group; needed with `max_group_weight`.
    max_group_weight : float, optional
        Upper bound for the sum of a group's weights.

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
    limits = Limits.of(sizes, max_weight, min_weight, groups, max_group_weight)
    limits.check(sizes)
    weights: FloatArray = sizes / sizes.sum()
    if limits.hold(weights):
        return weights
    return limits.project(sizes, 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Limits:
    """Bounds of n members: `lower` and `upper` of shape (n,); with group caps also labels and codes of the groups."""

    lower: FloatArray
    upper: FloatArray
    labels: NDArray[np.object_] | None = None
    codes: IntArray | None = None
    group_cap: float = 1.0

    @classmethod
    def of(
        cls,
        sizes: FloatArray,
        max_weight: ArrayLike | None,
        min_weight: ArrayLike | None,
        groups: ArrayLike | None = None,
        max_group_weight: float | None = None,
    ) -> Limits:
        """Bounds broadcast to the members."""
        upper, lower = np.empty(len(sizes)), np.empty(len(sizes))
        upper[:] = 1.0 if max_weight is None else max_weight
        lower[:] = 0.0 if min_weight is None else min_weight
        if max_group_weight is None:
            return cls(lower=lower, upper=upper)
        if groups is None or np.shape(groups) != sizes.shape:
            raise DataError(
                f"max_group_weight = {max_group_weight} needs the group of each of {len(sizes)} members, found "
                f"{'none' if groups is None else np.shape(groups)}. Give one label for each."
            )
        labels, codes = np.unique(np.asarray(groups, dtype=object), return_inverse=True)
        return cls(lower=lower, upper=upper, labels=labels, codes=codes, group_cap=float(max_group_weight))

    # ------------------------------------------------------------------ can they be met?

    def room(self, sizes: FloatArray) -> float:
        """The most that weights can add up to: a member without size cannot rise above its floor."""
        return float(self._group_rooms(sizes).sum())

    def _group_rooms(self, sizes: FloatArray) -> FloatArray:
        most = np.where(sizes > 0, self.upper, self.lower)
        if self.codes is None:
            return most
        return np.minimum(np.bincount(self.codes, most), self.group_cap)

    def check(self, sizes: FloatArray) -> None:
        """Raise `MethodologyError` if no weights that add up to 1 satisfy the bounds."""
        self.check_floors()
        if self.room(sizes) < 1.0 - SLACK:
            raise MethodologyError(self.shortage(sizes))

    def check_floors(self) -> None:
        """Raise `MethodologyError` if the floors add up to more than 1, or lie above a cap."""
        count = len(self.lower)
        if self.lower.sum() > 1.0 + SLACK:
            raise MethodologyError(
                f"floors of {count} members add up to {self.lower.sum():.4g}, above 1. "
                f"The largest feasible floor for {count} members is {1 / count:.6g}."
            )
        if (self.lower > self.upper).any():
            raise MethodologyError(
                f"a floor ({self.lower.max():.4g}) lies above a cap ({self.upper.min():.4g}). Lower the floor."
            )
        if self.codes is None or self.labels is None:
            return
        floors = np.bincount(self.codes, self.lower)
        if (floors > self.group_cap + SLACK).any():
            worst, members = int(floors.argmax()), int(np.bincount(self.codes)[floors.argmax()])
            raise MethodologyError(
                f"floors of the {members} members in group {self.labels[worst]!r} add up to {floors[worst]:.4g}, "
                f"above max_group_weight = {self.group_cap:.4g}. "
                f"The largest feasible floor for them is {self.group_cap / members:.6g}."
            )

    def shortage(self, sizes: FloatArray) -> str:
        """In words: the caps leave no room for the whole, and the smallest cap that would."""
        live = sizes > 0
        most = np.where(live, self.upper, self.lower)
        if self.codes is None or most.sum() < 1.0 - SLACK:
            needed = float((1.0 - self.lower[~live].sum()) / live.sum())
            return (
                f"caps of the {live.sum()} members with a size add up to {most.sum():.4g}, below 1. "
                f"The smallest feasible cap for {live.sum()} members is {needed:.6g}."
            )
        totals = np.bincount(self.codes, most).astype(float)
        needed, _ = _scaled(np.ones(len(totals)), np.zeros(len(totals)), totals, 1.0)
        return (
            f"{len(totals)} groups capped at {self.group_cap:.4g} have room for {self.room(sizes):.4g}, below 1. "
            f"The smallest feasible max_group_weight for these members is {needed:.6g}."
        )

    # ------------------------------------------------------------------ meeting them

    def hold(self, weights: FloatArray) -> bool:
        """Whether weights satisfy the bounds as they are."""
        within = bool((weights <= self.upper).all() and (weights >= self.lower).all())
        return within and (self.codes is None or not (np.bincount(self.codes, weights) > self.group_cap).any())

    def project(self, sizes: FloatArray, total: float) -> FloatArray:
        """The weights within the bounds that are nearest to `sizes` in relative entropy and add up to `total`."""
        if self.codes is None:
            return _fill(sizes, self.lower, self.upper, total)
        weights = np.empty(len(sizes))
        count = int(self.codes.max()) + 1
        full = np.zeros(count, dtype=bool)
        while True:
            free = ~full[self.codes]
            left = total - self.group_cap * full.sum()
            weights[free] = _fill(sizes[free], self.lower[free], self.upper[free], left)
            over = ~full & (np.bincount(self.codes, weights) > self.group_cap + SLACK)
            if not over.any():
                return weights
            for group in np.flatnonzero(over):
                inside = self.codes == group
                weights[inside] = _fill(sizes[inside], self.lower[inside], self.upper[inside], self.group_cap)
            full |= over


def _sizes(values: ArrayLike) -> FloatArray:
    sizes = np.asarray(values, dtype=float)
    if sizes.ndim != 1 or not np.isfinite(sizes).all() or (sizes < 0).any() or not (sizes > 0).any():
        raise DataError(
            f"weights need finite sizes >= 0 of which one is positive, found {np.array2string(sizes, threshold=8)}. "
            "Screen out members without a size first."
        )
    return sizes


def _fill(sizes: FloatArray, lower: FloatArray, upper: FloatArray, total: float) -> FloatArray:
    """``clip(k * sizes, lower, upper)`` that adds up to `total`; the lower bound where the size is zero."""
    live = sizes > 0
    if live.all():
        return _scaled(sizes, lower, upper, total)[1]
    weights = lower.copy()
    if live.any():
        weights[live] = _scaled(sizes[live], lower[live], upper[live], total - lower[~live].sum())[1]
    return weights


def _scaled(sizes: FloatArray, lower: FloatArray, upper: FloatArray, total: float) -> tuple[float, FloatArray]:
    """The k at which ``clip(k * sizes, lower, upper)`` adds up to `total`, and that; sizes are positive.

    The sum grows piecewise linearly in k: at lower / size a member begins to grow, at upper / size it stops. Running
    sums over these points find the piece at once, but sizes many orders of magnitude apart leave nothing of the small
    ones in them: then the piece is searched for, with a sum of its own at each point.
    """
    points = np.concatenate([lower / sizes, upper / sizes])
    order = points.argsort(kind="stable")
    points = points[order]
    slope = np.concatenate([sizes, -sizes])[order].cumsum()
    sums = points * slope + np.concatenate([-lower, upper])[order].cumsum() + lower.sum()
    k = _on_piece(sizes, lower, upper, total, points, int(sums.searchsorted(total)))
    weights = _within(k * sizes, lower, upper)
    if abs(weights.sum() - total) > SLACK * total:
        place = bisect.bisect_left(points, total, key=lambda k: _within(k * sizes, lower, upper).sum())
        k = _on_piece(sizes, lower, upper, total, points, place)
        weights = _within(k * sizes, lower, upper)
        if not abs(weights.sum() - total) <= ROUNDING * total:
            raise DataError(
                f"sizes from {sizes.min():.3g} to {sizes.max():.3g} are too far apart to be weighted within bounds. "
                "Screen the smallest out."
            )
    return k, weights


def _on_piece(
    sizes: FloatArray, lower: FloatArray, upper: FloatArray, total: float, points: FloatArray, above: int
) -> float:
    """The k between two neighbouring points, the upper one in place `above`."""
    if above == 0:
        return float(points[0])
    if above == len(points):
        return float(points[-1])
    middle = 0.5 * (points[above - 1] + points[above]) * sizes
    free = (lower < middle) & (middle < upper)
    growing = sizes[free].sum()
    if not growing > 0:
        return float(points[above])
    return float((total - _within(middle, lower, upper)[~free].sum()) / growing)


def _within(values: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    # twice as fast as np.clip on the few members of an index
    return np.minimum(np.maximum(values, lower), upper)
