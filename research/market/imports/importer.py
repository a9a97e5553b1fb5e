"""A vendor's table and its profile -> a snapshot. Nothing is written unless everything is right.

Rows are read (`reading/table.py`), checked some keys at a time (`cleaning/clean_rows.py`, `cleaning/checks.py`) and
written some days at a time (`cleaning/daily.py`). Between these steps a table of more than a million rows lies on the
disk, in a scratch folder beside the snapshot, so that an import needs little more memory for a large table than for a
small one.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.imports.cleaning.clean_rows import clean
from research.market.imports.cleaning.daily import as_day, daily_rows
from research.market.imports.cleaning.identities import UNDECIDED, Identities
from research.market.imports.cleaning.labels import with_labels
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.batches import Tally
from research.market.imports.reading.files import Given, TableFile, find_files
from research.market.imports.reading.table import read_vendor_table
from research.market.ledger import with_lines
from research.market.manifest import Manifest, instant
from research.market.snapshots.placing import scratch_folder
from research.market.snapshots.writing import checked_target, write_snapshot
from research.market.tables import TAG_TYPES


@dataclass(frozen=True, kw_only=True)
class ImportSummary:
    """What an import did.

    Attributes
    ----------
    out : Path
        The snapshot folder.
    manifest : Manifest
    rows_read, rows_written, rows_moved : int
        Rows of the table, rows of the snapshot, and rows that were given another day by a dating rule.
    met : Tally
        What was met while reading: files, blank rows, rows that are no close, absent columns.
    assets : int
    first_date, last_date : Timestamp
    ledger_counts : dict of str to int
        Lines of the ledger, by rule.
    unused : tuple of str
        Entries of the profile's [assets] that match nothing in the table.
    labels_left_out : tuple of str
        Sentences on labels that no asset, or more than one, could be meant by.
    """

    out: Path
    manifest: Manifest
    rows_read: int
    rows_written: int
    rows_moved: int
    met: Tally
    assets: int
    first_date: pd.Timestamp
    last_date: pd.Timestamp
    ledger_counts: Mapping[str, int]
    unused: tuple[str, ...]
    labels_left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        files = f" of {self.met.files:,} files" if self.met.files > 1 else ""
        lines = [
            f"{self.out}: {self.manifest.name}",
            f"{self.rows_written:,} of {self.rows_read:,} rows{files}, {self.assets:,} "
            f"{'asset' if self.assets == 1 else 'assets'}, "
            f"{self.first_date.date()} to {self.last_date.date()}",
            f"days: {self.manifest.close_convention}",
            *([f"{self.rows_moved:,} rows moved by a dating rule"] if self.rows_moved else []),
            *self.met.lines(),
        ]
        lines += [f"{count:,} x {rule}" for rule, count in self.ledger_counts.items()]
        if self.unused:
            lines.append(f"entries of the profile that match no row: {', '.join(self.unused)}")
        return "\n".join([*lines, *self.labels_left_out])


def import_table(
    table: Given,
    profile: str | Path | Profile,
    out: str | Path,
    *,
    identities: str | Path | None = None,
    labels: str | Path | None = None,
    replace: bool = False,
    fetched: Mapping[str, str] | None = None,
    continues: pd.DataFrame | None = None,
) -> ImportSummary:
    """Turn a vendor's table into a snapshot.

    Parameters
    ----------
    table : path, or sequence of paths
        A file (.csv, .csv.gz, .parquet, .json, .xlsx), a folder or .zip of such files, or a pattern with *.
    profile : str, path or Profile
        Name of a shipped profile, path of a TOML file, or a Profile.
    out : path
        Snapshot folder to make.
    identities : path, optional
        CSV table that decides which asset a key is, and when (see `cleaning/identities.py`); in place of the profile's.
    labels : path, optional
        CSV table of tags by asset_id or symbol (see `cleaning/labels.py`), besides the profile's.
    replace : bool
        Whether an existing snapshot at `out` may be replaced.
    fetched : mapping of str to str, optional
        How the table was fetched, for the manifest.
    continues : DataFrame, optional
        Assets of the snapshot that the table continues (see `updating.py`): a key whose prices resume after a long gap
        is a new asset, also where the gap lies between the two.

    Returns
    -------
    ImportSummary

    Raises
    ------
    DataError
        If the table, the profile or `out` is not what it must be (see `reading/table.py`, `cleaning/checks.py`,
        `write_snapshot`). Then nothing is written, and an existing snapshot stays as it was.
    """
    profile = profile if isinstance(profile, Profile) else Profile.load(profile)
    target = checked_target(out, replace)
    table_of_ids = profile.identities if identities is None else identities
    decided = UNDECIDED if table_of_ids is None else Identities.load(table_of_ids)
    known = decided.assets(profile.assets)
    with ExitStack() as stack:
        scratch = functools.cache(lambda: _scratch(target, stack))
        files, met = find_files(table, profile.files), Tally()
        vendor = read_vendor_table(files, profile, met, scratch)
        retrieved_at = profile.retrieved_at or _modified(files)
        decided.check_keys(vendor.texts)
        rows = clean(vendor, profile, min(instant(retrieved_at), dt.datetime.now(dt.UTC)), scratch, continues, decided)
        assets = _assets(rows.assets, known)
        ledger = with_lines(rows.ledger, decided.unit_lines(assets))
        tags, left_out = with_labels(_tags(rows.assets, known), labels, assets)
        manifest = write_snapshot(
            out,
            daily=daily_rows(rows, assets["asset_id"]),
            assets=assets,
            tags=tags,
            ledger=ledger,
            manifest=Manifest(
                name=profile.name,
                source=profile.source,
                retrieved_at=retrieved_at,
                licence=profile.licence,
                close_convention=_convention(profile),
                currency=profile.currency,
                caveats=(*profile.caveats, *met.notes),
                fetched=dict(fetched or {}),
                redistribute=profile.redistribute,
            ),
            replace=replace,
        )
    days = np.flatnonzero(rows.by_day.counts)
    return ImportSummary(
        out=Path(out),
        manifest=manifest,
        rows_read=len(vendor.rows),
        rows_written=manifest.rows,
        rows_moved=rows.moved,
        met=met,
        assets=len(assets),
        first_date=as_day(days[0]),
        last_date=as_day(days[-1]),
        ledger_counts={str(rule): int(n) for rule, n in ledger["rule"].value_counts().sort_index().items()},
        unused=tuple(sorted(profile.assets.keys() - rows.matched - decided.decided_keys)),
        labels_left_out=left_out,
    )


def _scratch(target: Path, stack: ExitStack) -> Path:
    """A scratch folder beside the target; folders made for it are removed again where nothing is written into them."""
    for folder in reversed((target.parent, *target.parent.parents)):  # the innermost is asked first
        if not folder.exists():
            stack.callback(_remove_if_empty, folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(scratch_folder(target))


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def retrieval(table: Given, profile: Profile) -> str:
    """When the table was retrieved, as the profile says or else when the newest of its files was saved."""
    return profile.retrieved_at or _modified(find_files(table, profile.files))


def _modified(files: list[TableFile]) -> str:
    """When the newest of the files was saved."""
    moment = dt.datetime.fromtimestamp(max(file.path.stat().st_mtime for file in files), dt.UTC)
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _assets(keys: pd.DataFrame, known: Mapping[str, Asset]) -> pd.DataFrame:
    """One line for each asset; symbol and name from the profile, else the last ones in the table, else the key."""
    keys = keys.sort_values("last_row", kind="stable")
    given = [known.get(key, Asset()) for key in keys["asset_key"]]
    symbol = pd.Series([asset.symbol for asset in given], keys.index, dtype="str").fillna(keys["symbol"])
    symbol = symbol.fillna(keys["key"].str.upper())
    name = pd.Series([asset.name for asset in given], keys.index, dtype="str").fillna(keys["name"]).fillna(symbol)
    by_id = keys.assign(symbol=symbol, name=name).groupby("asset_id")
    last = by_id[["symbol", "name"]].last()
    return last.assign(first_date=by_id["first_date"].min(), last_date=by_id["last_date"].max()).reset_index()


def _tags(keys: pd.DataFrame, known: Mapping[str, Asset]) -> pd.DataFrame:
    pairs = keys[["asset_key", "asset_id"]].itertuples(index=False)
    tags = {(asset_id, tag) for key, asset_id in pairs for tag in known.get(key, Asset()).tags}
    lines = [
        (asset_id, tag, pd.NaT, True)
        if isinstance(tag, str)
        else (asset_id, tag.tag, pd.Timestamp(tag.valid_from), False)
        for asset_id, tag in tags
    ]
    table = pd.DataFrame(lines, columns=list(TAG_TYPES)).astype(TAG_TYPES)
    table = table.sort_values(["asset_id", "tag"], ignore_index=True)
    twice = table[table.duplicated(["asset_id", "tag"])]
    if len(twice):
        raise DataError(
            f"the profile gives {twice['asset_id'].iloc[0]!r} the tag {twice['tag'].iloc[0]!r} under two keys, "
            "differently. Keep the one that is right."
        )
    return table


def _convention(profile: Profile) -> str:
    """The dating rules in words."""
    words = "a price dated D is the close of UTC day D"
    if profile.dates.stamp == "end":
        words += "; the vendor stamps it with the moment after it, 00:00 of the next day"
    for rule in profile.dating:
        words += f"; the vendor's rows dated {rule.start} or later were moved by {rule.shift_days:+d} day to make it so"
    return words
