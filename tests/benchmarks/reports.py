"""A build of every report: kernels that are forks against fresh interpreters, in turns; one where nothing has changed.

The split of seconds is of the forked build: for each report what data, kernel, cells and page took, and for the whole
what passed before the first report began to run (imports of the warm process).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from research.reporting.publishing.build import BuildResult, build
from research.reporting.publishing.running.workers import How
from tests.conftest import ROOT

JOBS, TURNS = 2, 1
PARTS = ("data", "kernel", "cells", "page")


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark table."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "reports" / "reports.toml"
        config.parent.mkdir()
        listed = (ROOT / "reports" / "reports.toml").read_text(encoding="utf-8")
        listed = listed.replace("../notebooks/", f"{ROOT}/notebooks/")
        noted = f'"signals"]\nsignals = {{ registry = "{folder}/trials.jsonl" }}'
        config.write_text(listed.replace('"signals"]', noted), encoding="utf-8")
        fastest: dict[bool, BuildResult] = {}
        for turn in range(2 * TURNS):
            forked = turn % 2 == 1
            result = build(config, force=True, how=How(jobs=JOBS, forked=forked), say=lambda line: None)
            assert not result.failures, result.failures
            fastest[forked] = min(result, fastest.get(forked, result), key=lambda made: made.seconds)
        unchanged, python = _second_build(config)
    forked, fresh = fastest[True], fastest[False]
    what = f"{len(forked.built)} reports, {JOBS} at a time"
    rows = [_row(what, forked.seconds, fresh.seconds, "peer: a fresh interpreter for each kernel")]
    used = [sum(steps["processor"] for steps in made.steps.values()) for made in (forked, fresh)]
    rows.append(_row("the same, seconds of processors", *used, "without the warm process, whose imports the log names"))
    rows.append(_row("build with nothing changed", unchanged, python, "peer: python -c pass"))
    for name, steps in forked.steps.items():
        beside = fresh.steps[name]
        parts = ", ".join(f"{step} {seconds:.2f} ({beside[step]:.2f})" for step, seconds in steps.items())
        whole = [sum(part[step] for step in PARTS) for part in (steps, beside)]
        rows.append(_row(name, *whole, f"seconds of parts (fresh): {parts}"))
    busy = sum(steps[part] for steps in forked.steps.values() for part in PARTS)
    rows.append(_row("all parts of all reports", busy, forked.seconds * JOBS, "peer: seconds of the build x jobs"))
    return rows


def _second_build(config: Path) -> tuple[float, float]:
    """Seconds of the command when there is nothing to do, and of an interpreter that does nothing: best of five."""
    command = [sys.executable, "-m", "research.cli", "report", "build", "--config", str(config)]
    fastest = dict.fromkeys(("build", "python"), float("inf"))
    for _ in range(5):
        for name, words in (("build", command), ("python", [sys.executable, "-c", "pass"])):
            begin = time.perf_counter()
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
            fastest[name] = min(fastest[name], time.perf_counter() - begin)
    return fastest["build"], fastest["python"]


def _row(name: str, ours: float, peer: float, note: str) -> dict[str, Any]:
    return {"name": name, "ours_seconds": ours, "peer_seconds": peer, "ratio": peer / ours, "note": note}
