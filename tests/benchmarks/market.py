"""Import and load of a market, against pandas, Polars and DuckDB making the same panels: seconds and peak memory.

Each measurement runs in a fresh process, because the peak of a process never falls again, and says what panels it made:
they are equal, or the benchmark fails. Peers read and pivot, no more; an import checks every row, and writes a verified
snapshot. `python -m tests.benchmarks.market` adds the import of 20,000 assets x 3,650 days.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from research.market import Manifest, MarketData, import_table, load_market, write_snapshot
from research.market.tables import LEDGER_TYPES, TAG_TYPES, empty_table
from research.typing import FloatArray
from tests.benchmarks._memory import peak_memory
from tests.market.helpers import PROFILE

COLUMNS = ("price", "market_cap", "volume")
VENDOR = dict(zip(COLUMNS, ("close", "cap", "vol"), strict=True))
DAYS_PER_BATCH = 50
FIRST_DAY = np.datetime64("2014-01-01")
Panels = list[FloatArray]


def run() -> list[dict[str, Any]]:
    """20,000 assets x 400 days imported and loaded; 20,000 x 3,650 loaded (a pivot needs over 10 GB), and in part."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for ending in ("parquet", "csv"):
            write_vendor_table(folder / f"table.{ending}", 20_000, 400)
            rows += _imports(folder / f"table.{ending}", f"20,000 x 400 from {ending}")
        write_random_snapshot(folder / "small", 2_000, 3_650)
        rows += _against(folder / "small", "snapshot", "load 2,000 x 3,650, verified")
        write_random_snapshot(folder / "large", 20_000, 3_650)
        rows += _parts(folder / "large", 20_000, 3_650)
    return rows


def _imports(table: Path, name: str) -> list[dict[str, Any]]:
    imported = _in_fresh_process("import", table)
    loaded = _in_fresh_process("snapshot", table.parent / "imported")
    seconds, peak = imported["seconds"] + loaded["seconds"], max(imported["peak"], loaded["peak"])
    return [
        _row(f"import {name}, check, write, load", seconds, peak, peer, result)
        for peer, result in _peers(table, loaded["panels"]).items()
    ]


def _against(source: Path, how: str, name: str) -> list[dict[str, Any]]:
    ours = _in_fresh_process(how, source)
    peers = _peers(source, ours["panels"])
    return [_row(name, ours["seconds"], ours["peak"], peer, result) for peer, result in peers.items()]


def _parts(snapshot: Path, assets: int, days: int) -> list[dict[str, Any]]:
    """The whole, the last 30 days, and one asset in a hundred: seconds, peak memory and bytes read."""
    size = sum(file.stat().st_size for file in snapshot.iterdir())
    panels = len(COLUMNS) * assets * days * 8
    rows = []
    for how, name in (("snapshot", "whole"), ("month", "the last 30 days"), ("some", "1 % of the assets")):
        found = _in_fresh_process(how, snapshot)
        note = f"peak {found['peak'] / panels:.3f}x the three dense panels ({panels / 1e9:.2f} GB), "
        note += f"{found['read'] / size:.2f}x the bytes of the snapshot read"
        rows.append({"name": f"load {assets:,} x {days:,}: {name}", "ours_seconds": found["seconds"], "note": note})
    return rows


def measure_large_import(assets: int, days: int) -> dict[str, Any]:
    """The import alone, of a table that no pivot of it fits into memory."""
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "table.parquet"
        write_vendor_table(table, assets, days)
        found = _in_fresh_process("import", table)
        note = f"peak {found['peak'] / 1e6:,.0f} MB; the table has {table.stat().st_size / 1e6:,.0f} MB"
    return {"name": f"import {assets:,} x {days:,} from parquet", "ours_seconds": found["seconds"], "note": note}


def _row(name: str, seconds: float, peak: float, peer: str, result: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": f"{name}; {peer}",
        "ours_seconds": seconds,
        "peer_seconds": result["seconds"],
        "ratio": result["seconds"] / seconds,
        "note": f"peak {peak / 1e6:,.0f} MB, {peer} {result['peak'] / 1e6:,.0f} MB; equal panels",
    }


def _peers(source: Path, panels: str) -> dict[str, dict[str, Any]]:
    found = {peer: _in_fresh_process(peer, source) for peer in ("pandas", "polars", "duckdb")}
    for peer, result in found.items():
        assert result["panels"] == panels, f"the panels of {peer} are others"
    return found


def write_vendor_table(file: Path, assets: int, days: int) -> None:
    """A vendor's long table, by date: every tenth row is missing, as are one cap in fifty and one volume in fifty."""
    rng, ids = np.random.default_rng(7), np.array([f"asset-{number:05d}" for number in range(assets)])
    writer = None
    for begin in range(0, days, DAYS_PER_BATCH):
        count = min(DAYS_PER_BATCH, days - begin)
        kept = rng.random(count * assets) < 0.9
        values = {name: rng.lognormal(size=len(kept)).round(6) + 0.01 for name in VENDOR.values()}
        for name in ("cap", "vol"):
            values[name][rng.random(len(kept)) < 0.02] = np.nan
        dates = np.repeat(FIRST_DAY + np.arange(begin, begin + count), assets)[kept]
        numbers = {name: pa.array(column[kept], from_pandas=True) for name, column in values.items()}
        table = pa.table({"day": dates, "coin": np.tile(ids, count)[kept], **numbers})
        if writer is None:
            kind = pq.ParquetWriter if file.suffix == ".parquet" else pa.csv.CSVWriter
            writer = kind(file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def write_random_snapshot(out: Path, assets: int, days: int) -> None:
    """A snapshot of random walks with a row for every asset and day, streamed so that it need not fit into memory."""
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
    log_price, supply = rng.normal(0.0, 2.0, len(ids)), rng.lognormal(16.0, 2.0, len(ids))
    for begin in range(0, len(index), DAYS_PER_BATCH):
        days = index[begin : begin + DAYS_PER_BATCH].to_numpy().astype("datetime64[D]")
        keys = pa.DictionaryArray.from_arrays(pa.array(np.tile(np.arange(len(ids), dtype=np.int32), len(days))), names)
        walk = log_price + rng.normal(0.0, 0.04, (len(days), len(ids))).cumsum(axis=0)
        log_price, prices = walk[-1], np.exp(walk)
        numbers = [prices, prices * supply, prices * supply * rng.lognormal(-3.5, 0.5, prices.shape)]
        rounded = [pa.array(values.ravel().astype(np.float32).astype(float)) for values in numbers]
        dates = pa.array(np.repeat(days, len(ids)))
        yield pa.RecordBatch.from_arrays([dates, keys, *rounded], schema=schema)


def _in_fresh_process(how: str, source: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.market", how, str(source)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


# ---------------------------------------------------------------------- what a process of its own does


def _panels_of(market: MarketData) -> Panels:
    return [panel.to_numpy() for panel in (market.prices, market.market_caps, market.volumes)]


def _import(table: Path) -> Panels:
    profile = dataclasses.replace(PROFILE, retrieved_at="2025-01-01T00:00:00Z")
    import_table(table, profile, table.parent / "imported", replace=True)
    return []


def _files(source: Path) -> tuple[list[str], str, str, tuple[str, ...]]:
    """Files of a snapshot or a vendor's table, and the names of its day, asset and numbers."""
    if source.is_dir():
        parts = sorted(source.glob("daily*.parquet"), key=lambda file: file.name.removeprefix("daily.parquet"))
        return [str(part) for part in parts], "date", "asset_id", COLUMNS
    return [str(source)], "day", "coin", tuple(VENDOR.values())


def _pandas(source: Path) -> Panels:
    files, day, asset, names = _files(source)
    read = pd.read_csv if files[0].endswith(".csv") else pd.read_parquet
    rows = pd.concat([read(file) for file in files], ignore_index=True) if len(files) > 1 else read(files[0])
    return [rows.pivot(index=day, columns=asset, values=name).to_numpy() for name in names]  # noqa: PD010 (a pivot_table would average)


def _polars(source: Path) -> Panels:
    """Its own pivot takes three times as long: the grid of days and assets, joined with the rows."""
    import polars as pl  # of the bench extra; tests use other functions of this module

    files, day, asset, names = _files(source)
    rows = pl.read_csv(files[0]) if files[0].endswith(".csv") else pl.read_parquet(files)
    days, assets = (rows.select(pl.col(name).unique().sort()) for name in (day, asset))
    grid = days.join(assets, how="cross").join(rows, on=[day, asset], how="left", maintain_order="left")
    return [grid[name].to_numpy().reshape(len(days), len(assets)) for name in names]


def _duckdb(source: Path) -> Panels:
    """As for Polars: PIVOT takes three times as long."""
    import duckdb

    files, day, asset, names = _files(source)
    table = f"read_{'csv' if files[0].endswith('.csv') else 'parquet'}({files})"
    grid = duckdb.sql(
        f"WITH rows AS (FROM {table}), days AS (SELECT DISTINCT {day} FROM rows), "
        f"assets AS (SELECT DISTINCT {asset} FROM rows) SELECT {', '.join(names)} FROM days CROSS JOIN assets "
        f"LEFT JOIN rows USING ({day}, {asset}) ORDER BY {day}, {asset}"
    ).fetchnumpy()
    ((assets,),) = duckdb.sql(f"SELECT count(DISTINCT {asset}) FROM {table}").fetchall()
    return [np.ma.filled(grid[name], np.nan).reshape(-1, assets) for name in names]


def _month(snapshot: Path) -> Panels:
    end = FIRST_DAY + 3_650 - 1
    return _panels_of(load_market(snapshot, start=pd.Timestamp(end - 29)))


def _some(snapshot: Path) -> Panels:
    chosen = np.random.default_rng(1).choice(20_000, 200, replace=False)
    return _panels_of(load_market(snapshot, assets=[f"asset-{number:05d}" for number in chosen]))


HOW: dict[str, Callable[[Path], Panels]] = {
    "import": _import,
    "snapshot": lambda snapshot: _panels_of(load_market(snapshot)),
    "month": _month,
    "some": _some,
    "pandas": _pandas,
    "polars": _polars,
    "duckdb": _duckdb,
}


def _bytes_read() -> int:
    """What this process has read so far, from the disk or its cache (Linux; elsewhere zero)."""
    status = Path("/proc/self/io")
    return int(status.read_text().split("rchar: ")[1].split()[0]) if status.exists() else 0


def _measure_here(how: str, source: Path) -> None:
    before, read, start = peak_memory(), _bytes_read(), time.perf_counter()
    panels = HOW[how](source)
    result = {
        "seconds": time.perf_counter() - start,
        "peak": peak_memory() - before,
        "read": _bytes_read() - read,
        "panels": "",
    }
    digest = hashlib.sha256()
    for panel in panels:
        for row in panel:  # missing values have one form
            digest.update(np.where(np.isnan(row), np.nan, row).astype(np.float64).tobytes())
    print(json.dumps(result | {"panels": digest.hexdigest()}))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _measure_here(sys.argv[1], Path(sys.argv[2]))
    else:
        print(pd.DataFrame([*run(), measure_large_import(20_000, 3_650)]).to_string(index=False))
