"""The process that one report is built in: a fork of the warm process, or a fresh interpreter (`main`).

It reads its job from a socket and writes the outcome there. It does not outlive whoever holds the other end.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from research.reporting.publishing.running.execution import run_job
from research.reporting.publishing.running.forked_kernel import WaitingKernel
from research.reporting.publishing.running.jobs import Job, can_fork


def main() -> None:
    """Serve as a fresh interpreter, whose argument is the number of its end of a socket."""
    gc.enable()
    serve(int(sys.argv[1]))


def serve(descriptor: int) -> None:
    """Run the one job that comes through the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the build, which then ends its workers
    connection = Connection(descriptor)
    job = connection.recv()
    assert isinstance(job, Job)
    # first of all: a process is forked before it has threads
    kernel = WaitingKernel(descriptor) if job.forked and can_fork() else None
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what matters is in the outcome
    connection.send(run_job(job, kernel))


def _end_with(connection: Connection) -> None:
    """End with the other side of the socket: nothing more is sent, so that something to read is its end."""
    connection.poll(None)
    os._exit(1)
