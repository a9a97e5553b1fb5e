"""The index page: every report with its headline figures, its state, and the earlier editions of the site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from research.reporting.publishing.assets import TEMPLATE, policy, script, style
from research.reporting.publishing.sanitising import sanitised
from research.reporting.publishing.site.manifest import Entry


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


def index_page(entries: Mapping[str, Entry], editions: Editions | None = None) -> str:
    """The index page as HTML."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["sanitised"] = lambda body: Markup(sanitised(body))
    resources = {"style": style(), "script": script(), "policy": policy()}
    columns = _columns([entry.verdict for entry in entries.values() if entry.verdict])
    return environment.get_template("site.html.j2").render(
        entries=entries, columns=columns, resources=resources, editions=editions or Editions()
    )


def _columns(verdicts: list[list[dict[str, str]]]) -> list[str]:
    """The labels that at least half of the reports have; a figure of few kinds of report stays on their own pages."""
    count = Counter(item["label"] for verdict in verdicts for item in verdict)
    return [label for label, reports in count.items() if 2 * reports >= len(verdicts)]
