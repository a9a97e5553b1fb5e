"""Whatever returns are given to `research.evaluation`: a figure, NaN as documented, or a refusal in words."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research import evaluation
from research.errors import ResearchError, ResearchWarning
from tests.robustness import SCALE

KEYWORDS = {"draws": 20, "trials": 5, "sharpe_variance": 0.1, "risk_free": 0.02}  # given where a function has them


def functions(*first: str) -> dict[str, Callable[..., Any]]:
    """The public functions whose positional arguments are named so."""
    found = {}
    for name in evaluation.__all__:
        function = getattr(evaluation, name)
        if inspect.isfunction(function):
            needed = [
                parameter.name
                for parameter in inspect.signature(function).parameters.values()
                if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
            ]
            if tuple(needed) == first:
                found[name] = function
    return found


ALONE = functions("returns") | functions("level") | functions("levels")
PAIRED = functions("returns", "benchmark")
SIZES = st.sampled_from([0.0, -0.0, 0.01, -0.01, 0.3, -0.5, -1.0, 2.0, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan])


@st.composite
def series(draw: st.DrawFn) -> Any:
    """A series of returns as careless or hostile as they come."""
    values: list[Any] = draw(st.lists(SIZES | st.floats(-0.2, 0.2), max_size=40))
    kind = draw(st.sampled_from(["days", "days", "days", "backwards", "repeated", "zone", "numbers", "hole", "empty"]))
    if kind == "empty":
        values = []
    days = pd.date_range("2020-01-01", periods=len(values))
    index: Any = {
        "backwards": days[::-1],
        "repeated": days[:1].repeat(len(values)),
        "zone": days.tz_localize("UTC"),
        "numbers": range(len(values)),
        "hole": days + pd.to_timedelta(np.where(np.arange(len(values)) > 5, 100, 0), unit="D"),
    }.get(kind, days)
    dtype = draw(st.sampled_from(["float", "float", "float", "object", "text", "bool"]))
    if dtype == "text":
        values = [str(value) for value in values]
    elif dtype == "bool":
        values = [bool(value) for value in values]
    found = pd.Series(values, index=index, dtype=object if dtype in ("object", "text") else None, name="returns")
    return draw(st.sampled_from([found, found, found, found.to_frame(), list(values), None]))


def ask(function: Callable[..., Any], *arguments: Any) -> None:
    names = inspect.signature(function).parameters
    keywords = {name: value for name, value in KEYWORDS.items() if name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a numerical warning is a fault
        warnings.simplefilter("ignore", ResearchWarning)
        try:
            function(*arguments, **keywords)
        except ResearchError as error:
            assert str(error)  # noqa: PT017


@pytest.mark.parametrize("name", ALONE)
@settings(max_examples=15 * SCALE, deadline=None)
@given(returns=series())
def test_a_figure_of_one_series_is_a_figure_or_a_refusal(name: str, returns: Any) -> None:
    ask(ALONE[name], returns)


@pytest.mark.parametrize("name", PAIRED)
@settings(max_examples=15 * SCALE, deadline=None)
@given(returns=series(), benchmark=series())
def test_a_figure_against_a_benchmark_is_a_figure_or_a_refusal(name: str, returns: Any, benchmark: Any) -> None:
    ask(PAIRED[name], returns, benchmark)


def test_most_of_the_public_functions_are_attacked() -> None:
    assert len(ALONE) >= 30
    assert len(PAIRED) >= 10
