"""`research report build`: check, execute, publish what passed. One build of a list of reports at a time.

What happens to one report inside a worker is in `execution.py`, what the published folder holds in `site.py`.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from research.errors import ReportError, ResearchError
from research.reporting.publishing.config import Report, choose, load_reports
from research.reporting.publishing.execution import CELL_TIMEOUT, Job, Outcome, run_job, start_worker
from research.reporting.publishing.parameters import effective_parameters
from research.reporting.publishing.provenance import git_commit, snapshots_of, versions
from research.reporting.publishing.rendering import Page
from research.reporting.publishing.site import Entry, publish, read_manifest, write_index, write_manifest

DEFAULT_WORKERS = min(2, os.cpu_count() or 1)


class BuildInProgressError(ReportError):
    """Another build of the same reports is running."""

    exit_status = 3


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What a build did: the path of the index page, and why which report failed."""

    index: Path
    failures: Mapping[str, str]


def build(
    config: Path,
    out: Path,
    *,
    only: Iterable[str] = (),
    workers: int = DEFAULT_WORKERS,
    say: Callable[[str], None],
    cell_timeout: float = CELL_TIMEOUT,
) -> BuildResult:
    """Build the reports that `config` lists, and publish those that pass into `out`.

    A report that fails keeps its last good page; its notebook stays in the folder `work` beside `config`, and the
    others are published all the same.

    Parameters
    ----------
    config, out : Path
        The list of reports, and the folder to publish into.
    only : names
        Build these alone; the index page still lists all.
    workers : int
        Number of worker processes.
    say : function
        Takes each line of progress.
    cell_timeout : float
        Seconds after which a cell counts as hanging.

    Raises
    ------
    ReportError
        If the list of reports is wrong, or the manifest of an earlier build cannot be read.
    BuildInProgressError
        If another build of this list is running.
    """
    reports = load_reports(config)
    chosen = choose(reports, only)
    work = config.parent / "work"
    work.mkdir(exist_ok=True)
    lock = FileLock(work / "build.lock")
    try:
        with lock.acquire(timeout=0):
            before = read_manifest(out)
            entries = {
                name: replace(before.get(name, Entry(title="")), title=report.title) for name, report in reports.items()
            }
            shelf = _Shelf(out=out, work=work, entries=entries, say=say)
            with _scratch_folder(work) as scratch:
                jobs = _jobs(chosen, scratch, shelf, cell_timeout)
                _run(jobs, workers, scratch, shelf)
            failures = {name: error for name in chosen if (error := entries[name].error) is not None}
            return BuildResult(index=write_index(out, entries), failures=failures)
    except Timeout as error:
        raise BuildInProgressError(
            f"another build of {config} is running (it holds {work / 'build.lock'}). Wait until it has finished."
        ) from error


@contextmanager
def _scratch_folder(work: Path) -> Iterator[Path]:
    scratch = work / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)  # what a build that was killed left behind
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class _Shelf:
    """Where results go: pages to `out`, notebooks that failed to `work`, the state of each report to `entries`."""

    out: Path
    work: Path
    entries: dict[str, Entry]
    say: Callable[[str], None]

    def settle(self, name: str, outcome: Outcome, page: Page | None = None) -> None:
        """Publish a page that passed, or keep the notebook of one that failed, and write the manifest."""
        entry = replace(self.entries[name], last_attempt=_now(), seconds=round(outcome.seconds, 2))
        if page is None or outcome.html is None:
            self.entries[name] = replace(entry, error=self._keep(name, outcome))
        else:
            self.entries[name] = self._publish(name, outcome, page, outcome.html, entry)
        write_manifest(self.out, self.entries)
        self.say(f"{name}: {'failed' if outcome.error else 'published'} after {outcome.seconds:.1f} s")

    def _publish(self, name: str, outcome: Outcome, page: Page, html: Path, entry: Entry) -> Entry:
        publish(html.read_text(encoding="utf-8"), self.out / f"{name}.html")
        for kept in self._kept(name):
            kept.unlink(missing_ok=True)
        return replace(
            entry,
            parameters=dict(page.parameters),
            snapshots=dict(page.snapshots),
            simulated=page.simulated,
            commit=page.commit,
            versions=dict(page.versions),
            verdict=outcome.verdict,
            last_success=page.built_at,
            error=None,
        )

    def _keep(self, name: str, outcome: Outcome) -> str:
        notebook, details = self._kept(name)
        error = outcome.error or "it gave no page"
        if outcome.executed is not None:
            outcome.executed.replace(notebook)
            error = f"{error.rstrip('.')}. The executed notebook is kept: {notebook}"
        if outcome.details:
            publish(outcome.details, details)
            error = f"{error.rstrip('.')}. The traceback: {details}"
        return error

    def _kept(self, name: str) -> tuple[Path, Path]:
        return self.work / f"{name}.ipynb", self.work / f"{name}.traceback.txt"


def _now() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _jobs(chosen: Mapping[str, Report], scratch: Path, shelf: _Shelf, cell_timeout: float) -> dict[str, Job]:
    """The jobs to run. What can be known to be wrong before a kernel starts is settled as a failure here."""
    jobs = {}
    for name, report in chosen.items():
        try:
            page = _page(report)
        except ResearchError as error:
            shelf.settle(name, Outcome(seconds=0.0, error=str(error)))
            continue
        jobs[name] = Job(
            notebook=Path(report.notebook),
            parameters=report.parameters,
            scratch=scratch / name,
            page=page,
            cell_timeout=cell_timeout,
        )
    return jobs


def _page(report: Report) -> Page:
    parameters = effective_parameters(report)
    manifests = snapshots_of(parameters).values()
    return Page(
        title=report.title,
        built_at=_now(),
        commit=git_commit(),
        parameters=parameters,
        snapshots={manifest.name: manifest.fingerprint for manifest in manifests},
        simulated=any(manifest.simulated for manifest in manifests),
        versions=versions(),
    )


def _run(jobs: Mapping[str, Job], workers: int, scratch: Path, shelf: _Shelf) -> None:
    """Run all jobs, `workers` at a time. A worker that dies costs the jobs under way; the others get new workers."""
    waiting = list(jobs)
    while waiting:
        with ProcessPoolExecutor(
            max_workers=min(workers, len(waiting)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=start_worker,
            initargs=(str(scratch.resolve() / "ipython"),),
        ) as pool:
            try:
                _drain(pool, jobs, waiting, workers, shelf)
            except BaseException:  # told to stop: do not wait for the jobs under way
                for process in multiprocessing.active_children():
                    process.terminate()
                raise


def _drain(pool: Executor, jobs: Mapping[str, Job], waiting: list[str], workers: int, shelf: _Shelf) -> None:
    """Give the pool one waiting job per free worker, until none is left or the pool is broken."""
    running: dict[Future[Outcome], str] = {}
    broken = False
    while running or (waiting and not broken):
        while waiting and not broken and len(running) < workers:
            name = waiting.pop(0)
            shelf.say(f"{name}: started ({len(jobs) - len(waiting)} of {len(jobs)})")
            running[pool.submit(run_job, jobs[name])] = name
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            name = running.pop(future)
            try:
                outcome = future.result()
            except BrokenProcessPool:
                broken = True
                outcome = Outcome(seconds=0.0, error="its worker process died (out of memory?). Build it again.")
            shelf.settle(name, outcome, jobs[name].page)
