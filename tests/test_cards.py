"""Cards of markets, rulebooks, indices and reasons: readable, harmless, and in agreement with the pages."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
import pytest

from research import IndexHistory, MarketData, Methodology, build_index, evaluation
from research.cards import Card, Carded
from research.reporting.audit import tables as audit_tables
from research.reporting.presentation import texts
from tests.index.markets import random_market, rules

ATTACK = '<script>alert("x")</script><img src=http://evil.example/x onerror=alert(1)>'
TAGS = {"div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "code"}
ATTRIBUTES = {("role", "group"), ("scope", "row"), ("scope", "col")}


class Read(HTMLParser):
    """What a browser would make of a card: its elements, their attributes and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= set(attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def hostile() -> IndexHistory:
    """An index whose every name is an attack."""
    market = random_market(3, defects=False)
    panels = [panel.rename(columns=lambda name: f"{name}{ATTACK}") for panel in list(market.panels.values())[:3]]
    named = rules(name=ATTACK, description=ATTACK, source=ATTACK, weighting={"max_weight": 0.4})
    return build_index(MarketData.from_panels(*panels, name=ATTACK), named)


def everything(index: IndexHistory) -> list[Carded]:
    return [index.market, index.methodology, index, index.explain(index.holdings()["asset_id"].iloc[0])]


def test_a_card_holds_only_prose_and_tables_whatever_the_names_are(hostile: IndexHistory) -> None:
    for shown in everything(hostile):
        read = Read(shown._repr_html_())
        assert read.open == []
        assert read.tags <= TAGS
        assert "script" in "".join(read.text)  # the attack is there, as letters
        styles = {value for name, value in read.attributes if name == "style"}
        assert {(name, value) for name, value in read.attributes if name not in ("style", "aria-label")} <= ATTRIBUTES
        assert all("color" not in str(style) and "url" not in str(style) for style in styles)  # the theme's own colours


def test_a_character_that_a_terminal_obeys_is_spelled_out() -> None:
    card = Card(title="a\x1b[2Jb", facts={"x\u202e": "y"}, tables={"t": pd.DataFrame({"c": ["\u200b"]})})
    for text in (card.to_html(), card.to_text()):
        assert not set(text) & {"\x1b", "\u202e", "\u200b"}
        assert "\\x1b" in text


def test_the_card_of_an_index_says_what_the_strip_of_its_pages_says(hostile: IndexHistory) -> None:
    index = build_index(random_market(5), rules())
    strip = texts.verdict(evaluation.headline_figures(index.level), caveats=index.caveats)
    html, shown = index._repr_html_(), index._card.facts
    assert {label: shown[label] for label in strip} == strip
    assert all(value in html for value in strip.values())
    assert shown["Members"] == "5"
    assert shown["Last trade"].startswith(f"{index.rebalances.index[-1]:%Y-%m-%d}")
    [largest] = index._card.tables.values()
    assert largest["asset"].tolist() == index.holdings()["asset_id"].tolist()
    assert largest["weight"][0] == f"{100 * index.holdings()['weight'][0]:.1f}\u00a0%"


def test_the_card_of_a_reason_says_what_the_audit_says() -> None:
    index = build_index(random_market(5), rules(universe={"min_history_days": 30}, weighting={"max_weight": 0.3}))
    told = index.explain(index.holdings()["asset_id"].iloc[0])
    screens, weight = told._card.tables.values()
    words = audit_tables.reason_card(told).words
    assert screens.to_numpy().tolist() == words.to_numpy().tolist()
    assert weight["step"].tolist()[0] == "by market cap"
    final = index.weight_steps().set_index("asset_id").loc[told.asset_id, "final"]
    assert weight["weight"].tolist()[-1] == f"{100 * final:.2f}\u00a0%"
    assert told.reason in repr(told)


def test_one_line_says_what_an_object_is() -> None:
    market = random_market(5)
    index = build_index(market, rules())
    assert repr(rules()) == "<Methodology 'Test index': largest 5, market_cap, monthly>"
    for shown in (market, rules(), index):
        assert "\n" not in repr(shown)
        assert len(repr(shown)) < 200


def test_the_card_of_a_market_counts_what_is_alive_and_says_that_it_is_simulated() -> None:
    market = random_market(5)
    facts = market._card.facts
    alive = market.prices.iloc[-1].count()
    assert facts["Assets"] == f"12, of which {alive} have a price on the last day"
    assert alive < 12
    assert facts["Days"] == "2020-01-01 to 2020-07-18 UTC, 200 days"


def test_the_card_of_a_rulebook_says_each_key_that_is_not_at_its_default() -> None:
    [keys] = rules(weighting={"max_weight": 0.3}, schedule={"lag_days": 1})._card.tables.values()
    assert dict(keys.to_numpy().tolist()) == {
        "[selection]": "count = 5",
        "[weighting]": "max_weight = 0.3",
        "[schedule]": "lag_days = 1",
    }
    assert Methodology.load("large-cap-10").name in Methodology.load("large-cap-10")._repr_html_()
