"""Sums under tables of weights, and few columns out of many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import IndexHistory
from research.index.analysis.why.attribution import WATERFALL
from research.index.analysis.why.weight_summaries import (
    largest_steps,
    largest_weights,
    weight_steps_gap,
    weight_steps_with_total,
)


def test_the_steps_of_all_members_make_the_whole_weight(index: IndexHistory) -> None:
    steps = index.weight_steps()
    last = weight_steps_with_total(steps).iloc[-1]
    assert last["asset_id"] == "all members"
    assert last[WATERFALL[:-1]].sum() == pytest.approx(1.0)
    assert last["final"] == pytest.approx(1.0)


def test_the_gap_is_that_of_the_member_whose_steps_miss_their_sum_most(index: IndexHistory) -> None:
    steps = index.weight_steps()
    assert weight_steps_gap(steps) < 1e-15
    steps.loc[[2, 3], "caps"] += [0.01, -0.03]
    assert weight_steps_gap(steps) == pytest.approx(0.03)


def test_weights_beyond_the_largest_are_summed_and_nothing_is_left_out() -> None:
    names = [f"asset-{number:02d}" for number in range(12)]
    share = np.arange(1.0, 13.0) / 78
    weights = pd.DataFrame([share, share], columns=names)
    shown = largest_weights(weights, shown=9)
    assert list(shown.columns) == [*names[:2:-1], "3 others"]
    assert shown.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert shown["3 others"].iloc[0] == pytest.approx(6 / 78)
    assert list(largest_weights(weights, shown=12).columns) == names[::-1]
    unknown = largest_weights(pd.concat([weights, weights * np.nan]))
    assert unknown.iloc[2:].isna().all(axis=None)  # what is not known is not zero


def test_the_largest_step_is_what_most_made_a_weight_differ_from_one_by_market_cap() -> None:
    rows = {
        "large": [0.6, 0.0, -0.4, -0.01, 0.0, 0.19],
        "small": [0.001, 0.0, 0.001, 0.008, 0.0, 0.01],
        "plain": [0.2, 0.0, 1e-17, 0.0, 0.0, 0.2],
    }
    steps = pd.DataFrame.from_dict(rows, orient="index", columns=["raw", "tilt", "caps", "floors", "overlay", "final"])
    found = largest_steps(steps.rename_axis("asset_id").reset_index())
    assert found["step"].to_dict() == {"large": "caps", "small": "floors", "plain": ""}
    assert found["change"].to_dict() == {"large": -0.4, "small": 0.008, "plain": 0.0}
    assert found.loc["large", ["raw", "final"]].tolist() == [0.6, 0.19]
