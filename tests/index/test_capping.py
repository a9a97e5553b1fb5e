"""`cap_weights` against worked examples, its own optimality conditions and an independent solver."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from research.errors import DataError, MethodologyError
from research.index import cap_weights
from tests.conftest import shared


def known(case: str) -> dict:
    return next(
        entry for entry in json.loads(shared("reference/known_answers.json").read_text()) if entry["id"] == case
    )


@pytest.mark.parametrize("case", ["cap.cascade", "cap.top10_30", "cap.boundary"])
def test_worked_examples_with_one_cap(case: str) -> None:
    entry = known(case)
    expected = [float(Fraction(value)) for value in entry["answer"]]
    weights = cap_weights(entry["inputs"]["mcap"], entry["inputs"]["cap"])
    np.testing.assert_allclose(weights, expected, rtol=0, atol=entry["tol"])


def test_worked_example_with_a_cap_for_the_largest_and_one_for_the_others() -> None:
    entry = known("cap.cd20_30_20")
    sizes = entry["inputs"]["mcap"]
    caps = [entry["inputs"]["cap_largest"]] + [entry["inputs"]["cap_others"]] * (len(sizes) - 1)
    np.testing.assert_allclose(cap_weights(sizes, caps), entry["answer"], rtol=0, atol=entry["tol"])


def test_an_infeasible_cap_is_an_error_that_prints_the_smallest_feasible_one() -> None:
    entry = known("cap.infeasible")
    with pytest.raises(
        MethodologyError, match=r"add up to 0\.9, below 1.*smallest feasible cap for 3 members is 0\.333333"
    ):
        cap_weights(entry["inputs"]["mcap"], entry["inputs"]["cap"])


def test_an_infeasible_floor_is_an_error_that_prints_the_largest_feasible_one() -> None:
    with pytest.raises(MethodologyError, match=r"largest feasible floor for 4 members is 0\.25"):
        cap_weights([4, 3, 2, 1], min_weight=0.3)


def test_a_floor_above_a_cap_is_an_error() -> None:
    with pytest.raises(MethodologyError, match=r"floor .* above a cap"):
        cap_weights([4, 3, 2], max_weight=[0.1, 1, 1], min_weight=0.2)


@pytest.mark.parametrize("sizes", [[1, np.nan], [1, -1], [0, 0], [], [[1, 2]], [1, np.inf]])
def test_sizes_that_are_not_sizes_are_refused(sizes: list) -> None:
    with pytest.raises(DataError, match="finite sizes"):
        cap_weights(sizes)


def test_a_member_of_size_zero_gets_its_floor() -> None:
    np.testing.assert_allclose(cap_weights([3, 1, 0], min_weight=0.1), [0.675, 0.225, 0.1], atol=1e-15)
    np.testing.assert_array_equal(cap_weights([3, 1, 0])[2], 0.0)


sizes_and_bounds = st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=30).flatmap(
    lambda sizes: st.tuples(
        st.just(sizes), st.floats(1.0 / len(sizes), 1.0), st.floats(0.0, 1.0 / len(sizes)), st.floats(1e-3, 1e3)
    )
)


@given(sizes_and_bounds)
def test_weights_are_the_clipped_multiple_of_the_sizes_that_adds_up_to_one(case: tuple) -> None:
    sizes, high, low, scale = case
    weights = cap_weights(sizes, high, low)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights <= high).all()
    assert (weights >= low).all()
    inside = (weights > low) & (weights < high)
    multiples = weights[inside] / np.array(sizes)[inside]
    if inside.any():  # one multiple for all that touch no bound, and no bound that binds without need
        np.testing.assert_allclose(multiples, multiples[0], rtol=1e-9)
        assert (np.array(sizes)[weights == high] * multiples[0] >= high * (1 - 1e-9)).all()
        assert (np.array(sizes)[weights == low] * multiples[0] <= low * (1 + 1e-9)).all()
    np.testing.assert_allclose(cap_weights(np.array(sizes) * scale, high, low), weights, rtol=0, atol=1e-12)


@given(st.lists(st.floats(0.01, 100), min_size=3, max_size=8), st.randoms())
def test_capping_does_not_depend_on_the_order_of_the_members(sizes: list[float], random: object) -> None:
    order = sorted(range(len(sizes)), key=lambda _: random.random())  # type: ignore[attr-defined]
    weights = cap_weights(sizes, 0.5)
    np.testing.assert_allclose(cap_weights(np.array(sizes)[order], 0.5), weights[order], rtol=0, atol=1e-14)


def test_a_general_solver_finds_the_same_projection() -> None:
    sizes = np.array([50.0, 30, 15, 4, 1])
    bounds = [(0.05, 0.3)] * 5
    solved = minimize(
        lambda w: float((w * np.log(w * sizes.sum() / sizes)).sum()),
        np.full(5, 0.2),
        bounds=bounds,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(cap_weights(sizes, 0.3, 0.05), solved.x, atol=1e-6)
