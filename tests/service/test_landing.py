"""Builds that land while clients ask: every answer belongs to one of them, as a whole."""

from __future__ import annotations

import io
import shutil
import threading
import time
from pathlib import Path

import httpx
import pandas as pd

from research.index import IndexHistory
from research.reporting.publishing.site.manifest import read_manifest
from tests.service.conftest import INSTANTS, Published, publish, serving
from tests.service.test_errors import problem

NAMES = ("large-cap-10", "equal-weight-100")
PATHS = (
    *("/v1/indices", "/v1/compare?names=large-cap-10,equal-weight-100", "/large-cap-10.html"),
    *(
        f"/v1/indices/{name}{table}"
        for name in NAMES
        for table in ("", "/levels", "/members", "/levels?format=parquet")
    ),
)


def what_it_is_of(path: str, answer: httpx.Response) -> tuple[str, str, float]:
    """Edition, last day and last level of an answer, each read from its body where it is there."""
    if path.endswith(".html"):
        return "page", next(key for key, instant in INSTANTS.items() if instant in answer.text), float(len(answer.text))
    if path.endswith("parquet"):
        table = pd.read_parquet(io.BytesIO(answer.content))
        return answer.headers["x-edition"], f"{table['date'].iloc[-1]:%Y-%m-%d}", float(table["level"].iloc[-1])
    body = answer.json()
    assert body["edition"] == answer.headers["x-edition"]
    if path == "/v1/indices":
        assert {row["as_of"] for row in body["rows"]} == {body["as_of"]}
        return body["edition"], body["as_of"], sum(row["level"] for row in body["rows"])
    rows = body.get("rows", [body])
    last = rows[-1].get("level", rows[-1].get("weight", rows[-1].get("large-cap-10", 0.0)))
    return body["edition"], body["as_of"], float(last)


class Clients:
    """Three that ask without a pause, and what the answers were of."""

    def __init__(self, url: str) -> None:
        self.url, self.stop, self.faults = url, threading.Event(), list[tuple[str, str]]()
        self.answers, self.refused = list[str](), list[str]()  # paths; lists are appended to by all three
        self.seen: dict[str, set[tuple[str, str, float]]] = {path: set() for path in PATHS}
        self.threads = [threading.Thread(target=self.ask) for _ in range(3)]

    def ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.stop.is_set():
                for path in PATHS:
                    self.note(path, client.get(path))

    def note(self, path: str, answer: httpx.Response) -> None:
        if answer.status_code == 503 and "retry-after" in answer.headers:
            self.refused.append(path)
            return  # three builds took the files away in one answer's time: it says so
        self.answers.append(path)
        try:
            assert answer.status_code == 200, answer.text
            self.seen[path].add(what_it_is_of(path, answer))
        except Exception as fault:
            self.faults.append((path, repr(fault)))


def test_no_answer_is_torn_while_builds_land(published: Published, tmp_path: Path) -> None:
    """Two builds take each other's place, and what neither names is swept, while clients ask."""
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    made = {"before": published.before, "now": published.indices}
    for which, indices in made.items():  # each made once: what lands is put there by renames
        (tmp_path / which).mkdir()
        _made(tmp_path / which, indices, INSTANTS[which])
    with serving(site, "--rate", "0") as server:
        clients = Clients(server.url)
        for thread in clients.threads:
            thread.start()
        deadline, turn = time.monotonic() + 240, 0
        while turn < 30 or (time.monotonic() < deadline and any(len(found) < 2 for found in clients.seen.values())):
            _land(tmp_path / ("before" if turn % 2 else "now"), site)
            time.sleep(0.1)
            turn += 1
        clients.stop.set()
        for thread in clients.threads:
            thread.join()
    assert clients.faults == []
    assert len(clients.refused) < len(clients.answers), (len(clients.refused), len(clients.answers))
    for path, found in clients.seen.items():
        assert len(found) == 2, (path, found)  # both builds were seen, and nothing that is of neither
    editions = [{edition for edition, *_ in clients.seen[path]} for path in PATHS if not path.endswith(".html")]
    assert all(pair == editions[0] for pair in editions)


def _made(folder: Path, indices: dict[str, IndexHistory], instant: str) -> None:
    scratch = folder.with_suffix(".scratch")
    scratch.mkdir()
    publish(folder, scratch, indices, instant, keep=False)


def _land(made: Path, site: Path) -> None:
    """Data first, then pages, then the manifest, each by a rename; the data that it does not name go at once."""
    for folder in made.glob("data/*/*"):
        target = site / folder.relative_to(made)
        if not target.exists():
            shutil.copytree(folder, target.with_name(f".{target.name}.part"))
            target.with_name(f".{target.name}.part").rename(target)
    for file in [*made.glob("*.html"), made / "manifest.json"]:
        shutil.copyfile(file, site / f".{file.name}.part")
        (site / f".{file.name}.part").rename(site / file.name)
    for folder in site.glob("data/*/*"):  # sooner than a build does, which keeps the one before
        if folder.is_dir() and not (made / folder.relative_to(site)).exists():
            shutil.rmtree(folder)


def test_a_service_that_starts_before_the_first_build_waits_for_it(published: Published, tmp_path: Path) -> None:
    with serving(tmp_path / "site") as server:
        for path in ("/readyz", "/v1/indices", "/v1/indices/large-cap-10/levels"):
            answer = server.get(path)
            assert "research report build" in problem(answer, 503, "not-ready")
            assert answer.headers["retry-after"] == "5"
        assert server.get("/healthz").status_code == 200
        assert server.get("/").status_code == 404
        shutil.copytree(published.site, tmp_path / "made")
        (tmp_path / "made").rename(tmp_path / "site")
        assert server.get("/readyz").status_code == 200
        assert server.json("/v1/indices")["total"] == 3


def test_a_copy_that_is_not_complete_is_no_answer(published: Published, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    [levels] = [file for file in site.glob("data/large-cap-10/*/levels.parquet") if file.stat().st_size > 100_000][
        :1
    ] or [max(site.glob("data/large-cap-10/*/levels.parquet"), key=lambda file: file.stat().st_size)]
    whole = levels.read_bytes()
    levels.write_bytes(whole[:-1])
    with serving(site) as server:
        path = "/v1/indices/large-cap-10/levels"
        assert "Ask again" in problem(server.get(path), 503, "not-ready")
        assert server.get("/v1/indices/large-cap-10/members").status_code == 200
        levels.unlink()
        assert server.get(path).status_code == 503
        levels.write_bytes(whole)
        assert server.get(path).status_code == 200


def test_an_index_whose_facts_are_harmed_is_missing_from_lists_alone(published: Published, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    facts = site / read_manifest(site).reports["licensed"].data / "facts.json"
    whole = facts.read_bytes()
    facts.chmod(0o644)
    facts.write_bytes(whole + b" ")
    with serving(site) as server:
        for _ in range(2):
            answer = server.json("/v1/indices")
            assert (answer["total"], answer["missing"]) == (2, "licensed")
        assert server.get("/v1/indices?format=csv").headers["x-missing"] == "licensed"
        assert server.get("/v1/editions").status_code == server.get("/v1/indices/large-cap-10").status_code == 200
        assert "Ask again" in problem(server.get("/v1/indices/licensed"), 503, "not-ready")
        facts.write_bytes(whole)
        answer = server.json("/v1/indices")
        assert (answer["total"], answer.get("missing", "")) == (3, "")


def test_a_manifest_that_cannot_be_read_is_told_without_its_path(published: Published, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    with serving(site) as server:
        assert server.get("/readyz").status_code == 200
        (site / "manifest.new").write_text('{"reports": {"x": 1}}')
        (site / "manifest.new").rename(site / "manifest.json")
        for path in ("/readyz", "/v1/indices"):
            answer = server.get(path)
            assert "cannot be read" in problem(answer, 503, "not-ready")
            assert str(tmp_path) not in answer.text
