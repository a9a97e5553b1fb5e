"""The on-chain form of an index: one token that holds the index's units, with a streaming fee.

The level itself is `history.py`'s. Everything here happens at the close of a day, at net asset value and in kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.analysis.arguments import number
from research.index.analysis.record import IndexRecord

DAYS_PER_YEAR = 365.25  # of the fee, as the token contracts have it; returns are annualised with 365


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexToken:
    """A token that holds the units of an index, as the contracts of set tokens do.

    Each token stands for so many units of every member. A rebalance changes the units as in the index, net of its
    trading costs. The streaming fee f a year is paid in new tokens: for each day the share ``phi = f / 365.25`` of
    the supply S, ``phi * S / (1 - phi)`` tokens, goes to the manager, and the units of every token are multiplied by
    ``1 - phi``. (Rule of the streaming fee module of SetProtocol v2.) Whoever buys or redeems n tokens swaps n times
    their units in kind, so the other holders neither gain nor lose: that needs no arithmetic of its own.

    Not modelled, and a risk that the index itself does not have: the smart contracts (a fault or an exploit can lose
    everything, at once), their price feeds and keys, the issuers and bridges of wrapped members, the network's fees
    ("gas"), and a market price of the token that departs from its net asset value.

    Attributes
    ----------
    index : IndexHistory
    fee_per_year : float in [0, 1)
        Streaming fee.
    initial_value : float, USD
        Net asset value of a token on the index's base date.
    """

    index: IndexRecord
    fee_per_year: float
    initial_value: float = 100.0

    def __post_init__(self) -> None:
        if not 0 <= number("fee_per_year", self.fee_per_year) < 1:
            raise MethodologyError(
                f"fee_per_year = {self.fee_per_year}: expected a share from 0 to below 1 (0.0095 is 0.95 % a year)."
            )
        if not 0 < number("initial_value", self.initial_value) < np.inf:
            raise MethodologyError(f"initial_value = {self.initial_value}: expected a positive number of USD.")

    # ------------------------------------------------------------------ one token

    @property
    def fee_per_day(self) -> float:
        """phi: the share of the supply minted to the manager each day is ``phi / (1 - phi)``."""
        return self.fee_per_year / DAYS_PER_YEAR

    @cached_property
    def multiplier(self) -> pd.Series:
        """What the fee has left of the units of one token: ``(1 - phi)**n`` after n days, 1 on the base date."""
        left = np.multiply.accumulate(np.r_[1.0, np.full(len(self._days) - 1, 1.0 - self.fee_per_day)])
        return pd.Series(left, self._days, name="multiplier")

    @cached_property
    def net_asset_value(self) -> pd.Series:
        """USD per token at each day's close: the index's net level, scaled to `initial_value`, times the multiplier."""
        level = self.index.level
        values = self.initial_value * (level.to_numpy() / level.iloc[0]) * self.multiplier.to_numpy()
        return pd.Series(values, self._days, name="net_asset_value")

    @cached_property
    def units(self) -> pd.DataFrame:
        """Units per token after each day's trades: columns are the members ever, and cash (USD) where any was held.

        Zero where an asset is not held; in the units quoted that day, so a redenomination changes them. At the day's
        (carried) prices they are worth the net asset value. A migrated asset stays under its first asset_id.
        """
        index = self.index
        members = np.unique(np.concatenate([trade.assets for trade in index.trades]))
        nav = self.net_asset_value.to_numpy()
        units, cash = np.zeros((len(nav), len(members))), np.zeros(len(nav))
        for segment in index.segments:
            days = slice(segment.start - index.base_row, segment.stop - index.base_row + 1)
            scale = nav[days] / segment.total
            units[days] = 0.0
            units[days, np.searchsorted(members, segment.assets)] = scale[:, None] * segment.units
            cash[days] = scale * segment.cash
        for trade in index.trades:
            day = trade.row - index.base_row
            scale = nav[day] / trade.value
            units[day] = 0.0
            units[day, np.searchsorted(members, trade.assets)] = scale * trade.units
            cash[day] = scale * trade.value * trade.cash_after
        if index.source.conversions:
            rows = range(index.base_row, index.base_row + len(nav))
            units *= np.array([index.source.quoted_units(row)[members] for row in rows])
        columns = pd.Index(index.source.asset_ids[members], name="asset_id", dtype=str)
        frame = pd.DataFrame(units, self._days, columns)
        return frame.assign(**{index.cash_name: cash}) if cash.any() else frame

    def supply(self, initial_supply: float) -> pd.Series:
        """Tokens outstanding day by day from the base date on, with nobody buying or redeeming: the fee mints them.

        ``supply * net_asset_value`` grows as the index does: the fee dilutes holders, and makes or takes no value.
        """
        if not 0 < number("initial_supply", initial_supply) < np.inf:
            raise MethodologyError(f"initial_supply = {initial_supply}: expected a positive number of tokens.")
        return (initial_supply / self.multiplier).rename("supply")

    @property
    def _days(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.index.level.index)
