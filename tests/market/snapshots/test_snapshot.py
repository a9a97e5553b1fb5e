"""Snapshots: what is written comes back, nothing is ever half-written, and a damaged folder is refused."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from research.errors import DataError
from research.market import (
    Manifest,
    MarketData,
    load_market,
    open_snapshot,
    write_market,
    write_snapshot,
)
from research.market.snapshots import load, placing, writing
from research.market.snapshots import snapshot as snapshot_module
from research.market.tables import LEDGER_TYPES, TAG_TYPES, empty_table
from tests.conftest import ROOT
from tests.market.helpers import assert_same_market, names_in, rewritten, small_market

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


def test_a_licence_that_forbids_redistribution_is_kept_and_one_that_does_not_leaves_no_byte(tmp_path: Path) -> None:
    free, bound = (dataclasses.replace(MANIFEST, redistribute=may) for may in (True, False))
    assert free.to_json() == MANIFEST.to_json()
    assert "redistribute" not in free.to_json()
    assert Manifest.from_json(bound.signed().to_json(), "m").redistribute is False
    assert bound.fingerprint != free.fingerprint
    with pytest.raises(DataError, match="redistribute is 'no', expected a JSON bool"):
        Manifest.from_json(bound.signed().to_json().replace('"redistribute": false', '"redistribute": "no"'), "m")


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
        "from research.market import write_market\n"
        "from research.market.snapshots import writing\n"
        "from tests.market.helpers import small_market\n"
        "writing.flush = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write_market(small_market().until('2020-01-10'), pathlib.Path({str(snapshot)!r}), replace=True)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == -signal.SIGKILL
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


# ---------------------------------------------------------------------- replaced, edited or killed meanwhile


def while_it_is_read(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let `change` happen after a snapshot was verified and before most of it is read."""
    real = load._window
    monkeypatch.setattr(load, "_window", lambda *arguments: (change(), real(*arguments))[1])


def test_a_snapshot_that_is_replaced_while_it_is_read_is_loaded_as_it_was_verified(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, fingerprint = load_market(snapshot), open_snapshot(snapshot)[1].fingerprint
    new = small_market().until("2020-01-10")
    while_it_is_read(monkeypatch, lambda: write_market(new, snapshot, replace=True))
    market = load_market(snapshot)
    assert_same_market(market, old)
    assert market.manifest.fingerprint == fingerprint
    monkeypatch.undo()
    assert_same_market(load_market(snapshot), new)


def test_a_snapshot_that_is_removed_while_it_is_opened_is_the_new_one(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is replaced between its manifest and its other files, and the old one is gone."""
    new = small_market().until("2020-01-10")
    real, seen = snapshot_module._read, []

    def replace_after_the_first(handle: int, name: str, folder: Path) -> bytes:
        seen.append(name)
        content = real(handle, name, folder)
        if len(seen) == 1:
            write_market(new, snapshot, replace=True)
        return content

    monkeypatch.setattr(snapshot_module, "_read", replace_after_the_first)
    assert_same_market(load_market(snapshot), new)


def test_a_file_that_is_edited_in_its_place_while_it_is_read_is_refused(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = snapshot / "daily.parquet"
    while_it_is_read(monkeypatch, lambda: file.write_bytes(file.read_bytes() + b" "))
    with pytest.raises(DataError, match=r"daily\.parquet"):
        load_market(snapshot)


def killed_between_two_renames(snapshot: Path) -> None:
    """Replace a snapshot on a system that cannot exchange folders, and die when the old one has stepped aside."""
    program = (
        "import os, signal, pathlib\n"
        "from research.market import write_market\n"
        "from research.market.snapshots import placing\n"
        "from tests.market.helpers import small_market\n"
        "placing._exchange = lambda one, other: False\n"
        "real = pathlib.Path.replace\n"
        "def replace(self, target):\n"
        "    real(self, target)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "pathlib.Path.replace = replace\n"
        f"write_market(small_market().until('2020-01-10'), pathlib.Path({str(snapshot)!r}), replace=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not snapshot.exists()


def test_a_kill_between_two_renames_is_mended_by_the_next_reader(snapshot: Path) -> None:
    killed_between_two_renames(snapshot)
    assert_same_market(load_market(snapshot), small_market())


def test_a_kill_between_two_renames_is_mended_by_the_next_writer(snapshot: Path) -> None:
    killed_between_two_renames(snapshot)
    with pytest.raises(DataError, match="is already a snapshot"):
        write_market(small_market().until("2020-01-05"), snapshot)
    assert_same_market(load_market(snapshot), small_market())
    write_market(small_market().until("2020-01-05"), snapshot, replace=True)
    assert names_in(snapshot.parent) == {"snapshot"}


def test_a_replacement_never_leaves_the_name_without_a_snapshot(snapshot: Path) -> None:
    """In one step, on a system that can: no rename away from the name happens."""
    if not placing._exchange(*two_folders(snapshot.parent)):
        pytest.skip("this system cannot exchange two folders in one step")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: pytest.fail("the old snapshot stepped aside"))
        write_market(small_market().until("2020-01-10"), snapshot, replace=True)
    assert load_market(snapshot).dates[-1] == pd.Timestamp("2020-01-10")


def two_folders(parent: Path) -> tuple[Path, Path]:
    folders = parent / "one", parent / "other"
    for folder in folders:
        folder.mkdir()
    return folders


def test_litter_of_killed_writers_goes_and_that_of_running_ones_stays(snapshot: Path) -> None:
    litter = snapshot.parent / ".snapshot.partial-killed"
    (litter / "snapshot").mkdir(parents=True)
    (litter / "snapshot" / "daily.parquet").write_bytes(b"half a file")
    others = snapshot.parent / ".snapshot-2.partial-x"
    others.mkdir()
    with placing.scratch_folder(snapshot) as running:
        (running / "work").write_text("in progress")
        write_market(small_market(), snapshot, replace=True)
        assert (running / "work").read_text() == "in progress"
        assert names_in(snapshot.parent) == {"snapshot", others.name, running.name}
    assert names_in(snapshot.parent) == {"snapshot", others.name}


# ---------------------------------------------------------------------- folders written by other means


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("2024-01-01", "late", float("inf"), 1.0, 1.0), "price of 'late' on 2024-01-01 is inf"),
        (("2024-01-01", "late", -5.0, 1.0, 1.0), "price of 'late' on 2024-01-01 is -5.0"),
        (("2024-01-01", "late", 0.0, 1.0, 1.0), "price of 'late' on 2024-01-01 is 0.0"),
        (("2024-01-01", "late", 1.0, -1.0, 1.0), "market_cap of 'late' on 2024-01-01 is -1.0"),
        (("2024-01-01", "late", 1.0, 1.0, -1.0), "volume of 'late' on 2024-01-01 is -1.0"),
        (("2024-01-01", "zebra", 1.0, 1.0, 1.0), "'zebra' has daily rows but no row"),
    ],
)
def test_values_that_cannot_be_right_are_not_loaded_either(snapshot: Path, row: tuple, message: str) -> None:
    rewritten(snapshot, "daily.parquet", daily(row))
    with pytest.raises(DataError, match=message):
        load_market(snapshot)


def test_daily_rows_without_statistics_or_without_rows_are_refused(snapshot: Path) -> None:
    rewritten(snapshot, "daily.parquet", daily(("2024-01-01", "late", 1.0, 1.0, 1.0)), write_statistics=False)
    with pytest.raises(DataError, match="no statistics of their dates"):
        load_market(snapshot)
    rewritten(snapshot, "daily.parquet", daily(("2024-01-01", "late", 1.0, 1.0, 1.0)).slice(0, 0))
    with pytest.raises(DataError, match="has no rows"):
        load_market(snapshot)


def test_days_of_other_ages_are_refused(snapshot: Path) -> None:
    table = daily(("2024-01-01", "late", 1.0, 1.0, 1.0))
    rewritten(snapshot, "daily.parquet", table.set_column(0, "date", pa.array([2**30], pa.date32())))
    with pytest.raises(DataError, match="dates outside of the years 1 to 9999"):
        load_market(snapshot)


@pytest.mark.parametrize("name", FILES[:4])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all, however long it may be", b"\x00" * 64])
def test_a_file_that_is_no_parquet_is_refused_though_its_sha256_is_right(
    snapshot: Path, name: str, content: bytes
) -> None:
    rewritten(snapshot, name, content)
    with pytest.raises(DataError, match=r"snapshot|daily"):
        load_market(snapshot)


@pytest.mark.parametrize("name", FILES[1:4])
def test_a_table_with_columns_of_another_type_is_refused(snapshot: Path, name: str) -> None:
    table = pq.read_table(snapshot / name)
    rewritten(snapshot, name, table.set_column(0, table.schema.names[0], pa.array(range(len(table)), pa.int64())))
    with pytest.raises(DataError, match=r"has the columns .* \(int64\).*; expected"):
        load_market(snapshot)


def test_assets_listed_twice_or_out_of_order_are_refused(snapshot: Path) -> None:
    table = pq.read_table(snapshot / "assets.parquet")
    for order, message in {(0, 0, 1, 2): "one for each", (2, 1, 0): "sorted by", (0, 1): "no row in assets"}.items():
        rewritten(snapshot, "assets.parquet", table.take(list(order)))
        with pytest.raises(DataError, match=message):
            load_market(snapshot)


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_or_a_folder_in_place_of_a_file_is_refused(snapshot: Path, name: str) -> None:
    (snapshot / name).unlink()
    os.mkfifo(snapshot / name)
    with pytest.raises(DataError, match=r"no snapshot at|is no file"):
        load_market(snapshot)
    (snapshot / name).unlink()
    (snapshot / name).mkdir()
    with pytest.raises(DataError, match=r"no snapshot at|is no file"):
        load_market(snapshot)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"rows": True}, "rows is True, expected a JSON int"),
        ({"rows": "many"}, "rows is 'many', expected a JSON int"),
        ({"format_version": True}, "format_version is True"),
        ({"simulated": 1}, "simulated is 1, expected a JSON bool"),
        ({"name": None}, "name is None, expected a JSON str"),
        ({"sha256": []}, r"sha256 is \[\], expected a JSON dict"),
        ({"sha256": {"daily.parquet": 7}}, "sha256 holds 7, expected a text"),
        ({"caveats": ["fine", 7]}, "caveats holds 7, expected a text"),
        ({"caveats": "all fine"}, "caveats is 'all fine', expected a JSON list"),
        ({"source": "\ud800"}, "source holds .* expected a text"),
        ({"currency": "EUR"}, "currency = 'EUR', expected 'USD'"),
        ({"more": 1}, "unknown entry 'more'"),
    ],
)
def test_a_manifest_with_entries_of_another_type_is_refused(snapshot: Path, entries: dict, message: str) -> None:
    change_manifest(snapshot, **entries)
    with pytest.raises(DataError, match=message):
        load_market(snapshot)


@pytest.mark.parametrize("text", ["", "[]", "7", "[" * 100_000, '{"rows": ' + "9" * 5_000 + "}", '{"rows": NaN}'])
def test_json_of_another_shape_is_refused(snapshot: Path, text: str) -> None:
    (snapshot / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json"):
        load_market(snapshot)


def test_a_market_beyond_the_limit_is_refused_before_its_panels_are_made(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESEARCH_MAX_MARKET_GB", "0.000002")
    with pytest.raises(DataError, match=r"4 panels of 30 days x 3 assets \(360 cells\).*start=, end=, assets="):
        load_market(snapshot)
    assert load_market(snapshot, end="2020-01-10").prices.shape == (10, 3)


def test_a_place_that_may_not_be_read_is_said_in_one_line(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(DataError, match=r"the snapshot .* cannot be read: Permission denied\. "):
        load_market(snapshot)
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(DataError, match="could not be written: Permission denied"):
        write_market(small_market(), snapshot, replace=True)


@pytest.mark.parametrize("path", ["x" * 300, "nul\x00", "manifest.json/deeper"])
def test_a_path_that_can_be_none_is_said_in_one_line(snapshot: Path, path: str) -> None:
    with pytest.raises(DataError) as caught:
        load_market(snapshot / path)
    assert "\n" not in str(caught.value)


def test_two_writers_of_a_new_name_do_not_replace_each_other_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one finished while the first was at work."""
    real = writing.write_daily

    def overtaken(*arguments: object) -> int:
        monkeypatch.undo()
        write_market(small_market(), tmp_path / "new")
        return real(*arguments)

    monkeypatch.setattr(writing, "write_daily", overtaken)
    with pytest.raises(DataError, match="Directory not empty"):
        write_market(small_market().until("2020-01-10"), tmp_path / "new")
    assert_same_market(load_market(tmp_path / "new"), small_market())
    assert names_in(tmp_path) == {"new"}


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_link_is_kept_and_the_snapshot_that_it_points_to_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    """Whether or not the system can exchange two folders in one step."""
    if not in_one_step:
        monkeypatch.setattr(placing, "_exchange", lambda *_: False)
    write_market(small_market(), tmp_path / "elsewhere/snapshot")
    link = tmp_path / "latest"
    link.symlink_to(tmp_path / "elsewhere/snapshot")
    later = small_market().since("2020-01-10")
    write_market(later, link, replace=True)
    assert link.is_symlink()
    assert load_market(tmp_path / "elsewhere/snapshot").dates[0] == later.dates[0]
    assert names_in(tmp_path) == {"elsewhere", "latest"}
    assert names_in(tmp_path / "elsewhere") == {"snapshot"}


def test_a_link_to_a_folder_that_is_not_there_makes_that_folder_and_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "new")
    write_market(small_market(), tmp_path / "latest")
    assert (tmp_path / "latest").is_symlink()
    assert names_in(tmp_path / "new") >= {"daily.parquet"}
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DataError, match="circle could not be written"):
        write_market(small_market(), tmp_path / "circle")
