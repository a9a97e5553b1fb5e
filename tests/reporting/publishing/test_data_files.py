"""What a notebook publishes as data: taken up by a build, named by its content, and never changed under a reader."""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pytest

from research.csv_tables import csv_text, write_csv
from research.reporting.publishing import data_writing
from research.reporting.publishing.data_files import VARIABLE, as_json, read_files
from research.reporting.publishing.placing import digest
from research.reporting.publishing.site import data_folders, manifest
from research.reporting.publishing.site.editions import edition_names
from research.reporting.publishing.site.manifest import damaged, read_manifest
from tests.reporting.publishing.conftest import Project, built, entries

WRITES = """
import json, os, pathlib
folder = os.environ.get("RESEARCH_PUBLISH_DATA_TO")
if folder:
    pathlib.Path(folder, "levels.csv").write_text(f"days\\n{days}\\n")
    pathlib.Path(folder, "facts.json").write_text(json.dumps({"where": os.getcwd() + "/here"}))
    pathlib.Path(folder, "../secret.txt").write_text("not published")
    pathlib.Path(folder, "Other.bin").write_text("not published")
print(days)
"""


@pytest.fixture
def project(project: Project) -> Project:
    project.notebook("walk", WRITES)
    project.reports(walk="")
    assert built(project).failures == {}
    return project


def data_of(project: Project) -> Path:
    return project.site / str(entries(project.site)["walk"]["data"])


def again(project: Project, days: int) -> None:
    project.reports(walk=f"{{ days = {days} }}")
    assert built(project).failures == {}


def test_the_manifest_names_the_folder_and_the_digest_of_each_file(project: Project) -> None:
    entry = entries(project.site)["walk"]
    assert re.fullmatch(r"data/walk/[0-9a-f]{12}", str(entry["data"]))
    found = {file.name: digest(file.read_bytes()) for file in data_of(project).iterdir()}
    assert found == entry["files"]
    assert sorted(found) == ["facts.json", "levels.csv"]
    assert (data_of(project) / "levels.csv").read_text() == "days\n3\n"


def test_no_path_of_this_machine_stands_in_the_facts(project: Project) -> None:
    assert str(project.root) not in (data_of(project) / "facts.json").read_text()


def test_the_page_links_its_files_and_so_does_its_edition(project: Project) -> None:
    [edition] = edition_names(project.site)
    for folder in (project.site, project.site / "editions" / edition):
        links = re.findall(r'<a class="data" href="([^"]+)">', (folder / "walk.html").read_text())
        assert [link.rpartition("/")[2] for link in links] == ["facts.json", "levels.csv"]
        assert all((folder / link).is_file() for link in links)


def test_other_content_gets_another_folder_and_a_reader_under_way_keeps_the_one_before(project: Project) -> None:
    first = data_of(project)
    again(project, 4)
    second = data_of(project)
    assert first != second
    assert (first / "levels.csv").read_text() == "days\n3\n"
    assert str(entries(project.site)["walk"]["data_before"]) == first.relative_to(project.site).as_posix()


def test_folders_that_no_manifest_names_go_with_the_next_build_and_no_others(project: Project) -> None:
    for edition in edition_names(project.site):
        shutil.rmtree(project.site / "editions" / edition)
    folders = [data_of(project)]
    mine = project.site / "data" / "walk" / "mine"
    mine.mkdir()
    for days in (4, 5):
        project.reports(walk=f"{{ days = {days} }}")
        project.config.write_text(f"keep_editions = 0\n{project.config.read_text()}")
        built(project)
        folders.append(data_of(project))
    assert [folder.is_dir() for folder in folders] == [True, True, True]
    built(project)
    assert [folder.is_dir() for folder in folders] == [False, True, True]
    assert mine.is_dir()


def test_what_is_wrong_with_the_data_of_an_edition_is_found(project: Project) -> None:
    [name] = edition_names(project.site)
    edition = project.site / "editions" / name
    assert damaged(edition, read_manifest(edition)) == {}
    (data_of(project) / "levels.csv").write_text("mine")
    expected = {f"{entries(project.site)['walk']['data']}/levels.csv": "changed after it was published"}
    assert damaged(edition, read_manifest(edition)) == damaged(project.site, read_manifest(project.site)) == expected


def test_the_data_of_an_edition_stay(project: Project) -> None:
    first = data_of(project)
    for days in (4, 5, 6):
        again(project, days)
    assert (first / "levels.csv").is_file()


def test_the_same_content_is_not_written_again(project: Project) -> None:
    before = (data_of(project) / "levels.csv").stat()
    built(project, force=True)
    after = (data_of(project) / "levels.csv").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert entries(project.site)["walk"]["data_before"] == ""


@pytest.mark.parametrize("harm", [lambda file: file.write_text("mine"), lambda file: file.unlink()])
def test_data_that_were_lost_or_changed_are_published_again(project: Project, harm: object) -> None:
    file = data_of(project) / "levels.csv"
    harm(file)  # type: ignore[operator]
    result = built(project)
    assert result.built == ["walk"]
    assert file.read_text() == "days\n3\n"


def test_the_data_of_a_report_no_longer_listed_go(project: Project) -> None:
    project.notebook("other", "days")
    project.config.write_text('keep_editions = 0\n[other]\ntitle = "O"\nnotebook = "../notebooks/other.ipynb"\n')
    folder = data_of(project)
    for edition in edition_names(project.site):
        (project.site / "editions" / edition / "manifest.json").unlink()
    built(project)
    assert not folder.exists()


def test_data_go_after_the_manifest_has_stopped_naming_them(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.notebook("other", "days")
    project.config.write_text('keep_editions = 0\n[other]\ntitle = "O"\nnotebook = "../notebooks/other.ipynb"\n')
    for edition in edition_names(project.site):
        shutil.rmtree(project.site / "editions" / edition)
    folder, write, sweep = data_of(project), manifest.write_manifest, data_folders.sweep
    named: list[bool] = []

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def watched(site: Path, kept: Collection[str]) -> None:
        named.append("walk" in entries(site))
        sweep(site, kept)

    monkeypatch.setattr(data_folders, "sweep", watched)
    monkeypatch.setattr(manifest, "write_manifest", refuse)
    assert "manifest.json" in built(project).failures
    assert "walk" in entries(project.site)
    assert folder.exists()
    monkeypatch.setattr(manifest, "write_manifest", write)
    built(project)
    assert named == [False]
    assert not folder.exists()


def test_a_notebook_that_fails_leaves_the_data_of_its_last_good_page(project: Project) -> None:
    before = data_of(project)
    project.notebook("walk", WRITES, "1 / 0")
    assert "walk" in built(project).failures
    assert data_of(project) == before
    assert (before / "levels.csv").read_text() == "days\n3\n"


def test_without_a_build_nothing_is_written_and_nothing_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    data_writing.publish_data(None, None, None, assets=[], risk_free=0.0, draws=1)  # type: ignore[arg-type]


def test_missing_numbers_are_null_in_json_and_an_infinite_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(as_json({"a": float("nan"), "b": [1.0, float("nan")]}))
    assert json.loads(read_files(tmp_path)["facts.json"]) == {"a": None, "b": [1.0, None]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json({"a": float("inf")})


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path: Path) -> None:
    table = pd.DataFrame({"asset_id": ["=1+1", "@x", "-y", "plain"], "=cmd": [-1.5, 2.0, 3.0, 4.0]})
    write_csv(table, tmp_path / "t.csv", digits=12)
    assert (tmp_path / "t.csv").read_text().splitlines() == [
        "asset_id,'=cmd",
        "'=1+1,-1.5",
        "'@x,2",
        "'-y,3",
        "plain,4",
    ]
    by_name = table.set_index("asset_id").rename_axis("@id")
    assert csv_text(by_name).splitlines() == ["'@id,'=cmd", "'=1+1,-1.5", "'@x,2.0", "'-y,3.0", "plain,4.0"]
    mixed = pd.DataFrame({"a": [1.5, None, "=x"], "b": pd.Categorical(["-q", "r", "-q"])}, dtype=object)
    write_csv(mixed.astype({"b": "category"}), tmp_path / "m.csv")
    assert (tmp_path / "m.csv").read_text().splitlines() == ["a,b", "1.5,'-q", ",r", "'=x,'-q"]
