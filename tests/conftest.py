"""What several test modules need. `../shared` holds real data and reference values; it is not part of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from research.market import MarketData, load_market

if not os.environ.get("CI"):  # in CI hypothesis draws the same examples each time, without a deadline
    settings.register_profile("busy machine", deadline=None)
    settings.load_profile("busy machine")

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


def shared(path: str) -> Path:
    """A file of ../shared; the calling test is skipped, saying why, where it is absent."""
    file = SHARED / path
    if not file.exists():
        pytest.skip(f"needs ../shared/{path}, which is not beside this checkout")
    return file


@pytest.fixture(scope="session")
def market_50(tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    """The 50-coin file of ../shared, imported: Terra and FTX live and die in it."""
    return imported("coingecko_50_2015_2023_srk.parquet", "coingecko-50", tmp_path_factory)


@pytest.fixture(scope="session")
def market_406(tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    """The 406-coin file of ../shared, imported: bogus caps, reused tickers, 120 early deaths."""
    return imported("coingecko_406_2014_2017_indexconstruction.parquet", "coingecko-406", tmp_path_factory)


def imported(file: str, profile: str, tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    from research.market import import_table

    table = shared(f"market/{file}")
    out = tmp_path_factory.mktemp(profile) / "snapshot"
    import_table(table, profile, out)
    return load_market(out)
