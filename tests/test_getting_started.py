"""The tutorial does what it says: its files are a market, a rulebook, and a list from which a page is built."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from research import Methodology, build_index, load_market
from tests.conftest import ROOT

TUTORIAL = ROOT / "notebooks" / "getting_started.ipynb"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the tutorial fills, run in another folder than its own."""
    folder = tmp_path_factory.mktemp("tutorial")
    papermill.execute_notebook(
        TUTORIAL,
        folder / "out.ipynb",
        parameters={"folder": str(folder / "mine"), "draws": 50},
        cwd=str(folder),
        progress_bar=False,
    )
    return folder / "mine"


def test_the_market_is_the_part_of_the_sample_that_was_exported(made: Path) -> None:
    market = load_market(made / "snapshot")
    sample = load_market(ROOT / "data" / "sample", start="2021-01-01", assets=market.prices.columns)
    assert (market.prices.round(6) == sample.prices.round(6)).to_numpy()[sample.prices.notna()].all()
    assert market.prices.notna().sum().sum() == sample.prices.notna().sum().sum()


def test_its_rules_keep_the_stablecoin_out_by_price(made: Path) -> None:
    index = build_index(made / "snapshot", made / "my-five.toml")
    assert "tether" in index.market.prices.columns
    assert "tether" not in index.weights.columns
    assert Methodology.load(made / "my-five.toml").selection.count == 5


def test_the_command_that_it_shows_builds_the_page(made: Path) -> None:
    text = "\n".join(
        cell.source for cell in nbformat.read(TUTORIAL, as_version=4).cells if cell.cell_type == "markdown"
    )
    [command] = [part for part in text.split("`") if part.startswith("research report build")]
    run = subprocess.run(
        [sys.executable, "-m", "research.cli", *shlex.split(command)[1:]],
        cwd=made,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    page = (made / "site" / "my-five.html").read_text()
    assert "<title>My five" in page
    assert "pegged" in page
