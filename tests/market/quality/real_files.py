"""The market files of ../shared, imported as they are; each once a session."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import pandas as pd

from research.market import ImportSummary, MarketData, Profile, import_table, load_market
from research.market.imports.profile.profiles import Asset, Columns
from tests.conftest import shared

BARS = {"open": "open", "high": "high", "low": "low"}


def _profile(name: str, columns: Columns, **options: object) -> Profile:
    return Profile(name=name, source="../shared/market", licence="for tests", columns=columns, **options)  # type: ignore[arg-type]


PLAIN = {"date": "date", "price": "close", "market_cap": "market_cap", "volume": "volume"}
BITCOIN = {"BTC": Asset(id="bitcoin"), "ETH": Asset(id="ethereum")}
PROFILES: dict[str, tuple[str, str | Profile]] = {
    "406": ("coingecko_406_2014_2017_indexconstruction", "coingecko-406"),
    "50": ("coingecko_50_2015_2023_srk", "coingecko-50"),
    "17": ("coingecko_17_2013_2025_lomonosov", "coingecko-17"),
    "50 as dated by the vendor": (
        "coingecko_50_2015_2023_srk",
        _profile("50, no dating rule", Columns(key="coin_id", **PLAIN)),  # type: ignore[arg-type]
    ),
    "17 as dated by the vendor": (
        "coingecko_17_2013_2025_lomonosov",
        _profile("17, no dating rule", Columns(key="symbol", **PLAIN), assets=BITCOIN),  # type: ignore[arg-type]
    ),
    "312 as dated by the vendor": (
        "coingecko_312_2017_2018_social_artem",
        _profile("312", Columns(key="symbol", extra=BARS, **PLAIN), assets=BITCOIN),  # type: ignore[arg-type]
    ),
    "312": ("coingecko_312_2017_2018_social_artem", "social-312"),
    "binance": ("binance_301_ohlcv_daily_to_2025_zzonge", "binance-cmc"),
    "cmc": ("cmc_top200_monthly_2020_2025_sbq", "cmc-monthly"),
    "levels": ("benchmark_indices_quantlet", "benchmark-levels"),
}


@cache
def _import(name: str) -> tuple[ImportSummary, MarketData]:
    file, profile = PROFILES[name]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "snapshot"
        summary = import_table(shared(f"market/{file}.parquet"), profile, out)
        return summary, load_market(out)


def real_market(name: str) -> MarketData:
    return _import(name)[1]


def summary_of(name: str) -> ImportSummary:
    return _import(name)[0]


def raw(name: str) -> pd.DataFrame:
    return pd.read_parquet(shared(f"market/{PROFILES[name][0]}.parquet"))
