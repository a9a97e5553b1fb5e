"""First profiles: what they guess is right, what they cannot know they ask, and what they write can be used."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from research.cli import main
from research.cli.terminal import said_if_slow
from research.errors import DataError
from research.market import MarketData, Profile, import_table, load_market
from research.market.imports.drafting import guesses
from research.market.imports.drafting.first_profile import draft_profile, write_draft
from tests.conftest import shared
from tests.market.helpers import names_in

DAYS = pd.date_range("2023-01-01", "2023-03-31")


def drafted(given: Path, folder: Path) -> Profile:
    return write_draft(given, folder / "mine.toml", replace_it=True)


def imported(given: Path, profile: Profile, folder: Path) -> MarketData:
    import_table(given, profile, folder / "out", replace=True)
    return load_market(folder / "out")


def table(folder: Path, write: Callable[[pd.Timestamp], str], header: str, name: str = "table.csv") -> Path:
    """Rows of two assets for three months."""
    lines = [write(day).format(coin=coin) for coin in ("aaa", "bbb") for day in DAYS]
    (folder / name).write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("write", "header", "form"),
    [
        (lambda day: f"{day:%Y-%m-%d},{{coin}},1.5", "date,coin,close", None),
        (lambda day: f"{day:%d.%m.%Y},{{coin}},1.5", "Date,Symbol,Price", "%d.%m.%Y"),
        (lambda day: f'"{day:%b %d, %Y}",{{coin}},1.5', "Date,Ticker,Close", "%b %d, %Y"),
        (lambda day: f"{day:%m/%d/%Y},{{coin}},1.5", "Day,Coin,price_usd", "%m/%d/%Y"),
        (lambda day: f"{day:%Y%m%d},{{coin}},1.5", "day,id,last", "%Y%m%d"),
        (lambda day: f"{{coin}};{day:%d-%b-%y};1.5", "asset;day;close", "%d-%b-%y"),
    ],
)
def test_where_nothing_is_in_doubt_the_draft_imports_as_it_is(
    tmp_path: Path, write: Callable, header: str, form: str | None
) -> None:
    file = table(tmp_path, write, header)
    profile = drafted(file, tmp_path)
    assert (profile.questions, profile.dates.format) == ((), form)
    market = imported(file, profile, tmp_path)
    assert market.dates.tolist() == DAYS.tolist()
    assert (market.prices == 1.5).all(axis=None)


@pytest.mark.parametrize(
    ("write", "header", "question"),
    [
        (
            lambda day: f"{int(day.timestamp())},{{coin}},1.5",
            "t,coin,close",
            "Does it name the day whose close the row is",
        ),
        (lambda day: f"{day:%Y-%m-%dT%H:%M:%SZ},{{coin}},1.5", "t,coin,close", "Does it name the day whose close"),
        (lambda day: f"{day:%Y-%m-%d},{{coin}},1.5,7", "date,coin,close,volume", "in USD, or in coins"),
        (lambda day: f'{day:%Y-%m-%d},{{coin}},"1,234"', "date,coin,close", "'1,234' a thousand and more, or"),
        (
            lambda day: f"{day.month:02d}/{day.month + 1:02d}/{2000 + day.day + 9},{{coin}},1",
            "date,coin,close",
            "or as %m/%d/%Y",
        ),
        (lambda day: f"{day:%Y-%m-%d},{{coin}},1.5,2.5", "date,coin,first,second", "Which column is the close"),
    ],
)
def test_what_would_change_a_number_is_asked_and_the_import_stops_with_the_question(
    tmp_path: Path, write: Callable, header: str, question: str
) -> None:
    file = table(tmp_path, write, header)
    profile = drafted(file, tmp_path)
    assert [question in asked for asked in profile.questions] == [True]
    with pytest.raises(DataError, match="leaves open") as caught:
        imported(file, profile, tmp_path)
    assert question in str(caught.value)
    assert names_in(tmp_path) == {"table.csv", "mine.toml"}


def test_how_numbers_are_written_is_read_off_them(tmp_path: Path) -> None:
    file = table(
        tmp_path,
        lambda day: f'{day:%Y-%m-%d},{{coin}},"$1,234.5","{"-" if day.day == 3 else "$12,345,678"}",3.5%,"2.5M"',
        "date,coin,close,market cap,change,Volume USD",
    )
    how = drafted(file, tmp_path).numbers
    assert (how.thousands, how.decimal, how.missing) == (",", ".", ("-",))
    assert how.units == {"$": 1, "%": 0.01, "M": 1e6}
    market = imported(file, drafted(file, tmp_path), tmp_path)
    assert (market.prices == 1234.5).all(axis=None)
    assert market.volumes.iloc[0].tolist() == [2.5e6, 2.5e6]


def test_the_cap_tells_a_volume_in_coins_from_one_in_usd(tmp_path: Path) -> None:
    for volume, key in ((1e4, "volume_coins"), (2e8, "volume")):
        file = table(
            tmp_path, lambda day, v=volume: f"{day:%Y-%m-%d},{{coin}},20000,4e11,{v}", "date,coin,close,cap,volume"
        )
        profile = drafted(file, tmp_path)
        assert profile.questions == ()
        assert getattr(profile.columns, key) == "volume"


def test_one_file_an_asset_and_one_column_an_asset_are_recognised(tmp_path: Path) -> None:
    home = tmp_path / "vendor"
    home.mkdir()
    for coin in ("Bitcoin", "Ether"):
        (home / f"coin_{coin}.csv").write_text("Date,Close\n2023-01-01,2\n2023-01-02,3\n")
    profile = drafted(home, tmp_path)
    assert profile.files.key == "coin_{key}"
    assert list(imported(home, profile, tmp_path).prices.columns) == ["bitcoin", "ether"]
    (tmp_path / "wide.csv").write_text(",btc,eth\n2023-01-01,2,5\n2023-01-02,3,\n")
    profile = drafted(tmp_path / "wide.csv", tmp_path)
    assert (profile.columns.date, profile.wide is not None) == ("", True)
    assert imported(tmp_path / "wide.csv", profile, tmp_path).prices.notna().sum().tolist() == [2, 1]
    fields = tmp_path / "fields"
    fields.mkdir()
    for name in ("prices", "market_caps", "volumes"):
        (fields / f"{name}.csv").write_text("day,btc,eth\n2023-01-01,2,5\n2023-01-02,3,6\n")
    profile = drafted(fields, tmp_path)
    assert (profile.questions, profile.wide.fields if profile.wide else None) == (
        (),
        {"price": "prices.csv", "market_cap": "market_caps.csv", "volume": "volumes.csv"},
    )
    assert imported(fields, profile, tmp_path).market_caps.iloc[0].tolist() == [2, 5]


@pytest.mark.parametrize("late", [0, 1])
def test_bitcoins_leaps_say_which_day_a_row_is_the_close_of(tmp_path: Path, late: int) -> None:
    """Closes around 2020-03-12, from the README of the shared data, dated as they are or a day later."""
    closes = {"2020-03-11": 7_911.0, "2020-03-12": 4_970.8, "2020-03-13": 5_563.0, "2020-03-14": 5_201.0}
    rows = [(pd.Timestamp(day) + pd.Timedelta(days=late), close) for day, close in closes.items()]
    (tmp_path / "t.csv").write_text(
        "t,coin,close\n" + "".join(f"{int(at.timestamp() * 1000)},BTC,{c}\n" for at, c in rows)
    )
    profile = drafted(tmp_path / "t.csv", tmp_path)
    assert (profile.questions, profile.dates.stamp) == ((), "end" if late else "day")
    assert imported(tmp_path / "t.csv", profile, tmp_path).price("btc")["2020-03-12"] == 4_970.8


def test_a_dating_that_changes_is_seen_in_the_real_file_that_has_one(tmp_path: Path) -> None:
    (question,) = drafted(shared("market/coingecko_50_2015_2023_srk.parquet"), tmp_path).questions
    assert "2015-01-14 dated that day, 2018-02-05 dated a day later" in question


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("binance_301_ohlcv_daily_to_2025_zzonge", {"key": "symbol", "price": "close", "volume": "volume"}),
        ("cmc_top200_monthly_2020_2025_sbq", {"key": "symbol", "price": "close", "market_cap": "market_cap"}),
        ("benchmark_indices_quantlet", {"key": "index_name", "price": "level"}),
        ("coingecko_406_2014_2017_indexconstruction", {"key": "coin_id", "price": "close", "volume": "volume"}),
    ],
)
def test_real_files_are_recognised(tmp_path: Path, file: str, columns: dict[str, str]) -> None:
    profile = drafted(shared(f"market/{file}.parquet"), tmp_path)
    assert {name: getattr(profile.columns, name) for name in columns} == columns


def test_a_draft_replaces_nothing_unless_it_is_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = table(tmp_path, lambda day: f"{day:%Y-%m-%d},{{coin}},1.5", "date,coin,close")
    out = tmp_path / "mine.toml"
    out.write_text("by hand")
    assert main(["data", "profile", str(file), "--out", str(out)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "by hand"
    assert main(["data", "profile", str(file), "--out", str(out), "--replace"]) == 0
    assert out.read_text() == draft_profile(file)
    assert main(["data", "profile", str(file)]) == 0
    assert 'key = "coin"' in capsys.readouterr().out
    assert names_in(tmp_path) == {"table.csv", "mine.toml"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nx,y\n", "no column looks like a date"),
        ("date,coin,close\n", "the table has no rows"),
        ("", "cannot be read"),
    ],
)
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        write_draft(tmp_path / "table.csv", tmp_path / "mine.toml")
    assert names_in(tmp_path) == {"table.csv"}


def test_a_header_with_control_characters_is_spelled_out_in_the_draft(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("\x00ay,coin,close,\x7f\n2024-01-01,btc,inf,1\n")
    text = draft_profile(tmp_path / "table.csv")
    assert "\x00" not in text
    assert "\\u0000ay" in text


def late_bitcoin(folder: Path, *, at_the_end: str) -> Path:
    """6,000 days of an asset, then bitcoin's leap of 2020-03-12 dated a day late, then further lines."""
    days = pd.date_range("2009-01-03", periods=6_000)
    leap = [("2020-03-12", "7911.0"), ("2020-03-13", "4970.8"), ("2020-03-14", "5563.0")]
    lines = [f'{day:%Y-%m-%d},aaa,"1,000.5"' for day in days] + [f'{day},BTC,"{close}"' for day, close in leap]
    (folder / "late.csv").write_text("\n".join(["date,coin,close", *lines, at_the_end, ""]), encoding="utf-8")
    return folder / "late.csv"


def test_a_sign_for_no_value_beyond_the_sample_does_not_hide_how_rows_are_dated(tmp_path: Path) -> None:
    profile = drafted(late_bitcoin(tmp_path, at_the_end="2020-03-15,BTC,-"), tmp_path)
    assert (profile.numbers.missing, profile.dates.stamp, profile.questions) == (("-",), "end", ())


def test_where_the_table_cannot_be_read_to_its_end_the_dating_is_a_question(tmp_path: Path) -> None:
    profile = drafted(late_bitcoin(tmp_path, at_the_end="2020-03-32,BTC,1.5"), tmp_path)
    (question,) = profile.questions
    assert "Is a row the close of its date" in question
    assert "2020-03-32" in question


def test_formats_that_do_not_fit_fall_out_by_few_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    plausible = guesses._plausible
    monkeypatch.setattr(guesses, "_plausible", lambda *given: looked_at.append(len(given[0])) or plausible(*given))
    days = pd.date_range("2013-01-01", periods=3_000)
    assert guesses.formats_of(days.strftime("%d/%m/%Y")) == ("%d/%m/%Y",)
    assert sum(looked_at) < 1.5 * len(days)
    looked_at.clear()
    assert guesses.formats_of([f"{number}.25" for number in range(1_000)]) is None
    assert sum(looked_at) == 0


def test_a_slow_draft_says_that_it_is_at_work(capsys: pytest.CaptureFixture[str]) -> None:
    with said_if_slow("at work", seconds=0.01):
        time.sleep(0.2)
    with said_if_slow("not said", seconds=60):
        pass
    assert capsys.readouterr().err == "at work\n"


def test_a_column_of_texts_beside_numbers_without_a_known_name_is_the_key_and_no_wide_table(tmp_path: Path) -> None:
    file = table(tmp_path, lambda day: f"{day:%d.%m.%Y};{{coin}};1,5;7000,5;3,25", "Datum;Kürzel;Kursende;Wert;Menge")
    profile = drafted(file, tmp_path)
    assert (profile.wide, profile.columns.key, profile.numbers.missing) == (None, "Kürzel", ())
    assert "Which column is the close" in profile.questions[0]


def test_a_column_of_texts_in_a_table_of_one_row_a_day_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("date,b,c,note\n2024-01-01,1,2,ADA\n2024-01-02,1,2,ADA\n")
    profile = drafted(tmp_path / "wide.csv", tmp_path)
    assert profile.wide is not None
    assert profile.wide.skip == ("note",)
    assert "Does 'note' say which asset a row is of" in profile.questions[0]
