"""Where results go: pages into the published folder, notebooks that failed aside, each state into the manifest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from research.errors import ReportError, system_fault
from research.reporting.publishing.data_files import digests
from research.reporting.publishing.journal import now
from research.reporting.publishing.placing import digest, digest_of, publish, staged
from research.reporting.publishing.running.jobs import Outcome
from research.reporting.publishing.sanitising import without_paths
from research.reporting.publishing.site import bar, data_folders, editions, manifest
from research.reporting.publishing.site.cards import cards, days_old
from research.reporting.publishing.site.index_page import Editions, Shown, index_page
from research.reporting.publishing.site.manifest import INDEX, MANIFEST, Entry, State


@dataclass(kw_only=True)
class Shelf:
    """The published folder `out` and the folder `work`, during one build.

    `failures` says why which report failed, for the operator; what is published of it tells no path of the machine.
    """

    out: Path
    work: Path
    state: State
    entries: dict[str, Entry]
    say: Callable[[str], None]
    stale_after_days: int
    failures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    steps: dict[str, dict[str, float]] = field(default_factory=dict)

    def tidy(self, removed: Iterable[str]) -> None:
        """Remove pages of reports no longer listed, and put right what a build that was killed left behind."""
        removed = list(removed)
        for name in removed:
            for file in (manifest.page_of(self.out, name), *self._kept(name)):
                file.unlink(missing_ok=True)
        changed = manifest.reconcile(self.out, self.work, self.entries)
        self.entries.update(changed)
        if removed or changed or self.entries != self.state.reports:
            self.record()
        if MANIFEST in self.failures:  # it still names what would be removed
            return
        try:
            data_folders.sweep(self.out, self._data_in_use())
        except ReportError as fault:
            self.say(f"older data of reports stay where they are: {fault}")

    def settle(self, name: str, outcome: Outcome, *, fingerprint: Mapping[str, str] | None = None) -> None:
        """Publish a page that passed, or keep the notebook of one that failed, and record it."""
        before = replace(self.entries[name], last_attempt=now(), seconds=round(outcome.seconds, 2))
        self.seconds[name], self.steps[name] = before.seconds, outcome.steps
        for note in outcome.notes:
            self.say(f"{name}: {note}")
        try:
            if outcome.html is not None and outcome.page is not None:
                self._publish(name, outcome, replace(before, fingerprint=dict(fingerprint or {})))
                done = "published"
            elif outcome.impossible:
                self._set_aside(name, outcome, replace(before, fingerprint=dict(fingerprint or {})))
                done = "not possible on this market"
            else:
                self._fail(name, before, outcome.error or "it gave no page", self._keep(name, outcome))
                done = "failed"
        except OSError as fault:
            self._fail(name, before, f"it could not be published: {system_fault(fault)}")
            done = "failed"
        self.record()
        self.say(f"{name}: {done} after {outcome.seconds:.1f} s")

    def record(self) -> None:
        """Write the manifest and the index page; where that fails, the build goes on and says so at its end."""
        try:
            names = editions.edition_names(self.out)
            old = self._days_old()
            changes = manifest.read_manifest(self.out / editions.FOLDER / names[0]).changes if names else {}
            shown = Shown(cards=cards(self.out, self.entries), changes=changes, days_old=old)
            text = index_page(self.entries, Editions(names=names), shown)
            self.state = replace(
                self.state,
                reports=dict(self.entries),
                index=digest(text.encode()),
                editions=tuple(names),
                stale=tuple(old),
            )
            manifest.write_manifest(self.out, self.state)
            publish(text, self.out / INDEX)
            self.failures.pop(MANIFEST, None)
        except OSError as fault:
            self.failures[MANIFEST] = f"the state of the reports could not be written: {system_fault(fault)}"

    def close(self, keep: int) -> str:
        """Keep an edition if what the pages show has changed, and see to the index page; gives the edition's name."""
        name = ""
        try:
            self._renew_bars()
        except OSError as fault:
            self.failures[INDEX] = f"the links between pages could not be renewed: {system_fault(fault)}"
        try:
            name = editions.keep_edition(self.out, self.state, now(), keep)
        except OSError as fault:
            self.failures[editions.FOLDER] = f"no edition could be kept: {system_fault(fault)}"
        names = tuple(editions.edition_names(self.out))
        stale = tuple(self._days_old())
        if (names, stale) != (self.state.editions, self.state.stale) or digest_of(self.out / INDEX) != self.state.index:
            self.record()
        return name

    def _days_old(self) -> dict[str, int]:
        """Reports whose data are old today, with the age of these."""
        today = dt.datetime.now(dt.UTC).date()
        ages = {name: days_old(entry, today, self.stale_after_days) for name, entry in self.entries.items()}
        return {name: days for name, days in ages.items() if days}

    def _publish(self, name: str, outcome: Outcome, before: Entry) -> None:
        page, text = outcome.page, outcome.html
        assert page is not None
        assert text is not None
        entry = replace(
            before,
            parameters=dict(page.parameters),
            snapshots=dict(page.snapshots),
            simulated=page.simulated,
            data_until=outcome.data_until,
            commit=page.commit,
            versions=dict(page.versions),
            verdict=outcome.verdict,
            last_success=page.built_at,
            error=None,
            impossible=None,
            content=outcome.content,
            data=page.data,
            files=digests(outcome.files),
            data_before=before.data if before.data != page.data else before.data_before,
        )
        if page.data:
            data_folders.place(self.out, page.data, outcome.files, entry.files)
        self._put(name, bar.with_bar(text, name, self.entries | {name: entry}), entry)
        self._forget(name)

    def _put(self, name: str, text: str, entry: Entry) -> None:
        """Replace a page, once the manifest describes it."""
        entry = replace(entry, sha256=digest(text.encode()))
        with staged(text, manifest.page_of(self.out, name)) as move_into_place:
            manifest.write_manifest(self.out, replace(self.state, reports=self.entries | {name: entry}))
            move_into_place()
        self.entries[name] = entry

    def _renew_bars(self) -> None:
        """Have every page name the other pages of its index that there are now."""
        for name, entry in self.entries.items():
            page = manifest.page_of(self.out, name)
            if entry.last_success and page.is_file():
                text = page.read_text(encoding="utf-8")
                renewed = bar.with_bar(text, name, self.entries)
                if renewed != text:
                    self._put(name, renewed, entry)

    def _data_in_use(self) -> set[str]:
        """Folders of data that a manifest names, that of an edition too, and those that they took the place of."""
        kept = (self.out / editions.FOLDER / name for name in editions.edition_names(self.out))
        states = [manifest.read_manifest(edition) for edition in kept]
        entries = [*self.entries.values(), *(entry for state in states for entry in state.reports.values())]
        return {folder for entry in entries for folder in (entry.data, entry.data_before) if folder}

    def _set_aside(self, name: str, outcome: Outcome, before: Entry) -> None:
        why = without_paths(outcome.error or "")
        self.entries[name] = replace(before, error=None, impossible=why)
        self._forget(name)

    def _fail(self, name: str, before: Entry, error: str, kept: str = "") -> None:
        self.entries[name] = replace(before, error=without_paths(error))
        self.failures[name] = f"{error.rstrip('.')}.{kept}" if kept else error

    def _keep(self, name: str, outcome: Outcome) -> str:
        """Put the executed notebook and the traceback into `work`, and say where they are."""
        where = ""
        kept = (("The executed notebook is kept", outcome.executed), ("The traceback", outcome.details))
        try:
            for file, (what, text) in zip(self._kept(name), kept, strict=True):
                if text:  # with what has no letter spelled out, as JSON does
                    publish(text.encode(errors="backslashreplace").decode(), file)
                    where += f" {what}: {file}"
        except OSError as fault:
            where += f" More could not be kept: {system_fault(fault)}"
        return where

    def _forget(self, name: str) -> None:
        for kept in self._kept(name):
            kept.unlink(missing_ok=True)

    def _kept(self, name: str) -> tuple[Path, Path]:
        return self.work / f"{name}.ipynb", self.work / f"{name}.traceback.txt"
