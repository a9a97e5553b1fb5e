"""A Dask cluster as the executor of a build. Its machines must see the notebooks and the data at the same paths."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module

from research.errors import ReportError

PATIENCE = 10  # seconds that a scheduler has to answer


@contextmanager
def cluster(address: str | None) -> Iterator[tuple[Executor | None, int]]:
    """The executor of the cluster at `address`, and how many jobs it takes at a time; (None, 0) without an address.

    Raises
    ------
    ReportError
        If dask.distributed is not installed, or nobody answers at the address.
    """
    if not address:
        yield None, 0
        return
    try:
        distributed = import_module("distributed")
    except ImportError as error:
        raise ReportError(
            "--dask needs dask.distributed, which is not installed: pip install -e '.[dask]' in the project's folder."
        ) from error
    try:
        client = distributed.Client(address, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ReportError(f"--dask {address}: no scheduler answers there ({error}). Check the address.") from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise ReportError(f"--dask {address}: the cluster has no workers. Start some: dask worker {address}")
        yield client.get_executor(), threads
