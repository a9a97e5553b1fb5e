"""One report in a worker process: execute, verify, render. Nothing is published here (`build.py` does that).

A worker is a process, not a thread (papermill changes the working directory), and lives through a whole build, so that
importing papermill and nbconvert is paid once. Each notebook has a fresh kernel.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
import traceback
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

from research.errors import ReportError
from research.reporting.publishing.rendering import Page, render_page, verdict_of

_UNDERSTOOD = (PapermillExecutionError, DeadKernelError, CellTimeoutError, ReportError)
CELL_TIMEOUT = 1800.0
"""Seconds after which a cell counts as hanging."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs: the notebook, its parameters, a folder of its own, and what the page says about itself."""

    notebook: Path
    parameters: dict[str, Any]
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
    job.scratch.mkdir(parents=True)
    try:
        _execute(job, executed)
        notebook = nbformat.read(executed, as_version=4)  # type: ignore[no-untyped-call]
        verify(notebook)
        html = job.scratch / "page.html"
        html.write_text(render_page(notebook, job.page), encoding="utf-8")
        verdict = verdict_of(notebook)
    except Exception as error:
        return Outcome(
            seconds=time.perf_counter() - start,
            executed=executed if executed.exists() else None,
            error=_one_line(error, job.cell_timeout),
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


def _one_line(error: Exception, cell_timeout: float) -> str:
    if isinstance(error, PapermillExecutionError):
        return _shortened(f"cell [{error.exec_count}] ended with {error.ename}: {error.evalue}")
    if isinstance(error, DeadKernelError):
        return "the kernel died while a cell was running (out of memory?)."
    if isinstance(error, CellTimeoutError):
        return f"a cell ran for more than {cell_timeout:g} s and was stopped."
    if isinstance(error, ReportError):
        return _shortened(str(error))
    return _shortened(f"{type(error).__name__}: {error}")


def _shortened(message: str, width: int = 600) -> str:
    text = " ".join(message.split())
    return text if len(text) <= width else f"{text[:width]}…"
