"""Table files among a report's parameters: their fingerprints are on the page, and they may not change under it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from research.errors import ReportError
from research.reporting.publishing.provenance import tables_of
from research.reporting.publishing.running.verification import verify_tables

from .conftest import Project, built

FILES = 'table_files: dict[str, str] = {}  # by name\ntown: str = "Bonn"  # where'
SHOW = "from research.reporting.presentation.display import show_text, show_verdict\nshow_verdict({'Town': town})"
TEXT = "date,asset_id,signal\n2021-01-20,bitcoin,bullish\n"


def given(**files: Path) -> str:
    return "{ table_files = { " + ", ".join(f'{name} = "{path}"' for name, path in files.items()) + " } }"


def table(folder: Path, name: str, text: str = TEXT) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_page_names_each_table_file_by_its_fingerprint_and_no_folder_of_this_machine(project: Project) -> None:
    files = {
        "signals": table(project.root / "one", "table.csv"),
        "removals": table(project.root / "two", "table.csv", "date,asset_id,reason\n"),
        "votes": table(project.root, "votes.csv", "date,proposal,voter,power,choice\n"),
    }
    project.notebook("walk", SHOW, parameters=FILES)
    project.reports(walk=given(**files))
    assert built(project).failures == {}
    page = (project.site / "walk.html").read_text(encoding="utf-8")
    for path in files.values():
        assert digest(path)[:12] in page
    assert str(project.root) not in page


def test_a_missing_file_or_an_unknown_table_is_one_line_and_no_neighbour_suffers(project: Project) -> None:
    project.notebook("walk", SHOW, parameters=FILES)
    there = table(project.root, "there.csv")
    project.reports(
        good__walk="",
        lost__walk=given(signals=project.root / "nowhere.csv"),
        typo__walk=given(signal=there),
        kind__walk=given(signals=project.root / "table.xlsx"),
        plain__walk=f'{{ table_files = "{there}" }}',
    )
    failures = built(project).failures
    assert sorted(failures) == ["kind", "lost", "plain", "typo"]
    assert all("\n" not in line for line in failures.values())
    assert "nowhere.csv" in failures["lost"]
    assert "is not a file" in failures["lost"]
    assert "'signal' is no table of an index: did you mean 'signals'?" in failures["typo"]
    assert "ends in .csv or .parquet" in failures["kind"]
    assert "table_files" in failures["plain"] or "table files" in failures["plain"]
    assert (project.site / "good.html").exists()


@pytest.mark.parametrize("change", ["write_text('another')", "unlink()"])
def test_a_table_replaced_or_removed_while_the_report_is_built_fails_it(project: Project, change: str) -> None:
    path = table(project.root, "signals.csv")
    project.notebook("walk", SHOW, f"import pathlib; pathlib.Path(table_files['signals']).{change}", parameters=FILES)
    project.reports(walk=given(signals=path))
    line = built(project).failures["walk"]
    assert "signals.csv" in line
    assert ("was replaced while the report was being built" in line) is (change != "unlink()")
    assert not (project.site / "walk.html").exists()


def test_a_table_that_stays_passes_and_one_with_another_byte_does_not(tmp_path: Path) -> None:
    path = table(tmp_path, "signals.csv")
    before = tables_of({"table_files": {"signals": str(path)}})
    assert before == {str(path): digest(path)}
    verify_tables(before)
    path.write_text(TEXT + " ", encoding="utf-8")
    with pytest.raises(ReportError, match=r"signals\.csv was replaced while .* Build it again"):
        verify_tables(before)


def test_a_report_without_table_files_has_none() -> None:
    assert tables_of({"town": "Bonn"}) == tables_of({"table_files": {}}) == {}
