"""A vendor's rows, checked and given their assets and days: the checks of `checks.py`, some assets at a time.

Every check looks at one key alone, so that the frames they work on are small, however large the table is. What passes
takes the place of the vendor's values in the columns of the table; what does not is a line of the ledger.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market.data import LEDGER_TYPES, empty_table
from research.market.imports import checks
from research.market.imports.held_back import hold_back_values
from research.market.imports.identities import UNDECIDED, Identities
from research.market.imports.profiles import Asset, Profile
from research.market.imports.reading import refuse_many_rows
from research.market.imports.table import VendorTable
from research.market.layout import CORE_COLUMNS, LEDGER, SCHEMAS
from research.typing import FloatArray, IntArray

ROWS_AT_A_TIME = 100_000  # also the most that one key can have: there are fewer than 10,000 days since 2009


@dataclass(frozen=True, kw_only=True, eq=False)
class CleanRows:
    """Rows as a snapshot has them, by column, still in the order of the vendor's file.

    Attributes
    ----------
    days : int32, shape (rows,)
        The day whose close a row is, as days since 1970-01-01.
    asset : int32, shape (rows,)
        Position of the row's asset in `assets`; -1 where the row was dropped.
    numbers : dict of str to float64, shape (rows,)
        price, market_cap, volume and the profile's further columns; NaN where there is no value.
    assets : DataFrame
        One line for each asset key: asset_key, asset_id, key, symbol, name (or missing), first_date and last_date (of
        prices), last_row (date of the last row).
    ledger : DataFrame
        The columns of `MarketData.ledger`; texts are categories.
    matched : frozenset of str
        Every asset key of the table, those without any price too.
    moved : int
        Rows that a dating rule gave another day.
    """

    days: np.ndarray
    asset: np.ndarray
    numbers: dict[str, FloatArray]
    assets: pd.DataFrame
    ledger: pd.DataFrame
    matched: frozenset[str]
    moved: int


def clean(
    table: VendorTable, profile: Profile, retrieved: dt.datetime, identities: Identities = UNDECIDED
) -> CleanRows:
    """Check every row, and give each its asset and its day. The arrays of `table` are used up.

    Raises
    ------
    DataError
        If it is not known what a row means (see `checks.py`), if no row has a price, or if two keys give one asset_id
        without the profile saying so of both.
    """
    codes, keys = table.texts["key"]
    identities.check_keys(keys, has_names="name" in table.texts)
    known_assets = identities.assets(profile.assets)
    asset = np.full(len(codes), -1, dtype=np.int32)
    numbers = {name: table.numbers.get(name) for name in dict.fromkeys([*CORE_COLUMNS, *profile.columns.numbers])}
    arrays = {name: np.full(len(codes), np.nan) if values is None else values for name, values in numbers.items()}
    seen: list[pd.DataFrame] = []
    lines: list[pa.Table] = []
    matched: set[str] = set()
    moved = known = 0
    for positions in _blocks(codes, keys):
        ledger: checks.Ledger = [empty_table(LEDGER_TYPES)]
        rows = _with_all_columns(table.rows(positions), list(arrays))
        rows, moved_here, asset_keys = _checked(rows, profile, retrieved, identities, frozenset(keys), ledger)
        moved += moved_here
        matched.update(asset_keys.unique())
        last = _assets(rows)
        places = rows["row"].to_numpy() - 1
        asset[places] = known + pd.Index(last["asset_key"]).get_indexer(rows["asset_key"])
        table.days[places] = rows["date"].to_numpy().astype("datetime64[D]").astype(np.int32)
        for name, values in arrays.items():
            values[places] = rows[name]
        seen.append(last)
        known += len(last)
        lines.append(_identified(pd.concat(ledger, ignore_index=True), asset_keys, known_assets))
        count = sum(part.num_rows for part in lines)
        refuse_many_rows(table.path, len(codes), numbers=len(arrays), texts=len(keys), lines=count)
    if not known:
        raise DataError("no row has a price that can be used. Nothing to import; is the right column in the profile?")
    assets = pd.concat(seen, ignore_index=True)
    assets["asset_id"] = [asset_id(key, known_assets) for key in assets["asset_key"]]
    _refuse_unsaid_unions(assets, known_assets)
    return CleanRows(
        days=table.days,
        asset=asset,
        numbers=arrays,
        assets=assets,
        ledger=_sorted_ledger(lines),
        matched=frozenset(matched),
        moved=moved,
    )


def asset_id(key: str, known: Mapping[str, Asset]) -> str:
    """The profile's id of a key where it names one, else the key in lower case."""
    return (known[key].id if key in known else None) or key.lower()


def _blocks(codes: np.ndarray, keys: list[str]) -> Iterator[IntArray]:
    """Positions of rows, all rows of some keys at a time; within a key in the order of the file."""
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=len(keys))
    if counts.max() > ROWS_AT_A_TIME:
        raise DataError(
            f"{keys[int(counts.argmax())]!r} has {counts.max():,} rows, far more than there are days since 2009: "
            "expected one row for each asset and day."
        )
    ends = counts.cumsum()
    begin = 0
    while begin < len(order):
        last = int(np.searchsorted(ends, begin + ROWS_AT_A_TIME, side="right")) - 1
        yield order[begin : ends[last]]
        begin = int(ends[last])


def _with_all_columns(rows: pd.DataFrame, numbers: list[str]) -> pd.DataFrame:
    rows = rows.reindex(columns=["row", "date", "key", "symbol", "name", *numbers])
    return rows.astype({"symbol": "str", "name": "str", **dict.fromkeys(numbers, "float64")})


def _checked(
    rows: pd.DataFrame,
    profile: Profile,
    retrieved: dt.datetime,
    identities: Identities,
    keys: frozenset[str],
    ledger: checks.Ledger,
) -> tuple[pd.DataFrame, int, pd.Series]:
    """The rows that stay; how many were moved; the asset key of each (key, date), dropped ones too."""
    rows, moved = checks.apply_dating(rows, profile.dating)
    checks.refuse_impossible_days(rows, retrieved)
    rows = identities.apply(rows, profile.assets, ledger)
    rows = checks.drop_second_closes(checks.drop_repeated(rows, ledger), ledger)
    rows = checks.set_impossible_values_missing(rows, ledger)
    rows = checks.split_after_gaps(rows, profile.split_after_gap_days, keys, ledger, whole=identities.ids)
    rows = hold_back_values(rows, profile.hold_back, ledger)
    asset_keys = rows.set_index(["key", "date"])["asset_key"]
    return checks.drop_empty(rows, ledger), moved, asset_keys


def _assets(rows: pd.DataFrame) -> pd.DataFrame:
    """One line for each asset key: the last key, symbol and name of its rows, its first and last day with a price."""
    rows = rows.sort_values("date", kind="stable")
    last = rows.groupby("asset_key")[["vendor_key", "symbol", "name", "date"]].last()
    last = last.rename(columns={"date": "last_row", "vendor_key": "key"})
    priced = rows[rows["price"].notna()].groupby("asset_key")["date"]
    return last.assign(first_date=priced.min(), last_date=priced.max()).reset_index()


def _refuse_unsaid_unions(assets: pd.DataFrame, known: Mapping[str, Asset]) -> None:
    """Two keys can be one asset (a ticker that changed), but only where the profile gives both the id."""
    for name, keys in assets.groupby("asset_id")["asset_key"]:
        unsaid = [key for key in keys if key not in known or known[key].id is None]
        if len(keys) > 1 and unsaid:
            raise DataError(
                f"the keys {' and '.join(map(repr, keys))} would both become the asset {name!r}. If they are one, "
                f"give each of them id = {name!r} under [assets] in the profile; if not, give {unsaid[0]!r} another id."
            )


def _identified(ledger: pd.DataFrame, asset_keys: pd.Series, known: Mapping[str, Asset]) -> pa.Table:
    """The ledger by asset_id instead of the vendor's key (a key can be another asset on another day), packed."""
    of_lines = pd.MultiIndex.from_frame(ledger[["asset_id", "date"]])
    ids = {key: asset_id(key, known) for key in asset_keys.unique()}
    ledger = ledger.assign(asset_id=asset_keys.loc[of_lines].map(ids).to_numpy())
    table = pa.Table.from_pandas(ledger, schema=SCHEMAS[LEDGER], preserve_index=False)
    packed = [column if pa.types.is_date32(column.type) else column.dictionary_encode() for column in table.columns]
    return pa.table(packed, names=table.schema.names)


def _sorted_ledger(lines: list[pa.Table]) -> pd.DataFrame:
    frame = pa.concat_tables(lines).unify_dictionaries().to_pandas(date_as_object=False)
    lines.clear()
    for name in frame.select_dtypes("category"):
        frame[name] = frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
    columns = [frame[name].cat.codes for name in ("rule", "field", "asset_id")]
    order = np.lexsort([*columns, frame["date"]])
    ordered: pd.DataFrame = frame.take(order).reset_index(drop=True)
    return ordered
