"""A file whose content is kept until another one is in its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Watched(Generic[T]):
    """What a file says, read again once another one was renamed into its place. Raises what `read` and `stat` raise."""

    def __init__(self, file: Path, read: Callable[[], T]) -> None:
        self.file, self.read = file, read
        self.seen: tuple[int, ...] = ()
        self.content: T

    def __call__(self) -> T:
        """The content; one `stat` where the file is the one that was read."""
        stat = self.file.stat()  # before reading: what lands in between is read at the next look
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if seen != self.seen:
            self.content, self.seen = self.read(), seen
        return self.content
