"""Prose of the signal review: what was looked at, how often was tried, and whether the market is real."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.index.skill.signal_review import judged
from research.reporting.signals import texts

from .conftest import Reviewed

NO_NUMBER = re.compile(r"\b(nan|NaN|NaT|None|inf)\b|nan%")


def test_the_verdict_comes_first_and_says_that_the_last_part_is_locked(reviewed: Reviewed) -> None:
    said = texts.verdict(reviewed.review, reviewed.signals.recipe, simulated=False)
    assert said.splitlines()[0].lower() == f"### {reviewed.review.verdict}"
    assert said.splitlines()[2] == f"**{reviewed.review.sentence}**"
    assert f"Judged on the days up to {reviewed.review.until:%Y-%m-%d}." in said
    assert "The last 20\u00a0% of the history is locked: openings on this market so far: 0." in said
    assert "is looked at here" not in said


def test_an_opened_history_says_that_it_was_opened_and_how_often(reviewed: Reviewed) -> None:
    opened = replace(reviewed.review, opened=True, openings=3)
    said = texts.verdict(opened, reviewed.signals.recipe, simulated=False)
    assert (
        "The locked last part, 20\u00a0% of the history, is looked at here: openings on this market so far: 3." in said
    )
    assert "is locked" not in said


@pytest.mark.parametrize(("tried", "words"), [(1, "1."), (1234, "1,234.")])
def test_the_number_of_configurations_tried_is_told(reviewed: Reviewed, tried: int, words: str) -> None:
    said = texts.verdict(replace(reviewed.review, configurations=tried), reviewed.signals.recipe, simulated=False)
    assert f"Configurations tried on this market, by the registry: {words}" in said


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_market_and_no_other_is_called_simulated(reviewed: Reviewed, simulated: bool) -> None:
    said = texts.verdict(reviewed.review, reviewed.signals.recipe, simulated=simulated)
    assert ("The market is SIMULATED" in said) is simulated


def test_calls_of_the_week_are_counted_by_word_and_the_parts_of_the_market_signed(reviewed: Reviewed) -> None:
    week = pd.DataFrame({"signal": ["neutral", "bullish", "neutral"]})
    said = texts.calls(week, pd.Series({"regime: breadth": -0.25, "base": 0.031}))
    assert "All calls of the week: 1 bullish, 2 neutral, 0 bearish." in said
    assert "breadth -0.25, base +0.03." in said
    assert said.startswith("### 1 bullish, 2 neutral, 0 bearish\n")
    whole = texts.calls(reviewed.signals.week(), reviewed.signals.market_parts())
    counts = [int(number) for number in re.findall(r"(\d+) (?:bullish|neutral|bearish)", whole.splitlines()[0])]
    assert sum(counts) == len(reviewed.signals.week())


def test_luck_without_other_recipes_or_enough_quarters_says_so_in_words(reviewed: Reviewed) -> None:
    short = replace(reviewed.review, placebos=replace(reviewed.review.placebos, p_value=np.nan))
    said = texts.luck(short)
    assert "No probability of over-fitting: no other recipes were compared." in said
    assert "The history is too short to put the quarters of its signals in other orders." in said
    assert "\u2013" not in said
    assert not NO_NUMBER.search(said)


def test_luck_with_other_recipes_and_enough_quarters_gives_the_figures(reviewed: Reviewed) -> None:
    over = reviewed.review.overfitting.copy()
    over[["trials", "deflated_sharpe", "overfitting_probability", "overfitting_p_value"]] = [12, 0.6, 0.35, 0.07]
    placebos = replace(reviewed.review.placebos, p_value=0.125)
    said = texts.luck(replace(reviewed.review, overfitting=over, placebos=placebos))
    assert "did as well or better in 12.5\u00a0% of the histories" in said
    assert "60.0\u00a0% is the probability that the true one exceeds what the best of 12 tries" in said
    assert "among the recipes compared: 35.0\u00a0% (p = 0.0700 against" in said
    assert "too short" not in said


@pytest.mark.parametrize("power", [0.9, 0.3])
@pytest.mark.parametrize("missing", [["score-weighted"], ["exposure-matched"], ["score-weighted", "exposure-matched"]])
@pytest.mark.parametrize("p_adjusted", [0.01, 0.9])
def test_a_test_that_could_not_be_made_is_no_number_in_the_sentence(
    missing: list[str], p_adjusted: float, power: float
) -> None:
    tests = pd.DataFrame(
        {"value": 0.02, "t_statistic": 2.0, "periods": 150.0, "p_value": p_adjusted, "p_adjusted": p_adjusted},
        ["score-weighted", "exposure-matched"],
    )
    tests.loc[missing, ["value", "t_statistic", "p_value", "p_adjusted"]] = np.nan
    assert not NO_NUMBER.search(judged(tests, power, configurations=1, relevant_ic=0.05)[1])
