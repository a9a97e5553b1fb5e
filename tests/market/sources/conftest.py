"""A vendor on this machine, and folders of the test's own for downloads and snapshots."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from research.market.sources import client
from tests.market.sources.server import TODAY, Vendor, running

NOON = dt.datetime.combine(TODAY, dt.time(12), dt.UTC)


@pytest.fixture
def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """Every source's address points here, a failed call is tried again at once, and the environment has no key."""
    with running(Vendor()) as served:
        for variable in ("COINGECKO", "COINMETRICS", "COINMETRICS_LIST", "EXCHANGE"):
            monkeypatch.setenv(f"RESEARCH_{variable}_URL", served.url)
        monkeypatch.setenv("RESEARCH_SNAPSHOTS", str(tmp_path / "snapshots"))
        monkeypatch.setenv("RESEARCH_DOWNLOADS", str(tmp_path / "downloads"))
        monkeypatch.delenv("COINGECKO_API_KEY", raising=False)
        monkeypatch.setattr(client, "_wait", lambda state: 0.0)
        begun = time.monotonic()  # it is always noon, so that no test sees two days
        monkeypatch.setattr(client, "_clock", lambda: NOON + dt.timedelta(seconds=time.monotonic() - begun))
        yield served
