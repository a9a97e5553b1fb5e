"""One report in a worker process: execute, verify, render. Nothing is published here (`build.py` does that).

Verified afterwards: that the notebook ran to its end, and on the snapshots that were verified before.

A worker is a process, not a thread (papermill changes the working directory), and lives through a whole build, so that
importing papermill and nbconvert is paid once. Each notebook has a fresh kernel.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from research.errors import ReportError, ResearchError, printable, system_fault
from research.market.snapshots.snapshot import open_snapshot
from research.point_in_time.table_files import fingerprint_of
from research.reporting.presentation.display import FOR_A_PAGE
from research.reporting.publishing.rendering import Page, render_page, verdict_of
from research.reporting.publishing.sanitising import without_paths

_UNDERSTOOD = (PapermillExecutionError, DeadKernelError, CellTimeoutError, ResearchError)
CELL_TIMEOUT = 1800.0
"""Seconds after which a cell counts as hanging."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs: the notebook, its parameters, a folder of its own, and what the page says about itself.

    `snapshots` and `tables` hold the path of each snapshot, and of each table file, among the parameters with the
    fingerprint that was verified.
    """

    notebook: Path
    parameters: dict[str, Any]
    snapshots: Mapping[str, str]
    tables: Mapping[str, str]
    scratch: Path
    page: Page
    cell_timeout: float = CELL_TIMEOUT


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a job.

    Attributes
    ----------
    seconds : float
        Wall-clock time of execution and rendering.
    executed : Path, optional
        The executed notebook, complete or not; None when it did not get that far.
    html : Path, optional
        The page; None when the report failed.
    verdict : list of dict
        label, value of the notebook's verdict strip, for the index page.
    error : str, optional
        Why it failed, in one line.
    details : str
        Traceback of an error that did not come from a cell.
    """

    seconds: float
    executed: Path | None = None
    html: Path | None = None
    verdict: list[dict[str, str]] = field(default_factory=list)
    error: str | None = None
    details: str = ""


def start_worker(ipython_folder: str) -> None:
    """Prepare a worker process: what its kernels inherit, and that it does not outlive the build."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    os.environ[FOR_A_PAGE] = "1"
    os.environ["IPYTHONDIR"] = ipython_folder  # nobody's start-up files run in a report's kernel
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment, not a namesake of the user's
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what matters is in the outcome
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the build, which then ends its workers
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def run_job(job: Job) -> Outcome:
    """Execute, verify and render; a failure is an outcome, so that one report cannot stop the others."""
    start = time.perf_counter()
    executed = job.scratch / job.notebook.name
    try:
        job.scratch.mkdir(parents=True)
        try:
            _execute(job, executed)
        finally:
            _tidy(executed)
        notebook = nbformat.read(executed, as_version=4)  # type: ignore[no-untyped-call]
        verify(notebook)
        verify_snapshots(notebook, job.snapshots)
        verify_tables(job.tables)
        html = job.scratch / "page.html"
        html.write_text(render_page(notebook, job.page), encoding="utf-8")
        verdict = verdict_of(notebook)
    except Exception as error:
        return Outcome(
            seconds=time.perf_counter() - start,
            executed=executed if executed.exists() else None,
            error=one_line(error, job.cell_timeout),
            details="" if isinstance(error, _UNDERSTOOD) else traceback.format_exc(),
        )
    return Outcome(seconds=time.perf_counter() - start, executed=executed, html=html, verdict=verdict)


def _execute(job: Job, executed: Path) -> None:
    def attempt() -> None:
        papermill.execute_notebook(
            job.notebook,
            executed,
            parameters=job.parameters,
            kernel_name="python3",
            cwd=job.notebook.parent,
            progress_bar=False,
            execution_timeout=job.cell_timeout,
            shutdown_kernel="immediate",
            config=Config(KernelManager={"transport_encryption": "auto"}),
        )

    try:
        attempt()
    except RuntimeError as error:
        # A kernel that dies while starting (a port taken meanwhile) deserves one more try; a cell that fails does not.
        if "before replying to kernel_info" not in str(error):
            raise
        attempt()


def verify(notebook: NotebookNode) -> None:
    """Make sure that the notebook ran to its end: papermill marks a dead kernel and a time-out as completed.

    Raises
    ------
    ReportError
        Naming the first cell that failed or did not run.
    """
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                raise ReportError(f"code cell {number} ended with {output.ename}: {output.evalue}")
        if cell.source.strip() and cell.execution_count is None:
            raise ReportError(f"code cell {number} did not run: the kernel died or was stopped before it.")
    if notebook.metadata.get("papermill", {}).get("exception"):
        raise ReportError("the notebook did not run to its end: papermill reports an exception.")


def verify_snapshots(notebook: NotebookNode, verified: Mapping[str, str]) -> None:
    """Make sure that the notebook read the snapshots that the page will name: one may be replaced at any time.

    Raises
    ------
    ReportError
        If a snapshot has another fingerprint than before the notebook ran, or if the notebook shows the provenance of
        one that is not among `verified` (path -> fingerprint).
    """
    for path, before in verified.items():
        now = open_snapshot(path)[1].fingerprint
        if now != before:
            raise ReportError(
                f"the snapshot {path} was replaced while the report was being built (fingerprint {before[:12]}… "
                f"before, {now[:12]}… after). Build it again."
            )
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        shown = output.get("metadata", {}).get("snapshot")
        if shown and shown["fingerprint"] not in verified.values():
            raise ReportError(
                f"the notebook shows results of the snapshot {shown['name']!r} (fingerprint "
                f"{shown['fingerprint'][:12]}…), which is not the one that was verified for this page. Where it was "
                "replaced meanwhile, build it again; where the notebook names it itself, make it a parameter whose "
                "name begins with snapshot."
            )


def verify_tables(verified: Mapping[str, str]) -> None:
    """ReportError if a table file (path -> fingerprint) was replaced while the notebook ran."""
    for path, before in verified.items():
        if fingerprint_of(path) != before:
            raise ReportError(f"the table {path} was replaced while the report was being built. Build it again.")


def _tidy(executed: Path) -> None:
    """Take the paths of this machine out of an executed notebook. One that is not whole has failed anyway."""
    with suppress(OSError, ValueError):
        notebook = without_paths(json.loads(executed.read_text(encoding="utf-8")))
        executed.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def one_line(error: Exception, cell_timeout: float = CELL_TIMEOUT) -> str:
    """Why a report failed, in one line."""
    if isinstance(error, PapermillExecutionError):
        return _shortened(f"cell [{error.exec_count}] ended with {error.ename}: {error.evalue}")
    if isinstance(error, DeadKernelError):
        return "the kernel died while a cell was running (out of memory?)."
    if isinstance(error, CellTimeoutError):
        return f"a cell ran for more than {cell_timeout:g} s and was stopped."
    if isinstance(error, ResearchError):
        return _shortened(str(error))
    if isinstance(error, OSError):
        return _shortened(system_fault(error))
    return _shortened(f"{type(error).__name__}: {error}")


def _shortened(message: str, width: int = 600) -> str:
    text = printable(" ".join(message.split()))
    return text if len(text) <= width else f"{text[:width]}…"
