"""What is checked when a table is imported, and what becomes of a value that fails: functions on the rows of some keys.

Two answers, by what can still be known:

- It is unknown what the row means (a date in the future, two different rows for one day): the whole file is refused.
- One value cannot be right (a price of zero, or of 1e300): it is set missing, and the ledger keeps what it was. Nothing
  is estimated, filled or replaced by another value, and a missing value never becomes zero.

Sizes are not judged otherwise. An absurd cap or a jump by 100 is what the vendor published; screens decide about it at
their own date, with what was known then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from research.errors import DataError
from research.market.imports.profile.sections import DatingRule
from research.market.imports.reading.closes import dated
from research.market.imports.reading.table import ROW_BITS
from research.market.layout import value_range
from research.typing import BoolArray, FloatArray, IntArray

Periods = Mapping[str, list[tuple[int, int]]]  # by key, the first and last day with a price of each of its assets
EARLIEST = np.datetime64("2009-01-03", "D")  # bitcoin's first block: there is no earlier price
_NEVER = 1 << 40  # days: no price lies long after it


@dataclass(frozen=True, kw_only=True, eq=False)
class Note:
    """Lines of the ledger: positions of the rows, field, rule, and each row's value before and after."""

    rows: IntArray
    field: str
    rule: str
    old: FloatArray | list[str]
    new: FloatArray | list[str] | None = None


@dataclass(kw_only=True, eq=False)
class Block:
    """All rows of some keys, by column, sorted by key, day, dating rule and row. What fails a check is taken out of it.

    Attributes
    ----------
    row : int64
        Which row of which file it is (`ROW_BITS` of `reading/table.py`).
    day : int32
        The day whose close a row is, as days since 1970-01-01.
    dated_by : int64
        Number of the dating rule that gave it that day; 0: none.
    key : int32
        Number of the vendor's key; `symbol` and `name` alike, -1 where there is none.
    texts : dict of str to int32
    numbers : dict of str to float64
        Every column of the snapshot; NaN where there is no value.
    keys : list of str
        The vendor's keys by their numbers, those of the whole table.
    files : list of str
        The vendor's files by their numbers, as messages name them.
    kept : bool
        False where the row was dropped.
    asset : int64
        Which asset of the block the row belongs to, counted from 0 (see `split_after_gaps`).
    asset_keys : list of str
        The asset keys of these.
    notes : list of Note
        Lines for the ledger.
    vendor_key : int32
        The vendor's own key, where a table of identities has put an asset's id in its place.
    whole_from : int
        Keys of this number and above are such ids, and never split.
    """

    row: IntArray
    day: np.ndarray
    dated_by: IntArray
    key: np.ndarray
    texts: dict[str, np.ndarray]
    numbers: dict[str, FloatArray]
    keys: list[str]
    files: list[str]
    kept: BoolArray = field(init=False)
    asset: IntArray = field(init=False)
    asset_keys: list[str] = field(init=False)
    notes: list[Note] = field(default_factory=list)
    vendor_key: np.ndarray
    whole_from: int

    def __post_init__(self) -> None:
        self.kept = np.ones(len(self.row), dtype=bool)

    def row_name(self, position: int) -> str:
        """A row as messages name it: its number, and its file where there are several."""
        file, number = divmod(int(self.row[position]), 1 << ROW_BITS)
        return f"{number} of {self.files[file]}" if len(self.files) > 1 else f"{number}"


def apply_dating(days: np.ndarray, rules: tuple[DatingRule, ...]) -> tuple[np.ndarray, IntArray]:
    """The day whose close each row is, and the number of its rule (0: none); `days` are the vendor's dates."""
    number, shifts = dated(days, rules)
    return (days + shifts).astype(days.dtype), number


def refuse_impossible_days(block: Block, retrieved: dt.datetime) -> None:
    """Raise DataError for the close of a day that had not ended at `retrieved`, or before the first prices."""
    ended = np.datetime64(retrieved.astimezone(dt.UTC).date(), "D") - 1
    wrong = np.flatnonzero((block.day > ended.astype(np.int64)) | (block.day < EARLIEST.astype(np.int64)))
    if len(wrong):
        first = wrong[block.row[wrong].argmin()]
        raise DataError(
            f"row {block.row_name(first)} ({block.keys[block.key[first]]}) is the close of {_date(block.day[first])}, "
            f"expected {EARLIEST} to {ended}, the last UTC day that had ended when the table was retrieved "
            f"({retrieved:%Y-%m-%d %H:%M} UTC). Remove the row, or correct its date or the profile's retrieved_at."
        )


def drop_repeated(block: Block) -> None:
    """Keep one of several identical rows for one asset and day; refuse the table if they differ."""
    same = _as_above(block.key, block.day, block.dated_by)
    repeated = np.flatnonzero(same)
    if not len(repeated):
        return
    first = _first_of_each(same)[repeated]
    differs = {name: _differ(values[first], values[repeated]) for name, values in block.numbers.items()}
    wrong = np.flatnonzero(np.logical_or.reduce(list(differs.values())))
    if len(wrong):
        place = wrong[block.row[repeated[wrong]].argmin()]
        one, other = first[place], repeated[place]
        name = next(name for name, differ in differs.items() if differ[place])
        values = block.numbers[name]
        raise DataError(
            f"two rows for one day: {block.keys[block.key[other]]!r} on {_date(block.day[other])} in rows "
            f"{block.row_name(one)} and {block.row_name(other)}, with {name} {values[one]} and {values[other]}. Remove "
            "the wrong one from the table; if it has several rows a day on purpose, say so with intraday under [dates] "
            "of the profile; if they are two assets, in a table of identities."
        )
    block.kept[repeated] = False
    numbers = [str(row) for row in block.row[repeated] % (1 << ROW_BITS)]
    block.notes.append(Note(rows=repeated, field="row", rule="repeated row dropped", old=numbers))


def drop_second_closes(block: Block) -> None:
    """Where the vendor's dating changes, two rows can be the close of the same day: keep the one under the old rule.

    The last row under the old rule and the first under the new are both there; the ledger has the values of both.
    """
    same = _as_above(block.key, block.day)
    second = np.flatnonzero(same & block.kept)
    first = _first_of_each(same)[second]
    for name, values in block.numbers.items():
        rule = "second row for this close, where the vendor's dating changes"
        block.notes.append(Note(rows=second, field=name, rule=rule, old=values[second], new=values[first]))
    block.kept[second] = False


def set_impossible_values_missing(numbers: Mapping[str, FloatArray], kept: BoolArray) -> list[Note]:
    """Prices and caps must be positive, volumes not negative, all finite and in `RANGES`; a cap needs a price.

    In place, in rows that are `kept`; returns what the ledger has to say of it.
    """
    notes = []
    for name, values in numbers.items():
        low, high = value_range(name)
        wrong = np.flatnonzero(((values < low) | (values > high)) & kept)
        for rule, broken in _rules_broken(name, values[wrong]):
            notes.append(Note(rows=wrong[broken], field=name, rule=rule, old=values[wrong[broken]]))
        values[wrong] = np.nan
    caps = numbers["market_cap"]
    alone = np.flatnonzero(~np.isnan(caps) & np.isnan(numbers["price"]) & kept)
    notes.append(Note(rows=alone, field="market_cap", rule="cap without price", old=caps[alone]))
    caps[alone] = np.nan
    return notes


def split_after_gaps(block: Block, longest: int | None, known: Periods) -> None:
    """Say which asset each row belongs to: its key's, or a new one after a gap in the key's prices.

    A key whose prices resume after more than `longest` days is a new asset from then on: `etc`, then `etc-2`. Where the
    table continues a snapshot, `known` has the first and last day of each asset of a key there, in order.

    Only the gap decides, and it is known on the day of resumption. Two assets that share a ticker one after the
    other are thus never spliced; one that the vendor lost for so long loses its history, which is the safer mistake.
    """
    new_key = ~_as_above(block.key)
    resumes = np.zeros(len(new_key), dtype=bool)
    number = np.ones(len(new_key), dtype=np.int64)
    if longest is not None:
        earlier, last_price = _assets_before(block, np.flatnonzero(new_key), known)
        of_key = new_key.cumsum() - 1
        priced = np.flatnonzero(block.kept & ~np.isnan(block.numbers["price"]))
        days, previous = block.day[priced], last_price[of_key[priced]]
        again = np.flatnonzero(_as_above(block.key[priced]))
        previous[again] = days[again - 1]
        resumes[priced[(days - previous > longest) & (block.key[priced] < block.whole_from)]] = True
        splits = resumes.cumsum()
        number = earlier[of_key] + splits - (splits - resumes)[_first_of_each(~new_key)]
    begins = np.flatnonzero(new_key | resumes)
    block.asset = (new_key | resumes).cumsum() - 1
    keys = [block.keys[key] for key in block.key[begins]]
    block.asset_keys = [numbered(key, n) for key, n in zip(keys, number[begins], strict=True)]
    places = np.flatnonzero(resumes[begins])
    made = [block.asset_keys[place] for place in places]
    taken = set(made).intersection(block.keys) if made else set()
    if taken:
        raise DataError(
            f"after a gap, new assets would be called {sorted(taken)}, but the table has such keys already. "
            "Raise split_after_gap_days in the profile, or rename them in the table."
        )
    rule = f"prices resume after more than {longest} days: a new asset"
    block.notes.append(
        Note(rows=begins[places], field="asset_id", rule=rule, old=[keys[place] for place in places], new=made)
    )


def drop_empty(block: Block, known: Periods) -> None:
    """Drop rows without any value, and assets that never have a price, here or before (`known`)."""
    block.kept &= np.logical_or.reduce([~np.isnan(values) for values in block.numbers.values()])
    priced = np.zeros(len(block.asset_keys), dtype=bool)
    priced[block.asset[block.kept & ~np.isnan(block.numbers["price"])]] = True
    before = {numbered(key, place + 1) for key, periods in known.items() for place in range(len(periods))}
    priced |= [key in before for key in block.asset_keys]
    without = np.flatnonzero(block.kept & ~priced[block.asset])
    last = without[~_as_above(block.asset[without][::-1])[::-1]]
    names = [block.asset_keys[asset] for asset in block.asset[last]]
    block.notes.append(Note(rows=last, field="asset_id", rule="asset without any price dropped", old=names))
    block.kept[without] = False


def numbered(key: str, number: int) -> str:
    """The asset key of the first, second, ... asset that a key stands for."""
    return key if number == 1 else f"{key}-{number}"


def _assets_before(block: Block, starts: IntArray, known: Periods) -> tuple[IntArray, IntArray]:
    """By key: which of its assets comes first, and the last price of that one in the snapshot that is continued."""
    number, last_price = np.ones(len(starts), dtype=np.int64), np.full(len(starts), _NEVER)
    for place, start in enumerate(starts) if known else ():
        periods = known.get(block.keys[block.key[start]], [])
        if periods:
            number[place] = max(1, sum(first <= block.day[start] for first, _ in periods))
            last_price[place] = periods[number[place] - 1][1]
    return number, last_price


def _rules_broken(name: str, values: FloatArray) -> Iterator[tuple[str, BoolArray]]:
    """Each rule that values outside of their range break, and which of them; a value breaks one rule."""
    low, high = value_range(name)
    left = np.ones(len(values), dtype=bool)
    rules = [(f"{name} not finite", np.isinf(values))]
    if name in ("price", "market_cap"):
        rules.append((f"{name} not positive", values <= 0))
    elif name == "volume":
        rules.append((f"{name} negative", values < 0))
    for rule, broken in [*rules, (f"{name} not from {low:g} to {high:g}", left.copy())]:
        yield rule, broken & left
        left &= ~broken


def _as_above(*columns: np.ndarray) -> BoolArray:
    """Whether a row has the same values as the one above it; the first has not."""
    same = np.ones(len(columns[0]), dtype=bool)
    same[:1] = False
    for values in columns:
        same[1:] &= values[1:] == values[:-1]
    return same


def _first_of_each(as_above: BoolArray) -> IntArray:
    """For each row the position of the first of those that are as it is."""
    return np.maximum.accumulate(np.where(as_above, 0, np.arange(len(as_above))))


def _differ(one: FloatArray, other: FloatArray) -> BoolArray:
    differ: BoolArray = (one != other) & ~(np.isnan(one) & np.isnan(other))
    return differ


def _date(day: int) -> np.datetime64:
    return np.datetime64(int(day), "D")
