"""Tables of the market review: every one renders for a whole market and for one with prices alone."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from research.index.whole_market.market_review import MarketReview
from research.reporting.market import tables
from research.reporting.presentation import tables as shared
from research.reporting.presentation.table import Table


def every(facts: MarketReview) -> list[Table]:
    return [
        tables.coverage(facts.coverage_by_year),
        shared.ledger(facts.ledger),
        tables.lives(facts.lives_by_year, silent_days=facts.silent_days),
        tables.deaths(facts.deaths),
        tables.survivorship(facts.survivorship, count=facts.count),
        tables.findings(facts.doubts.findings),
        tables.rules(facts.doubts.counts),
        tables.held_back(facts.held_back_most),
        tables.sizes(facts.year_ends),
        tables.trading(facts.year_ends),
        tables.pegs(facts.pegs),
        tables.untagged_pegs(facts.untagged_pegs),
    ]


def test_no_table_shows_a_raw_name_or_a_missing_value_as_anything_but_a_dash(
    facts: MarketReview, bare: MarketReview
) -> None:
    for table in [*every(facts), *every(bare)]:
        words = table.words.drop(columns="evidence", errors="ignore")
        text = " ".join([*map(str, words.columns), *words.to_numpy().ravel().tolist()])
        assert not re.search(r"\b(nan|NaN|NaT|None|inf)\b", text), table.caption
        assert not re.search(r"[a-z]_[a-z]", text), table.caption
        assert table.to_html()


@pytest.mark.parametrize("name", ["coverage", "lives", "sizes", "trading"])
def test_a_year_has_no_thousands_separator(name: str, facts: MarketReview) -> None:
    table = {table.caption: table for table in every(facts)}
    shown = [text for text in table if "year" in text and not text.startswith("Growth")]
    assert len(shown) == 4
    assert all(table[caption].words.iloc[0, 0] == "2018" for caption in shown)


def test_an_effect_reads_in_per_cent_as_in_the_sentences_and_bars(facts: MarketReview) -> None:
    words = tables.findings(facts.doubts.findings).words
    first = facts.doubts.findings.iloc[0]
    assert words["effect on the top 20"].iloc[0] == f"{first['top_20_bps'] / 100:,.2f}\u00a0%".replace("-", "\u2212")


def test_what_is_silent_and_what_is_only_worthless_is_told_apart() -> None:
    dates = pd.to_datetime(["2020-01-01", "2020-01-01"])
    frame = pd.DataFrame(
        {
            "first": dates,
            "last": dates,
            "dead": [True, False],
            "from_high": -0.99,
            "highest_share": 0.1,
            "last_cap": 1e6,
            "last_month": 0.0,
        },
        index=pd.Index(["a", "b"], name="asset_id"),
    )
    assert tables.deaths(frame).words["state"].tolist() == ["silent", "still quoted"]
