"""Bad questions get a problem (RFC 9457) that says what is wrong; hostile ones get no further."""

from __future__ import annotations

import json
import re
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from research.service.models import MOST_ROWS
from tests.service.conftest import Published, Server

NAME = "/v1/indices/large-cap-10"


def problem(answer: httpx.Response, status: int, kind: str) -> str:
    """The detail of a problem, whose other members are as they should be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert (body["type"], body["status"]) == (f"urn:problem:{kind}", status)
    return str(body["detail"])


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/v1/indices/large-cap-1O", "large-cap-10"),
        ("/v1/indices/large-cap-1O/levels", "large-cap-10"),
        (f"{NAME}/decisions/bitcon", "bitcoin"),
        (f"{NAME}/metrics?benchmark=bitcoins", "bitcoin"),
        ("/v1/compare?names=large-cap-10,licenced", "licensed"),
        (f"{NAME}/levels?edition=2026-11-28", "2026-11-27"),
    ],
)
def test_an_unknown_name_is_not_found_and_the_nearest_is_suggested(server: Server, path: str, nearest: str) -> None:
    assert f"did you mean '{nearest}'" in problem(server.get(path), 404, "not-found")


def test_a_table_that_an_index_does_not_have_is_not_found_and_those_it_has_are_named(server: Server) -> None:
    detail = problem(server.get("/v1/indices/licensed/signals"), 404, "not-found")
    assert "licensed has no signals" in detail
    assert "levels" in detail


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("start=yesterday", "start = 'yesterday': expected a day, written as 2024-06-30"),
        ("start=1577836800", "expected a day, written as 2024-06-30"),
        ("start=2020-02-30", "start = '2020-02-30'"),
        ("end=2020-1-1", "expected a day, written as 2024-06-30"),
        ("end=２０２０-01-01", "expected a day, written as 2024-06-30"),
        ("limit=0", "limit = '0'"),
        (f"limit={MOST_ROWS + 1}", f"less than or equal to {MOST_ROWS}"),
        ("offset=-1", "offset = '-1'"),
        ("offset=1" + "0" * 30, "offset"),
        ("resolution=hourly", "'daily', 'weekly' or 'monthly'"),
        ("format=xlsx", "'json', 'csv' or 'parquet'"),
        ("satrt=2020-01-01", "there is no parameter 'satrt': did you mean 'start'?"),
        ("end=never&limit=many", "end = 'never'"),
        ("format=" + "x" * 5000, "…"),
    ],
)
def test_a_query_that_cannot_be_understood_is_told_what_was_expected(server: Server, query: str, reason: str) -> None:
    detail = problem(server.get(f"{NAME}/levels?{query}"), 422, "bad-query")
    assert reason in detail
    assert len(detail) < 500


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("levels?start=2020-06-30&end=2020-01-01", "start = 2020-06-30 is after end = 2020-01-01"),
        ("members?date=2010-01-01", "the rows begin on 20"),
        ("members?date=2021-01-01", "the data end on 2020-12-31"),
        ("decisions/bitcoin?date=9999-12-31", "the data end on 2020-12-31"),
        ("signals?date=0001-01-01", "the rows begin on 20"),
    ],
)
def test_days_of_which_nothing_is_known_are_not_found_and_it_is_said_why(
    server: Server, path: str, reason: str
) -> None:
    assert reason in problem(server.get(f"{NAME}/{path}"), 404, "not-found")


def test_a_huge_range_is_the_whole_table_and_a_range_beside_the_data_is_empty(server: Server) -> None:
    everything = server.json(f"{NAME}/levels")
    assert server.json(f"{NAME}/levels", start="0001-01-01", end="9999-12-31")["rows"] == everything["rows"]
    beside = server.json(f"{NAME}/levels", start="2030-01-01")
    assert (beside["rows"], beside["total"], beside["next"]) == ([], 0, None)
    assert server.json(f"{NAME}/levels", offset=10**9)["rows"] == []


def test_at_most_ten_indices_are_compared(server: Server) -> None:
    names = ",".join(["large-cap-10", "licensed"] * 6)
    assert len(server.json("/v1/compare", names=names, limit=1)["rows"][0]) == 3  # twice the same is once
    many = ",".join(f"index-{number}" for number in range(11))
    assert "at most 10" in problem(server.get("/v1/compare", params={"names": many}), 404, "not-found")
    assert "names" in problem(server.get("/v1/compare"), 422, "bad-query")


def test_nothing_can_be_changed(server: Server) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/v1/indices", "/index.html", "/anything"):
            answer = server.client.request(method, path, content=b"x" * 100_000)
            assert problem(answer, 405, "method-not-allowed")
            assert "GET" in answer.headers["allow"]


def test_head_is_get_without_a_body(server: Server) -> None:
    for path in (f"{NAME}/levels", "/index.html"):
        head, get = server.client.head(path), server.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == get.headers["etag"]
        assert head.headers["content-length"] == get.headers["content-length"]


def raw(server: Server, request: bytes) -> bytes:
    """Bytes of an answer to bytes that no client library would send."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(request)
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionResetError:  # it did not read to the end before it refused
            return b"HTTP/1.1 400 "


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/editions/../../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/link.txt",
        "/.build.lock",
        "/data/.hidden/x.json",
        "/.%2f.build.lock",
        "/index.html%00.txt",
        "/" + "a" * 5000,
        "/editions",
        "/data/",
        "/%ff%fe",
        "/v1/indices/..%2f..%2fsecret.txt",
        "/v1/indices/%2e%2e/levels",
        "/v1/indices/large-cap-10/levels/..",
    ],
)
def test_a_path_leads_to_published_files_alone(server: Server, published: Published, path: str) -> None:
    (published.site.parent / "secret.txt").write_text("the secret")
    (published.site / ".build.lock").write_text("the secret")
    (published.site / "data" / ".hidden").mkdir(exist_ok=True)
    (published.site / "data" / ".hidden" / "x.json").write_text("the secret")
    if not (published.site / "link.txt").is_symlink():
        (published.site / "link.txt").symlink_to(published.site.parent / "secret.txt")
    answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 "), answer[:200]
    assert b"the secret" not in answer
    assert str(published.site.parent).encode() not in answer
    assert b"urn:problem:not-found" in answer


def test_an_absolute_path_is_below_the_site(server: Server, published: Published) -> None:
    for path in ("//etc/passwd", f"/{published.site.parent}/secret.txt", "/%2fetc%2fpasswd"):
        assert raw(server, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()).startswith(
            b"HTTP/1.1 404 "
        )


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": '*garbage, W/, "unclosed'},
        {"If-Modified-Since": "the day before yesterday"},
        {"If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT"},
        {"Accept-Encoding": "gzip;q=banana, \t;;;,"},
        {"Accept-Encoding": "gzip;q=0"},
        {"Range": "bytes=0-10,5-99999999999999999999"},
        {"Host": "evil.example/..//"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "javascript", "Forwarded": "for=evil"},
        {"Authorization": "Basic ====not base64===="},
        {"Authorization": "Bearer"},
        {"X-API-Key": "k" * 8000},
        {"Content-Length": "0", "Content-Type": "application/json"},
        {"Origin": "https://evil.example"},
        {"Cookie": "a=b; " * 500 + "c=d"},
    ],
    ids=lambda headers: next(iter(headers.items()))[0] + " " + next(iter(headers.items()))[1][:12],
)
def test_hostile_headers_change_nothing_of_an_answer(server: Server, headers: dict[str, str]) -> None:
    for path in (f"{NAME}/levels?limit=5", "/index.html"):
        plain, answer = server.get(path), server.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (200, plain.content)
        assert "evil" not in json.dumps(dict(answer.headers))
        assert "access-control-allow-origin" not in answer.headers


def test_headers_beyond_reason_and_what_is_no_http_are_refused_and_the_server_lives(server: Server) -> None:
    large = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n"
    for request in (large, b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"):
        assert re.match(rb"HTTP/1.1 4\d\d ", raw(server, request))
    assert server.json("/healthz") == {"status": "ok"}


def test_no_answer_to_a_bad_question_tells_where_files_lie(server: Server, published: Published) -> None:
    texts = [server.get(path).text for path in ("/nothing", "/v1/nothing", "/v1/indices/x", f"{NAME}/levels?edition=x")]
    answers: list[Any] = [json.loads(text) for text in texts]
    assert all(answer["detail"] for answer in answers)
    assert not any(str(published.site.parent.parent) in text for text in texts)
