"""Figures of the index on an executed page, by what they are called: from its strip, its tables and its prose."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from research.reporting.presentation.names import MEASURES

STRIP = {"A year (CAGR)": "cagr", "Since inception": "total_return", "Drawdown now": "current_drawdown"}
NAMES = {words: name for name, (words, _) in MEASURES.items()} | {"SI": "total_return"}
PERCENT, RATIO = r"(\d[\d,]*\.\d)\u00a0%", r"(\u2212?\d+\.\d\d)"
PROSE = {
    "cagr": rf"(?:[Gg]rew|growth a year \(CAGR\)) \*{{0,2}}\u2212?{PERCENT}",
    "sharpe_ratio": rf"(?<!geometric )(?<!adjusted )Sharpe ratio(?: of| over the risk-free rate)? \*{{0,2}}{RATIO}",
    "max_drawdown": rf"maximum drawdown \*{{0,2}}\u2212?{PERCENT}",
    "annualized_volatility": rf"[Vv]olatility \*{{0,2}}{PERCENT}",
}
"""How prose names a measure, with the value after it."""
OF_A_PART = "### Over the last"
"""How prose begins that is about a part of the history."""


def of_page(outputs: list[Any], index: str) -> dict[str, set[str]]:
    """Name of a measure -> every value that the page gives of it for the index over its whole history."""
    found: dict[str, set[str]] = defaultdict(set)
    for output in outputs:
        for item in output.get("metadata", {}).get("verdict", []):
            if item["label"] in STRIP:
                found[STRIP[item["label"]]].add(item["value"])
        data = output.get("data", {})
        for name, value in _of_tables(str(data.get("text/html", "")), index):
            found[name].add(value)
        prose = str(data.get("text/markdown", ""))
        for name, pattern in PROSE.items() if not prose.startswith(OF_A_PART) else ():
            found[name] |= set(re.findall(pattern, prose))
    return {name: values for name, values in found.items() if values}


def disagreements(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Those whose values are not one number, as far as the coarsest of them tells."""
    return {name: values for name, values in found.items() if len({_rounded(value, values) for value in values}) > 1}


def _rounded(value: str, beside: set[str]) -> str:
    places = min(len(each.strip("\u00a0%").partition(".")[2]) for each in beside)
    multiple = value.startswith("×")
    number = float(re.sub(r"[^\d.]", "", value))
    return f"{'×' if multiple else ''}{number:.{places}f}"


def _of_tables(html: str, index: str) -> Iterator[tuple[str, str]]:
    reader = _Rows()
    reader.feed(html)
    if not reader.rows:
        return
    head, *body = reader.rows
    for row in body:
        for column, value in zip(head[1:], row[1:], strict=False):
            if not re.search(r"\d", value):
                continue
            if row[0] in NAMES and column in (index, "value"):
                yield NAMES[row[0]], value
            elif row[0] == index and column in NAMES:
                yield NAMES[column], value
            elif column == "index" and row[1] in NAMES:
                yield NAMES[row[1]], value


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._text: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._text = []

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._text is not None:
            self.rows[-1].append("".join(self._text).strip())
            self._text = None
