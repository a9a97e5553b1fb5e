"""What a reader is told of the members of an index: pegs that no tag names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.index import IndexHistory, Methodology, build_index
from research.market import MarketData
from tests.index.markets import random_market, rules

ASKED = {
    "selection": {"count": 4, "rank_by": "volatility_30d", "rule": "top_by", "order": "lowest"},
    "weighting": {"scheme": "equal"},
}


def with_dollar(tags: pd.DataFrame | None = None) -> MarketData:
    market = random_market(1, defects=False)
    dollar = 1 + np.random.default_rng(0).normal(0, 0.002, len(market.dates))
    prices = market.prices.assign(dollar=dollar)
    return MarketData.from_panels(prices, prices * 1e6, prices * 1e6, tags=tags)


def about_pegs(index: IndexHistory) -> list[str]:
    return [line for line in index.caveats if line.startswith("Members look pegged")]


def test_a_member_that_looks_pegged_without_a_tag_is_named_with_day_and_evidence() -> None:
    index = build_index(with_dollar(), rules(**ASKED))
    (line,) = about_pegs(index)
    first = index.decisions.query("asset_id == 'dollar' and selected")["determination_date"]
    days = [day for day in first if (day - index.market.dates[0]).days >= 59]  # sixty closes are needed
    assert f"dollar on {min(days).date()} (median distance 0." in line
    assert "usual daily change 0." in line
    assert line.endswith('exclude them by price with exclude_pegged = ["usd"].')


def test_what_is_tagged_or_excluded_by_price_is_not_named() -> None:
    tag = pd.DataFrame({"asset_id": ["dollar"], "tag": "stablecoin", "valid_from": pd.NaT, "static": True})
    assert about_pegs(build_index(with_dollar(tag.astype({"valid_from": "datetime64[us]"})), rules(**ASKED))) == []
    screened = build_index(with_dollar(), rules(**ASKED, universe={"exclude_pegged": ["usd"]}))
    assert about_pegs(screened) == []
    assert "dollar" not in set(screened.constituents["asset_id"])


def test_without_tags_low_volatility_risk_parity_and_momentum_hold_no_stablecoins(market_50: MarketData) -> None:
    """By their tags alone, the same rules put two fifths of low volatility into coins worth a dollar."""
    market = MarketData.from_panels(market_50.prices, market_50.market_caps, market_50.volumes)
    coins = {"tether", "usd-coin", "binance-usd", "dai", "frax"}
    for name in ("low-volatility-20", "risk-parity-20", "momentum-10"):
        index = build_index(market.since("2019-01-01"), Methodology.load(name))
        held = index.constituents["weight"][index.constituents["asset_id"].isin(coins)].sum()
        assert held < 0.02 * index.constituents["weight"].sum(), name
        assert about_pegs(index) == []
