"""Every notebook shows every shipped rulebook that needs no table, on the sample. Cells run here, without a kernel.

The signal review shows those that make their own signals, and never writes to the project's registry here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pytest

from research.errors import DataError, MethodologyError
from research.index import Methodology, rulebooks
from research.market import MarketData, load_market, write_market
from research.reporting.presentation import display
from research.signals.registry import ConfigurationRegistry
from tests.conftest import ROOT
from tests.index.markets import needed_tables

NOTEBOOKS = ("index_factsheet", "index_audit", "index_evaluation", "methodology_sensitivity", "rebalance_review")
NEED_TABLES = ("governance-10", "signal-driven-10")  # of votes, and of signals
RULEBOOKS = sorted(set(rulebooks()) - set(NEED_TABLES))
SIGNALLED = [name for name in RULEBOOKS if Methodology.load(name).signals is not None]
FEW = {"draws": 40, "counts": [10], "schemes": [], "max_weights": [0.5], "frequencies": [], "lags": []}
"""Resampled histories and variants: enough for every cell to run."""
PAST = [
    ("2024-11-20", "", "pro forma"),
    ("2024-11-24", "", "decided"),
    ("", "2022-06-15", "traded"),
    ("", "2019-04-15", "traded"),
]
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


def assert_clean(shown: Shown) -> None:
    words = [data["text/plain"] for data, _ in shown if "image/png" not in data]
    assert not [text for text in words if re.search(r"\b(nan|NaN|NaT|None|inf)\b", text)]
    assert not plt.get_fignums()


@pytest.mark.parametrize("rulebook", RULEBOOKS)
@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_rulebook_goes_through_a_notebook_to_its_end(notebook: str, rulebook: str, shown: Shown) -> None:
    run(notebook, rulebook=rulebook)
    assert [item["label"] for item in shown[0][1]["verdict"]][:3] == ["Level", "As of", "Inception"]
    assert shown[-1][0]["text/plain"].startswith("Made from")
    assert_clean(shown)


@pytest.mark.parametrize("rulebooks", [["total-market"], RULEBOOKS])
def test_one_rulebook_and_all_of_them_are_compared_to_the_end(rulebooks: list[str], shown: Shown) -> None:
    run("index_comparison", rulebooks=rulebooks)
    assert [item["label"] for item in shown[0][1]["verdict"]][:3] == ["Compared", "From", "As of"]
    assert shown[-1][0]["text/plain"].startswith("Made from")
    assert_clean(shown)


def test_an_index_alone_is_no_comparison(shown: Shown) -> None:
    with pytest.raises(DataError, match="expected two columns at least"):
        run("index_comparison", rulebooks=["total-market"], benchmarks=[])


@pytest.mark.parametrize(("until", "date", "status"), PAST)
def test_any_rebalance_is_reviewed_to_the_end(until: str, date: str, status: str, shown: Shown) -> None:
    run("rebalance_review", rulebook="ai-large-cap", until=until, date=date)
    assert status in shown[0][1]["verdict"][5]["value"]
    assert shown[-1][0]["text/plain"].startswith("Made from")
    assert_clean(shown)


@pytest.mark.parametrize("rulebook", NEED_TABLES)
def test_a_rulebook_with_its_table_is_reviewed_and_compared(rulebook: str, shown: Shown, tmp_path: Path) -> None:
    sample = load_market(ROOT / "data" / "sample", end="2020-06-30")
    [(name, table)] = needed_tables(sample, Methodology.load(rulebook)).items()
    table.to_csv(tmp_path / f"{name}.csv", index=False)
    given = {"table_files": {name: str(tmp_path / f"{name}.csv")}, "until": "2020-06-15"}
    run("rebalance_review", rulebook=rulebook, **given)
    run("index_comparison", rulebooks=[rulebook], **given)
    assert_clean(shown)


@pytest.mark.parametrize("panels", [(), ("volumes",), ("market_caps",), ("market_caps", "volumes")])
def test_the_market_review_shows_a_market_without_caps_volumes_or_tags_to_its_end(
    panels: tuple[str, ...], shown: Shown, tmp_path: Path
) -> None:
    sample = load_market(ROOT / "data" / "sample", end="2019-12-31")
    given = {name: getattr(sample, name) for name in panels}
    write_market(MarketData.from_panels(sample.prices, **given), tmp_path / "bare")
    run("market_review", snapshot=str(tmp_path / "bare"))
    assert [item["label"] for item in shown[0][1]["verdict"]][:3] == ["Simulated", "Assets", "Alive at the end"]
    assert shown[-1][0]["text/plain"].startswith("Made from")
    assert_clean(shown)


@pytest.mark.parametrize("days", [{}, {"since": "2024-12-31"}, {"until": "2018-01-15"}, {"hold_back": []}])
def test_the_market_review_shows_any_part_of_the_sample_to_its_end(days: dict[str, Any], shown: Shown) -> None:
    run("market_review", **days)
    assert shown[-1][0]["text/plain"].startswith("Made from")
    assert_clean(shown)


@pytest.mark.parametrize("rulebook", NEED_TABLES)
def test_a_rulebook_that_needs_a_table_says_which(rulebook: str, shown: Shown) -> None:
    with pytest.raises(MethodologyError, match=r"needs (votes|signals): give them as"):
        run("index_factsheet", rulebook=rulebook)


def test_the_rulebooks_that_make_their_own_signals_are_reviewed() -> None:
    assert {"ai-large-cap", "ai-defi", "ai-layer-1", "ai-meme"} <= set(SIGNALLED)


@pytest.mark.parametrize("rulebook", SIGNALLED)
def test_the_signal_review_of_a_rulebook_runs_to_its_end_and_notes_what_it_tried(
    rulebook: str, shown: Shown, tmp_path: Path
) -> None:
    committed = (ROOT / "data" / "trials.jsonl").read_bytes()
    noted = tmp_path / "trials.jsonl"
    run("signal_review", rulebook=rulebook, variants=["composite"], registry=str(noted))
    assert [item["label"] for item in shown[0][1]["verdict"]][:3] == ["Level", "As of", "Inception"]
    assert shown[0][1]["verdict"][-1]["label"] == "Signals"
    assert shown[-1][0]["text/plain"].startswith("Made from")
    assert_clean(shown)
    [market] = {trial.market for trial in ConfigurationRegistry(noted).trials()}
    assert len(ConfigurationRegistry(noted).trials(market)) == 2  # its own recipe, and the variant
    assert (ROOT / "data" / "trials.jsonl").read_bytes() == committed


@pytest.mark.parametrize(
    ("rulebook", "message"),
    [
        ("large-cap-10", r"has no \[signals\].* Give its rulebook \[signals\] recipe"),
        ("signal-driven-10", "give them as"),
    ],
)
def test_a_rulebook_without_a_recipe_says_what_the_signal_review_needs(
    rulebook: str, message: str, shown: Shown, tmp_path: Path
) -> None:
    with pytest.raises(MethodologyError, match=message) as caught:
        run("signal_review", rulebook=rulebook, registry=str(tmp_path / "trials.jsonl"))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert not shown
