"""What `reports.toml` says: the reports to publish. Whether their notebooks agree is checked in `parameters.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from research.errors import ReportError, suggest
from research.settings import from_table, read_toml

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
        Path of the notebook; in the file it is relative to the file's folder, `load_reports` makes it absolute.
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


def load_reports(path: Path) -> dict[str, Report]:
    """Read `reports.toml`: one table per report, by name, in the order of the file.

    Raises
    ------
    ReportError
        If the file is missing, not TOML or empty, has an unknown or missing key or a value of the wrong type, or a
        name that cannot be the name of a page.
    """
    content = read_toml(path, ReportError)
    if not content:
        raise ReportError(f"{path}: no report in it. Add a table with title and notebook, e.g. [large-cap-10].")
    return {name: _report(path, name, table) for name, table in content.items()}


def _report(path: Path, name: str, table: Any) -> Report:
    if not isinstance(table, dict):
        raise ReportError(f"{path}: {name} = {table!r} stands outside a report. Every report is a table: [its-name].")
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
