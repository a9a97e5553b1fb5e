"""The calls of one fetch: which answers are wanted, which of them are kept from before, and what a source must know."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from research.errors import DataError
from research.market.imports.profile.profiles import Profile
from research.market.manifest import instant
from research.market.sources.client import Client, NotThere, TryAgain
from research.market.sources.downloads import Downloads, Record

T = TypeVar("T")
Watch = Callable[[Sequence[Any], str], Iterable[Any]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One address below a client's base, and the name under which its answer is kept.

    `check` raises `TryAgain` for a body that did not come whole.
    """

    name: str
    path: str
    check: Callable[[bytes], None]
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a fetch would do, in words and numbers.

    Attributes
    ----------
    what : tuple of str
        A line for each kind of call.
    calls : int
        At most: what is kept from earlier on the same day is not asked for again.
    calls_per_minute : float
    """

    what: tuple[str, ...]
    calls: int
    calls_per_minute: float

    def __str__(self) -> str:
        minutes = self.calls / self.calls_per_minute
        how_long = f"{self.calls:,} calls at {self.calls_per_minute:g} a minute: about {_duration(minutes)}"
        return "\n".join([*self.what, how_long])


class Source(Protocol):
    """What `fetch.py` asks of a source. `asked` is the counterpart of `source_of` there."""

    @property
    def name(self) -> str:
        """Of the snapshot and of the downloads, where the user gives none."""

    def plan(self) -> Plan:
        """Without any request, but for a list where only that tells how much there is."""

    def download(self, downloads: Downloads, since: dt.datetime, watch: Watch) -> None:
        """Ask for every answer that is not kept from `since` or later."""

    def write_table(self, downloads: Downloads, file: Path) -> Profile:
        """Turn the kept answers into one long table (Parquet), and say how it is to be imported."""

    def asked(self) -> dict[str, str]:
        """What was asked for, without any key, as the manifest keeps it."""


def unwatched(items: Sequence[T], _what: str) -> Iterable[T]:
    """No progress bar."""
    return items


def download(
    calls: Iterable[Call], client: Client, downloads: Downloads, since: dt.datetime, watch: Watch, what: str
) -> list[Call]:
    """Ask for what is not kept from `since` or later, keep it, and give back the calls with nothing there (404)."""
    wanted = [call for call in calls if not is_fresh(downloads.record(call.name), since)]
    missing = []
    for call in watch(wanted, what):
        known = downloads.record(call.name)
        etag = known.etag if known is not None and known.url.startswith(client.base) else None
        try:
            downloads.keep(call.name, client.get(call.path, call.parameters, etag=etag, check=call.check))
        except NotThere:
            missing.append(call)
    return missing


def is_fresh(record: Record | None, since: dt.datetime) -> bool:
    """Whether an answer is kept and was given at `since` or later."""
    return record is not None and instant(record.retrieved_at) >= since


def whole_json(body: bytes) -> None:
    """Raise `TryAgain` unless the body is JSON: half of an answer is none."""
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        raise TryAgain(f"an answer of {len(body):,} bytes is not whole JSON.") from error


def parsed(downloads: Downloads, name: str, kind: type[T]) -> T:
    """A kept JSON answer, of the kind that the source documents."""
    return of_kind(name, downloads.read(name), kind)


def of_kind(name: str, body: bytes, kind: type[T]) -> T:
    """A JSON answer, of the kind that the source documents."""
    found = json.loads(body)
    if not isinstance(found, kind):
        raise changed(name, f"a JSON {kind.__name__}", f"a JSON {type(found).__name__}")
    return found


def changed(name: str, expected: str, found: str) -> DataError:
    """The error of an answer that is whole, but not what its source documents."""
    return DataError(
        f"the answer {name}: expected {expected}, found {found}. The source has changed what it sends; "
        "nothing was imported. Look at the file among the downloads, and report it."
    )


def last_retrieved(records: Iterable[Record | None]) -> str:
    """The second of the latest of some answers: by then all that they say was known."""
    latest = max(instant(record.retrieved_at) for record in records if record is not None)
    return latest.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def write_rows(file: Path, schema: pa.Schema, tables: Iterator[pa.Table]) -> int:
    """Write long rows, one asset at a time, and count them."""
    rows = 0
    with pq.ParquetWriter(file, schema) as writer:
        for table in tables:
            if table.num_rows:
                writer.write_table(table)
                rows += table.num_rows
    return rows


def _duration(minutes: float) -> str:
    return f"{max(1.0, minutes):.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
