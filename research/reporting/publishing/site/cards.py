"""What the index page says of an index beyond the state of its pages: read from published data, as a kernel wrote it.

A card is what `reporting/review/card.py` makes of an index; what changed in an edition since the one before stands in
its manifest. How old data are is told by the calendar of the day on which the page is made.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from research.reporting.publishing.data_files import CARD, CARD_FORMAT
from research.reporting.publishing.placing import digest
from research.reporting.publishing.site.difference import Difference, words
from research.reporting.publishing.site.manifest import Entry

SHOWN = 12
"""Figures of a page that are named among those that changed."""
PARTS = {"benchmark", "rows", "flags", "last_rebalance", "last_change", "review", "answers", "spark", "drawings"}
"""What the index page takes from a card."""


def cards(site: Path, entries: Mapping[str, Entry]) -> dict[str, dict[str, Any]]:
    """The card of each report that publishes one that this version can read; `site` is where its data lie.

    One that is lost, not as it was published, or lacks one of `PARTS` is left out: the index page says so (`missing`).

    Raises
    ------
    OSError
        If a file that is there cannot be read.
    """
    read = {name: _card(site / entry.data / CARD, entry.files[CARD]) for name, entry in _with_card(entries)}
    return {name: card for name, card in read.items() if card is not None}


def missing(entries: Mapping[str, Entry], found: Collection[str]) -> list[str]:
    """Reports that published a card which is not among those `found`."""
    return [name for name, _ in _with_card(entries) if name not in found]


def _with_card(entries: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    return [(name, entry) for name, entry in entries.items() if entry.last_success and CARD in entry.files]


def _card(file: Path, published: str) -> dict[str, Any] | None:
    try:
        text = file.read_bytes()
        content = json.loads(text) if digest(text) == published else None
    except (FileNotFoundError, ValueError):
        return None
    readable = isinstance(content, dict) and content.get("format") == CARD_FORMAT and content.keys() >= PARTS
    return content if readable else None


def days_old(entry: Entry, today: dt.date, stale_after: int) -> int:
    """Days since the last day of a page's data where they count as old, else 0. A simulated market is never old."""
    if not entry.data_until or entry.simulated:
        return 0
    age = (today - dt.date.fromisoformat(entry.data_until)).days
    return age if age > stale_after else 0


def changes_of(difference: Difference) -> dict[str, Any]:
    """What differs, as plain values: state, why, the first figures before and after, and new red flags."""
    shown = list(difference.changed.items())[:SHOWN]
    return {
        "state": difference.state,
        "why": difference.why,
        "changes": [{"what": words(fact), "before": old, "after": new} for fact, (old, new) in shown],
        "figures_changed": len(difference.changed),
        "new_flags": difference.flags,
    }
