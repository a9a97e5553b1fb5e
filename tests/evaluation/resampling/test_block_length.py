"""The block length against arch's, an independent program, on series of many kinds."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length
from hypothesis import given
from hypothesis import strategies as st

from research.evaluation.resampling.block_length import politis_white


@pytest.mark.parametrize("length", [20, 21, 100, 365, 2500, 11_000])
@pytest.mark.parametrize("memory", [-0.6, 0.0, 0.3, 0.9, 0.999])
def test_the_length_is_that_of_arch(length: int, memory: float) -> None:
    rng = np.random.default_rng(length)
    values = rng.standard_t(4, length)
    for day in range(1, length):
        values[day] += memory * values[day - 1]
    assert politis_white(values) == pytest.approx(optimal_block_length(values)["stationary"].iloc[0], rel=1e-9)


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=20, max_size=60))
def test_the_length_is_that_of_arch_for_any_values(values: list[float]) -> None:
    series = np.array(values)
    with np.errstate(all="ignore"):
        other = optimal_block_length(series)["stationary"].iloc[0]
    if np.ptp(series) > 0 and np.isfinite(other) and np.std(series) > 1e-6:
        assert politis_white(series) == pytest.approx(other, rel=1e-6)
