"""A vendor's table and its profile -> a snapshot. Nothing is written unless everything is right.

Reading is in `table.py`, the checks and what they do to a value in `checks.py`, profiles in `profiles.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market.data import DAY, TAG_TYPES
from research.market.imports.cleaning import CleanRows, clean
from research.market.imports.identities import UNDECIDED, Identities
from research.market.imports.labels import with_labels
from research.market.imports.profiles import Asset, Profile
from research.market.imports.table import read_vendor_table
from research.market.layout import ROWS_PER_GROUP
from research.market.ledger import with_lines
from research.market.manifest import Manifest, instant
from research.market.snapshots.writing import write_snapshot
from research.typing import IntArray


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
    assets : int
    first_date, last_date : Timestamp
    ledger_counts : dict of str to int
        Lines of the ledger, by rule.
    unused : tuple of str
        Entries of the profile's [assets] that match nothing in the table.
    labels_left_out : tuple of str
        Lines of the labels that no asset of the table, or more than one, could be meant by.
    """

    out: Path
    manifest: Manifest
    rows_read: int
    rows_written: int
    rows_moved: int
    assets: int
    first_date: pd.Timestamp
    last_date: pd.Timestamp
    ledger_counts: Mapping[str, int]
    unused: tuple[str, ...]
    labels_left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.out}: {self.manifest.name}",
            f"{self.rows_written:,} of {self.rows_read:,} rows, {self.assets:,} assets, "
            f"{self.first_date.date()} to {self.last_date.date()}",
            f"{self.rows_moved:,} rows moved to the day whose close they are",
        ]
        lines += [f"{count:,} x {rule}" for rule, count in self.ledger_counts.items()]
        if self.unused:
            lines.append(f"entries of the profile that match no row: {', '.join(self.unused)}")
        return "\n".join([*lines, *self.labels_left_out])


def import_table(
    table: str | Path,
    profile: str | Path | Profile,
    out: str | Path,
    *,
    identities: str | Path | None = None,
    labels: str | Path | None = None,
    replace: bool = False,
) -> ImportSummary:
    """Turn a long CSV or Parquet table into a snapshot.

    Parameters
    ----------
    table : path
        One row for each asset and day; .csv (with a header) or .parquet.
    profile : str, path or Profile
        Name of a shipped profile, path of a TOML file, or a Profile.
    out : path
        Snapshot folder to make.
    identities : path, optional
        CSV table that decides which asset a key is, and when (see `identities.py`); in place of the profile's.
    labels : path, optional
        CSV table of tags by asset_id or symbol (see `labels.py`), besides the profile's.
    replace : bool
        Whether an existing snapshot at `out` may be replaced.

    Returns
    -------
    ImportSummary

    Raises
    ------
    DataError
        If the table, the profile or `out` is not what it must be (see `table.py`, `checks.py`, `write_snapshot`).
        Then nothing is written, and an existing snapshot stays as it was.
    """
    profile = profile if isinstance(profile, Profile) else Profile.load(profile)
    decided = profile.identities if identities is None else identities
    decisions = UNDECIDED if decided is None else Identities.load(decided)
    known = decisions.assets(profile.assets)
    vendor = read_vendor_table(table, profile)
    retrieved_at = profile.retrieved_at or _modified(Path(table))
    rows = clean(vendor, profile, min(instant(retrieved_at), dt.datetime.now(dt.UTC)), decisions)
    rows_read = len(vendor.days)
    del vendor
    assets = _assets(rows.assets, known)
    tags = _tags(rows.assets, known)
    left_out: tuple[str, ...] = ()
    if labels is not None:
        tags, left_out = with_labels(tags, labels, assets)
    ledger = with_lines(rows.ledger, decisions.unit_lines(assets))
    order = _order(rows, pd.Index(assets["asset_id"]))
    manifest = write_snapshot(
        out,
        daily=_daily(rows, order, assets["asset_id"]),
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
            caveats=profile.caveats,
        ),
        replace=replace,
    )
    return ImportSummary(
        out=Path(out),
        manifest=manifest,
        rows_read=rows_read,
        rows_written=manifest.rows,
        rows_moved=rows.moved,
        assets=len(assets),
        first_date=_day(rows.days[order[0]]),
        last_date=_day(rows.days[order[-1]]),
        ledger_counts={str(rule): int(n) for rule, n in ledger["rule"].value_counts().sort_index().items()},
        unused=tuple(sorted(profile.assets.keys() - rows.matched)),
        labels_left_out=left_out,
    )


def _day(number: int) -> pd.Timestamp:
    return pd.Timestamp(np.datetime64(int(number), "D").astype(DAY))


def _modified(table: Path) -> str:
    moment = dt.datetime.fromtimestamp(table.stat().st_mtime, dt.UTC)
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


def _places(rows: CleanRows, ids: pd.Index) -> IntArray:
    """Where the asset of each asset key stands among the sorted `ids`."""
    return ids.get_indexer(pd.Index(rows.assets["asset_id"]))


def _order(rows: CleanRows, ids: pd.Index) -> IntArray:
    """Positions of the rows that stay, by day and then asset_id; refused where two keys give one asset a day twice."""
    rank = np.append(_places(rows, ids), -1)
    place = rows.days * np.int64(len(ids)) + rank[rows.asset]
    place[rows.asset < 0] = np.iinfo(np.int64).max
    order: IntArray = place.argsort()[: np.count_nonzero(rows.asset >= 0)]
    for begin in range(0, len(order), ROWS_PER_GROUP):
        same = np.flatnonzero(np.diff(place[order[begin : begin + ROWS_PER_GROUP + 1]]) == 0)
        if len(same):
            pair = order[begin + same[0] : begin + same[0] + 2]
            keys = rows.assets.iloc[rows.asset[pair]]
            raise DataError(
                f"two rows for one day: the keys {' and '.join(map(repr, sorted(keys['key'])))} both stand for "
                f"{keys['asset_id'].iloc[0]!r}, and both have a row for {_day(rows.days[pair[0]]).date()}. "
                "Give one of them another id under [assets] in the profile."
            )
    return order


def _daily(rows: CleanRows, order: IntArray, ids: pd.Series) -> pa.RecordBatchReader:
    """The rows in `order`, some at a time."""
    schema = pa.schema(
        {
            "date": pa.date32(),
            "asset_id": pa.dictionary(pa.int32(), pa.string()),
            **dict.fromkeys(rows.numbers, pa.float64()),
        }
    )
    rank, names = _places(rows, pd.Index(ids)), pa.array(ids, pa.string())

    def batches() -> Iterator[pa.RecordBatch]:
        for begin in range(0, len(order), ROWS_PER_GROUP):
            part = order[begin : begin + ROWS_PER_GROUP]
            keys = pa.DictionaryArray.from_arrays(pa.array(rank[rows.asset[part]], pa.int32()), names)
            numbers = [pa.array(values[part], from_pandas=True) for values in rows.numbers.values()]
            dates = pa.array(rows.days[part], pa.int32()).cast(pa.date32())
            yield pa.RecordBatch.from_arrays([dates, keys, *numbers], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


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
    for rule in profile.dating:
        words += f"; the vendor's rows dated {rule.start} or later were moved by {rule.shift_days:+d} day to make it so"
    return words
