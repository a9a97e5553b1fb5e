"""Labels made by hand become tags: static without a date, never guessed, written into a new snapshot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.market import MarketData, import_table, load_market, write_market
from research.market.imports.cleaning.labels import label_snapshot, with_labels
from research.point_in_time.label_proposals import propose_labels
from tests.conftest import shared
from tests.market.helpers import PROFILE, assert_same_market, csv, small_market

ASSETS = pd.DataFrame({"asset_id": ["bitcoin", "luna", "terra"], "symbol": ["BTC", "LUNA", "LUNA"]})
NO_TAGS = pd.DataFrame({"asset_id": [], "tag": [], "valid_from": [], "static": []}).astype(
    {"asset_id": "str", "tag": "str", "valid_from": "datetime64[us]", "static": "bool"}
)
MONTH_END = pd.offsets.MonthEnd()


def labels(folder: Path, text: str) -> Path:
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_category_is_a_static_sector_and_a_dated_tag_is_known_from_its_day(tmp_path: Path) -> None:
    file = labels(tmp_path, "symbol,category,priority,notes\nBTC,BTC Ecosystem,primary,Bitcoin\n")
    tags, left_out = with_labels(NO_TAGS, file, ASSETS)
    assert tags.to_numpy().tolist() == [["bitcoin", "sector:btc-ecosystem", pd.NaT, True]]
    assert left_out == ()
    dated = labels(tmp_path, "asset_id,tag,valid_from\nterra,stablecoin,2020-03-01\n")
    (line,) = with_labels(NO_TAGS, dated, ASSETS)[0].to_numpy().tolist()
    assert line == ["terra", "stablecoin", pd.Timestamp("2020-03-01"), False]


def test_a_symbol_of_two_assets_and_one_of_none_are_left_out_and_named(tmp_path: Path) -> None:
    file = labels(tmp_path, "symbol,category\nLUNA,DeFi\nbtc,Payments\nXYZ,DeFi\n")
    tags, left_out = with_labels(NO_TAGS, file, ASSETS)
    assert tags["asset_id"].tolist() == ["bitcoin"]
    assert "line 2, is left out: LUNA is the symbol of luna, terra. Give the asset_id." in left_out[0]
    assert "1 labels are of assets that are not in the market: XYZ" in left_out[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,category\nBTC,x\n", "no column for the asset: expected asset_id or symbol, found name, category"),
        ("symbol,sector\nBTC,x\n", "no column for its tag: expected tag or category"),
        ("symbol,category\n,x\n", "line 2: the asset is an empty text"),
        ("symbol,category\nBTC,\n", "line 2: the tag is an empty text"),
        ("symbol,category,valid_from\nBTC,x,soon\n", "line 2: valid_from is 'soon', expected YYYY-MM-DD"),
        ("symbol,category\nBTC,x\nbtc,X\n", "line 3: 'bitcoin' is given the tag 'sector:x' twice"),
    ],
)
def test_a_table_that_cannot_be_right_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        with_labels(NO_TAGS, labels(tmp_path, text), ASSETS)


def test_a_snapshot_is_labelled_by_writing_another_one(tmp_path: Path) -> None:
    market = small_market()
    write_market(market, tmp_path / "old")
    file = labels(tmp_path, "asset_id,tag\ngap,meme\ndead,meme\n")
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    manifest, left_out = label_snapshot(tmp_path / "old", file, tmp_path / "new")
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    new = load_market(tmp_path / "new")
    assert left_out == ("1 labels are tags already, and stay as they are",)
    assert manifest.caveats[-1] == "1 tags come from labels.csv, 1 of them without a history"
    assert set(map(tuple, new.tags[["asset_id", "tag"]].to_numpy())) == {
        ("dead", "meme"), ("gap", "meme"), ("late", "exchange"),
    }  # fmt: skip
    old = load_market(tmp_path / "old")
    assert_same_market(new.only(["late"]), old.only(["late"]))


def test_labels_at_an_import_and_the_hand_made_sectors_of_2025(tmp_path: Path) -> None:
    sectors = shared("market/sector_labels_2025.csv")
    summary = import_table(csv(tmp_path, "2024-01-01,BTC,1,1,1"), PROFILE, tmp_path / "out", labels=sectors)
    assert load_market(tmp_path / "out").tags[["asset_id", "tag", "static"]].to_numpy().tolist() == [
        ["btc", "sector:btc-ecosystem", True]
    ]
    assert "labels are of assets that are not in the market" in str(summary)


def test_what_is_proposed_by_price_is_what_the_labelling_takes(tmp_path: Path) -> None:
    file = shared("market/coingecko_50_2015_2023_srk.parquet")
    profile = tmp_path / "plain.toml"
    profile.write_text(
        'name = "50"\nsource = "s"\nlicence = "l"\nretrieved_at = "2023-06-01T00:00:00Z"\n[columns]\ndate = "date"\n'
        'key = "coin_id"\nprice = "close"\nmarket_cap = "market_cap"\nvolume = "volume"\n',
        encoding="utf-8",
    )
    import_table(file, profile, tmp_path / "old")
    market = load_market(tmp_path / "old")
    proposed = propose_labels(market)
    found = dict(zip(proposed["asset_id"], proposed["tag"], strict=True))
    coins = {"tether", "usd-coin", "binance-usd", "dai", "frax"}
    assert {name for name, tag in found.items() if tag == "stablecoin"} == coins
    assert {name for name, tag in found.items() if tag != "stablecoin"} <= {"wrapped-bitcoin", "staked-ether"}
    assert "terra-luna" not in found
    for line in proposed.itertuples():  # each could be proposed on its day as it is now, and a month earlier not at all
        then, before = (propose_labels(market.until(day)) for day in (line.valid_from, line.valid_from - MONTH_END))
        (known,) = then[then["asset_id"] == line.asset_id].itertuples()
        assert (known.tag, known.valid_from) == (line.tag, line.valid_from)
        assert known.evidence == line.evidence.partition("; known only later")[0]
        assert line.asset_id not in set(before["asset_id"])
    proposed.to_csv(tmp_path / "labels.csv", index=False)
    label_snapshot(tmp_path / "old", tmp_path / "labels.csv", tmp_path / "new")
    tags = load_market(tmp_path / "new").tags
    assert len(tags) == len(proposed)
    assert not tags["static"].any()
    assert propose_labels(load_market(tmp_path / "new")).empty


def test_what_an_asset_is_called_is_what_was_known_when_it_could_first_be_proposed() -> None:
    """After its third month end a wrapped copy's unit is ten times as large: its price is no longer its parent's."""
    days = pd.date_range("2020-01-01", periods=400, name="date")
    parent = 100.0 * np.exp(np.cumsum(np.random.default_rng(4).normal(0.0, 0.03, len(days))))
    prices = pd.DataFrame({"large": parent, "copy": parent * np.where(days < "2020-09-15", 1.0, 10.0)}, index=days)
    market = MarketData.from_panels(prices, prices * [1e9, 1e6], prices * 1e5)
    (line,) = propose_labels(market).itertuples()
    assert (line.asset_id, line.tag, line.valid_from) == ("copy", "wrapped", pd.Timestamp("2020-05-31"))
    assert line.evidence == (
        "moves as large on 3 of 4 month ends, 2020-03 to 2020-05; known only later: 8 of 12, to 2021-01"
    )
    (then,) = propose_labels(market.until(line.valid_from)).itertuples()
    assert then.evidence == "moves as large on 3 of 4 month ends, 2020-03 to 2020-05"


def test_a_file_without_a_label_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """`research data label` writes one where it has nothing to propose."""
    with pytest.raises(DataError, match="a header and no label under it"):
        with_labels(NO_TAGS, labels(tmp_path, "asset_id,tag,valid_from\n"), ASSETS)
