"""The live page, driven by the values of its controls as a person turns them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pandas as pd
import pytest

from research import MarketData, Methodology, build_index
from research.errors import DataError, MethodologyError
from research.explore import Explorer, _controls, explore
from tests.index.markets import random_market, rules


@pytest.fixture(scope="module")
def market() -> MarketData:
    return random_market(5, days=300)


@pytest.fixture
def explorer(market: MarketData) -> Explorer:
    return explore(market, rules(selection={"count": 5, "exit_rank": 7}, weighting={"max_weight": 0.4}))


def shown(explorer: Explorer) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", explorer._words.value))


def test_each_control_changes_the_rules_and_what_is_shown_is_that_index(explorer: Explorer, market: MarketData) -> None:
    before = explorer._figure.value
    explorer.count.value = 8
    explorer.scheme.value = "equal"
    explorer.frequency.value = "weekly"
    explorer.cap.value = 0.2
    expected = rules(
        selection={"count": 8, "exit_rank": 11},
        weighting={"scheme": "equal", "max_weight": 0.2},
        schedule={"reconstitution": "weekly"},
    )
    assert explorer.rules == expected
    index = build_index(market, expected)
    pd.testing.assert_series_equal(explorer.index.level, index.level, check_exact=True)
    assert explorer._figure.value != before
    held = index.holdings()
    assert held["asset_id"].isin(shown(explorer).split()).all()
    assert f"{100 * held['weight'].iloc[0]:.1f}\u00a0%" in shown(explorer)
    assert f"{index.level.iloc[-1]:,.0f}" in shown(explorer)


def test_what_contradicts_itself_shows_its_reason_in_the_place_of_results(explorer: Explorer) -> None:
    results = explorer._words.value
    explorer.cap.value = 0.1
    assert "max_weight = 0.1 with count = 5" in explorer.error
    assert explorer.error in unescape(explorer._message.value)
    assert explorer.index is None
    assert explorer._words.value == explorer._figure.value == ""
    assert "Cannot be built" in explorer._repr_mimebundle_()["text/plain"]
    explorer.cap.value = 0.4
    assert explorer.error == explorer._message.value == ""
    assert explorer._words.value == results


def test_what_the_market_cannot_support_shows_its_reason_too(explorer: Explorer) -> None:
    explorer.count.value = 60
    assert explorer.index is None
    assert "60" in explorer.error
    assert 'role="alert"' in explorer._message.value


def test_going_back_builds_nothing_anew(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = explorer.index
    explorer.count.value = 6
    monkeypatch.setattr("research.explore.build_index", None)
    explorer.count.value = 5
    assert explorer.index is first


def test_the_page_has_its_controls_and_a_text_where_no_kernel_runs(explorer: Explorer) -> None:
    bundle: dict[str, Any] = explorer._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html", "application/vnd.jupyter.widget-view+json"}
    assert "Members at the close of" in bundle["text/plain"]
    assert re.search(
        r'<img alt="Level with these rules, and as given\. [^"]{40,}" style="[^"]+" src="data:image/png',
        explorer._figure.value,
    )


def test_a_notebook_that_is_stored_has_no_control_that_nothing_answers(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESEARCH_STILL", "yes")
    assert set(explorer._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_names_of_a_market_are_shown_and_not_obeyed() -> None:
    attack = "<script>alert(1)</script>"
    plain = random_market(5)
    panels = [panel.rename(columns=lambda name: f"{attack}{name}") for panel in list(plain.panels.values())[:3]]
    explorer = explore(MarketData.from_panels(*panels, name=attack), rules(name=attack))
    for part in (explorer._words, explorer._figure, explorer._message):
        assert "<script" not in part.value
    assert "&lt;script" in explorer._words.value


def test_names_and_paths_are_taken_and_other_things_refused(market: MarketData) -> None:
    with pytest.raises(DataError, match="MarketData"):
        explore(market.prices, rules())  # type: ignore[arg-type]
    with pytest.raises(MethodologyError, match="no shipped rulebook"):
        explore(market, "nothing-like-it")


@pytest.mark.parametrize("name", ["large-cap-10", "two-tier-cap-20", "sector-ai", "momentum-10", "total-market"])
def test_controls_that_nobody_turned_leave_the_rulebook_as_it_is(name: str) -> None:
    untouched = Explorer.__new__(Explorer)
    untouched.given = Methodology.load(name)
    untouched.count, untouched.scheme, untouched.cap, untouched.frequency = _controls(untouched.given)
    assert untouched._asked() == untouched.given
