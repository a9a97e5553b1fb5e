"""Processes: a cell that hangs, a worker that dies, a build that is stopped; nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from research.reporting.publishing.build import build
from research.reporting.publishing.running.workers import How
from tests.reporting.publishing.conftest import Project, assert_consistent, built, run


def test_a_cell_that_hangs_is_stopped_and_reported(project: Project) -> None:
    project.notebook("slow", "import time; time.sleep(60)")
    project.reports(slow="")
    start = time.monotonic()
    result = build(project.config, say=lambda line: None, how=How(cell_timeout=1.0))
    assert "ran for more than 1 s" in result.failures["slow"]
    assert time.monotonic() - start < 30


def test_a_worker_that_dies_costs_its_own_report_and_no_other(project: Project) -> None:
    project.notebook("killer", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    project.notebook("walk", "days")
    project.reports(killer="", walk="")
    result = built(project, jobs=1)
    assert list(result.failures) == ["killer"]
    assert "its worker process died" in result.failures["killer"]
    assert (project.site / "walk.html").exists()


def test_a_worker_that_dies_takes_no_neighbour_with_it(project: Project) -> None:
    meet = f"import time; from pathlib import Path; mine, other = Path({str(project.root)!r}) / 'a', Path("
    meet += f"{str(project.root)!r}) / 'b'\n"
    wait = "limit = time.monotonic() + 60\nwhile not other.exists() and time.monotonic() < limit: time.sleep(0.05)\n"
    killer = "mine.touch()\n" + wait + "import os, signal; os.kill(os.getppid(), signal.SIGKILL)"
    neighbour = "mine, other = other, mine\nmine.touch()\n" + wait + "time.sleep(2)"
    project.notebook("killer", meet + killer)
    project.notebook("neighbour", meet + neighbour)
    project.reports(killer="", neighbour="")
    failures = built(project, jobs=2).failures
    assert list(failures) == ["killer"]
    assert "its worker process died" in failures["killer"]
    assert_consistent(project.site, "neighbour")


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
