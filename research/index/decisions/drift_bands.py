"""Drift: when weights have left their band, and what to trade back to."""

from __future__ import annotations

import numpy as np

from research.rulebook.schedule import Schedule
from research.typing import BoolArray, FloatArray


def out_of_band(weights: FloatArray, target: FloatArray, schedule: Schedule) -> BoolArray:
    """On which days the weights call for a trade, shape (days,).

    Parameters
    ----------
    weights : ndarray, shape (days, k)
        Drifted weights.
    target : ndarray, shape (k,)
        Weights of the last decision.
    """
    distance = np.abs(weights - target)
    days = np.zeros(len(weights), dtype=bool)
    if schedule.has_band:
        days |= (distance > band(target, schedule)).any(axis=1)
    if schedule.drift_total is not None:
        days |= 0.5 * distance.sum(axis=1) > schedule.drift_total
    return days


def band(target: FloatArray, schedule: Schedule) -> FloatArray:
    """Half-width of each asset's band: the larger of the absolute width and the share of the target, shape (k,)."""
    return np.maximum(schedule.drift_absolute or 0.0, (schedule.drift_relative or 0.0) * target)


def back_into_band(weights: FloatArray, target: FloatArray, schedule: Schedule) -> FloatArray:
    """The nearest weights inside every band that add up to 1, shape (k,).

    Each weight is moved to the edge it has crossed; what that frees or needs is shared by the others in proportion to
    their room inside their bands, so that none leaves its own.
    """
    width = band(target, schedule)
    low, high = np.maximum(target - width, 0.0), target + width
    moved = np.clip(weights, low, high)
    missing = 1.0 - moved.sum()
    room = high - moved if missing > 0 else moved - low
    return np.asarray(moved + missing * room / room.sum()) if room.sum() > 0 else moved
