"""Reviews for the tests of the page: of the sample, and of a market that has prices alone."""

from __future__ import annotations

import pytest

from research import load_market
from research.index.whole_market.market_review import MarketReview, review_market
from research.market import MarketData
from tests.conftest import ROOT


@pytest.fixture(scope="package")
def facts() -> MarketReview:
    return review_market(load_market(ROOT / "data" / "sample"))


@pytest.fixture(scope="package")
def bare() -> MarketReview:
    """Two quiet years of twelve assets with nothing but a price, none of which ever ends."""
    prices = load_market(ROOT / "data" / "sample", end="2019-12-31").prices
    there = prices.loc[:, prices.notna().all()].iloc[:, :12]
    return review_market(MarketData.from_panels(there))
