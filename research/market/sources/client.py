"""Asking one server, politely: pauses, retries, bounds, and no word to any other host.

Connections are made by requests, retries by tenacity. What is kept of an answer is in `downloads.py`.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import importlib.metadata
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import tenacity

from research.errors import DataError, printable, shown

T = TypeVar("T")
ATTEMPTS = 6  # of one call, the first included
LONGEST_WAIT = 120.0  # seconds between two attempts; a server that asks for more is left alone
BUDGET = 600.0  # seconds that one call may take with all its attempts
TIMEOUTS = (10.0, 60.0)  # seconds to connect, and between two pieces of a body
LARGEST = 64_000_000  # bytes of one body: the longest file of Coin Metrics has 3 MB
REDIRECTS = 5
PIECE = 1 << 16
LOOPBACK = ("127.0.0.1", "localhost", "::1")  # a server of one's own, in tests: the only one without TLS
REFUSED = (401, 403)


class TryAgain(DataError):
    """A fault that passes: the server is busy, or the answer came in part. Raised to the user when it does not pass."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class NotThere(DataError):
    """The server has nothing under this address (404)."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A secret that a server wants in a header. It is in no message, no address and no record; nor is it shown."""

    header: str
    value: str
    variable: str

    def __post_init__(self) -> None:
        if not (self.value.isascii() and self.value.isprintable()) or " " in self.value:
            raise DataError(f"{self.variable} is no key: it holds spaces, line breaks or other signs. Set it again.")

    def __repr__(self) -> str:
        return f"Key({self.header}, from {self.variable})"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said: the whole body (None: it has not changed since `etag`), from where, and when."""

    body: bytes | None
    url: str
    etag: str | None
    retrieved_at: str


def now() -> str:
    """This instant in UTC, as records and manifests have it."""
    return _clock().isoformat().replace("+00:00", "Z")


def _clock() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def patiently(attempt: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Call `attempt` again where it raises `TryAgain`, after the wait that it carries or a growing one.

    Raises
    ------
    DataError
        That of the last attempt: `ATTEMPTS` of them, within `BUDGET` seconds.
    """
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TryAgain),
        stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_after_delay(BUDGET),
        wait=_wait,
        sleep=sleep,
    )
    try:
        return attempts(attempt)
    except tenacity.RetryError as error:
        last, tries = error.last_attempt.exception(), error.last_attempt.attempt_number
        raise DataError(
            f"{last} That was attempt {tries}, the last. What was fetched is kept: run the same command again later."
        ) from last


class Client:
    """One server and its manners.

    Parameters
    ----------
    base : str
        https://host/path; http only for a server on this machine.
    calls_per_minute : float
        A call waits until 60 / `calls_per_minute` seconds have passed since the last one.
    key : Key, optional
    sleep : callable
        For tests.
    """

    def __init__(
        self,
        base: str,
        *,
        calls_per_minute: float,
        key: Key | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base, self.host = base.rstrip("/") + "/", _safe_host(base)
        self.calls_per_minute, self.key, self._sleep = calls_per_minute, key, sleep
        self._last_call = float("-inf")
        self._session = requests.Session()
        version = importlib.metadata.version("crypto-index-research")
        self._session.headers["User-Agent"] = f"crypto-index-research/{version} (research data fetch)"
        if key is not None:
            self._session.headers[key.header] = key.value

    def get(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        etag: str | None = None,
        check: Callable[[bytes], None],
    ) -> Answer:
        """Ask for one address below the base, again where a fault can pass.

        `check` raises `TryAgain` for a body that is not whole; one that never is becomes the error.

        Raises
        ------
        DataError
            If the server refuses the key, has nothing there (`NotThere`), sends elsewhere, asks for a longer wait than
            two minutes, or is still at fault after the last attempt.
        """
        url = requests.Request("GET", urljoin(self.base, path), params=parameters).prepare().url or ""
        return patiently(lambda: self._once(url, etag, check), self._sleep)

    def _once(self, url: str, etag: str | None, check: Callable[[bytes], None]) -> Answer:
        for _ in range(REDIRECTS + 1):
            self._pause()
            try:
                # redirects by hand: requests would take the key to whatever host the server names
                with self._session.get(
                    url,
                    headers={"If-None-Match": etag} if etag else None,
                    timeout=TIMEOUTS,
                    stream=True,
                    allow_redirects=False,
                ) as response:
                    if response.is_redirect:
                        url = self._followed(url, response.headers["Location"])
                        continue
                    self._refuse_faults(response, url)
                    body = None if response.status_code == requests.codes.not_modified else self._body(response, url)
                    found = response.headers.get("ETag")
            except requests.exceptions.SSLError as error:
                raise DataError(
                    f"{self.host}: its certificate is not valid ({_reason(error)}). Nothing was fetched from it. "
                    "Is a proxy or a wrong clock between?"
                ) from error
            except requests.RequestException as error:
                raise TryAgain(f"{self.host} could not be read ({_reason(error)}).") from error
            if body is not None:
                check(body)
            return Answer(body=body, url=url, etag=found, retrieved_at=now())
        raise DataError(f"{self.host} redirects in a circle ({shown(url)}). Report it to the source, or try later.")

    def _pause(self) -> None:
        wait = self._last_call + 60 / self.calls_per_minute - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        self._last_call = time.monotonic()

    def _followed(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        here, there = urlsplit(url), urlsplit(target)
        if there.netloc != here.netloc or there.scheme != here.scheme:
            raise DataError(
                f"{self.host} redirects to another place, {printable(shown(there.scheme + '://' + there.netloc))}. "
                "It was not followed. Has the source moved, or does a proxy ask for a login?"
            )
        return target

    def _refuse_faults(self, response: requests.Response, url: str) -> None:
        status = response.status_code
        if status in (requests.codes.ok, requests.codes.not_modified):
            return
        what = f"{self.host} answers {status} to {urlsplit(url).path}"
        if status == requests.codes.too_many_requests or status >= 500 or status == requests.codes.request_timeout:
            raise try_again(what, response.headers)
        if status == requests.codes.not_found:
            raise NotThere(f"{what}: there is nothing under this address.")
        if status in REFUSED and self.key is not None:
            raise DataError(f"{what}: it refuses the key in {self.key.variable}. Correct it, or unset the variable.")
        raise DataError(f"{what}{self._said(response)}. Check what is asked for; asking again would not help.")

    def _said(self, response: requests.Response) -> str:
        """The server's own words, which may be anything: cut, printable, and without the key."""
        try:
            text = " ".join(next(response.iter_content(2_000), b"").decode("utf-8", "replace").split())
        except requests.RequestException:
            return ""
        if self.key is not None:
            text = text.replace(self.key.value, "(the key)")
        return f" ({printable(shown(text))})" if text else ""

    def _body(self, response: requests.Response, url: str) -> bytes:
        body = bytearray()
        for piece in response.iter_content(PIECE):
            body += piece
            if len(body) > LARGEST:
                raise DataError(
                    f"{self.host} sends more than {LARGEST:,} bytes for {urlsplit(url).path}. "
                    "It was not read further: that is no answer of this source."
                )
        return bytes(body)


def _safe_host(base: str) -> str:
    parts = urlsplit(base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise DataError(f"{shown(base)}: expected an address that starts with https://. Correct it.")
    if parts.username is not None or not parts.hostname:
        raise DataError("the address of a source must name a host, and neither user nor password. Correct it.")
    return parts.hostname


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else 1, 2, 4, ... seconds, and up to half of that more, so that clients part."""
    fault = state.outcome.exception() if state.outcome else None
    if isinstance(fault, TryAgain) and fault.wait is not None:
        return fault.wait
    backoff = tenacity.wait_exponential(max=LONGEST_WAIT / 2)(state)
    return backoff + tenacity.wait_random(0, backoff / 2)(state)


def try_again(what: str, headers: Mapping[str, str]) -> DataError:
    """The error of a server that is busy: one that passes, unless it asks for a longer wait than `LONGEST_WAIT`."""
    wait = _retry_after(next((value for name, value in headers.items() if name.lower() == "retry-after"), None))
    if wait is not None and wait > LONGEST_WAIT:
        return DataError(
            f"{what}, and asks to wait {wait:,.0f} seconds. What was fetched is kept: "
            "run the same command again after that."
        )
    return TryAgain(f"{what}.", wait)


def _retry_after(text: str | None) -> float | None:
    """Seconds, or the time until a date (RFC 9110, 10.2.3); None where there is neither."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - _clock()).total_seconds())


def _reason(error: Exception) -> str:
    """The innermost cause in a few words: the outer ones repeat addresses."""
    while isinstance(error.__cause__ or error.__context__, Exception):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    text = " ".join(str(error).split()) or type(error).__name__
    return printable(shown(text).strip("'\""))
