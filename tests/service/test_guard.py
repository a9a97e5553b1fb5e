"""Keys, rates, the log, pages from elsewhere, and a stop that cuts nobody off."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT
from tests.service.conftest import Published, Server, serving
from tests.service.test_errors import problem

LEVELS = "/v1/indices/large-cap-10/levels"
KEY, OTHER, WRONG = "the-key-of-a-dashboard", "the key of a bot, with a ü", "no-key-that-is-known"


def line(label: str, key: str) -> str:
    return f"{label}:{hashlib.sha256(key.encode()).hexdigest()}"


def status(server: Server, path: str, **headers: str) -> int:
    return server.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()}).status_code


def test_with_require_key_nothing_is_answered_without_one_but_health(published: Published, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"# who may ask\n{line('dashboard', KEY)}\n")
    options = ("--require-key", "--keys", str(keys))
    with serving(published.site, *options, RESEARCH_SERVE_KEYS=line("bot", OTHER)) as server:
        for path in (
            LEVELS,
            "/v1/indices",
            "/",
            "/large-cap-10.html",
            "/docs",
            "/openapi.json",
            "/metrics",
            "/nothing",
        ):
            refused = server.get(path)
            assert "X-API-Key" in problem(refused, 401, "key-needed")
            assert refused.headers["www-authenticate"].startswith("Basic ")
            assert status(server, path, X_API_Key=WRONG) == 401
        assert (status(server, "/healthz"), status(server, "/readyz")) == (200, 200)
        assert status(server, LEVELS, X_API_Key=KEY) == 200
        assert status(server, LEVELS, Authorization=f"Bearer {KEY}") == 200
        assert server.get("/", auth=("anybody", OTHER)).status_code == 200  # as a browser asks for it
        assert status(server, LEVELS, Authorization=f"Basic {KEY}") == 401
        assert status(server, f"{LEVELS}?key={KEY}") == 401  # an address is written into logs

        keys.with_suffix(".new").write_text(line("reader", WRONG))
        keys.with_suffix(".new").rename(keys)
        assert (status(server, LEVELS, X_API_Key=KEY), status(server, LEVELS, X_API_Key=WRONG)) == (401, 200)

        for harm in (lambda: keys.write_text(f"{line('reader', WRONG)} typo"), keys.unlink):  # the keys of before stay
            harm()
            assert [status(server, LEVELS, X_API_Key=WRONG) for _ in range(3)] == [200] * 3
            assert status(server, "/healthz", X_API_Key=WRONG) == 200
            assert status(server, LEVELS, X_API_Key=KEY) == 401

        server.stop()
        log = server.output.read_text()
        assert not [key for key in (KEY, OTHER, WRONG, hashlib.sha256(KEY.encode()).hexdigest()) if key in log]
        faults = [entry["fault"] for entry in server.log if entry["message"] == "keys of before stay"]
        assert ["entry 2" in faults[0], "No such file" in faults[1], len(faults)] == [True, True, 2]
        clients = [entry["client"] for entry in server.log if entry["message"] == "request"]
        assert {"dashboard", "bot", "reader", "127.0.0.1"} == set(clients)


def test_a_key_in_an_address_or_a_hostile_one_breaks_no_line_of_the_log(published: Published) -> None:
    with serving(published.site) as server:
        server.get('/x%0a{"message":"forged"}%1b[2J')
        server.get(f"{LEVELS}?start={KEY}")
        server.get(LEVELS, params={"limit": 3})
        assert server.stop() == 0
        requests = [entry for entry in server.log if entry["message"] == "request"]
        assert KEY not in server.output.read_text()
        assert "\x1b" not in server.output.read_text()
        assert [entry["status"] for entry in requests] == [404, 422, 200]
        assert requests[2]["route"] == "/v1/indices/{index}/levels"
        assert requests[2]["path"] == LEVELS
        assert requests[2]["bytes"] > 100
        assert requests[2]["ms"] > 0
        assert {"time", "client", "method"} < set(requests[0])


def test_beyond_the_rate_of_an_address_or_a_key_one_is_asked_to_wait(published: Published) -> None:
    keys = f"{line('a', KEY)} {line('b', OTHER)}"
    with serving(published.site, "--rate", "5", RESEARCH_SERVE_KEYS=keys) as server:
        _early_in_a_minute()
        path = "/v1/indices"
        assert [status(server, path, X_Forwarded_For=f"10.0.0.{number}") for number in range(6)] == [200] * 5 + [429]
        refused = server.get(path)
        assert "At most 5 requests a minute" in problem(refused, 429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert status(server, path, X_API_Key=WRONG) == 429  # an unknown key is no way out
        assert [status(server, path, X_API_Key=KEY) for _ in range(6)] == [200] * 5 + [429]
        assert server.get(path, auth=("", OTHER)).status_code == 200
        assert status(server, "/healthz") == 200
        assert status(server, "/metrics") == 429


def test_behind_a_proxy_that_is_named_the_address_is_what_it_says(published: Published) -> None:
    with serving(published.site, "--rate", "1", "--behind", "127.0.0.1") as server:
        _early_in_a_minute()
        assert [status(server, "/", X_Forwarded_For=f"10.0.0.{number}") for number in (1, 2, 1)] == [200, 200, 429]


def _early_in_a_minute() -> None:
    """Rates are of minutes of the clock: do not begin just before the next one."""
    if time.time() % 60 > 45:
        time.sleep(61 - time.time() % 60)


def test_pages_from_elsewhere_may_ask_where_that_is_allowed_and_nowhere_else(published: Published) -> None:
    friend, stranger = {"Origin": "https://desk.example"}, {"Origin": "https://evil.example"}
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    keys = ("--require-key", "--cors", "https://desk.example")
    with serving(published.site, *keys, RESEARCH_SERVE_KEYS=line("desk", KEY)) as server:
        before = server.client.options(LEVELS, headers=friend | asks)
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == "https://desk.example"
        answer = server.get(LEVELS, headers=friend | {"X-API-Key": KEY})
        assert answer.headers["access-control-allow-origin"] == "https://desk.example"
        assert answer.headers["access-control-expose-headers"] == "*"
        assert server.get(LEVELS, headers=friend).headers["access-control-allow-origin"] == "https://desk.example"
        assert "access-control-allow-origin" not in server.get(LEVELS, headers=stranger | {"X-API-Key": KEY}).headers


def test_a_stop_lets_answers_under_way_reach_their_end(published: Published) -> None:
    with serving(published.site, "--rate", "0") as server:
        answers: list[bytes] = []
        whole = server.get(LEVELS, headers={"Accept-Encoding": "identity"}).content
        begun = threading.Event()

        def slowly() -> None:
            with httpx.stream("GET", f"{server.url}{LEVELS}", headers={"Accept-Encoding": "identity"}) as answer:
                parts = answer.iter_raw(1000)
                first = next(parts)
                begun.set()
                time.sleep(1)
                answers.append(first + b"".join(parts))

        reader = threading.Thread(target=slowly)
        reader.start()
        assert begun.wait(30)
        assert server.stop() == 0
        reader.join()
        assert answers == [whole]
        assert server.log[-1]["message"].startswith("Finished server process")


def test_several_workers_answer_and_count_together(published: Published) -> None:
    with serving(published.site, "--workers", "2", "--rate", "0") as server:
        deadline = time.monotonic() + 60
        while not _answers(server) and time.monotonic() < deadline:
            time.sleep(0.2)
        for _ in range(40):
            httpx.get(f"{server.url}/v1/indices")  # a connection each, so that both are asked
        text = server.get("/metrics").text
        assert 'research_requests_total{route="/v1/indices",status="200"} 40.0' in text
        assert server.stop() == 0


def _answers(server: Server) -> bool:
    try:
        return server.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def serve(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`research serve` that is to end by itself."""
    command = [sys.executable, "-m", "research.cli", "serve", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120, env=os.environ | environment
    )


def test_a_new_key_is_shown_once_with_the_line_that_knows_it(published: Published) -> None:
    done = serve("--new-key", "desk@example")
    key, known = done.stdout.split()
    assert known == line("desk@example", key)
    assert len(key) >= 40
    with serving(published.site, "--require-key", RESEARCH_SERVE_KEYS=known) as server:
        assert status(server, LEVELS, X_API_Key=key) == 200


@pytest.mark.parametrize("content", ["desk", f"desk:{KEY}", f"{KEY}", f"de sk:{'0' * 64}"])
def test_a_file_that_holds_no_hashed_keys_is_refused_without_showing_what_it_holds(
    published: Published, tmp_path: Path, content: str
) -> None:
    (tmp_path / "keys").write_text(content)
    done = serve("--site", str(published.site), "--keys", str(tmp_path / "keys"))
    assert done.returncode == 1
    assert "keys: entry 1 is not LABEL:SHA256" in done.stderr
    assert content not in done.stderr


def test_require_key_without_a_key_a_wrong_port_or_a_missing_file_end_with_one_line(
    published: Published, tmp_path: Path
) -> None:
    site = ("--site", str(published.site))
    for arguments, words in (
        ((*site, "--require-key"), "no key is known"),
        ((*site, "--keys", str(tmp_path / "none")), "no such file"),
        ((*site, "--new-key", "two words"), "LABEL"),
    ):
        done = serve(*arguments)
        assert done.returncode == 1
        assert words in done.stderr.lower() or words in done.stderr
        assert len(done.stderr.splitlines()) == 1
