"""What is checked when a table is imported, and what becomes of a value that fails. Pure functions on long rows.

Two answers, by what can still be known:

- It is unknown what the row means (a date in the future, two different rows for one day): the whole file is refused.
- One value cannot be right (a price of zero, or of 1e300): it is set missing, and the ledger keeps what it was. Nothing
  is estimated, filled or replaced by another value, and a missing value never becomes zero.

Sizes are not judged otherwise. An absurd cap or a jump by 100 is what the vendor published; screens decide about it at
their own date, with what was known then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.data import LEDGER_TYPES
from research.market.imports.profiles import DatingRule
from research.market.layout import ROW_ATTRIBUTES, value_range

EARLIEST = pd.Timestamp("2009-01-03")  # bitcoin's first block: there is no earlier price
Ledger = list[pd.DataFrame]


def value_columns(rows: pd.DataFrame) -> list[str]:
    """The columns that hold numbers."""
    return [name for name in rows.columns if name not in ROW_ATTRIBUTES]


def apply_dating(rows: pd.DataFrame, rules: tuple[DatingRule, ...]) -> tuple[pd.DataFrame, int]:
    """Give each row the day whose close it has, and the number of its rule (0: none) as `dated_by`; count the moved."""
    rule = np.searchsorted(
        np.array([r.start for r in rules], dtype="datetime64[us]"), rows["date"].to_numpy(), side="right"
    )
    shifts = np.array([0, *(r.shift_days for r in rules)])[rule]
    return rows.assign(date=rows["date"] + pd.to_timedelta(shifts, unit="D"), dated_by=rule), int((shifts != 0).sum())


def refuse_impossible_days(rows: pd.DataFrame, retrieved: dt.datetime) -> None:
    """Raise DataError for the close of a day that had not ended at `retrieved`, or that lies before the first prices.

    Rows have the day whose close they are (`apply_dating`).
    """
    last = pd.Timestamp(retrieved).tz_convert("UTC").tz_localize(None).normalize() - pd.Timedelta(days=1)
    wrong = (rows["date"] > last) | (rows["date"] < EARLIEST)
    if wrong.any():
        row = rows[wrong].iloc[0]
        raise DataError(
            f"row {row['row']} ({row['key']}) is the close of {row['date'].date()}, expected {EARLIEST.date()} to "
            f"{last.date()}, the last UTC day that had ended when the table was retrieved "
            f"({retrieved:%Y-%m-%d %H:%M} UTC). Remove the row, or correct its date or the profile's retrieved_at."
        )


def drop_repeated(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Keep one of several identical rows for one asset and day; refuse the table if they differ."""
    numbers = value_columns(rows)
    repeated = rows.duplicated(["key", "date", "dated_by"])
    identical = rows.duplicated(["key", "date", "dated_by", *numbers])
    if (repeated & ~identical).any():
        second = rows[repeated & ~identical].iloc[0]
        same = (rows[["key", "date", "dated_by"]] == second[["key", "date", "dated_by"]]).all(axis=1)
        first = rows[same].iloc[0]
        differing = [name for name in numbers if first[name] != second[name]]
        raise DataError(
            f"two rows for one day: {second['key']!r} on {second['date'].date()} in rows {first['row']} and "
            f"{second['row']}, with {differing[0]} {first[differing[0]]} and {second[differing[0]]}. "
            "Remove the wrong one; if they are two assets, say so in a table of identities (data/README.md)."
        )
    note(ledger, rows[identical], "row", "repeated row dropped", rows.loc[identical, "row"].astype("str"))
    return rows[~identical]


def drop_second_closes(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Where the vendor's dating changes, two rows can be the close of the same day: keep the one under the old rule.

    The last row under the old rule and the first under the new are both there; the ledger has the values of both.
    """
    rows = rows.sort_values(["key", "date", "dated_by"], kind="stable")
    second = rows.duplicated(["key", "date"])
    kept = rows.shift()[second]
    for name in value_columns(rows):
        rule = "second row for this close, where the vendor's dating changes"
        note(ledger, rows[second], name, rule, rows.loc[second, name], kept[name])
    return rows[~second]


def set_impossible_values_missing(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Prices and caps must be positive, volumes not negative, all finite and in `RANGES`; a cap needs a price."""
    rows = rows.copy()
    for name in value_columns(rows):
        _set_missing(rows, name, np.isinf(rows[name]), f"{name} not finite", ledger)
        if name in ("price", "market_cap"):
            _set_missing(rows, name, rows[name] <= 0, f"{name} not positive", ledger)
        elif name == "volume":
            _set_missing(rows, name, rows[name] < 0, f"{name} negative", ledger)
        low, high = value_range(name)
        rule = f"{name} not from {low:g} to {high:g}"
        _set_missing(rows, name, (rows[name] < low) | (rows[name] > high), rule, ledger)
    _set_missing(rows, "market_cap", rows["market_cap"].notna() & rows["price"].isna(), "cap without price", ledger)
    return rows


def split_after_gaps(
    rows: pd.DataFrame, longest: int | None, keys: Set[str], ledger: Ledger, *, whole: Set[str] = frozenset()
) -> pd.DataFrame:
    """Give each row the key of its asset, in the column `asset_key`; `keys` are those of the whole table.

    Those in `whole` are never split: a person has decided about them.

    A key whose prices resume after more than `longest` days is a new asset from then on: `etc`, then `etc-2`.

    Only the gap decides, and it is known on the day of resumption. Two assets that share a ticker one after the
    other are thus never spliced; one that the vendor lost for so long loses its history, which is the safer mistake.
    """
    if longest is None:
        return rows.assign(asset_key=rows["key"])
    rows = rows.sort_values(["key", "date"], kind="stable")
    priced = rows.loc[rows["price"].notna(), ["key", "date"]]
    gap = priced.groupby("key")["date"].diff().dt.days
    resumes = (gap > longest).reindex(rows.index, fill_value=False) & ~rows["key"].isin(whole)
    number = resumes.groupby(rows["key"]).cumsum() + 1
    split = rows.assign(asset_key=rows["key"].where(number == 1, rows["key"] + "-" + number.astype("str")))
    rule = f"prices resume after more than {longest} days: a new asset"
    taken = set(split.loc[resumes, "asset_key"]) & keys
    if taken:
        raise DataError(
            f"after a gap, new assets would be called {sorted(taken)}, but the table has such keys already. "
            "Raise split_after_gap_days in the profile, or rename them in the table."
        )
    note(ledger, rows[resumes], "asset_id", rule, rows.loc[resumes, "key"], split.loc[resumes, "asset_key"])
    return split


def drop_empty(rows: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Drop rows without any value, and assets that never have a price."""
    rows = rows[rows[value_columns(rows)].notna().any(axis=1)]
    priced = rows["price"].notna().groupby(rows["asset_key"]).transform("any")
    last = rows[~priced].drop_duplicates("asset_key", keep="last")
    note(ledger, last, "asset_id", "asset without any price dropped", last["asset_key"])
    return rows[priced]


def note(
    ledger: Ledger, rows: pd.DataFrame, field: str, rule: str, old: pd.Series, new: pd.Series | None = None
) -> None:
    """Add a line to the ledger for each of `rows`; values are written as text, missing ones stay missing."""
    lines = {
        "date": rows["date"],
        "asset_id": rows["key"],
        "field": field,
        "rule": rule,
        "old": old.map(_text, na_action="ignore"),
        "new": None if new is None else new.map(_text, na_action="ignore"),
    }
    ledger.append(pd.DataFrame(lines, index=rows.index).astype(LEDGER_TYPES))


def _set_missing(rows: pd.DataFrame, name: str, wrong: pd.Series, rule: str, ledger: Ledger) -> None:
    note(ledger, rows[wrong], name, rule, rows.loc[wrong, name])
    rows.loc[wrong, name] = np.nan


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(float(value))  # type: ignore[arg-type]
