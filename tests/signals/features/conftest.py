"""The sample, once for the tests of features."""

from __future__ import annotations

import pytest

from research.market import MarketData, load_market


@pytest.fixture(scope="session")
def sample() -> MarketData:
    """Thirty months of the sample, with listings, collapses and deaths in them."""
    return load_market("data/sample", start="2020-06-01", end="2022-12-31")
