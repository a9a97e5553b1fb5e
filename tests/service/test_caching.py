"""What a client has already is not sent again; what can be packed is, for those who take it."""

from __future__ import annotations

import gzip
import os
import shutil
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from research.reporting.publishing.site.manifest import read_manifest, write_manifest
from tests.service.conftest import Published, Server, serving

LEVELS = "/v1/indices/large-cap-10/levels"


@pytest.mark.parametrize(
    "path", [LEVELS, f"{LEVELS}?format=csv", f"{LEVELS}?format=parquet", "/v1/indices", "/index.html"]
)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_answer_that_the_client_has_is_304_without_a_body(server: Server, path: str, encoding: str) -> None:
    first = server.get(path, headers={"Accept-Encoding": encoding})
    assert first.status_code == 200
    for headers in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"another", W/{first.headers["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        again = server.get(path, headers={"Accept-Encoding": encoding} | headers)
        assert (again.status_code, again.content) == (304, b""), headers
        assert again.headers["etag"] == first.headers["etag"]
    other = server.get(
        path, headers={"If-None-Match": '"another"', "If-Modified-Since": first.headers["last-modified"]}
    )
    assert other.status_code == 200  # the tag decides where both are given
    assert server.get(path, headers={"If-Modified-Since": "Mon, 01 Jan 2018 00:00:00 GMT"}).status_code == 200


def test_last_modified_is_the_instant_of_the_manifest(server: Server, published: Published) -> None:
    for path, folder in (("", "."), ("?edition=2026-11-20", "editions/2026-11-20")):
        instant = (published.site / folder / "manifest.json").stat().st_mtime
        assert server.get(f"{LEVELS}{path}").headers["last-modified"] == formatdate(instant, usegmt=True)


def test_an_index_that_left_is_no_304_for_who_knows_the_list(published: Published, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    with serving(site, "--rate", "0") as client:
        first = client.get("/v1/indices")
        known = {"If-Modified-Since": first.headers["last-modified"]}
        assert client.get("/v1/indices", headers=known).status_code == 304
        state = read_manifest(site)
        left = {name: entry for name, entry in state.reports.items() if name != "licensed"}
        write_manifest(site, replace(state, reports=left))
        later = (site / "manifest.json").stat().st_mtime + 5
        os.utime(site / "manifest.json", (later, later))
        again = client.get("/v1/indices", headers=known)
        assert (again.status_code, again.json()["total"]) == (200, 2)


def test_pages_that_lead_to_each_other_are_of_one_edition(published: Published, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(published.site, site)
    with serving(site, "--rate", "0") as client:
        first = client.get(f"{LEVELS}?limit=5").json()
        second = client.get(first["next"]).json()
        assert second["edition"] == first["edition"]
        state = read_manifest(site)
        renamed = {name: replace(entry, title="Another") for name, entry in state.reports.items()}
        write_manifest(site, replace(state, reports=renamed))
        assert client.get(LEVELS).json()["edition"] != first["edition"]
        assert client.get(second["next"]).json()["edition"] == first["edition"]  # it is kept under its day
        shutil.rmtree(site / "editions")
        gone = client.get(f"{second['next']}&format=csv")
        assert gone.status_code == 404
        assert "Begin anew" in gone.json()["detail"]


def test_text_is_packed_for_those_who_take_it_and_says_so_in_its_tag(server: Server) -> None:
    plain = server.get(LEVELS, headers={"Accept-Encoding": "identity"})
    with server.client.stream("GET", LEVELS, headers={"Accept-Encoding": "br, gzip;q=0.5"}) as packed:
        body = b"".join(packed.iter_raw())
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["etag"] != plain.headers["etag"]
        assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert len(body) < len(plain.content) / 2
    assert gzip.decompress(body) == plain.content
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in server.get(f"{LEVELS}?format=parquet").headers  # it is packed as it is


def test_different_questions_have_different_tags(server: Server) -> None:
    paths = [LEVELS, f"{LEVELS}?limit=1", f"{LEVELS}?format=csv", f"{LEVELS}?edition=2026-11-20", "/v1/indices"]
    assert len({server.get(path).headers["etag"] for path in paths}) == len(paths)
