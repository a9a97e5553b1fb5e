"""The routes, and the application that they make."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, cast

from cachetools import LRUCache
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from pandas import DataFrame
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, State
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from research.errors import ReportError
from research.reporting.publishing.site.reading import Edition, NothingPublished, editions_of, kept_editions
from research.service.answers import MEDIA, Made, answer_rows
from research.service.guard import SETTINGS, Guard, Settings, answer_error
from research.service.models import PAGES, Answer, Asked, AskedRows, Problem, asking

WORDS = """What `research report build` has published, for other programs. Begin with [/v1/indices](/v1/indices).

Days are UTC, a fraction of 0.05 is 5 %. `pandas.read_parquet("http://.../levels?format=parquet")` reads a table."""
TABLES = {
    "levels": ("start end resolution", "Level by day, net and gross of trading costs, beside the benchmarks"),
    "members": ("date", "Who was in after the last trade up to a day, and how much of it"),
    "weights": ("date", "Weights after the last trade up to a day, not drifted; on the last day, at its close"),
    "rebalances": ("start end", "Every trade: cause, turnover, cost"),
    "events": ("start end", "What happened to members: removals, migrations, carried prices"),
    "metrics": ("benchmark window", "Return, risk and more, each with its interval and convention"),
    "signals": ("date", "The last calls on every asset"),
}
ERRORS: dict[int | str, Any] = {status: {"model": Problem} for status in (401, 404, 413, 422, 429, 503)}
FORMATS: dict[int | str, Any] = {200: {"content": {MEDIA[name].partition(";")[0]: {} for name in ("csv", "parquet")}}}
Dated, Compared = asking("date"), asking("names start end resolution")
v1 = APIRouter(prefix="/v1", responses=ERRORS, tags=["Indices"])
machines = APIRouter(responses={503: {"model": Problem}}, tags=["For those who run it"])


async def answer(request: Request, asked: Asked, make: Callable[[Edition], Made]) -> Response:
    """Of one edition as a whole: where a build takes its files away, everything is made anew of the next one."""
    state, scope = request.app.state, request.scope
    for attempts_left in (2, 1, 0):
        present = state.editions(None)
        try:
            made = await run_in_threadpool(make, state.editions(asked.edition) if asked.edition else present)
            break
        except NothingPublished:
            if not attempts_left:
                raise
    if "x-missing" not in made.headers:  # until it is put right
        state.kept[present.digest, present.changed, scope["path"], scope["query_string"]] = made, scope["route"]
    return made.response(request.headers)


def known(state: State, scope: Scope) -> Response | None:
    """The answer of the present edition, where the same was asked before: without a look at routes and parameters."""
    try:
        present = state.editions(None)
        key = (present.digest, present.changed, scope["path"], scope["query_string"])
        made, scope["route"] = state.kept[key] if scope["method"] == "GET" else (None, None)
    except (KeyError, ReportError):
        return None
    return made and cast(Made, made).response(Headers(scope=scope))


def table(path: str, name: str, words: str) -> Callable[[Any], Any]:
    """Decorator of a route that answers with rows."""
    return v1.get(path, name=name, summary=words, response_model=PAGES[name], responses=FORMATS)


async def answer_with_rows(
    request: Request, asked: AskedRows, name: str, find: Callable[[Edition], tuple[dict[str, Any], DataFrame]]
) -> Response:
    """Rows of a table, and what is to be said beside them."""

    def make(edition: Edition) -> Made:
        about, rows = find(edition)
        return answer_rows(about, name, rows, asked, request.scope["path"])

    return await answer(request, asked, make)


async def of_table(request: Request, asked: AskedRows, index: str, name: str, **further: str) -> Response:
    """Rows of a table of one index."""
    wanted = asked.model_dump(exclude={*AskedRows.model_fields}) | further

    return await answer_with_rows(
        request, asked, name, lambda edition: (edition.about(index), edition.rows(index, name, **wanted))
    )


def add_table(name: str, parameters: str, words: str) -> None:
    """A route to a table of one index."""
    model = asking(parameters)

    @table(f"/indices/{{index}}/{name}", name, words)
    async def rows(request: Request, index: str, asked: Annotated[model, Query()]) -> Response:  # type: ignore[valid-type]
        return await of_table(request, asked, index, name)


@table("/indices", "indices", "Every index that is published")
async def indices(request: Request, asked: Annotated[AskedRows, Query()]) -> Response:
    return await answer_with_rows(request, asked, "indices", lambda edition: (edition.about(), edition.indices()))


@v1.get("/indices/{index}", response_model=Answer, summary="What an index is, where it stands, what its columns mean")
async def facts(request: Request, index: str, asked: Annotated[Asked, Query()]) -> Response:
    def make(edition: Edition) -> Made:
        about = edition.about(index)
        told = Answer(**edition.facts(index) | about).model_dump_json(exclude_unset=True, exclude={"changed"})
        return Made.of(told.encode(), MEDIA["json"], about)

    return await answer(request, asked, make)


for name, (parameters, words) in TABLES.items():
    add_table(name, parameters, words)


@table("/indices/{index}/decisions/{asset_id}", "decisions", "Why an asset was in or out: screens, rank, reason")
async def decisions(request: Request, index: str, asset_id: str, asked: Annotated[Dated, Query()]) -> Response:  # type: ignore[valid-type]
    return await of_table(request, asked, index, "decisions", asset_id=asset_id)


@table("/compare", "compare", "Levels of several indices over their common days, on the scale of the first one")
async def compare(request: Request, asked: Annotated[Compared, Query()]) -> Response:  # type: ignore[valid-type]
    wanted = asked.model_dump(exclude={*AskedRows.model_fields})  # type: ignore[attr-defined]
    names = list(dict.fromkeys(wanted.pop("names").split(",")))

    return await answer_with_rows(
        request, asked, "compare", lambda edition: (edition.compared(names, **wanted), edition.about(*names))[::-1]
    )


@table("/editions", "editions", "What was published before, for the parameter `edition`")
def editions(request: Request, asked: Annotated[AskedRows, Query()]) -> Response:
    about, kept = request.app.state.editions(asked.edition).about(), kept_editions(request.app.state.site)
    return answer_rows(about, "editions", kept, asked, "/v1/editions").response(request.headers)


@machines.get("/healthz", summary="The process answers")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@machines.get("/readyz", summary="Something is published, and can be read")
def readyz(request: Request) -> dict[str, str]:
    edition = request.app.state.editions(None)
    return {"status": "ok", "edition": edition.digest, "published": edition.published.isoformat()}


@machines.get("/metrics", response_class=PlainTextResponse, summary="Figures for Prometheus, of all workers together")
def prometheus() -> Response:
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry := CollectorRegistry())  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def page(request: Request, path: str) -> Response:
    """A file of the site as it is; none that is hidden, for a build is at work on those."""
    state = request.app.state
    try:
        file, stat = state.pages.lookup_path(path + "index.html" * (not path or path.endswith("/")))
        if not Path(file).is_file() or "/." in f"/{path}":
            raise HTTPException(404)
        key = (file, stat.st_ino, stat.st_mtime_ns, stat.st_size)
        made, _ = state.kept.get(key) or (await run_in_threadpool(Made.of_file, Path(file)), None)
        state.kept[key] = made, None
    except (OSError, ValueError) as error:  # gone by now, or no name that a file could have
        raise HTTPException(404) from error
    return cast(Made, made).response(request.headers)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application; without settings, those that `research serve` left in the environment."""
    settings = settings or Settings.model_validate_json(os.environ[SETTINGS])
    app = FastAPIOffline(
        title="Crypto index research",
        version="1",
        description=WORDS,
        redoc_url=None,
        exception_handlers=dict.fromkeys((ReportError, RequestValidationError, HTTPException, Exception), answer_error),
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.site, app.state.editions = settings.site, editions_of(settings.site)
    app.state.kept = LRUCache(128_000_000, lambda kept: len(kept[0]))
    app.state.pages = StaticFiles(directory=settings.site, check_dir=False)
    app.include_router(v1)
    app.include_router(machines)
    app.get("/{path:path}", include_in_schema=False)(page)
    for route in app.openapi()["paths"].values():  # errors are of a media type of their own
        for error in (told for status, told in route["get"]["responses"].items() if status >= "400"):
            error["content"] = {"application/problem+json": next(iter(error["content"].values()))}
    app.add_middleware(Guard, settings=settings, known=partial(known, app.state))
    if settings.cors:
        app.add_middleware(CORSMiddleware, allow_origins=settings.cors, allow_headers=["*"], expose_headers=["*"])
    return app
