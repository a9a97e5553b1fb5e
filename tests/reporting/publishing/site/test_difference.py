"""What a page says in figures, and what differs between two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from nbformat import v4

from research.errors import ReportError
from research.market.manifest import Manifest
from research.reporting.presentation.table import Table
from research.reporting.presentation.tables import provenance
from research.reporting.publishing.page import Page
from research.reporting.publishing.placing import digest
from research.reporting.publishing.rendering import render_page
from research.reporting.publishing.site.difference import compare, why
from research.reporting.publishing.site.facts import facts_of, flags_of
from research.reporting.publishing.site.manifest import Entry, State, page_of, write_manifest

MANIFEST = Manifest(name="vendor", source="s", retrieved_at="2024-01-01T00:00:00Z", licence="l", close_convention="c")
FLAG_RULES = pd.Index(["beta drift", "turnover drift"], name="flag")


def page(level: str = "1,000", *, day: str = "2024-01-01", weights: tuple[float, ...] = (0.6, 0.4), flag: str = "no",
         commit: str = "abc") -> str:  # fmt: skip
    """A page with a summary, a table of weights whose caption has a date, one of flags, a figure and provenance."""
    names = ["bitcoin", "ethereum", "coin"][: len(weights)]
    held = pd.DataFrame({"weight": weights}, index=pd.Index(names, name="asset"))
    flags = pd.DataFrame({"found": [flag, "no"]}, index=FLAG_RULES)
    tables = [
        Table(held, f"Members at the close of {day}", formats={"weight": "percent"}),
        Table(flags, "Red flags, found or not"),
        provenance(MANIFEST, {}, commit, {}),
    ]
    outputs = [v4.new_output("display_data", {"text/html": table.to_html()}) for table in tables]
    outputs.append(v4.new_output("display_data", {}, metadata={"verdict": [{"label": "Level", "value": level}]}))
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'
    about = {"title": "Level", "caption": "c", "alt": f"Level. Line. last {level}", "wide": drawing, "narrow": drawing}
    outputs.append(v4.new_output("display_data", {"text/plain": "Level\nc\nx"}, metadata={"figure": about}))
    cells = [v4.new_markdown_cell("# What?"), v4.new_code_cell("1", outputs=outputs, execution_count=1)]
    made = Page(title="T", built_at="x", commit=commit, parameters={}, snapshots={}, simulated=False)
    return render_page(v4.new_notebook(cells=cells), made)


def test_every_figure_of_a_page_is_found_where_it_stands_and_provenance_is_left_out() -> None:
    facts = facts_of(page(flag="warning"))
    assert facts == {
        ("Summary", "Level", ""): "1,000",
        ("Members at the close of …", "bitcoin", "weight"): "60.0 %",
        ("Members at the close of …", "ethereum", "weight"): "40.0 %",
        ("Red flags, found or not", "beta drift", "found"): "warning",
        ("Red flags, found or not", "turnover drift", "found"): "no",
        ("Level", "picture", ""): "Line. last 1,000",
    }
    assert flags_of(facts) == {"beta drift"}


def test_two_rows_of_one_name_are_both_found() -> None:
    rows = "<tr><th>a</th><td>1</td></tr><tr><th>a</th><td>2</td></tr>"
    html = f"<table><caption>C</caption><thead><tr><th>n</th><th>v</th></tr></thead><tbody>{rows}</tbody></table>"
    assert facts_of(html) == {("C", "a", "v"): "1", ("C", "a (2)", "v"): "2"}


def site(folder: Path, **pages: str) -> Path:
    reports = {}
    for name, html in pages.items():
        folder.mkdir(exist_ok=True)
        page_of(folder, name).write_text(html, encoding="utf-8")
        reports[name] = Entry(
            title=name, last_success="x", content=html.replace("abc", ""), sha256=digest(html.encode()), commit="abc"
        )
    write_manifest(folder, State(reports=reports))
    return folder


def test_figures_that_changed_appeared_and_disappeared_are_told_apart(tmp_path: Path) -> None:
    before = site(tmp_path / "a", walk=page(), gone=page(), same=page())
    after = site(
        tmp_path / "b",
        walk=page("1,100", day="2024-01-08", weights=(0.5, 0.4, 0.1), flag="notice"),
        same=page(),
        new=page(),
    )
    found = {difference.name: difference for difference in compare(before, after)}
    assert {name: difference.state for name, difference in found.items()} == {
        "walk": "changed", "same": "same", "new": "new", "gone": "gone"
    }  # fmt: skip
    walk = found["walk"]
    assert walk.changed[("Summary", "Level", "")] == ("1,000", "1,100")
    assert walk.changed[("Members at the close of …", "bitcoin", "weight")] == ("60.0 %", "50.0 %")
    assert (walk.appeared, walk.disappeared, walk.flags) == (1, 0, ["beta drift"])
    lines = walk.lines(limit=1)
    assert lines == [
        "walk: changed", "  new red flag: beta drift", "  Level: 1,000 -> 1,100",
        "  3 more figures changed, 1 appeared",
    ]  # fmt: skip


def test_why_says_which_input_changed_and_how() -> None:
    prints = dict.fromkeys(("notebook", "parameters", "data", "files", "code", "versions"), "0")
    before = Entry(
        title="T", data_until="2024-01-01", commit="abc", parameters={"a": 1, "b": 2}, versions={"pandas": "3.0"},
        fingerprint=prints,
    )  # fmt: skip
    assert why(before, before) == []

    def changed(kind: str, **entry: object) -> list[str]:
        return why(before, replace(before, fingerprint=prints | {kind: "1"}, **entry))

    assert changed("data", data_until="2024-01-08") == ["data until 2024-01-08, was 2024-01-01"]
    assert changed("data") == ["data revised: another snapshot with the same last day 2024-01-01"]
    assert changed("parameters", parameters={"a": 1, "b": 3}) == ["parameter b: 2 -> 3"]
    assert changed("code", commit="def") == ["code abc -> def"]
    assert changed("versions", versions={"pandas": "3.1"}) == ["pandas 3.0 -> 3.1"]
    assert changed("files") == ["rulebooks, tables or other files that parameters name changed"]


def test_a_folder_that_is_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match=r"has no manifest\.json"):
        compare(tmp_path, tmp_path)
