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


# ---------------------------------------------------------------------- caps of groups


def entropy_projection(sizes: np.ndarray, low: float, high: float, codes: np.ndarray, group_cap: float) -> np.ndarray:
    """The bounded weights nearest to the sizes in relative entropy, by SLSQP."""
    groups = [codes == group for group in np.unique(codes)]
    solved = minimize(
        lambda w: float((w * np.log(w * sizes.sum() / sizes)).sum()),
        np.full(len(sizes), 1 / len(sizes)),
        jac=lambda w: np.log(w * sizes.sum() / sizes) + 1,
        bounds=[(max(low, 1e-9), high)] * len(sizes),
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - 1},
            {"type": "ineq", "fun": lambda w: np.array([group_cap - w[group].sum() for group in groups])},
        ],
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    return solved.x


def test_a_group_above_its_cap_is_set_to_it_and_the_others_share_the_rest_by_size() -> None:
    weights = cap_weights([40, 20, 30, 10], groups=["defi", "defi", "meme", "l1"], max_group_weight=0.45)
    np.testing.assert_allclose(weights, [0.30, 0.15, 0.55 * 0.75, 0.55 * 0.25], rtol=1e-14)


def test_a_group_that_is_pushed_over_its_cap_by_another_one_is_capped_as_well() -> None:
    """Defi gives 0.25 away: meme, below the cap at first, would then have 0.375 and is capped in the next pass."""
    weights = cap_weights([60, 25, 15], groups=["defi", "meme", "l1"], max_group_weight=0.35)
    np.testing.assert_allclose(weights, [0.35, 0.35, 0.30], rtol=1e-14)


grouped = st.integers(2, 10).flatmap(
    lambda count: st.tuples(
        st.lists(st.floats(0.01, 100), min_size=count, max_size=count),
        st.lists(st.integers(0, 3), min_size=count, max_size=count),
        st.floats(0, 1),  # where between the tightest and the loosest cap the caps lie
        st.floats(0, 1),
        st.floats(0, 0.9),
    )
)


def grouped_case(case: tuple) -> tuple[np.ndarray, float, float, np.ndarray, float]:
    """Bounds that can just be met, or more easily."""
    sizes, codes, loose, loose_group, floor = case
    count, members = len(sizes), np.bincount(codes)
    high = 1 / count + loose * (1 - 1 / count)
    most = members[members > 0] * high
    tightest = next(cap for cap in np.linspace(0, 1, 1001) if np.minimum(most, cap).sum() >= 1 - 1e-12)
    group_cap = tightest + loose_group * (1 - tightest)
    return np.array(sizes), floor * group_cap / max(*members, count), high, np.array(codes), group_cap


@given(grouped)
def test_weights_within_group_caps_satisfy_every_bound_and_the_conditions_of_the_projection(case: tuple) -> None:
    sizes, low, high, codes, group_cap = grouped_case(case)
    weights = cap_weights(sizes, high, low, groups=codes, max_group_weight=group_cap)
    assert weights.sum() == pytest.approx(1.0, abs=1e-11)
    assert (weights <= high).all()
    assert (weights >= low).all()
    totals = np.bincount(codes, weights)
    assert (totals <= group_cap + 1e-11).all()
    inside = (weights > low * (1 + 1e-9)) & (weights < high * (1 - 1e-9))
    full = totals[codes] >= group_cap - 1e-9
    multiples = weights / sizes
    for group in np.unique(codes[inside]):  # one multiple within a group
        of_group = multiples[inside & (codes == group)]
        np.testing.assert_allclose(of_group, of_group[0], rtol=1e-6)
    free = inside & ~full
    if free.any():  # one multiple for all groups below their cap, and none larger in a group at its cap
        np.testing.assert_allclose(multiples[free], multiples[free].mean(), rtol=1e-6)
        assert (multiples[inside & full] <= multiples[free].mean() * (1 + 1e-6)).all()


@pytest.mark.parametrize("seed", range(12))
def test_a_general_solver_finds_the_same_weights_within_group_caps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes, codes = rng.lognormal(0, 1.2, 9), rng.permutation(np.arange(9) % 4)
    weights = cap_weights(sizes, 0.25, 0.02, groups=codes, max_group_weight=0.3)
    assert np.bincount(codes, sizes / sizes.sum()).max() > 0.3  # the cap binds
    expected = entropy_projection(sizes, 0.02, 0.25, codes, 0.3)
    np.testing.assert_allclose(weights, expected, rtol=0, atol=2e-6)


def test_an_infeasible_group_cap_is_an_error_that_prints_the_smallest_feasible_one() -> None:
    with pytest.raises(MethodologyError, match=r"2 groups capped at 0\.4 .* below 1.*max_group_weight .* is 0\.5\."):
        cap_weights([5, 3, 2], groups=["a", "a", "b"], max_group_weight=0.4)
    # b can take its own cap of 0.3 at most, so a must be allowed 0.7
    with pytest.raises(MethodologyError, match=r"smallest feasible max_group_weight for these members is 0\.7\."):
        cap_weights([5, 3, 2], [0.6, 0.6, 0.3], groups=["a", "a", "b"], max_group_weight=0.6)
    assert cap_weights([5, 3, 2], [0.6, 0.6, 0.3], groups=["a", "a", "b"], max_group_weight=0.7).sum() == 1.0


def test_floors_above_a_group_cap_are_an_error() -> None:
    with pytest.raises(
        MethodologyError, match=r"2 members in group 'a' add up to 0\.6.*largest feasible floor .* 0\.2"
    ):
        cap_weights([5, 3, 2, 1], min_weight=[0.3, 0.3, 0, 0], groups=["a", "a", "b", "c"], max_group_weight=0.4)


def test_a_group_cap_needs_the_group_of_each_member() -> None:
    for groups in (None, ["a", "b"]):
        with pytest.raises(DataError, match="needs the group of each of 3 members"):
            cap_weights([5, 3, 2], groups=groups, max_group_weight=0.5)


def test_sizes_too_far_apart_for_floats_are_refused() -> None:
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(DataError, match="too far apart"):
        cap_weights([1e-310, 1.0, 2.0], 0.4)


def test_small_sizes_beside_huge_ones_get_their_exact_weights() -> None:
    """Running sums lose them: the search with a sum of its own takes over."""
    weights = cap_weights([1e9, 1e9, 1e9, 3e-6, 1e-6], 0.3)
    np.testing.assert_allclose(weights, [0.3, 0.3, 0.3, 0.075, 0.025], rtol=1e-12)
