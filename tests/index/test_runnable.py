"""Which shipped rulebooks can run on a market: the answer is what `build_index` does."""

from __future__ import annotations

import warnings

import pandas as pd
import pytest

from research.errors import DataError, MethodologyError, ResearchWarning
from research.index import Methodology, build_index, rulebooks, rulebooks_for
from research.market import MarketData
from tests.index.markets import needed_tables, random_market


def test_on_406_coins_the_table_says_of_every_rulebook_what_building_it_says(market_406: MarketData) -> None:
    table = rulebooks_for(market_406)
    assert list(table.index) == list(rulebooks())
    assert 5 <= table["runs"].sum() < 20
    assert (table["reason"] == "").equals(table["runs"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResearchWarning)
        for name, row in table.iterrows():
            rules = Methodology.load(str(name))
            if row["runs"]:
                assert build_index(market_406, rules).dates[0] == row["since"], name
            else:
                expected = f"needs {row['needs']}" if row["needs"] else "no day has|no call can be made"
                with pytest.raises(MethodologyError, match=expected):
                    build_index(market_406, rules)


def test_a_rulebook_that_needs_signals_starts_with_any_when_the_table_says(market_406: MarketData) -> None:
    row = rulebooks_for(market_406).loc["signal-driven-10"]
    assert (row["runs"], row["needs"]) == (False, "signals")
    rules = Methodology.load("signal-driven-10")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResearchWarning)
        index = build_index(market_406, rules, **needed_tables(market_406, rules))
    assert index.dates[0] == row["since"]


def test_what_stands_in_the_way_is_said_in_words() -> None:
    table = rulebooks_for(random_market(1, days=300))
    assert "needs votes" in table.loc["governance-10", "reason"]
    assert "no asset has a tag that it asks for (sector:ai" in table.loc["sector-ai", "reason"]
    assert "no day has 20 eligible assets" in table.loc["large-cap-100", "reason"]
    assert table.loc[["governance-10", "sector-ai", "large-cap-100"], "since"].isna().all()
    assert table.dtypes.astype(str).to_dict() == {
        "runs": "bool",
        "since": "datetime64[us]",
        "needs": "str",
        "reason": "str",
    }


def test_a_stable_leg_that_the_market_does_not_have_is_named() -> None:
    market = random_market(2, days=300, defects=False)
    large = MarketData.from_panels(market.prices, market.market_caps * 0 + 1e9, market.volumes * 0 + 1e7)
    reason = rulebooks_for(large).loc["signal-driven-10", "reason"]
    assert reason.startswith("no stablecoin of its stable leg (usd-coin, tether)")


def test_what_is_no_market_is_refused() -> None:
    with pytest.raises(DataError, match=r"market is 3: .*data/sample"):
        rulebooks_for(3)  # type: ignore[arg-type]
    assert isinstance(rulebooks_for(random_market(1)), pd.DataFrame)
