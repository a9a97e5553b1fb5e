"""`research report build` as a user runs it: real processes, real kernels, real files."""

from __future__ import annotations

import subprocess
import sys

import nbformat
import pytest
from filelock import FileLock

from research.errors import ReportError
from research.reporting.publishing.build import _longest_first, build
from research.reporting.publishing.running.workers import How
from research.reporting.publishing.site.manifest import Entry
from tests.reporting.publishing.conftest import Project, assert_consistent, built, entries, errors, run


def test_a_report_that_fails_keeps_its_last_good_page_until_it_succeeds_again(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    assert run(project).returncode == 0
    good = (project.site / "walk.html").read_bytes()
    success = entries(project.site)["walk"]["last_success"]

    project.notebook("walk", "1 / 0")
    result = run(project)
    assert result.returncode == 1
    assert (project.site / "walk.html").read_bytes() == good
    entry = entries(project.site)["walk"]
    assert entry["last_success"] == success
    assert "ZeroDivisionError" in str(entry["error"])
    assert "The page is the last good one." in (project.site / "index.html").read_text(encoding="utf-8")

    project.notebook("walk", "days + 1000")
    assert run(project).returncode == 0
    assert "1003" in (project.site / "walk.html").read_text(encoding="utf-8")
    assert entries(project.site)["walk"]["error"] is None
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


def test_the_manifest_of_another_version_is_refused_before_anything_runs(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    project.site.mkdir()
    (project.site / "manifest.json").write_text('{"reports": {"walk": {"colour": 1}}}')
    with pytest.raises(ReportError, match="not a manifest that this version wrote"):
        built(project)
    assert not (project.site / "walk.html").exists()


def test_the_build_goes_on_when_nobody_listens_to_its_progress(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    command = [sys.executable, "-m", "research.cli", "report", "build", "--config", str(project.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaints = process.stderr.read()
        assert process.wait(timeout=120) == 0
    assert complaints == ""
    assert_consistent(project.site, "one", "two")


def test_an_executed_notebook_is_still_a_notebook_without_its_paths(project: Project) -> None:
    project.notebook("walk", "1 / 0")
    project.reports(walk="")
    built(project)
    kept = nbformat.read(project.work / "walk.ipynb", as_version=4)
    nbformat.validate(kept)
    assert "ZeroDivisionError" in str(kept.cells)


def test_the_longest_reports_begin_first_after_those_that_were_never_built() -> None:
    took = {"short": 1.0, "new": 0.0, "long": 9.0, "middle": 5.0, "newer": 0.0}
    before = {name: Entry(title="", seconds=seconds) for name, seconds in took.items()}
    assert list(_longest_first(dict.fromkeys(took), before)) == ["new", "newer", "long", "middle", "short"]


def test_a_build_begins_with_what_took_longest_before(project: Project) -> None:
    project.notebook("short", "1")
    project.notebook("long", "import time; time.sleep(1)")
    project.reports(short="", long="")
    built(project)
    lines: list[str] = []
    build(project.config, say=lines.append, how=How(jobs=1), force=True)
    assert [line.split(" ")[1] for line in lines if "started" in line] == ["long:", "short:"]
