"""The bar on top of every page: the other pages of the same index, the index page, and earlier editions.

Which pages there are is known when all have been built, and may change without a page being built again. So the bar is
put into the finished page, in the place that its template keeps, and put in anew wherever it would say something else.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from html import escape

from research.errors import printable
from research.reporting.publishing.config import PAGES
from research.reporting.publishing.site.manifest import INDEX, Entry

EDITIONS = "editions"
"""Anchor of the list of editions on the index page."""

_PLACE = re.compile(r'<nav aria-label="Pages">.*?</nav>', re.DOTALL)
_SAME_INDEX = ("rulebook", "snapshot", "until", "table_files")
_LABELS = {notebook: page.capitalize() for page, notebook in PAGES.items()}


def with_bar(html: str, name: str, entries: Mapping[str, Entry], *, edition: bool = False) -> str:
    """A page with its bar; as it is where its template keeps no place for one.

    Parameters
    ----------
    html : str
    name : str
        Of the report.
    entries : mapping of str to Entry
        The state of all reports that lie beside the page, its own among them.
    edition : bool
        Whether the page is one of an edition. When that was kept is not said, so that the same page is the same file.
    """
    bar = _bar(name, entries, edition)
    return _PLACE.sub(lambda _: bar, html, count=1)


def sisters(name: str, entries: Mapping[str, Entry]) -> dict[str, str]:
    """Published pages of the same index, its own among them, with what each is called; empty for other pages."""
    index = index_of(entries[name])
    found = [each for each, entry in entries.items() if index and entry.last_success and index_of(entry) == index]
    labels = {each: _LABELS.get(entries[each].notebook, entries[each].title) for each in found}
    times = Counter(labels.values())
    return {each: label if times[label] == 1 else entries[each].title for each, label in labels.items()}


def index_of(entry: Entry) -> str:
    """Tells the index that a page is about from others: rulebook, market, last day and tables; empty without one."""
    if "rulebook" not in entry.parameters:
        return ""
    return json.dumps([entry.parameters.get(key) or None for key in _SAME_INDEX], sort_keys=True)


def _bar(name: str, entries: Mapping[str, Entry], edition: bool) -> str:
    links = [f'<a href="{INDEX}">All indices</a>']
    for page, label in sisters(name, entries).items():
        here = ' aria-current="page"' if page == name else ""
        links.append(f'<a href="{page}.html"{here}>{escape(printable(label))}</a>')
    links.append(f'<a href="{INDEX}#{EDITIONS}">Earlier editions</a>')
    if edition:
        links.append(f'<strong>A page of an edition</strong> <a href="../../{INDEX}">Present pages</a>')
    return f'<nav aria-label="Pages">{" ".join(links)}</nav>'
