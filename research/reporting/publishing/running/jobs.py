"""What goes to a worker process and what comes back. Both travel as bytes, to another machine too."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from research.errors import ResearchError, printable, system_fault
from research.reporting.publishing.page import Page

CELL_TIMEOUT = 1800.0
"""Seconds after which a cell counts as hanging."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs.

    Attributes
    ----------
    name : str
        Of the report.
    notebook : Path
    given, parameters : dict
        What replaces the notebook's defaults, and every parameter with its value.
    title, built_at, commit : str
    versions : mapping of str to str
        As the page shows them.
    scratch : Path, optional
        A folder for what is written on the way; the system's own one where None, as on another machine.
    cell_timeout : float
        Seconds.
    forked : bool
        Whether the kernel is a fork of the worker, which has the libraries imported; else a fresh interpreter.
    other_market : bool
        Whether the report is made on another market than its own, so that it may not be possible.
    """

    name: str
    notebook: Path
    given: Mapping[str, Any]
    parameters: Mapping[str, Any]
    title: str
    built_at: str
    commit: str
    versions: Mapping[str, str]
    scratch: Path | None = None
    cell_timeout: float = CELL_TIMEOUT
    forked: bool = False
    other_market: bool = False


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a job.

    Attributes
    ----------
    seconds : float
        Wall-clock time of the whole job.
    steps : dict of str to float
        Seconds of its parts: data (verified before and after), kernel (started and ended, and what papermill adds),
        cells, page. And processor: seconds of processors, the kernel's among them.
    page : Page, optional
        What the page says about itself; None when its data could not be read.
    executed : str, optional
        The executed notebook, complete or not; None when it did not get that far.
    html : str, optional
        The page; None when the report failed.
    content : str
        Digest of what the page shows, apart from where it comes from.
    files : dict of str to bytes
        What the notebook published as data (`data_files.py`), by file name.
    verdict : list of dict
        label, value of the notebook's verdict strip, for the index page.
    data_until : str
        Last day of the market, ISO 8601.
    error : str, optional
        Why it failed, in one line.
    impossible : bool
        Whether that is because this market does not have what the report needs.
    details : str
        Traceback of an error that did not come from a cell.
    notes : tuple of str
        What whoever builds should know of how it ran.
    """

    seconds: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    page: Page | None = None
    executed: str | None = None
    html: str | None = None
    content: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    verdict: list[dict[str, str]] = field(default_factory=list)
    data_until: str = ""
    error: str | None = None
    impossible: bool = False
    details: str = ""
    notes: tuple[str, ...] = ()


def can_fork() -> bool:
    """Whether a kernel can be a fork: elsewhere than on Linux, libraries of the system do not survive one."""
    return sys.platform == "linux"


def one_line(error: Exception) -> str:
    """Why a report failed, in one line."""
    if isinstance(error, ResearchError):
        return shortened(str(error))
    if isinstance(error, OSError):
        return shortened(system_fault(error))
    return shortened(f"{type(error).__name__}: {error}")


def shortened(message: str, width: int = 600) -> str:
    """A message in one line of at most `width` characters."""
    text = printable(" ".join(message.split()))
    return text if len(text) <= width else f"{text[:width]}…"
