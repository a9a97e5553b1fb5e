"""The command line `research`: one module for each room of commands (`report`, `data`, `signals`, `serve`).

Each command imports what it needs when it runs, so that help and usage errors come at once. Exit status: 0 done,
1 something to put right (one line on stderr says what), 2 wrong usage, 3 another build is running.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from research.cli import data, report, serve, signals
from research.cli.terminal import fail
from research.errors import ResearchError, printable, system_fault


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give back the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that this terminal cannot show is no reason to stop
    signal.signal(signal.SIGTERM, _stop)
    try:
        return int(options.run(options))
    except ResearchError as error:
        return fail(str(error), status=getattr(error, "exit_status", 1))
    except OSError as error:
        return fail(system_fault(error), status=1)
    except KeyboardInterrupt:
        return fail("stopped; what was there before stays.", status=130)


def _stop(number: int, _frame: Any) -> None:
    """A polite request to end (cron, CI, a closing terminal) lets workers and kernels end too."""
    raise SystemExit(128 + number)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="research", description="Build crypto indices, and publish reports on them.")
    rooms = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in (report, data, signals, serve):
        room.add_commands(rooms)
    return parser
