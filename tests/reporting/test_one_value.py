"""On a page a figure has one value, and one name that a person reads. Taken from the committed notebooks."""

from __future__ import annotations

import copy
import re
from typing import Any

import nbformat
import pytest

from research.index import Methodology
from tests.conftest import ROOT
from tests.reporting.page_figures import disagreements, of_page

NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
INDICES = ["index_audit", "index_evaluation", "index_factsheet"]
FOR_RESEARCHERS = ("explore", "getting_started")  # they show columns, which a researcher types
RAW = re.compile(r"\b(?:[a-z]+(?:_[a-z0-9]+)+|cagr)\b")


def outputs(notebook: str) -> list[Any]:
    """What the cells show, the provenance left out: its parameters are names of parameters."""
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    shown = [cell for cell in cells if cell.cell_type == "code" and "tables.provenance" not in cell.source]
    return [output for cell in shown for output in cell.outputs]


def name_of(notebook: str) -> str:
    """Name of the index that a notebook shows by default."""
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    [parameters] = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    found = re.search(r'^rulebook: str = "([\w-]+)"', parameters, re.MULTILINE)
    assert found is not None
    return Methodology.load(found[1]).name


@pytest.mark.parametrize("notebook", INDICES)
def test_figures_of_one_name_have_one_value(notebook: str) -> None:
    found = of_page(outputs(notebook), name_of(notebook))
    assert {"cagr", "total_return", "current_drawdown"} <= set(found)
    assert disagreements(found) == {}


@pytest.mark.parametrize(("name", "least"), [("index_factsheet", 4), ("index_evaluation", 3)])
def test_the_figures_that_decide_are_seen_in_more_than_one_place(name: str, least: int) -> None:
    """Otherwise the test above could not fail."""
    shown = outputs(name)
    for measure in ("cagr", "sharpe_ratio"):
        places = [output for output in shown if measure in of_page([output], name_of(name))]
        assert len(places) >= least - (measure == "sharpe_ratio"), measure


def test_a_planted_second_value_is_found() -> None:
    shown = copy.deepcopy(outputs("index_evaluation"))
    for output in shown:
        text = output.get("data", {}).get("text/markdown", "")
        if "Sharpe ratio over the risk-free rate" in text:
            output.data["text/markdown"] = re.sub(r"(### Sharpe ratio )[\d.]+", r"\g<1>9.99", text)
    assert "sharpe_ratio" in disagreements(of_page(shown, name_of("index_evaluation")))


@pytest.mark.parametrize("notebook", [name for name in NOTEBOOKS if name not in FOR_RESEARCHERS])
def test_no_page_shows_a_raw_name(notebook: str) -> None:
    for output in outputs(notebook):
        about = output.get("metadata", {}).get("figure", {})
        for text in (*output.get("data", {}).values(), *about.values()):
            words = re.sub(r"`[^`]*`|<[^>]*>|data:image\S*", " ", str(text))
            if len(words) < 100_000 and not re.fullmatch(r"[A-Za-z0-9+/=\s]+", words):  # a picture is no text
                assert not RAW.findall(words), words[:300]
