"""Lines with a time: for whoever watches a build, and in a log file for whoever looks later."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from research.errors import printable

LOG = "build.log"
LARGEST, OLDER = 1_000_000, 3  # bytes of a log file, and how many older ones are kept

Say = Callable[[str], None]


def now() -> str:
    """This instant, ISO 8601, UTC."""
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def journal(folder: Path, say: Say) -> Iterator[Say]:
    """A function that takes a line, and hands it with the time before it to `say` and to the log in `folder`."""
    with closing(_Log(folder / LOG, say)) as log:

        def tell(line: str) -> None:
            stamped = f"{now()} {line}"
            log.emit(logging.makeLogRecord({"msg": printable(stamped)}))
            say(stamped)

        yield tell


class _Log(RotatingFileHandler):
    """The log file. Where it cannot be written, that is said once, and the build goes on."""

    def __init__(self, file: Path, say: Say) -> None:
        super().__init__(file, maxBytes=LARGEST, backupCount=OLDER, encoding="utf-8", delay=True)
        self._say, self._told = say, False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        if not self._told:
            self._told = True
            self._say(f"the log {self.baseFilename} cannot be written; the build goes on without it.")
