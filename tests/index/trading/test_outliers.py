"""Outlier prints: held back until a second print confirms them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.index import build_index
from tests.index.small_markets import DAYS, events_of, flat, market, two

SPLIT = pd.Timestamp("2021-01-20")


def test_an_outlier_does_not_move_the_level_of_an_index_that_holds_prints_back() -> None:
    b = np.where(DAYS == SPLIT, 50.0, 1.0)
    assert build_index(market(a=flat(), b=b), two()).level.max() > 20_000
    calm = build_index(market(a=flat(), b=b), two(events={"outlier_jump": 1.5}))
    assert (calm.level == 1000.0).all()
    assert events_of(calm) == [("2021-01-20", "held back"), ("2021-01-21", "resumed")]
    first, second = calm.events["detail"]
    assert first == "print x50 of the last accepted one: that is carried until a second print confirms"
    assert second == "the print held back is discarded"
    gap = b.astype(float)
    gap[np.flatnonzero(DAYS == SPLIT)[0] - np.array([1, 2])] = np.nan  # a print held back on the third day of a gap
    late = build_index(market(a=flat(), b=gap), two(events={"outlier_jump": 1.5, "carry_days": 9}))
    assert events_of(late) == [("2021-01-18", "carried"), ("2021-01-20", "held back"), ("2021-01-21", "resumed")]
    new_level = np.where(DAYS >= SPLIT, 50.0, 1.0)
    believed = build_index(market(a=flat(), b=new_level), two(events={"outlier_jump": 1.5})).events
    resumed = believed[believed["event"] == "resumed"].iloc[0]
    assert resumed["detail"] == "the print held back is confirmed"
    assert resumed["effect_bps"] == pytest.approx(0.5 * 49 * 1e4)


@pytest.mark.parametrize("day", ["2021-02-01", "2021-02-02"], ids=["on", "after"])
def test_a_print_held_back_at_the_end_of_a_gap_is_told_on_the_day_of_a_trade_and_after_it(day: str) -> None:
    place = DAYS.get_loc(pd.Timestamp(day))
    b = flat()
    b[place - 3 : place] = np.nan
    b[place] = 50.0
    index = build_index(market(a=flat(), b=b), two(events={"outlier_jump": 1.5, "carry_days": 9}))
    assert "2021-02-01" in index.rebalances.index
    assert (day, "held back") in events_of(index)
