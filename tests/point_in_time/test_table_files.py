"""Tables from files: what is read is what was written, ids stay texts, and what cannot be read is refused by name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal

from research import load_tables
from research.cli import main
from research.errors import DataError
from research.index import build_index
from research.market import MarketData
from research.point_in_time import table_files
from research.point_in_time.table_files import SUFFIXES, fingerprints, write_table
from tests.conftest import ROOT
from tests.index.markets import COINS, needed_tables, random_market, rules, with_stablecoins

ODD = ("nan", "null", "1e5", "007", "True", "2021-01-01", "NA", "-inf")
"""Ids that a reader of CSV likes to take for something else."""
SIGNALS = pd.DataFrame(
    [("2021-01-20", name, "bullish", 0.5) for name in ODD], columns=["date", "asset_id", "signal", "score"]
)
RECIPE = """
name = "quick"
[model]
kind = "composite"
terms = { momentum_30d = 1.0 }
"""


def oddly_named() -> MarketData:
    plain = random_market(3, defects=False)
    names = dict(zip(plain.prices.columns, ODD, strict=False))
    panels = (plain.prices, plain.market_caps, plain.volumes)
    return with_stablecoins(MarketData.from_panels(*(panel.rename(columns=names) for panel in panels)), 3)


def written(text: str, path: Path) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_index_from_files_is_the_index_from_the_tables_whatever_its_assets_are_called(
    suffix: str, tmp_path: Path
) -> None:
    market = oddly_named()
    methodology = rules(
        selection={"rule": "votes", "count": 5},
        universe={"exclude_tags": ["stablecoin"]},
        overlay={"stable_leg": [COINS[0]]},
    )
    tables = needed_tables(market, methodology)
    assert set(ODD) < set(tables["signals"]["asset_id"])
    for name, table in tables.items():
        write_table(table, tmp_path / f"{name}{suffix}")
    read = load_tables({name: tmp_path / f"{name}{suffix}" for name in tables})
    expected, found = build_index(market, methodology, **tables), build_index(market, methodology, **read)
    assert_series_equal(found.level, expected.level, check_exact=True)
    assert_frame_equal(found.weights, expected.weights, check_exact=True)
    assert set(ODD) & set(found.weights.columns[(found.weights > 0).any()])


@pytest.mark.parametrize("ids", [ODD, ("1e5", "007"), ("nan", "null"), ("True",)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ids_stay_texts_and_scores_stay_numbers(suffix: str, ids: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / f"signals{suffix}"
    write_table(SIGNALS[SIGNALS["asset_id"].isin(ids)], path)
    read = load_tables({"signals": str(path)})["signals"]
    assert sorted(read["asset_id"]) == sorted(ids)
    assert read["score"].tolist() == [0.5] * len(ids)


def test_a_blank_score_is_missing_and_a_word_in_its_place_is_no_blank(tmp_path: Path) -> None:
    head = "date,asset_id,signal,score\n2021-01-20,a,bullish,\n2021-01-21,a,bearish,-0.25\n"
    [blank, number] = load_tables({"signals": written(head, tmp_path / "s.csv")})["signals"]["score"]
    assert np.isnan(blank)
    assert number == -0.25
    word = load_tables({"signals": written(head.replace("-0.25", "n/a"), tmp_path / "w.csv")})["signals"]
    assert word["score"].iloc[1] == "n/a"  # which is refused when the index is built


def test_a_ballot_without_a_choice_has_a_blank_text_and_a_choice_called_null_is_one(tmp_path: Path) -> None:
    text = "date,proposal,voter,power,choice\n2021-01-20,1,01,5,\n2021-01-21,1,1,7,null\n"
    votes = load_tables({"votes": written(text, tmp_path / "votes.csv")})["votes"]
    assert votes["choice"].tolist() == ["", "null"]
    assert votes["voter"].tolist() == ["01", "1"]  # two voters
    assert votes["power"].tolist() == [5, 7]


def test_a_blank_under_confirmed_is_no_confirmation_and_true_is_one(tmp_path: Path) -> None:
    text = "date,asset_id,new_asset_id,ratio,confirmed\n2021-01-20,a,b,2,\n2021-01-21,c,d,2,true\n"
    confirmed = load_tables({"migrations": written(text, tmp_path / "m.csv")})["migrations"]["confirmed"]
    assert confirmed.isna().tolist() == [True, False]
    assert confirmed.iloc[1] is True or confirmed.iloc[1] == np.True_


@pytest.mark.parametrize("read", [load_tables, fingerprints])
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"signal": "s.csv"}, "'signal' is no table of an index: did you mean 'signals'?"),
        ({"signals": "nowhere.csv"}, "table of signals: 'nowhere.csv' is not a file"),
        ({"signals": "folder.csv"}, "table of signals: .*folder.csv' is not a file"),
        ({"votes": "votes.xlsx"}, "table of votes: found 'votes.xlsx', expected a path that ends in .csv or .parquet"),
        ({"votes": 3}, "table of votes: found 3, expected a path"),
        ({"votes": None}, "table of votes: found None, expected a path"),
        (["s.csv"], "expected a path for each table by name"),
        ("s.csv", "expected a path for each table by name"),
    ],
)
def test_what_is_no_table_file_is_refused_by_name(
    read: Any, files: Any, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=message):
        read(files)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.parquet", b"PAR1 and then nothing"),
        ("empty.parquet", b""),
        ("empty.csv", b""),
        ("binary.csv", bytes(range(256))),
        ("latin.csv", "date,asset_id,signal\n2021-01-20,Köln,bullish\n".encode("latin-1")),
        ("ragged.csv", b"date,asset_id,signal\n1,2,3,4,5\n1,2,3,4,5,6\n"),
        ("open.csv", b'date,asset_id,signal\n2021-01-20,"a,bullish\n'),
    ],
)
def test_a_damaged_file_is_an_error_that_names_table_and_file(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"table of signals: {name}"):
        load_tables({"signals": tmp_path / name})


def test_a_row_with_more_fields_than_columns_is_refused_and_not_shifted(tmp_path: Path) -> None:
    """pandas takes the first field for an index where every row has one too many."""
    text = "date,asset_id,signal\n2021-01-20,a,b,bullish\n2021-01-21,a,b,bearish\n"
    with pytest.raises(DataError, match=r"table of signals: shifted\.csv"):
        load_tables({"signals": written(text, tmp_path / "shifted.csv")})


def test_a_file_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "LARGEST_FILE", 10)
    path = written("date,asset_id,signal\n", tmp_path / "s.csv")
    with pytest.raises(DataError, match=r"larger than 10 bytes\. Split it"):
        load_tables({"signals": path})


def test_a_fingerprint_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = written("date,asset_id,signal\n", tmp_path / "s.csv")
    assert fingerprints({"signals": path}) == {"signals": hashlib.sha256(path.read_bytes()).hexdigest()}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_is_replaced_only_when_asked(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"s{suffix}"
    write_table(SIGNALS, path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"is there already\. Give another path"):
        write_table(SIGNALS.head(1), path)
    assert path.read_bytes() == before
    write_table(SIGNALS.head(1), path, replace=True)
    assert len(load_tables({"signals": path})["signals"]) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"s{suffix}"
    write_table(SIGNALS, path)
    before = path.read_bytes()

    def full(_: pd.DataFrame, where: Path, **__: Any) -> None:
        where.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(DataError, match="No space left"):
        write_table(SIGNALS.head(1), path, replace=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_of_another_kind_or_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ends in \.csv or \.parquet"):
        write_table(SIGNALS, tmp_path / "s.txt")
    with pytest.raises(DataError, match="Check the folder"):
        write_table(SIGNALS, tmp_path / "nowhere" / "s.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """`research signals build` of a quick recipe on the sample: the recipe's path, and the table's."""
    folder = tmp_path_factory.mktemp("signals")
    recipe, out = written(RECIPE, folder / "quick.toml"), folder / "out" / "signals.csv"
    out.parent.mkdir()
    assert main(["signals", "build", str(recipe), "--snapshot", str(ROOT / "data/sample"), "--out", str(out)]) == 0
    return recipe, out


def test_signals_build_writes_a_table_of_signals_and_nothing_else(built: tuple[Path, Path]) -> None:
    _, out = built
    table = load_tables({"signals": out})["signals"]
    assert list(table.columns) == ["date", "asset_id", "signal", "score", "probability", "missing"]
    assert set(table["signal"]) <= {"bullish", "neutral", "bearish"}
    assert list(out.parent.iterdir()) == [out]


def test_signals_build_refuses_to_overwrite_and_replaces_when_asked(
    built: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, out = built
    before = out.read_bytes()
    out.write_bytes(b"mine")
    command = ["signals", "build", str(recipe), "--snapshot", str(ROOT / "data/sample"), "--out", str(out)]
    assert main(command) == 1
    assert "is there already" in capsys.readouterr().err
    assert out.read_bytes() == b"mine"
    assert main([*command, "--replace"]) == 0
    assert out.read_bytes() == before
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipe": "nowhere.toml"}, "nowhere.toml"),
        ({"recipe": "rigde"}, "did you mean 'ridge'?"),
        ({"--snapshot": "nowhere"}, "no snapshot at nowhere"),
        ({"--out": "signals.xlsx"}, "ends in .csv or .parquet"),
    ],
)
def test_signals_build_says_what_is_wrong_in_one_line_and_writes_nothing(
    built: tuple[Path, Path],
    changes: dict[str, str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = {"recipe": str(built[0]), "--snapshot": str(ROOT / "data/sample"), "--out": "signals.csv"} | changes
    monkeypatch.chdir(tmp_path)
    recipe = given.pop("recipe")
    assert main(["signals", "build", recipe, *(word for pair in given.items() for word in pair)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert message in said
    assert list(tmp_path.iterdir()) == []
