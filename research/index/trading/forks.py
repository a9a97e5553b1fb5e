"""Coins that a fork or an airdrop gives to holders: owed from its day on, held from their first price, then sold.

A fork takes value from the old coin: its price falls by what the new coin is worth. The new coin counts from its first
price, and is sold at the next close with a price; the proceeds go into what is held, in proportion (S&P and MSCI treat
spin-offs alike: SPEC 6.1). A rebalance in between sells it, or makes it one of the members. What has no price within
`DAYS_TO_TRADE` is given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.point_in_time.corporate_actions import NOT_LISTED, Fork
from research.point_in_time.view import PointInTime

if TYPE_CHECKING:
    from research.index.trading.portfolio import Portfolio

DAYS_TO_TRADE = 30


@dataclass(frozen=True, kw_only=True)
class Owed:
    """Units of a new coin that are owed since the fork's day, in the unit of its first listing."""

    fork: Fork
    units: float


@dataclass(frozen=True, kw_only=True)
class Brought:
    """Units of a fork's coin that are held since `row`, the day of its first price, and are to be sold: infinitely many
    stand for all there are.
    """

    row: int
    asset: int
    units: float


def owed(portfolio: Portfolio, fork: Fork) -> Owed | None:
    """What today's fork brings for what is held; None where its asset is not."""
    held = portfolio.units[portfolio.assets == fork.asset]
    if not len(held):
        return None
    quoted = portfolio.source.quoted_units(portfolio.row)
    new = 1.0 if fork.new == NOT_LISTED else quoted[fork.new]
    return Owed(fork=fork, units=float(held[0] * quoted[fork.asset] * fork.ratio / new))


def first_priced(source: PointInTime, coins: Owed, last: int) -> tuple[int, bool] | None:
    """The row by `last` on which a coin owed has its first price (True) or is given up (False); None for neither."""
    end = coins.fork.row + DAYS_TO_TRADE
    if coins.fork.new != NOT_LISTED:
        row = _first_print(source, coins.fork.new, coins.fork.row, min(last, end))
        if row is not None:
            return row, True
    return (end, False) if end <= last else None


def next_priced(source: PointInTime, coins: Brought, last: int) -> int | None:
    """The first row by `last` on which coins brought can be sold."""
    return _first_print(source, coins.asset, coins.row + 1, last)


def _first_print(source: PointInTime, asset: int, first: int, last: int) -> int | None:
    prints = np.flatnonzero(~np.isnan(source.prices[first : last + 1, asset]))
    return first + int(prints[0]) if len(prints) else None
