"""The routes, and the application that they make."""

import os
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Any

from cachetools import LRUCache
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi import Query as Asked
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.staticfiles import StaticFiles

from research.errors import ReportError
from research.reporting.publishing.site import reading
from research.service.answers import MEDIA, Made, answer_rows
from research.service.guard import SETTINGS, Guard, Settings
from research.service.models import PAGES, Answer, Problem, Query, RowsQuery
from research.service.problems import answer_error

MOST_KEPT = 128_000_000  # bytes of answers that a worker keeps
ERRORS: dict[int | str, Any] = {status: {"model": Problem} for status in (401, 404, 413, 422, 429, 503)}
FORMATS: dict[int | str, Any] = {200: {"content": {MEDIA[name].partition(";")[0]: {} for name in ("csv", "parquet")}}}
TABLES = {
    "levels": ("start end resolution", "Level by day, net and gross of trading costs, beside the benchmarks"),
    "members": ("date", "Who was in after the last trade up to a day, and how much of it"),
    "weights": ("date", "Weights after the last trade up to a day; of the last day, those at its close"),
    "trades": ("start end", "Every position that was changed"),
    "rebalances": ("start end", "Every trade: cause, turnover, cost"),
    "events": ("start end", "What happened to members: removals, migrations, carried prices"),
    "metrics": ("benchmark window", "Return, risk and more, each with its interval and convention"),
    "signals": ("date", "The last calls on every asset"),
}
WORDS = """\
What `research report build` has published, for other programs: read-only, nothing is worked out while you wait.

Begin with [/v1/indices](/v1/indices). Dates are UTC days. A share is a fraction: 0.05 is 5 %. Tables come as JSON, CSV or
Parquet: `pandas.read_parquet("http://…/v1/indices/NAME/levels?format=parquet")`. Every answer says which `edition` it
belongs to, and whether its market is `simulated`. Errors are problem details (RFC 9457). The [pages](/) are for people.
"""
v1, machines = APIRouter(prefix="/v1", responses=ERRORS), APIRouter(responses={503: {"model": Problem}})


async def answer(request: Request, edition: str | None, make: Callable[[reading.Edition], Made]) -> Response:
    """Of one edition as a whole: where a build takes its files away, everything is made anew of the next one."""
    kept, path = request.app.state.kept, (request.scope["path"], request.scope["query_string"])
    for attempts_left in (2, 1, 0):
        found = request.app.state.editions(edition)
        try:
            if (made := kept.get((found.digest, *path))) is None:
                kept[found.digest, *path] = made = await run_in_threadpool(make, found)
            return made.response(request.headers)
        except reading.NothingPublished:
            if not attempts_left:
                raise
    raise AssertionError


async def of_table(request: Request, query: Any, index: str, table: str, **more: str) -> Response:
    """Rows of a table of one index."""
    asked = query.model_dump(exclude=RowsQuery.model_fields.keys()) | more

    def make(edition: reading.Edition) -> Made:
        rows = edition.rows(index, table, **asked)
        return answer_rows(edition.about(index), table, rows, query, request.scope["path"])

    return await answer(request, query.edition, make)


def add_table(table: str, parameters: str, words: str) -> None:
    """A route to rows of a table."""
    model = RowsQuery.of(parameters)

    async def rows(request: Request, index: str, query: Annotated[model, Asked()]) -> Response:  # type: ignore[valid-type]
        return await of_table(request, query, index, table)

    path = f"/indices/{{index}}/{table}"
    v1.get(path, name=table, summary=words, response_model=PAGES[table], responses=FORMATS)(rows)


for name, told in TABLES.items():
    add_table(name, *told)


@v1.get("/indices/{index}/decisions/{asset_id}", response_model=PAGES["decisions"], responses=FORMATS)
async def decisions(
    request: Request, index: str, asset_id: str, query: Annotated[RowsQuery.of("date"), Asked()]
) -> Response:
    """Why an asset was in or out: every screen, its rank, the reason."""
    return await of_table(request, query, index, "decisions", asset_id=asset_id)


@v1.get("/indices", response_model=PAGES["indices"], responses=FORMATS)
async def indices(request: Request, query: Annotated[RowsQuery, Asked()]) -> Response:
    """Every index that is published."""

    def make(edition: reading.Edition) -> Made:
        return answer_rows(edition.about(), "indices", edition.indices(), query, "/v1/indices")

    return await answer(request, query.edition, make)


@v1.get("/indices/{index}", response_model=Answer)
async def facts(request: Request, index: str, query: Annotated[Query, Asked()]) -> Response:
    """What an index is and where it stands: latest level, caveats, licence, unit and meaning of every column."""

    def make(edition: reading.Edition) -> Made:
        about = edition.about(index)
        told = Answer(**edition.facts(index) | about).model_dump_json(exclude={"published"})
        return Made.of(told.encode(), MEDIA["json"], about)

    return await answer(request, query.edition, make)


@v1.get("/compare", response_model=PAGES["compare"], responses=FORMATS)
async def compare(request: Request, query: Annotated[RowsQuery.of("names start end resolution"), Asked()]) -> Response:
    """Net levels of several indices over their common days, equal to the first one's on the first of them."""
    names, asked = query.names.split(","), query.model_dump(exclude=RowsQuery.model_fields.keys() | {"names"})

    def make(edition: reading.Edition) -> Made:
        return answer_rows(edition.about(*names), "compare", edition.compared(names, **asked), query, "/v1/compare")

    return await answer(request, query.edition, make)


@v1.get("/editions", response_model=PAGES["editions"], responses=FORMATS)
def editions(request: Request, query: Annotated[RowsQuery, Asked()]) -> Response:
    """What was published before, for the parameter `edition`."""
    about, kept = request.app.state.editions(query.edition).about(), reading.kept_editions(request.app.state.site)
    return answer_rows(about, "editions", kept, query, "/v1/editions").response(request.headers)


@machines.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@machines.get("/readyz")
def readyz(request: Request) -> dict[str, str]:
    """Something is published and can be read."""
    found = request.app.state.editions(None)
    return {"status": "ok", "edition": found.digest, "published": found.published.isoformat()}


@machines.get("/metrics")
def prometheus() -> Response:
    """Figures for Prometheus, of all workers together."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry := CollectorRegistry())  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def page(request: Request, path: str) -> Response:
    """A file of the site as it is; none that is hidden, for a build is at work on those."""
    name, state = path + "index.html" * (not path or path.endswith("/")), request.app.state
    try:
        file, stat = state.pages.lookup_path(name)
        if not stat or not S_ISREG(stat.st_mode) or "/." in f"/{name}":
            raise HTTPException(404)
        key = (file, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if (made := state.kept.get(key)) is None:
            state.kept[key] = made = await run_in_threadpool(Made.of_file, Path(file))
    except (OSError, ValueError) as error:  # not there any more, or no name that a file could have
        raise HTTPException(404) from error
    return made.response(request.headers)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; without settings, those that `research serve` left in the environment."""
    settings = settings or Settings.model_validate_json(os.environ[SETTINGS])
    errors: tuple[type[Exception], ...] = (ReportError, RequestValidationError, HTTPException, Exception)
    app = FastAPIOffline(
        title="Crypto index research",
        version=version("crypto-index-research"),
        description=WORDS,
        redoc_url=None,
        exception_handlers=dict.fromkeys(errors, answer_error),
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.site, app.state.editions = settings.site, reading.editions_of(settings.site)
    app.state.kept = LRUCache(MOST_KEPT, len)
    app.state.pages = StaticFiles(directory=settings.site, check_dir=False)
    app.include_router(v1)
    app.include_router(machines)
    app.get("/{path:path}", include_in_schema=False)(page)
    for operations in app.openapi()["paths"].values():
        for status, told in operations["get"]["responses"].items():
            if status >= "400":
                told["content"] = {"application/problem+json": told["content"]["application/json"]}
    app.add_middleware(Guard, settings=settings)
    if settings.cors:
        sent, seen = ["authorization", "x-api-key"], ["etag", "link", "retry-after", "x-edition", "x-simulated"]
        app.add_middleware(CORSMiddleware, allow_origins=settings.cors, allow_headers=sent, expose_headers=seen)
    return app
