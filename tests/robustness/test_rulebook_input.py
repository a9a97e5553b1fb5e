"""Whatever a rulebook says: a `Methodology`, or a `MethodologyError` that names the file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import MethodologyError
from research.rulebook import (
    Costs,
    Events,
    Methodology,
    Overlay,
    Schedule,
    Selection,
    Universe,
    Weighting,
    rulebooks,
)
from research.settings import from_table
from tests.robustness import SCALE

SECTIONS = {
    "universe": Universe,
    "selection": Selection,
    "weighting": Weighting,
    "schedule": Schedule,
    "costs": Costs,
    "events": Events,
    "overlay": Overlay,
}
WORDS = [
    "largest",
    "market_cap",
    "monthly",
    "by_rank",
    "usd",
    "",
    "market_cap_mean_99999999999d",
    "\x00",
    "🙂",
    "error",
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.integers(-5, 500)
    | st.floats()
    | st.floats(0, 1)
    | st.sampled_from(WORDS)
    | st.dates()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2)
)
KEYS = sorted({field.name for section in SECTIONS.values() for field in fields(section)})


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """Keys of the right section mostly, with values of the right kind sometimes."""
    table: dict[str, Any] = {"name": draw(st.just("Fuzzed") | VALUES), "selection": {"count": 5}}
    for section in draw(st.lists(st.sampled_from(sorted(SECTIONS)), max_size=3, unique=True)):
        own = [field.name for field in fields(SECTIONS[section])]
        table[section] = draw(
            st.dictionaries(st.sampled_from(own) | st.sampled_from(KEYS) | st.text(max_size=3), VALUES, max_size=3)
            | VALUES
        )
    return table


@settings(max_examples=300 * SCALE, deadline=None)
@given(tables())
def test_a_table_is_a_rulebook_or_is_refused_by_name(table: dict[str, Any]) -> None:
    try:
        assert from_table(Methodology, table, "fuzzed.toml", MethodologyError).name.strip()
    except MethodologyError as error:
        assert str(error).startswith("fuzzed.toml")  # noqa: PT017


@settings(max_examples=100 * SCALE, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(rulebooks())))
def test_a_damaged_file_is_a_rulebook_or_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    content = bytearray(rulebooks()[name].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=6) | st.just(b"[" * 3000))
    path: Path = tmp_path_factory.mktemp("damaged") / "rules.toml"
    path.write_bytes(content)
    try:
        Methodology.load(path)
    except MethodologyError as error:
        assert "rules.toml" in str(error)  # noqa: PT017
