"""A process that kills itself before its so manieth call of the system: where a crash can come, one after another."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from research import cli

CALLS = ("open", "os.", "shutil.", "tempfile.", "fcntl.", "ctypes.dlsym")  # audit events: each can touch a file


def die_before(last_step: int | None, calls: tuple[str, ...] = CALLS) -> None:
    """Let this process die before its `last_step`-th call from now on."""
    steps = 0

    def count(event: str, _: tuple[object, ...]) -> None:
        nonlocal steps
        steps += event.startswith(calls)
        if steps == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def run_until(arguments: list[str], last_step: int | None) -> NoReturn:
    """Run a command in this process, silently: it ends with the command, or before its `last_step`-th call."""
    die_before(last_step)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(cli.main(arguments))
