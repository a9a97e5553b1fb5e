"""The catalog: a reference means one snapshot, the one known on its day, and a name is never mistaken for a path."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from research import cli
from research.errors import DataError
from research.market import load_market, open_snapshot, write_market
from research.market.snapshots import catalog, placing
from research.market.snapshots.catalog import dated_folders, find_snapshot, names, snapshot_folder
from tests.market.helpers import names_in, small_market

RETRIEVED = ("2026-11-01T06:00:00Z", "2026-11-03T06:00:00Z", "2026-11-03T23:30:00Z", "2026-11-20T00:10:00+01:00")
FOLDERS = ["2026-11-01", "2026-11-03", "2026-11-03.2", "2026-11-19"]


def write(folder: Path, retrieved_at: str = RETRIEVED[0]) -> None:
    market = small_market()
    manifest = dataclasses.replace(market.manifest, retrieved_at=retrieved_at)
    write_market(dataclasses.replace(market, manifest=manifest), folder)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with four retrievals of `coins`, and an empty working directory."""
    root = tmp_path / "snapshots"
    for retrieved_at in RETRIEVED:
        write(snapshot_folder("coins", retrieved_at, root=root), retrieved_at)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv(catalog.VARIABLE, str(root))
    return root


def test_folders_are_called_by_the_utc_day_of_retrieval_and_count_within_it(root: Path) -> None:
    assert [folder.name for folder in dated_folders("coins")] == FOLDERS
    assert names_in(root / "coins") == set(FOLDERS)
    assert names() == ["coins"]
    assert snapshot_folder("coins", RETRIEVED[1]).name == "2026-11-03.3"
    assert snapshot_folder("others", RETRIEVED[1]) == root / "others" / "2026-11-03"


def test_the_tenth_retrieval_of_a_day_is_newer_than_its_ninth(root: Path) -> None:
    for number in range(3, 12):
        folder = snapshot_folder("coins", RETRIEVED[1])
        assert folder.name == f"2026-11-03.{number}"
        write(folder)
    assert find_snapshot("coins@2026-11-03").name == "2026-11-03.11"


@pytest.mark.parametrize(
    ("reference", "folder"),
    [
        ("coins", FOLDERS[3]),
        ("coins@latest", FOLDERS[3]),
        ("coins@2026-11-01", FOLDERS[0]),
        ("coins@2026-11-02", FOLDERS[0]),
        ("coins@2026-11-03", FOLDERS[2]),
        ("coins@2026-11-03.2", FOLDERS[2]),
        ("coins@2026-11-18", FOLDERS[2]),
        ("coins@2026-11-19", FOLDERS[3]),
        ("coins@2100-01-01", FOLDERS[3]),
    ],
)
def test_a_date_means_the_newest_that_was_retrieved_by_then(root: Path, reference: str, folder: str) -> None:
    assert find_snapshot(reference) == root / "coins" / folder
    found, manifest = open_snapshot(reference)
    assert (found.name, manifest) == (folder, load_market(reference).manifest)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("coins@2026-10-31", r"no snapshot of 'coins' was retrieved by then\. There are: 2026-11-01, .*2026-11-19\."),
        ("coins@2026-11-03.3", "was retrieved as that"),
        ("coins@yesterday", "'yesterday' is no date. A snapshot is written as NAME, NAME@latest"),
        ("coins@2026-02-30", "'2026-02-30' is no date"),
        ("coins@", "'' is no date"),
        ("coin@latest", "no snapshot called 'coin' in .*: did you mean 'coins'"),
        ("../coins@latest", "no snapshot at"),
        ("@latest", "no snapshot called ''"),
        ("coin", r"no snapshot at coin\..* Names in .*: did you mean 'coins'\? Known: coins\."),
        (7, "found 7, expected NAME"),
    ],
)
def test_a_wrong_reference_says_what_there_is(root: Path, reference: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_market(reference)


def test_a_place_that_was_looked_at_is_said_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(catalog.PROJECT)
    with pytest.raises(DataError) as error:
        find_snapshot("coin")
    assert str(error.value).count(f"{catalog.PROJECT / 'coin'} (") == 1


def test_a_name_that_is_also_a_folder_here_is_refused_until_one_of_them_is_said(root: Path) -> None:
    write(Path("coins"))
    with pytest.raises(DataError, match=r"'coins' may mean two .* Write \./coins for the folder, coins@latest"):
        find_snapshot("coins")
    assert find_snapshot("./coins") == Path.cwd() / "coins"
    assert find_snapshot(Path("coins")) == Path.cwd() / "coins"
    assert find_snapshot("coins@latest") == root / "coins" / FOLDERS[3]


def test_a_folder_here_that_is_no_snapshot_does_not_hide_a_name(root: Path) -> None:
    Path("coins").mkdir()
    assert find_snapshot("coins") == root / "coins" / FOLDERS[3]


def test_the_path_of_a_name_tells_the_newest(root: Path) -> None:
    with pytest.raises(DataError, match=r"holds snapshots by date and is none itself\. The newest is .*2026-11-19"):
        find_snapshot(root / "coins")


@pytest.mark.parametrize("name", ["", "Coins", "a/b", "..", "a_b", "a@b", "-a", "a" * 101])
def test_a_name_that_could_be_confused_with_something_else_is_refused(root: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be the name of a snapshot"):
        snapshot_folder(name, RETRIEVED[0])


def test_dated_snapshots_do_not_go_into_a_snapshot(root: Path) -> None:
    write(root / "flat")
    with pytest.raises(DataError, match="is itself a snapshot, so no dated ones"):
        snapshot_folder("flat", RETRIEVED[0])
    assert find_snapshot(root / "flat") == root / "flat"
    assert names() == ["coins"]


def test_what_killed_writers_of_a_name_left_goes_on_whatever_day_and_running_ones_stay(root: Path) -> None:
    (root / "coins" / ".2026-11-04.partial-killed").mkdir()
    with placing.scratch_folder(root / "coins" / "2026-11-05") as running:
        assert snapshot_folder("coins", "2026-11-06T00:00:00Z").name == "2026-11-06"
        assert names_in(root / "coins") == {*FOLDERS, running.name}


def test_a_snapshot_that_had_stepped_aside_when_its_writer_was_killed_is_found(root: Path) -> None:
    hidden = root / "coins" / f".{FOLDERS[3]}.partial-killed"
    hidden.mkdir()
    (root / "coins" / FOLDERS[3]).rename(hidden / placing.REPLACED)
    assert find_snapshot("coins").name == FOLDERS[3]


def test_the_command_line_takes_references(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data", "check", "coins@2026-11-02"]) == 0
    out = capsys.readouterr().out
    assert "coins@2026-11-02: in memory" in out
    assert "dating was not checked: no asset is bitcoin" in out
    assert cli.main(["data", "check", "coins@2026-10-01"]) == 1
    assert "There are: 2026-11-01" in capsys.readouterr().err


def test_a_manifest_without_the_later_entries_is_as_it_was_before_there_were_any(root: Path) -> None:
    text = (find_snapshot("coins") / "manifest.json").read_text()
    assert "updates" not in text
    assert "fetched" not in text
    later = dataclasses.replace(open_snapshot("coins")[1], updates="f" * 64, fetched={"source": "coinmetrics"})
    assert type(later).from_json(later.signed().to_json(), "here") == later.signed()
