"""The bar names the other pages of the same index that are there, whichever way and in whichever order they came."""

from __future__ import annotations

import re
from pathlib import Path

from research.reporting.publishing.site.bar import sisters, with_bar
from research.reporting.publishing.site.editions import edition_names
from research.reporting.publishing.site.manifest import Entry
from tests.reporting.publishing.conftest import Project, built

PLACE = '<p>a</p><nav aria-label="Pages"></nav><p>b</p>'
TOWN = 'rulebook: str = "r"  # which\ndays: int = 3  # how long, days'


def entry(title: str, notebook: str = "", **parameters: str) -> Entry:
    return Entry(title=title, notebook=notebook, parameters=parameters, last_success="x")


def linked(page: Path) -> list[str]:
    [bar] = re.findall(r'<nav aria-label="Pages">.*?</nav>', page.read_text(), re.DOTALL)
    return re.findall(r'href="([^"]+)"', bar)


def test_pages_of_the_same_rulebook_and_market_are_sisters_and_others_are_not() -> None:
    entries = {
        "a": entry("A", "index_factsheet.ipynb", rulebook="r", snapshot="s"),
        "b": entry("A: audit", "index_audit.ipynb", rulebook="r", snapshot="s", asset_id="x", until=""),
        "c": entry("C", "index_audit.ipynb", rulebook="r", snapshot="other"),
        "d": entry("D", "index_audit.ipynb", rulebook="r", snapshot="s", until="2024-01-01"),
        "e": entry("E", "market_review.ipynb", snapshot="s"),
        "f": Entry(title="F", parameters={"rulebook": "r", "snapshot": "s"}),
        "g": entry("G", "own.ipynb", rulebook="r", snapshot="s"),
    }
    assert sisters("a", entries) == {"a": "Factsheet", "b": "Audit", "g": "G"}
    assert sisters("e", entries) == {}


def test_two_pages_of_one_kind_are_told_apart_by_their_titles() -> None:
    entries = {name: entry(f"In {name}", "index_audit.ipynb", rulebook="r") for name in ("one", "two")}
    assert sisters("one", entries) == {"one": "In one", "two": "In two"}


def test_a_title_in_the_bar_is_text() -> None:
    page = with_bar(PLACE, "a", {"a": entry("<b>&\u202e", "own.ipynb", rulebook="r")})
    assert "&lt;b&gt;&amp;\\u202e</a>" in page
    assert page.startswith("<p>a</p><nav")
    assert page.endswith("</nav><p>b</p>")


def test_a_page_without_a_place_for_the_bar_stays_as_it_is() -> None:
    assert with_bar("<p>a</p>", "a", {"a": entry("A")}) == "<p>a</p>"


def test_the_bar_follows_what_is_published_without_building_a_page_again(project: Project) -> None:
    project.notebook("walk", "days", parameters=TOWN)
    project.reports(one__walk="")
    built(project)
    assert linked(project.site / "one.html") == ["index.html", "one.html", "index.html#editions"]
    project.notebook("broken", "1 / 0", parameters=TOWN)
    project.reports(one__walk="", two__walk="", three__broken="")
    result = built(project)
    assert result.built == ["two"]
    for page in ("one", "two"):
        assert linked(project.site / f"{page}.html") == ["index.html", "one.html", "two.html", "index.html#editions"]
    project.reports(one__walk="")
    built(project)
    assert linked(project.site / "one.html") == ["index.html", "one.html", "index.html#editions"]


def test_every_link_of_every_bar_leads_somewhere_in_editions_too(project: Project) -> None:
    project.notebook("walk", "days", parameters=TOWN)
    project.reports(one__walk="")
    built(project)
    project.reports(one__walk="", two__walk="")
    built(project)
    names = edition_names(project.site)
    assert len(names) == 2
    for folder in (project.site, *(project.site / "editions" / name for name in names)):
        for page in folder.glob("*.html"):
            if page.name == "index.html":
                continue
            for link in linked(page):
                target, _, anchor = link.partition("#")
                assert (folder / target).is_file(), link
                assert not anchor or f'id="{anchor}"' in (folder / target).read_text()
        assert ("Present pages" in (folder / "one.html").read_text()) == (folder != project.site)
    newest = project.site / "editions" / names[0]
    assert linked(newest / "one.html")[1:3] == ["one.html", "two.html"]
    assert linked(project.site / "editions" / names[1] / "one.html")[1:2] == ["one.html"]
