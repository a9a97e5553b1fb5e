"""Files put in place by a rename, so that a reader finds the old content or the new, and never a part."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"


def publish(text: str, target: Path) -> None:
    """Write `text` to `target` so that a reader finds the old content or the new, and never a part."""
    with staged(text, target) as move_into_place:
        move_into_place()


@contextmanager
def staged(text: str, target: Path) -> Iterator[Callable[[], object]]:
    """Write `text` to disk beside `target`, and give the function that moves it there. What is not moved is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = beside(target)
    try:
        with scratch.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        yield lambda: scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def beside(target: Path) -> Path:
    """Where a file or folder is written before it is moved to `target`."""
    return target.with_name(f".{target.name}{PART}")


def digest(content: bytes) -> str:
    """Sha256 in hex."""
    return hashlib.sha256(content).hexdigest()


def digest_of(file: Path) -> str:
    """Sha256 of a file in hex; empty where there is none."""
    return digest(file.read_bytes()) if file.is_file() else ""
