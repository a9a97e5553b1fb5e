"""Imports: what each check does to a small table, and that a refused table leaves nothing behind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from research.errors import DataError
from research.market import MarketData, Profile, import_table, load_market
from research.market.profiles import Asset, Columns, DatingRule, Tag
from tests.market.helpers import HEADER, PROFILE, assert_same_market, csv, names_in

GOOD = "2024-01-01,btc,100,1000,10"


def imported(folder: Path, *lines: str, profile: Profile = PROFILE) -> MarketData:
    import_table(csv(folder, *lines), profile, folder / "out", replace=True)
    return load_market(folder / "out")


def ledger(market: MarketData) -> list[tuple]:
    """The ledger as tuples, a missing value as None."""
    table = market.ledger.assign(date=market.ledger["date"].dt.strftime("%Y-%m-%d")).astype(object)
    return list(table.where(table.notna(), None).itertuples(index=False, name=None))


def with_columns(**columns: object) -> Profile:
    return dataclasses.replace(PROFILE, columns=dataclasses.replace(PROFILE.columns, **columns))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "the table has no rows"),
        ([GOOD, "2024-01-02,btc,n.a. yet,1,1"], r"column 'close': row 2 holds 'n.a. yet', expected a number"),
        ([GOOD, '2024-01-02,btc,"1,234.5",1,1'], r"column 'close': row 2 holds '1,234.5'"),
        ([GOOD, "2024-01-02,btc,1,1,many"], r"column 'vol': row 2 holds 'many'"),
        ([GOOD, "01/02/2024,btc,1,1,1"], r"column 'day': row 2 has the date '01/02/2024', expected YYYY-MM-DD"),
        ([GOOD, "2024-02-30,btc,1,1,1"], r"row 2 has the date '2024-02-30'"),
        ([GOOD, ",btc,1,1,1"], r"column 'day': row 2 has the date"),
        ([GOOD, "2024-01-02,,1,1,1"], r"column 'coin': row 2 has no asset"),
        (
            [GOOD, "2024-02-01,btc,1,1,1"],
            r"row 2 \(btc\) is the close of 2024-02-01, expected 2009-01-03 to 2024-01-31",
        ),
        ([GOOD, "1970-01-01,btc,1,1,1"], r"row 2 \(btc\) is the close of 1970-01-01"),
        (
            [GOOD, "2024-01-01,btc,101,1000,10"],
            r"two rows for one day: 'btc' on 2024-01-01 in rows 1 and 2, with price 100.0 and 101.0",
        ),
        ([GOOD, "2024-01-01,btc,100,,10"], "two rows for one day: .* with market_cap 1000.0 and nan"),
        ([GOOD, "2024-01-02,btc,1"], "cannot be read as csv"),
        (["2024-01-01,btc,0,1000,10"], "no row has a price that can be used"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_and_leaves_nothing_behind(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        imported(tmp_path, *lines)
    assert names_in(tmp_path) == {"table.csv"}


def test_a_refused_table_leaves_an_existing_snapshot_as_it_was(tmp_path: Path) -> None:
    before = imported(tmp_path, GOOD)
    with pytest.raises(DataError):
        imported(tmp_path, GOOD, "2024-01-02,btc,text,1,1")
    assert_same_market(load_market(tmp_path / "out"), before)


def test_a_missing_column_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    file = csv(tmp_path, GOOD, header=HEADER.replace("close", "Close"))
    with pytest.raises(DataError, match="the column 'close' is missing: did you mean 'Close'"):
        import_table(file, PROFILE, tmp_path / "out")


def test_a_column_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the column 'close' occurs twice"):
        import_table(csv(tmp_path, GOOD + ",7", header=HEADER + ",close"), PROFILE, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "cannot be read as csv"),
        ("fake.parquet", b"not parquet at all", "cannot be read as parquet"),
        ("table.xlsx", b"", "expected a .csv or .parquet file, found '.xlsx'"),
        ("latin.csv", HEADER.encode() + b"\n2024-01-01,\xe9toile,1,1,1\n", "cannot be read as csv"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        import_table(tmp_path / name, PROFILE, tmp_path / "out")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no table at"):
        import_table(tmp_path / "absent.csv", PROFILE, tmp_path / "out")


def test_one_asset_on_one_day_is_enough(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD)
    assert market.prices.shape == (1, 1)
    assert (market.price("btc").iloc[0], market.market_caps.iloc[0, 0], market.volumes.iloc[0, 0]) == (100, 1000, 10)
    assert market.ledger.empty


def test_identical_rows_count_once_and_are_noted(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD, GOOD, GOOD)
    assert market.prices.shape == (1, 1)
    assert ledger(market) == [("2024-01-01", "btc", "row", "repeated row dropped", row, None) for row in ("2", "3")]


@pytest.mark.parametrize(
    ("line", "field", "rule", "old"),
    [
        ("2024-01-02,btc,0,,10", "price", "price not positive", "0.0"),
        ("2024-01-02,btc,-5,,10", "price", "price not positive", "-5.0"),
        ("2024-01-02,btc,inf,,10", "price", "price not finite", "inf"),
        ("2024-01-02,btc,-inf,,10", "price", "price not finite", "-inf"),
        ("2024-01-02,btc,100,0,10", "market_cap", "market_cap not positive", "0.0"),
        ("2024-01-02,btc,100,-1,10", "market_cap", "market_cap not positive", "-1.0"),
        ("2024-01-02,btc,100,inf,10", "market_cap", "market_cap not finite", "inf"),
        ("2024-01-02,btc,100,1000,-3", "volume", "volume negative", "-3.0"),
        ("2024-01-02,btc,,1234.5,10", "market_cap", "cap without price", "1234.5"),
    ],
)
def test_an_impossible_value_is_set_missing_and_noted(
    tmp_path: Path, line: str, field: str, rule: str, old: str
) -> None:
    market = imported(tmp_path, GOOD, line)
    panels = {"price": market.prices, "market_cap": market.market_caps, "volume": market.volumes}
    assert np.isnan(panels[field].loc["2024-01-02", "btc"])
    assert ledger(market) == [("2024-01-02", "btc", field, rule, old, None)]


def test_a_cap_beside_a_price_of_zero_goes_with_it(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD, "2024-01-02,btc,0,1000,10")
    assert [line[3] for line in ledger(market)] == ["cap without price", "price not positive"]
    assert market.volumes.loc["2024-01-02", "btc"] == 10


def test_missing_values_stay_missing_and_are_no_error(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD, "2024-01-02,btc,101,,", "2024-01-04,btc,NaN,null,7", "2024-01-05,btc,1,N/A,0")
    assert market.prices["btc"].isna().tolist() == [False, False, True, True, False]
    assert market.market_caps["btc"].notna().sum() == 1
    assert market.volumes["btc"].fillna(-1).tolist() == [10, -1, -1, 7, 0]
    assert market.ledger.empty


def test_an_asset_without_any_price_is_dropped_and_noted(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD, "2024-01-02,ghost,,,10", "2024-01-03,ghost,,,10")
    assert list(market.prices.columns) == ["btc"]
    assert ledger(market) == [("2024-01-03", "ghost", "asset_id", "asset without any price dropped", "ghost", None)]


def test_columns_that_the_vendor_lacks_are_missing_throughout(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD, profile=with_columns(market_cap=None, volume=None))
    assert market.market_caps.isna().all(axis=None)
    assert market.volumes.isna().all(axis=None)


def test_further_columns_become_extra_panels(tmp_path: Path) -> None:
    market = imported(tmp_path, GOOD, profile=with_columns(volume=None, extra={"supply": "vol"}))
    assert market.extra["supply"].loc["2024-01-01", "btc"] == 10


def test_parquet_decimals_dictionaries_and_time_zones_are_read(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 1, 1, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-2)))  # 01:30 UTC of January 2
    table = pa.table(
        {
            "day": pa.array([moment], pa.timestamp("ms", tz="-02:00")),
            "coin": pa.array(["btc"]).dictionary_encode(),
            "close": pa.array([Decimal("1.25")], pa.decimal128(10, 2)),
            "cap": pa.array(["17"]),
            "vol": pa.array([3], pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "table.parquet")
    import_table(tmp_path / "table.parquet", PROFILE, tmp_path / "out")
    market = load_market(tmp_path / "out")
    assert market.dates.tolist() == [pd.Timestamp("2024-01-02")]
    assert (market.prices.iloc[0, 0], market.market_caps.iloc[0, 0], market.volumes.iloc[0, 0]) == (1.25, 17, 3)


def test_two_hours_of_one_day_are_two_rows_for_one_day(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two rows for one day: 'btc' on 2024-01-01"):
        imported(tmp_path, "2024-01-01T00:00:00Z,btc,1,1,1", "2024-01-01T12:00:00Z,btc,2,1,1")


def test_a_number_column_of_another_kind_is_refused(tmp_path: Path) -> None:
    table = pa.table({"day": ["2024-01-01"], "coin": ["btc"], "close": [True], "cap": [1.0], "vol": [1.0]})
    pq.write_table(table, tmp_path / "table.parquet")
    with pytest.raises(DataError, match="column 'close': the column holds bool, expected numbers"):
        import_table(tmp_path / "table.parquet", PROFILE, tmp_path / "out")


def test_dates_of_another_form_need_a_format(tmp_path: Path) -> None:
    market = imported(tmp_path, "31.01.2024,btc,1,1,1", profile=dataclasses.replace(PROFILE, date_format="%d.%m.%Y"))
    assert market.dates.tolist() == [pd.Timestamp("2024-01-31")]


def test_rows_are_given_the_day_whose_close_they_are(tmp_path: Path) -> None:
    """From the 5th on the vendor dates a close one day late, so two rows are the close of the 4th."""
    lines = [f"2024-01-{day:02d},btc,{day if day < 5 else day - 1 + 0.5},{day},1" for day in range(1, 9)]
    rule = DatingRule(start=dt.date(2024, 1, 5), shift_days=-1)
    market = imported(tmp_path, *lines, profile=dataclasses.replace(PROFILE, dating=(rule,)))
    assert market.price("btc").tolist() == [1, 2, 3, 4, 5.5, 6.5, 7.5]
    assert market.dates[-1] == pd.Timestamp("2024-01-07")
    seam = "second row for this close, where the vendor's dating changes"
    assert ledger(market) == [
        ("2024-01-04", "btc", "market_cap", seam, "5.0", "4.0"),
        ("2024-01-04", "btc", "price", seam, "4.5", "4.0"),
        ("2024-01-04", "btc", "volume", seam, "1.0", "1.0"),
    ]
    assert "moved by -1 day" in market.manifest.close_convention


def test_two_different_rows_are_refused_even_where_the_dating_changes(tmp_path: Path) -> None:
    rule = DatingRule(start=dt.date(2024, 1, 5), shift_days=-1)
    with pytest.raises(DataError, match="two rows for one day: 'btc' on 2024-01-04"):
        imported(
            tmp_path,
            "2024-01-05,btc,1,1,1",
            "2024-01-05,btc,2,1,1",
            profile=dataclasses.replace(PROFILE, dating=(rule,)),
        )


SPLIT = dataclasses.replace(PROFILE, split_after_gap_days=10)


def test_prices_that_resume_after_a_long_gap_begin_a_new_asset(tmp_path: Path) -> None:
    lines = [f"2024-01-{day:02d},xyz,{day},0,1" for day in (1, 2, 12, 23, 24)]
    market = imported(tmp_path, *lines, profile=SPLIT)
    assert market.prices.notna().sum().to_dict() == {"xyz": 3, "xyz-2": 2}
    assert market.assets["symbol"].tolist() == ["XYZ", "XYZ"]  # the vendor knows one ticker
    splits = market.ledger[market.ledger["field"] == "asset_id"]
    assert splits[["date", "asset_id", "old", "new"]].to_numpy().tolist() == [
        [pd.Timestamp("2024-01-23"), "xyz-2", "xyz", "xyz-2"]
    ]
    zero_caps = market.ledger[market.ledger["field"] == "market_cap"]  # noted under the asset of their day
    assert zero_caps["asset_id"].tolist() == ["xyz"] * 3 + ["xyz-2"] * 2


def test_a_split_is_decided_without_the_future(tmp_path: Path) -> None:
    lines = [f"2024-01-{day:02d},xyz,{day},5,1" for day in (1, 2, 12, 23, 24)]
    for n in range(1, len(lines) + 1):
        (tmp_path / str(n)).mkdir()
        part = imported(tmp_path / str(n), *lines[:n], profile=SPLIT)
        whole = imported(tmp_path / str(n), *lines, profile=SPLIT)
        assert_same_market(part, dataclasses.replace(whole.until(part.dates[-1]), manifest=part.manifest))


def test_a_price_of_zero_does_not_bridge_a_gap(tmp_path: Path) -> None:
    market = imported(tmp_path, "2024-01-01,xyz,1,,1", "2024-01-08,xyz,0,,1", "2024-01-15,xyz,1,,1", profile=SPLIT)
    assert list(market.prices.columns) == ["xyz", "xyz-2"]


def test_a_split_refuses_a_name_that_is_taken(tmp_path: Path) -> None:
    lines = ["2024-01-01,xyz,1,,", "2024-01-31,xyz,1,,", "2024-01-01,xyz-2,1,,"]
    with pytest.raises(DataError, match=r"would be called \['xyz-2'\]"):
        imported(tmp_path, *lines, profile=SPLIT)


def test_profiles_give_ids_names_symbols_and_tags(tmp_path: Path) -> None:
    known = {
        "BTC": Asset(id="bitcoin", symbol="XBT", name="Bitcoin", tags=("privacy",)),
        "xyz": Asset(tags=(Tag(tag="meme", valid_from=dt.date(2024, 1, 2)), "exchange")),
        "absent": Asset(tags=("meme",)),
    }
    profile = dataclasses.replace(PROFILE, assets=known)
    file = csv(tmp_path, "2024-01-01,BTC,1,1,1", "2024-01-02,xyz,1,1,1", "2024-01-01,AbC,1,1,1")
    summary = import_table(file, profile, tmp_path / "out")
    market = load_market(tmp_path / "out")
    assert market.assets[["asset_id", "symbol", "name"]].to_numpy().tolist() == [
        ["abc", "ABC", "ABC"],
        ["bitcoin", "XBT", "Bitcoin"],
        ["xyz", "XYZ", "XYZ"],
    ]
    tags = {(tag.asset_id, tag.tag): (tag.static, tag.valid_from) for tag in market.tags.itertuples()}
    assert tags.keys() == {("bitcoin", "privacy"), ("xyz", "exchange"), ("xyz", "meme")}
    assert tags["xyz", "meme"] == (False, pd.Timestamp("2024-01-02"))
    assert tags["xyz", "exchange"][0]
    assert summary.unused == ("absent",)
    assert "absent" in str(summary)


def test_symbols_and_names_come_from_the_table_where_the_profile_has_none(tmp_path: Path) -> None:
    file = csv(tmp_path, GOOD + ",OLD,Old Name", "2024-01-02,btc,1,1,1,NEW,New Name", header=HEADER + ",sym,label")
    import_table(file, with_columns(symbol="sym", name="label"), tmp_path / "out")
    assert load_market(tmp_path / "out").assets[["symbol", "name"]].to_numpy().tolist() == [["NEW", "New Name"]]


def test_two_keys_may_be_one_asset_only_on_different_days(tmp_path: Path) -> None:
    profile = dataclasses.replace(PROFILE, assets={"str": Asset(id="stellar"), "xlm": Asset(id="stellar")})
    assert imported(tmp_path, "2024-01-01,str,1,,", "2024-01-02,xlm,2,,", profile=profile).price(
        "stellar"
    ).tolist() == [1, 2]
    with pytest.raises(DataError, match="the keys 'str' and 'xlm' both stand for 'stellar'"):
        imported(tmp_path, "2024-01-01,str,1,,", "2024-01-01,xlm,2,,", profile=profile)


def test_without_retrieved_at_the_file_says_when_it_was_saved(tmp_path: Path) -> None:
    file = csv(tmp_path, GOOD)
    profile = dataclasses.replace(PROFILE, retrieved_at=None)
    saved = dt.datetime(2024, 1, 15, 12, tzinfo=dt.UTC).timestamp()
    os.utime(file, (saved, saved))
    assert import_table(file, profile, tmp_path / "out").manifest.retrieved_at == "2024-01-15T12:00:00Z"
    os.utime(file, (saved - 20 * 86400, saved - 20 * 86400))
    with pytest.raises(DataError, match="expected 2009-01-03 to 2023-12-25"):
        import_table(file, profile, tmp_path / "other")


def test_a_retrieval_in_the_future_does_not_let_future_rows_in(tmp_path: Path) -> None:
    today = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d")
    with pytest.raises(DataError, match="the last UTC day that had ended when the table was retrieved"):
        imported(
            tmp_path, f"{today},btc,1,1,1", profile=dataclasses.replace(PROFILE, retrieved_at="2100-01-01T00:00:00Z")
        )


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    lines = [f"2024-01-{day:02d},{coin},{day},{day * 2},{day % 3}" for day in range(1, 9) for coin in "abc"]
    (tmp_path / "shuffled").mkdir()
    assert_same_market(imported(tmp_path, *lines), imported(tmp_path / "shuffled", *lines[::-1]))


def test_the_summary_counts_what_happened(tmp_path: Path) -> None:
    file = csv(tmp_path, GOOD, GOOD, "2024-01-02,btc,0,,", "2024-01-03,btc,5,,1")
    summary = import_table(file, PROFILE, tmp_path / "out")
    assert (summary.rows_read, summary.rows_written, summary.assets) == (4, 2, 1)
    assert summary.ledger_counts == {"price not positive": 1, "repeated row dropped": 1}
    assert "1 x price not positive" in str(summary)


def test_extra_columns_may_not_take_a_core_name() -> None:
    with pytest.raises(DataError, match="the name 'price' is reserved"):
        Columns(date="a", key="b", price="c", extra={"price": "d"})
