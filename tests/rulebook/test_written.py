"""A rulebook written out reads back as the same rulebook."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.index import Methodology, rulebooks
from tests.index.markets import rules


@pytest.mark.parametrize("name", rulebooks())
def test_every_shipped_rulebook_reads_back(name: str, tmp_path: Path) -> None:
    rulebook, path = Methodology.load(name), tmp_path / "written.toml"
    path.write_text(rulebook.to_toml(), encoding="utf-8")
    assert Methodology.load(path) == rulebook


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    cap=st.floats(0.2, 1.0),
    value=st.floats(1e-6, 1e15),
    base=st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)),
)
def test_any_text_number_and_date_reads_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, cap: float, value: float, base: dt.date
) -> None:
    rulebook = rules(name=text, base_value=value, base_date=base, weighting={"max_weight": cap})
    path = tmp_path_factory.mktemp("rules") / "written.toml"
    path.write_text(rulebook.to_toml(), encoding="utf-8")
    assert Methodology.load(path) == rulebook


def test_what_is_at_its_default_is_not_written() -> None:
    assert rules(name="Mine").to_toml() == 'name = "Mine"\n\n[selection]\ncount = 5\n'
    assert json.dumps("é") not in rules(name="é").to_toml()
