"""What a client has already is not sent again; what can be packed is, for those who take it."""

from __future__ import annotations

import gzip

import pytest

from tests.service.conftest import Server

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


def test_last_modified_is_when_the_index_was_published(server: Server) -> None:
    assert server.get(LEVELS).headers["last-modified"] == "Fri, 27 Nov 2026 01:00:00 GMT"
    old = server.get(f"{LEVELS}?edition=2026-11-20")
    assert old.headers["last-modified"] == "Fri, 20 Nov 2026 01:00:00 GMT"


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
