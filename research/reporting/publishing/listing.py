"""The reports of a list and their state, without building anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from research.errors import ResearchError
from research.reporting.publishing.config import Report, load_list
from research.reporting.publishing.fingerprints import KINDS
from research.reporting.publishing.plan import Elsewhere, Planned, planned
from research.reporting.publishing.site.manifest import Entry, damaged, page_of, read_manifest


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One report, and what a build would do with it.

    Attributes
    ----------
    name, title, notebook : str
    state : str
        "current"; "to be built: ..." with what has changed; "failed"; "not possible"; "wrong: ..." where its definition
        is at fault; "damaged" where its page was changed or lost.
    age : str
        Since the page was built, as "3 d 4 h"; empty without a page.
    fingerprint : str
        First letters of the digests of all that it is made from.
    """

    name: str
    title: str
    notebook: str
    state: str
    age: str
    fingerprint: str


def listing(config: Path, out: Path | None, elsewhere: Elsewhere, now: dt.datetime) -> list[Listed]:
    """Every listed report.

    Raises
    ------
    ReportError
        If the list or the manifest cannot be read.
    """
    reports = load_list(config).reports
    out = out or elsewhere.site(config)
    state = read_manifest(out)
    harmed = damaged(out, state)
    rows = []
    for name, report in reports.items():
        entry = state.reports.get(name, Entry(title=report.title))
        made, said = _plan(report, elsewhere)
        rows.append(
            Listed(
                name=name,
                title=report.title,
                notebook=Path(report.notebook).name,
                state="damaged" if page_of(out, name).name in harmed else said or _state(entry, made),
                age=_age(entry, now),
                fingerprint="".join(made.fingerprint[kind][:2] for kind in KINDS) if made else "",
            )
        )
    return rows


def as_lines(rows: list[Listed]) -> Iterator[str]:
    """The list in columns."""
    table = [("name", "page's age", "fingerprint", "notebook", "title", "state")]
    table += [(row.name, row.age, row.fingerprint, row.notebook, row.title, row.state) for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _plan(report: Report, elsewhere: Elsewhere) -> tuple[Planned | None, str]:
    try:
        return planned(report, elsewhere), ""
    except (ResearchError, OSError) as error:
        return None, f"wrong: {error}"


def _state(entry: Entry, made: Planned | None) -> str:
    assert made is not None
    if made.same_as(entry):
        return f"not possible on this market: {entry.impossible}" if entry.impossible else "current"
    if entry.error is not None:
        return f"failed: {entry.error}"
    if not entry.last_success:
        return "to be built: new"
    changed = [words for kind, words in KINDS.items() if entry.fingerprint.get(kind) != made.fingerprint[kind]]
    return f"to be built: {', '.join(changed)} changed"


def _age(entry: Entry, now: dt.datetime) -> str:
    if not entry.last_success:
        return ""
    hours = int((now - dt.datetime.fromisoformat(entry.last_success)).total_seconds() // 3600)
    return f"{hours // 24} d {hours % 24} h"
