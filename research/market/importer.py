"""A vendor's table and its profile -> a snapshot. Nothing is written unless everything is right.

Reading is in `table.py`, the checks and what they do to a value in `checks.py`, profiles in `profiles.py`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market import checks
from research.market.data import DAY, LEDGER_TYPES, TAG_TYPES, empty_table
from research.market.layout import CORE_COLUMNS
from research.market.manifest import Manifest
from research.market.profiles import Asset, Profile, instant
from research.market.snapshot import write_snapshot
from research.market.table import read_vendor_table


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
        return "\n".join(lines)


def import_table(
    table: str | Path, profile: str | Path | Profile, out: str | Path, *, replace: bool = False
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
    rows = read_vendor_table(table, profile)
    rows_read = len(rows)
    retrieved_at = profile.retrieved_at or _modified(Path(table))
    rows = rows.reindex(columns=["row", "date", "key", "symbol", "name", *CORE_COLUMNS, *profile.columns.extra])
    checks.refuse_impossible_dates(rows, min(instant(retrieved_at), dt.datetime.now(dt.UTC)))
    ledger: checks.Ledger = [empty_table(LEDGER_TYPES)]
    rows = checks.drop_repeated(rows, ledger)
    rows, moved = checks.apply_dating(rows, profile.dating, ledger)
    rows = checks.set_impossible_values_missing(rows, ledger)
    rows = checks.split_after_gaps(rows, profile.split_after_gap_days, ledger)
    asset_keys = rows.set_index(["key", "date"])["asset_key"]
    ids = _asset_ids(rows["asset_key"].unique().tolist(), profile.assets)
    rows = _with_ids(checks.drop_empty(rows, ledger), ids)
    lines = _identified(pd.concat(ledger, ignore_index=True), asset_keys, ids)
    assets = _assets(rows, profile.assets)
    manifest = write_snapshot(
        out,
        daily=_daily(rows),
        assets=assets,
        tags=_tags(rows, profile.assets),
        ledger=lines,
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
        rows_moved=moved,
        assets=len(assets),
        first_date=rows["date"].min(),
        last_date=rows["date"].max(),
        ledger_counts={str(rule): int(n) for rule, n in lines["rule"].value_counts().sort_index().items()},
        unused=tuple(sorted(profile.assets.keys() - ids.keys())),
    )


def _modified(table: Path) -> str:
    moment = dt.datetime.fromtimestamp(table.stat().st_mtime, dt.UTC)
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _asset_ids(keys: list[str], known: Mapping[str, Asset]) -> dict[str, str]:
    """The asset_id of each key: the profile's where it names one, else the key in lower case."""
    return {key: (known[key].id if key in known else None) or key.lower() for key in keys}


def _with_ids(rows: pd.DataFrame, ids: Mapping[str, str]) -> pd.DataFrame:
    """Rows with an asset_id, in the order of a snapshot; refused where two keys give one asset two rows for a day."""
    rows = rows.assign(asset_id=rows["asset_key"].map(ids)).sort_values(["date", "asset_id"], kind="stable")
    doubled = rows.duplicated(["date", "asset_id"], keep=False)
    if doubled.any():
        pair = rows[doubled].head(2)
        raise DataError(
            f"two rows for one day: the keys {' and '.join(map(repr, pair['asset_key']))} both stand for "
            f"{pair['asset_id'].iloc[0]!r}, and both have a row for {pair['date'].iloc[0].date()}. "
            "Give one of them another id under [assets] in the profile."
        )
    return rows


def _identified(ledger: pd.DataFrame, asset_keys: pd.Series, ids: Mapping[str, str]) -> pd.DataFrame:
    """The ledger in order, by asset_id instead of the vendor's key; a key can be another asset on another day."""
    of_lines = pd.MultiIndex.from_frame(ledger[["asset_id", "date"]])
    ledger = ledger.assign(asset_id=[ids[key] for key in asset_keys.loc[of_lines]])
    return ledger.sort_values(["date", "asset_id", "field", "rule"], kind="stable").reset_index(drop=True)


def _assets(rows: pd.DataFrame, known: Mapping[str, Asset]) -> pd.DataFrame:
    """One line for each asset; symbol and name from the profile, else the last ones in the table, else the key."""
    priced = rows[rows["price"].notna()].groupby("asset_id")["date"]
    last = rows.groupby("asset_id")[["key", "asset_key", "symbol", "name"]].last().astype("str")
    given = {key: known.get(key, Asset()) for key in last["asset_key"]}
    symbol = last["asset_key"].map({key: asset.symbol for key, asset in given.items()}).astype("str")
    name = last["asset_key"].map({key: asset.name for key, asset in given.items()}).astype("str")
    symbol = symbol.fillna(last["symbol"]).fillna(last["key"].str.upper())
    return pd.DataFrame(
        {
            "asset_id": last.index,
            "symbol": symbol,
            "name": name.fillna(last["name"]).fillna(symbol),
            "first_date": priced.min(),
            "last_date": priced.max(),
        }
    ).reset_index(drop=True)


def _tags(rows: pd.DataFrame, known: Mapping[str, Asset]) -> pd.DataFrame:
    keys = rows.drop_duplicates("asset_key")[["asset_key", "asset_id"]].itertuples(index=False)
    tags = {(asset_id, tag) for key, asset_id in keys for tag in known.get(key, Asset()).tags}
    lines = [
        (asset_id, tag, pd.NaT, True)
        if isinstance(tag, str)
        else (asset_id, tag.tag, pd.Timestamp(tag.valid_from), False)
        for asset_id, tag in tags
    ]
    table = pd.DataFrame(lines, columns=list(TAG_TYPES)).astype(TAG_TYPES)
    return table.sort_values(["asset_id", "tag"]).reset_index(drop=True)


def _daily(rows: pd.DataFrame) -> pa.Table:
    numbers = [name for name in rows.columns if name not in (*checks.ATTRIBUTES, "asset_id")]
    arrays = {
        "date": pa.array(rows["date"].astype(DAY)).cast(pa.date32()),
        "asset_id": pa.array(rows["asset_id"].to_list(), pa.string()),
        **{name: pa.array(rows[name].to_numpy(), from_pandas=True) for name in numbers},
    }
    return pa.table(arrays)


def _convention(profile: Profile) -> str:
    """The dating rules in words."""
    words = "a price dated D is the close of UTC day D"
    for rule in profile.dating:
        words += f"; the vendor's rows dated {rule.start} or later were moved by {rule.shift_days:+d} day to make it so"
    return words
