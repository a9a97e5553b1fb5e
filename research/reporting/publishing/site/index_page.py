"""The index page: a row and a review for every index, other pages, failures, and the earlier editions of the site.

It computes nothing: figures, words and drawings of an index are on its card (`cards.py`), as a kernel published them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from research.reporting.publishing.assets import TEMPLATE, policy, script, style
from research.reporting.publishing.drawings import checked_drawing, put_drawings
from research.reporting.publishing.sanitising import sanitised
from research.reporting.publishing.site.bar import sisters
from research.reporting.publishing.site.cards import missing
from research.reporting.publishing.site.manifest import Entry

FIGURES = {
    "year_to_date": "Year to date",
    "one_year": "One year",
    "growth": "A year (CAGR)",
    "volatility": "Volatility",
    "max_drawdown": "Deepest drawdown",
    "drawdown": "Drawdown now",
}
"""Columns of the table of indices: figure of a card -> header."""


@dataclass(frozen=True, kw_only=True)
class Editions:
    """What an index page says of editions.

    Attributes
    ----------
    names : sequence of str
        The editions that are kept, the newest first.
    folder : str
        The way there from the page.
    published : str
        On the page of an edition: the instant at which it was kept, and `current` is the way to the present page.
    current : str
    """

    names: Sequence[str] = ()
    folder: str = "editions/"
    published: str = ""
    current: str = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What an index page shows besides the state of the reports.

    Attributes
    ----------
    cards, changes : mapping of str to dict
        By report: its card, and what changed since the edition before.
    days_old : mapping of str to int
        Reports whose data are old, with the age of these.
    """

    cards: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    days_old: Mapping[str, int] = field(default_factory=dict)


def index_page(entries: Mapping[str, Entry], editions: Editions | None = None, shown: Shown | None = None) -> str:
    """The index page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["sanitised"] = lambda body: Markup(sanitised(body))
    shown = shown or Shown()
    drawings: dict[str, str] = {}

    def place(figure: Mapping[str, str]) -> str:
        """Name of the place of a drawing, which is put there when the page has been sanitised."""
        name = f"drawing-{len(drawings) + 1}-narrow"
        drawings[name] = checked_drawing(figure["drawing"], name=name, label=figure["alt"])
        return name

    without = missing(entries, shown.cards)
    indices = {name: sisters(name, entries) for name in shown.cards}
    grouped = {page for pages in indices.values() for page in pages}
    others = {name: entry for name, entry in entries.items() if name not in grouped}
    html = environment.get_template("site.html.j2").render(
        entries=entries,
        indices=indices,
        others=others,
        without=without,
        columns=_columns([entry.verdict for entry in others.values() if entry.verdict]),
        shown=shown,
        figures=FIGURES,
        references=_references(entries, shown.cards),
        place=place,
        resources={"style": style(), "script": script(), "policy": policy()},
        editions=editions or Editions(),
    )
    return put_drawings(html, drawings)


def _columns(verdicts: list[list[dict[str, str]]]) -> list[str]:
    """The labels that more than half of the reports have; a figure of few kinds of report stays on their own pages."""
    count = Counter(item["label"] for verdict in verdicts for item in verdict)
    return [label for label, reports in count.items() if 2 * reports > len(verdicts)]


def _references(
    entries: Mapping[str, Entry], cards: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Rows of single assets and the total market, once for each market and day, of the card that goes back most."""
    longest: dict[tuple[str, str], str] = {}
    for name, card in cards.items():
        market = (str(sorted(entries[name].snapshots.items())), entries[name].data_until)
        if market not in longest or card["rows"][0]["since"] < cards[longest[market]]["rows"][0]["since"]:
            longest[market] = name
    return [
        (name, [row for row in cards[name]["rows"] if row["kind"] in ("asset", "rulebook")])
        for name in longest.values()
    ]
