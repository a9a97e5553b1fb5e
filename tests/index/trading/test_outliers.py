"""Outlier prints: held back until a second print confirms them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.index import build_index
from research.market.quality import quarantine
from tests.index.small_markets import DAYS, events_of, flat, market, two

SPLIT = pd.Timestamp("2021-01-20")


@pytest.mark.parametrize(
    ("prints", "kept"),
    [
        ([1, 1, 9, 1, 1], [1, 1, None, 1, 1]),  # one wrong print
        ([1, 1, 9, 9, 9], [1, 1, None, 9, 9]),  # a new level, believed on its second day
        ([1, 9, 0.1, 1, 1], [1, None, None, 1, 1]),
        ([1, 0.1, 1e-3, 1e-3], [1, None, 1e-3, 1e-3]),  # a crash that goes on is no wrong print: Terra, 2022-05-12
        ([1, 9, 99, 999], [1, None, 99, None]),
        ([1, None, 9, None, 9], [1, None, None, None, 9]),
        ([1, 2, 4, 8, 16], [1, 2, 4, 8, 16]),
    ],
)
def test_a_print_far_from_the_last_accepted_one_waits_for_a_second(prints: list, kept: list) -> None:
    column = np.array([[np.nan if price is None else price] for price in prints], dtype=float)
    cleaned, log = quarantine(column, 1.5)
    np.testing.assert_array_equal(
        cleaned[:, 0], np.array([np.nan if price is None else price for price in kept], dtype=float)
    )
    assert len(log) == sum(a is not None and b is None for a, b in zip(prints, kept, strict=True))


def test_an_outlier_does_not_move_the_level_of_an_index_that_holds_prints_back() -> None:
    b = np.where(DAYS == SPLIT, 50.0, 1.0)
    assert build_index(market(a=flat(), b=b), two()).level.max() > 20_000
    calm = build_index(market(a=flat(), b=b), two(events={"outlier_jump": 1.5}))
    assert (calm.level == 1000.0).all()
    assert events_of(calm) == [("2021-01-20", "held back"), ("2021-01-21", "resumed")]
    first, second = calm.events["detail"]
    assert first == "print x50 of the last accepted one: that is carried until a second print confirms"
    assert second == "the print held back is discarded"
    new_level = np.where(DAYS >= SPLIT, 50.0, 1.0)
    believed = build_index(market(a=flat(), b=new_level), two(events={"outlier_jump": 1.5})).events
    resumed = believed[believed["event"] == "resumed"].iloc[0]
    assert resumed["detail"] == "the print held back is confirmed"
    assert resumed["effect_bps"] == pytest.approx(0.5 * 49 * 1e4)
