"""What the features of one market are computed from: its panels, and what several features share, made once.

Every array over days has shape (days, assets) or (days,), every result shape (len(rows), assets). Log returns, USD.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TypeVar

import numpy as np

from research.point_in_time import PointInTime
from research.signals.features.trailing import Moments, Observed, moments, ratio, total
from research.typing import BoolArray, FloatArray, IntArray

Made = TypeVar("Made")
BITCOIN, ETHEREUM = "bitcoin", "ethereum"


class Inputs:
    """The panels of a market, the decision rows, and who is eligible at each of them.

    Attributes
    ----------
    rows : ndarray of int, shape (rows,)
        Increasing row numbers.
    universe : ndarray of bool, shape (rows, assets)
    """

    def __init__(self, source: PointInTime, rows: IntArray, universe: BoolArray) -> None:
        self.source, self.rows, self.universe = source, rows, universe
        self._made: dict[Hashable, object] = {}

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, computed at the first call with this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[return-value]

    def panel(self, field: str) -> FloatArray:
        """A panel in C order, so that sums do not depend on how the market lies in memory."""
        return self.once(("panel", field), lambda: np.ascontiguousarray(self.source.panel(field)))

    def at(self, panel: FloatArray, lag: int = 0) -> FloatArray:
        """A panel `lag` days before each decision row; NaN before its first day."""
        found = panel[np.maximum(self.rows - lag, 0)]
        found[self.rows < lag] = np.nan
        return found

    def position(self, asset_id: str) -> int:
        """The column of an asset; only asked for by features whose `inputs` name it."""
        return int(np.flatnonzero(self.source.asset_ids == asset_id)[0])

    @cached_property
    def price(self) -> FloatArray:
        return self.panel("price")

    @cached_property
    def high(self) -> FloatArray:
        """Highs; closes where the market has no highs and lows."""
        return self.panel("high") if self.has_ranges else self.price

    @cached_property
    def low(self) -> FloatArray:
        """Lows; closes where the market has no highs and lows."""
        return self.panel("low") if self.has_ranges else self.price

    @cached_property
    def observed_high(self) -> Observed:
        return Observed.of(self.high) if self.has_ranges else self.observed_price

    @cached_property
    def observed_low(self) -> Observed:
        return Observed.of(self.low) if self.has_ranges else self.observed_price

    @cached_property
    def has_ranges(self) -> bool:
        return {"high", "low"} <= set(self.source.market.extra)

    @cached_property
    def volume(self) -> FloatArray:
        return self.panel("volume")

    @cached_property
    def log_price(self) -> FloatArray:
        return np.log(self.price)

    @cached_property
    def returns(self) -> FloatArray:
        """Daily log returns; NaN where either close is missing, and on the first day."""
        found = np.full_like(self.log_price, np.nan)
        np.subtract(self.log_price[1:], self.log_price[:-1], out=found[1:])
        return found

    @cached_property
    def observed_returns(self) -> Observed:
        return Observed.of(self.returns)

    @cached_property
    def observed_volume(self) -> Observed:
        return Observed.of(self.volume)

    @cached_property
    def observed_price(self) -> Observed:
        return Observed.of(self.price)

    @cached_property
    def observed_log_price(self) -> Observed:
        return Observed.of(self.log_price)

    def growth(self, days: int, skip: int = 0) -> FloatArray:
        """Log return from `days` to `skip` days before each row."""
        return self.at(self.log_price, skip) - self.at(self.log_price, days)

    def return_moments(self, window: int) -> Moments:
        return self.once(("moments", window), lambda: moments(self.observed_returns, self.rows, window))

    def volatility(self, window: int) -> FloatArray:
        """Standard deviation (ddof 1) of daily log returns, per day."""
        return self.return_moments(window).deviation

    @cached_property
    def bitcoin_returns(self) -> FloatArray:
        """Daily log returns of bitcoin, shape (days,)."""
        return np.ascontiguousarray(self.returns[:, self.position(BITCOIN)])

    @cached_property
    def market_returns(self) -> FloatArray:
        """Mean log return of the members of the latest decision row at or before each day; NaN before the first."""
        found = np.full(len(self.price), np.nan)
        ends = np.append(self.rows, len(self.price))[1:]
        for start, end, eligible in zip(self.rows, ends, self.universe, strict=True):
            members = self.returns[start:end, eligible].T.copy()
            known = ~np.isnan(members)
            found[start:end] = ratio(total(np.where(known, members, 0.0)), total(known.astype(float)))
        return found
