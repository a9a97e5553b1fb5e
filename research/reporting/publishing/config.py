"""What `reports.toml` says: the reports to publish, and how long to keep them.

Whether their notebooks agree is checked in `parameters.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from research.errors import ReportError, suggest
from research.settings import from_table, locate, read_toml

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TAKEN, _LONGEST = ("index", "manifest"), 100


@dataclass(frozen=True, kw_only=True)
class Report:
    """One page to publish.

    Attributes
    ----------
    title : str
        Heading of the page, and its entry on the index page.
    notebook : str
        Path of the notebook; in the file it is relative to the file's folder, `load_list` makes it absolute.
    parameters : dict of str to JSON value
        What replaces the defaults of the notebook's parameters cell.
    """

    title: str
    notebook: str
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if "\0" in self.notebook:
            raise ReportError(f"notebook = {self.notebook!r} is not the path of a file.")
        if not self.title.strip():
            raise ReportError("title is empty: expected the heading of the page.")


@dataclass(frozen=True, kw_only=True)
class ReportList:
    """What a list of reports says.

    Attributes
    ----------
    reports : dict of str to Report
        By name, in the order of the file.
    keep_editions : int
        How many of the newest editions are kept; the last of each calendar quarter is kept besides. 0 makes none.
    stale_after_days : int
        Days after which the last day of a market counts as old.
    """

    reports: dict[str, Report]
    keep_editions: int = 12
    stale_after_days: int = 9

    def __post_init__(self) -> None:
        for name in ("keep_editions", "stale_after_days"):
            if getattr(self, name) < 0:
                raise ReportError(f"{name} = {getattr(self, name)}: expected 0 or more.")


_SETTINGS = ("keep_editions", "stale_after_days")
PAGES = {
    "factsheet": "index_factsheet.ipynb",
    "audit": "index_audit.ipynb",
    "evaluation": "index_evaluation.ipynb",
    "signals": "signal_review.ipynb",
    "sensitivity": "methodology_sensitivity.ipynb",
    "rebalance": "rebalance_review.ipynb",
}
"""Pages of an index that `pages = [...]` may name, with their notebooks in the project's folder of notebooks."""


def load_list(path: Path) -> ReportList:
    """Read `reports.toml`: settings on top, then a table for each report, or for several pages of an index.

    Raises
    ------
    ReportError
        If the file is missing, not TOML or empty, has an unknown or missing key or a value of the wrong type, or a
        name that cannot be the name of a page.
    """
    content = read_toml(path, ReportError)
    reports: dict[str, Report] = {}
    for given, table in content.items():
        for name, each in _pages(path, given, table) if given not in _SETTINGS else ():
            if name in reports:
                raise ReportError(f"{path}: there are two reports {name!r}: one has a table, another is a page of one.")
            reports[name] = _report(path, name, each)
    if not reports:
        raise ReportError(f"{path}: no report in it. Add a table with title and notebook, e.g. [large-cap-10].")
    settings = {name: value for name, value in content.items() if name in _SETTINGS}
    return replace(from_table(ReportList, settings | {"reports": {}}, str(path), ReportError), reports=reports)


def _pages(path: Path, name: str, table: Any) -> Iterator[tuple[str, Any]]:
    """The reports that a table stands for: itself, or one for each of its `pages`, the factsheet under its own name."""
    if not isinstance(table, dict) or "pages" not in table:
        yield name, table
        return
    _check_pages(f"{path}: [{name}]", table)
    shared = {key: value for key, value in table.items() if key != "pages" and key not in PAGES}
    for page in table["pages"]:
        own: dict[str, Any] = {"notebook": str(locate(Path("notebooks", PAGES[page])).resolve())}
        if page != "factsheet" and "title" in shared:
            own["title"] = f"{shared['title']}: {page}"
        if page in table:
            own["parameters"] = {**shared.get("parameters", {}), **table[page]}
        yield name if page == "factsheet" else f"{name}-{page}", shared | own


def _check_pages(where: str, table: dict[str, Any]) -> None:
    pages = table["pages"]
    if not isinstance(pages, list) or not pages or len({str(page) for page in pages}) < len(pages):
        raise ReportError(f"{where}: pages = {pages!r}: expected a list of different pages, of {', '.join(PAGES)}.")
    if "notebook" in table:
        raise ReportError(f"{where}: its pages have notebooks of their own. Leave out `notebook`, or `pages`.")
    for key in ("parameters", *PAGES):
        if not isinstance(table.get(key, {}), dict):
            raise ReportError(f"{where}: {key} = {table[key]!r}: expected a table of parameters.")
    for page in [*pages, *(key for key in table if key in PAGES)]:
        if page not in PAGES or page not in pages:
            raise ReportError(f"{where}: there is no page {page!r}: {suggest(str(page), PAGES)}")


def _report(path: Path, name: str, table: Any) -> Report:
    if not isinstance(table, dict):
        raise ReportError(
            f"{path}: {name} = {table!r} stands outside a report. Every report is a table, [its-name]; the "
            f"settings are {' and '.join(_SETTINGS)}."
        )
    if not _NAME.fullmatch(name) or name in _TAKEN or len(name) > _LONGEST:
        raise ReportError(
            f"{path}: [{name}] cannot be the name of a page. Use lower-case letters, digits and single hyphens, "
            f"{_LONGEST} at most, e.g. [large-cap-10]; {' and '.join(_TAKEN)} are taken."
        )
    report = from_table(Report, table, f"{path}: [{name}]", ReportError)
    return replace(report, notebook=str((path.parent / report.notebook).resolve()))


def choose(reports: dict[str, Report], names: Iterable[str]) -> dict[str, Report]:
    """Those of `reports` that are named, in the order of the file; all of them when nothing is named.

    Raises
    ------
    ReportError
        If a name is unknown; the message suggests the nearest.
    """
    wanted = set(names)
    for name in sorted(wanted - reports.keys()):
        raise ReportError(f"--only {name}: there is no such report; {suggest(name, reports)}")
    return {name: report for name, report in reports.items() if not wanted or name in wanted}
