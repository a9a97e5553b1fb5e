"""Editions: the whole site as it was published, kept whenever anything that a page shows has changed.

An edition is a folder `editions/DATE` (the second of a day is `DATE-2`) with the pages, the manifest and an index page
of its own. It is made in one step and never touched again; a page that did not change since the edition before is the
same file. Kept are the newest `keep`, and the last of every calendar quarter.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from research.errors import ReportError, suggest
from research.reporting.publishing.data_files import FOLDER as DATA
from research.reporting.publishing.placing import PART, beside, digest, publish
from research.reporting.publishing.site.bar import with_bar
from research.reporting.publishing.site.cards import cards, changes_of
from research.reporting.publishing.site.difference import differences
from research.reporting.publishing.site.index_page import Editions, Shown, index_page
from research.reporting.publishing.site.manifest import INDEX, Entry, State, page_of, read_manifest, write_manifest

FOLDER, KEEP = "editions", 12
_NAME = re.compile(r"(\d{4})-(\d{2})-\d{2}(?:-(\d+))?")


def edition_names(site: Path) -> list[str]:
    """The editions that are kept of a site, the newest first."""
    folder = site / FOLDER
    found = folder.iterdir() if folder.is_dir() else ()
    names = [path.name for path in found if _NAME.fullmatch(path.name)]
    return sorted(names, key=lambda name: (name[:10], int(name[11:] or 1)), reverse=True)


def find_edition(site: Path, name: str) -> Path:
    """The folder of an edition.

    Raises
    ------
    ReportError
        If there is none of that name; the message names those there are.
    """
    names = edition_names(site)
    if name not in names:
        raise ReportError(
            f"{site / FOLDER} holds no edition {name}: {suggest(name, names) if names else 'there is none yet'}."
        )
    return site / FOLDER / name


def keep_edition(site: Path, state: State, now: str, keep: int = KEEP) -> str:
    """Keep an edition if the pages show something else than the newest one does, and remove those beyond the rule.

    Parameters
    ----------
    site : Path
    state : State
        Of the pages in `site`, which is what is kept.
    now : str
        ISO 8601 instant (UTC).
    keep : int
        How many of the newest to keep; 0 keeps none, removes none, and makes none.

    Returns
    -------
    str
        Name of the new edition; empty when there was nothing to keep.
    """
    _sweep(site)
    published = {name: entry for name, entry in state.reports.items() if entry.last_success}
    names = edition_names(site)
    before = read_manifest(site / FOLDER / names[0]) if names else State()
    if not keep or not published or _contents(published) == _contents(before.reports):
        return ""
    name = _free_name(names, now[:10])
    target = site / FOLDER / name
    scratch = beside(target)
    scratch.mkdir(parents=True)
    for report, entry in published.items():
        text = page_of(site, report).read_text(encoding="utf-8")
        text = with_bar(_seen_from_an_edition(text), report, published, edition=True)
        published[report] = kept = replace(entry, sha256=digest(text.encode()))
        same = names and before.reports.get(report, Entry(title="")).sha256 == kept.sha256
        _place(page_of(site / FOLDER / names[0], report) if same else text, page_of(scratch, report))
    found = cards(site, published)
    changes = _changes(site / FOLDER / names[0], scratch, published, found) if names else {}
    older = Editions(names=names, folder="../", published=now, current=f"../../{INDEX}")
    index = index_page(published, older, Shown(cards=found, changes=changes))
    write_manifest(scratch, State(index=digest(index.encode()), reports=published, published=now, changes=changes))
    publish(index, scratch / INDEX)
    scratch.rename(target)
    for old in _beyond([name, *names], keep):
        shutil.rmtree(site / FOLDER / old)
    return name


def _changes(before: Path, edition: Path, published: Mapping[str, Entry], names: Iterable[str]) -> dict[str, Any]:
    """What changed of some reports in an edition that is being made, since the one before."""
    old, new = (
        State(reports={name: entries[name] for name in names if name in entries})
        for entries in (read_manifest(before).reports, published)
    )
    return {difference.name: changes_of(difference) for difference in differences(before, old, edition, new)}


def _sweep(site: Path) -> None:
    """Remove what a build that was killed was making."""
    for litter in (site / FOLDER).glob(f".*{PART}"):
        shutil.rmtree(litter)


def _contents(entries: Mapping[str, Entry]) -> dict[str, str]:
    return {name: entry.content for name, entry in entries.items()}


def _free_name(taken: list[str], day: str) -> str:
    numbers = [int(name[11:] or 1) for name in taken if name[:10] == day]
    return f"{day}-{max(numbers) + 1}" if numbers else day


def _seen_from_an_edition(html: str) -> str:
    """A page with the way to its data, which lie beside the present pages, as it is two folders below them."""
    return html.replace(f'<a class="data" href="{DATA}/', f'<a class="data" href="../../{DATA}/')


def _place(content: Path | str, target: Path) -> None:
    """The same file where the edition before has it, else one of its own."""
    if isinstance(content, Path):
        try:
            os.link(content, target)
        except OSError:  # a file system without links
            shutil.copyfile(content, target)
    else:
        target.write_text(content, encoding="utf-8")
        target.chmod(0o444)


def _beyond(names: list[str], keep: int) -> list[str]:
    """Those that the rule no longer keeps, of names sorted from the newest."""
    last_of = {}
    for name in reversed(names):  # the newest of each quarter comes last
        year, month = name[:4], int(name[5:7])
        last_of[year, (month - 1) // 3] = name
    return [name for name in names[keep:] if name not in last_of.values()]
