"""A small published folder, made by what publishes in earnest, and servers in processes of their own."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from research.cli.serve import EXTRA
from research.evaluation import performance_summary
from research.index import IndexHistory, Methodology, build_index
from research.index.comparisons.comparison import levels_beside
from research.market import load_market
from research.reporting.publishing.data_files import VARIABLE, digests, folder_of, read_files
from research.reporting.publishing.data_writing import publish_data
from research.reporting.publishing.site import data_folders
from research.reporting.publishing.site.editions import keep_edition
from research.reporting.publishing.site.manifest import Entry, State, page_of, read_manifest, write_manifest
from tests.conftest import ROOT

INSTANTS = {"before": "2026-11-20T01:00:00+00:00", "now": "2026-11-27T01:00:00+00:00"}
KEY = "a key that is long enough"  # of the tests alone; `research serve --new-key` makes real ones


def publish(site: Path, scratch: Path, indices: dict[str, IndexHistory], instant: str, **changed: Any) -> None:
    """Put indices into a published folder as a build does: pages, data, and the manifest last."""
    entries = {}
    for name, index in indices.items():
        files = _files(scratch, index)
        folder = folder_of(name, digests(files))
        data_folders.place(site, folder, files, digests(files))
        page_of(site, name).write_text(f"<!doctype html><title>{name}</title>{instant}" + "<p>a page</p>" * 1000)
        entries[name] = Entry(
            title=index.methodology.name,
            simulated=index.market.manifest.simulated,
            last_success=instant,
            data=folder,
            files=digests(files),
            content=folder,
        )
    (site / "index.html").write_text(f"<!doctype html><title>Reports</title>{instant}")
    write_manifest(site, State(reports=entries | {"market-review": Entry(title="The market")}))
    if changed.get("keep", True):
        keep_edition(site, read_manifest(site), instant)


def _files(scratch: Path, index: IndexHistory) -> dict[str, bytes]:
    levels = levels_beside(index, ["bitcoin", "ethereum"], [])
    summary = performance_summary(index.level, benchmark=levels["bitcoin"], draws=100)
    folder = Path(scratch / f"files-{len(list(scratch.iterdir()))}")
    folder.mkdir()
    os.environ[VARIABLE] = str(folder)
    try:
        publish_data(index, levels, summary, assets=["bitcoin", "ethereum"], risk_free=0.0, draws=100)
    finally:
        del os.environ[VARIABLE]
    if index.market.manifest.simulated:  # calls, without the time that a recipe takes
        calls = {"signal": "bullish", "score": 0.1, "probability": 0.6, "missing": 0}
        held = index.constituents[["effective_date", "asset_id"]].set_axis(["date", "asset_id"], axis=1)
        held.assign(**calls).to_parquet(folder / "signals.parquet", index=False)
    return read_files(folder)


@dataclass(frozen=True)
class Published:
    """A published folder, and the indices in it by the name of their report."""

    site: Path
    indices: dict[str, IndexHistory]
    before: dict[str, IndexHistory] = field(default_factory=dict)


@pytest.fixture(scope="session", autouse=True)
def extra() -> None:
    """Everything here is skipped without the optional extra."""
    if missing := [name for name in EXTRA if importlib.util.find_spec(name) is None]:
        pytest.skip(f'needs {", ".join(missing)}: pip install -e ".[serve]"')


@pytest.fixture(scope="session")
def published(extra: None, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Two builds, the first up to half a year earlier: a simulated index, one more, and one of a licensed market."""
    scratch, site = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("published") / "site"
    site.mkdir()
    sample = load_market(ROOT / "data" / "sample").until("2020-12-31")
    name = "Licensed market"
    licensed = dataclasses.replace(
        sample, manifest=dataclasses.replace(sample.manifest, name=name, simulated=False, redistribute=False)
    )
    now = {
        "large-cap-10": build_index(sample, Methodology.load("large-cap-10")),
        "equal-weight-100": build_index(sample, Methodology.load("equal-weight-100")),
        "licensed": build_index(licensed, Methodology.load("large-cap-10")),
    }
    before = {name: build_index(index.market.until("2020-06-30"), index.methodology) for name, index in now.items()}
    publish(site, scratch, before, INSTANTS["before"])
    publish(site, scratch, now, INSTANTS["now"])
    return Published(site=site, indices=now, before=before)


@dataclass
class Server:
    """`research serve` in a process of its own, a client of it, and the file that its log goes to."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    output: Path

    @property
    def url(self) -> str:
        return str(self.client.base_url)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, **options)

    def json(self, path: str, **parameters: Any) -> Any:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop, wait, and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.read_text().splitlines()]


@contextmanager
def serving(site: Path, *arguments: str, **environment: str) -> Iterator[Server]:
    """A server of this folder, at a port that was free."""
    command = [sys.executable, "-m", "research.cli", "serve", "--site", str(site), "--port", "0", *arguments]
    with tempfile.TemporaryDirectory() as folder, Path(folder, "out").open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT, env=os.environ | environment
        )
        try:
            address = _address(process, Path(out.name))
            with httpx.Client(base_url=address, timeout=60) as client:
                yield Server(process, client, Path(out.name))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    for _ in range(1200):
        if found := re.search(r"running on (http://[\d.]+:\d+)", output.read_text()):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(output.read_text())


@pytest.fixture(scope="session")
def server(published: Published) -> Iterator[Server]:
    """A server without limits of the folder `published`."""
    with serving(published.site, "--rate", "0") as running:
        yield running


@pytest.fixture(scope="session")
def levels() -> Callable[[Any], pd.Series]:
    """Levels of an answer in JSON, by day."""
    return lambda answer: pd.Series(
        {pd.Timestamp(row["date"]): row["level"] for row in answer["rows"]}, dtype="float64"
    )
