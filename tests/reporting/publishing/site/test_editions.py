"""Editions: kept when something that is shown has changed, never touched again, and gone by the rule alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from research.errors import ReportError
from research.reporting.publishing.placing import digest
from research.reporting.publishing.site import editions
from research.reporting.publishing.site.editions import edition_names, find_edition, keep_edition
from research.reporting.publishing.site.manifest import Entry, State, damaged, page_of, read_manifest


def published(site: Path, **shown: str) -> State:
    """A site whose pages show these texts; `<p>` is made anew each time, as a page that is built again is."""
    reports = {}
    for name, text in shown.items():
        html = f"<p>{text}</p>"
        site.mkdir(exist_ok=True)
        page_of(site, name).write_text(html)
        reports[name] = Entry(title=name, last_success="x", content=text, sha256=digest(html.encode()))
    return State(reports=reports)


def keep(site: Path, day: str, limit: int = 12, **shown: str) -> str:
    return keep_edition(site, published(site, **shown), f"{day}T01:00:00Z", limit)


def test_an_edition_holds_the_pages_as_they_were_with_an_index_page_of_their_own(tmp_path: Path) -> None:
    assert keep(tmp_path, "2024-01-01", one="a", two="b") == "2024-01-01"
    assert keep(tmp_path, "2024-01-08", one="a", two="c") == "2024-01-08"
    assert edition_names(tmp_path) == ["2024-01-08", "2024-01-01"]
    first = find_edition(tmp_path, "2024-01-01")
    assert {file.name: file.read_text() for file in first.glob("???.html")} == {
        "one.html": "<p>a</p>", "two.html": "<p>b</p>"
    }  # fmt: skip
    assert damaged(first, read_manifest(first)) == {}
    assert read_manifest(first).published == "2024-01-01T01:00:00Z"
    index = (find_edition(tmp_path, "2024-01-08") / "index.html").read_text()
    assert "As published on" in index
    assert 'href="../../index.html"' in index
    assert 'href="../2024-01-01/index.html"' in index


def test_nothing_is_kept_when_nothing_that_is_shown_has_changed(tmp_path: Path) -> None:
    keep(tmp_path, "2024-01-01", one="a")
    state = published(tmp_path, one="a")
    page_of(tmp_path, "one").write_text("<p>a</p><footer>another commit")
    other = replace(state.reports["one"], sha256=digest(b"<p>a</p><footer>another commit"), commit="another")
    assert keep_edition(tmp_path, State(reports={"one": other}), "2024-01-08T01:00:00Z") == ""
    assert edition_names(tmp_path) == ["2024-01-01"]


def test_a_report_that_is_new_or_gone_makes_an_edition_and_one_never_built_does_not(tmp_path: Path) -> None:
    keep(tmp_path, "2024-01-01", one="a")
    assert keep(tmp_path, "2024-01-02", one="a", two="b") == "2024-01-02"
    assert keep(tmp_path, "2024-01-03", one="a") == "2024-01-03"
    state = published(tmp_path, one="a")
    waiting = State(reports={**state.reports, "two": Entry(title="two", error="the well is dry")})
    assert keep_edition(tmp_path, waiting, "2024-01-04T01:00:00Z") == ""


def test_the_second_and_the_tenth_edition_of_a_day_stand_in_their_order(tmp_path: Path) -> None:
    made = [keep(tmp_path, "2024-01-01", 20, one=str(number)) for number in range(11)]
    assert made[:2] + made[9:] == ["2024-01-01", "2024-01-01-2", "2024-01-01-10", "2024-01-01-11"]
    assert edition_names(tmp_path) == made[::-1]


def test_an_unchanged_page_is_the_same_file_and_who_edits_the_site_edits_no_edition(tmp_path: Path) -> None:
    keep(tmp_path, "2024-01-01", one="a", two="b")
    keep(tmp_path, "2024-01-08", one="a", two="c")
    first, second = (find_edition(tmp_path, name) for name in ("2024-01-01", "2024-01-08"))
    assert (first / "one.html").samefile(second / "one.html")
    assert not (second / "two.html").samefile(tmp_path / "two.html")
    (tmp_path / "two.html").write_text("mine")
    assert damaged(second, read_manifest(second)) == {}
    assert (second / "two.html").stat().st_mode & 0o222 == 0


def test_the_newest_are_kept_and_the_last_of_every_quarter(tmp_path: Path) -> None:
    days = ("2023-11-06", "2023-12-25", "2024-01-01", "2024-03-25", "2024-04-01", "2024-04-08", "2024-04-15")
    for day in days:
        keep(tmp_path, day, 2, one=day)
    assert edition_names(tmp_path) == ["2024-04-15", "2024-04-08", "2024-03-25", "2023-12-25"]


def test_none_are_made_where_none_are_wanted_and_old_ones_stay(tmp_path: Path) -> None:
    keep(tmp_path, "2024-01-01", one="a")
    assert keep(tmp_path, "2024-01-02", 0, one="b") == ""
    assert edition_names(tmp_path) == ["2024-01-01"]


def test_what_a_killed_build_was_making_is_swept(tmp_path: Path) -> None:
    keep(tmp_path, "2024-01-01", one="a")
    (tmp_path / "editions" / ".2024-01-02.part").mkdir()
    keep(tmp_path, "2024-01-03", one="a")
    assert [path.name for path in (tmp_path / "editions").iterdir()] == ["2024-01-01"]


def test_a_file_system_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(editions.os, "link", refuse)
    keep(tmp_path, "2024-01-01", one="a", two="b")
    keep(tmp_path, "2024-01-08", one="a", two="c")
    assert (find_edition(tmp_path, "2024-01-08") / "one.html").read_text() == "<p>a</p>"


def test_an_edition_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="there is none yet"):
        find_edition(tmp_path, "2024-01-01")
    keep(tmp_path, "2024-01-01", one="a")
    with pytest.raises(ReportError, match="did you mean '2024-01-01'"):
        find_edition(tmp_path, "2024-01-02")
