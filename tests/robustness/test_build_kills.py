"""Builds killed with SIGKILL: at every step of publishing, and at random moments.

After each kill every page is whole, old or new, and the manifest can be read; after the next build pages and manifest
agree, nothing is lost, and nothing is left lying about. `ROBUSTNESS_SCALE=20` makes twenty times as many random kills.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from research.reporting.publishing.placing import digest
from research.reporting.publishing.site.editions import edition_names
from research.reporting.publishing.site.manifest import damaged, read_manifest
from tests.reporting.publishing.conftest import Project
from tests.robustness import SCALE

REPORTS = ("one", "two")
BUILD = "import sys; from research.cli import main; sys.exit(main(['report', 'build', '--config', sys.argv[1]]))"
DRIVER = """
import os, signal, sys
from pathlib import Path
from research.cli import main
from research.reporting.publishing import build
from research.reporting.publishing.data_files import digests, folder_of
from research.reporting.publishing.page import Page
from research.reporting.publishing.running.jobs import Outcome

def one_build(last, text):
    left = last

    def dying(function):
        def call(*given, **named):
            nonlocal left
            if function is opening and str((*given[1:], named.get("mode", "r"))[0]).startswith("r"):
                return function(*given, **named)  # reading leaves nothing behind
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)
        return call

    def instead_of_kernels(todo, shelf, how, **_):
        about = dict(title="T", built_at="2026-01-01", commit="", parameters={}, snapshots={}, simulated=False)
        for name, made in todo.items():
            html = f'<p>{name} {text}</p><nav aria-label="Pages"></nav></html>'
            files = {"levels.csv": f"{name} {text}".encode(), "facts.json": b"{}"}
            page = Page(**about, data=folder_of(name, digests(files)), files=tuple(files))
            made_of = dict(html=html, content=html, page=page, files=files)
            shelf.settle(name, Outcome(**made_of), fingerprint=made.fingerprint)

    build._execute, opening = instead_of_kernels, Path.open
    for step in ("open", "replace", "unlink", "rename", "mkdir"):
        setattr(Path, step, dying(getattr(Path, step)))
    os.fsync = dying(os.fsync)
    return main(["report", "build", "--force", "--config", sys.argv[1]])

build.git_commit(), build.versions()  # once for all
for line in sys.stdin:  # each build in a child of its own, which costs no imports
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr
        last, text = line.split()
        os._exit(one_build(int(last), text))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two tiny reports, published once."""
    project = Project(tmp_path)
    write(project, "0")
    assert finish(project) == 0
    assert_agree(project, "0")
    return project


def write(project: Project, text: str) -> None:
    project.notebook("walk", f"print('the text is', {text})", parameters="days: int = 3  # days")
    project.reports(**{f"{name}__walk": "" for name in REPORTS})


def finish(project: Project) -> int:
    command = [sys.executable, "-c", BUILD, str(project.config)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, timeout=120, check=False).returncode


def entries(project: Project) -> dict[str, dict[str, object]]:
    return json.loads((project.site / "manifest.json").read_text(encoding="utf-8"))["reports"]


def assert_nothing_lost(project: Project) -> None:
    """Right after a kill: every page is there and whole, and so is what the manifest, which lists them all, names."""
    assert not [file for file in damaged(project.site, read_manifest(project.site)) if file.startswith("data/")]
    for name in REPORTS:
        assert (project.site / f"{name}.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
        assert entries(project)[name]["last_success"]


def assert_agree(project: Project, text: str) -> None:
    """After a build that ended: the manifest describes the pages, which say `text`, and nothing else is there."""
    for name in REPORTS:
        page = (project.site / f"{name}.html").read_bytes()
        assert entries(project)[name]["sha256"] == digest(page)
        assert entries(project)[name]["error"] is None
        assert text in page.decode()
    pages = {f"{name}.html" for name in REPORTS}
    data = {str(entry[key]) for entry in entries(project).values() for key in ("data", "data_before")} - {""}
    others = {"manifest.json", "index.html", ".build.lock", "editions"} | ({"data"} if data else set())
    assert damaged(project.site, read_manifest(project.site)) == {}
    assert {file.name for file in project.site.iterdir()} == pages | others
    assert {file.name for file in project.work.iterdir()} == {"build.lock", "build.log"}
    newest, *older = edition_names(project.site)
    editions = [read_manifest(project.site / "editions" / edition).reports for edition in (newest, *older)]
    kept = {entry.data for reports in editions for entry in reports.values()} - {""}
    found = {folder.relative_to(project.site).as_posix() for folder in (project.site / "data").glob("*/*")}
    assert data | kept <= found
    assert not [folder for folder in found if folder.endswith(".part")]
    for edition in (newest, *older):
        folder = project.site / "editions" / edition
        assert damaged(folder, read_manifest(folder)) == {}
        assert {file.name for file in folder.iterdir()} == pages | {"manifest.json", "index.html"}
    assert text in (project.site / "editions" / newest / "one.html").read_text(encoding="utf-8")
    assert {file.name for file in (project.site / "editions").iterdir()} == {newest, *older}


def test_a_kill_at_any_step_of_publishing_is_put_right_by_the_next_build(tmp_path: Path) -> None:
    """Every opening, flush, rename and removal of a file is a moment to die, one after another until none is left."""
    project = Project(tmp_path)
    write(project, "1")
    command = [sys.executable, "-c", DRIVER, str(project.config)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as driver:

        def build(last: int, text: str) -> int:
            """Build in a process that dies at the step `last`, and give back its exit status."""
            assert driver.stdin is not None
            assert driver.stdout is not None
            print(last, text, file=driver.stdin, flush=True)
            return int(driver.stdout.readline())

        assert build(10**9, "first") == 0
        step, status = 0, -signal.SIGKILL
        while status == -signal.SIGKILL:
            step += 1
            status = build(step, f"killed-{step}")
            assert_nothing_lost(project)
            assert build(10**9, f"after-{step}") == 0
            assert_agree(project, f"after-{step}")
        assert status == 0
        driver.communicate()
    assert step > 30


def test_random_kills_lose_nothing_and_leave_no_litter(project: Project) -> None:
    """Half of the moments are drawn from the whole build, half from those just after the published folder changed."""
    draw = random.Random(20240101)
    kills = 0
    for turn in range(1, 2 * SCALE + 1):
        write(project, str(turn))
        with subprocess.Popen(
            [sys.executable, "-c", BUILD, str(project.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as build:
            if turn % 2:
                time.sleep(draw.uniform(0, 6))
            else:
                await_change(project, build, first=draw.randint(1, 6))
                time.sleep(draw.uniform(0, 0.01))
            kills += build.poll() is None
            build.kill()
        assert_nothing_lost(project)
        assert finish(project) == 0
        assert_agree(project, f"the text is {turn}")
    assert kills >= SCALE


def await_change(project: Project, build: subprocess.Popen[bytes], first: int) -> None:
    """Wait until the files of the published folder have changed `first` times, or the build has ended."""
    seen, changes = listing(project), 0
    while changes < first and build.poll() is None:
        now = listing(project)
        changes += now != seen
        seen = now
        time.sleep(0.001)


def listing(project: Project) -> list[tuple[str, int]]:
    return sorted((file.name, file.inode()) for file in os.scandir(project.site))
