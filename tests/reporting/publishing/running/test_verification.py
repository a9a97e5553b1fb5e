"""Data replaced while a report is built, or named by the notebook itself, are found out."""

from __future__ import annotations

import pytest

from tests.reporting.publishing.conftest import PATH, Project, assert_consistent, built, snapshot

SHOW_PROVENANCE = """
from research import load_market
from research.reporting.presentation.display import show_table
from research.reporting.presentation.tables import provenance

show_table(provenance(load_market(snapshot).manifest, {}, "commit", {}))
"""


REPLACE = """
import shutil

shutil.rmtree(snapshot)
shutil.copytree(OTHER, snapshot)
"""


@pytest.fixture
def two_markets(project: Project) -> Project:
    """A report on a real snapshot, and a simulated one that takes its place."""
    real, other = (snapshot(project.root / name, simulated=name == "simulated") for name in ("real", "simulated"))
    snapshot(project.root / "real-again", simulated=False)
    project.reports(walk=f'{{ snapshot = "{real}" }}')
    project.replace = REPLACE.replace("OTHER", repr(str(other)))
    project.restore = REPLACE.replace("OTHER", repr(str(project.root / "real-again")))
    return project


def test_a_snapshot_that_stays_is_published(two_markets: Project) -> None:
    two_markets.notebook("walk", SHOW_PROVENANCE, parameters=PATH)
    assert built(two_markets).failures == {}


def test_a_snapshot_replaced_while_the_report_is_built_fails_it(two_markets: Project) -> None:
    two_markets.notebook("walk", two_markets.replace, "1", parameters=PATH)
    assert "was replaced while the report was being built" in built(two_markets).failures["walk"]
    assert_consistent(two_markets.site)


def test_a_simulated_market_that_was_there_only_while_the_notebook_ran_is_found_out(two_markets: Project) -> None:
    cells = (two_markets.replace, SHOW_PROVENANCE, two_markets.restore)
    two_markets.notebook("walk", *cells, parameters=PATH)
    assert "not the one that was verified for this page" in built(two_markets).failures["walk"]
    assert_consistent(two_markets.site)


def test_a_simulated_market_that_the_notebook_names_itself_does_not_get_past_the_mark(two_markets: Project) -> None:
    own = SHOW_PROVENANCE.replace("load_market(snapshot)", f"load_market({str(two_markets.root / 'simulated')!r})")
    two_markets.notebook("walk", own, parameters=PATH)
    assert "make it a parameter whose name begins with snapshot" in built(two_markets).failures["walk"]
