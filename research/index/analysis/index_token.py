"""The on-chain form of an index: one token that holds the index's units, with a streaming fee.

The level itself is `history.py`'s. Everything here happens at the close of a day, at net asset value and in kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from research.errors import DataError, MethodologyError
from research.index.analysis.record import IndexRecord
from research.market.data import Date, as_timestamp
from research.typing import FloatArray

DAYS_PER_YEAR = 365.25  # of the fee, as the token contracts have it; returns are annualised with 365


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What one mint or redemption moved.

    Attributes
    ----------
    tokens : float
        Tokens minted (positive) or redeemed (negative).
    units : Series
        Units of each asset put in (positive) or taken out (negative), by asset_id; USD for "cash".
    value : float, USD
        The same at the day's prices: tokens times net asset value.
    supply : float
        Tokens outstanding afterwards.
    """

    tokens: float
    units: pd.Series
    value: float
    supply: float


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexToken:
    """A token that holds the units of an index, as the contracts of set tokens do.

    Each token stands for so many units of every member. A rebalance changes the units as in the index, net of its
    trading costs. The streaming fee f a year is paid in new tokens: for each day the share ``phi = f / 365.25`` of
    the supply S, ``phi * S / (1 - phi)`` tokens, goes to the manager, and the units of every token are multiplied by
    ``1 - phi``. (Rule of the streaming fee module of SetProtocol v2.) Minting and redeeming swap units for tokens in
    kind at net asset value, so they cost the other holders nothing.

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
        if not 0 <= self.fee_per_year < 1:
            raise MethodologyError(
                f"fee_per_year = {self.fee_per_year}: expected a share from 0 to below 1 (0.0095 is 0.95 % a year)."
            )
        if not (self.initial_value > 0 and np.isfinite(self.initial_value)):
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
        """Units per token after each day's trades: columns are the members ever, "cash" (USD) where any was held.

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
        return frame.assign(cash=cash) if cash.any() else frame

    # ------------------------------------------------------------------ minting and redeeming

    def mint(self, tokens: float, *, supply: float, date: Date | None = None) -> Issue:
        """Put units in, get `tokens` new tokens, at the close of `date` (default: the last day).

        Parameters
        ----------
        tokens : float
            Tokens wanted; a sum of USD buys ``usd / token.net_asset_value[date]``.
        supply : float
            Tokens outstanding before, see `supply`.

        Raises
        ------
        DataError
            If `tokens` is not positive, `supply` is negative, or the index has no such day.
        """
        return self._issue(_positive("tokens", tokens), supply, date)

    def redeem(self, tokens: float, *, supply: float, date: Date | None = None) -> Issue:
        """Give `tokens` back, take their units out: the reverse of `mint`, with negative tokens, units and value.

        Raises
        ------
        DataError
            As `mint` does, and if more is redeemed than there is.
        """
        if tokens > supply:
            raise DataError(f"redeem {tokens} of {supply} tokens outstanding: redeem at most the supply.")
        return self._issue(-_positive("tokens", tokens), supply, date)

    def _issue(self, tokens: float, supply: float, date: Date | None) -> Issue:
        if not supply >= 0:
            raise DataError(f"supply = {supply}: expected the number of tokens outstanding, 0 or more.")
        place = len(self._days) - 1 if date is None else self._place(date)
        held = self.units.to_numpy()[place] > 0
        units = self.units.iloc[place, held] * tokens
        return Issue(
            tokens=tokens,
            units=pd.Series(units.to_numpy(), units.index, name="units"),
            value=tokens * float(self.net_asset_value.iloc[place]),
            supply=supply + tokens,
        )

    def _place(self, date: Date) -> int:
        day = as_timestamp(date)
        if not self._days[0] <= day <= self._days[-1]:
            raise DataError(
                f"{self.index.methodology.name} has no close on {day.date()}: it runs from {self._days[0].date()} to "
                f"{self._days[-1].date()}."
            )
        return int((day - self._days[0]).days)

    def supply(self, initial_supply: float, issued: Mapping[Date, float] | None = None) -> pd.DataFrame:
        """Tokens outstanding, day by day: a day's fee is minted on the supply of the night before, then tokens issued.

        Parameters
        ----------
        initial_supply : float
            Tokens on the base date.
        issued : mapping of date to float, optional
            Tokens minted (positive) or redeemed (negative) at the close of a day.

        Returns
        -------
        DataFrame
            Indexed by day: issued, fee_tokens (minted to the manager that day), supply (after both), net_asset_value
            (USD per token), assets_under_management (USD: supply times net asset value).

        Raises
        ------
        DataError
            If a day of `issued` is none of the index's, or more is redeemed than there is.
        """
        _positive("initial_supply", initial_supply)
        moves = self._by_day(issued or {})
        fee, supply = np.zeros(len(moves)), np.zeros(len(moves))
        held = initial_supply
        per_token = self.fee_per_day / (1.0 - self.fee_per_day)
        for day, move in enumerate(moves):
            fee[day] = per_token * held if day else 0.0
            held = held + fee[day] + move
            supply[day] = held
            if held < 0:
                raise DataError(
                    f"{self._days[day].date()}: {-move} tokens redeemed, but only {held - move} were outstanding."
                )
        nav = self.net_asset_value
        return pd.DataFrame(
            {
                "issued": moves,
                "fee_tokens": fee,
                "supply": supply,
                "net_asset_value": nav,
                "assets_under_management": supply * nav,
            },
            index=self._days,
        )

    def _by_day(self, issued: Mapping[Date, float]) -> FloatArray:
        moves = np.zeros(len(self._days))
        for date, tokens in issued.items():
            if not np.isfinite(tokens):
                raise DataError(f"issued: {tokens} tokens on {date}: expected a number, negative to redeem.")
            moves[self._place(date)] += tokens
        return moves

    @property
    def _days(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.index.level.index)


def _positive(name: str, value: float) -> float:
    if not (value > 0 and np.isfinite(value)):
        raise DataError(f"{name} = {value}: expected a positive number of tokens.")
    return value
