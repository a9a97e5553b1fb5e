"""`research report build`: plan, execute what has changed, publish what passed.

One build at a time of a list and into a folder. What is to be built is decided in `plan.py`, reports run in processes
of their own (`running`), and what the published folder holds and how it is kept in step with its manifest is in `site`.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import FileLock, Timeout

from research.errors import ReportError, shown
from research.reporting.publishing.config import choose, load_list
from research.reporting.publishing.journal import Say, journal, now
from research.reporting.publishing.plan import Elsewhere, Planned, entries_of, plan
from research.reporting.publishing.running.jobs import Job
from research.reporting.publishing.running.workers import How, processes, run_jobs
from research.reporting.publishing.shelf import Shelf
from research.reporting.publishing.site.manifest import INDEX, MANIFEST, Entry, State, identity, read_manifest
from research.reporting.publishing.versions import git_commit, versions


class BuildInProgressError(ReportError):
    """Another build of the same reports, or into the same folder, is running."""

    exit_status = 3


SCRATCH = "scratch"  # in the folder work: what a build in progress writes


@dataclass(frozen=True, kw_only=True)
class BuildResult:
    """What a build did.

    Attributes
    ----------
    out : Path
        The published folder.
    failures : mapping of str to str
        Why which report failed.
    built, unchanged, impossible, removed : list of str
        Reports published anew, kept as they were, not possible on this market, and no longer listed.
    before, after : mapping of str to Entry
        The state of each report.
    edition : str
        Name of the edition that was kept; empty when nothing that is shown has changed.
    seconds : float
        Of the whole build.
    steps : mapping of str to mapping
        Seconds of the parts of each report that was built.
    """

    out: Path
    failures: Mapping[str, str]
    built: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    impossible: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    before: Mapping[str, Entry] = field(default_factory=dict)
    after: Mapping[str, Entry] = field(default_factory=dict)
    edition: str = ""
    seconds: float = 0.0
    steps: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def nothing_possible(self) -> bool:
        """Whether no report at all can be made on this market."""
        return bool(self.impossible) and not (self.built or self.unchanged or self.failures)

    @property
    def index(self) -> Path:
        """Path of the index page."""
        return self.out / INDEX


def build(
    config: Path,
    out: Path | None = None,
    *,
    only: Iterable[str] = (),
    elsewhere: Elsewhere | None = None,
    force: bool = False,
    how: How | None = None,
    say: Say,
) -> BuildResult:
    """Build the reports that `config` lists and that have changed, and publish those that pass into `out`.

    A report that fails keeps its last good page; its notebook stays in the folder `work`, and the others are published
    all the same. A build of all reports removes the pages of those that are no longer listed.

    Parameters
    ----------
    config : Path
        The list of reports.
    out : Path, optional
        The folder to publish into; by default `site` beside the list, or beside that of another market.
    only : names
        Build these alone; the index page still lists all.
    elsewhere : Elsewhere, optional
        Another market, or another day.
    force : bool
        Build also what has not changed.
    how : How, optional
        How many at a time, and in which processes.
    say : function
        Takes each line of progress.

    Raises
    ------
    ReportError
        If the list of reports is wrong, the manifest of an earlier build cannot be read, or `out` belongs to another
        list or market.
    BuildInProgressError
        If another build of this list, or into this folder, is running.
    OSError
        If a folder cannot be made or written before anything ran. What happens later fails the report it hits.
    """
    start, how, elsewhere = time.perf_counter(), how or How(), elsewhere or Elsewhere()
    listed = load_list(config)
    chosen = choose(listed.reports, only)
    out, work = out or elsewhere.site(config), elsewhere.folder(config.parent) / "work"
    _check_folder(out)
    with _alone(work / "build.lock"), _alone(out / ".build.lock"), journal(work, say) as tell:
        shutil.rmtree(work / SCRATCH, ignore_errors=True)  # what a build that was killed left, also if nothing is to do
        state = read_manifest(out)
        owner = identity(config, out)
        _check_owner(out, config, owner, state, elsewhere, listed.reports.keys())
        entries = entries_of(listed.reports, state.reports, partial=bool(list(only)))
        removed = sorted(state.reports.keys() - entries.keys())
        shelf = Shelf(
            out=out,
            work=work,
            state=replace(state, owner=owner, market=elsewhere.identity),
            entries=entries,
            say=tell,
            stale_after_days=listed.stale_after_days,
        )
        shelf.tidy(removed)
        plans = plan(chosen, elsewhere, shelf.settle)
        todo = {name: made for name, made in plans.items() if force or not made.same_as(shelf.entries[name])}
        if todo:
            todo = _longest_first(todo, shelf.entries)
            _execute(todo, shelf, how, other_market=bool(elsewhere.snapshot or elsewhere.as_of))
        edition = shelf.close(listed.keep_editions)
    settled = {name: shelf.entries[name] for name in chosen if name not in shelf.failures}
    return BuildResult(
        out=out,
        failures=shelf.failures,
        built=[name for name, entry in settled.items() if name in todo and not entry.impossible],
        unchanged=[name for name, entry in settled.items() if name not in todo and not entry.impossible],
        impossible=[name for name, entry in settled.items() if entry.impossible],
        removed=removed,
        before=state.reports,
        after=shelf.entries,
        edition=edition,
        seconds=time.perf_counter() - start,
        steps=shelf.steps,
    )


def _longest_first(todo: Mapping[str, Planned], before: Mapping[str, Entry]) -> dict[str, Planned]:
    """In the order of how long they took, so that none is left for the end alone; one never built may be longest."""
    return dict(sorted(todo.items(), key=lambda item: before[item[0]].seconds or math.inf, reverse=True))


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


def _check_owner(
    out: Path, config: Path, owner: str, state: State, elsewhere: Elsewhere, listed: Collection[str]
) -> None:
    """Refuse a folder of another list, unless all its reports are in this one too: then the list was moved, or grew.

    And one of another market or day, whatever its list.
    """
    strangers = set(state.reports) - set(listed)
    if state.owner and state.market != elsewhere.identity:
        raise ReportError(
            f"{out} was built on another market, or as of another day. Choose another folder (--out), or delete "
            f"{out / MANIFEST} if this one takes its place."
        )
    if state.owner not in ("", owner) and strangers:
        raise ReportError(
            f"{out} was built from another list: it holds {', '.join(sorted(strangers)[:3])}, which {config} does not "
            f"list. Choose another folder (--out), or delete {out / MANIFEST} if this list takes its place."
        )


@contextmanager
def _scratch_folder(work: Path) -> Iterator[Path]:
    scratch = work / SCRATCH
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _execute(todo: Mapping[str, Planned], shelf: Shelf, how: How, *, other_market: bool) -> None:
    """Run what is to be built, and settle each as it comes."""
    imports = [statement for made in todo.values() for statement in made.imports]
    with _scratch_folder(shelf.work) as scratch, processes(how, imports, scratch, shelf.say) as (executor, run):
        remote = how.executor is not None  # where this folder may not be
        jobs = {
            name: Job(
                name=name,
                notebook=Path(made.report.notebook),
                given=made.given,
                parameters=made.parameters,
                title=made.report.title,
                built_at=now(),
                commit=git_commit(),
                versions=versions(),
                scratch=None if remote else scratch.resolve(),
                cell_timeout=how.cell_timeout,
                forked=how.forked,
                other_market=other_market,
            )
            for name, made in todo.items()
        }
        place = {name: number for number, name in enumerate(jobs, start=1)}
        run_jobs(
            jobs,
            executor=executor,
            run=run,
            at_a_time=how.jobs,
            settle=lambda name, outcome: shelf.settle(name, outcome, fingerprint=todo[name].fingerprint_after()),
            started=lambda name: shelf.say(f"{name}: started ({place[name]} of {len(jobs)})"),
        )
