"""Faults of the machine (disk full, no permission, a damaged file) as the package's own error, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from research.errors import DataError


@contextmanager
def as_data_error(what: str, next_step: str) -> Iterator[None]:
    """Raise DataError "`what`: reason. `next_step`" where the system or Arrow raises an error of its own."""
    try:
        yield
    except (OSError, pa.ArrowException, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        line = " ".join(reason.split()) or type(error).__name__
        raise DataError(f"{what}: {line.rstrip('.')}. {next_step}") from error
