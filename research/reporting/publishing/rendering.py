"""An executed notebook -> one self-contained page, by the nbconvert template in `template/`.

The page loads nothing: style and script are inline, pictures are data, and its Content-Security-Policy forbids the
rest. HTML in Markdown is shown as letters, and the body is sanitised (`sanitising.py`). The index page of the site is
made in `site/index_page.py` with the same style sheet.
"""

from __future__ import annotations

import base64
import copy
import gzip
import re
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any

from nbconvert.exporters import HTMLExporter
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from research.errors import ReportError, printable
from research.reporting.publishing.assets import TEMPLATE, policy, script, style
from research.reporting.publishing.drawings import checked_drawing, put_drawings
from research.reporting.publishing.page import Page
from research.reporting.publishing.sanitising import sanitised

_WARNING = re.compile(r"^\S.*?:\d+: (\w*Warning: .*)\n(?:  .*\n)?", re.MULTILINE)
_FINDING = re.compile(r"### .+(?:\n|\Z)")
_SECTION = re.compile(r"^## .+$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#* *$", re.MULTILINE)


def render_page(notebook: NotebookNode, page: Page) -> str:
    """The notebook as HTML.

    Raises
    ------
    ReportError
        If the notebook has not exactly one first-level heading, or its headings skip a level.
    """
    notebook = copy.deepcopy(notebook)
    _shorten_warnings(notebook)
    question = _take_question(notebook)
    drawings = _take_drawings(notebook)
    _raise_findings(notebook)
    resources = {
        "page": page,
        "question": question,
        "sections": _mark_sections(notebook),
        "verdict": verdict_of(notebook),
        "style": style(),
        "script": script(),
        "policy": policy(),
    }
    html, _ = _exporter().from_notebook_node(notebook, resources)
    return put_drawings(str(html), drawings)


def _raise_findings(notebook: NotebookNode) -> None:
    """What a section found, the first heading that its cell shows, goes directly under the heading of the section."""
    for section, cell in pairwise(notebook.cells):
        opens = any(level == 2 for level, _ in _headings(section))
        for output in cell.get("outputs", []) if opens and cell.cell_type == "code" else []:
            text = str(output.get("data", {}).get("text/markdown", ""))
            found = _FINDING.match(text)
            if found:
                line = _SECTION.search(section.source)
                assert line is not None
                section.source = f"{section.source[: line.end()]}\n\n{found[0].strip()}{section.source[line.end() :]}"
                output.data["text/markdown"] = text[found.end() :].strip()
                cell.outputs = [each for each in cell.outputs if each.get("data", {}).get("text/markdown") != ""]
                break


def _take_drawings(notebook: NotebookNode) -> dict[str, str]:
    """Every drawing, checked, by the name of its place on the page: the sanitiser of HTML knows no such element."""
    drawings: dict[str, str] = {}
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        about = output.get("metadata", {}).get("figure", {})
        if "wide" in about:
            about["drawing"] = number = len(drawings) // 3 + 1
            for size in ("wide", "narrow"):
                name = f"drawing-{number}-{size}"
                drawings[name] = checked_drawing(about.pop(size), name=name, label=str(about.get("alt", "")))
            values = str(about.pop("csv", ""))
            drawings[f"drawing-{number}-data"] = csv_link(values, f"figure-{number}.csv") if values else ""
    return drawings


def csv_link(text: str, name: str) -> str:
    """A link that holds a table: a reader saves it without a network; without a script, packed as .csv.gz."""
    # the highest level, 9, saves 1 % more, in three times the time
    packed = gzip.compress(printable(text, keep="\n").encode(), compresslevel=6, mtime=0)
    data = base64.b64encode(packed).decode("ascii")
    return f'<a href="data:application/gzip;base64,{data}" download="{name}.gz">All values as CSV</a>'


def verdict_of(notebook: NotebookNode) -> list[dict[str, str]]:
    """label and value of each item of the notebook's verdict strip; empty when it shows none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "verdict" in output.get("metadata", {}):
                return [dict(item) for item in output.metadata["verdict"]]
    return []


class _Exporter(HTMLExporter):
    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **options: Any) -> Any:
        """The page, which `HTMLExporter` would read anew, for alt and focus: the template has them."""
        return super(HTMLExporter, self).from_notebook_node(nb, resources, **options)


@cache
def _exporter() -> HTMLExporter:
    exporter = _Exporter(  # type: ignore[no-untyped-call]
        template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)]
    )
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=exporter))  # type: ignore[no-untyped-call]
    exporter.register_filter("prose", _prose)  # type: ignore[no-untyped-call]
    exporter.register_filter("sanitised", sanitised)  # type: ignore[no-untyped-call]
    return exporter


class _Prose(IPythonRenderer):
    """Markdown whose HTML is shown as it is written."""

    def block_html(self, html: str) -> str:
        return f"<p>{escape(html)}</p>\n"

    def inline_html(self, html: str) -> str:
        return escape(html)


def _prose(markdown: str) -> str:
    """Markdown as HTML, by itself: what it leaves open swallows nothing that follows."""
    return sanitised(str(MarkdownWithMath(renderer=_Prose(escape=False, exclude_anchor_links=True)).render(markdown)))


def _headings(cell: NotebookNode) -> list[tuple[int, str]]:
    if cell.cell_type != "markdown":
        return []
    text = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
    return [(len(marks), title) for marks, title in _HEADING.findall(text)]


def _shorten_warnings(notebook: NotebookNode) -> None:
    """Leave of a warning its class and message, once a page.

    The path and source line before and after say nothing to a reader, nor do the variants of an index that repeat it.
    """
    told: set[str] = set()

    def once(found: re.Match[str]) -> str:
        words = "" if found[1] in told else f"{found[1]}\n"
        told.add(found[1])
        return words

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                output.text = _WARNING.sub(once, output.text)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr" or output.text]


def _take_question(notebook: NotebookNode) -> str:
    """Remove the notebook's first-level heading, which the page shows under its own, and give it back."""
    found = [(cell, title) for cell in notebook.cells for level, title in _headings(cell) if level == 1]
    if len(found) != 1:
        raise ReportError(f"the notebook has {len(found)} first-level headings (# …), expected one: its question.")
    cell, title = found[0]
    cell.source = re.sub(r"^# .*$", "", cell.source, count=1, flags=re.MULTILINE).strip()
    return title


def _mark_sections(notebook: NotebookNode) -> list[dict[str, str]]:
    """Give every cell that opens a section an anchor, and list them for the contents."""
    sections: list[dict[str, str]] = []
    level = 1
    for cell in notebook.cells:
        for depth, title in _headings(cell):
            if depth > level + 1:
                raise ReportError(f"heading {title!r} is of level {depth} after level {level}: do not skip a level.")
            level = depth
            if depth == 2:
                anchor = f"section-{len(sections) + 1}"
                sections.append({"anchor": anchor, "title": title})
                cell.metadata.setdefault("anchor", anchor)
    return sections
