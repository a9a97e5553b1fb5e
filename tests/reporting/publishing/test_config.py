"""The list of reports, and a report's parameters against its notebook."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.errors import ReportError
from research.reporting.publishing.config import choose, load_list
from research.reporting.publishing.notebook_file import read_notebook
from research.reporting.publishing.parameters import effective_parameters
from tests.conftest import ROOT

from .conftest import Project


def write(project: Project, text: str) -> None:
    project.config.write_text(text, encoding="utf-8")


GOOD = '[walk]\ntitle = "A walk"\nnotebook = "../notebooks/walk.ipynb"\n'


def test_a_report_is_read_with_its_notebook_relative_to_the_file(project: Project) -> None:
    write(project, GOOD + "parameters = { days = 4 }\n")
    report = load_list(project.config).reports["walk"]
    assert report.title == "A walk"
    assert report.notebook == str(project.root / "notebooks" / "walk.ipynb")
    assert report.parameters == {"days": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no report in it"),
        ("[walk\n", "not a valid TOML file"),
        (GOOD + 'titel = "x"\n', "unknown key 'titel': did you mean 'title'?"),
        ('[walk]\nnotebook = "x.ipynb"\n', "missing title"),
        ('[walk]\ntitle = "x"\n', "missing notebook"),
        ('[walk]\ntitle = 3\nnotebook = "x.ipynb"\n', "title = 3: expected text"),
        ('[walk]\ntitle = " "\nnotebook = "x.ipynb"\n', "title is empty"),
        ('[walk]\ntitle = "x"\nnotebook = "x.ipynb"\nparameters = 3\n', "parameters = 3: expected a table"),
        ('title = "x"\n', "stands outside a report"),
        (GOOD.replace("[walk]", "[index]"), "cannot be the name of a page"),
        (GOOD.replace("[walk]", '["../walk"]'), "cannot be the name of a page"),
        (GOOD.replace("[walk]", "[Walk]"), "cannot be the name of a page"),
    ],
)
def test_what_is_wrong_with_a_list_of_reports_is_said_with_its_file(project: Project, text: str, message: str) -> None:
    write(project, text)
    with pytest.raises(ReportError) as caught:
        load_list(project.config)
    assert message in str(caught.value)
    assert str(project.config) in str(caught.value)


SHORT = '[ai]\ntitle = "AI"\nparameters = { rulebook = "ai-large-cap" }\npages = ["factsheet", "signals"]\n'


def test_one_table_lists_several_pages_of_an_index_as_tables_of_their_own_would(project: Project) -> None:
    write(project, SHORT + "signals = { draws = 5 }\n")
    short = load_list(project.config).reports
    notebooks = ROOT / "notebooks"
    long = f'[ai]\ntitle = "AI"\nnotebook = "{notebooks}/index_factsheet.ipynb"\n'
    long += 'parameters = { rulebook = "ai-large-cap" }\n'
    long += f'[ai-signals]\ntitle = "AI: signals"\nnotebook = "{notebooks}/signal_review.ipynb"\n'
    write(project, long + 'parameters = { rulebook = "ai-large-cap", draws = 5 }\n')
    assert short == load_list(project.config).reports


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT.replace('"signals"', '"signal"'), "there is no page 'signal': did you mean 'signals'?"),
        (SHORT + "audit = { draws = 5 }\n", "there is no page 'audit'"),
        (SHORT + "signals = 3\n", "signals = 3: expected a table of parameters"),
        (SHORT.replace('{ rulebook = "ai-large-cap" }', "3"), "parameters = 3: expected a table"),
        (SHORT.replace('["factsheet", "signals"]', "[]"), "pages = []: expected a list of different pages"),
        (SHORT.replace('"signals"', '"factsheet"'), "expected a list of different pages"),
        (SHORT + 'notebook = "x.ipynb"\n', "Leave out `notebook`, or `pages`"),
        (SHORT.replace('title = "AI"\n', ""), "missing title"),
        (SHORT + GOOD.replace("[walk]", "[ai-signals]"), "two reports 'ai-signals'"),
    ],
)
def test_what_is_wrong_with_a_list_of_pages_is_said(project: Project, text: str, message: str) -> None:
    write(project, text)
    with pytest.raises(ReportError) as caught:
        load_list(project.config)
    assert message in str(caught.value)
    assert str(project.config) in str(caught.value)


def test_a_missing_list_is_one_clear_error(project: Project) -> None:
    with pytest.raises(ReportError, match="no such file"):
        load_list(project.config)


def test_only_an_unknown_report_suggests_the_nearest_name(project: Project) -> None:
    project.reports(large_cap="", equal_weight="")
    with pytest.raises(ReportError, match=r"--only large-cup: there is no such report; did you mean 'large-cap'\?"):
        choose(load_list(project.config).reports, ["large-cup"])


def test_chosen_reports_keep_the_order_of_the_file(project: Project) -> None:
    project.reports(b="", a="", c="")
    assert list(choose(load_list(project.config).reports, ["a", "b"])) == ["b", "a"]
    assert list(choose(load_list(project.config).reports, [])) == ["b", "a", "c"]


def effective(project: Project) -> dict[str, object]:
    report = load_list(project.config).reports["walk"]
    return effective_parameters(read_notebook(Path(report.notebook)), report.parameters)


def parameters_of(project: Project, inline: str) -> dict[str, object]:
    project.notebook("walk")
    project.reports(walk=inline)
    return effective(project)


def test_parameters_are_the_defaults_of_the_notebook_with_those_of_the_report_over_them(project: Project) -> None:
    found = parameters_of(project, "{ days = 7, share = 1 }")
    assert found == {"town": "Bonn", "days": 7, "share": 1, "flag": True}


@pytest.mark.parametrize(
    ("inline", "message"),
    [
        ("{ dys = 7 }", "has no parameter 'dys': did you mean 'days'?"),
        ('{ days = "7" }', "days = '7' is str, expected int"),
        ("{ days = 7.0 }", "days = 7.0 is float, expected int"),
        ("{ days = true }", "days = True is bool, expected int"),
        ("{ flag = 1 }", "flag = 1 is int, expected bool"),
        ("{ town = 2020-01-01 }", 'write it as text: town = "2020-01-01"'),
        ("{ share = nan }", "not a finite number"),
        ("{ share = -inf }", "not a finite number"),
        ("{ town = [2020-01-01] }", "write it as text"),
    ],
)
def test_a_parameter_that_does_not_fit_the_notebook_is_refused(project: Project, inline: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        parameters_of(project, inline)
    assert message in str(caught.value)


def test_a_notebook_without_parameters_cell_is_refused(project: Project) -> None:
    project.notebook("walk", parameters=None)
    project.reports(walk="")
    with pytest.raises(ReportError, match="no cell tagged 'parameters'"):
        effective(project)


def test_a_missing_notebook_and_a_file_that_is_none_are_refused(project: Project) -> None:
    project.reports(walk="")
    with pytest.raises(ReportError, match="there is no notebook"):
        effective(project)
    (project.root / "notebooks" / "walk.ipynb").write_text("not json")
    with pytest.raises(ReportError, match="is not a notebook"):
        effective(project)


def test_a_derived_default_is_refused_because_it_would_go_stale(project: Project) -> None:
    project.notebook("walk", parameters="days: int = 3\nhours: int = 24 * days")
    project.reports(walk="")
    with pytest.raises(ReportError, match="default of 'hours' is 24 \\* days, expected a literal"):
        effective(project)
