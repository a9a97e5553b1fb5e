"""Sentences of the market review: they say what the frames hold, and what is missing."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from research.index.whole_market.market_review import MarketReview
from research.reporting.market import texts

NO_NUMBER = re.compile(r"\b(nan|NaN|NaT|None|inf)\b")
SENTENCES = {
    name: function
    for name, function in vars(texts).items()
    if inspect.isfunction(function) and function.__module__ == texts.__name__ and not name.startswith("_")
}


@pytest.mark.parametrize("name", SENTENCES)
def test_every_sentence_holds_for_a_whole_market_and_for_one_with_prices_alone(
    name: str, facts: MarketReview, bare: MarketReview
) -> None:
    sentence: Callable[[MarketReview], object] = SENTENCES[name]
    for review in (facts, bare):
        said = str(sentence(review))
        assert said
        assert not NO_NUMBER.search(said), said
        assert not re.search(r"[a-z]_[a-z]", said.replace("&#95;", "")), said  # no raw name


def test_the_strip_says_how_much_market_there_is(facts: MarketReview) -> None:
    strip = texts.verdict(facts)
    assert (strip["Simulated"], strip["Assets"], strip["Alive at the end"]) == ("yes", "100", "90")
    assert strip["Doubtful values"] == f"{len(facts.doubts.findings)}"


def test_the_first_look_names_the_dead_the_largest_and_the_worst_doubt(facts: MarketReview) -> None:
    said = texts.first_look(facts)
    assert "10 of 100 assets had ended by the last day." in said
    gained = facts.survivorship["difference"]
    assert f"adds {100 * gained['equal']:.1f} points a year in equal parts" in said
    assert f"bitcoin is {100 * facts.totals['largest'].iloc[-1]:.1f}\u00a0% of the market cap" in said
    assert "Next to nobody trades in galactic-credits" in said
    worst = facts.doubts.findings.iloc[0]
    assert f"The first: {worst['asset_id']} on {worst['date']:%Y-%m-%d}" in said
    assert f"It did {worst['top_20_bps'] / 100:.2f}\u00a0% to the top 20" in said


def test_a_market_without_caps_and_volumes_says_so_in_words(bare: MarketReview) -> None:
    said = texts.first_look(bare)
    assert "Not one of the 12 assets ever ends" in said
    assert "Dominance is not known, for this market has no market caps." in said
    assert "What can be traded is not known, for this market has no volumes." in said
    assert texts.coverage(bare).endswith("; no market caps; no volumes")
    assert texts.pegs(bare) == "No asset has the tag stablecoin; none looks pegged"


def test_where_no_index_can_be_built_the_reason_is_given_and_no_effect_claimed(facts: MarketReview) -> None:
    found = facts.doubts.findings.assign(top_20_bps=float("nan"), total_market_bps=float("nan"))
    reasons = dict.fromkeys(facts.doubts.indices, "no day has 2 of them.")
    said = texts.first_look(replace(facts, doubts=replace(facts.doubts, findings=found, indices=reasons)))
    assert "What they do cannot be measured: no day has 2 of them." in said
    assert "moved a level" not in said
    assert "It did" not in said


def test_a_market_without_a_doubt_says_that_no_rule_finds_one(bare: MarketReview) -> None:
    clean = replace(bare.doubts, findings=bare.doubts.findings.head(0))
    assert "No rule finds a doubtful value." in texts.first_look(replace(bare, doubts=clean))


def test_a_hostile_name_is_no_markup(facts: MarketReview) -> None:
    totals = facts.totals.assign(largest_asset="**<b>evil</b>**")
    said = texts.first_look(replace(facts, totals=totals))
    assert "<b>" not in said
    assert "**<" not in said
