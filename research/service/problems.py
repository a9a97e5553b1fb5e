"""Every error as problem details (RFC 9457): `type` never changes, for programs; `detail` is for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from research.errors import ReportError, printable, shown
from research.reporting.publishing.site.reading import NothingPublished, NotPublished
from research.service.models import Problem

KINDS = {401: "key-needed", 404: "not-found", 405: "method-not-allowed", 413: "answer-too-large", 422: "bad-query"}
KINDS |= {429: "too-many-requests", 500: "fault-of-the-service", 503: "not-ready"}
SOON = {"retry-after": "5"}


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
            return problem(503, str(error), SOON)
        case RequestValidationError():
            return problem(422, f"{'; '.join(map(_told, error.errors()))}.")
        case HTTPException(status_code=404):
            where = "Data begin at /v1/indices and are described at /docs; pages begin at /."
            return problem(404, f"Nothing is at {shown(request.url.path)}. {where}")
        case HTTPException(status_code=405):
            return problem(405, f"{request.method[:20]} is refused: nothing can be changed here.", error.headers)
        case HTTPException():
            return problem(error.status_code, error.detail, error.headers)
        case ReportError():
            return problem(503, "What is published cannot be read. Whoever runs this service has to look.", SOON)
    return problem(500, "The log of the service says more.")


def _told(fault: Mapping[str, Any]) -> str:
    reason = str(fault["msg"]).removeprefix("Value error, ")
    return f"{fault['loc'][-1]} = {shown(fault['input'])}: {reason}" if len(fault["loc"]) > 1 else reason
