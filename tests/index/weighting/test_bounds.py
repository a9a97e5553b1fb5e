"""Caps, floors and groups: how sizes become weights within bounds, and what is done where none can be met."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import DataError, MethodologyError
from research.index.weighting import Bounded, bound
from research.point_in_time.view import PointInTime
from research.rulebook import Weighting
from tests.conftest import shared
from tests.index.weighting.markets import market_of


def bounded(sizes: list[float], tags: pd.DataFrame | None = None, **rule: object) -> Bounded:
    market = market_of(np.full((60, len(sizes)), 1.0), tags=tags)  # type: ignore[arg-type]
    view = PointInTime(market).at(59)
    return bound(view, Weighting(**rule), np.arange(len(sizes)), np.array(sizes))  # type: ignore[arg-type]


def test_the_steps_from_scheme_to_caps_to_floors() -> None:
    steps = bounded([50, 30, 15, 4, 1], max_weight=0.4, min_weight=0.05)
    np.testing.assert_allclose(steps.scheme, [0.5, 0.3, 0.15, 0.04, 0.01], rtol=1e-15)
    np.testing.assert_allclose(steps.capped, [0.4, 0.36, 0.18, 0.048, 0.012], rtol=1e-14)
    np.testing.assert_allclose(steps.bounded, [0.4, 1 / 3, 1 / 6, 0.05, 0.05], rtol=1e-14)
    for step in (steps.scheme, steps.capped, steps.bounded):
        assert step.sum() == pytest.approx(1.0, abs=1e-15)
    assert steps.notes == ()


def test_bounds_that_do_not_bind_change_nothing() -> None:
    steps = bounded([5, 3, 2], max_weight=0.6, min_weight=0.1)
    np.testing.assert_array_equal(steps.bounded, steps.scheme)
    np.testing.assert_array_equal(steps.capped, steps.scheme)
    only_floor = bounded([5, 3, 2], min_weight=0.3)
    np.testing.assert_array_equal(only_floor.capped, only_floor.scheme)
    np.testing.assert_allclose(only_floor.bounded, [0.4, 0.3, 0.3], rtol=1e-15)


def test_the_worked_example_with_tiers_by_rank_whatever_the_order_of_the_members() -> None:
    entry = next(
        e for e in json.loads(shared("reference/known_answers.json").read_text()) if e["id"] == "cap.cd20_30_20"
    )
    sizes, tiers = entry["inputs"]["mcap"], (entry["inputs"]["cap_largest"], entry["inputs"]["cap_others"])
    for order in (range(10), reversed(range(10))):
        places = list(order)
        steps = bounded([sizes[place] for place in places], max_weight_by_rank=tiers)
        np.testing.assert_allclose(steps.bounded, np.array(entry["answer"])[places], rtol=0, atol=entry["tol"])


def test_of_equal_sizes_the_first_one_has_the_first_cap() -> None:
    np.testing.assert_allclose(
        bounded([4, 4, 2], max_weight_by_rank=(0.5, 0.3)).bounded, [7 / 15, 0.3, 7 / 30], rtol=1e-14
    )
    np.testing.assert_allclose(bounded([4, 4, 1, 1], max_weight_by_rank=(0.35, 0.25)).bounded, [0.35, 0.25, 0.2, 0.2])


def tags_of(*lines: tuple[str, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=["asset_id", "tag", "valid_from"])
    return frame.assign(valid_from=pd.to_datetime(frame["valid_from"]), static=frame["valid_from"].isna())


def test_group_caps_follow_the_tags_that_are_valid_on_the_day() -> None:
    rule = {"max_group_weight": 0.5, "group_by": "sector:"}
    tags = tags_of(("asset-0", "sector:defi", None), ("asset-1", "sector:defi", "2021-01-05"))
    np.testing.assert_allclose(bounded([6, 3, 1], tags, **rule).bounded, [1 / 3, 1 / 6, 0.5], rtol=1e-14)
    late = tags_of(("asset-0", "sector:defi", None), ("asset-1", "sector:defi", "2021-06-01"))  # after the day
    np.testing.assert_allclose(bounded([6, 3, 1], late, **rule).bounded, [0.5, 0.375, 0.125], rtol=1e-14)
    other = tags_of(("asset-0", "chain:x", None), ("asset-1", "chain:x", None))  # not a sector: nobody shares a group
    np.testing.assert_allclose(bounded([6, 3, 1], other, **rule).bounded, [0.5, 0.375, 0.125], rtol=1e-14)


def test_the_sector_that_became_valid_last_counts() -> None:
    tags = tags_of(
        ("asset-0", "sector:defi", None),
        ("asset-1", "sector:aardvark", None),
        ("asset-1", "sector:defi", "2021-01-05"),
        ("asset-1", "sector:zebra", "2021-01-03"),
    )
    weights = bounded([6, 3, 1], tags, max_group_weight=0.5).bounded
    np.testing.assert_allclose(weights, [1 / 3, 1 / 6, 0.5], rtol=1e-14)


def test_group_and_member_caps_and_floors_hold_together() -> None:
    tags = tags_of(*((f"asset-{n}", f"sector:{'ab'[n % 2]}", None) for n in range(6)))
    sizes = [50.0, 2.0, 20.0, 2.0, 10.0, 2.0, 30.0, 1.0]
    steps = bounded(sizes, tags, max_group_weight=0.45, max_weight=0.3, min_weight=0.04)
    assert steps.bounded[[0, 2, 4]].sum() == pytest.approx(0.45, abs=1e-12)
    assert steps.bounded.max() <= 0.3
    assert steps.bounded.min() >= 0.04
    assert steps.bounded.sum() == pytest.approx(1.0, abs=1e-12)
    assert steps.capped.min() < 0.04
    assert steps.capped[[0, 2, 4]].sum() == pytest.approx(0.45, abs=1e-12)


@pytest.mark.parametrize("rule", [{"max_weight": 0.3}, {"max_weight_by_rank": (0.4, 0.25)}, {"max_group_weight": 0.3}])
def test_infeasible_caps_are_errors_unless_the_rulebook_says_what_to_do(rule: dict) -> None:
    sizes = [5.0, 3.0, 2.0]
    with pytest.raises(MethodologyError, match=r"below 1\. The smallest feasible .* 0\.333333"):
        bounded(sizes, **rule)
    relaxed = bounded(sizes, **rule, infeasible="relax_to_equal")
    np.testing.assert_allclose(relaxed.bounded, 1 / 3, rtol=1e-15)
    assert "equally, in breach of the bounds" in relaxed.notes[0]
    residual = bounded(sizes, **rule, infeasible="residual_to_stable")
    np.testing.assert_allclose(
        residual.bounded, [rule.get("max_weight_by_rank", (0.3,))[0]] + [residual.bounded[1]] * 2
    )
    assert residual.bounded.sum() == pytest.approx(0.9, abs=1e-12)
    assert "0.1 goes to the stable leg" in residual.notes[0]
    np.testing.assert_array_equal(residual.capped, residual.bounded)


def test_a_member_of_size_zero_takes_no_part_when_caps_are_relaxed() -> None:
    np.testing.assert_array_equal(
        bounded([5, 3, 0], max_weight=0.3, infeasible="relax_to_equal").bounded, [0.5, 0.5, 0]
    )


def test_sizes_of_zero_all_over_are_an_error_except_for_the_fallback_to_the_stable_leg() -> None:
    with pytest.raises(DataError, match="none of 2 members has a size above zero on 2021-03-01"):
        bounded([0, 0])
    nothing = bounded([0, 0], scheme="sharpe", fallback="stable", min_weight=0.1)
    np.testing.assert_array_equal(nothing.bounded, [0, 0])


@settings(deadline=None)
@given(
    sizes=st.lists(st.floats(0.01, 1e6), min_size=4, max_size=15),
    head=st.floats(0.3, 1.0),
    floor=st.floats(0.0, 1.0),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**16),
)
def test_bounded_weights_add_up_keep_their_bounds_and_know_no_unit_nor_order(
    sizes: list[float], head: float, floor: float, scale: float, seed: int
) -> None:
    low = floor / len(sizes)
    rule = {"max_weight_by_rank": (head, 0.27), "min_weight": low if low > 0 else None}
    steps = bounded(sizes, **rule)
    for step in (steps.scheme, steps.capped, steps.bounded):
        assert step.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.sort(steps.bounded)[-2] <= 0.27
    assert steps.bounded.max() <= head
    assert steps.bounded.min() >= low
    scaled = bounded([size * scale for size in sizes], **rule)
    np.testing.assert_allclose(scaled.bounded, steps.bounded, rtol=0, atol=1e-12)
    if len(set(sizes)) == len(sizes):
        order = np.random.default_rng(seed).permutation(len(sizes))
        np.testing.assert_allclose(
            bounded([sizes[place] for place in order], **rule).bounded, steps.bounded[order], rtol=0, atol=1e-12
        )
