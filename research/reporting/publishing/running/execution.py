"""One report in a process of its own: its data verified, the notebook executed, verified again, and rendered.

Papermill changes the working directory, so this never runs in a thread beside another. Nothing is published here.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from research.errors import DataError, MethodologyError, ResearchError
from research.market.layout import ASSETS
from research.market.snapshots.snapshot import verified_snapshot
from research.reporting.presentation import for_a_page
from research.reporting.publishing import data_files
from research.reporting.publishing.page import Page
from research.reporting.publishing.provenance import snapshots_of, tables_of
from research.reporting.publishing.rendering import render_page, verdict_of
from research.reporting.publishing.running.forked_kernel import DIED_EARLY, ForkedKernelManager, WaitingKernel
from research.reporting.publishing.running.jobs import Job, Outcome, one_line, shortened
from research.reporting.publishing.running.verification import (
    content_of,
    verify,
    verify_provenance,
    verify_snapshots,
    verify_tables,
)
from research.reporting.publishing.sanitising import without_paths

_UNDERSTOOD = (PapermillExecutionError, DeadKernelError, CellTimeoutError, ResearchError)
_OF_THE_MARKET = {DataError.__name__, MethodologyError.__name__}


class _Engine(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine, whose notebook is kept whatever comes: papermill gives it back only if nothing failed.

    One at a time: a process runs one report.
    """

    notebook: ClassVar[NotebookNode | None] = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any) -> None:
        cls.notebook = nb_man.nb
        super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register(_Engine.__name__, _Engine)


def run_job(job: Job, kernel: WaitingKernel | None = None) -> Outcome:
    """Execute, verify and render; a failure is an outcome, so that one report cannot stop the others.

    Parameters
    ----------
    job : Job
    kernel : WaitingKernel, optional
        The process that becomes the notebook's kernel; without one a fresh interpreter is started.
    """
    with tempfile.TemporaryDirectory(prefix="report-", dir=job.scratch, ignore_cleanup_errors=True) as scratch:
        run = _Run(job, Path(scratch), kernel)
        start = time.perf_counter()
        try:
            made = run.whole()
        except Exception as error:
            made = run.failed(error)
        run.steps["processor"] = round(_processor_seconds(), 3)
        return Outcome(seconds=time.perf_counter() - start, steps=run.steps, notes=tuple(run.notes), **made)


def _processor_seconds() -> float:
    """Of this process and of those it has waited for, its kernel among them; a fork begins at zero."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


class _Run:
    """One job under way: what was found so far, also when it fails."""

    def __init__(self, job: Job, scratch: Path, kernel: WaitingKernel | None) -> None:
        self.job, self.kernel = job, kernel
        self.data = scratch / data_files.FOLDER
        self.snapshots: dict[str, str] = {}
        self.redistribute = True
        self.made: dict[str, Any] = {}
        self.steps: dict[str, float] = {}
        self.notes: list[str] = []

    def whole(self) -> dict[str, Any]:
        with self.step("data"):
            tables = self.read_data()
        notebook = self.execute()
        verify(notebook)
        cells = sum(cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in notebook.cells)
        self.steps["cells"], self.steps["kernel"] = round(cells, 3), round(self.steps["kernel"] - cells, 3)
        with self.step("data"):
            verify_snapshots(self.snapshots)
            verify_provenance(notebook, self.snapshots)
            verify_tables(tables)
        with self.step("page"):
            files = data_files.read_files(self.data)
            page = self.made["page"] = self.with_files(files)
            html = render_page(notebook, page)
        shown = {"html": html, "verdict": verdict_of(notebook), "content": content_of(notebook)}
        return self.made | shown | {"files": files}

    def with_files(self, files: dict[str, bytes]) -> Page:
        """What the page says about itself, with what its notebook published as data."""
        page: Page = self.made["page"]
        if not files:
            return page
        folder = data_files.folder_of(self.job.name, data_files.digests(files))
        return replace(page, data=folder, files=tuple(files))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = round(self.steps.get(name, 0.0) + time.perf_counter() - start, 3)

    def read_data(self) -> dict[str, str]:
        """Verify the snapshots and tables, and note what the page says of them; gives the digests of the tables."""
        job = self.job
        manifests, tables = snapshots_of(job.parameters), tables_of(job.parameters)
        self.snapshots = {path: manifest.fingerprint for path, manifest in manifests.items()}
        self.redistribute = all(manifest.redistribute for manifest in manifests.values())
        files = job.parameters.get("table_files", {})
        self.made["data_until"] = _last_day(job)
        self.made["page"] = Page(
            title=job.title,
            built_at=job.built_at,
            commit=job.commit,
            parameters=without_paths(dict(job.parameters)),
            snapshots={manifest.name: manifest.fingerprint for manifest in manifests.values()}
            | {f"table of {name}, {Path(path).name}": tables[str(path)] for name, path in files.items()},
            withheld=not self.redistribute,
            simulated=any(manifest.simulated for manifest in manifests.values()),
            versions=job.versions,
        )
        return tables

    def execute(self) -> NotebookNode:
        """The notebook as executed, also into `made`, complete or not, without the paths of this machine."""
        _Engine.notebook = None
        try:
            self.start_and_execute()
        finally:
            notebook: NotebookNode | None = without_paths(_Engine.notebook)
            if notebook is not None:
                self.made["executed"] = nbformat.writes(notebook) + "\n"  # type: ignore[no-untyped-call]
        assert notebook is not None
        return notebook

    def start_and_execute(self) -> None:
        if self.kernel is not None:
            ForkedKernelManager.waiting = self.kernel
        try:
            self.attempt(forked=self.kernel is not None)
        except RuntimeError as error:
            # A kernel that dies while starting (a port taken meanwhile) deserves one more try; a failing cell does not.
            if DIED_EARLY not in str(error):
                raise
            self.notes.append("its kernel died while it started; a second one was started as a fresh interpreter.")
            self.attempt(forked=False)

    def attempt(self, *, forked: bool) -> None:
        start = time.perf_counter()
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        os.environ[data_files.VARIABLE] = str(self.data)  # of this process, which runs one report: its kernel inherits
        os.environ[for_a_page.WITHHOLDS] = "" if self.redistribute else "1"
        papermill.execute_notebook(
            self.job.notebook,
            None,  # no file: papermill would write it twice for each cell
            engine_name=_Engine.__name__,
            parameters=dict(self.job.given),
            kernel_name="python3",
            cwd=self.job.notebook.parent,
            progress_bar=False,
            execution_timeout=self.job.cell_timeout,
            shutdown_kernel="immediate",
            config=Config(KernelManager={"transport_encryption": "auto"}),
            **({"kernel_manager_class": ForkedKernelManager} if forked else {}),
        )
        self.steps["kernel"] = round(time.perf_counter() - start, 3)

    def failed(self, error: Exception) -> dict[str, Any]:
        details = "" if isinstance(error, _UNDERSTOOD) else traceback.format_exc()
        impossible = False
        if self.job.other_market and isinstance(error, PapermillExecutionError) and error.ename in _OF_THE_MARKET:
            try:
                verify_snapshots(self.snapshots)  # it may be the data that are at fault, and not what is asked of them
                impossible = True
            except ResearchError as fault:
                error = fault
        return self.made | {"error": self.why(error), "details": details, "impossible": impossible}

    def why(self, error: Exception) -> str:
        if isinstance(error, PapermillExecutionError):
            return shortened(f"cell [{error.exec_count}] ended with {error.ename}: {error.evalue}")
        if isinstance(error, DeadKernelError):
            return "the kernel died while a cell was running (out of memory?)."
        if isinstance(error, CellTimeoutError):
            return f"a cell ran for more than {self.job.cell_timeout:g} s and was stopped."
        return one_line(error)


def _last_day(job: Job) -> str:
    """The last day of the report's market, not beyond the day that it is built as of; empty without a market."""
    path = job.parameters.get("snapshot")
    if path is None:
        return ""
    with verified_snapshot(path) as snapshot:
        last = f"{snapshot.table(ASSETS)['last_date'].max():%Y-%m-%d}"
    return min(last, job.parameters.get("until") or last)
