"""Probabilities become calls, with hysteresis."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from research.signals.recipe import States
from research.signals.states import BEARISH, BULLISH, NEUTRAL, NO_CALL, states_of

RULES = States()
N = np.nan


def calls(*path: float) -> list[int]:
    return states_of(np.array(path)[:, None], RULES)[:, 0].tolist()


def test_a_call_is_made_at_its_threshold_and_given_up_at_another() -> None:
    assert calls(0.549, 0.55, 0.52, 0.519, 0.54) == [NEUTRAL, BULLISH, BULLISH, NEUTRAL, NEUTRAL]
    assert calls(0.451, 0.45, 0.48, 0.481, 0.46) == [NEUTRAL, BEARISH, BEARISH, NEUTRAL, NEUTRAL]
    assert calls(0.6, 0.4, 0.6) == [BULLISH, BEARISH, BULLISH]


def test_who_was_out_of_the_universe_begins_anew_and_a_week_without_calls_changes_nothing() -> None:
    both = np.array([[0.56, 0.56], [N, 0.53], [0.53, 0.53], [N, N], [0.53, 0.53]])
    expected = [[BULLISH, BULLISH], [NO_CALL, BULLISH], [NEUTRAL, BULLISH], [NO_CALL, NO_CALL], [NEUTRAL, BULLISH]]
    assert states_of(both, RULES).tolist() == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_without_room_between_the_thresholds_a_call_is_its_probability_alone(path: list[float]) -> None:
    flat = States(bullish=0.55, leave_bullish=0.55, bearish=0.45, leave_bearish=0.45)
    for chance, state in zip(path, states_of(np.array(path)[:, None], flat)[:, 0].tolist(), strict=True):
        assert state == (BULLISH if chance >= 0.55 else BEARISH if chance <= 0.45 else NEUTRAL)
