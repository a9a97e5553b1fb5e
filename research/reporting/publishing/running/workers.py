"""Reports in processes of their own, several at a time, through any `concurrent.futures.Executor`.

What happens to one report is in `execution.py`. Here are two ways to get a process for it: a fork of one that has
everything imported (`WarmWorkers`, Linux), and a fresh interpreter (`run_alone`), which works on every machine of a
cluster too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from research.errors import ReportError
from research.reporting.presentation import for_a_page
from research.reporting.publishing.running.jobs import CELL_TIMEOUT, Job, Outcome, can_fork, one_line

DEFAULT_JOBS = min(2, os.cpu_count() or 1)
_DIED = "its worker process died (out of memory?). Build it again."
_ROOM = "research.reporting.publishing.running"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Of linear algebra, where nobody says otherwise: reports run side by side, and threads of each that wait for a
processor made an evaluation take twice as long."""
_BEFORE = (
    "import gc, sys; "
    "del sys.path[0]; "  # nothing from where we stand
    "gc.disable(); "  # what is imported stays: to look through it for garbage takes a fifth of the time
    "sys.modules['rfc3987_syntax'] = None;"  # a grammar, 0.7 s: jsonschema, of Jupyter's, would import it for nothing
)
_AFTER = "del sys.modules['rfc3987_syntax'];"  # a notebook may import it
_live: set[subprocess.Popen[bytes]] = set()  # the fresh interpreters that this process started, to be stopped with it


def run_alone(job: Job) -> Outcome:
    """Run a job in a fresh interpreter; also on another machine, which must see the same files."""
    ours, theirs = Pipe()
    with theirs:
        process = _start("worker", theirs.fileno(), job.scratch)
    _live.add(process)
    try:
        return _ask(ours, job)
    finally:
        _live.discard(process)
        process.wait()


def stop_alone() -> None:
    """Stop what `run_alone` has under way in this process."""
    for process in list(_live):
        process.kill()


@dataclass(frozen=True, kw_only=True)
class How:
    """How reports are built.

    Attributes
    ----------
    jobs : int
        Reports to build at a time.
    forked : bool
        Whether kernels are forks of processes that have everything imported, where the system can do that; else each is
        a fresh interpreter.
    executor : Executor, optional
        What runs the jobs, on other machines too; by default processes of this one.
    cell_timeout : float
        Seconds after which a cell counts as hanging.
    """

    jobs: int = DEFAULT_JOBS
    forked: bool = True
    executor: Executor | None = None
    cell_timeout: float = CELL_TIMEOUT


Run = Callable[[Job], Outcome]


@contextmanager
def processes(
    how: How, imports: Iterable[str], scratch: Path, say: Callable[[str], None]
) -> Iterator[tuple[Executor, Run]]:
    """What runs jobs; at the end, or when a build is told to stop, no process of this machine is left.

    Parameters
    ----------
    how : How
    imports : iterable of str
        Import statements of the notebooks.
    scratch : Path
    say : function
    """
    if how.executor is not None:
        yield how.executor, run_alone
        return
    warm = None
    if how.forked and can_fork():
        warm = WarmWorkers(imports, scratch, say)
    elif how.forked:
        say("kernels are fresh interpreters, which takes longer: this system cannot fork them.")
    pool = ThreadPoolExecutor(how.jobs)
    try:
        yield pool, warm or run_alone
    finally:
        if warm:
            warm.stop()
        stop_alone()
        pool.shutdown(cancel_futures=True)


class WarmWorkers:
    """One process that imports what notebooks import, once, and forks a worker for every job.

    Parameters
    ----------
    imports : iterable of str
        Import statements of the notebooks.
    scratch : Path
        For what Jupyter writes.
    say : function
        Takes a line on what does not go as wished.
    """

    def __init__(self, imports: Iterable[str], scratch: Path, say: Callable[[str], None]) -> None:
        self._say, self._lock, self._ready = say, threading.Lock(), False
        self._requests, theirs = socket.socketpair()
        with theirs:
            statements = json.dumps(list(dict.fromkeys(imports)))
            self._process = _start("warm_process", theirs.fileno(), scratch, statements)

    def __call__(self, job: Job) -> Outcome:
        """Run a job in a fork; in a fresh interpreter, and that is said, where the warm process is gone."""
        ours, theirs = Pipe()
        with self._lock, theirs:
            try:
                self._await_ready()
                socket.send_fds(self._requests, [b"1"], [theirs.fileno()])
            except OSError:
                self._say("the warm process is gone: this report gets a fresh interpreter, which takes longer.")
                return run_alone(job)
        return _ask(ours, job)

    def _await_ready(self) -> None:
        if self._ready:
            return
        with self._requests.dup().makefile("rb") as stream:
            line = stream.readline()
        if not line:
            raise BrokenPipeError("it ended before it was ready")
        found = json.loads(line)
        self._ready = True
        self._say(f"libraries imported once for all kernels, {found['processor']:.1f} s of a processor")
        for statement in found["failed"]:
            self._say(f"could not be imported ahead: {statement}")
        if found["threads"] > 1:  # a fork would have their locks, and not them
            self._say("a library that a notebook imports starts threads, so that kernels cannot be forked.")
            self.stop()
            raise BrokenPipeError("it has threads")

    def stop(self) -> None:
        """End the warm process, and with it the workers that it forked."""
        self._requests.close()
        self._process.kill()
        self._process.wait()


def run_jobs(
    jobs: Mapping[str, Job],
    *,
    executor: Executor,
    run: Run,
    at_a_time: int,
    settle: Callable[[str, Outcome], None],
    started: Callable[[str], None],
) -> None:
    """Run all jobs through an executor, `at_a_time` of them, and hand each outcome to `settle` as it comes."""
    waiting = list(jobs)
    running: dict[Future[Outcome], str] = {}
    while waiting or running:
        while waiting and len(running) < at_a_time:
            name = waiting.pop(0)
            started(name)
            running[executor.submit(run, jobs[name])] = name
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            name = running.pop(future)
            try:
                outcome = future.result()
            except Exception as error:  # it could not be sent, or whoever ran it is gone
                outcome = Outcome(error=one_line(error))
            settle(name, outcome)


def _ask(connection: Connection, job: Job) -> Outcome:
    with connection:
        try:
            connection.send(job)
            outcome = connection.recv()
        except (EOFError, OSError) as error:
            raise ReportError(_DIED) from error
    assert isinstance(outcome, Outcome)
    return outcome


def _start(module: str, descriptor: int, scratch: Path | None, *arguments: str) -> subprocess.Popen[bytes]:
    """A fresh interpreter that runs a module of this folder; it has the path and environment of a report's kernel."""
    ours = {
        for_a_page.VARIABLE: "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # before anybody imports pyplot, or figures are lost
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger, which nobody asked for, warns of what it could miss
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment, not a namesake of the user's
    }
    environment = _ONE_THREAD | os.environ | ours
    if scratch is not None:
        environment["IPYTHONDIR"] = str(scratch.resolve() / "ipython")  # nobody's start-up files run in a kernel
    begin = f"{_BEFORE} from {_ROOM}.{module} import main; {_AFTER} main()"
    return subprocess.Popen(
        [sys.executable, "-c", begin, str(descriptor), *arguments],
        pass_fds=[descriptor],
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the build alone
    )
