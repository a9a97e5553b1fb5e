"""What is kept of answers: whole, or not there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import DataError
from research.market.sources.client import Answer
from research.market.sources.downloads import Downloads, file_name, opened_downloads
from tests.robustness.kills import die_before

NOON = "2026-11-26T12:00:00Z"


def answer(body: bytes | None, at: str = NOON) -> Answer:
    return Answer(body=body, url="https://x.org/a", etag='"1"', retrieved_at=at)


@pytest.fixture
def kept(tmp_path: Path) -> Downloads:
    with opened_downloads(tmp_path / "mine") as downloads:
        downloads.keep("csv/btc.csv", answer(b"time\n"))
    return downloads


def test_an_answer_is_kept_with_its_address_instant_and_digest(kept: Downloads) -> None:
    record = kept.record("csv/btc.csv")
    assert record is not None
    assert (record.url, record.retrieved_at, record.etag) == ("https://x.org/a", NOON, '"1"')
    assert kept.read("csv/btc.csv") == b"time\n"
    assert kept.names("csv") == ["csv/btc.csv"]


@pytest.mark.parametrize("damage", ["answers", "records"])
def test_an_answer_that_was_cut_or_has_half_a_record_is_not_there(kept: Downloads, damage: str) -> None:
    place = kept.folder / damage / "csv/btc.csv"
    place.write_bytes(place.read_bytes()[:-3])
    assert kept.record("csv/btc.csv") is None
    assert kept.names("csv") == []


@pytest.mark.parametrize("missing", ["answers", "records"])
def test_an_answer_without_its_record_is_not_there(kept: Downloads, missing: str) -> None:
    (kept.folder / missing / "csv/btc.csv").unlink()
    assert kept.record("csv/btc.csv") is None


def test_not_changed_renews_the_instant_and_keeps_the_bytes(kept: Downloads) -> None:
    kept.keep("csv/btc.csv", answer(None, at="2026-11-27T12:00:00Z"))
    record = kept.record("csv/btc.csv")
    assert record is not None
    assert record.retrieved_at == "2026-11-27T12:00:00Z"
    assert kept.read("csv/btc.csv") == b"time\n"
    with pytest.raises(DataError, match="nothing is kept of it"):
        kept.keep("csv/eth.csv", answer(None))


def test_half_written_files_of_a_killed_run_are_removed_by_the_next(kept: Downloads) -> None:
    (kept.folder / "answers/csv/eth.csv.partial").write_bytes(b"tim")
    with opened_downloads(kept.folder) as downloads:
        assert downloads.names("csv") == ["csv/btc.csv"]
    assert not list(kept.folder.rglob("*.partial"))


def test_two_fetches_cannot_write_to_one_folder(tmp_path: Path) -> None:
    with opened_downloads(tmp_path / "mine"):
        with pytest.raises(DataError, match="another fetch writes to"), opened_downloads(tmp_path / "mine"):
            pass
        with opened_downloads(tmp_path / "other"):
            pass
    with opened_downloads(tmp_path / "mine"):
        pass


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be used for downloads"), opened_downloads(tmp_path / "file" / "x"):
        pass


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable()))
def test_any_id_of_a_vendor_is_the_name_of_one_file_and_comes_back(text: str) -> None:
    name = file_name(text)
    assert "/" not in name
    assert not name.startswith(".")
    assert unquote(name) == text


@pytest.mark.parametrize("name", ["../../etc/passwd", "csv/../../x", "/etc/passwd", "csv//x", "a\0b", "x" * 300])
def test_no_name_leads_out_of_the_folder(kept: Downloads, name: str) -> None:
    with pytest.raises(DataError, match="cannot be the name of a file"):
        kept.keep(name, answer(b"x"))


def test_a_record_holds_what_it_says_and_no_more(kept: Downloads) -> None:
    record = json.loads((kept.folder / "records/csv/btc.csv").read_text())
    assert set(record) == {"url", "retrieved_at", "sha256", "etag"}


def killed_at(step: int, folder: Path) -> bool:
    """Whether a child that keeps a new answer got as far as its `step`-th call of the system, and was killed there."""
    child = os.fork()
    if child == 0:
        with opened_downloads(folder) as downloads:
            die_before(step, ("open", "os."))
            downloads.keep("csv/btc.csv", answer(b"time,PriceUSD\n"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_step_leaves_the_old_answer_the_new_one_or_none(tmp_path: Path) -> None:
    seen = set()
    for step in range(1, 100):
        folder = tmp_path / str(step)
        with opened_downloads(folder) as downloads:
            downloads.keep("csv/btc.csv", answer(b"time\n"))
        killed = killed_at(step, folder)
        with opened_downloads(folder) as downloads:
            whole = downloads.record("csv/btc.csv") is not None
            seen.add(downloads.read("csv/btc.csv") if whole else None)
            downloads.keep("csv/btc.csv", answer(b"last\n"))
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert files == {"answers/csv/btc.csv", "records/csv/btc.csv"}
        if not killed:
            break
    assert step > 8
    assert seen == {b"time\n", None, b"time,PriceUSD\n"}
