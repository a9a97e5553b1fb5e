"""`manifest.json` of a published folder: the state of each report, and the digest of its page.

The manifest is the authority. A new page is written beside its place, then the manifest that describes it, then the
page is moved; so a build that is killed in between can be carried on by the next one (`reconcile`). What is published
when is decided in `shelf.py`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from research.errors import ReportError
from research.reporting.publishing.data_files import FOLDER as DATA
from research.reporting.publishing.placing import PART, beside, digest, digest_of, publish
from research.reporting.publishing.site import data_folders

MANIFEST, INDEX = "manifest.json", "index.html"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The state of one report, as `manifest.json` keeps it.

    Attributes
    ----------
    title : str
    notebook : str
        File name of the notebook.
    parameters : dict
        Every parameter with its value, defaults included, at the last attempt.
    snapshots : dict of str to str
        Name of each snapshot -> fingerprint, of the published page.
    simulated : bool
        Whether the published page was made from a market that never existed.
    data_until : str
        Last day of its market, ISO 8601; empty where it has none.
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
    impossible : str, optional
        Why the report cannot be made on this market (`--snapshot`), which is no failure.
    sha256 : str
        Of the published page; empty when there is none.
    content : str
        Digest of what the page shows, apart from where it comes from and when: two pages with the same one show the
        same.
    fingerprint : dict of str to str
        Digest of each kind of input of the last attempt that did not fail (`fingerprints.py`).
    data : str
        Folder of the published data of the page, below that of the site; empty where it has none.
    files : dict of str to str
        Digest of each file in it.
    data_before : str
        The folder that `data` took the place of: it stays for whoever is reading there.
    """

    title: str
    notebook: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    snapshots: dict[str, str] = field(default_factory=dict)
    simulated: bool = False
    data_until: str = ""
    commit: str = "unknown"
    versions: dict[str, str] = field(default_factory=dict)
    verdict: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0
    last_attempt: str | None = None
    last_success: str | None = None
    error: str | None = None
    impossible: str | None = None
    sha256: str = ""
    content: str = ""
    fingerprint: dict[str, str] = field(default_factory=dict)
    data: str = ""
    files: dict[str, str] = field(default_factory=dict)
    data_before: str = ""


@dataclass(frozen=True, kw_only=True)
class State:
    """What a manifest says.

    Attributes
    ----------
    owner : str
        The `identity` of the list that the folder was built from.
    market : str
        Tells another market, or another day, than the list's own; empty for that.
    index : str
        Digest of the index page.
    reports : mapping of str to Entry
    editions : tuple of str
        The editions that the index page lists.
    stale : tuple of str
        The reports whose data the index page calls old.
    changes : mapping of str to dict
        Of an edition: what changed of its indices since the one before (`cards.changes_of`).
    published : str
        Of an edition: the instant at which it was kept. Empty elsewhere.
    """

    owner: str = ""
    market: str = ""
    index: str = ""
    reports: Mapping[str, Entry] = field(default_factory=dict)
    editions: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    published: str = ""


def identity(config: Path, site: Path) -> str:
    """A digest that tells lists of reports apart: of the way from the published folder to the list."""
    return digest(os.path.relpath(config.resolve(), site.resolve()).encode())[:16]


def read_manifest(site: Path) -> State:
    """The state of a published folder; an empty one when nothing was published there.

    Raises
    ------
    ReportError
        If the file is there but cannot be understood.
    """
    file = site / MANIFEST
    if not file.exists():
        return State()
    try:
        if not file.is_file():
            raise ValueError("it is not a file")
        content = json.loads(file.read_text(encoding="utf-8"))
        return State(
            owner=str(content.get("list", "")),
            market=str(content.get("market", "")),
            index=str(content.get("index", "")),
            editions=tuple(content.get("editions", ())),
            stale=tuple(content.get("stale", ())),
            changes=dict(content.get("changes", {})),
            published=str(content.get("published", "")),
            reports={name: Entry(**entry) for name, entry in content["reports"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReportError(
            f"{file} is not a manifest that this version wrote ({type(error).__name__}: {error}). "
            "Delete it, and build all reports again."
        ) from error


def write_manifest(site: Path, state: State) -> None:
    """Replace `manifest.json`."""
    content = dataclasses.asdict(state)
    content = {"list": content.pop("owner")} | content
    publish(json.dumps(content, indent=2, ensure_ascii=False) + "\n", site / MANIFEST)


def page_of(site: Path, name: str) -> Path:
    """Where the page of a report lies."""
    return site / f"{name}.html"


def reconcile(site: Path, aside: Path, entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Make the folder agree with its manifest after a build that was killed, and sweep what that left behind.

    A page that was written but not yet moved is moved. One that is not the page the manifest describes is put into the
    folder `aside`, and its report counts as failed until it is built again; so does one whose data were harmed.

    Returns
    -------
    dict of str to Entry
        The entries that changed.
    """
    changed = {}
    for name, entry in entries.items():
        page = page_of(site, name)
        described = entry.sha256 if entry.last_success else ""
        found = digest_of(page)
        if described and found != described and digest_of(beside(page)) == described:
            beside(page).replace(page)
            found = described
        if found != described:
            if page.exists():
                shutil.move(page, aside / page.name)
            why = "its page was lost or changed after it was published. Build it again."
            changed[name] = Entry(title=entry.title, last_attempt=entry.last_attempt, error=why)
        elif lost := data_folders.differing(site, entry.data, entry.files):
            why = f"{lost[0]} was lost or changed after it was published. Build it again."
            changed[name] = replace(entry, error=why)
    for litter in site.glob(f".*{PART}"):
        litter.unlink()
    return changed


def damaged(site: Path, state: State) -> dict[str, str]:
    """What is wrong with the files of a published folder, by file name: lost, or not as it was published.

    The data of an edition lie beside the present pages, two folders above it.
    """
    data = site.parents[1] if state.published else site
    expected = {f"{name}.html": entry.sha256 for name, entry in state.reports.items() if entry.last_success}
    expected |= {INDEX: state.index} if state.index else {}
    expected |= {
        f"{entry.data}/{name}": digest
        for entry in state.reports.values()
        if entry.last_success
        for name, digest in entry.files.items()
    }
    found = {name: digest_of((data if name.startswith(f"{DATA}/") else site) / name) for name in expected}
    return {
        name: "changed after it was published" if found[name] else "lost"
        for name, digest in expected.items()
        if found[name] != digest
    }
