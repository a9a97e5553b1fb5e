"""What the manifest of a market says about its licence reaches the kernel and the page."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from research.market.snapshots.snapshot import verified_snapshot
from research.reporting.presentation import for_a_page
from research.reporting.publishing.running import execution
from tests.conftest import ROOT


@pytest.mark.parametrize("redistribute", [True, False])
def test_a_licence_that_forbids_redistribution_reaches_the_kernel_and_the_page(
    redistribute: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with verified_snapshot(ROOT / "data" / "sample") as snapshot:
        manifest = replace(snapshot.manifest, redistribute=redistribute)
    seen: list[str] = []

    def looked_at(*_: Any, **__: Any) -> None:
        seen.append(os.environ[for_a_page.WITHHOLDS])

    monkeypatch.setenv(for_a_page.WITHHOLDS, "of another report")
    monkeypatch.setenv(execution.data_files.VARIABLE, "")
    monkeypatch.setattr(execution, "snapshots_of", lambda _: {"sample": manifest})
    monkeypatch.setattr(execution, "tables_of", lambda _: {})
    monkeypatch.setattr(execution.papermill, "execute_notebook", looked_at)
    job: Any = SimpleNamespace(
        notebook=tmp_path / "n.ipynb",
        parameters={},
        given={},
        title="T",
        built_at="now",
        commit="c",
        versions={},
        cell_timeout=1.0,
    )
    run = execution._Run(job, tmp_path, None)
    run.read_data()
    run.start_and_execute()
    assert seen == ["" if redistribute else "1"]
    assert run.made["page"].withheld is not redistribute
