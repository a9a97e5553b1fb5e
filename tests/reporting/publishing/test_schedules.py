"""The ready-made schedules say what they should, and name options that the command line has."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from research.cli import _parser
from tests.conftest import ROOT

SCHEDULES = ROOT / "reports" / "schedules"


def text(name: str) -> str:
    return (SCHEDULES / name).read_text(encoding="utf-8")


def assert_understood(command: str) -> None:
    """Every `research ...` in a line of shell is one that the command line takes."""
    command = re.sub(r"\$\{\{.*?\}\}", "", command)
    found = re.findall(r"(?:\S*/)?research (report [^|&;\n]*)", command)
    assert found, command
    for arguments in found:
        words = shlex.split(re.sub(r"#.*", "", arguments))
        _parser().parse_args(words)


def test_the_crontab_has_one_job_on_monday_morning_in_utc_whose_command_is_understood() -> None:
    lines = [line for line in text("crontab").splitlines() if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    assert settings["CRON_TZ"] == "UTC"
    [job] = [line for line in lines if not re.match(r"[A-Z_]+=", line)]
    *when, command = job.split(maxsplit=5)
    assert when == ["0", "1", "*", "*", "1"]
    assert "%" not in command  # cron would take it for the end of the line
    assert_understood(command)
    assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0


def test_the_timer_starts_the_service_on_monday_morning_in_utc() -> None:
    assert "OnCalendar=Mon *-*-* 01:00:00 UTC\n" in text("research-reports.timer")
    [command] = re.findall(r"^ExecStart=(.*)$", text("research-reports.service"), re.MULTILINE)
    assert_understood(command)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, which is not installed")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for name in ("research-reports.service", "research-reports.timer"):
        unit = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text(name)).replace("/srv/crypto-index-research", "/tmp")
        (tmp_path / name).write_text(unit)
    units = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "research-reports" not in done.stderr


def test_the_workflow_has_what_github_asks_for_and_its_commands_are_understood() -> None:
    workflow = yaml.safe_load(text("github-actions.yml"))
    triggers = workflow[True]  # YAML 1.1 takes the key `on` for a truth value; GitHub does not
    assert triggers["schedule"] == [{"cron": "0 1 * * 1"}]
    assert set(workflow) == {"name", True, "permissions", "concurrency", "jobs"}
    [job] = workflow["jobs"].values()
    assert set(job) == {"runs-on", "timeout-minutes", "steps"}
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/x@v1"))
    assert workflow["concurrency"]["cancel-in-progress"] is False
    [build] = [step["run"] for step in job["steps"] if step.get("name") == "Build"]
    assert_understood(build)


def test_the_page_on_dask_names_commands_that_there_are() -> None:
    assert_understood(text("dask.md"))
