"""What a fork or an airdrop gives to holders: an entitlement from its day, held from its first price on, then sold.

A fork takes value from the asset that splits: its price falls by what the new asset is worth. The new asset counts from
its first price, and is sold at the next close with a price; the proceeds go into what is held, in proportion, as
providers treat spin-offs of shares (S&P Dow Jones, MSCI). A rebalance in between sells it, or makes it a member. An
entitlement without a price within `DAYS_TO_LIST` expires.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from research.index.trading.holdings import Holdings
from research.point_in_time.corporate_actions import NOT_LISTED, Fork
from research.point_in_time.view import PointInTime

DAYS_TO_LIST = 30


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """Units of a new asset that holders are entitled to since the fork's day, in the unit of its first listing."""

    fork: Fork
    units: float


@dataclass(frozen=True, kw_only=True)
class Received:
    """Units of a fork's asset that are held since `row`, the day of its first price, and are to be sold: infinitely
    many stand for all there are.
    """

    row: int
    asset: int
    units: float


def entitlement(holdings: Holdings, fork: Fork) -> Entitlement | None:
    """What today's fork gives for what is held; None where its asset is not."""
    held = holdings.units[holdings.assets == fork.asset]
    if not len(held):
        return None
    quoted = holdings.source.quoted_units(holdings.row)
    new = 1.0 if fork.new == NOT_LISTED else quoted[fork.new]
    return Entitlement(fork=fork, units=float(held[0] * quoted[fork.asset] * fork.ratio / new))


def first_priced(source: PointInTime, claim: Entitlement, last: int) -> tuple[int, bool] | None:
    """The row by `last` on which an entitlement has its first price (True) or expires (False); None for neither."""
    end = claim.fork.row + DAYS_TO_LIST
    if claim.fork.new != NOT_LISTED:
        row = _first_print(source, claim.fork.new, claim.fork.row, min(last, end))
        if row is not None:
            return row, True
    return (end, False) if end <= last else None


def next_priced(source: PointInTime, received: Received, last: int) -> int | None:
    """The first row by `last` on which what was received can be sold."""
    return _first_print(source, received.asset, received.row + 1, last)


def _first_print(source: PointInTime, asset: int, first: int, last: int) -> int | None:
    prints = np.flatnonzero(~np.isnan(source.prices[first : last + 1, asset]))
    return first + int(prints[0]) if len(prints) else None
