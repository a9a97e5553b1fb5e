"""Redenominations that are evident: the price leaps, the market cap does not, and the supply had been steady before.

Judged at each close from that day and earlier ones alone, so that an index can act on it by default: what is held then
moves as its market cap does. `price_adjustments.py` applies what is found here, `[events] redenominations` chooses.

A day's print of an asset is in a new unit if, against its last print of at most `LONGEST_GAP` days ago,

- its price is `JUMP` times as high or low, or more (prices in the unit of the listing, after what was announced);
- its market cap, known on both days, is within exp(+-`TOLERANCE`) of the former: price and supply steps cancel;
- the supply that cap and price imply was within a factor of `STEADY` of its median over `WINDOW` days before, `LEAST`
  of them known. Where supply itself runs away, as in Terra's last days, nothing is a unit; nor is the way back from a
  wrong print that was not taken for a unit.

The unit of before is in force again if, within `WINDOW` days of the change, price and supply both lie nearer to what
they were in the former unit than in the new one, the supply within a factor of `STEADY`: vendors flip units, and
publish wrong prints beside right caps, and come back in one step or in several. No change of unit, either way, makes
the day's move of what is held larger than the printed one.

What a day's data cannot tell, and a line of the identities or migrations table must: a dilution by issuing (supply x10
in a day, price / 10, cap as before: a mint attack) looks the same as a new unit, and holders lost nine tenths; the line
is the ratio 1, confirmed. A cap that is missing on the day, or goes by a supply that the vendor updates a day late,
hides a new unit: the line is its ratio. `[events] outlier_jump` helps only where the next print takes the leap back.

How the bounds were chosen is measured in `tests/point_in_time/test_evident_redenominations.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from research.market import MarketData
from research.point_in_time.corporate_actions import Conversion, successors
from research.point_in_time.kept import kept_with
from research.typing import FloatArray, IntArray

JUMP = 5.0
TOLERANCE = 0.4  # log of the cap's step: what `plausibility.py` allows to be left over after a ratio, in any case
STEADY = 2.0
WINDOW, LEAST = 30, 5
LONGEST_GAP = 10
ROWS_AT_A_TIME = 64


@dataclass(frozen=True, kw_only=True)
class _Change:
    """A change of unit on day `row`; logs of the price and the supply before, of units per unit at listing before."""

    row: int
    price: float
    supply: float
    unit: float


def evident_redenominations(market: MarketData, announced: Sequence[Conversion]) -> list[Conversion]:
    """The changes of unit that the market's own prices and caps show, in order of day.

    A line of `announced` about an asset and day takes the place of what would be found there, also one with the ratio
    1: it says that the price did move.
    """
    known = kept_with(market)  # many rulebooks ask about one market
    if not announced and evident_redenominations in known:
        return list(known[evident_redenominations])
    prices, caps = market.prices.to_numpy(), market.market_caps.to_numpy()
    found: list[Conversion] = []
    for column, rows in _leaps(prices, caps).items():
        lines = _lines(announced, column)
        for row, ratio, evidence in _changes(prices[:, column], caps[:, column], rows, lines):
            asset = int(successors(announced, column, row))
            if _column(announced, asset, row) == column:
                found.append(
                    Conversion(row=row, old=asset, new=asset, new_id="", ratio=ratio, evidence=evidence),
                )
    found.sort(key=lambda step: (step.row, step.old))
    if not announced:
        known[evident_redenominations] = tuple(found)
    return found


def _column(announced: Sequence[Conversion], asset: int, row: int) -> int:
    """The column of the panels by which an asset goes at a row: that of what it migrated into last, else its own."""
    moves = [step.new for step in announced if step.old == asset and step.new != asset and step.row <= row]
    return moves[-1] if moves else asset


def _lines(announced: Sequence[Conversion], column: int) -> dict[int, float]:
    """By row, the ratios announced of the unit that a column is quoted in; 1 where a migration into it is announced."""
    ratios = {step.row: 1.0 for step in announced if step.merges and step.new == column}
    units = [step for step in announced if step.new == step.old]
    return ratios | {step.row: step.ratio for step in units if _column(announced, step.old, step.row) == column}


def _leaps(prices: FloatArray, caps: FloatArray) -> dict[int, list[int]]:
    """Rows by column at which the price leaps and the cap stays, by `JUMP` and `TOLERANCE`, as printed."""
    found: dict[int, list[int]] = {}
    for begin in range(1, len(prices), ROWS_AT_A_TIME):  # some rows at a time: they stay in the processor's cache
        for days, rows, columns in _steps(prices, begin, min(begin + ROWS_AT_A_TIME, len(prices))):
            if not len(rows):
                continue
            leap = np.abs(np.log(prices[rows, columns] / prices[rows - days, columns])) >= np.log(JUMP)
            rows, columns = rows[leap], columns[leap]
            stays = np.abs(np.log(caps[rows, columns] / caps[rows - days, columns])) <= TOLERANCE
            for row, column in zip(rows[stays].tolist(), columns[stays].tolist(), strict=True):
                found.setdefault(column, []).append(row)
    return {column: sorted(found[column]) for column in sorted(found)}


def _steps(prices: FloatArray, begin: int, end: int) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Days from the last print, row and column of the prints of some rows; of those a day after it the leaps alone."""
    width = prices.shape[1]
    step = prices[begin:end] / prices[begin - 1 : end - 1]
    rows, columns = np.divmod(np.flatnonzero((step >= JUMP) | (step <= 1.0 / JUMP)), width)  # nonzero in 2-d is slow
    yield 1, rows + begin, columns
    missing = np.isnan(prices[begin - 1 : end])
    rows, columns = np.divmod(np.flatnonzero(missing[:-1] & ~missing[1:]), width)
    rows += begin
    for days in range(2, LONGEST_GAP + 1):
        rows, columns = rows[rows >= days], columns[rows >= days]
        if not len(rows):
            return
        there = ~np.isnan(prices[rows - days, columns])
        yield days, rows[there], columns[there]
        rows, columns = rows[~there], columns[~there]


def _changes(
    prices: FloatArray, caps: FloatArray, leaps: list[int], announced: dict[int, float]
) -> Iterator[tuple[int, float, str]]:
    """Row, ratio (new units per old one) and evidence of each change of one column's unit."""
    price = np.log(prices)
    supply = np.log(caps) - price
    unit = np.zeros(len(price))  # log of the units quoted per unit at listing
    for row, ratio in announced.items():
        unit[row:] += np.log(ratio)
    changes: list[_Change] = []
    prints, leaping = np.flatnonzero(~np.isnan(price)), set(leaps)
    for place in range(int(np.searchsorted(prints, leaps[0])), len(prints)):
        row, last = int(prints[place]), int(prints[place - 1])
        changes = [change for change in changes if row - change.row <= WINDOW]
        if row in announced or not (changes or row in leaping):
            continue
        former = _former(changes, price[row], supply[row], unit[row], price[row] - price[last])
        step = f"price x{prices[row] / prices[last]:.4g}, "
        if former is not None:
            ratio = float(np.exp(former.unit - unit[row]))
            step += f"the supply is what it was {row - former.row + 1} days ago"
        elif row in leaping and _is_new_unit(price + unit, supply - unit, row, last):
            ratio = float((caps[row] / caps[last]) * (prices[last] / prices[row]))
            step += f"market cap x{caps[row] / caps[last]:.3g}"
        else:
            continue
        changes.append(_Change(row=row, price=price[last], supply=supply[last], unit=unit[last]))
        unit[row:] += np.log(ratio)
        yield row, ratio, step


def _is_new_unit(price: FloatArray, supply: FloatArray, row: int, last: int) -> bool:
    """Of logs in one unit: whether the price leaps, from a supply that was as usual."""
    leaps = abs(price[row] - price[last]) >= np.log(JUMP)
    return bool(leaps and abs(supply[last] - _usual_supply(supply, row)) <= np.log(STEADY))


def _usual_supply(supply: FloatArray, row: int) -> float:
    """Median over the days before; NaN, with which nothing compares, where too few are known."""
    known = supply[max(0, row - WINDOW) : row]
    known = known[~np.isnan(known)]
    return float(np.median(known)) if len(known) >= LEAST else np.nan


def _former(changes: list[_Change], price: float, supply: float, unit: float, move: float) -> _Change | None:
    """The latest change whose former unit is in force again, if there is one; `move` is the day's, of the price."""
    for change in reversed(changes):
        back = change.unit - unit
        near = abs(price - change.price) < abs(back) / 2 and abs(supply - change.supply) < abs(back) / 2
        if near and abs(supply - change.supply) <= np.log(STEADY) and abs(move + back) < abs(move):
            return change
    return None
