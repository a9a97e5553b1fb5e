"""Values that are not there, or are there again: gaps, ends that come together, repeated rows, outages."""

from __future__ import annotations

from collections import Counter

import bottleneck
import numpy as np

from research.market.quality.prints import (
    Found,
    Prints,
    beginnings,
    places_of,
    smallest_of_largest,
    taken,
    trailing,
    value_before,
)
from research.typing import BoolArray, FloatArray, IntArray

TOGETHER, FEWEST_TOGETHER = 0.05, 2  # share of the assets priced on the day before, for each day, and a number
FEWEST_ROWS, FEWEST_ENDS, FEWEST_DAYS, SHARE_OF_ENDS = 50, 5, 3, 0.1  # of a page limit: see `_same_lengths`
STALE_CLOSES = 5
SELDOM = 0.05  # share of closes that repeat; four in a row by chance are then one in 160,000
OUTAGE_WINDOW, FEWEST_BEFORE = 30, 10  # prints, each of which had a value
LARGEST = 20  # caps that matter to most indices


def missing_prices(prints: Prints) -> list[Found]:
    """Prices that stop: alone, with others on one day, or after as many rows as others have had on other days."""
    priced = prints.priced
    stops = np.zeros(priced.shape, dtype=bool)
    stops[1:] = priced[:-1] & ~priced[1:]
    rows, columns = places_of(stops)
    number = stops.sum(axis=1)
    others = np.append(0, priced[:-1].sum(axis=1))
    elapsed = np.diff(prints.days, prepend=prints.days[:1])  # a monthly list changes more in a step than a daily one
    together = (number >= FEWEST_TOGETHER) & (number >= TOGETHER * elapsed * others)
    lengths = np.cumsum(priced, axis=0, dtype=np.int64)[rows, columns]
    same_length = _same_lengths(rows, lengths)
    paged = same_length > 0
    found = []
    for rule, here in (
        ("prices end together", together[rows]),
        ("page limit", paged & ~together[rows]),
        ("no price", ~paged & ~together[rows]),
    ):
        r, c = rows[here], columns[here]
        evidence = [
            _stop_words(rule, *parts)
            for parts in zip(
                number[r].tolist(), others[r].tolist(), lengths[here].tolist(), same_length[here].tolist(), strict=True
            )
        ]
        last = prints["price"][np.maximum(r - 1, 0), c]
        nothing = np.full(len(r), np.nan)
        found.append(Found.stretches(rule, "price", (r, c), priced, value=nothing, expected=last, evidence=evidence))
    return found


def _same_lengths(rows: IntArray, lengths: IntArray) -> IntArray:
    """How many ended after as many rows; 0 where that is no sign of a page limit.

    It is one from 50 rows on, where five files at least, a tenth of all that ended, did so on three different days.
    """
    ends: Counter[int] = Counter()
    days: dict[int, set[int]] = {}
    found = np.zeros(len(rows), dtype=np.int64)
    for place, (row, length) in enumerate(zip(rows.tolist(), lengths.tolist(), strict=True)):  # by row
        ends[length] += 1
        days.setdefault(length, set()).add(row)
        many = ends[length] >= max(FEWEST_ENDS, SHARE_OF_ENDS * (place + 1))
        if length >= FEWEST_ROWS and many and len(days[length]) >= FEWEST_DAYS:
            found[place] = ends[length]
    return found


def _stop_words(rule: str, number: int, others: int, length: int, same_length: int) -> str:
    if rule == "prices end together":
        return f"{number:,} of {others:,} assets stop after this day, this one after {length:,} prices: the file's end?"
    if rule == "page limit":
        return f"stops after {length:,} prices, as {same_length:,} assets have by now, on different days: a page limit?"
    return f"no price today, after {length:,} prices"


def missing_days(prints: Prints) -> list[Found]:
    """Days on which no asset at all has a price: said once they are over, on the day on which prices are back."""
    rows = np.flatnonzero(np.diff(prints.days, prepend=prints.days[:1]) > 1)
    lengths = np.diff(prints.days)[rows - 1] - 1
    nobody = np.full(len(rows), -1, dtype=np.int64)
    return [
        Found(
            rule="no market",
            field="price",
            rows=rows,
            columns=nobody,
            value=lengths.astype(float),
            expected=np.zeros(len(rows)),
            evidence=[f"no asset had a price on the {length} days before" for length in lengths.tolist()],
            later=["ended"] * len(rows),
            later_rows=rows,
        )
    ]


def repeated_values(prints: Prints) -> list[Found]:
    """Whole rows that repeat the one before, and closes that repeat where they seldom do."""
    price, volume, cap, before = prints["price"], prints["volume"], prints["market_cap"], prints.before
    same_price = _same(price, before)
    whole = same_price & _same(volume, before) & (volume > 0) & (_same(cap, before) | np.isnan(cap))
    where = places_of(beginnings(whole, prints.priced))
    count, of = whole.sum(axis=1), (prints.priced & (before >= 0)).sum(axis=1)
    rows = Found.stretches(
        "repeated row",
        "price",
        where,
        prints.priced & ~whole,
        value=price[where],
        expected=np.full(len(where[0]), np.nan),
        evidence=[
            f"price, volume and cap are those of the day before, as for {n:,} of {m:,} assets on this day"
            for n, m in zip(count[where[0]].tolist(), of[where[0]].tolist(), strict=True)
        ],
    )
    stale = _stale(prints, same_price)
    where = places_of(stale & ~whole)
    closes = Found.stretches(
        "stale price",
        "price",
        where,
        prints.priced & ~same_price,
        value=price[where],
        expected=np.full(len(where[0]), np.nan),
        evidence=[f"{STALE_CLOSES} identical closes in a row, of an asset whose closes seldom repeat"] * len(where[0]),
    )
    return [rows, closes]


def _same(values: FloatArray, before: IntArray) -> BoolArray:
    same: BoolArray = values == taken(values, before)
    return same


def _stale(prints: Prints, same: BoolArray) -> BoolArray:
    """Days of an asset's fifth identical close in a row, where closes of its last 90 prints before seldom repeated."""
    found = np.zeros(same.shape, dtype=bool)
    for column in np.flatnonzero(same.sum(axis=0) >= STALE_CLOSES - 1).tolist():
        rows = np.flatnonzero(prints.priced[:, column])
        repeats = same[rows, column]
        places = np.arange(len(rows))
        run = places - np.maximum.accumulate(np.where(repeats, 0, places))
        share = bottleneck.move_mean(repeats.astype(float), min(90, len(rows)), min_count=1)
        hits = np.flatnonzero(run == STALE_CLOSES - 1)
        earlier = hits - STALE_CLOSES + 1
        found[rows[hits[share[np.maximum(earlier, 0)] <= SELDOM]], column] = True
    return found


def outages(prints: Prints) -> list[Found]:
    """Caps and volumes that stop while the price goes on, where each of the last 30 prints (10 at least) had one.

    So do caps of which the last one would be among the twenty largest of the day, whatever was before.
    """
    found = []
    for field, there in (("market_cap", ~np.isnan(prints["market_cap"])), ("volume", prints["volume"] > 0)):
        known = np.where(prints.priced, there, np.nan)
        share = trailing(bottleneck.move_mean, known, OUTAGE_WINDOW, FEWEST_BEFORE)
        usual = taken(share, prints.before)
        gone = prints.priced & ~there
        last = value_before(np.where(there, prints[field], np.nan))
        expected = usual > 1.0 - 0.5 / OUTAGE_WINDOW
        if field == "market_cap":
            expected |= last >= smallest_of_largest(prints[field], LARGEST)
        begins = beginnings(gone, prints.priced) & expected
        where = places_of(begins)
        number, of = begins.sum(axis=1), prints.priced.sum(axis=1)
        word = "market cap" if field == "market_cap" else "volume"
        found.append(
            Found.stretches(
                f"no {word}",
                field,
                where,
                prints.priced & there,
                value=prints[field][where],
                expected=last[where],
                evidence=[
                    f"no {word} while there is a price; {n:,} of {m:,} assets lose theirs on this day"
                    for n, m in zip(number[where[0]].tolist(), of[where[0]].tolist(), strict=True)
                ],
            )
        )
    return found
