"""One build of good reports among every kind of bad one: each has its own line, and no other suffers."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.reporting.publishing.conftest import Project, entries, errors, run

SHOW = """
from research.reporting.presentation.display import show_text, show_verdict

show_verdict({"Town": town, "Days": str(days)})
show_text(f"**{days}** days in {town}")
"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, subprocess.CompletedProcess[str]]:
    """One build of two good reports among every kind of bad one."""
    project = Project(tmp_path_factory.mktemp("mixed"))
    with_snapshot = 'snapshot: str = "data/sample"  # folder\ntown: str = "Bonn"\ndays: int = 3'
    project.notebook("good", SHOW, parameters=with_snapshot)
    project.notebook("fails", "raise ValueError('the well is dry')", "2")
    project.notebook("exits", "import sys; sys.exit(0)", "2")
    project.notebook("dies", "import os; os._exit(1)", "2")
    project.notebook("untitled", "1", question="No heading here.")
    project.reports(
        good="",
        fails="",
        other__good='{ town = "Köln", days = 9 }',
        exits="",
        dies="",
        untitled="",
        typo__good='{ twon = "Köln" }',
        lost__good='{ snapshot = "data/nowhere" }',
    )
    return project, run(project)


def test_good_reports_are_published_whatever_happens_to_the_others(mixed) -> None:
    project, _ = mixed
    pages = {path.name for path in project.site.iterdir()}
    assert pages == {"good.html", "other.html", "index.html", "manifest.json", ".build.lock", "editions"}
    assert "<strong>3</strong> days in Bonn" in (project.site / "good.html").read_text(encoding="utf-8")
    assert "<strong>9</strong> days in Köln" in (project.site / "other.html").read_text(encoding="utf-8")


def test_every_failure_is_one_line_with_its_own_reason_and_the_exit_status_is_one(mixed) -> None:
    _, result = mixed
    assert result.returncode == 1
    found = {line.removeprefix("error: ").split(":")[0]: line for line in errors(result)}
    assert len(errors(result)) == len(found) == 6
    assert "cell [2] ended with ValueError: the well is dry" in found["fails"]
    assert "ended with SystemExit" in found["exits"]
    assert "the kernel died" in found["dies"]
    assert "0 first-level headings" in found["untitled"]
    assert "has no parameter 'twon': did you mean 'town'?" in found["typo"]
    assert "no snapshot at data/nowhere" in found["lost"]
    assert "Traceback" not in result.stderr


def test_the_notebook_that_failed_is_kept_and_named_and_nothing_else_is_left(mixed) -> None:
    project, result = mixed
    assert {path.name for path in project.work.iterdir()} == {
        "build.lock", "build.log", "fails.ipynb", "exits.ipynb", "dies.ipynb", "untitled.ipynb"
    }  # fmt: skip
    kept = next(line for line in errors(result) if "fails" in line).split("is kept: ")[1]
    assert "the well is dry" in Path(kept).read_text(encoding="utf-8")


def test_progress_names_each_start_and_finish_and_ends_with_the_path_of_the_index_page(mixed) -> None:
    project, result = mixed
    lines = result.stdout.splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines[:-1])
    assert (project.work / "build.log").read_text(encoding="utf-8").splitlines() == lines[:-1]
    assert any(line.endswith("good: started (1 of 7)") for line in lines)
    assert sum("published after" in line for line in lines) == 2
    assert sum("failed after" in line for line in lines) == 6
    assert lines[-1] == f"Index page: {project.site / 'index.html'}"


def test_the_manifest_says_what_each_page_was_made_from(mixed) -> None:
    project, _ = mixed
    entry = entries(project.site)["other"]
    assert entry["parameters"] == {"snapshot": "data/sample", "town": "Köln", "days": 9}
    assert entry["simulated"] is True
    assert entry["verdict"] == [{"label": "Town", "value": "Köln"}, {"label": "Days", "value": "9"}]
    [(name, fingerprint)] = entry["snapshots"].items()
    sample = json.loads((Path(__file__).parents[3] / "data/sample/manifest.json").read_text())
    assert (name, fingerprint) == (sample["name"], sample["sha256"]["manifest.json"])
    assert entry["last_success"]
    assert entry["error"] is None
    assert "pandas" in entry["versions"]
    assert entry["commit"]
    failed = entries(project.site)["fails"]
    assert failed["last_success"] is None
    assert "the well is dry" in failed["error"]


def test_the_index_page_lists_every_report_with_its_state_and_links_only_what_exists(mixed) -> None:
    project, _ = mixed
    html = (project.site / "index.html").read_text(encoding="utf-8")
    assert '<a href="good.html">About good</a> <span class="badge">SIMULATED</span>' in html
    assert "fails.html" not in html
    assert "the well is dry" in html
    assert html.count("<tr>") == 1 + 8
