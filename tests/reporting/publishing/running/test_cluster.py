"""A build on a Dask cluster, and what is said where there is none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from research.errors import ReportError
from research.reporting.publishing.build import build
from research.reporting.publishing.running import cluster as module
from research.reporting.publishing.running.cluster import cluster
from research.reporting.publishing.running.workers import How
from tests.reporting.publishing.conftest import Project, assert_consistent


def three(project: Project) -> Project:
    project.notebook("walk", "days")
    project.notebook("fails", "1 / 0")
    project.reports(one__walk="", two__walk="", fails="")
    return project


def test_a_local_cluster_builds_what_processes_of_this_machine_would(project: Project) -> None:
    distributed = pytest.importorskip("distributed")
    three(project)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as machines,
        cluster(machines.scheduler_address) as (executor, threads),
    ):
        assert threads == 2
        result = build(project.config, how=How(jobs=threads, executor=executor), say=lambda line: None)
    assert result.built == ["one", "two"]
    assert "ZeroDivisionError" in result.failures["fails"]
    assert_consistent(project.site, "one", "two")


def test_any_executor_will_do(project: Project) -> None:
    three(project)
    with ThreadPoolExecutor(2) as executor:
        result = build(project.config, how=How(executor=executor, forked=False), say=lambda line: None)
    assert (result.built, list(result.failures)) == (["one", "two"], ["fails"])


def test_without_an_address_there_is_no_cluster() -> None:
    with cluster(None) as found:
        assert found == (None, 0)


def test_an_address_at_which_nobody_answers_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(module, "PATIENCE", 1)
    with (
        pytest.raises(ReportError, match=r"--dask tcp://127\.0\.0\.1:9: no scheduler answers there"),
        cluster("tcp://127.0.0.1:9"),
    ):
        pass


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(module, "import_module", absent)
    with pytest.raises(ReportError, match=r"pip install -e '\.\[dask\]'"), cluster("tcp://127.0.0.1:9"):
        pass
