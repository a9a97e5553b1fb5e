"""A folder is put under its name in one step: the name always shows a whole folder, the old one or the new.

A writer works in a scratch folder `.NAME.partial-*` beside NAME and holds a lock on it for as long as it lives. The
kernel frees the lock of a killed writer, so that the next one knows which scratch folders are litter, and removes them.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPLACED = "replaced"  # name of the old folder, while it has stepped aside
_EXCHANGE, _HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


@contextmanager
def scratch_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out` to write in, gone at the end. Before, what killed writers of `out` left is removed."""
    with _locked(out.parent):  # no other writer starts or tidies up meanwhile
        tidy_up(out)
        scratch = Path(tempfile.mkdtemp(prefix=_prefix(out), dir=out.parent))
        lock = _lock(scratch, wait=False)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)  # what resists is removed by the next writer
        if lock is not None:
            os.close(lock)


@contextmanager
def no_one_else(folder: Path) -> Iterator[None]:
    """BlockingIOError where another process is inside this block for the same folder. It ends with its process."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass  # a file system without locks: `put_in_place` still refuses the second of two
        yield
    finally:
        os.close(handle)


def put_in_place(folder: Path, out: Path, aside: Path, *, replace: bool) -> None:
    """Give `folder` the name `out`; what was there lies in `folder` or `aside` afterwards.

    Without `replace`, a folder that is there and not empty is an OSError.
    """
    if not (replace and out.exists()):
        folder.replace(out)
    elif not _exchange(folder, out):
        out.replace(aside)
        try:
            folder.replace(out)
        except BaseException:
            aside.replace(out)
            raise
    flush(out.parent)


def bring_back(out: Path) -> None:
    """Where a writer was killed between two renames (see `put_in_place`), give the old folder its name again."""
    for scratch in _scratch_folders(out):
        lock = _lock(scratch, wait=False)
        if lock is not None:
            if (scratch / REPLACED).is_dir() and not out.exists():
                (scratch / REPLACED).replace(out)
            os.close(lock)


def tidy_up(out: Path) -> None:
    """Remove what killed writers of `out` left behind; what running ones are at work on stays."""
    bring_back(out)
    for scratch in _scratch_folders(out):
        lock = _lock(scratch, wait=False)
        if lock is not None:
            shutil.rmtree(scratch, ignore_errors=True)
            os.close(lock)


def _scratch_folders(out: Path) -> list[Path]:
    if not out.parent.is_dir():
        return []
    return sorted(path for path in out.parent.iterdir() if path.name.startswith(_prefix(out)))


def flush(path: Path) -> None:
    """Ask the operating system to put a file, or a folder's entries, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prefix(out: Path) -> str:
    return f".{out.name}.partial-"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = _lock(folder, wait=True)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """An open handle that holds the lock; None where another process does, or where the file system knows no locks."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            return handle
        except OSError:
            os.close(handle)
    return None


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step (Linux); False where the system or the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(other))
