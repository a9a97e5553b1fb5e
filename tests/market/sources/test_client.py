"""One server and its moods: what is tried again, what is refused, and that a key goes nowhere else."""

from __future__ import annotations

import datetime as dt
import email.utils
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from research.errors import DataError
from research.market.sources import client
from research.market.sources.calls import whole_json
from research.market.sources.client import ATTEMPTS, Client, Key, NotThere, TryAgain, patiently
from tests.market.sources.server import Reply, Vendor, running

SECRET = "CG-top5ecret"
KEY = Key(header="x-cg-demo-api-key", value=SECRET, variable="COINGECKO_API_KEY")


@pytest.fixture
def server() -> Iterator[Vendor]:
    with running(Vendor(coins=["bitcoin"])) as vendor:
        yield vendor


class Slept(list[float]):
    """The pauses of a client that does not wait for them."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def asking(server: Vendor, key: Key | None = None, rate: float = 1e9) -> tuple[Client, Slept]:
    slept = Slept()
    return Client(server.url, calls_per_minute=rate, key=key, sleep=slept), slept


def get(server: Vendor, key: Key | None = None) -> tuple[bytes | None, Slept]:
    asker, slept = asking(server, key)
    return asker.get("coins/list", check=whole_json).body, slept


WHOLE = b'[{"id": "bitcoin", "symbol": "bitc", "name": "Bitcoin"}]'


def test_a_busy_server_is_asked_again_after_the_seconds_that_it_names(server: Vendor) -> None:
    server.once(Reply(429, headers={"Retry-After": "7"}))
    server.once(Reply(503, headers={"retry-after": "11"}))
    assert get(server) == (WHOLE, [7.0, 11.0])


def test_a_date_in_retry_after_is_understood(server: Vendor) -> None:
    then = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    server.once(Reply(429, headers={"Retry-After": email.utils.format_datetime(then, usegmt=True)}))
    _, slept = get(server)
    assert 55 < slept[0] <= 60


def test_a_server_that_asks_for_a_long_wait_is_left_alone(server: Vendor) -> None:
    server.always(Reply(429, headers={"Retry-After": "3600"}))
    with pytest.raises(DataError, match=r"429 .*asks to wait 3,600 seconds. What was fetched is kept"):
        get(server)
    assert len(server.asked) == 1


def test_without_a_word_of_the_server_the_pauses_grow_and_end(server: Vendor) -> None:
    server.always(Reply(500))
    asker, slept = asking(server)
    with pytest.raises(DataError, match=rf"500 to /coins/list\. That was attempt {ATTEMPTS}, the last"):
        asker.get("coins/list", check=whole_json)
    assert len(server.asked) == ATTEMPTS
    for number, pause in enumerate(slept):
        assert 2**number <= pause <= 1.5 * 2**number


def test_retries_end_when_the_time_for_one_call_is_used_up(server: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "BUDGET", 0.0)
    server.always(Reply(500))
    with pytest.raises(DataError, match="attempt 1, the last"):
        get(server)


def test_a_truncated_body_is_asked_for_again_and_never_given_back(server: Vendor) -> None:
    server.once(Reply(200, WHOLE[:20], cut=True))  # fewer bytes than the header promises
    server.once(Reply(200, WHOLE[:20]))  # a proxy has corrected the header
    body, slept = get(server)
    assert body == WHOLE
    assert len(slept) == 2
    server.always(Reply(200, WHOLE[:20], cut=True))
    with pytest.raises(DataError, match="could not be read"):
        get(server)


def test_a_server_that_is_not_there_is_an_error_that_names_it() -> None:
    with running(Vendor()) as gone:
        pass
    with pytest.raises(DataError, match=r"127\.0\.0\.1 could not be read \(.*refused"):
        get(gone)


def test_a_server_that_falls_silent_is_given_up(server: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUTS", (0.1, 0.05))
    server.slow = 0.3
    with pytest.raises(DataError, match="could not be read"):
        get(server)


def test_a_key_goes_into_its_header_and_into_nothing_else(server: Vendor) -> None:
    asker, _ = asking(server, KEY)
    answer = asker.get("coins/list", {"a": "b"}, check=whole_json)
    path, headers = server.asked[0]
    assert headers["x-cg-demo-api-key"] == SECRET
    assert SECRET not in path + answer.url + repr(KEY)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_one_error_that_names_the_variable_and_not_the_key(server: Vendor, status: int) -> None:
    server.always(Reply(status, SECRET.encode()))
    with pytest.raises(DataError, match="refuses the key in COINGECKO_API_KEY") as error:
        get(server, KEY)
    assert SECRET not in str(error.value)
    assert len(server.asked) == 1


def test_what_a_server_says_of_a_bad_request_is_shown_without_the_key_and_without_control_characters(
    server: Vendor,
) -> None:
    server.always(Reply(400, f"no \x1b[2J {SECRET} here".encode()))
    with pytest.raises(DataError, match=r"answers 400") as error:
        get(server, KEY)
    assert SECRET not in str(error.value)
    assert "\x1b" not in str(error.value)
    assert "here" in str(error.value)


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "naïve"])
def test_a_key_that_cannot_be_one_is_refused_before_any_library_can_print_it(value: str) -> None:
    with pytest.raises(DataError, match="COINGECKO_API_KEY is no key") as error:
        Key(header="x", value=value, variable="COINGECKO_API_KEY")
    assert value not in str(error.value)


def test_a_redirect_to_another_host_is_not_followed_and_the_key_stays_here(server: Vendor) -> None:
    with running(Vendor(coins=["bitcoin"])) as elsewhere:
        server.always(Reply(302, headers={"Location": f"{elsewhere.url}coins/list"}))
        with pytest.raises(DataError, match=r"redirects to another place, 'http://127\.0\.0\.1:\d+'\. It was not"):
            get(server, KEY)
    assert elsewhere.asked == []


def test_a_redirect_to_another_protocol_is_not_followed(server: Vendor) -> None:
    server.always(Reply(302, headers={"Location": server.url.replace("http://", "https://")}))
    with pytest.raises(DataError, match="redirects to another place, 'https://"):
        get(server)


def test_a_redirect_within_the_host_is_followed(server: Vendor) -> None:
    server.once(Reply(301, headers={"Location": "/coins/list?moved=1"}))
    assert get(server) == (WHOLE, [])


def test_a_circle_of_redirects_ends(server: Vendor) -> None:
    server.always(Reply(302, headers={"Location": "/coins/list"}))
    with pytest.raises(DataError, match="redirects in a circle"):
        get(server)


def test_a_body_without_end_is_read_up_to_the_limit_only(server: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LARGEST", 10)
    with pytest.raises(DataError, match="sends more than 10 bytes for /coins/list"):
        get(server)


def test_nothing_there_is_an_error_of_its_own(server: Vendor) -> None:
    asker, _ = asking(server)
    with pytest.raises(NotThere, match="404 to /coins/none/market_chart"):
        asker.get("coins/none/market_chart", {"days": "1"}, check=whole_json)


def test_what_has_not_changed_is_not_sent_again(server: Vendor) -> None:
    asker, _ = asking(server)
    first = asker.get("coins/list", check=whole_json)
    second = asker.get("coins/list", etag=first.etag, check=whole_json)
    assert (first.body, second.body) == (WHOLE, None)


def test_calls_keep_to_the_rate(server: Vendor) -> None:
    asker, slept = asking(server, rate=30)
    for _ in range(3):
        asker.get("coins/list", check=whole_json)
    assert len(slept) == 2
    assert all(1.5 < pause <= 2.0 for pause in slept)


@pytest.mark.parametrize(
    "base", ["http://api.coingecko.com/", "ftp://x/", "api.coingecko.com", "https://user:pw@x.org/"]
)
def test_only_https_without_a_password_is_an_address(base: str) -> None:
    with pytest.raises(DataError, match=r"https://|neither user nor password"):
        Client(base, calls_per_minute=1)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    pem = tmp_path / "self.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-keyout",
        pem,
        "-out",
        tmp_path / "c",
    ]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "c", pem)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        with pytest.raises(DataError, match="its certificate is not valid"):
            Client(f"https://localhost:{server.server_address[1]}/", calls_per_minute=1e9).get("x", check=whole_json)
        thread.join()


def test_a_fault_that_does_not_pass_keeps_its_own_words() -> None:
    def attempt() -> None:
        raise TryAgain("binance, BTC/USDT: busy.", 0.0)

    with pytest.raises(DataError, match=r"binance, BTC/USDT: busy\. That was attempt 6, the last"):
        patiently(attempt, Slept())
