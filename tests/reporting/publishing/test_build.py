"""`research report build` as a user runs it: real processes, real kernels, real files."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from research.errors import ReportError
from research.reporting.publishing import site
from research.reporting.publishing.build import build

from .conftest import Project

SHOW = """
from research.reporting.presentation.display import show_text, show_verdict

show_verdict({"Town": town, "Days": str(days)})
show_text(f"**{days}** days in {town}")
"""


def run(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "research.cli", "report", "build", "--config", str(project.config), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def errors(result: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.strip()]


def manifest(project: Project) -> dict[str, dict[str, object]]:
    return json.loads((project.site / "manifest.json").read_text(encoding="utf-8"))["reports"]


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
    assert pages == {"good.html", "other.html", "index.html", "manifest.json", ".build.lock"}
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
        "build.lock", "fails.ipynb", "exits.ipynb", "dies.ipynb", "untitled.ipynb"
    }  # fmt: skip
    kept = next(line for line in errors(result) if "fails" in line).split("is kept: ")[1]
    assert "the well is dry" in Path(kept).read_text(encoding="utf-8")


def test_progress_names_each_start_and_finish_and_ends_with_the_path_of_the_index_page(mixed) -> None:
    project, result = mixed
    lines = result.stdout.splitlines()
    assert "good: started (1 of 6)" in lines
    assert sum("published after" in line for line in lines) == 2
    assert sum("failed after" in line for line in lines) == 6
    assert lines[-1] == f"Index page: {project.site / 'index.html'}"


def test_the_manifest_says_what_each_page_was_made_from(mixed) -> None:
    project, _ = mixed
    entry = manifest(project)["other"]
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
    failed = manifest(project)["fails"]
    assert failed["last_success"] is None
    assert "the well is dry" in failed["error"]


def test_the_index_page_lists_every_report_with_its_state_and_links_only_what_exists(mixed) -> None:
    project, _ = mixed
    html = (project.site / "index.html").read_text(encoding="utf-8")
    assert '<a href="good.html">About good</a> <span class="badge">SIMULATED</span>' in html
    assert "fails.html" not in html
    assert "the well is dry" in html
    assert html.count("<tr>") == 1 + 8


def test_a_report_that_fails_keeps_its_last_good_page_until_it_succeeds_again(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    assert run(project).returncode == 0
    good = (project.site / "walk.html").read_bytes()
    success = manifest(project)["walk"]["last_success"]

    project.notebook("walk", "1 / 0")
    result = run(project)
    assert result.returncode == 1
    assert (project.site / "walk.html").read_bytes() == good
    entry = manifest(project)["walk"]
    assert entry["last_success"] == success
    assert "ZeroDivisionError" in str(entry["error"])
    assert "The page is the last good one." in (project.site / "index.html").read_text(encoding="utf-8")

    project.notebook("walk", "days + 1000")
    assert run(project).returncode == 0
    assert "1003" in (project.site / "walk.html").read_text(encoding="utf-8")
    assert manifest(project)["walk"]["error"] is None
    assert not (project.work / "walk.ipynb").exists()


def test_only_builds_the_named_report_and_keeps_the_others_on_the_index_page(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(first__walk="", second__walk="")
    assert run(project, "--only", "second").returncode == 0
    assert not (project.site / "first.html").exists()
    html = (project.site / "index.html").read_text(encoding="utf-8")
    assert "About first" in html
    assert "not built yet" in html


def test_an_unknown_report_builds_nothing_and_suggests_the_nearest(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    result = run(project, "--only", "wlak")
    assert result.returncode == 1
    assert errors(result) == ["error: --only wlak: there is no such report; did you mean 'walk'? Known: walk"]
    assert not project.site.exists()


def test_a_second_build_at_the_same_time_says_so_and_exits_with_three(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    project.work.mkdir()
    with FileLock(project.work / "build.lock"):
        result = run(project)
    assert result.returncode == 3
    assert len(errors(result)) == 1
    assert "another build" in errors(result)[0]
    assert not project.site.exists()


def test_a_cell_that_hangs_is_stopped_and_reported(project: Project) -> None:
    project.notebook("slow", "import time; time.sleep(60)")
    project.reports(slow="")
    start = time.monotonic()
    result = build(project.config, project.site, say=lambda line: None, cell_timeout=1.0)
    assert "ran for more than 1 s" in result.failures["slow"]
    assert time.monotonic() - start < 30


def test_a_worker_that_dies_costs_its_own_report_and_no_other(project: Project) -> None:
    project.notebook("killer", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    project.notebook("walk", "days")
    project.reports(killer="", walk="")
    result = build(project.config, project.site, workers=1, say=lambda line: None)
    assert list(result.failures) == ["killer"]
    assert "its worker process died" in result.failures["killer"]
    assert (project.site / "walk.html").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_build_that_is_stopped_leaves_no_process_and_no_half_page_behind(
    project: Project, number: signal.Signals
) -> None:
    marker = project.root / "running"
    project.notebook("slow", f"open({str(marker)!r}, 'w').close(); import time; time.sleep(60)")
    project.reports(slow="")
    command = [sys.executable, "-m", "research.cli", "report", "build", "--config", str(project.config)]

    def hear_interrupts() -> None:  # a test-suite started in the background passes "ignore" on to its children
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet, preexec_fn=hear_interrupts) as process:  # noqa: PLW1509 (no threads here)
        deadline = time.monotonic() + 60
        while not marker.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert marker.exists()
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 2  # a worker and its kernel
        os.kill(process.pid, number)
        process.wait(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == []
    assert not (project.site / "slow.html").exists()
    project.notebook("slow", "days")
    assert run(project).returncode == 0  # what was left behind is no obstacle


def test_the_manifest_of_another_version_is_refused_before_anything_runs(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    project.site.mkdir()
    (project.site / "manifest.json").write_text('{"reports": {"walk": {"colour": 1}}}')
    with pytest.raises(ReportError, match="not a manifest that this version wrote"):
        build(project.config, project.site, say=lambda line: None)
    assert not (project.site / "walk.html").exists()


def test_publishing_that_is_interrupted_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "page.html"
    site.publish("old", target)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(site.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        site.publish("new and longer", target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
