"""What a published page says in figures: of its summary and tables, cell by cell, and of its pictures, what they show.

Read from the page itself, so that an edition can be compared with another one whatever has become of the code since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

PROVENANCE, SUMMARY, FLAGS = "Made from", "Summary", "Red flags"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
Fact = tuple[str, str, str]
"""Table or figure (without the dates in its caption), row, column."""


def facts_of(html: str) -> dict[Fact, str]:
    """Every figure on a page by where it stands; where two stand in the same place, the second is numbered."""
    reader = _Reader()
    reader.feed(html)
    found: dict[Fact, str] = {}
    for (where, row, column), value in reader.facts():
        key, number = (where, row, column), 1
        while key in found:
            number += 1
            key = (where, f"{row} ({number})", column)
        found[key] = value
    return found


def flags_of(facts: dict[Fact, str]) -> set[str]:
    """The red flags that a page's table has as found."""
    return {
        row
        for (where, row, column), value in facts.items()
        if where.startswith(FLAGS) and column == "found" and value not in ("no", "–", "")
    }


@dataclass
class _Table:
    caption: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects the summary, the tables and the descriptions of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self._summary: list[tuple[str, str]] = []
        self._tables: list[_Table] = []
        self._pictures: list[tuple[str, str]] = []
        self._text: list[str] = []
        self._in_head = self._in_summary = False

    def facts(self) -> Iterator[tuple[Fact, str]]:
        for label, value in self._summary:
            yield (SUMMARY, label, ""), value
        for table in self._tables:
            caption = _DATE.sub("…", table.caption)
            if caption == PROVENANCE:
                continue
            for row in table.rows:
                for column, value in zip(table.head[1:], row[1:], strict=False):
                    yield (caption, row[0], column), value
        for title, description in self._pictures:
            yield (title, "picture", ""), description

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "div" and given.get("class") == "verdict":
            self._in_summary = True
        elif tag == "main":
            self._in_summary = False
        elif tag == "table":
            self._tables.append(_Table())
        elif tag in ("thead", "tbody"):
            self._in_head = tag == "thead"
        elif tag == "tr" and self._tables and not self._in_head:
            self._tables[-1].rows.append([])
        elif tag in ("img", "svg"):
            title, _, description = str(given.get("alt") or given.get("aria-label") or "").partition(". ")
            if (title, description) not in self._pictures[-1:]:  # a drawing is there twice, for a desk and for a phone
                self._pictures.append((title, description))
        elif tag in ("dt", "dd", "caption", "th", "td"):
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self._text).split())
        if tag == "dt" and self._in_summary:
            self._summary.append((text, ""))
        elif tag == "dd" and self._in_summary and self._summary:
            self._summary[-1] = (self._summary[-1][0], text)
        elif tag == "caption" and self._tables:
            self._tables[-1].caption = text
        elif tag in ("th", "td") and self._tables:
            table = self._tables[-1]
            cells = table.head if self._in_head or not table.rows else table.rows[-1]
            cells.append(text)

    def handle_data(self, data: str) -> None:
        self._text.append(data)
