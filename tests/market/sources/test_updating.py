"""A fetched snapshot is updated by asking its source again, as its manifest says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from research import cli
from research.errors import DataError
from research.market import load_market, open_snapshot, write_market
from research.market.snapshots.catalog import dated_folders
from research.market.sources import client
from research.market.sources.updating import update_by_fetching
from tests.market.helpers import small_market
from tests.market.sources.server import TODAY, Vendor, metrics_file


def served(vendor: Vendor, *, days: int, without_last: int = 0) -> None:
    lines = metrics_file(days).splitlines(keepends=True)
    vendor.files = {"btc.csv": b"".join(lines[: len(lines) - without_last])}


def test_new_days_and_revisions_of_the_source_become_a_second_snapshot(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served(vendor, days=100, without_last=2)
    assert cli.main(["data", "fetch", "coinmetrics", "--assets", "btc", "--calls-per-minute", "1000000"]) == 0
    assert cli.main(["data", "update", "coinmetrics"]) == 0  # on the same day nothing is asked for
    assert "nothing was written" in capsys.readouterr().out
    served(vendor, days=100)
    vendor.files["btc.csv"] = vendor.files["btc.csv"].replace(b",150000.0,150.0,", b",151000.0,151.0,")
    old = dated_folders("coinmetrics")[0]
    later = pd.Timestamp(open_snapshot(old)[1].retrieved_at) + pd.Timedelta(seconds=1)
    monkeypatch.setattr(client, "now", later.isoformat)
    assert cli.main(["data", "update", "coinmetrics", "--again", "--reports", "none.toml"]) == 0
    said = capsys.readouterr().out
    assert "2 days were added" in said
    assert "2 values of the past were revised; 2 changed" in said
    folders = dated_folders("coinmetrics")
    assert [folder.name for folder in folders] == [str(TODAY), f"{TODAY}.2"]
    manifests = [open_snapshot(folder)[1] for folder in folders]
    assert manifests[1].fetched == manifests[0].fetched
    assert manifests[1].updates == manifests[0].fingerprint
    assert load_market("coinmetrics").dates[-1] == pd.Timestamp(TODAY) - pd.Timedelta(days=1)
    assert len(load_market(old).dates) == 98


def test_a_snapshot_that_was_not_fetched_needs_a_table(vendor: Vendor, tmp_path: Path) -> None:
    write_market(small_market(), tmp_path / "mine")
    with pytest.raises(DataError, match="was not fetched: say with --table and --profile"):
        update_by_fetching(tmp_path / "mine", out=tmp_path / "new")
