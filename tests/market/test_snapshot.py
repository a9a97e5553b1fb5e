"""Snapshots: what is written comes back, nothing is ever half-written, and a damaged folder is refused."""

from __future__ import annotations

import dataclasses
import errno
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from research.errors import DataError
from research.market import Manifest, MarketData, load_market, open_snapshot, placing, write_market, write_snapshot
from research.market.data import LEDGER_TYPES, TAG_TYPES, empty_table
from tests.market.helpers import assert_same_market, names_in, small_market

FILES = ["daily.parquet", "assets.parquet", "tags.parquet", "ledger.parquet", "manifest.json"]
MANIFEST = Manifest(
    name="test", source="test", retrieved_at="2024-01-01T00:00:00Z", licence="none", close_convention=""
)


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    write_market(small_market(), tmp_path / "snapshot")
    return tmp_path / "snapshot"


def daily(*rows: tuple[str, str, float | None, float | None, float | None]) -> pa.Table:
    dates, ids, *numbers = zip(*rows, strict=True)
    columns = {"date": pa.array(pd.to_datetime(dates).date), "asset_id": pa.array(ids, pa.string())}
    names = ("price", "market_cap", "volume")
    return pa.table(columns | {name: pa.array(part, pa.float64()) for name, part in zip(names, numbers, strict=True)})


def write_rows(out: Path, table: pa.Table | pa.RecordBatchReader, ids: tuple[str, ...] = ("a", "b")) -> Manifest:
    day = pd.Timestamp("2024-01-01")
    assets = pd.DataFrame({"asset_id": ids, "symbol": ids, "name": ids, "first_date": day, "last_date": day})
    tables = {"assets": assets, "tags": empty_table(TAG_TYPES), "ledger": empty_table(LEDGER_TYPES)}
    return write_snapshot(out, daily=table, manifest=MANIFEST, **tables)


def test_what_is_written_is_loaded_to_the_bit(snapshot: Path) -> None:
    assert_same_market(load_market(snapshot), small_market())


def test_one_asset_on_one_day_is_a_market(tmp_path: Path) -> None:
    write_rows(tmp_path / "one", daily(("2024-01-01", "a", 2.5, None, None)), ids=("a",))
    market = load_market(tmp_path / "one")
    assert market.prices.shape == (1, 1)
    assert market.price("a").iloc[0] == 2.5
    assert market.market_caps.isna().all(axis=None)


def test_the_same_market_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_market(small_market(), tmp_path / name)
    for name in FILES:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


def test_the_fingerprint_changes_with_a_price(tmp_path: Path) -> None:
    fingerprints = {
        write_rows(tmp_path / str(price), daily(("2024-01-01", "a", price, None, None))).fingerprint
        for price in (1.0, 1.0000000000000002)
    }
    assert len(fingerprints) == 2


@pytest.mark.parametrize("file", FILES)
def test_a_flipped_byte_is_found_in_every_file(snapshot: Path, file: str) -> None:
    content = bytearray((snapshot / file).read_bytes())
    content[len(content) // 2] ^= 1
    (snapshot / file).write_bytes(content)
    with pytest.raises(DataError, match=file):
        load_market(snapshot)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named(snapshot: Path, file: str) -> None:
    (snapshot / file).unlink()
    with pytest.raises(DataError, match=file):
        load_market(snapshot)


def test_a_manifest_of_another_version_is_refused(snapshot: Path) -> None:
    change_manifest(snapshot, format_version=99)
    with pytest.raises(DataError, match=r"format_version is 99, this program reads 1"):
        load_market(snapshot)


def test_an_edited_manifest_is_refused(snapshot: Path) -> None:
    change_manifest(snapshot, licence="public domain")
    with pytest.raises(DataError, match="does not agree with its own sha256"):
        load_market(snapshot)


def test_an_unknown_entry_of_the_manifest_suggests_the_known_one(snapshot: Path) -> None:
    change_manifest(snapshot, licens="x")
    with pytest.raises(DataError, match="did you mean 'licence'"):
        load_market(snapshot)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "\ufeff nonsense"])
def test_a_manifest_that_is_not_json_is_refused(snapshot: Path, text: str) -> None:
    (snapshot / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="JSON"):
        load_market(snapshot)


def test_binary_garbage_as_a_manifest_is_refused(snapshot: Path) -> None:
    (snapshot / "manifest.json").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(DataError, match="not JSON"):
        load_market(snapshot)


def test_a_path_that_does_not_exist_says_where_was_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no snapshot at nowhere") as caught:
        open_snapshot("nowhere")
    assert str(tmp_path / "nowhere") in str(caught.value)


def test_a_snapshot_is_not_overwritten_unless_asked(snapshot: Path) -> None:
    before = (snapshot / "manifest.json").read_bytes()
    with pytest.raises(DataError, match="already a snapshot"):
        write_market(small_market().until("2020-01-10"), snapshot)
    assert (snapshot / "manifest.json").read_bytes() == before
    write_market(small_market().until("2020-01-10"), snapshot, replace=True)
    assert load_market(snapshot).dates[-1] == pd.Timestamp("2020-01-10")
    assert names_in(snapshot.parent) == {"snapshot"}


def test_a_folder_that_is_no_snapshot_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(DataError, match="not a snapshot"):
        write_market(small_market(), tmp_path / "thesis", replace=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_failure_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        write_rows(tmp_path / "new", failing_reader())
    assert names_in(tmp_path) == set()


def test_a_failure_while_moving_brings_the_old_snapshot_back(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system that cannot exchange two folders in one step."""
    real = Path.replace

    def fail_for_the_new_one(self: Path, target: Path) -> Path:
        if self.parent.name.startswith(".snapshot.partial") and target == snapshot and self.name == "snapshot":
            raise OSError(errno.ENOSPC, "disk full")
        return real(self, target)

    monkeypatch.setattr(placing, "_exchange", lambda one, other: False)
    monkeypatch.setattr(Path, "replace", fail_for_the_new_one)
    with pytest.raises(DataError, match="could not be written: disk full"):
        write_market(small_market().until("2020-01-10"), snapshot, replace=True)
    monkeypatch.undo()
    assert_same_market(load_market(snapshot), small_market())
    assert names_in(snapshot.parent) == {"snapshot"}


def test_a_killed_writer_leaves_the_old_snapshot_as_it_was(snapshot: Path) -> None:
    program = (
        "import os, signal, pathlib\n"
        "from research.market import writing, write_market\n"
        "from tests.market.helpers import small_market\n"
        "writing.flush = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write_market(small_market().until('2020-01-10'), pathlib.Path({str(snapshot)!r}), replace=True)\n"
    )
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == -signal.SIGKILL
    assert_same_market(load_market(snapshot), small_market())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("2024-01-01", "a", 1.0, None, None), ("2024-01-01", "a", 1.0, None, None)],
            "'a' has two rows for 2024-01-01",
        ),
        (
            [("2024-01-02", "a", 1.0, None, None), ("2024-01-01", "a", 1.0, None, None)],
            "'a' is out of order on 2024-01-01",
        ),
        ([("2024-01-01", "zebra", 1.0, None, None)], "'zebra' has daily rows but no row in assets.parquet"),
        ([("2024-01-01", "a", 0.0, None, None)], "price of 'a' on 2024-01-01 is"),
        ([("2024-01-01", "a", 1.0, -5.0, None)], "market_cap of 'a' on 2024-01-01 is"),
        ([("2024-01-01", "a", 1.0, None, -1.0)], "volume of 'a' on 2024-01-01 is"),
        ([("2024-01-01", "a", float("inf"), None, None)], "price of 'a' on 2024-01-01 is"),
    ],
)
def test_rows_that_break_the_format_are_not_written(tmp_path: Path, rows: list[tuple], message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_rows(tmp_path / "new", daily(*rows))
    assert names_in(tmp_path) == set()


def test_rows_out_of_order_are_found_across_batches(tmp_path: Path) -> None:
    batches = (
        daily(("2024-01-02", "a", 1.0, None, None)).to_batches()
        + daily(("2024-01-01", "b", 1.0, None, None)).to_batches()
    )
    with pytest.raises(DataError, match="'b' is out of order"):
        write_rows(tmp_path / "new", pa.RecordBatchReader.from_batches(batches[0].schema, batches))


def test_a_table_without_rows_is_no_snapshot(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no daily rows"):
        write_rows(tmp_path / "new", daily(("2024-01-01", "a", 1.0, None, None)).slice(0, 0))


def test_a_zero_volume_is_a_value_and_not_missing(tmp_path: Path) -> None:
    write_rows(tmp_path / "new", daily(("2024-01-01", "a", 1.0, None, 0.0)))
    assert load_market(tmp_path / "new").volumes.loc["2024-01-01", "a"] == 0.0


def test_a_simulated_market_must_say_so_in_its_name() -> None:
    with pytest.raises(DataError, match="must contain the word SIMULATED"):
        dataclasses.replace(MANIFEST, simulated=True)


def change_manifest(snapshot: Path, **entries: object) -> None:
    file = snapshot / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | entries))


def failing_reader() -> pa.RecordBatchReader:
    table = daily(("2024-01-01", "a", 1.0, None, None))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from table.to_batches()
        raise ZeroDivisionError

    return pa.RecordBatchReader.from_batches(table.schema, batches())


def test_markets_in_memory_can_be_written_and_read_again(tmp_path: Path) -> None:
    prices = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0]}, index=pd.to_datetime(["2024-01-01", "2024-01-05"]))
    market = MarketData.from_panels(prices)
    write_market(market, tmp_path / "new")
    assert_same_market(load_market(tmp_path / "new"), market)
    assert len(market.dates) == 5
