"""Published data, read back: one manifest names files that never change, so that nothing read is of two builds.

What is written is in `data_files.py`, where it lies in `data_folders.py`. No message names a path.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import ReportError, shown, suggest
from research.evaluation import rebased
from research.index.published.publication_columns import is_raw
from research.reporting.publishing.data_files import FACTS
from research.reporting.publishing.placing import digest
from research.reporting.publishing.site.editions import FOLDER, edition_names
from research.reporting.publishing.site.lists import LISTS
from research.reporting.publishing.site.manifest import MANIFEST, Entry, read_manifest
from research.reporting.publishing.site.watched import Watched

MOST_COMPARED = 10
DATED = {"levels": "date", "events": "date", "signals": "date", "weights": "date"} | {
    "members": "effective_date",
    "rebalances": "effective_date",
    "trades": "effective_date",
    "decisions": "determination_date",
}
"""The column with the day of a row, by table."""


class NotPublished(ReportError):
    """A name or a day for which nothing is published."""


class NothingPublished(ReportError):
    """No build has published into the folder yet, or the files that a manifest names are not there (any more)."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """The indices that one manifest names.

    Attributes
    ----------
    site : Path
        The published folder.
    folder : Path
        Where the manifest lies: `site`, or an edition in it.
    digest : str
        Of what is published: the same where titles and data are the same.
    published : datetime
        When the newest of them was, UTC.
    changed : datetime
        When the manifest was written, UTC: nothing that is answered is of later.
    entries : mapping of str to Entry
        Reports that have published data, by name.
    """

    site: Path
    folder: Path
    digest: str
    published: dt.datetime
    changed: dt.datetime
    entries: Mapping[str, Entry]

    def facts(self, index: str) -> dict[str, Any]:
        """What `facts.json` says.

        Raises
        ------
        NotPublished
            If there is no such index.
        NothingPublished
            If the file is gone, or not as it was published.
        """
        facts: dict[str, Any] = json.loads(self._read(index, FACTS))
        return facts

    def table(self, index: str, name: str) -> pd.DataFrame:
        """A table, with the columns that `facts` describe; without raw values of the market where its licence says so.

        Raises
        ------
        NotPublished
            If there is no such index, or it has no such table.
        NothingPublished
            If the file is gone, or not as it was published.
        """
        table: pd.DataFrame = pq.read_table(pa.BufferReader(self._read(index, f"{name}.parquet"))).to_pandas()
        kept = self.facts(index)["redistribute"]
        return table.drop(columns=[column for column in table.columns if not kept and is_raw(name, str(column))])

    def rows(self, index: str, name: str, **asked: Any) -> pd.DataFrame:
        """Those rows of a table that are asked for.

        Parameters
        ----------
        index, name : str
            Of the index, and of the table.
        start, end : date, optional
            Days of `DATED`, both included.
        resolution : {"daily", "weekly", "monthly"}, optional
            `last_of_each`.
        date : date, optional
            What held at the close of this day: where given, None for the last day, `in_force`. Of members those that
            were held after the last trade, the second one of a day with two.
        asset_id, benchmark, window : str, optional
            Rows that have this value.

        Raises
        ------
        NotPublished
            If nothing is asked for that there is.
        NothingPublished
            If the file is gone, or not as it was published.
        """
        table, column = self.table(index, name), DATED.get(name, "")
        for key in ("asset_id", "benchmark", "window"):
            table = having(table, key, asked.get(key))
        if {"start", "end"} & set(asked):
            table = between(table, column, asked.get("start"), asked.get("end"))
        if "date" in asked:
            table = in_force(table, column, asked["date"], self.facts(index)["as_of"])
        if name == "members":
            last = table.drop_duplicates("asset_id", keep="last")
            return last[last["weight"] > 0.0]
        return last_of_each(table, column, asked.get("resolution", "daily"))

    # ------------------------------------------------------------------ of several indices

    def about(self, *indices: str) -> dict[str, Any]:
        """What is to be said beside every number of these indices, by default of all.

        index (names with commas between; empty for all), simulated (whether one of them is), as_of (the first of their
        last days; None without an index), edition (`digest`), changed (the manifest's own instant), of all
        also missing: those that are left out for their facts cannot be read.
        """
        found = {name: self.facts(name) for name in indices} if indices else self._listed()
        facts, missing = [*found.values()], ",".join(() if indices else self.entries.keys() - found)
        return ({"missing": missing} if missing else {}) | {
            "index": ",".join(indices),
            "simulated": any(one["simulated"] for one in facts),
            "as_of": min((one["as_of"] for one in facts), default=None),
            "edition": self.digest,
            "changed": self.changed,
        }

    def indices(self) -> pd.DataFrame:
        """A row for each index, columns as in `LISTS`."""
        rows = []
        for name, facts in self._listed().items():
            as_of = pd.Timestamp(facts["as_of"])
            rows.append((name, self.entries[name].title, facts["simulated"], as_of, facts["latest"]["level"]))
        return pd.DataFrame(rows, columns=[*LISTS["indices"]])

    def compared(self, indices: Sequence[str], **asked: Any) -> pd.DataFrame:
        """date, and the net level of each index by its name, over their common days that are asked for (see `rows`).

        All are on the scale of the first one: equal on the first of these days.

        Raises
        ------
        NotPublished
            If there is no such index, there are more than `MOST_COMPARED`, or they have no day in common.
        """
        if len(indices) > MOST_COMPARED:
            raise NotPublished(
                f"{len(indices)} indices were asked for: at most {MOST_COMPARED} are compared at a time."
            )
        levels = [self.table(name, "levels").set_index("date")["level"].rename(name) for name in indices]
        common = pd.concat(levels, axis=1, join="inner").dropna().reset_index()
        days = between(common, "date", asked.get("start"), asked.get("end"))
        if days.empty:
            raise NotPublished(f"{', '.join(indices)} have no day in common among those that were asked for.")
        scaled = rebased(days.set_index("date")).reset_index()
        return last_of_each(scaled, "date", asked.get("resolution", "daily"))

    def _listed(self) -> dict[str, dict[str, Any]]:
        """Facts by index, without those that are harmed; it raises where a build has taken them away meanwhile."""
        found = {}
        for name in self.entries:
            try:
                found[name] = self.facts(name)
            except NothingPublished:
                if _edition(self.site, self.folder).digest != self.digest:
                    raise
        return found

    def _read(self, index: str, file: str) -> bytes:
        if index not in self.entries:
            raise unknown("index", index, self.entries)
        entry = self.entries[index]
        if file not in entry.files:
            tables = sorted(Path(name).stem for name in entry.files if name.endswith(".parquet"))
            raise NotPublished(f"{index} has no {Path(file).stem}. It has {', '.join(tables)}.")
        try:
            content = (self.site / entry.data / file).read_bytes()
        except FileNotFoundError:
            content = b""
        if digest(content) != entry.files[file]:
            raise NothingPublished("What is published is being replaced, or copied here. Ask again.")
        return content


def editions_of(site: Path) -> Callable[..., Edition]:
    """A function that gives the present edition, a new one as soon as a build has landed, or one by name or digest.

    It raises `NotPublished` for one that there is not (any more), `NothingPublished` where there is no manifest yet.
    """
    present = Watched(site / MANIFEST, lambda: _edition(site, site))
    kept = lru_cache(maxsize=32)(lambda name: _edition(site, site / FOLDER / name))

    def edition(name: str | None = None) -> Edition:
        names = edition_names(site)
        try:
            if name in names:
                return kept(name)
            if not name or name == present().digest:
                return present()
            for one in map(kept, names):
                if one.digest == name:
                    return one
            if re.fullmatch("[0-9a-f]{12}", name):
                raise NotPublished(f"Edition {name} was replaced, and is not kept. Begin anew without `edition`.")
            raise unknown("edition", name, names)
        except FileNotFoundError:
            raise NothingPublished("Nothing is published here yet. `research report build` does that.") from None

    return edition


def kept_editions(site: Path) -> pd.DataFrame:
    """A row for each edition that is kept, the newest first, columns as in `LISTS`."""
    kept = [(name, _edition(site, site / FOLDER / name)) for name in edition_names(site)]
    rows = [(name, one.published.isoformat(), one.digest, len(one.entries)) for name, one in kept]
    return pd.DataFrame(rows, columns=[*LISTS["editions"]])


def _edition(site: Path, folder: Path) -> Edition:
    file = folder / MANIFEST
    changed = dt.datetime.fromtimestamp(file.stat().st_mtime if file.is_file() else 0.0, dt.UTC)
    entries = {name: entry for name, entry in read_manifest(folder).reports.items() if FACTS in entry.files}
    shows = [(name, entry.title, entry.data) for name, entry in sorted(entries.items())]
    published = max(map(_instant, entries.values()), default=dt.datetime.fromtimestamp(0, dt.UTC))
    named = digest(json.dumps(shows).encode())[:12]
    return Edition(site=site, folder=folder, digest=named, published=published, changed=changed, entries=entries)


def _instant(entry: Entry) -> dt.datetime:
    return dt.datetime.fromisoformat(entry.last_success or "")


def unknown(kind: str, name: str, known: Collection[str]) -> NotPublished:
    """The error of a name that there is not."""
    hint = suggest(name, known) if known else "there is none yet"
    return NotPublished(f"There is no {kind} {shown(name)}: {hint}.")


# ---------------------------------------------------------------------- rows of a table


def between(table: pd.DataFrame, column: str, start: dt.date | None, end: dt.date | None) -> pd.DataFrame:
    """Rows from `start` to `end`, both included. Raises `NotPublished` where `start` is after `end`."""
    if start and end and start > end:
        raise NotPublished(f"start = {start} is after end = {end}, so nothing is between them. Exchange them.")
    first, last = pd.Timestamp(start or dt.date.min), pd.Timestamp(end or dt.date.max)
    return table[table[column].between(first, last)]


def last_of_each(table: pd.DataFrame, column: str, resolution: str) -> pd.DataFrame:
    """The last row of each week (Monday to Sunday) or month that has one; all of them where `resolution` is "daily"."""
    if resolution == "daily":
        return table
    return table.groupby(table[column].dt.to_period(resolution[0].upper())).tail(1)


def in_force(table: pd.DataFrame, column: str, date: dt.date | None, as_of: str) -> pd.DataFrame:
    """Rows of the last day in `column` up to `date`, by default the last one of all.

    Raises
    ------
    NotPublished
        If there is no such row, or `date` is after `as_of`, the last day of the data: what will hold is not known.
    """
    until = between(table, column, None, date)
    if until.empty or str(date or as_of) > as_of:
        begin = f"begin on {table[column].min():%Y-%m-%d}" if len(table) else "are none"
        raise NotPublished(f"Nothing is known of {date or as_of}: the rows {begin}, and the data end on {as_of}.")
    last: pd.DataFrame = until[until[column] == until[column].max()]
    return last


def having(table: pd.DataFrame, column: str, value: str | None) -> pd.DataFrame:
    """Rows with this value, all of them for None. Raises `NotPublished` where there is none."""
    if value is None:
        return table
    found: pd.DataFrame = table[table[column] == value]
    if found.empty:
        raise unknown(column, value, list(table[column].unique()))
    return found
