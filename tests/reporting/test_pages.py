"""Every notebook shows every shipped rulebook that needs no table, on the sample. Cells run here, without a kernel."""

from __future__ import annotations

import re
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pytest

from research.errors import MethodologyError
from research.index import rulebooks
from research.reporting.presentation import display
from tests.conftest import ROOT

NOTEBOOKS = ("index_factsheet", "index_audit", "index_evaluation")
NEED_TABLES = ("governance-10", "signal-driven-10")  # of votes, and of signals
RULEBOOKS = sorted(set(rulebooks()) - set(NEED_TABLES))
FEW = {"draws": 40}  # resampled histories: enough for every cell to run
Shown = list[tuple[dict[str, str], dict[str, Any]]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """What the cells put on screen; figures are drawn small."""
    outputs: Shown = []
    monkeypatch.setattr(display, "_display", lambda data, metadata=None: outputs.append((data, metadata or {})))
    monkeypatch.setattr(display, "DOTS_PER_INCH", 20)
    monkeypatch.chdir(ROOT)
    plt.switch_backend("Agg")
    return outputs


def run(notebook: str, **parameters: Any) -> None:
    """Execute the code cells of a notebook, its parameters replaced as papermill would."""
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", as_version=4).cells
    names: dict[str, Any] = {}
    for number, cell in enumerate(cell for cell in cells if cell.cell_type == "code"):
        exec(compile(cell.source, f"{notebook}, code cell {number + 1}", "exec"), names)
        if "parameters" in cell.metadata.get("tags", []):
            names |= {name: value for name, value in (FEW | parameters).items() if name in names}


@pytest.mark.parametrize("rulebook", RULEBOOKS)
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_rulebook_goes_through_a_notebook_to_its_end(notebook: str, rulebook: str, shown: Shown) -> None:
    run(notebook, rulebook=rulebook)
    assert [item["label"] for item in shown[0][1]["verdict"]][:3] == ["Level", "As of", "Inception"]
    assert shown[-1][0]["text/plain"].startswith("Made from")
    words = [data["text/plain"] for data, _ in shown if "image/png" not in data]
    assert not [text for text in words if re.search(r"\b(nan|NaN|NaT|None|inf)\b", text)]
    assert not plt.get_fignums()


@pytest.mark.parametrize("rulebook", NEED_TABLES)
def test_a_rulebook_that_needs_a_table_says_which(rulebook: str, shown: Shown) -> None:
    with pytest.raises(MethodologyError, match=r"needs (votes|signals): give them as"):
        run("index_factsheet", rulebook=rulebook)
