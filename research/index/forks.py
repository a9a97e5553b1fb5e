"""Coins that a fork or an airdrop gives to holders: owed from its day on, sold as soon as they trade.

A fork takes nothing from the old coin's holders but value: its price falls by what the new coin is worth. The new coin
counts from its first price; a sale can be planned once there is one, so the coins are sold at the next close with a
price and the proceeds go into what is held, in proportion (S&P and MSCI treat spin-offs alike: SPEC 6.1). The level
moves on the day of the sale. What cannot be sold within `DAYS_TO_TRADE` is given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from research.index.actions import Fork
from research.index.view import PointInTime

if TYPE_CHECKING:
    from research.index.portfolio import Portfolio

DAYS_TO_TRADE = 30


@dataclass(frozen=True, kw_only=True)
class Owed:
    """Units of a new coin that are owed since the fork's day, in the unit of its first listing."""

    fork: Fork
    units: float


def owed(portfolio: Portfolio, fork: Fork) -> Owed | None:
    """What today's fork brings for what is held; None where its asset is not."""
    held = portfolio.units[portfolio.assets == fork.asset]
    if not len(held):
        return None
    quoted = portfolio.source.quoted_units(portfolio.row)
    return Owed(fork=fork, units=float(held[0] * quoted[fork.asset] * fork.ratio / quoted[fork.new]))


def due(source: PointInTime, what: Owed, last: int) -> tuple[int, bool] | None:
    """The row by `last` on which it is sold (True) or given up (False); None where neither has come yet."""
    end = what.fork.row + DAYS_TO_TRADE
    prints = np.flatnonzero(~np.isnan(source.prices[what.fork.row : min(last, end) + 1, what.fork.new]))
    if len(prints) > 1:
        return what.fork.row + int(prints[1]), True
    return (end, False) if end <= last else None
