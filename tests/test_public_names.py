"""What `dir()`, `help()` and `?` show: the API and nothing else, every option in the signature, every one explained."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PUBLIC = [
    "research",
    "research.evaluation",
    "research.evaluation.market_structure",
    "research.index",
    "research.index.weighting",
    "research.market",
    "research.market.quality",
    "research.point_in_time",
    "research.rulebook",
    "research.signals",
    "research.signals.features",
    "research.simulation",
]
OPEN = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
ALIKE = {"*groups", "*levels"}
"""Any number of things of one kind: no option hides there."""


def functions(module: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public functions of a module, and the public methods of its classes, their own and inherited ones."""
    for name in importlib.import_module(module).__all__:
        found = getattr(importlib.import_module(module), name)
        if inspect.isfunction(found):
            yield name, found
        elif inspect.isclass(found):
            for method in (name for name in dir(found) if not name.startswith("_")):
                member = getattr(found, method)
                if inspect.isfunction(member) or inspect.ismethod(member):
                    yield f"{name}.{method}", member


EVERY = {f"{module}.{name}": function for module in PUBLIC for name, function in functions(module)}


@pytest.mark.parametrize("module", PUBLIC)
def test_dir_shows_the_api_and_no_imported_helper(module: str) -> None:
    loaded = importlib.import_module(module)
    assert dir(loaded) == sorted(loaded.__all__)
    assert all(hasattr(loaded, name) for name in loaded.__all__)


def test_every_package_with_an_api_of_its_own_is_looked_at() -> None:
    import pkgutil

    import research

    packages = [found.name for found in pkgutil.walk_packages(research.__path__, "research.") if found.ispkg]
    assert {name for name in packages if hasattr(importlib.import_module(name), "__all__")} == {*PUBLIC} - {"research"}


@pytest.mark.parametrize("name", EVERY)
def test_a_signature_shows_every_option(name: str) -> None:
    parameters = inspect.signature(EVERY[name]).parameters.values()
    found = {f"{OPEN[parameter.kind]}{parameter.name}" for parameter in parameters if parameter.kind in OPEN}
    assert found <= ALIKE


@pytest.mark.parametrize("name", EVERY)
def test_a_help_text_explains_every_parameter(name: str) -> None:
    told = inspect.getdoc(EVERY[name]) or ""
    assert told
    names = [parameter for parameter in inspect.signature(EVERY[name]).parameters if parameter not in ("self", "cls")]
    assert [parameter for parameter in names if not re.search(rf"\b{parameter}\b", told)] == []


@pytest.mark.parametrize("name", EVERY)
def test_a_help_text_stands_alone(name: str) -> None:
    """Who asks with `?` sees this text alone, and cannot follow it into a module."""
    told = inspect.getdoc(EVERY[name]) or ""
    assert not re.search(r"(?:see|are those of|as) `\w+(?:\.\w+)*`\.?$", told, re.MULTILINE), told


def test_the_walk_finds_what_it_looks_for() -> None:
    assert len(EVERY) > 100
    assert {"research.build_index", "research.IndexHistory.explain", "research.MarketData.from_panels"} <= {*EVERY}
