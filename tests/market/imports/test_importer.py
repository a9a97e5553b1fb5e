"""Imports: what each check does to a small table, and that a refused table leaves nothing behind."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import os
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from research.errors import DataError
from research.market import MarketData, Profile, import_table, load_market
from research.market.imports.cleaning import clean_rows, daily
from research.market.imports.profile.assets import Asset, Tag
from research.market.imports.profile.sections import Columns, Dates, DatingRule
from research.market.imports.reading import table
from tests.conftest import ROOT
from tests.market.helpers import HEADER, PROFILE, assert_same_market, csv, names_in

GOOD = "2024-01-01,btc,100,1000,10"
STAMPED = dataclasses.replace(PROFILE, dates=Dates(stamp="day"))  # times of day name the day they lie in


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
        ("empty.csv", b"", r"cannot be read: it is empty \(0 bytes\)"),
        ("fake.parquet", b"not parquet at all", "cannot be read as parquet"),
        ("table.pdf", b"", "found '.pdf'. Expected .csv, .csv.gz, .parquet, .json or .xlsx"),
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
        ("2024-01-02,btc,1e308,,10", "price", "price not from 1e-18 to 1e+12", "1e+308"),
        ("2024-01-02,btc,1e-320,,10", "price", "price not from 1e-18 to 1e+12", "1e-320"),
        ("2024-01-02,btc,100,1e308,10", "market_cap", "market_cap not from 1e-18 to 1e+18", "1e+308"),
        ("2024-01-02,btc,100,1000,1e308", "volume", "volume not from 0 to 1e+18", "1e+308"),
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
    import_table(tmp_path / "table.parquet", STAMPED, tmp_path / "out")
    market = load_market(tmp_path / "out")
    assert market.dates.tolist() == [pd.Timestamp("2024-01-02")]
    assert (market.prices.iloc[0, 0], market.market_caps.iloc[0, 0], market.volumes.iloc[0, 0]) == (1.25, 17, 3)


def test_two_hours_of_one_day_are_two_rows_for_one_day(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two rows for one day: 'btc' on 2024-01-01"):
        imported(tmp_path, "2024-01-01T00:00:00Z,btc,1,1,1", "2024-01-01T12:00:00Z,btc,2,1,1", profile=STAMPED)


def test_a_number_column_of_another_kind_is_refused(tmp_path: Path) -> None:
    table = pa.table({"day": ["2024-01-01"], "coin": ["btc"], "close": [True], "cap": [1.0], "vol": [1.0]})
    pq.write_table(table, tmp_path / "table.parquet")
    with pytest.raises(DataError, match="column 'close': the column holds bool, expected numbers"):
        import_table(tmp_path / "table.parquet", PROFILE, tmp_path / "out")


def test_dates_of_another_form_need_a_format(tmp_path: Path) -> None:
    market = imported(
        tmp_path, "31.01.2024,btc,1,1,1", profile=dataclasses.replace(PROFILE, dates=Dates(format="%d.%m.%Y"))
    )
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


# ---------------------------------------------------------------------- which asset, which day, which currency


def test_two_keys_become_one_asset_only_where_the_profile_says_so_of_both(tmp_path: Path) -> None:
    """`btc` until January, `BTC`, another coin, later: one is not the other because a vendor's keys are alike."""
    lines = ["2024-01-01,btc,1,,", "2024-01-20,BTC,50000,,"]
    with pytest.raises(DataError, match="the keys 'BTC' and 'btc' would both become the asset 'btc'"):
        imported(tmp_path, *lines)
    one = dataclasses.replace(PROFILE, assets={"BTC": Asset(id="btc")})
    with pytest.raises(DataError, match="if not, give 'btc' another id"):
        imported(tmp_path, *lines, profile=one)
    both = dataclasses.replace(PROFILE, assets={"BTC": Asset(id="btc"), "btc": Asset(id="btc")})
    assert imported(tmp_path, *lines, profile=both).prices.notna().sum().to_dict() == {"btc": 2}
    apart = dataclasses.replace(PROFILE, assets={"BTC": Asset(id="bitcoin")})
    assert list(imported(tmp_path, *lines, profile=apart).prices.columns) == ["bitcoin", "btc"]


def test_a_split_does_not_join_what_another_key_became(tmp_path: Path) -> None:
    lines = ["2024-01-01,xyz,1,,", "2024-01-30,xyz,1,,", "2024-01-15,XYZ-2,7,,"]
    with pytest.raises(DataError, match="would both become the asset 'xyz-2'"):
        imported(tmp_path, *lines, profile=SPLIT)


def test_a_tag_given_twice_and_differently_is_refused(tmp_path: Path) -> None:
    dated = Tag(tag="meme", valid_from=dt.date(2024, 1, 2))
    with pytest.raises(DataError, match="'meme' is given twice"):
        Asset(tags=("meme", dated))
    known = {"str": Asset(id="x", tags=("meme",)), "xlm": Asset(id="x", tags=(dated,))}
    with pytest.raises(DataError, match="gives 'x' the tag 'meme' under two keys"):
        imported(
            tmp_path, "2024-01-01,str,1,,", "2024-01-02,xlm,2,,", profile=dataclasses.replace(PROFILE, assets=known)
        )


@pytest.mark.parametrize(
    "name", ["row", "key", "symbol", "name", "rule", "asset_key", "date", "asset_id", "volume", ""]
)
def test_names_that_rows_use_themselves_are_refused_for_further_columns(name: str) -> None:
    with pytest.raises(DataError, match=r"columns.extra: "):
        with_columns(extra={name: "vol"})


@pytest.mark.parametrize(
    ("day", "retrieved_at", "shift", "ended"),
    [
        ("2024-01-30", "2024-01-31T00:00:00Z", 0, True),
        ("2024-01-31", "2024-01-31T00:00:00Z", 0, False),
        ("2024-01-31", "2024-01-31T23:59:59Z", 0, False),
        ("2024-01-31", "2024-02-01T01:00:00+02:00", 0, False),  # 23:00 UTC of January 31
        ("2024-01-30", "2024-01-31T12:00:00Z", 1, False),
        ("2024-01-29", "2024-01-31T12:00:00Z", 1, True),
        ("2024-01-31", "2024-01-31T00:00:00Z", -1, True),  # a vendor who dates a close by the moment after it
        ("2024-02-01", "2024-01-31T23:00:00Z", -1, False),
    ],
)
def test_a_close_is_one_only_if_its_day_had_ended_when_the_table_was_retrieved(
    tmp_path: Path, day: str, retrieved_at: str, shift: int, ended: bool
) -> None:
    rule = DatingRule(start=dt.date(2020, 1, 1), shift_days=shift)
    profile = dataclasses.replace(PROFILE, retrieved_at=retrieved_at, dating=(rule,))
    if ended:
        imported(tmp_path, f"{day},btc,1,1,1", profile=profile)
    else:
        with pytest.raises(DataError, match="the last UTC day that had ended when the table was retrieved"):
            imported(tmp_path, f"{day},btc,1,1,1", profile=profile)


def test_a_repeated_row_that_is_moved_is_noted_on_the_day_whose_close_it_is(tmp_path: Path) -> None:
    rule = DatingRule(start=dt.date(2020, 1, 1), shift_days=-1)
    profile = dataclasses.replace(PROFILE, dating=(rule,))
    assert ledger(imported(tmp_path, GOOD, GOOD, profile=profile)) == [
        ("2023-12-31", "btc", "row", "repeated row dropped", "2", None)
    ]


@pytest.mark.parametrize("currency", ["EUR", "usd", "", "USDT"])
def test_another_currency_is_refused_and_not_called_usd(currency: str) -> None:
    with pytest.raises(DataError, match="expected 'USD'"):
        dataclasses.replace(PROFILE, currency=currency)


@pytest.mark.parametrize("date_format", ["%s", "", "%Y", "mixed", "ISO8601", "day", "%d.%m", "%Q", "%d.%m.%Y\x00"])
def test_a_date_format_that_does_not_say_the_day_is_refused(date_format: str) -> None:
    with pytest.raises(DataError, match="dates: format = "):
        Dates(format=date_format)


@pytest.mark.parametrize("date_format", ["%d.%m.%Y", "%m/%d/%y", "%Y%m%d", "%Y-%m-%d %H:%M:%S%z", "%d %B %Y", "%Y-%j"])
def test_other_date_formats_are_read(date_format: str, tmp_path: Path) -> None:
    day = dt.datetime(2024, 1, 30, tzinfo=dt.UTC)
    market = imported(
        tmp_path,
        f"{day.strftime(date_format)},btc,1,1,1",
        profile=dataclasses.replace(PROFILE, dates=Dates(format=date_format, stamp="day")),
    )
    assert market.dates.tolist() == [pd.Timestamp("2024-01-30")]


# ---------------------------------------------------------------------- tables that are hostile or damaged


def parquet(folder: Path, **columns: object) -> Path:
    """A vendor's table of one row in Parquet, with some of its columns replaced."""
    good = {"day": ["2024-01-01"], "coin": ["btc"], "close": [1.0], "cap": [1.0], "vol": [1.0]}
    pq.write_table(pa.table(good | columns), folder / "table.parquet")
    return folder / "table.parquet"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"day": pa.array([2_000_000_000], pa.date32())}, "column 'day': row 1 has the date .* of the years 1 to 9999"),
        ({"day": pa.array([2**62], pa.timestamp("us"))}, "column 'day': row 1 has the date 4611686018427387904"),
        ({"day": pa.array([-(2**50)], pa.timestamp("ms"))}, "column 'day': row 1 has the date"),
        ({"day": pa.array([None], pa.date32())}, "column 'day': row 1 has the date"),
        ({"day": [20240101]}, "column 'day': the column holds int64, expected dates. Say how dates are written"),
        ({"day": [1704067200000]}, 'int64, expected dates. It looks like time since 1970: say format = "epoch_ms"'),
        ({"close": [[1.0]]}, "column 'close': the column holds list.* expected one value"),
        ({"close": [{"usd": 1.0}]}, "column 'close': the column holds struct.* expected one value"),
        ({"close": pa.array([b"1"])}, "column 'close': the column holds binary, expected numbers"),
        ({"coin": [["btc"]]}, "column 'coin': the column holds list.* expected one value"),
        ({"coin": [7]}, "column 'coin': the column holds int64, expected text"),
        ({"coin": ["a\x00b"]}, r"column 'coin': row 1 has a text with control characters: 'a\\x00b'"),
        ({"coin": ["x" * 201]}, "column 'coin': row 1 has a text of 201 characters"),
        ({"close": ["1" * 500]}, "column 'close' holds a text of 500 bytes, expected numbers"),
        (
            {"coin": pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff\xfe"]).buffers())},
            "cannot be read as parquet: .*(utf-8|UTF8)",
        ),
    ],
)
def test_a_parquet_column_of_another_kind_is_refused(tmp_path: Path, columns: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        import_table(parquet(tmp_path, **columns), PROFILE, tmp_path / "out")
    assert names_in(tmp_path) == {"table.parquet"}


@pytest.mark.parametrize(
    "kind", [pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns"), pa.timestamp("ms", tz="Asia/Tokyo")]
)
def test_every_kind_of_date_in_parquet_is_the_same_day(tmp_path: Path, kind: pa.DataType) -> None:
    moments = pa.array([dt.datetime(1965, 5, 5, 23), dt.datetime(2024, 1, 30)], pa.timestamp("us")).cast(
        kind, safe=False
    )
    with pytest.raises(DataError, match="is the close of 1965-05-05"):
        import_table(parquet(tmp_path, day=moments[:1]), STAMPED, tmp_path / "out")
    import_table(parquet(tmp_path, day=moments[1:]), STAMPED, tmp_path / "out")
    assert load_market(tmp_path / "out").dates.tolist() == [pd.Timestamp("2024-01-30")]


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.5, 0.99])
def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path: Path, kept: float) -> None:
    file = parquet(tmp_path)
    file.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    with pytest.raises(DataError, match="cannot be read as parquet" if kept else "it is empty"):
        import_table(file, PROFILE, tmp_path / "out")


def test_a_column_that_occurs_twice_in_parquet_is_refused(tmp_path: Path) -> None:
    table = pa.table(
        [[1.0], ["2024-01-01"], ["btc"], [1.0], [1.0], [1.0]], ["close", "day", "coin", "close", "cap", "vol"]
    )
    pq.write_table(table, tmp_path / "table.parquet")
    with pytest.raises(DataError, match="the column 'close' occurs twice"):
        import_table(tmp_path / "table.parquet", PROFILE, tmp_path / "out")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\n1\n", b"\x00" * 100, b"day,c\xffin,close,cap,vol\n1,2,3,4,5\n", b"\n\n\n"]
)
def test_bytes_that_are_no_csv_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(DataError, match=r"table\.csv"):
        import_table(tmp_path / "table.csv", PROFILE, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("1e400", False), ("-1e400", False), ("1e-400", False), ("1e12", True), ("1e-18", True), ("5.7e-11", True)],
)
def test_prices_beyond_a_float_are_not_there(tmp_path: Path, text: str, kept: bool) -> None:
    market = imported(tmp_path, GOOD, f"2024-01-02,btc,{text},,")
    assert (len(market.dates) == 2) is kept
    assert len(market.ledger) == (0 if kept else 1)


# ---------------------------------------------------------------------- memory


def peak_of_import(table: Path, out: Path) -> float:
    """MB of memory beyond those of a process that has imported the program, in a process of its own."""
    program = (
        "from pathlib import Path\n"
        "from research.market import import_table\n"
        "from tests.benchmarks._memory import peak_memory\n"
        "from tests.market.helpers import PROFILE\n"
        "before = peak_memory()\n"
        f"import_table(Path({str(table)!r}), PROFILE, Path({str(out)!r}), replace=True)\n"
        "print((peak_memory() - before) / 1e6)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout)


@pytest.mark.parametrize("cap", [1.0, 0.0])
def test_an_import_needs_no_more_memory_than_the_data_card_says(tmp_path: Path, cap: float) -> None:
    """400 MB, 1,000 bytes for an asset, 120 for a line of the ledger (a cap of zero gives one), and none for a row."""
    assets, days = 2_000, 1_000
    dates = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-01-01") + days)
    rows = pa.table(
        {
            "day": np.tile(dates, assets),
            "coin": np.repeat([f"asset-{n}" for n in range(assets)], days),
            "close": np.linspace(1, 2, assets * days),
            "cap": np.full(assets * days, cap),
            "vol": np.ones(assets * days),
        }
    )
    pq.write_table(rows, tmp_path / "table.parquet")
    lines = 0 if cap else assets * days
    allowed = 400 + (assets * 1_000 + lines * 120) / 1e6
    assert peak_of_import(tmp_path / "table.parquet", tmp_path / "out") < allowed


def test_a_small_file_that_asks_for_much_memory_is_refused_before_it_gets_it(tmp_path: Path) -> None:
    rows = 30_000_000
    one = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), pa.array(["2024-01-01"]))
    columns = {"day": one, "coin": one, **dict.fromkeys(["close", "cap", "vol"], np.ones(rows, np.float32))}
    pq.write_table(pa.table(columns), tmp_path / "table.parquet", compression="zstd")
    assert (tmp_path / "table.parquet").stat().st_size < 600_000
    tracemalloc.start()
    with pytest.raises(DataError, match=r"'2024-01-01' has more than 100,000 rows, far more than there are days"):
        import_table(tmp_path / "table.parquet", PROFILE, tmp_path / "out")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_rows_of_a_csv_are_counted_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESEARCH_MAX_MARKET_GB", "0.0001")
    with pytest.raises(DataError, match=r"and a market may take 0\.0001 GB\. Import a part of the table"):
        imported(tmp_path, *[f"2024-01-01,{n},1,1,1" for n in range(1000)])


def test_one_key_cannot_have_more_rows_than_there_are_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS_OF_A_KEY", 3)
    with pytest.raises(DataError, match="'btc' has more than 3 rows, far more than there are days since 2009"):
        imported(tmp_path, GOOD, GOOD, GOOD, GOOD)


@pytest.mark.parametrize("rows_at_a_time", [1, 7, 100])
def test_the_size_of_a_block_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_a_time: int
) -> None:
    lines = [f"2024-01-0{day},{coin},{day - 3},{day},1" for coin in "cab" for day in (1, 5, 9)] + [
        "2024-01-01,c,-2,1,1"
    ]
    (tmp_path / "whole").mkdir()
    whole = imported(tmp_path / "whole", *lines)
    monkeypatch.setattr(clean_rows, "ROWS_AT_A_TIME", rows_at_a_time)
    monkeypatch.setattr(daily, "ROWS_PER_GROUP", rows_at_a_time)
    assert_same_market(imported(tmp_path, *lines), whole)


# ---------------------------------------------------------------------- faults of the machine


def test_a_pipe_is_no_table_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "table.csv")
    with pytest.raises(DataError, match=r"table\.csv is no file"):
        import_table(tmp_path / "table.csv", PROFILE, tmp_path / "out")


@pytest.mark.parametrize("where", ["taken/out", "x" * 250, "x" * 300, "nul\x00"])
def test_a_place_where_no_folder_can_be_is_said_in_one_line(tmp_path: Path, where: str) -> None:
    (tmp_path / "taken").write_text("a file")
    file = csv(tmp_path, GOOD)
    with pytest.raises(DataError) as caught:
        import_table(file, PROFILE, tmp_path / where)
    assert "\n" not in str(caught.value)
    assert names_in(tmp_path) == {"taken", "table.csv"}


def test_a_table_or_profile_that_may_not_be_read_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    file = csv(tmp_path, GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(pa.csv, "open_csv", refuse)
        with pytest.raises(DataError, match=r"table\.csv cannot be read as csv: Permission denied\. "):
            import_table(file, PROFILE, tmp_path / "out")
    (tmp_path / "mine.toml").write_text("")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        with pytest.raises(DataError, match=r"mine\.toml: cannot be read: Permission denied\. Check the path"):
            Profile.load(tmp_path / "mine.toml")


def test_a_full_disk_fails_an_import_in_one_line_and_loses_nothing(tmp_path: Path) -> None:
    """The kernel itself refuses the bytes: a limit on the size of files stands in for the full disk."""
    imported(tmp_path, GOOD)
    before = load_market(tmp_path / "out")
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'name = "m"\nsource = "s"\nlicence = "l"\nretrieved_at = "2024-02-01T00:00:00Z"\n'
        '[columns]\ndate = "day"\nkey = "coin"\nprice = "close"\n'
    )
    program = (
        "import resource, signal, sys\n"
        "from research.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"sys.exit(main(['data', 'import', {str(tmp_path / 'table.csv')!r}, '--profile', {str(profile)!r}, "
        f"'--out', {str(tmp_path / 'out')!r}, '--replace']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "could not be written: " in done.stderr
    assert "File too large" in done.stderr
    assert done.stderr.count("\n") == 1
    assert_same_market(load_market(tmp_path / "out"), before)
    assert names_in(tmp_path) == {"table.csv", "mine.toml", "out"}


def test_the_summary_says_which_day_a_row_is_the_close_of(tmp_path: Path) -> None:
    stamps = ["2024-01-02T00:00:00,btc,100,1000,10"]
    profile = dataclasses.replace(PROFILE, dates=Dates(stamp="end"))
    summary = import_table(csv(tmp_path, *stamps), profile, tmp_path / "out")
    assert str(summary.first_date.date()) == "2024-01-01"
    assert "the vendor stamps it with the moment after it" in str(summary)
    assert "rows moved" not in str(summary)
