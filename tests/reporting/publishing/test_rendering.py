"""The page: self-contained, complete, readable by machines and people."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
import io
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbformat import NotebookNode, v4

from research.errors import ReportError
from research.reporting.presentation import display, figures, for_a_page
from research.reporting.presentation.table import Table
from research.reporting.publishing.page import Page
from research.reporting.publishing.rendering import render_page
from research.reporting.publishing.running.verification import verify
from research.reporting.publishing.sanitising import sanitised
from research.reporting.publishing.site.index_page import index_page
from research.reporting.publishing.site.manifest import Entry

PIXEL = base64.b64encode(b"not really a picture").decode()
FACTSHEET = Path(__file__).parents[3] / "notebooks" / "index_factsheet.ipynb"


class Reader(HTMLParser):
    """Collects tags with their attributes, and the text of scripts, from a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.script = ""
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.script += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def page(**changes: object) -> Page:
    given: dict[str, object] = {
        "title": "A <b>title</b>",
        "built_at": "2024-01-02T03:04:05Z",
        "commit": "abc",
        "parameters": {"town": "<i>Bonn</i>"},
        "snapshots": {"SIMULATED market": "f00d"},
        "simulated": True,
        "versions": {"pandas": "3"},
    }
    return Page(**(given | changes))


def notebook() -> NotebookNode:
    """One output of every kind that a page shows."""
    table = pd.DataFrame({"a": [1, 2]})
    bundle = {"text/html": Table(table, "A table").to_html(), "text/plain": "a table"}
    picture = {"image/png": PIXEL, "text/plain": "T\nC\n   n\nx  2"}
    about = {"figure": {"title": "T & co", "caption": "C", "alt": 'Two "lines"'}}
    outputs = [
        v4.new_output("display_data", data=bundle),
        v4.new_output("execute_result", data={"text/html": table.to_html(), "text/plain": "x"}, execution_count=1),
        v4.new_output("display_data", data=picture, metadata=about),
        v4.new_output("display_data", data={"text/markdown": "It was **bold**.", "text/plain": "It"}),
        v4.new_output("execute_result", data={"text/plain": "<plain>"}, execution_count=1),
        v4.new_output("stream", name="stdout", text="said <this>\n"),
        v4.new_output("stream", name="stderr", text="/home/x/a.py:3: DataWarning: short history\n  call()\nmore\n"),
        v4.new_output(
            "display_data",
            data={"text/plain": "Level 3"},
            metadata={"verdict": [{"label": "Level", "value": "<3>"}]},
        ),
    ]
    cells = [
        v4.new_markdown_cell("# Why?\n\nBecause."),
        v4.new_markdown_cell("## First part\n\nProse."),
        v4.new_code_cell("1 < 2  # <script>alert(1)</script>", execution_count=1, outputs=outputs),
        v4.new_markdown_cell("## Second part\n\n### Detail\n\n```\n# no heading\n```"),
    ]
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


@pytest.fixture(scope="module")
def html() -> str:
    return render_page(notebook(), page())


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    reader = Reader(html)
    for _, attributes in reader.tags:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            target = attributes.get(name) or "#"
            assert target.startswith(("#", "data:image/png;base64,")) or target == "index.html", target
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert reader.all("link") == reader.all("iframe") == []


def test_the_policy_forbids_the_network_and_allows_only_our_script(html: str) -> None:
    reader = Reader(html)
    [policy] = [meta["content"] for meta in reader.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; ")
    digest = base64.b64encode(hashlib.sha256(reader.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert len(reader.all("script")) == 1


def test_the_page_has_one_first_heading_a_language_a_skip_link_and_headings_in_order(html: str) -> None:
    reader = Reader(html)
    assert len(reader.all("h1")) == 1
    assert reader.all("html") == [{"lang": "en"}]
    assert {"class": "skip", "href": "#main"} in reader.all("a")
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_contents_lead_to_every_section(html: str) -> None:
    reader = Reader(html)
    anchors = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    links = [link["href"] for link in reader.all("a") if str(link.get("href")).startswith("#section")]
    assert len(links) == 2
    assert {str(link)[1:] for link in links} <= anchors


def test_no_table_picture_or_text_of_the_notebook_is_lost(html: str) -> None:
    reader = Reader(html)
    assert len(reader.all("table")) == 2  # one displayed, one the result of a cell
    [image] = reader.all("img")
    assert image["src"] == f"data:image/png;base64,{PIXEL}"
    assert "<strong>bold</strong>" in html
    assert "&lt;plain&gt;" in html
    assert "said &lt;this&gt;" in html


def test_a_warning_is_shown_without_the_paths_of_the_machine(html: str) -> None:
    assert '<pre class="stderr">DataWarning: short history\nmore\n</pre>' in html
    assert "/home/x" not in html


def test_a_warning_that_variants_repeat_is_told_once_a_page() -> None:
    twice = "/home/x/a.py:3: DataWarning: short history\n  call()\n/home/x/b.py:9: DataWarning: another\n  call()\n"
    streams = [v4.new_output("stream", name="stderr", text=text) for text in (twice, twice, f"{twice}and more\n")]
    cells = [v4.new_markdown_cell("# Why?"), *(v4.new_code_cell("1", outputs=[stream]) for stream in streams)]
    html = render_page(v4.new_notebook(cells=cells), page())
    assert html.count("DataWarning: short history") == html.count("DataWarning: another") == 1
    assert re.findall(r'<pre class="stderr">(.*?)</pre>', html, re.DOTALL)[1:] == ["and more\n"]


@pytest.mark.parametrize("left_open", ["<!-- open", "<div><b>open", "<textarea>", "<table><tr><td>1", "</main></body>"])
@pytest.mark.parametrize("kind", ["text/html", "text/markdown"])
def test_what_an_output_leaves_open_or_closes_touches_nothing_around_it(left_open: str, kind: str) -> None:
    def made(text: str) -> str:
        outputs = [v4.new_output("display_data", data={kind: text})]
        cells = [v4.new_markdown_cell("# T\n\nWhat?\n\n## A"), v4.new_code_cell("1", outputs=outputs)]
        html = render_page(v4.new_notebook(cells=[*cells, v4.new_markdown_cell("## B\n\nThe end.")]), page())
        return html[html.index("B</h2>") :]

    assert made(left_open) == made("fine")


def test_a_picture_has_its_text_alternative_caption_and_data(html: str) -> None:
    [image] = Reader(html).all("img")
    assert image["alt"] == 'Two "lines"'
    assert "<strong>T &amp; co.</strong> C" in html
    assert "   n\nx  2</pre>" in html


def test_the_verdict_is_in_the_bar_at_the_top_and_not_repeated(html: str) -> None:
    assert html.count("&lt;3&gt;") == 1
    assert html.index("&lt;3&gt;") < html.index('id="main"')


def test_what_users_wrote_is_escaped(html: str) -> None:
    assert "<h1>A &lt;b&gt;title&lt;/b&gt;</h1>" in html
    assert "<i>Bonn</i>" not in html
    assert "<script>alert(1)</script>" not in html


def test_a_simulated_market_is_in_plain_sight_and_a_real_one_has_no_such_banner(html: str) -> None:
    assert "<strong>SIMULATED</strong> This market never existed." in html
    real = render_page(notebook(), page(simulated=False, snapshots={"vendor": "f00d"}))
    assert "SIMULATED" not in real


def test_the_index_page_says_simulated_beside_those_reports_alone() -> None:
    when = "2024-01-02T03:04:05Z"
    real = Entry(title="Real", last_success=when, simulated=False)
    made_up = Entry(title="Made up", last_success=when, simulated=True)
    assert "SIMULATED" not in index_page({"real": real})
    html = index_page({"real": real, "made-up": made_up})
    assert html.count('class="badge"') == 1
    assert "Made up</a> <span" in html
    assert len(Reader(html).all("h1")) == 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("No heading.", "0 first-level headings"),
        ("# One\n\n# Two", "2 first-level"),
        ("# One\n\n### Deep", "skip a level"),
    ],
)
def test_headings_out_of_order_are_refused(source: str, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        render_page(v4.new_notebook(cells=[v4.new_markdown_cell(source)]), page())


def test_the_committed_factsheet_renders_with_all_its_tables_and_described_pictures() -> None:
    sheet = nbformat.read(FACTSHEET, as_version=4)
    bundles = [output.data for cell in sheet.cells for output in cell.get("outputs", []) if "data" in output]
    reader = Reader(render_page(sheet, page()))
    assert len(reader.all("table")) == sum("text/html" in data for data in bundles) > 5
    assert len(reader.all("img")) == sum("image/png" in data for data in bundles) > 3
    assert all(len(str(image["alt"])) > 40 for image in reader.all("img"))
    assert all(table.get("aria-label") for table in reader.all("div") if table.get("class") == "table")


def executed(**changes: object) -> NotebookNode:
    cells = [v4.new_code_cell("1", execution_count=1), v4.new_code_cell("2", execution_count=2), v4.new_code_cell("")]
    result = v4.new_notebook(cells=cells, metadata={"papermill": {"exception": None}})
    result.cells[1].update(changes)
    return result


def test_a_notebook_that_ran_to_its_end_passes_with_an_empty_cell_unrun() -> None:
    verify(executed())


def test_a_notebook_that_only_looks_completed_is_found_out() -> None:
    with pytest.raises(ReportError, match="code cell 2 did not run"):
        verify(executed(execution_count=None))
    error = v4.new_output("error", ename="SystemExit", evalue="0", traceback=[])
    with pytest.raises(ReportError, match="code cell 2 ended with SystemExit: 0"):
        verify(executed(outputs=[error]))
    stopped = executed()
    stopped.metadata["papermill"]["exception"] = True
    with pytest.raises(ReportError, match="did not run to its end"):
        verify(stopped)


def test_what_a_section_found_stands_directly_under_its_heading() -> None:
    shown = [
        v4.new_output("display_data", {"text/plain": "x", "text/markdown": "A sentence."}),
        v4.new_output(
            "display_data", {"text/plain": "x", "text/markdown": "### Fell **84.7 %** &#60;b&#62;\n\nThe rest."}
        ),
        v4.new_output("display_data", {"text/plain": "x", "text/markdown": "### A second finding"}),
    ]
    notebook = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# Why?"),
            v4.new_markdown_cell("## The ride\n\nHow to read it."),
            v4.new_code_cell("1", outputs=shown),
        ]
    )
    html = re.sub(r"\s*\n\s*", "", render_page(notebook, page()))
    assert "<h2>The ride</h2><h3>Fell <strong>84.7 %</strong> &lt;b&gt;</h3><p>How to read it.</p>" in html
    assert html.index("A sentence.") < html.index("The rest.") < html.index("<h3>A second finding</h3>")
    assert html.count("84.7 %") == 1


def test_the_series_of_a_figure_are_a_link_that_needs_no_network_and_no_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(for_a_page.VARIABLE, "1")
    put: list[NotebookNode] = []
    monkeypatch.setattr(
        display,
        "_display",
        lambda data, metadata=None: put.append(v4.new_output("display_data", data, metadata=metadata or {})),
    )
    days = pd.date_range("2020-01-01", periods=3, name="date")
    frame = pd.DataFrame({'a "b", <c>': [1000.0, 1234.56789, np.nan], "d": [1.0, 2.0, 3.0]}, days)
    display.show_figure(figures.levels(frame, source="test"), title="T", caption="C.")
    cells = [v4.new_markdown_cell("# Why?"), v4.new_code_cell("1", outputs=put)]
    html = render_page(v4.new_notebook(cells=cells), page())
    [link] = re.findall(r'<a href="data:application/gzip;base64,([^"]*)" download="figure-1.csv.gz">', html)
    read = pd.read_csv(io.BytesIO(gzip.decompress(base64.b64decode(link))), index_col="date", parse_dates=True)
    pd.testing.assert_frame_equal(read, frame, check_freq=False, check_dtype=False, check_index_type=False, rtol=1e-5)
    assert "<caption>Digest: T</caption>" in html
    assert "data:application" not in sanitised(html)  # no other link of that kind gets through


def test_a_page_of_a_market_that_may_not_be_passed_on_says_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(for_a_page.VARIABLE, "1")
    monkeypatch.setenv(for_a_page.WITHHOLDS, "1")
    put: list[NotebookNode] = []
    monkeypatch.setattr(
        display,
        "_display",
        lambda data, metadata=None: put.append(v4.new_output("display_data", data, metadata=metadata or {})),
    )
    frame = pd.DataFrame({"d": [1.0, 2.0, 3.0]}, pd.date_range("2020-01-01", periods=3, name="date"))
    display.show_figure(figures.levels(frame, source="test"), title="T", caption="C.")
    cells = [v4.new_markdown_cell("# Why?"), v4.new_code_cell("1", outputs=put)]
    html = render_page(v4.new_notebook(cells=cells), dataclasses.replace(page(), withheld=True))
    assert "data:application/gzip" not in html
    assert "figures without their values as CSV" in html
    assert "forbids passing on" not in render_page(v4.new_notebook(cells=cells), page())
