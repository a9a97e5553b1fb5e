"""What a command says on the terminal, and arguments that several commands check alike."""

from __future__ import annotations

import argparse
import os
import sys

from research.errors import printable


def say(line: str) -> None:
    """Print a line at once. Whoever listened may be gone, which is no reason to stop."""
    try:
        print(printable(line), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fail(message: str, status: int) -> int:
    """Say on stderr what is wrong, and give back the exit status."""
    print(f"error: {printable(message)}", file=sys.stderr)
    return status


def at_least_one(text: str) -> int:
    """An argument that is a whole number of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more")
    return int(text)
