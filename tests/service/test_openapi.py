"""What `/docs` and `/openapi.json` say is what the routes do."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from tests.service.conftest import Server

schemathesis = pytest.importorskip("schemathesis", reason='needs schemathesis: pip install -e ".[dev]"')
EXAMPLES = 6 * int(os.environ.get("ROBUSTNESS_SCALE", "1"))


def operations(server: Server) -> dict[str, Any]:
    return {path: told["get"] for path, told in server.json("/openapi.json")["paths"].items()}


def test_every_route_is_described_in_words_and_nothing_but_get_is_offered(server: Server) -> None:
    for path, told in server.json("/openapi.json")["paths"].items():
        assert set(told) == {"get"}
        assert re.match(r"[A-Z].{10,}", told["get"]["summary"]), path
        for parameter in told["get"].get("parameters", []):
            assert parameter["in"] == "path" or parameter["description"], (path, parameter["name"])


def test_every_column_that_is_described_has_a_unit_and_a_meaning(server: Server) -> None:
    schemas = server.json("/openapi.json")["components"]["schemas"]
    rows = {name: schema for name, schema in schemas.items() if re.fullmatch("[A-Z][a-z]+Row", name)}
    assert {"LevelsRow", "MembersRow", "DecisionsRow", "MetricsRow", "SignalsRow", "CompareRow"} < set(rows)
    for name, schema in rows.items():
        for column, told in schema["properties"].items():
            assert told["unit"], (name, column)
            assert told["description"], (name, column)
    assert rows["LevelsRow"]["properties"]["level"]["unit"] == "index points"


def test_errors_are_described_as_problems(server: Server) -> None:
    for path, told in operations(server).items():
        for status, response in told["responses"].items():
            assert list(response["content"]) == ["application/problem+json"] or status == "200", (path, status)


def test_the_page_for_people_loads_nothing_from_elsewhere(server: Server) -> None:
    page = server.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r"""(?:href|src)=["']([^"']+)""", page.text)
    assert len(addresses) >= 2
    for address in addresses:
        assert address.startswith("/"), address
        assert server.get(address).status_code == 200


KNOWN = {"index": "large-cap-10", "asset_id": "bitcoin"}


def test_what_the_description_allows_is_answered_as_it_says(server: Server) -> None:
    """Schemathesis asks every route, with what its description allows and with what it does not."""
    asked = 0
    for found in schemathesis.openapi.from_url(f"{server.url}/openapi.json").get_all_operations():
        for mode in schemathesis.GenerationMode:
            asked += ask(found.ok(), mode)
    assert asked >= EXAMPLES * len(operations(server))


def ask(operation: Any, mode: Any) -> int:
    """Ask one route with examples, and give their number."""
    asked = []

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck]
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def examples(case: Any) -> None:
        if len(asked) % 2:  # every second name is one that there is: of the others nearly all would be unknown
            case.path_parameters = {name: KNOWN[name] for name in case.path_parameters or {}}
        asked.append(case)
        case.call_and_validate()

    with suppress(Unsatisfiable):  # nothing that a route without parameters could be asked wrongly
        examples()
    return len(asked)
