"""`research report build`: check, execute, publish what passed. One build at a time of a list and into a folder.

How reports run in worker processes is in `workers.py` and `execution.py`, what the published folder holds and how it is
kept in step with its manifest in `site.py`.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from research.errors import ReportError, ResearchError, shown, system_fault
from research.reporting.publishing import site
from research.reporting.publishing.config import Report, choose, load_reports
from research.reporting.publishing.execution import CELL_TIMEOUT, Job, Outcome, one_line
from research.reporting.publishing.parameters import effective_parameters
from research.reporting.publishing.provenance import git_commit, snapshots_of, tables_of, versions
from research.reporting.publishing.rendering import Page
from research.reporting.publishing.sanitising import without_paths
from research.reporting.publishing.site import Entry
from research.reporting.publishing.workers import run_jobs

DEFAULT_WORKERS = min(2, os.cpu_count() or 1)


class BuildInProgressError(ReportError):
    """Another build of the same reports, or into the same folder, is running."""

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
    others are published all the same. A build of all reports removes the pages of those that are no longer listed.

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
        If the list of reports is wrong, the manifest of an earlier build cannot be read, or `out` belongs to another
        list.
    BuildInProgressError
        If another build of this list, or into this folder, is running.
    OSError
        If a folder cannot be made or written before anything ran. What happens later fails the report it hits.
    """
    reports = load_reports(config)
    chosen = choose(reports, only)
    work = config.parent / "work"
    _check_folder(out)
    with _alone(work / "build.lock"), _alone(out / ".build.lock"):
        listed_by, before = site.read_manifest(out)
        owner = site.identity(config, out)
        _check_owner(out, config, owner, listed_by, strangers=before.keys() - reports.keys())
        shelf = _Shelf(out=out, work=work, owner=owner, entries=_entries(reports, before, bool(list(only))), say=say)
        shelf.tidy(removed=before.keys() - shelf.entries.keys())
        with _scratch_folder(work) as scratch:
            jobs = _jobs(chosen, scratch, shelf, cell_timeout)
            run_jobs(
                jobs,
                workers=workers,
                scratch=scratch,
                settle=lambda name, outcome: shelf.settle(name, outcome, jobs[name].page),
                say=say,
            )
        shelf.record()
        return BuildResult(index=out / site.INDEX, failures=shelf.failures)


def _check_folder(out: Path) -> None:
    """Refuse a place that cannot be a folder, before a lock is left beside the list."""
    there = next(path for path in (out, *out.parents) if os.path.lexists(path))
    if not there.is_dir():
        raise ReportError(
            f"{shown(out)}: {shown(there)} is not a folder. Choose another folder to publish into (--out)."
        )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file, whose folder is made if need be."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lock).acquire(timeout=0):
            yield
    except Timeout as error:
        raise BuildInProgressError(f"another build is running: it holds {lock}. Wait until it has finished.") from error


def _check_owner(out: Path, config: Path, owner: str, listed_by: str, strangers: set[str]) -> None:
    """Refuse a folder of another list, unless all its reports are in this one too: then the list was moved, or grew."""
    if listed_by not in ("", owner) and strangers:
        raise ReportError(
            f"{out} was built from another list: it holds {', '.join(sorted(strangers)[:3])}, which {config} does not "
            f"list. Choose another folder (--out), or delete {out / site.MANIFEST} if this list takes its place."
        )


def _entries(reports: Mapping[str, Report], before: Mapping[str, Entry], partial: bool) -> dict[str, Entry]:
    """The state of each listed report; a build of some reports keeps what it knows of those no longer listed."""
    listed = {name: replace(before.get(name, Entry(title="")), title=report.title) for name, report in reports.items()}
    return listed | {name: entry for name, entry in before.items() if partial and name not in listed}


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
    """Where results go: pages to `out`, notebooks that failed to `work`, the state of each report to `entries`.

    `failures` says why which report failed, for the operator; what is published of it tells no path of the machine.
    """

    out: Path
    work: Path
    owner: str
    entries: dict[str, Entry]
    say: Callable[[str], None]
    failures: dict[str, str] = field(default_factory=dict)

    def tidy(self, removed: Iterable[str]) -> None:
        """Remove pages of reports no longer listed, and put right what a build that was killed left behind."""
        for name in removed:
            for file in (site.page_of(self.out, name), *self._kept(name)):
                file.unlink(missing_ok=True)
        self.entries.update(site.reconcile(self.out, self.work, self.entries))
        self.record()

    def settle(self, name: str, outcome: Outcome, page: Page | None = None) -> None:
        """Publish a page that passed, or keep the notebook of one that failed, and record it."""
        before = replace(self.entries[name], last_attempt=_now(), seconds=round(outcome.seconds, 2))
        try:
            if page is not None and outcome.html is not None:
                self._publish(name, outcome, page, outcome.html, before)
            else:
                self._fail(name, before, outcome.error or "it gave no page", self._keep(name, outcome))
        except OSError as fault:
            self._fail(name, before, f"it could not be published: {system_fault(fault)}")
        self.record()
        seconds = f"after {outcome.seconds:.1f} s"
        self.say(f"{name}: {'failed' if name in self.failures else 'published'} {seconds}")

    def record(self) -> None:
        """Write the manifest and the index page; where that fails, the build goes on and says so at its end."""
        try:
            site.write_manifest(self.out, self.owner, self.entries)
            site.write_index(self.out, self.entries)
            self.failures.pop(site.MANIFEST, None)
        except OSError as fault:
            self.failures[site.MANIFEST] = f"the state of the reports could not be written: {system_fault(fault)}"

    def _publish(self, name: str, outcome: Outcome, page: Page, html: Path, before: Entry) -> None:
        text = html.read_text(encoding="utf-8")
        entry = replace(
            before,
            parameters=dict(page.parameters),
            snapshots=dict(page.snapshots),
            simulated=page.simulated,
            commit=page.commit,
            versions=dict(page.versions),
            verdict=outcome.verdict,
            last_success=page.built_at,
            error=None,
            sha256=site.digest(text.encode()),
        )
        with site.staged(text, site.page_of(self.out, name)) as move_into_place:
            site.write_manifest(self.out, self.owner, self.entries | {name: entry})
            move_into_place()
        self.entries[name] = entry
        for kept in self._kept(name):
            kept.unlink(missing_ok=True)

    def _fail(self, name: str, before: Entry, error: str, kept: str = "") -> None:
        self.entries[name] = replace(before, error=without_paths(error))
        self.failures[name] = f"{error.rstrip('.')}.{kept}" if kept else error

    def _keep(self, name: str, outcome: Outcome) -> str:
        """Put the executed notebook and the traceback into `work`, and say where they are."""
        notebook, details = self._kept(name)
        where = ""
        try:
            if outcome.executed is not None:
                outcome.executed.replace(notebook)
                where += f" The executed notebook is kept: {notebook}"
            if outcome.details:
                site.publish(outcome.details, details)
                where += f" The traceback: {details}"
        except OSError as fault:
            where += f" More could not be kept: {system_fault(fault)}"
        return where

    def _kept(self, name: str) -> tuple[Path, Path]:
        return self.work / f"{name}.ipynb", self.work / f"{name}.traceback.txt"


def _now() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _jobs(chosen: Mapping[str, Report], scratch: Path, shelf: _Shelf, cell_timeout: float) -> dict[str, Job]:
    """The jobs to run. What can be known to be wrong before a kernel starts is settled as a failure here."""
    jobs = {}
    for name, report in chosen.items():
        try:
            jobs[name] = _job(report, scratch / name, cell_timeout)
        except Exception as error:  # whatever is the matter with one notebook, the others run
            details = "" if isinstance(error, ResearchError) else traceback.format_exc()
            shelf.settle(name, Outcome(seconds=0.0, error=one_line(error), details=details))
    return jobs


def _job(report: Report, scratch: Path, cell_timeout: float) -> Job:
    parameters = effective_parameters(report)
    snapshots, tables = snapshots_of(parameters), tables_of(parameters)
    page = Page(
        title=report.title,
        built_at=_now(),
        commit=git_commit(),
        parameters=without_paths(parameters),
        snapshots={manifest.name: manifest.fingerprint for manifest in snapshots.values()}
        | {
            f"table of {name}, {Path(path).name}": tables[str(path)]
            for name, path in parameters.get("table_files", {}).items()
        },
        simulated=any(manifest.simulated for manifest in snapshots.values()),
        versions=versions(),
    )
    return Job(
        notebook=Path(report.notebook),
        parameters=report.parameters,
        snapshots={path: manifest.fingerprint for path, manifest in snapshots.items()},
        tables=tables,
        scratch=scratch,
        page=page,
        cell_timeout=cell_timeout,
    )
