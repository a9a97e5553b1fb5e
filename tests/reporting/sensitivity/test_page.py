"""What the sensitivity page says is what was found, neutral where it cannot tell, and in words."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research.index.sweeps.sensitivity import Sensitivity, sensitivity
from research.reporting.presentation import canvas, figures_sensitivity
from research.reporting.sensitivity import tables, texts, wording
from tests.index.markets import random_market, rules


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    grid = {
        "selection.count": [3, 5],
        "weighting.scheme": ["market_cap", "equal"],
        "weighting.max_weight": [None, 0.25],
        "events.carry_days": [3, 4],
    }
    return sensitivity(random_market(1), rules(), grid, draws=20, jobs=1)


def test_keys_and_values_read_as_words(found: Sensitivity) -> None:
    assert wording.choice("events.carry_days") == "carry days"
    assert wording.value("weighting.max_weight", 0.125) == "12.5\u00a0%"
    assert wording.value("weighting.scheme", "sqrt_market_cap") == "sqrt market cap"
    name = "count=5, scheme=equal, max_weight=0.25, carry_days=3"
    assert wording.variant(found.swept, name) == "5 members, equal weights, cap 25\u00a0%, carry days 3"
    shown = [tables.standing(found), tables.effects(found), tables.by_value(found), tables.variants(found.swept)]
    words = " ".join(table.to_text() for table in [*shown, tables.tests(found), tables.leading(found)])
    for raw in ("market_cap", "selection.", "weighting.", "max_weight", "cagr", "interactions"):
        assert raw not in words, raw


def test_what_could_not_be_built_is_told_with_its_number_and_a_reason(found: Sensitivity) -> None:
    assert "4 combinations could not be built (listed below), the first because: " in texts.answer(found)
    table = tables.failures(found.swept)
    assert len(table.frame) == 4
    assert table.words["reason"].str.contains("the caps add up to 0.75, below 1").all()
    assert texts.failed(replace(found.swept, failures=found.swept.failures.head(0))).startswith("Every combination")


def test_a_grid_with_holes_shows_both_ends_of_a_share_and_a_complete_one_does_not(found: Sensitivity) -> None:
    assert not found.is_complete
    assert {"counted first", "counted last"} <= set(tables.effects(found).words)
    assert "has holes" in tables.effects(found).note
    whole = tables.effects(replace(found, is_complete=True))
    assert not {"counted first", "counted last"} & set(whole.words)
    assert "plain analysis of variance" in whole.note


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (0.4, "No variant can be told from the rulebook by its growth (p = 0.40)"),
        (0.05, "No variant can be told from the rulebook by its growth (p = 0.05)"),
        (0.02, "At least one variant grew faster by more than chance among so many would give (p = 0.02)"),
        (0.001, "(p = below 0.01)"),
        (np.nan, "whether any variant is better cannot be told"),
    ],
)
def test_whether_a_variant_is_better_goes_by_the_test_of_many(found: Sensitivity, chance: float, said: str) -> None:
    tests = found.tests.copy()
    tests["none_beats"] = chance
    assert said in texts.answer(replace(found, tests=tests))


def test_the_choice_that_matters_is_named_and_its_verdict_is_neutral_unless_told(found: Sensitivity) -> None:
    share = 100 * found.effects["share"].iloc[0]
    assert (
        texts.matters(found)
        == f"The {wording.choice(found.leading)} explains {share:.1f}\u00a0% of the spread in growth"
    )
    neutral = replace(found, leading_values=found.leading_values.assign(verdict="cannot tell"))
    assert "we cannot tell which value of it is better" in texts.leading(neutral)
    worse = found.leading_values.assign(
        verdict=["cannot tell", "worse", "cannot tell"] * (len(found.leading_values) // 3)
    )
    told = texts.leading(replace(found, leading_values=worse))
    assert "growth (better)" in told  # the rulebook's own value is worse than the other
    assert "cannot tell which" not in told


def test_a_single_variant_makes_a_page_without_claims() -> None:
    alone = sensitivity(random_market(1), rules(), {"schedule.lag_days": [2]}, draws=20, jobs=1)
    assert texts.answer(alone) == f"### {texts.ONE}\n\nEvery combination of the grid could be built."
    assert texts.spread(alone) == texts.fan(alone) == texts.ONE
    assert texts.matters(alone) == "No choice of this grid moved growth"
    assert texts.leading(alone).startswith("### Nothing to compare")
    assert texts.strip(alone) == {"By growth ahead of": "no other variant"}
    shown = [tables.standing(alone), tables.effects(alone), tables.by_value(alone), tables.leading(alone)]
    for table in [*shown, tables.tests(alone), tables.variants(alone.swept), tables.failures(alone.swept)]:
        assert "nan" not in table.to_text().lower()


def test_dots_are_the_variants_of_each_row_and_the_line_is_the_rulebook(found: Sensitivity) -> None:
    frame, means, own = wording.rows(found)
    axes = figures_sensitivity.strip(frame, means, own, source="test", unit="growth")
    dots = axes.get_lines()[: len(frame.columns)]
    for name, drawn in zip(frame.columns, dots, strict=True):
        np.testing.assert_array_equal(np.asarray(drawn.get_xdata()), frame[name].dropna())
    assert [text.get_text() for text in axes.get_yticklabels()] == list(frame.columns)
    assert np.asarray(axes.get_lines()[-1].get_xdata())[0] == own == found.standing.loc["cagr", "own"]
    pd.testing.assert_frame_equal(canvas.PLOTTED[axes][1], frame)
    empty = figures_sensitivity.strip(frame.head(1), means, own, source="test", unit="growth")
    assert empty.texts[0].get_text() == "Nothing to show: there are not two variants."
    fan = figures_sensitivity.fan(found.fan, source="test", names={"own": "as published", "median": "median"})
    np.testing.assert_array_equal(np.asarray(fan.get_lines()[0].get_ydata()), found.fan["own"])
    plt.close("all")
