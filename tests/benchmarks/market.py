"""`load_market` from Parquet to aligned panels, against pandas and its pivot on the same file: time, peak memory.

Each measurement runs in a fresh process, because the peak of a process never falls again. `python -m
tests.benchmarks.market` makes the full size (20,000 assets x 3,650 days, about 2 GB on disk); `run()` is smaller.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from research.market import Manifest, load_market, write_snapshot
from research.market.data import LEDGER_TYPES, TAG_TYPES, empty_table
from tests.benchmarks._memory import peak_memory

COLUMNS = ("price", "market_cap", "volume")
DAYS_PER_BATCH = 50


def run() -> list[dict[str, Any]]:
    """2,000 assets x 3,650 days against the pivot; 20,000 x 3,650 alone (the pivot would need more than 10 GB)."""
    return [measure(2_000, 3_650, peer=True), measure(20_000, 3_650, peer=False)]


def measure(assets: int, days: int, *, peer: bool) -> dict[str, Any]:
    """Write a snapshot, load it in a process of its own, and compare seconds and peak memory with the panels' size."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = Path(folder) / "snapshot"
        write_random_snapshot(snapshot, assets, days)
        ours = _in_fresh_process("ours", snapshot)
        pivot = _in_fresh_process("pivot", snapshot) if peer else None
    panels = len(COLUMNS) * assets * days * 8
    note = f"peak {ours['peak'] / panels:.2f}x the three dense panels ({panels / 1e9:.2f} GB)"
    if pivot is not None:
        note += f"; pandas pivot {pivot['peak'] / panels:.2f}x"
    return {
        "name": f"load {assets:,} assets x {days:,} days, verified",
        "ours_seconds": ours["seconds"],
        "peer_seconds": None if pivot is None else pivot["seconds"],
        "ratio": None if pivot is None else pivot["seconds"] / ours["seconds"],
        "note": note,
    }


def write_random_snapshot(out: Path, assets: int, days: int) -> None:
    """A snapshot in which every asset has a row for every day, streamed so that it need not fit into memory."""
    ids = [f"asset-{number:05d}" for number in range(assets)]
    index = pd.date_range("2014-01-01", periods=days)
    table = pd.DataFrame({"asset_id": ids, "symbol": ids, "name": ids, "first_date": index[0], "last_date": index[-1]})
    schema = pa.schema(
        {
            "date": pa.date32(),
            "asset_id": pa.dictionary(pa.int32(), pa.string()),
            **dict.fromkeys(COLUMNS, pa.float64()),
        }
    )
    write_snapshot(
        out,
        daily=pa.RecordBatchReader.from_batches(schema, _random_batches(schema, ids, index)),
        assets=table,
        tags=empty_table(TAG_TYPES),
        ledger=empty_table(LEDGER_TYPES),
        manifest=Manifest(
            name="SIMULATED benchmark", source="random numbers", retrieved_at="", licence="none", close_convention=""
        ),
    )


def _random_batches(schema: pa.Schema, ids: list[str], index: pd.DatetimeIndex) -> Iterator[pa.RecordBatch]:
    rng = np.random.default_rng(7)
    names = pa.array(ids, pa.string())
    for begin in range(0, len(index), DAYS_PER_BATCH):
        days = index[begin : begin + DAYS_PER_BATCH].to_numpy().astype("datetime64[D]")
        keys = pa.DictionaryArray.from_arrays(pa.array(np.tile(np.arange(len(ids), dtype=np.int32), len(days))), names)
        numbers = rng.lognormal(size=(len(COLUMNS), len(days) * len(ids))).astype(np.float32).astype(float)
        dates = pa.array(np.repeat(days, len(ids)))
        yield pa.RecordBatch.from_arrays([dates, keys, *map(pa.array, numbers)], schema=schema)


def _in_fresh_process(how: str, snapshot: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.market", how, str(snapshot)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _pivot(snapshot: Path) -> list[pd.DataFrame]:
    rows = pd.read_parquet(snapshot / "daily.parquet")
    return [rows.pivot(index="date", columns="asset_id", values=name) for name in COLUMNS]  # noqa: PD010 (a pivot_table would average)


def _measure_here(how: str, snapshot: Path) -> None:
    before, start = peak_memory(), time.perf_counter()
    loaded = load_market(snapshot) if how == "ours" else _pivot(snapshot)
    seconds = time.perf_counter() - start
    assert loaded is not None
    print(json.dumps({"seconds": seconds, "peak": peak_memory() - before}))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _measure_here(sys.argv[1], Path(sys.argv[2]))
    else:
        print(pd.DataFrame(run()).to_string(index=False))
