"""Wrong prints: a price far from the last accepted one waits for the next."""

from __future__ import annotations

import numpy as np
import pytest

from research.market.quality import quarantine


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
