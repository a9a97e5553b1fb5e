"""Probabilities -> bullish, neutral, bearish, with hysteresis."""

from __future__ import annotations

import numpy as np

from research.point_in_time.given_tables import SIGNALS
from research.signals.recipe import States
from research.typing import FloatArray, IntArray

BULLISH, NEUTRAL, BEARISH = (SIGNALS.index(word) for word in ("bullish", "neutral", "bearish"))
NO_CALL = -1


def states_of(probabilities: FloatArray, states: States) -> IntArray:
    """Place in `SIGNALS` of each call, `NO_CALL` where there is no probability; shape (weeks, assets) as given.

    A token that was left out of the universe begins anew, neutral. A week without any call changes nothing.
    """
    calls = np.full(probabilities.shape, NO_CALL, dtype=np.int64)
    before = np.full(probabilities.shape[1], NEUTRAL, dtype=np.int64)
    for week in np.flatnonzero(~np.isnan(probabilities).all(axis=1)).tolist():
        chance = probabilities[week]
        called = ~np.isnan(chance)
        now = np.full(len(chance), NEUTRAL, dtype=np.int64)
        now[(chance >= states.bullish) | ((before == BULLISH) & (chance >= states.leave_bullish))] = BULLISH
        now[(chance <= states.bearish) | ((before == BEARISH) & (chance <= states.leave_bearish))] = BEARISH
        calls[week] = np.where(called, now, NO_CALL)
        before = np.where(called, now, NEUTRAL)
    return calls
