"""A vendor's rows, checked and given their assets and days: the checks of `checks.py`, some keys at a time.

Every check looks at one key alone, so that the arrays they work on are small, however large the table is. What passes
is kept by day, for the snapshot; what does not is a line of the ledger.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market.imports.cleaning import checks
from research.market.imports.cleaning.checks import Block
from research.market.imports.cleaning.held_back import hold_back_values
from research.market.imports.cleaning.identities import UNDECIDED, Identities
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.rows import refuse_many_texts
from research.market.imports.reading.runs import Columns, SortedRuns
from research.market.imports.reading.table import VendorTable
from research.market.layout import CORE_COLUMNS
from research.market.tables import DAY, LEDGER_TYPES, empty_table
from research.typing import BoolArray, FloatArray, IntArray

ROWS_AT_A_TIME = 1 << 18


@dataclass(frozen=True, kw_only=True, eq=False)
class CleanRows:
    """Rows as a snapshot has them.

    Attributes
    ----------
    by_day : SortedRuns
        By the column day (int32, days since 1970-01-01: the day whose close a row is). Further columns: asset (int32,
        position in `assets`) and the vendor's numbers (float64; NaN where there is no value).
    numbers : tuple of str
        The columns of numbers that the snapshot has, those too that the vendor lacks.
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

    by_day: SortedRuns
    numbers: tuple[str, ...]
    assets: pd.DataFrame
    ledger: pd.DataFrame
    matched: frozenset[str]
    moved: int


def clean(
    table: VendorTable,
    profile: Profile,
    retrieved: dt.datetime,
    scratch: Callable[[], Path],
    continues: pd.DataFrame | None = None,
    identities: Identities = UNDECIDED,
) -> CleanRows:
    """Check every row, and give each its asset and its day. The rows of `table` are used up.

    `continues` is the table of the assets of the snapshot that the rows continue, if they do; `identities` are what a
    person has decided about keys.

    Raises
    ------
    DataError
        If it is not known what a row means (see `checks.py`), if no row has a price, or if two keys give one asset_id
        without the profile saying so of both.
    """
    by_day = SortedRuns("day", "by-day", scratch)
    names = tuple(dict.fromkeys([*CORE_COLUMNS, *table.numbers]))
    seen: list[pd.DataFrame] = []
    lines: list[pa.Table] = []
    matched: set[str] = set()
    moved = known = 0
    known_assets, keys = identities.assets(profile.assets), identities.keys(table.texts)
    before = _periods(keys, known_assets, continues)
    for part in table.rows.blocks(ROWS_AT_A_TIME):
        block, moved_here = _block(part, table, profile, names, identities)
        _check(block, profile, retrieved, before)
        matched.update(block.asset_keys)
        moved += moved_here
        last, place = _assets(block, table.texts)
        numbers = {name: block.numbers[name][block.kept] for name in table.numbers}
        asset = (known + place[block.asset[block.kept]]).astype(np.int32)
        by_day.add({"day": block.day[block.kept], "asset": asset, **numbers})
        seen.append(last)
        known += len(last)
        lines += _ledger(block, known_assets)
        count = sum(part.num_rows for part in lines)
        refuse_many_texts(table.files[0].label, sum(map(len, table.texts.values())), lines=count)
    if not known:
        raise DataError("no row has a price that can be used. Nothing to import; is the right column in the profile?")
    assets = pd.concat(seen, ignore_index=True)
    assets["asset_id"] = [asset_id(key, known_assets) for key in assets["asset_key"]]
    _refuse_unsaid_unions(assets, known_assets)
    return CleanRows(
        by_day=by_day,
        numbers=names,
        assets=assets,
        ledger=_sorted_ledger(lines),
        matched=frozenset(matched),
        moved=moved,
    )


def asset_id(key: str, known: Mapping[str, Asset]) -> str:
    """The profile's id of a key where it names one, else the key in lower case."""
    return (known[key].id if key in known else None) or key.lower()


def _block(
    part: Columns, table: VendorTable, profile: Profile, names: tuple[str, ...], identities: Identities
) -> tuple[Block, int]:
    """The rows of some keys in order, with every column of the snapshot; and how many of them were moved."""
    day, dated_by = checks.apply_dating(part["day"], profile.dating)
    moved = int((day != part["day"]).sum())
    first, last = int(day.min()), int(day.max())
    decided = identities.which(part | {"day": day}, table.texts, profile.assets)
    key = identities.keyed(part["key"], decided, table.texts["key"])
    place = key * np.int64(last - first + 1) + (day - first)
    place = place * (len(profile.dating) + 1) + dated_by
    order = slice(None) if (place[1:] >= place[:-1]).all() else place.argsort(kind="stable")
    block = Block(
        row=part["row"][order],
        day=day[order],
        dated_by=dated_by[order],
        key=key[order],
        texts={name: part[name][order] for name in table.texts if name != "key"},
        numbers={name: part[name][order] if name in part else np.full(len(day), np.nan) for name in names},
        keys=identities.keys(table.texts),
        files=[file.label for file in table.files],
        vendor_key=part["key"][order],
        whole_from=len(table.texts["key"]),
    )
    block.notes += identities.notes(decided[order])
    return block, moved


def _check(block: Block, profile: Profile, retrieved: dt.datetime, before: checks.Periods) -> None:
    checks.refuse_impossible_days(block, retrieved)
    checks.drop_repeated(block)
    checks.drop_second_closes(block)
    block.notes += checks.set_impossible_values_missing(block.numbers, block.kept)
    checks.split_after_gaps(block, profile.split_after_gap_days, before)
    hold_back_values(block, profile.hold_back)
    checks.drop_empty(block, before)


def _periods(keys: list[str], known: Mapping[str, Asset], continues: pd.DataFrame | None) -> checks.Periods:
    """First and last day of each asset that a key was in the snapshot that is continued: `etc`, `etc-2`, ..."""
    if continues is None:
        return {}
    priced = continues.dropna(subset=["first_date"])
    first, last = (priced[name].to_numpy().astype("datetime64[D]").astype(int) for name in ("first_date", "last_date"))
    days = dict(zip(priced["asset_id"], zip(first, last, strict=True), strict=True))
    found = {}
    for key in keys:
        ids = (asset_id(checks.numbered(key, place), known) for place in itertools.count(1))
        found[key] = [days[name] for name in itertools.takewhile(days.__contains__, ids)]
    return {key: periods for key, periods in found.items() if periods}


def _assets(block: Block, texts: Mapping[str, list[str]]) -> tuple[pd.DataFrame, IntArray]:
    """One line for each asset that has rows, as in `CleanRows`; and the place of each asset of the block among them."""
    priced = block.kept & ~np.isnan(block.numbers["price"])
    last_row = _last(block, block.kept)
    there = last_row >= 0
    table: dict[str, Any] = {
        "asset_key": [key for key, some in zip(block.asset_keys, there, strict=True) if some],
        "key": [block.keys[key] for key in block.vendor_key[last_row[there]]],
    }
    for name in ("symbol", "name"):
        codes = block.texts.get(name, np.full(len(priced), -1))
        rows = _last(block, block.kept & (codes >= 0))[there]
        table[name] = [texts[name][codes[row]] if row >= 0 else None for row in rows]
    rows_of = {"last_row": last_row, "first_date": _first(block, priced), "last_date": _last(block, priced)}
    days = np.append(block.day.astype("datetime64[D]"), np.datetime64("NaT"))  # found at -1: no such row
    table |= {name: days[rows[there]] for name, rows in rows_of.items()}
    types = dict.fromkeys(("asset_key", "key", "symbol", "name"), "str")
    types |= dict.fromkeys(("last_row", "first_date", "last_date"), DAY)
    return pd.DataFrame(table).astype(types), there.cumsum() - 1


def _last(block: Block, chosen: BoolArray) -> IntArray:
    """The last of the chosen rows of each asset; -1: none."""
    last = np.full(len(block.asset_keys), -1)
    places = np.flatnonzero(chosen)
    last[block.asset[places]] = places  # of several values for one place, the last one stays
    return last


def _first(block: Block, chosen: BoolArray) -> IntArray:
    """The first of the chosen rows of each asset; -1: none."""
    first = np.full(len(block.asset_keys), -1)
    places = np.flatnonzero(chosen)[::-1]
    first[block.asset[places]] = places
    return first


def _refuse_unsaid_unions(assets: pd.DataFrame, known: Mapping[str, Asset]) -> None:
    """Two keys can be one asset (a ticker that changed), but only where the profile gives both the id."""
    twice = assets[assets.duplicated("asset_id", keep=False)].sort_values("asset_key")
    for name, keys in twice.groupby("asset_id")["asset_key"]:
        unsaid = [key for key in keys if key not in known or known[key].id is None]
        if unsaid:
            raise DataError(
                f"the keys {' and '.join(map(repr, keys))} would both become the asset {name!r}. If they are one, "
                f"give each of them id = {name!r} under [assets] in the profile; if not, give {unsaid[0]!r} another id."
            )


def _ledger(block: Block, known: Mapping[str, Asset]) -> list[pa.Table]:
    """The block's notes by asset_id (a key can be another asset on another day), each different text once."""
    ids = pa.array([asset_id(key, known) for key in block.asset_keys]).dictionary_encode()
    keys = pa.array(block.asset_keys)
    tables = []
    for note in block.notes:
        asset = pa.array(block.asset[note.rows], pa.int32())
        columns = {
            "date": pa.array(block.day[note.rows], pa.int32()).cast(pa.date32()),
            "asset_id": ids.take(asset),
            "field": written([note.field] * len(asset)),
            "rule": written([note.rule] * len(asset)),
            "old": written(note.old),
            "new": written([None] * len(asset) if note.new is None else note.new),
            "asset_key": pa.DictionaryArray.from_arrays(asset, keys),
        }
        if len(asset):
            tables.append(pa.table(columns))
    return tables


def written(values: FloatArray | Sequence[str | None]) -> pa.DictionaryArray:
    """Values as the ledger has them: texts, each different one once; missing ones stay missing."""
    if not isinstance(values, np.ndarray):
        return pa.array(values, pa.string()).dictionary_encode()
    bits, places = np.unique(values.view(np.int64), return_inverse=True)  # -0.0 is written otherwise than 0.0
    words = pa.array([repr(value) for value in bits.view(np.float64).tolist()], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32), mask=np.isnan(values)), words)


def _sorted_ledger(lines: list[pa.Table]) -> pd.DataFrame:
    """By date, asset_id, field and rule; where keys are one asset by key; then by row, as it was noted."""
    if not lines:
        return empty_table(LEDGER_TYPES)
    frame = pa.concat_tables(lines).unify_dictionaries().to_pandas(date_as_object=False)
    lines.clear()
    for name in frame.select_dtypes("category"):
        frame[name] = frame[name].cat.reorder_categories(sorted(frame[name].cat.categories))
    columns = [frame[name].cat.codes for name in ("asset_key", "rule", "field", "asset_id")]
    order = np.lexsort([*columns, frame["date"]])
    ordered: pd.DataFrame = frame.take(order).drop(columns="asset_key").reset_index(drop=True)
    return ordered
