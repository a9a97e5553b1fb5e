"""The prints of a market as arrays, steps from one print to the next, and stretches of days: what all rules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import bottleneck
import numpy as np
import pandas as pd

from research.market.data import MarketData
from research.typing import BoolArray, FloatArray, IntArray

USUAL_PRINTS, FEWEST_PRINTS = 90, 20
DEVIATION_PER_MEDIAN = 1.4826  # of normal moves: standard deviation over median size


@dataclass(frozen=True, kw_only=True, eq=False)
class Prints:
    """The panels of a market on the days on which any asset has a price: a monthly file has a row a month.

    Attributes
    ----------
    dates : DatetimeIndex, length days
    days : int64, shape (days,)
        Day number of each row.
    ids : Index of str, length assets
    panels : dict of str to float64, shape (days, assets)
        price, market_cap, volume and further columns; NaN where there is no value.
    """

    dates: pd.DatetimeIndex
    days: IntArray
    ids: pd.Index
    panels: Mapping[str, FloatArray]

    @classmethod
    def of(cls, market: MarketData) -> Prints:
        rows = np.flatnonzero(market.prices.notna().to_numpy().any(axis=1))
        dates = market.dates[rows]
        return cls(
            dates=dates,
            days=dates.to_numpy().astype("datetime64[D]").astype(np.int64),
            ids=market.prices.columns,
            panels={name: frame.to_numpy()[rows] for name, frame in market.panels.items()},
        )

    def __getitem__(self, name: str) -> FloatArray:
        return self.panels[name]

    @cached_property
    def priced(self) -> BoolArray:
        return ~np.isnan(self["price"])

    @cached_property
    def price_steps(self) -> Steps:
        return Steps.of(self["price"], self.days)

    @cached_property
    def before(self) -> IntArray:
        """Row of the last price before each row, -1 where there is none; shape (days, assets)."""
        return last_before(self.priced)


@dataclass(frozen=True, kw_only=True, eq=False)
class Steps:
    """From one value to the next: all of shape (days, assets), NaN on a day without a value or without one before.

    Attributes
    ----------
    size : float64
        Log of the value over the last one.
    elapsed : float64
        Days in between.
    usual : float64
        What is usual for the asset in a day: 1.4826 times the median size of its last 90 steps, each divided by the
        root of its days, today's left out; NaN where there are fewer than 20. A crash does not widen it.
    """

    size: FloatArray
    elapsed: FloatArray
    usual: FloatArray

    @classmethod
    def of(cls, values: FloatArray, days: IntArray) -> Steps:
        logs = np.log(np.where(values > 0, values, np.nan))
        before = last_before(~np.isnan(logs))
        size = logs - taken(logs, before)
        elapsed = np.where(np.isnan(size), np.nan, days[:, None] - days[np.maximum(before, 0)])
        daily = np.abs(size) / np.sqrt(elapsed)
        return cls(size=size, elapsed=elapsed, usual=DEVIATION_PER_MEDIAN * _median_before(daily))


def _median_before(values: FloatArray) -> FloatArray:
    """Median of the last 90 values of each asset before each row that has one, however many rows lie between.

    Each asset's own values are put together first: what others do, and which of them are looked at, must not matter.
    """
    order = np.argsort(np.isnan(values), axis=0, kind="stable")
    own = np.take_along_axis(values, order, axis=0)
    medians = np.full(values.shape, np.nan)
    medians[1:] = trailing(bottleneck.move_median, own, USUAL_PRINTS, FEWEST_PRINTS)[:-1]
    found = np.empty_like(values)
    np.put_along_axis(found, order, medians, axis=0)
    return found


def trailing(measure: Callable[..., FloatArray], values: FloatArray, days: int, fewest: int) -> FloatArray:
    """A moving measure of bottleneck over the last `days` rows; NaN where fewer than `fewest` of them have a value."""
    if len(values) < fewest:  # which bottleneck refuses
        return np.full(values.shape, np.nan)
    return measure(values, min(days, len(values)), min_count=fewest, axis=0)


def places_of(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """Rows and columns where `mask` holds, by row."""
    rows, columns = np.nonzero(mask)
    return rows.astype(np.int64), columns.astype(np.int64)


def last_before(known: BoolArray) -> IntArray:
    """Row of the last True before each row, -1 where there is none."""
    rows = np.where(known, np.arange(len(known))[:, None], -1)
    before: IntArray = np.full(known.shape, -1, dtype=np.int64)
    before[1:] = np.maximum.accumulate(rows, axis=0)[:-1]
    return before


def taken(values: FloatArray, rows: IntArray) -> FloatArray:
    """The value on each of `rows`, NaN where it is -1."""
    found: FloatArray = np.where(rows >= 0, np.take_along_axis(values, np.maximum(rows, 0), axis=0), np.nan)
    return found


def value_before(values: FloatArray) -> FloatArray:
    """The last value before each row, NaN where there is none."""
    return taken(values, last_before(~np.isnan(values)))


def smallest_of_largest(values: FloatArray, count: int) -> FloatArray:
    """The value on rank `count` of each day, shape (days, 1); zero where there are fewer."""
    if values.shape[1] < count:
        return np.zeros((len(values), 1))
    sizes = np.where(np.isnan(values), 0.0, values)
    found: FloatArray = -np.partition(-sizes, count - 1, axis=1)[:, count - 1 : count]
    return found


def next_true(mask: BoolArray, rows: IntArray, columns: IntArray) -> IntArray:
    """First row after each of `rows` where `mask` holds in its column; -1 where there is none."""
    found = np.full(len(rows), -1, dtype=np.int64)
    for number, (row, column) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        later = mask[row + 1 :, column]
        place = int(later.argmax()) if len(later) else 0
        if len(later) and later[place]:
            found[number] = row + 1 + place
    return found


def beginnings(mask: BoolArray, looked_at: BoolArray) -> BoolArray:
    """Where a stretch begins: `mask` holds, and did not on the asset's last day on which it was looked at."""
    looked = mask & looked_at
    before = last_before(looked_at)
    held = np.take_along_axis(looked, np.maximum(before, 0), axis=0) & (before >= 0)
    begins: BoolArray = looked & ~held
    return begins


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """What one rule found: arrays of one length, in any order.

    Attributes
    ----------
    rule, field : str
    rows, columns : int64
        Where, in the arrays of `Prints`.
    value, expected : float64
    evidence : list of str
    later : list of str
        "confirmed", "discarded", "ended" or "open".
    later_rows : int64
        The row on which later days said so; -1 as long as it is open.
    """

    rule: str
    field: str
    rows: IntArray
    columns: IntArray
    value: FloatArray
    expected: FloatArray
    evidence: list[str]
    later: list[str]
    later_rows: IntArray

    @classmethod
    def stretches(
        cls,
        rule: str,
        field_name: str,
        where: tuple[IntArray, IntArray],
        over: BoolArray,
        *,
        value: FloatArray,
        expected: FloatArray,
        evidence: list[str],
    ) -> Found:
        """Findings that last for a while: they end on the first day on which `over` holds."""
        rows, columns = where
        later_rows = next_true(over, rows, columns)
        return cls(
            rule=rule,
            field=field_name,
            rows=rows,
            columns=columns,
            value=value,
            expected=expected,
            evidence=evidence,
            later=["open" if row < 0 else "ended" for row in later_rows.tolist()],
            later_rows=later_rows,
        )
