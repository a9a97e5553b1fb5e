"""Around every request: its key, its share of the rate, its line of the log, figures; errors as problems (RFC 9457)."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi.exceptions import RequestValidationError
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter, Histogram
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from research.errors import ReportError, printable, shown
from research.reporting.publishing.site.reading import NothingPublished, NotPublished
from research.reporting.publishing.site.watched import Watched
from research.service.models import Problem

SETTINGS, KEYS = "RESEARCH_SERVE", "RESEARCH_SERVE_KEYS"  # variables of the environment
OPEN = ("/healthz", "/readyz")  # asked by what balances load: no key, no limit
KINDS = {401: "key-needed", 404: "not-found", 405: "method-not-allowed", 413: "answer-too-large", 422: "bad-query"}
KINDS |= {429: "too-many-requests", 500: "fault-of-the-service", 503: "not-ready"}
REQUESTS = Counter("research_requests", "Requests answered", ["route", "status"])
SECONDS = Histogram("research_request_seconds", "Seconds from a request to the end of its answer", ["route"])


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response of an error."""
    kind = KINDS.get(status, "refused")
    title = kind.replace("-", " ").capitalize()
    body = Problem(type=f"urn:problem:{kind}", title=title, status=status, detail=printable(detail)).model_dump_json()
    return Response(body, status, {"cache-control": "no-store"} | dict(headers or {}), "application/problem+json")


async def answer_error(request: Request, error: Exception) -> Response:
    """What is for whoever runs the service, and could name a path, stands in the log alone."""
    match error:
        case NotPublished():
            return problem(404, str(error))
        case NothingPublished():
            return problem(503, str(error), {"retry-after": "5"})
        case RequestValidationError():
            return problem(422, f"{'; '.join(map(_told, error.errors()))}.")
        case HTTPException(status_code=404):
            where = "Data begin at /v1/indices and are described at /docs; pages begin at /."
            return problem(404, f"Nothing is at {shown(request.url.path)}. {where}")
        case HTTPException():
            return problem(error.status_code, error.detail, error.headers)
        case ReportError():
            return problem(503, "What is published cannot be read: its owner has to look.", {"retry-after": "5"})
    return problem(500, "The log of the service says more.")


def _told(fault: Mapping[str, Any]) -> str:
    reason = str(fault["msg"]).removeprefix("Value error, ")
    return f"{fault['loc'][-1]} = {shown(fault['input'])}: {reason}" if len(fault["loc"]) > 1 else reason


class Settings(BaseModel):
    """What `research serve` was asked for; `rate` is requests a minute of one key or address, 0 without a limit."""

    site: Path
    require_key: bool = False
    keys: Path | None = None
    rate: int = 600
    cors: list[str] = []


def digest_of_key(key: bytes) -> str:
    """Sha256 in hex: keys are 256 random bits, so that a slow hash or salt would add nothing."""
    return hashlib.sha256(key).hexdigest()


def known_keys(file: Path | None) -> Callable[[], dict[str, str]]:
    """Digest -> label of each key: of the environment, and of a file that is read again when it changes.

    A file that is lost or wrong is an error at the first look; later the keys of before stay, and the log says so once.
    """
    given = parse_keys(os.environ.get(KEYS, ""), f"the variable {KEYS}")
    if file is None:
        return lambda: given
    watched = Watched(file, lambda: parse_keys(file.read_text(encoding="utf-8", errors="replace"), str(file)))
    told = [""]

    def keys() -> dict[str, str]:
        try:
            found, told[0] = watched(), ""
        except (OSError, ReportError) as fault:
            if not watched.seen:
                raise
            found = watched.content
            if str(fault) != told[0]:
                told[0] = str(fault)
                line = {"time": time.strftime("%FT%TZ", time.gmtime()), "message": "keys of before stay"}
                logging.getLogger("research.service").error(json.dumps(line | {"fault": told[0]}))
        return given | found

    return keys


def parse_keys(text: str, where: str) -> dict[str, str]:
    """Digest -> label. Raises `ReportError`, which never shows what was found: it could be a key."""
    found = {}
    for number, entry in enumerate(re.sub(r"#.*", "", text).split(), start=1):
        if not (parts := re.fullmatch(r"([\w.@-]{1,40}):([0-9a-f]{64})", entry)):
            raise ReportError(f"{where}: entry {number} is not LABEL:SHA256, as `research serve --new-key` prints.")
        found[parts[2]] = parts[1]
    return found


class Guard:
    """ASGI middleware. HEAD is answered as GET: the server leaves out the body."""

    def __init__(self, app: ASGIApp, settings: Settings, known: Callable[[Scope], Response | None]) -> None:
        self.app, self.settings, self.known, self.keys = app, settings, known, known_keys(settings.keys)
        self.keys()  # a wrong file is an error now
        self.limiter, self.rate = FixedWindowRateLimiter(MemoryStorage()), RateLimitItemPerMinute(settings.rate or 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        begin, told = time.perf_counter(), {"status": 500, "bytes": 0}

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            told["bytes"] += len(message.get("body", b""))
            await send(message)

        client, refusal = self.admit(scope)
        try:
            await (refusal or self.known(inner) or self.app)(inner, receive, note)
        finally:
            seconds = time.perf_counter() - begin
            route = getattr(inner.get("route"), "path", "refused" if refusal else "page")
            REQUESTS.labels(route, told["status"]).inc()
            SECONDS.labels(route).observe(seconds)
            asked = {"client": client, "method": scope["method"], "path": shown(scope["path"])[1:-1], "route": route}
            line = {"time": time.strftime("%FT%TZ", time.gmtime()), "message": "request"} | asked | told
            logging.getLogger("research.service").info(json.dumps(line | {"ms": round(1000 * seconds, 2)}))

    def admit(self, scope: Scope) -> tuple[str, Response | None]:
        """Who asks (the label of a key, or an address), and the refusal where there is no answer."""
        address = (scope["client"] or ("unknown",))[0]
        if scope["path"] in OPEN:
            return address, None
        key = _key(Headers(scope=scope))
        label = self.keys().get(digest_of_key(key)) if key else None
        client, kind = label or address, "key" if label else "address"
        if self.settings.rate and not self.limiter.hit(self.rate, kind, client):
            wait = 1 + int(self.limiter.get_window_stats(self.rate, kind, client).reset_time - time.time())
            limit = f"At most {self.settings.rate:,} requests a minute are answered. Ask again in {wait} s."
            return client, problem(429, limit, {"retry-after": str(wait)})
        if self.settings.require_key and not label:
            ways = "Send one as the header X-API-Key, as a bearer token, or as the password of basic authentication."
            return client, problem(401, ways, {"www-authenticate": 'Basic realm="research", charset="UTF-8"'})
        return client, None


def _key(headers: Headers) -> bytes:
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return (headers.get("x-api-key") or (rest.strip() if scheme.lower() == "bearer" else "")).encode("latin-1")
