"""What the tests of this folder share: a small market with holes, comparison of markets, tables of a vendor."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.market import Manifest, MarketData, Profile
from research.market.imports.profile.sections import Columns
from research.market.tables import LEDGER_TYPES

PROFILE = Profile(
    name="a vendor",
    source="made for a test",
    licence="none",
    retrieved_at="2024-02-01T00:00:00Z",
    columns=Columns(date="day", key="coin", price="close", market_cap="cap", volume="vol"),
)
HEADER = "day,coin,close,cap,vol"


def small_market() -> MarketData:
    """Thirty days of three assets: one lists late, one has a gap, one dies; tags and a ledger with dates."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2020-01-01", periods=30)
    prices = pd.DataFrame(rng.lognormal(size=(30, 3)), index=days, columns=["late", "gap", "dead"])
    prices.iloc[:5, 0] = prices.iloc[10:14, 1] = prices.iloc[20:, 2] = np.nan
    tags = pd.DataFrame(
        {
            "asset_id": ["dead", "late"],
            "tag": ["meme", "exchange"],
            "valid_from": pd.to_datetime([None, "2020-01-20"]),
            "static": [True, False],
        }
    )
    volumes = prices * 3
    volumes.iloc[12, 1] = 5.0  # traded, though the vendor has no price
    market = MarketData.from_panels(prices, prices * 10, volumes, tags=tags, extra={"open": prices.shift()})
    ledger = pd.DataFrame(
        {
            "date": pd.to_datetime(["2020-01-07", "2020-01-21", "2020-01-21"]),
            "asset_id": ["gap", "dead", "late"],
            "field": "price",
            "rule": "price not positive",
            "old": "0.0",
            "new": None,
        }
    )
    return dataclasses.replace(market, ledger=ledger.astype(LEDGER_TYPES))


def assert_same_market(left: MarketData, right: MarketData) -> None:
    """Every panel and table is equal to the bit, types included."""
    for name in ("prices", "market_caps", "volumes", "assets", "tags", "ledger"):
        pd.testing.assert_frame_equal(getattr(left, name), getattr(right, name), check_exact=True, obj=name)
    assert left.extra.keys() == right.extra.keys()
    for name, panel in left.extra.items():
        pd.testing.assert_frame_equal(panel, right.extra[name], check_exact=True, obj=name)


def csv(folder: Path, *lines: str, header: str = HEADER) -> Path:
    """A vendor's table of these lines."""
    file = folder / "table.csv"
    file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return file


def names_in(folder: Path) -> set[str]:
    """What lies in a folder, hidden entries included."""
    return {path.name for path in folder.iterdir()}


def rewritten(snapshot: Path, name: str, table: pa.Table | bytes, **how: object) -> None:
    """Put another table into a snapshot and sign it anew, as a program of someone else could."""
    if isinstance(table, bytes):
        (snapshot / name).write_bytes(table)
    else:
        pq.write_table(table, snapshot / name, **how)
    manifest = Manifest.from_json((snapshot / "manifest.json").read_text(), "manifest.json")
    digest = hashlib.sha256((snapshot / name).read_bytes()).hexdigest()
    manifest = dataclasses.replace(manifest, sha256={**manifest.sha256, name: digest}).signed()
    (snapshot / "manifest.json").write_text(manifest.to_json())
