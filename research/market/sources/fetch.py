"""One command from nothing to a market: ask a source, keep its answers, import them as a snapshot.

Every run asks only for what is not kept from the same UTC day. A run that was stopped, by whatever, is carried on by
giving the command again; the snapshot appears in one step when everything is there, as any import's does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from research.errors import DataError, suggest
from research.market.faults import as_data_error
from research.market.imports.importer import ImportSummary, import_table
from research.market.imports.profile.profiles import Profile
from research.market.manifest import Manifest, instant
from research.market.snapshots.catalog import PROJECT, dated_folders, snapshot_folder
from research.market.snapshots.placing import scratch_folder
from research.market.snapshots.snapshot import open_snapshot
from research.market.sources.calls import Source, Watch, unwatched
from research.market.sources.client import now
from research.market.sources.coingecko import CoinGecko
from research.market.sources.coinmetrics import CoinMetrics
from research.market.sources.downloads import opened_downloads
from research.market.sources.exchange import Exchange

VARIABLE = "RESEARCH_DOWNLOADS"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A snapshot and how it came about: `summary` is None where the same answers had been imported before."""

    folder: Path
    manifest: Manifest
    summary: ImportSummary | None

    def __str__(self) -> str:
        if self.summary is None:
            return f"{self.folder} has all that the source gave today: nothing new. --again asks it anew"
        return (
            f"{self.summary}\n{len(self.manifest.caveats)} caveats stand in its manifest, and on every page made of it"
        )


def downloads_root() -> Path:
    """`data/downloads` of the project, or the folder that the environment variable RESEARCH_DOWNLOADS names."""
    return Path(os.environ.get(VARIABLE) or PROJECT / "data" / "downloads")


def fetch(
    source: Source,
    *,
    name: str | None = None,
    out: Path | None = None,
    replace: bool = False,
    again: bool = False,
    watch: Watch = unwatched,
) -> Fetched:
    """Fetch a market and make a snapshot of it.

    Parameters
    ----------
    source : CoinMetrics, CoinGecko or Exchange
    name : str, optional
        Of the snapshot (`data/snapshots/NAME/DATE`) and of its downloads (`data/downloads/NAME`); the source's own name
        where it is not given.
    out : path, optional
        Another folder for the snapshot; `replace` says whether one that is there may be replaced.
    again : bool
        Ask anew for what is kept from earlier on the same day.
    watch : callable
        Goes around what is asked for, one after the other, as a progress bar does.

    Raises
    ------
    DataError
        If the source does not give what it should (`client.py`, and the module of the source), or the import refuses it
        (`import_table`). Answers that came are kept, and no snapshot is changed.
    """
    name = name or source.name
    snapshot_folder(name, now())  # whether the name can be one is known before anything is asked for
    with _scratch_beside(downloads_root() / name) as scratch:
        table = scratch / "table.parquet"
        profile = fetch_table(source, table, name=name, again=again, watch=watch)
        asked = {**source.asked(), "name": name}
        newest = dated_folders(name)[-1:] if out is None else []
        for folder in newest:
            _, manifest = open_snapshot(folder)
            if not again and (manifest.retrieved_at, manifest.fetched) == (profile.retrieved_at, asked):
                return Fetched(folder=folder, manifest=manifest, summary=None)
        target = out or snapshot_folder(name, profile.retrieved_at or "")
        summary = import_table(table, profile, target, replace=replace, fetched=asked)
    return Fetched(folder=target, manifest=summary.manifest, summary=summary)


@contextmanager
def _scratch_beside(downloads: Path) -> Iterator[Path]:
    """A folder for the long table, gone at the end; what a killed fetch of that name left is removed before."""
    with ExitStack() as stack:
        with as_data_error(
            f"{downloads.parent} cannot be used for downloads", "Correct that, or choose another place."
        ):
            downloads.parent.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_folder(downloads))
        yield scratch


def fetch_again(
    fetched: Mapping[str, str], out: Path, *, assets: Iterable[str] = (), again: bool = False, watch: Watch = unwatched
) -> Fetched:
    """Fetch a snapshot's market once more, and make the snapshot of it at `out`: what an update asks for.

    Parameters
    ----------
    fetched : mapping of str to str
        `Manifest.fetched` of the old snapshot.
    out : path
    assets : iterable of str
        asset_ids of the old snapshot: coins that fell out of the largest are followed on.
    again, watch
        As in `fetch`.

    Raises
    ------
    DataError
        As in `fetch`, and if the old snapshot was not fetched.
    """
    source = source_of(fetched, assets)
    return fetch(source, name=fetched.get("name"), out=out, again=again, watch=watch)


def fetch_table(
    source: Source, file: Path, *, name: str | None = None, again: bool = False, watch: Watch = unwatched
) -> Profile:
    """The first half of `fetch`: ask, keep, write one long table to `file` (.parquet), and say how to import it."""
    start = instant(now())
    since = start if again else start.replace(hour=0, minute=0, second=0, microsecond=0)
    with opened_downloads(downloads_root() / (name or source.name)) as downloads:
        source.download(downloads, since, watch)
        return source.write_table(downloads, file)


def source_of(fetched: Mapping[str, str], assets: Iterable[str] = ()) -> Source:
    """The source of a snapshot that was fetched; parameters are those of `fetch_again`.

    Raises
    ------
    DataError
        If the snapshot was not fetched, or by a version of the program that kept other entries.
    """
    kind = fetched.get("source", "")
    try:
        if kind == "coingecko":
            return CoinGecko.from_asked(fetched, assets)
        if kind == "coinmetrics":
            return CoinMetrics.from_asked(fetched)
        if kind == "exchange":
            return Exchange.from_asked(fetched)
    except (KeyError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"the snapshot says of its fetch {dict(fetched)}, which lacks something. Fetch it anew."
        ) from error
    raise DataError(
        f"the snapshot was not fetched ({kind!r}: {suggest(kind, ('coingecko', 'coinmetrics', 'exchange'))}). "
        "Import a newer table instead."
    )
