"""The published folder: pages, `manifest.json` and the index page, each put in place by a rename.

The manifest is the authority: it holds the digest of each page. A new page is written beside its place, then the
manifest that describes it, then the page is moved; so a build that is killed in between can be carried on by the next
one (`reconcile`). What is published when is decided in `build.py`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from research.errors import ReportError
from research.reporting.publishing.rendering import TEMPLATE, policy, script, style
from research.reporting.publishing.sanitising import sanitised

MANIFEST, INDEX = "manifest.json", "index.html"
_PART = ".part"


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
    sha256 : str
        Of the published page; empty when there is none.
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
    sha256: str = ""


def identity(config: Path, site: Path) -> str:
    """A digest that tells lists of reports apart: of the way from the published folder to the list."""
    return digest(os.path.relpath(config.resolve(), site.resolve()).encode())[:16]


def read_manifest(site: Path) -> tuple[str, dict[str, Entry]]:
    """Of an earlier build, the identity of its list, and the entries by report name; empty when there was none.

    Raises
    ------
    ReportError
        If the file is there but cannot be understood.
    """
    file = site / MANIFEST
    if not file.exists():
        return "", {}
    try:
        if not file.is_file():
            raise ValueError("it is not a file")
        content = json.loads(file.read_text(encoding="utf-8"))
        return str(content.get("list", "")), {name: Entry(**entry) for name, entry in content["reports"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReportError(
            f"{file} is not a manifest that this version wrote ({type(error).__name__}: {error}). "
            "Delete it, and build all reports again."
        ) from error


def write_manifest(site: Path, owner: str, entries: Mapping[str, Entry]) -> None:
    """Replace `manifest.json`; `owner` is the `identity` of the list."""
    content = {"list": owner, "reports": {name: dataclasses.asdict(entry) for name, entry in entries.items()}}
    publish(json.dumps(content, indent=2, ensure_ascii=False) + "\n", site / MANIFEST)


def write_index(site: Path, entries: Mapping[str, Entry]) -> Path:
    """Replace the index page, which lists every report with its freshness and state; give back its path."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["sanitised"] = lambda body: Markup(sanitised(body))
    resources = {"style": style(), "script": script(), "policy": policy()}
    columns = _columns([entry.verdict for entry in entries.values() if entry.verdict])
    html = environment.get_template("site.html.j2").render(entries=entries, columns=columns, resources=resources)
    publish(html, site / INDEX)
    return site / INDEX


def _columns(verdicts: list[list[dict[str, str]]]) -> list[str]:
    """The labels that at least half of the reports have; a figure of few kinds of report stays on their own pages."""
    count = Counter(item["label"] for verdict in verdicts for item in verdict)
    return [label for label, reports in count.items() if 2 * reports >= len(verdicts)]


def page_of(site: Path, name: str) -> Path:
    """Where the page of a report lies."""
    return site / f"{name}.html"


def digest(content: bytes) -> str:
    """Sha256 in hex."""
    return hashlib.sha256(content).hexdigest()


def reconcile(site: Path, aside: Path, entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Make the folder agree with its manifest after a build that was killed, and sweep what that left behind.

    A page that was written but not yet moved is moved. One that is not the page the manifest describes is put into the
    folder `aside`, and its report counts as failed until it is built again.

    Returns
    -------
    dict of str to Entry
        The entries that changed.
    """
    changed = {}
    for name, entry in entries.items():
        page = page_of(site, name)
        described = entry.sha256 if entry.last_success else ""
        if described and _digest_of(page) != described and _digest_of(_beside(page)) == described:
            _beside(page).replace(page)
        if _digest_of(page) != described:
            if page.exists():
                shutil.move(page, aside / page.name)
            why = "its page was lost or changed after it was published. Build it again."
            changed[name] = Entry(title=entry.title, last_attempt=entry.last_attempt, error=why)
    for litter in site.glob(f".*{_PART}"):
        litter.unlink()
    return changed


def _digest_of(file: Path) -> str:
    return digest(file.read_bytes()) if file.is_file() else ""


def publish(text: str, target: Path) -> None:
    """Write `text` to `target` so that a reader finds the old content or the new, and never a part."""
    with staged(text, target) as move_into_place:
        move_into_place()


@contextmanager
def staged(text: str, target: Path) -> Iterator[Callable[[], object]]:
    """Write `text` to disk beside `target`, and give the function that moves it there. What is not moved is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = _beside(target)
    try:
        with scratch.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        yield lambda: scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}{_PART}")
