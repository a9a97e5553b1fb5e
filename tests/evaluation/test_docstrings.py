"""Every help text stands alone: parameters, shapes, units, NaN, errors, formula and an example that runs."""

from __future__ import annotations

import doctest
import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.evaluation._docs import SECTIONS, split

FUNCTIONS = {name: getattr(ev, name) for name in ev.__all__ if inspect.isfunction(getattr(ev, name))}
NAMES = {"np": np, "pd": pd} | {name: getattr(ev, name) for name in ev.__all__}
FIGURES = [
    name for name, f in FUNCTIONS.items() if str(inspect.signature(f).return_annotation) in ("PerColumn", "FrameT")
]
BY_WORDS = {  # what they are is said in the first line
    "batting_average",
    "correlation",
    "current_drawdown",
    "r_squared",
    "rolling_beta",
    "rolling_sharpe",
    "rolling_summary",
    "rolling_tracking_error",
    "rolling_volatility",
    "share_positive",
    "up_beta",
    "down_beta",
}


def sections(name: str) -> dict[str, str]:
    return split(inspect.getdoc(FUNCTIONS[name]) or "")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_help_text_has_every_section(name: str) -> None:
    found = sections(name)
    wanted = set(SECTIONS) if inspect.signature(FUNCTIONS[name]).parameters else set(SECTIONS) - {"Parameters"}
    assert wanted <= set(found)
    assert "NaN" in found["Notes"]
    assert "DataError" in found["Raises"]
    assert len(found["Summary"]) > 30


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_explained_in_the_order_of_the_signature(name: str) -> None:
    lines = sections(name).get("Parameters", "").splitlines()
    heads = [line for line in lines if line and not line.startswith(" ")]
    documented = [part.strip() for head in heads for part in head.split(" : ")[0].split(",")]
    assert documented == list(inspect.signature(FUNCTIONS[name]).parameters)
    followed = [after.startswith(" ") for line, after in zip(lines, [*lines[1:], ""], strict=False) if line in heads]
    assert all(followed), "a parameter of which only the type is said"


@pytest.mark.parametrize("name", sorted(set(FIGURES) - BY_WORDS))
def test_a_figure_is_given_as_a_formula_or_with_its_source(name: str) -> None:
    assert any(sign in sections(name)["Summary"] for sign in "=√Σ/Π·−₂₃") or "ource:" in sections(name)["Summary"]


@pytest.mark.parametrize("name", [*FUNCTIONS, "TrialRegistry"])
def test_the_example_of_a_help_text_runs_and_gives_what_it_shows(name: str) -> None:
    shown = inspect.getdoc(NAMES[name]) or ""
    example = doctest.DocTestParser().get_doctest(shown, dict(NAMES), name, None, 0)
    assert any(name in step.source for step in example.examples)
    written: list[Any] = []
    failed = doctest.DocTestRunner(verbose=False).run(example, out=written.append).failed
    assert not failed, "".join(map(str, written))
