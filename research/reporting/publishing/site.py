"""The published folder: pages, `manifest.json` and the index page, each put in place by a rename.

What is published when is decided in `build.py`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from research.errors import ReportError
from research.reporting.publishing.rendering import TEMPLATE, policy, script, style
from research.reporting.publishing.sanitising import sanitised

MANIFEST, INDEX = "manifest.json", "index.html"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The state of one report, as `manifest.json` keeps it.

    Attributes
    ----------
    title : str
    parameters : dict
        Every parameter with its value, defaults included, at the last attempt.
    snapshots : dict of str to str
        Name of each snapshot -> fingerprint, of the published page.
    simulated : bool
        Whether the published page was made from a market that never existed.
    commit : str
        Commit of the code that made the published page; "unknown" without git.
    versions : dict of str to str
        Python and packages that made it.
    verdict : list of dict
        label and value of its verdict strip.
    seconds : float
        Wall-clock time of the last attempt.
    last_attempt, last_success : str, optional
        ISO 8601 instants (UTC).
    error : str, optional
        Why the last attempt failed; None when it succeeded.
    """

    title: str
    parameters: dict[str, Any] = field(default_factory=dict)
    snapshots: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    commit: str = "unknown"
    versions: dict[str, str] = field(default_factory=dict)
    verdict: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    last_attempt: str | None = None
    last_success: str | None = None
    error: str | None = None


def read_manifest(site: Path) -> dict[str, Entry]:
    """The entries of an earlier build, by report name; none when there was no earlier build.

    Raises
    ------
    ReportError
        If the file is there but cannot be understood.
    """
    file = site / MANIFEST
    if not file.exists():
        return {}
    try:
        reports = json.loads(file.read_text(encoding="utf-8"))["reports"]
        return {name: Entry(**entry) for name, entry in reports.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(
            f"{file} is not a manifest that this version wrote ({type(error).__name__}: {error}). "
            "Delete it, and build all reports again."
        ) from error


def write_manifest(site: Path, entries: Mapping[str, Entry]) -> None:
    """Replace `manifest.json`."""
    content = {"reports": {name: dataclasses.asdict(entry) for name, entry in entries.items()}}
    publish(json.dumps(content, indent=2, ensure_ascii=False) + "\n", site / MANIFEST)


def write_index(site: Path, entries: Mapping[str, Entry]) -> Path:
    """Replace the index page, which lists every report with its freshness and state; give back its path."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["sanitised"] = lambda body: Markup(sanitised(body))  # noqa: S704
    resources = {"style": style(), "script": script(), "policy": policy()}
    columns = _columns([entry.verdict for entry in entries.values() if entry.verdict])
    html = environment.get_template("site.html.j2").render(entries=entries, columns=columns, resources=resources)
    publish(html, site / INDEX)
    return site / INDEX


def _columns(verdicts: list[list[dict[str, str]]]) -> list[str]:
    """The labels that at least half of the reports have; a figure of few kinds of report stays on their own pages."""
    count = Counter(item["label"] for verdict in verdicts for item in verdict)
    return [label for label, reports in count.items() if 2 * reports >= len(verdicts)]


def publish(text: str, target: Path) -> None:
    """Write `text` to `target` so that a reader finds the old content or the new, and never a part."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(scratch).chmod(0o644)  # mkstemp's files are for their owner only, pages are to be read
        Path(scratch).replace(target)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
