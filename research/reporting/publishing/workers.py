"""Reports in worker processes, several at a time. What happens to one inside its worker is in `execution.py`."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from pathlib import Path

from research.reporting.publishing.execution import Job, Outcome, one_line, run_job, start_worker


def run_jobs(
    jobs: Mapping[str, Job],
    *,
    workers: int,
    scratch: Path,
    settle: Callable[[str, Outcome], None],
    say: Callable[[str], None],
) -> None:
    """Run all jobs, `workers` at a time, and hand each outcome to `settle` as it comes.

    Each worker is a pool of its own, so that one that dies costs the job it had and no other; the next job gets a new
    worker.
    """
    waiting, idle = list(jobs), list[ProcessPoolExecutor]()
    running: dict[Future[Outcome], tuple[str, ProcessPoolExecutor]] = {}
    with ExitStack() as stack:
        try:
            while waiting or running:
                while waiting and len(running) < workers:
                    name, worker = waiting.pop(0), idle.pop() if idle else stack.enter_context(_worker(scratch))
                    say(f"{name}: started ({len(jobs) - len(waiting)} of {len(jobs)})")
                    running[worker.submit(run_job, jobs[name])] = name, worker
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    name, worker = running.pop(future)
                    try:
                        outcome = future.result()
                    except BrokenProcessPool:
                        outcome = Outcome(
                            seconds=0.0, error="its worker process died (out of memory?). Build it again."
                        )
                    except Exception as error:  # an outcome that could not be sent back, say
                        outcome = Outcome(seconds=0.0, error=one_line(error))
                        idle.append(worker)
                    else:
                        idle.append(worker)
                    settle(name, outcome)
        except BaseException:  # told to stop: do not wait for the jobs under way
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _worker(scratch: Path) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=start_worker,
        initargs=(str(scratch.resolve() / "ipython"),),
    )
