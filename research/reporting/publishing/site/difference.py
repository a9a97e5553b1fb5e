"""What differs between two sites or editions: figures, and what had changed of what they are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from research.errors import ReportError, printable
from research.reporting.publishing.fingerprints import KINDS
from research.reporting.publishing.site.facts import SUMMARY, Fact, facts_of, flags_of
from research.reporting.publishing.site.manifest import MANIFEST, Entry, State, page_of, read_manifest

Why = list[str]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Of one report.

    Attributes
    ----------
    name, title : str
    state : str
        "new", "gone", "changed", or "same": nothing that is shown differs.
    why : list of str
        What differs of what it was made from, in words.
    changed : mapping of fact to (str, str)
        Figures that are on both pages, before and after; the summary first.
    appeared, disappeared : int
        Figures that are on one page only.
    flags : list of str
        Red flags that were not found before.
    """

    name: str
    title: str
    state: str
    why: Why = field(default_factory=list)
    changed: Mapping[Fact, tuple[str, str]] = field(default_factory=dict)
    appeared: int = 0
    disappeared: int = 0
    flags: list[str] = field(default_factory=list)

    def lines(self, limit: int | None = None) -> list[str]:
        """As text: a heading, why, and the first `limit` figures."""
        lines = [f"{self.name}: {self.state}{'; ' + '; '.join(self.why) if self.why else ''}"]
        lines += [f"  new red flag: {flag}" for flag in self.flags]
        shown = list(self.changed.items())[:limit]
        lines += [f"  {words(fact)}: {before} -> {after}" for fact, (before, after) in shown]
        rest = len(self.changed) - len(shown)
        more = [f"{rest} more figures changed"] if rest else []
        more += [f"{self.appeared} appeared"] if self.appeared else []
        more += [f"{self.disappeared} disappeared"] if self.disappeared else []
        return [printable(line) for line in [*lines, *([f"  {', '.join(more)}"] if more else [])]]


def words(fact: Fact) -> str:
    """Where a figure stands, in words."""
    where, row, column = fact
    return row if where == SUMMARY else ", ".join(part for part in (where, row, column) if part)


def compare(before: Path, after: Path) -> list[Difference]:
    """Compare two published folders, report by report.

    Raises
    ------
    ReportError
        If one of them was not published by this program.
    """
    return differences(before, _state(before), after, _state(after))


def differences(before: Path, old: State, after: Path, new: State) -> list[Difference]:
    """`compare` of two folders whose states are known."""
    names = [*new.reports, *(name for name in old.reports if name not in new.reports)]
    found = []
    for name in names:
        earlier, later = (_published(state, name) for state in (old, new))
        if earlier and later:
            found.append(_of_pages(name, earlier, later, page_of(before, name), page_of(after, name)))
        elif later or earlier:
            entry = later or earlier
            assert entry is not None
            found.append(Difference(name=name, title=entry.title, state="new" if later else "gone"))
    return found


def why(before: Entry, after: Entry) -> Why:
    """What differs of what two pages were made from, in words; empty where nothing does."""
    kinds = [kind for kind in KINDS if before.fingerprint.get(kind) != after.fingerprint.get(kind)]
    return [_reason(kind, before, after) for kind in kinds]


def _reason(kind: str, before: Entry, after: Entry) -> str:
    if kind == "data" and before.data_until != after.data_until:
        return f"data until {after.data_until or '(none)'}, was {before.data_until or '(none)'}"
    if kind == "data":
        return f"data revised: another snapshot with the same last day {after.data_until}"
    if kind == "parameters":
        changed = _changed(before.parameters, after.parameters)
        return "; ".join(f"parameter {name}: {old!r} -> {new!r}" for name, (old, new) in changed.items()) or "title"
    if kind == "code" and before.commit != after.commit:
        return f"code {before.commit} -> {after.commit}"
    if kind == "versions":
        changed = _changed(before.versions, after.versions)
        return "; ".join(f"{name} {old} -> {new}" for name, (old, new) in changed.items()) or KINDS[kind]
    return f"{KINDS[kind]} changed"


def _changed(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    names = [*after, *(name for name in before if name not in after)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _of_pages(name: str, before: Entry, after: Entry, old: Path, new: Path) -> Difference:
    reasons = why(before, after)
    if before.content == after.content:
        return Difference(name=name, title=after.title, state="same", why=reasons)
    was, now = (facts_of(page.read_text(encoding="utf-8")) for page in (old, new))
    return Difference(
        name=name,
        title=after.title,
        state="changed",
        why=reasons,
        changed={fact: (was[fact], value) for fact, value in now.items() if fact in was and was[fact] != value},
        appeared=len(now.keys() - was.keys()),
        disappeared=len(was.keys() - now.keys()),
        flags=sorted(flags_of(now) - flags_of(was)) if flags_of(now) else [],
    )


def _state(site: Path) -> State:
    if not (site / MANIFEST).is_file():
        raise ReportError(f"{site} is not a published folder: it has no {MANIFEST}. Name an edition or a site.")
    return read_manifest(site)


def _published(state: State, name: str) -> Entry | None:
    entry = state.reports.get(name)
    return entry if entry is not None and entry.last_success else None
