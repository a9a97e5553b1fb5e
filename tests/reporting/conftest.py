"""One index for the tests of pages."""

from __future__ import annotations

import pytest

from research import IndexHistory, Methodology, build_index, load_market
from tests.conftest import ROOT


@pytest.fixture(scope="package")
def index() -> IndexHistory:
    return build_index(load_market(ROOT / "data" / "sample"), Methodology.load("large-cap-20-capped"))
