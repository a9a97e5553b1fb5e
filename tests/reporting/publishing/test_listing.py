"""`research report list`, `check`, `open` and `diff`: what is said without building anything."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from research.cli import main
from research.reporting.publishing.listing import listing
from research.reporting.publishing.plan import Elsewhere

from .conftest import PATH, Project, built, snapshot


def command(project: Project, *words: str) -> list[str]:
    return ["report", words[0], *words[1:], "--config", str(project.config)]


def states(project: Project) -> dict[str, str]:
    now = dt.datetime.now(dt.UTC) + dt.timedelta(hours=30)
    rows = listing(project.config, None, Elsewhere(), now)
    assert {row.age for row in rows} <= {"", "1 d 6 h"}
    return {row.name: row.state for row in rows}


@pytest.fixture
def walks(project: Project) -> Project:
    """Two good reports, one that fails and one whose definition is wrong."""
    project.data = snapshot(project.root / "data", simulated=False)
    project.notebook("walk", "print(1)", parameters=PATH)
    project.notebook("fails", "1 / 0")
    given = f'{{ snapshot = "{project.data}" }}'
    project.reports(one__walk=given, two__walk=given, fails="", wrong__walk='{ snapshto = "x" }')
    return project


def test_each_state_that_a_report_can_be_in_is_told(walks: Project) -> None:
    assert states(walks)["one"] == "to be built: new"
    built(walks)
    found = states(walks)
    assert (found["one"], found["two"]) == ("current", "current")
    assert found["fails"].startswith("failed: cell [2] ended with ZeroDivisionError")
    assert found["wrong"].startswith("wrong: walk.ipynb has no parameter 'snapshto'")
    (walks.site / "one.html").write_text("mine")
    walks.notebook("walk", "print(2)", parameters=PATH)
    found = states(walks)
    assert (found["one"], found["two"]) == ("damaged", "to be built: the notebook changed")


def test_the_list_is_printed_in_columns(walks: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(walks, "list")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "page's", "age", "fingerprint", "notebook", "title", "state"]
    assert len({line.index("walk.ipynb  ") for line in lines if "walk.ipynb  " in line}) == 1
    assert not walks.site.exists()


def test_a_check_finds_what_is_wrong_with_definitions_data_pages_and_editions(
    walks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    walks.reports(one__walk=f'{{ snapshot = "{walks.data}" }}', two__walk=f'{{ snapshot = "{walks.data}" }}')
    built(walks)
    assert main(command(walks, "check")) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "nothing is wrong"
    (walks.site / "one.html").write_text("mine")
    [edition] = (walks.site / "editions").iterdir()
    (edition / "two.html").unlink()
    (walks.data / "daily.parquet").write_bytes(b"half")
    shutil.copy(walks.config, walks.root / "other.toml")
    assert main(command(walks, "check")) == 1
    wrong = capsys.readouterr().err.splitlines()
    assert [line.split(":")[1].strip() for line in wrong[:2]] == ["one", "two"]
    assert "was changed or damaged after it was written" in wrong[0]
    assert wrong[2:] == [
        "error: one.html is changed after it was published. Build it again, or restore it.",
        f"error: edition {edition.name}: two.html is lost. Build it again, or restore it.",
    ]


def test_open_names_the_page_or_says_which_there_are(walks: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(walks, "open")) == 1
    assert "Run `research report build`" in capsys.readouterr().err
    built(walks)
    assert main(command(walks, "open", "one")) == 0
    assert capsys.readouterr().out == f"{walks.site / 'one.html'}\n"
    [edition] = (walks.site / "editions").iterdir()
    assert main(command(walks, "open", "--edition", edition.name)) == 0
    assert Path(capsys.readouterr().out.strip()) == edition / "index.html"
    assert main(command(walks, "open", "onne")) == 1
    assert "did you mean 'one'?" in capsys.readouterr().err


VERDICT = "from research.reporting.presentation.display import show_verdict\nshow_verdict({'Level': 'LEVEL'})"


def test_diff_tells_figures_and_reasons_between_editions_sites_and_now(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.notebook("walk", VERDICT.replace("LEVEL", "100"))
    project.reports(walk="")
    first = built(project).edition
    shutil.copytree(project.site, project.root / "elsewhere")
    project.notebook("walk", VERDICT.replace("LEVEL", "110"))
    second = built(project).edition
    told = ["walk: changed; the notebook changed", "  Level: 100 -> 110"]
    for words in ((first,), (first, second), (str(project.root / "elsewhere"), second)):
        assert main(command(project, "diff", *words)) == 0
        assert capsys.readouterr().out.splitlines() == told
    assert main(command(project, "diff", second)) == 0
    assert capsys.readouterr().out == "walk: same\n"
    assert main(command(project, "diff", "2001-01-01")) == 1
    assert "holds no edition 2001-01-01" in capsys.readouterr().err


def test_a_summary_on_stdout_stands_alone_there_and_one_in_a_file_is_whole(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.notebook("walk", "1")
    project.reports(walk="")
    assert main(command(project, "build", "--summary", "markdown")) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("**Reports ")
    assert "walk: started" in captured.err
    assert main(command(project, "build", "--summary-to", str(project.root / "s.md"))) == 0
    assert "1 unchanged" in (project.root / "s.md").read_text()
