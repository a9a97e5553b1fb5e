"""A folder belongs to one list of reports."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from research.errors import ReportError
from research.reporting.publishing.build import BuildInProgressError, build
from tests.reporting.publishing.conftest import Project, assert_consistent, built, contents


def second_list(project: Project, *names: str) -> Path:
    """Another list of reports in another folder."""
    config = project.root / "elsewhere" / "reports.toml"
    config.parent.mkdir()
    text = "".join(f'[{name}]\ntitle = "T"\nnotebook = "../notebooks/walk.ipynb"\n' for name in names)
    config.write_text(text)
    return config


def test_a_folder_of_another_list_is_refused_and_stays_as_it_is(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    before = contents(project.site)
    with pytest.raises(ReportError, match=r"built from another list: it holds one, which .* does not list"):
        build(second_list(project, "two", "three"), project.site, say=lambda line: None)
    assert contents(project.site) == before


def test_a_list_that_was_moved_or_grew_goes_on_with_its_folder(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="")
    built(project)
    config = second_list(project, "one", "three")
    assert build(config, project.site, say=lambda line: None).failures == {}
    assert_consistent(project.site, "one", "three")


def test_a_folder_that_another_build_publishes_into_is_locked(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(walk="")
    project.site.mkdir()
    with FileLock(project.site / ".build.lock"), pytest.raises(BuildInProgressError):
        build(second_list(project, "one"), project.site, say=lambda line: None)
    assert [file.name for file in project.site.iterdir()] == [".build.lock"]
