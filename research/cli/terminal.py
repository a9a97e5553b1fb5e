"""What a command says on the terminal, and arguments that several commands check alike."""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from research.errors import printable

T = TypeVar("T")
FIRST_SIGN, NEXT_SIGN = 2.0, 30.0  # seconds of work before something is said of it, and between two lines


def say(line: str) -> None:
    """Print a line at once. Whoever listened may be gone, which is no reason to stop."""
    try:
        print(printable(line), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def said_if_slow(line: str, seconds: float = FIRST_SIGN) -> Iterator[None]:
    """Print a line on stderr, so that stdout stays as it is, where what follows takes longer than this."""
    timer = threading.Timer(seconds, lambda: print(printable(line), file=sys.stderr, flush=True))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def say_lines(what: object) -> None:
    """Print a text of several lines, each as `say` does."""
    for line in str(what).split("\n"):
        say(line)


def fail(message: str, status: int) -> int:
    """Say on stderr what is wrong, and give back the exit status."""
    print(f"error: {printable(message)}", file=sys.stderr)
    return status


def at_least_one(text: str) -> int:
    """An argument that is a whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)


def watched(items: Sequence[T], what: str) -> Iterable[T]:
    """`items`, with a progress bar on stderr once they take long; a line now and then in a log."""
    if not sys.stderr.isatty():
        return _with_lines(items, what)
    from tqdm import tqdm

    bar: Iterable[T] = tqdm(items, desc=what, delay=FIRST_SIGN, dynamic_ncols=True)
    return bar


def _with_lines(items: Sequence[T], what: str) -> Iterator[T]:
    due = time.monotonic() + FIRST_SIGN
    for done, item in enumerate(items):
        if time.monotonic() >= due:
            print(printable(f"{what}: {done:,} of {len(items):,}"), file=sys.stderr, flush=True)
            due = time.monotonic() + NEXT_SIGN
        yield item
