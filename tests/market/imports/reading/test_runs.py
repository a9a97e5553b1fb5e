"""Rows sorted on the disk: what comes back is what was added, and no import depends on how it was cut into pieces."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.errors import DataError
from research.market import Profile, import_table
from research.market.imports.cleaning import clean_rows
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.sections import DatingRule
from research.market.imports.reading import batches, runs
from research.market.imports.reading.runs import SortedRuns
from research.market.quality.holding_back import HOLDABLE
from research.market.snapshots import placing, writing
from tests.conftest import ROOT
from tests.market.helpers import PROFILE, names_in

FEW = st.sampled_from([1, 2, 5, 1 << 20])
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@QUIET
@given(
    parts=st.lists(st.lists(st.integers(0, 30), max_size=8), min_size=1, max_size=8).filter(any),
    rows_per_run=FEW,
    most=FEW,
)
def test_rows_come_back_by_value_and_in_the_order_in_which_they_came(
    parts: list[list[int]], rows_per_run: int, most: int
) -> None:
    values = [value for part in parts for value in part]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "ROWS_PER_RUN", rows_per_run)
        rows = SortedRuns("value", "rows.arrow", lambda: Path(name))
        count = 0
        for part in parts:
            rows.add({"value": np.array(part, dtype=np.int32), "place": np.arange(count, count + len(part))})
            count += len(part)
        assert len(rows) == len(values)
        blocks = list(rows.blocks(most))
        assert names_in(Path(name)) == set()
    found: list[tuple[int, int]] = []
    for block in blocks:
        pairs = list(zip(block["value"].tolist(), block["place"].tolist(), strict=True))
        assert len(pairs) <= most or len(set(block["value"])) == 1
        found += sorted(pairs, key=lambda pair: pair[0])  # stable: places of one value are compared as they came
    assert found == sorted(zip(values, range(count), strict=True), key=lambda pair: pair[0])


DAYS = st.integers(0, 25).map(lambda n: dt.date(2024, 1, 1) + dt.timedelta(days=n))
NUMBERS = st.sampled_from([1.0, 2.5, 3.0, 0.0, -0.0, -1.0, np.nan, np.inf, 1e300])
TABLES = st.dictionaries(
    st.tuples(DAYS, st.sampled_from(["btc", "BTC", "eth", "str", "xlm", "x"])), st.tuples(NUMBERS, NUMBERS, NUMBERS),
    min_size=1, max_size=40,
)  # fmt: skip
PROFILES = st.builds(
    lambda gap, dating, hold_back: dataclasses.replace(
        PROFILE,
        hold_back=hold_back,
        split_after_gap_days=gap,
        dating=dating,
        assets={"BTC": Asset(id="btc-old"), "str": Asset(id="stellar"), "xlm": Asset(id="stellar")},
    ),
    st.sampled_from([None, 2, 5]),
    st.sampled_from([(), (DatingRule(start=dt.date(2024, 1, 9), shift_days=-1),)]),
    st.sampled_from([(), tuple(HOLDABLE)]),
)


def outcome(frame: pd.DataFrame, profile: Profile) -> str:
    """The fingerprint of the snapshot, which stands for its every byte; or the refusal."""
    with tempfile.TemporaryDirectory() as name:
        frame.to_parquet(Path(name) / "table.parquet", index=False)
        try:
            return import_table(Path(name) / "table.parquet", profile, Path(name) / "out").manifest.fingerprint
        except DataError as error:
            return str(error).split(":")[0].replace(name, "")
        finally:
            assert names_in(Path(name)) <= {"table.parquet", "out"}


@QUIET
@given(
    table=TABLES, profile=PROFILES, rows_per_batch=FEW, rows_per_run=FEW, rows_at_a_time=FEW, seed=st.integers(0, 99)
)
def test_order_and_pieces_of_a_table_change_no_byte_of_the_snapshot(
    table: dict, profile: Profile, rows_per_batch: int, rows_per_run: int, rows_at_a_time: int, seed: int
) -> None:
    """One row for each key and day, so that nothing depends on the numbers of rows, which the ledger names."""
    lines = [(*key, *values) for key, values in table.items()]
    frame = pd.DataFrame(lines, columns=["day", "coin", "close", "cap", "vol"])
    with pytest.MonkeyPatch.context() as patch:
        for module in (placing, writing):
            patch.setattr(module, "flush", lambda _: None)
        whole = outcome(frame, profile)
        patch.setattr(batches, "ROWS_PER_BATCH", rows_per_batch)
        patch.setattr(runs, "ROWS_PER_RUN", rows_per_run)
        patch.setattr(clean_rows, "ROWS_AT_A_TIME", rows_at_a_time)
        pieces = outcome(frame, profile)
        shuffled = outcome(frame.sample(frac=1, random_state=seed), profile)
    assert pieces == whole
    assert shuffled == whole


def large_table(folder: Path, rows: int = 5_000) -> Path:
    days = np.datetime64("2020-01-01") + np.arange(rows) % 1000
    coins = [f"asset-{n // 1000}" for n in range(rows)]
    ones = np.ones(rows)
    pq.write_table(
        pa.table({"day": days, "coin": coins, "close": ones, "cap": ones, "vol": ones}), folder / "t.parquet"
    )
    return folder / "t.parquet"


def test_a_table_is_refused_before_it_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(runs, "ROWS_PER_RUN", 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 200_000, 200_000))
    with pytest.raises(DataError, match=r"sorting the first 5,000 rows .* needs another .* GB on the disk of .* free"):
        import_table(large_table(tmp_path), PROFILE, tmp_path / "not" / "there" / "out")
    assert names_in(tmp_path) == {"t.parquet"}


def test_a_disk_that_fills_up_while_rows_are_sorted_fails_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """The kernel itself refuses the bytes: a limit on the size of files stands in for the full disk."""
    program = (
        "import resource, signal\n"
        "from pathlib import Path\n"
        "from research.market import import_table\n"
        "from research.market.imports.reading import runs\n"
        "from tests.market.helpers import PROFILE\n"
        "runs.ROWS_PER_RUN = 1000\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"import_table(Path({str(large_table(tmp_path))!r}), PROFILE, Path({str(tmp_path / 'out')!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "DataError: the rows of the table could not be sorted on the disk, beside the snapshot: " in last
    assert names_in(tmp_path) == {"t.parquet"}


def test_a_target_that_may_not_be_replaced_is_refused_before_the_table_is_read(tmp_path: Path) -> None:
    import_table(large_table(tmp_path), PROFILE, tmp_path / "out")
    with pytest.raises(DataError, match="is already a snapshot"):
        import_table(tmp_path / "absent.parquet", PROFILE, tmp_path / "out")
