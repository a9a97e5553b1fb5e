"""Files as vendors write them: numbers, dates and times, blank rows, folders, archives, JSON, Excel, wide tables."""

from __future__ import annotations

import dataclasses
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import DataError
from research.market import ImportSummary, MarketData, Profile, import_table, load_market
from research.market.imports.drafting.first_profile import draft_profile, write_draft
from research.market.imports.profile.sections import Columns, Dates, DatingRule, Files, Numbers, Wide
from research.market.imports.reading import files, sheets, wide
from research.market.imports.reading.batches import Batch
from research.market.imports.reading.cells import numbers
from tests.market.helpers import HEADER, PROFILE, assert_same_market, csv, names_in

MINE = Columns(date="day", price="close", market_cap="cap", volume="vol")  # the asset is said elsewhere


def changed(**changes: Any) -> Profile:
    return dataclasses.replace(PROFILE, **changes)


def imported(folder: Path, *lines: str, profile: Profile = PROFILE, header: str = HEADER) -> MarketData:
    import_table(csv(folder, *lines, header=header), profile, folder / "out", replace=True)
    return load_market(folder / "out")


def summary_of(given_: Path, profile: Profile, out: Path) -> tuple[ImportSummary, MarketData]:
    return import_table(given_, profile, out, replace=True), load_market(out)


# ---------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("how", "text", "number"),
    [
        (Numbers(thousands=","), "1,234,567.5", 1234567.5),
        (Numbers(thousands=","), "1234567.5", 1234567.5),
        (Numbers(decimal=",", thousands="."), "1.234.567,5", 1234567.5),
        (Numbers(decimal=","), "0,5", 0.5),
        (Numbers(thousands=" "), "1\u202f234 567.5", 1234567.5),
        (Numbers(thousands="'"), "1'234.5", 1234.5),
        (Numbers(units={"$": 1}), "$12.5", 12.5),
        (Numbers(units={"$": 1}, thousands=","), "$ 1,234", 1234),
        (Numbers(units={"USD": 1}), "12.5 USD", 12.5),
        (Numbers(units={"%": 0.01}), "12.5%", 0.125),
        (Numbers(units={"%": 1}), "12.5 %", 12.5),
        (Numbers(units={"$": 1, "M": 1e6, "Mio": 1e7}), "$1.5M", 1.5e6),
        (Numbers(units={"M": 1e6, "Mio": 1e7}), "1.5 Mio", 1.5e7),
        (Numbers(thousands=","), "1.5e3", 1500),
    ],
)
def test_a_number_is_read_as_the_profile_says(tmp_path: Path, how: Numbers, text: str, number: float) -> None:
    market = imported(tmp_path, f'2024-01-01,btc,"{text}",,', profile=changed(numbers=how))
    assert market.price("btc").iloc[0] == pytest.approx(number, rel=1e-15)


@pytest.mark.parametrize(
    ("how", "text", "advice"),
    [
        (Numbers(), "1,234", r"""thousands = "," or, if it parts the decimals, decimal = ",\""""),
        (Numbers(), "1.234,5", 'thousands = ","'),
        (Numbers(), "-", r'say missing = \["-"\] under \[numbers\]'),
        (Numbers(), "$5", r'units = \{ "\$" = 1 \}'),
        (Numbers(), "5 %", 'units = { "%" = 1 }'.replace("{", r"\{").replace("}", r"\}")),
        (Numbers(thousands=","), "1,23", "expected a number such as 1,234.5"),
        (Numbers(thousands=","), "1,2345", "expected a number such as 1,234.5"),
        (Numbers(decimal=","), "1.234", "expected a number such as 1234,5"),
        (Numbers(thousands=","), "12,34.5,6", "expected a number such as"),
        (Numbers(units={"$": 1}), "$", "expected a number such as"),
        (Numbers(units={"$": 1}), "$$5", "expected a number such as"),
    ],
)
def test_a_number_that_is_written_otherwise_names_the_key_to_set(
    tmp_path: Path, how: Numbers, text: str, advice: str
) -> None:
    with pytest.raises(DataError, match=advice) as caught:
        imported(tmp_path, f'2024-01-01,btc,"{text}",,', profile=changed(numbers=how))
    assert "column 'close': row 1 holds" in str(caught.value)


@given(
    value=st.decimals(min_value=0, max_value=10**11, places=4),
    decimal=st.sampled_from(".,"),
    thousands=st.sampled_from([",", ".", " ", "'", ""]),
)
def test_what_is_written_with_signs_is_read_back_to_the_bit(value: Any, decimal: str, thousands: str) -> None:
    if decimal == thousands:
        return
    text = f"{value:,}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    batch = Batch(files.TableFile(Path("x.csv")), pa.RecordBatch.from_pydict({"x": [text]}), np.ones(1))
    assert numbers(batch, "x", Numbers(decimal=decimal, thousands=thousands)).tolist() == [float(value)]


def test_texts_that_mean_missing_are_missing_and_no_others(tmp_path: Path) -> None:
    market = imported(tmp_path, "2024-01-01,btc,1,-,?", profile=changed(numbers=Numbers(missing=("-", "?"))))
    assert np.isnan(market.market_caps.iloc[0, 0])
    assert np.isnan(market.volumes.iloc[0, 0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Numbers(decimal=",", thousands=","), "decimal and thousands are both"),
        (lambda: Numbers(missing=("0",)), "which is a number"),
        (lambda: Numbers(units={"1": 2.0}), "expected a text without digits"),
        (lambda: Numbers(units={"$": 0.0}), "expected a text without digits"),
        (lambda: Dates(stamp="close"), "expected one of 'day', 'end'"),
        (lambda: Dates(intraday="last"), "which row is a day's last"),
        (lambda: Dates(zone="Mars/Olympus"), "expected a name such as America/New_York"),
        (lambda: Dates(zone="Asia/Tokyo", format="epoch_ms"), "such stamps name their zone"),
        (lambda: Files(key="coin"), r"expected a name with \{key\}"),
        (lambda: Files(pattern="../*"), "expected the names of files"),
        (lambda: Files(delimiter=""), "expected one character"),
        (lambda: Wide(market_cap="caps.csv"), "without price"),
        (lambda: Columns(date="d", key="k", price="p", volume="v", volume_coins="v"), "are both given"),
        (lambda: changed(files=Files(key="{key}")), "said by .columns. key and .files. key"),
        (lambda: changed(columns=MINE), "missing key"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(make: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()


# ---------------------------------------------------------------------- dates and times of day


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%b %d, %Y", "Sep 30, 2023"),
        ("%b %d, %Y", "SEPT 30, 2023"),
        ("%d %B %Y", "30 september 2023"),
        ("%d-%b-%y", "30-Sep-23"),
        ("%a, %d %b %Y", "Sat, 30 Sep 2023"),
        ("%Y%m%d", "20230930"),
        ("epoch_s", "1696032000"),
        ("epoch_ms", "1696032000000"),
        ("epoch_ms", "1696032000000.0"),
        ("epoch_us", "1696032000000000"),
    ],
)
def test_dates_of_every_form_are_the_same_day(tmp_path: Path, form: str, text: str) -> None:
    stamp = "day" if form.startswith("epoch") else None
    market = imported(tmp_path, f'"{text}",btc,1,,', profile=changed(dates=Dates(format=form, stamp=stamp)))
    assert market.dates.tolist() == [pd.Timestamp("2023-09-30")]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1696032000000", 'say format = "epoch_ms" under'),
        ("1696032000", 'say format = "epoch_s" under'),
        ("1.69603E+12", "A spreadsheet shortened this number, and its day is lost"),
        ("30.09.2023", "give the profile's format under"),
    ],
)
def test_a_date_of_another_form_names_the_key_to_set(tmp_path: Path, text: str, advice: str) -> None:
    with pytest.raises(DataError, match=advice.replace("+", r"\+")):
        imported(tmp_path, f"{text},btc,1,,")


def test_seconds_read_as_milliseconds_are_refused_and_not_a_day_of_1970(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1970-01-20"):
        imported(tmp_path, "1696032000,btc,1,,", profile=changed(dates=Dates(format="epoch_ms", stamp="day")))
    with pytest.raises(DataError, match='say format = "epoch_ms"'):
        imported(tmp_path, "1696032000000,btc,1,,", profile=changed(dates=Dates(format="epoch_s", stamp="day")))


@pytest.mark.parametrize("text", ["2024-01-05T00:00:00Z", "2024-01-05 23:59:59", "2024-01-05 14:00"])
def test_a_time_of_day_is_refused_until_the_profile_says_what_it_means(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match=r"row 1 is stamped 2024-01-05 .* \(say stamp = \"day\" .* \(stamp = \"end\"\)"):
        imported(tmp_path, f"{text},btc,1,,")


@pytest.mark.parametrize(
    ("stamp", "text", "day"),
    [
        ("day", "2024-01-05T00:00:00", "2024-01-05"),
        ("end", "2024-01-05T00:00:00", "2024-01-04"),
        ("end", "2024-01-05T00:00:25", "2024-01-04"),  # a vendor's clock is not to the second
        ("day", "2024-01-05T23:59:59", "2024-01-05"),
        ("end", "2024-01-05T23:59:59", "2024-01-05"),
        ("day", "2024-01-05T02:00:00+03:00", "2024-01-04"),
        ("end", "2024-01-05", "2024-01-04"),  # a date alone is its midnight
        ("day", "2024-01-05", "2024-01-05"),
    ],
)
def test_a_stamp_is_the_day_it_names_or_the_end_of_one(tmp_path: Path, stamp: str, text: str, day: str) -> None:
    market = imported(tmp_path, f"{text},btc,1,,", profile=changed(dates=Dates(stamp=stamp)))
    assert market.dates.tolist() == [pd.Timestamp(day)]


def test_clock_times_of_a_zone_are_read_in_it_in_winter_and_summer(tmp_path: Path) -> None:
    profile = changed(
        dates=Dates(zone="America/New_York", stamp="end", format="%Y-%m-%d %H:%M"),
        retrieved_at="2024-12-01T00:00:00Z",
    )
    market = imported(tmp_path, "2024-01-04 19:00,btc,1,,", "2024-07-04 20:00,btc,2,,", profile=profile)
    assert market.prices["btc"].dropna().index.tolist() == [pd.Timestamp("2024-01-04"), pd.Timestamp("2024-07-04")]


def test_a_value_of_the_day_that_is_no_close_is_refused_or_left_out_and_counted(tmp_path: Path) -> None:
    lines = ["2024-01-04T00:00Z,btc,3,,", "2024-01-05T00:00Z,btc,4,,", "2024-01-05T14:23Z,btc,4.5,,"]
    with pytest.raises(DataError, match="row 3 is stamped 2024-01-05 14:23:00 UTC, which is no day's end"):
        imported(tmp_path, *lines, profile=changed(dates=Dates(stamp="end")))
    summary, market = summary_of(
        csv(tmp_path, *lines), changed(dates=Dates(stamp="end", intraday="last")), tmp_path / "out"
    )
    assert market.price("btc").to_dict() == {pd.Timestamp("2024-01-03"): 3, pd.Timestamp("2024-01-04"): 4}
    assert summary.met.intraday_rows == 1
    assert "1 rows left out that are no day's close" in str(summary)


@pytest.mark.parametrize("stamp", ["day", "end"])
@pytest.mark.parametrize("by_asset", [True, False])
@pytest.mark.parametrize("rows_at_a_time", [1, 5, 1000])
def test_of_hourly_rows_the_last_of_each_day_is_its_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: str, by_asset: bool, rows_at_a_time: int
) -> None:
    hours = pd.date_range("2024-01-03 00:00", "2024-01-05 13:00", freq="h")  # the last day is not over
    rows = [
        (f"{hour:%Y-%m-%dT%H:%M:%SZ},{coin},{n + 1}.0,,", hour, coin) for n, hour in enumerate(hours) for coin in "ab"
    ]
    rows = sorted(rows, key=lambda row: (row[2], row[1])) if by_asset else rows
    file = csv(tmp_path, *(line for line, _, _ in rows))
    monkeypatch.setattr("research.market.imports.reading.batches.BLOCK", rows_at_a_time * 40)
    market = summary_of(file, changed(dates=Dates(stamp=stamp, intraday="last")), tmp_path / "out")[1]
    hour = {
        "day": ["2024-01-03 23:00", "2024-01-04 23:00"],
        "end": ["2024-01-03 00:00", "2024-01-04 00:00", "2024-01-05 00:00"],
    }
    expected = {
        pd.Timestamp(at) - pd.Timedelta(days=int(stamp == "end")): hours.get_loc(at) + 1.0 for at in hour[stamp]
    }
    assert market.price("a").to_dict() == {day.normalize(): value for day, value in expected.items()}
    assert_same_panels(market, "a", "b")


def assert_same_panels(market: MarketData, left: str, right: str) -> None:
    assert market.price(left).tolist() == market.price(right).tolist()


# ---------------------------------------------------------------------- blank rows, lines and signs of a CSV


def test_blank_rows_of_every_kind_are_left_out_counted_and_do_not_shift_row_numbers(tmp_path: Path) -> None:
    lines = ["2024-01-01,btc,1,1,1", "", ",,,,", "   ", " , , , , ", ",,", "2024-01-02,btc,2,2,2", ""]
    summary, market = summary_of(csv(tmp_path, *lines), PROFILE, tmp_path / "out")
    assert market.price("btc").tolist() == [1, 2]
    assert summary.met.blank_rows == 6
    assert "6 blank rows left out" in str(summary)
    with pytest.raises(DataError, match="row 8 holds 'x'"):
        imported(tmp_path, *lines[:7], "2024-01-03,btc,x,,")
    with pytest.raises(DataError, match="in rows 1 and 8, with"):
        imported(tmp_path, *lines[:7], "2024-01-01,btc,9,,")


def test_a_row_of_another_length_that_is_not_blank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has 1 cells, the header 5: .Source: a vendor.*skip_last_lines = 1"):
        imported(tmp_path, "2024-01-01,btc,1,1,1", "Source: a vendor")


def test_other_signs_between_columns_lines_above_the_header_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeffexported by a vendor\nday; coin;close;cap;vol\n2024-01-01;btc;1,5;;\n"
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    how = changed(files=Files(delimiter=";", skip_lines=1), numbers=Numbers(decimal=","))
    assert summary_of(tmp_path / "table.csv", how, tmp_path / "out")[1].price("btc").tolist() == [1.5]
    with pytest.raises(DataError, match=r'say delimiter = ";" under'):
        import_table(tmp_path / "table.csv", changed(files=Files(skip_lines=1)), tmp_path / "other")


def test_a_volume_in_coins_becomes_usd_at_the_close_and_none_without_a_price(tmp_path: Path) -> None:
    columns = dataclasses.replace(PROFILE.columns, volume=None, volume_coins="vol")
    lines = ["2024-01-01,btc,2,,10", "2024-01-02,btc,0,,10", "2024-01-03,btc,,,10", "2024-01-04,btc,2,,0"]
    market = imported(tmp_path, *lines, profile=changed(columns=columns))
    assert market.volumes["btc"].fillna(-1).tolist() == [20, -1, -1, 0]


def test_a_key_of_two_columns_tells_apart_what_one_repeats(tmp_path: Path) -> None:
    columns = dataclasses.replace(PROFILE.columns, key=("coin", "label"), symbol="coin")
    lines = ["2024-01-01,BNX,1,,,old", "2024-01-01,BNX,2,,,new"]
    market = imported(tmp_path, *lines, header=HEADER + ",label", profile=changed(columns=columns))
    assert market.assets[["asset_id", "symbol"]].to_numpy().tolist() == [["bnx new", "BNX"], ["bnx old", "BNX"]]


# ---------------------------------------------------------------------- folders, patterns, archives


def vendor_folder(folder: Path) -> Path:
    """Two assets in a file each, and files that are none."""
    home = folder / "vendor"
    home.mkdir()
    for name, price in (("coin_btc", 1), ("coin_eth", 2)):
        (home / f"{name}.csv").write_text(f"day,close,cap,vol\n2024-01-01,{price},,\n2024-01-02,{price + 10},,\n")
    (home / "README.txt").write_text("not a table")
    (home / ".hidden.csv").write_text("not a table")
    return home


BY_NAME = changed(columns=MINE, files=Files(key=("other_{key}", "coin_{key}")))


def test_a_folder_a_pattern_several_files_and_an_archive_are_one_table(tmp_path: Path) -> None:
    home = vendor_folder(tmp_path)
    paths = sorted(home.glob("coin_*.csv"))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in paths:
            archive.write(path, f"deep/in/{path.name}")
        archive.writestr("__MACOSX/._coin_btc.csv", "not a table")
    for path in paths:
        (tmp_path / "packed").mkdir(exist_ok=True)
        (tmp_path / "packed" / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    expected = summary_of(home, BY_NAME, tmp_path / "whole")[1]
    assert expected.prices.to_numpy().tolist() == [[1, 2], [11, 12]]
    for given_ in (str(home / "coin_*.csv"), paths, tmp_path / "all.zip", tmp_path / "packed"):
        summary, market = summary_of(given_, BY_NAME, tmp_path / "out")
        assert_same_market(market, dataclasses.replace(expected, manifest=market.manifest))
        assert summary.met.files == 2


def test_a_message_names_the_file_and_its_own_row(tmp_path: Path) -> None:
    home = vendor_folder(tmp_path)
    with (home / "coin_eth.csv").open("a") as file:
        file.write("2024-01-02,7,,\n")
    with pytest.raises(
        DataError, match=r"in rows 2 of \S*coin_eth.csv and 3 of \S*coin_eth.csv, with price 12.0 and 7"
    ):
        import_table(home, BY_NAME, tmp_path / "out")
    (home / "coin_eth.csv").write_text("day,close,cap,vol\n2024-01-01,x,,\n")
    with pytest.raises(DataError, match=r"coin_eth.csv, column 'close': row 1 holds 'x'"):
        import_table(home, BY_NAME, tmp_path / "out")
    assert names_in(tmp_path) == {"vendor"}


def test_a_file_whose_name_has_no_asset_is_refused_or_left_out_by_pattern(tmp_path: Path) -> None:
    home = vendor_folder(tmp_path)
    (home / "total.csv").write_text("day,close,cap,vol\n2024-01-01,7,,\n")
    with pytest.raises(DataError, match=r"total.csv: the asset is the \{key\} in other_\{key\} or coin_\{key\}"):
        import_table(home, BY_NAME, tmp_path / "out")
    profile = dataclasses.replace(BY_NAME, files=dataclasses.replace(BY_NAME.files, pattern="coin_*"))
    assert summary_of(home, profile, tmp_path / "out")[0].assets == 2


def test_columns_that_some_files_lack_are_missing_there_only_where_the_profile_allows_it(tmp_path: Path) -> None:
    home = vendor_folder(tmp_path)
    (home / "coin_btc.csv").write_text("day,close\n2024-01-01,1\n")
    with pytest.raises(DataError, match=r"coin_btc.csv: the column 'cap' is missing"):
        import_table(home, BY_NAME, tmp_path / "out")
    profile = dataclasses.replace(BY_NAME, columns=dataclasses.replace(MINE, may_be_absent=True))
    summary, market = summary_of(home, profile, tmp_path / "out")
    assert summary.met.absent == {"cap": 1, "vol": 1}
    assert market.prices.notna().sum().to_dict() == {"btc": 1, "eth": 2}
    assert "column 'cap' absent from 1 of 2 files" in str(summary)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("empty folder", "no table in this folder fits"),
        ("no match", "no file fits this pattern"),
        ("nothing", "no table was named"),
        ("other", "found '.txt'"),
        ("absent", "no table at"),
    ],
)
def test_what_stands_for_no_table_is_said(tmp_path: Path, what: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("")
    given_: Any = {
        "empty folder": tmp_path / "empty",
        "no match": tmp_path / "*.csv",
        "nothing": [],
        "other": tmp_path / "notes.txt",
        "absent": tmp_path / "absent.csv",
    }[what]
    with pytest.raises(DataError, match=message):
        import_table(given_, BY_NAME, tmp_path / "out")


def zipped(folder: Path, *names: str, content: bytes = b"day,close,cap,vol\n2024-01-01,1,,\n") -> Path:
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    return folder / "all.zip"


@pytest.mark.parametrize("name", ["../coin_x.csv", "/etc/coin_x.csv", "a/../../coin_x.csv", "..\\coin_x.csv"])
def test_an_archive_that_points_outside_of_itself_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="outside of the archive"):
        import_table(zipped(tmp_path, name), BY_NAME, tmp_path / "out")
    assert names_in(tmp_path) == {"all.zip"}


@pytest.mark.parametrize("packed", ["zip", "gz"])
def test_a_small_archive_that_unpacks_to_far_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: str
) -> None:
    monkeypatch.setattr(files, "ALWAYS_ALLOWED", 1 << 20)
    bomb = b"day,close,cap,vol\n" + b"2024-01-01,1,,\n" * 300_000
    if packed == "zip":
        given_ = zipped(tmp_path, "coin_x.csv", content=bomb)
    else:
        given_ = tmp_path / "coin_x.csv.gz"
        given_.write_bytes(gzip.compress(bomb))
    assert given_.stat().st_size * files.LARGEST_RATIO < len(bomb)
    with pytest.raises(DataError, match="unpacks to more than 200 times its size"):
        import_table(given_, BY_NAME, tmp_path / "out")


@pytest.mark.parametrize("ending", [".csv.gz", ".zip"])
def test_a_packed_file_that_is_cut_off_or_no_archive_is_refused(tmp_path: Path, ending: str) -> None:
    whole = (
        gzip.compress(bytes(range(256)) * 400) if ending == ".csv.gz" else zipped(tmp_path, "coin_a.csv").read_bytes()
    )
    given_ = tmp_path / f"coin_cut{ending}"
    for content in (whole[: len(whole) // 2], b"not packed at all", b""):
        given_.write_bytes(content)
        with pytest.raises(DataError, match="coin_cut"):
            import_table(given_, BY_NAME, tmp_path / "out")


# ---------------------------------------------------------------------- JSON and Excel


def chart(**series: list) -> dict:
    return {name: [[1704067200000 + day * 86_400_000, value] for day, value in pairs] for name, pairs in series.items()}


CHART = changed(
    columns=Columns(date="timestamp", price="prices", market_cap="market_caps", volume="total_volumes"),
    dates=Dates(format="epoch_ms", stamp="end"),
    files=Files(key="{key}"),
)


def test_series_of_stamps_and_values_are_joined_by_their_stamps(tmp_path: Path) -> None:
    whole = chart(prices=[(1, 5.0), (2, 6.0), (3, 7)], market_caps=[(1, 50.0), (3, None)], total_volumes=[(2, 1)])
    (tmp_path / "bitcoin.json").write_text(json.dumps(whole))
    market = summary_of(tmp_path / "bitcoin.json", CHART, tmp_path / "out")[1]
    assert market.price("bitcoin").to_dict() == {pd.Timestamp(f"2024-01-0{day}"): 4.0 + day for day in (1, 2, 3)}
    assert market.market_caps["bitcoin"].fillna(-1).tolist() == [50, -1, -1]
    assert market.volumes["bitcoin"].fillna(-1).tolist() == [-1, 1, -1]


def test_a_list_of_records_is_a_table(tmp_path: Path) -> None:
    records = [
        {"day": "2024-01-01", "coin": "btc", "close": 1, "cap": None, "vol": 2.5},
        {"day": "2024-01-02", "coin": "btc", "close": "2"},
    ]
    (tmp_path / "table.json").write_text(json.dumps(records))
    market = summary_of(tmp_path / "table.json", PROFILE, tmp_path / "out")[1]
    assert market.price("btc").tolist() == [1, 2]
    assert market.volumes["btc"].fillna(-1).tolist() == [2.5, -1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"status": {"error_code": 429}}', "found an object with 'status'; .* answered with an error"),
        ("[]", "found no table"),
        ("[1, 2]", "found no table"),
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"prices": [[1, 2, 3]]}', "found an object with 'prices'"),
        ('[{"day": "2024-01-01", "coin": ["btc"], "close": 1, "cap": 1, "vol": 1}]', "found a list in a cell"),
    ],
)
def test_json_that_is_no_table_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "table.json").write_text(text)
    with pytest.raises(DataError, match=message):
        import_table(tmp_path / "table.json", PROFILE, tmp_path / "out")


def excel(file: Path, rows: list[list[str]]) -> None:
    """The smallest workbook there is, of texts in the cells."""
    cells = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) + "</row>" for row in rows
    )
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    main, links = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(file, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{links}/package/2006/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        )
        relation = f"{links}/officeDocument/2006/relationships"
        for path, target, kind in (
            ("_rels/.rels", "xl/workbook.xml", "officeDocument"),
            ("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml", "worksheet"),
        ):
            book.writestr(
                path,
                f'<Relationships xmlns="{links}/package/2006/relationships">'
                f'<Relationship Id="r1" Type="{relation}/{kind}" Target="{target}"/></Relationships>',
            )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{relation}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        book.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>'
        )


def test_a_workbook_is_read_where_its_package_is_installed_and_else_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excel(tmp_path / "table.xlsx", [HEADER.split(","), ["2024-01-01", "btc", "1.5", "", "7"], ["", "", "", "", ""]])
    with monkeypatch.context() as patch:
        patch.setattr(sheets, "calamine", None)
        with pytest.raises(DataError, match=r"needs the package python-calamine. .*\[excel\]"):
            import_table(tmp_path / "table.xlsx", PROFILE, tmp_path / "out")
    pytest.importorskip("python_calamine")
    summary, market = summary_of(tmp_path / "table.xlsx", PROFILE, tmp_path / "out")
    assert (market.prices.iloc[0, 0], market.volumes.iloc[0, 0]) == (1.5, 7)
    assert summary.met.blank_rows == 1
    monkeypatch.setattr(sheets, "LARGEST_WHOLE", 100)
    with pytest.raises(DataError, match=r"unpacks to .* bytes, expected at most 100"):
        import_table(tmp_path / "table.xlsx", PROFILE, tmp_path / "other")


# ---------------------------------------------------------------------- one column an asset

WIDE = changed(columns=Columns(date=""), wide=Wide(skip=("total",)))


def test_one_column_an_asset_is_the_long_table_of_its_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["2024-01-01,1,,9", "2024-01-02,2,20,9", ",,,", "2024-01-03,,30,9"]
    file = csv(tmp_path, *lines, header=",btc,eth,total")
    monkeypatch.setattr(wide, "CELLS_AT_A_TIME", 1)
    market = summary_of(file, WIDE, tmp_path / "out")[1]
    (tmp_path / "long").mkdir()
    long = ["2024-01-01,btc,1,,", "2024-01-02,btc,2,,", "2024-01-02,eth,20,,", "2024-01-03,eth,30,,"]
    expected = imported(tmp_path / "long", *long)
    assert_same_market(market, dataclasses.replace(expected, manifest=market.manifest))


def test_a_file_for_each_field_is_put_side_by_side_and_no_value_is_lost(tmp_path: Path) -> None:
    home = tmp_path / "vendor"
    home.mkdir()
    (home / "prices.csv").write_text("day,btc,eth\n2024-01-01,1,2\n2024-01-03,3,\n")
    (home / "caps.csv").write_text("day,eth,btc\n2024-01-03,50,40\n2024-01-01,,10\n")
    (home / "volumes.csv").write_text("day,btc,eth\n2024-01-02,7,8\n")
    profile = changed(columns=Columns(date="day"), wide=Wide(price="prices*", market_cap="caps*", volume="vol*"))
    market = summary_of(home, profile, tmp_path / "out")[1]
    assert market.prices.fillna(-1).to_numpy().tolist() == [[1, 2], [-1, -1], [3, -1]]
    assert market.market_caps.fillna(-1).to_numpy().tolist() == [[10, -1], [-1, -1], [40, -1]]
    assert market.volumes.fillna(-1).to_numpy().tolist() == [[-1, -1], [7, 8], [-1, -1]]
    assert market.ledger["rule"].tolist() == ["cap without price"]
    with pytest.raises(DataError, match=r"\[wide\] volume = 'nothing' fits 0 files"):
        import_table(home, dataclasses.replace(profile, wide=Wide(price="p*", volume="nothing")), tmp_path / "other")


def test_a_day_that_a_wide_table_has_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="two rows for one day: 'btc' on 2024-01-01 in rows 1 and 2"):
        summary_of(csv(tmp_path, "2024-01-01,1,2,", "2024-01-01,3,2,", header=",btc,eth,total"), WIDE, tmp_path / "out")


# ---------------------------------------------------------------------- questions


def test_a_profile_with_open_questions_reads_nothing_and_asks_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"leaves open: Which day\? In coins\? Answer in the profile"):
        imported(tmp_path, "2024-01-01,btc,1,,", profile=changed(questions=("Which day?", "In coins?")))


def test_stamp_and_dating_rules_work_together_as_coingecko_needs_them(tmp_path: Path) -> None:
    """Up to 2018-01-29 00:00 of a day has that day's close, from then on that of the day before."""
    stamps = pd.date_range("2018-01-27", "2018-02-02")
    lines = [f"{int(stamp.timestamp())},btc,{stamp.day},," for stamp in stamps]
    profile = changed(dates=Dates(format="epoch_s", stamp="end"), dating=Profile.load("coingecko-market-chart").dating)
    market = imported(tmp_path, *lines, profile=profile)
    assert isinstance(profile.dating[0], DatingRule)
    assert market.price("btc").tolist() == [27, 28, 29, 31, 1, 2]
    assert market.dates[0] == pd.Timestamp("2018-01-27")
    assert [(line.old, line.new) for line in market.ledger.query("field == 'price'").itertuples()] == [("30.0", "29.0")]


# ---------------------------------------------------------------------- what stands below a table, and encodings

FOOTED = "date,id,close,cap\n2024-01-01,btc,1,5\n2024-01-02,btc,2,5\n"
BELOW = Profile(name="t", source="s", licence="l", columns=Columns(date="date", key="id", price="close"))


@pytest.mark.parametrize(
    ("below", "lines"), [("Source: X\n", 1), ("Source: X,,,\n", 1), ("\nSource: X,,,\n(c) Y\n\n", 2), ("Source: X", 1)]
)
def test_lines_below_the_table_are_named_with_the_key_that_leaves_them_out(
    tmp_path: Path, below: str, lines: int
) -> None:
    file = tmp_path / "t.csv"
    file.write_text(FOOTED + below)
    with pytest.raises(DataError, match=r"row 3|row 4|row 5") as caught:
        import_table(file, BELOW, tmp_path / "out")
    assert f"say skip_last_lines = {lines} under [files]" in str(caught.value)
    for encoding in ("utf-8", "utf-16"):
        file.write_text(FOOTED + below, encoding=encoding)
        how = dataclasses.replace(BELOW, files=Files(skip_last_lines=lines, encoding=encoding))
        summary, market = summary_of(file, how, tmp_path / "out")
        assert market.price("btc").tolist() == [1, 2]
        assert f"lines below the tables left out: {lines}" in str(summary)
        assert draft_profile(file).count(f"skip_last_lines = {lines}") == 1


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_another_encoding_than_utf_8_is_named_drafted_and_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(FOOTED.replace("btc", "Kürzel"), encoding=encoding)
    with pytest.raises(DataError, match="Say encoding under \\[files\\]"):
        import_table(file, BELOW, tmp_path / "out")
    profile = write_draft(file, tmp_path / "mine.toml")
    assert profile.files.encoding == encoding
    _, market = summary_of(file, profile, tmp_path / "out")
    assert market.prices.columns.tolist() == ["kürzel"]


def test_a_large_table_loses_only_the_lines_below_it(tmp_path: Path) -> None:
    file, days = tmp_path / "t.csv", pd.date_range("2010-01-01", periods=4_000).strftime("%Y-%m-%d")
    rows = (f"{day},{coin},1.25,{'7' * 30}\n" for coin in "abcdefghij" for day in days)
    file.write_text("date,id,close,cap\n" + "".join(rows) + "Source: X\n")
    how = dataclasses.replace(BELOW, files=Files(skip_last_lines=1))
    assert len(summary_of(file, how, tmp_path / "out")[1].prices.to_numpy().ravel()) == 40_000


@pytest.mark.parametrize("wrong", [{"encoding": "klingon"}, {"encoding": "base64"}, {"skip_last_lines": -1}])
def test_files_refuse_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        Files(**wrong)


def test_what_is_no_table_is_said_for_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "empty.zip").touch()
    (tmp_path / "vendor" / "sub").mkdir(parents=True)
    (tmp_path / "vendor" / "sub" / "t.csv").write_text(FOOTED)
    for name, message in (
        ("loop.csv", "is a link that leads to no file"),
        ("empty.zip", r"it is empty \(0 bytes\)"),
        ("vendor", r"looks only at the top level; found 1 in sub/"),
    ):
        with pytest.raises(DataError, match=message):
            import_table(tmp_path / name, BELOW, tmp_path / "out")


def test_a_draft_is_named_after_its_file_or_archive(tmp_path: Path) -> None:
    (tmp_path / "t8.csv").write_text(FOOTED)
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.writestr("a.csv", FOOTED)
        archive.writestr("b.csv", FOOTED)
    assert 'name = "t8"' in draft_profile(tmp_path / "t8.csv")
    assert 'name = "many"' in draft_profile(tmp_path / "many.zip")
