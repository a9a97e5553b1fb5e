"""A sweep on a Dask cluster, and what is said where there is none."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from research import sweep
from research.errors import ResearchError
from research.index.sweeps import running
from tests.index.markets import random_market, rules

GRID: dict[str, list[Any]] = {"selection.count": [3, 4, 5, 50], "schedule.lag_days": [1, 2]}


def test_a_local_cluster_builds_what_this_process_would() -> None:
    distributed = pytest.importorskip("distributed", reason="needs dask.distributed: pip install -e '.[dask]'")
    on = random_market(2)
    here = sweep(on, rules(), GRID, jobs=1)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as machines,
        distributed.Client(machines) as client,
    ):
        there = sweep(on, rules(), GRID, client=client)
    pd.testing.assert_frame_equal(there.levels, here.levels, check_exact=True)
    pd.testing.assert_frame_equal(there.table, here.table, check_exact=True)
    pd.testing.assert_frame_equal(there.failures, here.failures)
    assert len(there.failures) == 2


def test_what_is_no_client_is_refused() -> None:
    pytest.importorskip("distributed", reason="needs dask.distributed: pip install -e '.[dask]'")
    with pytest.raises(ResearchError, match=r"client = 'tcp://127\.0\.0\.1:9': expected a distributed\.Client"):
        sweep(random_market(2), rules(), GRID, client="tcp://127.0.0.1:9")


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(running, "import_module", absent)
    with pytest.raises(ResearchError, match=r"pip install -e '\.\[dask\]'"):
        sweep(random_market(2), rules(), GRID, client=object())
