"""A ten-year level from the service against a bare FastAPI route that returns the same bytes, in turns.

Both are uvicorn processes on this machine, asked by as many clients, each on a connection of its own. The service does
what it always does: looks whether a build has landed, checks the query, counts, logs a line; no rate limit.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from research.reporting.publishing.data_files import FACTS, as_json, digests, folder_of
from research.reporting.publishing.site import data_folders
from research.reporting.publishing.site.manifest import Entry, State, write_manifest
from tests.service.conftest import serving

CLIENTS, SECONDS, TURNS = 4, 4.0, 3
PATH = "/v1/indices/ten-years/levels"
BARE = """
import pathlib, sys, uvicorn
from fastapi import FastAPI, Response
app, body = FastAPI(), pathlib.Path(sys.argv[1]).read_bytes()

@app.get("/v1/indices/{index}/levels")
async def levels(index: str) -> Response:
    return Response(body, media_type="application/json")

uvicorn.run(app, port=0, access_log=False)
"""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark table: seconds a request, and those of the slowest in a hundred."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        _published(site)
        with serving(site, "--rate", "0") as server:
            body = server.client.get(PATH).content
            (Path(folder) / "body").write_bytes(body)
            with (Path(folder) / "log").open("w") as log:
                bare = subprocess.Popen([sys.executable, "-c", BARE, f"{folder}/body"], stdout=log, stderr=log)
                try:
                    return _in_turns(server.url, _address(Path(log.name)), len(body))
                finally:
                    bare.terminate()
                    bare.wait()


def _in_turns(ours: str, theirs: str, size: int) -> list[dict[str, Any]]:
    seconds: dict[str, list[float]] = {ours: [], theirs: []}
    rates: dict[str, list[float]] = {ours: [], theirs: []}
    for _ in range(TURNS):
        for url in (ours, theirs):
            taken = _asked(url, size)
            seconds[url] += taken
            rates[url].append(len(taken) / SECONDS)
    best = {url: max(found) for url, found in rates.items()}
    slow = {url: float(np.quantile(found, 0.99)) for url, found in seconds.items()}
    what = f"ten-year level, JSON, {size:,} bytes, {CLIENTS} clients"
    note = f"requests a second: {best[ours]:,.0f}, bare route {best[theirs]:,.0f}"
    return [
        _row(what, 1 / best[ours], 1 / best[theirs], note),
        _row("the same, 99th percentile", slow[ours], slow[theirs], "peer: a bare FastAPI route with the same bytes"),
    ]


def _row(name: str, ours: float, peer: float, note: str) -> dict[str, Any]:
    return {"name": name, "ours_seconds": ours, "peer_seconds": peer, "ratio": peer / ours, "note": note}


def _asked(url: str, size: int) -> list[float]:
    """Seconds of each request of all clients for some seconds."""
    taken: list[float] = []
    end = time.perf_counter() + SECONDS

    def ask() -> None:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=60)  # light, so that the servers are what is measured
        while (begin := time.perf_counter()) < end:
            connection.request("GET", PATH)
            answer = connection.getresponse()
            assert (answer.status, len(answer.read())) == (200, size)
            taken.append(time.perf_counter() - begin)

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def _published(site: Path) -> None:
    """A site with one index of ten years: a level and what must be said of it."""
    days = pd.date_range("2015-01-01", periods=3650)
    level = 1000.0 * np.exp(np.random.default_rng(0).normal(0.0, 0.03, len(days)).cumsum())
    table = pd.DataFrame({"date": days, "level": level, "gross_level": 1.01 * level, "bitcoin": 0.9 * level})
    facts = {"name": "Ten years", "simulated": True, "redistribute": True, "as_of": f"{days[-1]:%Y-%m-%d}"}
    files = {"levels.parquet": table.to_parquet(index=False), FACTS: as_json(facts).encode()}
    folder = folder_of("ten-years", digests(files))
    data_folders.place(site, folder, files, digests(files))
    entry = Entry(title="Ten years", simulated=True, last_success="2026-11-27T01:00:00+00:00", data=folder)
    entry.files.update(digests(files))
    write_manifest(site, State(reports={"ten-years": entry}))


def _address(log: Path) -> str:
    for _ in range(600):
        if "running on " in (text := log.read_text()):
            return text.split("running on ")[1].split(" ")[0]
        time.sleep(0.1)
    raise AssertionError(log.read_text())
