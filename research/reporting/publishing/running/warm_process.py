"""The warm process: it imports, once, what the notebooks of a build import, and forks a worker for every job.

Its arguments are the number of its end of a socket and a JSON list of import statements. For each byte that
comes with a file descriptor it forks a worker, which speaks through that descriptor. It has one thread, and ends when
the other end of its socket is closed, whatever became of the process that held it.
"""

from __future__ import annotations

import gc
import io
import json
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress

from nbformat import from_dict, validate

from research.reporting.publishing.page import Page
from research.reporting.publishing.rendering import render_page
from research.reporting.publishing.running import worker
from research.reporting.publishing.running.forked_kernel import end_with_parent

_BY_AND_BY = (  # what notebooks that use the package load when a cell first needs it
    "matplotlib.pyplot",
    "seaborn",
    "arch.bootstrap",
    "arch.univariate",
    "PIL.Image",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels.stats.multitest",
    "ipykernel.debugger",  # this and the rest: what every kernel loads when it starts
    "IPython.core.completerlib",
    "IPython.extensions.storemagic",
    "tornado.platform.asyncio",
    "pyarrow.pandas_compat",
)


def main() -> None:
    """Import, without collecting garbage, say so, and fork workers until the other side is gone."""
    descriptor, statements = int(sys.argv[1]), json.loads(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the workers: what they have to say they have said
    failed = import_ahead(statements)
    draw_and_render()
    gc.freeze()  # the collector of a fork leaves alone, and so shared, what was there before
    gc.enable()
    requests = socket.socket(fileno=descriptor)
    ready = {"failed": failed, "threads": threading.active_count(), "processor": time.process_time()}
    with suppress(BrokenPipeError, ConnectionResetError):  # the other side is gone, and so is the reason to be here
        requests.sendall(json.dumps(ready).encode() + b"\n")
        while True:
            _, descriptors, _, _ = socket.recv_fds(requests, 1, 1)
            if not descriptors:
                return
            fork_worker(descriptors[0], requests)


def import_ahead(statements: list[str]) -> list[str]:
    """Run import statements; gives those that fail. In the notebook they will fail again, and be seen."""
    failed = []
    ours = any("research" in statement for statement in statements)
    for statement in [*statements, *(f"import {name}" for name in _BY_AND_BY if ours)]:
        try:
            exec(statement, {})
        except Exception:
            failed.append(statement)
    return failed


def draw_and_render() -> None:
    """Draw a picture and render a page, for nobody: the first reads fonts, schema and templates, which a fork keeps."""
    prose = {"id": "prose", "cell_type": "markdown", "metadata": {}, "source": "# What?"}
    code = {"id": "code", "cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": 1}
    notebook = from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [prose, code]})  # type: ignore[no-untyped-call]
    page = Page(title="T", built_at="", commit="", parameters={}, snapshots={}, simulated=False)
    validate(notebook)
    render_page(notebook, page)
    if "matplotlib.figure" in sys.modules:
        figure = sys.modules["matplotlib.figure"].Figure()
        figure.add_subplot(title="T").plot([1, 2])
        figure.savefig(io.BytesIO(), format="svg")


def fork_worker(descriptor: int, requests: socket.socket) -> None:
    """Fork a worker for one descriptor; where the system refuses, its other end finds it closed."""
    try:
        pid = os.fork()
    except OSError:
        pid = -1
    if pid == 0:
        try:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            end_with_parent()
            worker.serve(descriptor)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(descriptor)
