"""What an index is, in a sentence and a box: every shipped rulebook has words, and they follow its rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from research import Methodology, rulebooks
from research.reporting.factsheet import facts
from research.reporting.factsheet.facts import _costs, _lag, in_one_sentence
from research.rulebook import Costs, Schedule
from research.rulebook.weighting import WEIGHTING_SCHEMES


def test_every_weighting_scheme_has_words() -> None:
    assert set(facts._SCHEMES) == set(WEIGHTING_SCHEMES)


@pytest.mark.parametrize("name", rulebooks())
def test_a_shipped_rulebook_is_told_in_one_sentence(name: str) -> None:
    rules = Methodology.load(name)
    sentence = in_one_sentence(rules, 7)
    assert sentence.startswith("**")
    assert " holds 7 assets" in sentence
    for tag in rules.universe.include_tags:
        assert tag in sentence
    assert ("signals may move" in sentence) == bool(rules.overlay and rules.overlay.signals)


def test_the_sentence_follows_the_rules() -> None:
    rules = Methodology.load("large-cap-10")
    assert "at most 25\u00a0% each, chosen quarterly, weighted monthly." in in_one_sentence(rules, 10)
    other = replace(rules, weighting=replace(rules.weighting, max_weight=0.4, min_weight=0.01))
    assert "at most 40\u00a0% each, at least 1\u00a0%" in in_one_sentence(other, 10)


def test_lags_and_costs_that_nobody_could_have_are_said() -> None:
    assert "not investable" in _lag(Schedule(lag_days=0))
    assert _lag(Schedule(lag_days=1)).startswith("1 day after")
    assert _costs(Costs(fee_bps=0, half_spread_bps=0)) == "none charged"
    assert "5 bp of fee, half of the spread (3 bp)" in _costs(Costs(fee_bps=5, half_spread_bps=3))
