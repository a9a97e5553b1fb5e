"""One trade priced at any size: what it costs, and how many days it takes, from what is known on its day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from research.errors import DataError, MethodologyError
from research.index.analysis.record import IndexRecord
from research.index.trading.costs import CostTerms, cost_fraction, cost_terms, liquidity
from research.index.trading.records import Trade
from research.typing import FloatArray

IMPACT = 1.0  # Y of the square-root law
LEAST = 1e-8  # change of weight: less is rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class Order:
    """One trade with what is needed to price it at any size; arrays over the assets that take part."""

    trade: Trade
    before: FloatArray
    after: FloatArray
    volume: FloatArray
    terms: CostTerms  # at one USD under management

    @cached_property
    def change(self) -> FloatArray:
        return np.abs(self.after - self.before)

    def cost(self, size: float) -> float:
        """Share of the value; NaN where the index cannot pay it."""
        try:
            return cost_fraction(self.before, self.after, replace(self.terms, impact=self.terms.impact * np.sqrt(size)))
        except MethodologyError:
            return float("nan")

    def days(self, size: float, participation: float) -> FloatArray:
        """Days that each purchase and sale takes."""
        return np.asarray((self.change * size / (participation * self.volume))[self.change > 0])


def order_of(index: IndexRecord, trade: Trade, impact_coefficient: float) -> Order | None:
    """The trade with its terms; None where the data begin so shortly before it that no volume is known."""
    taking = trade.takes_part
    costs = replace(index.methodology.costs, impact_coefficient=impact_coefficient, assets_under_management=1.0)
    view, assets = index.source.at(trade.row), trade.assets[taking]
    try:
        volume = liquidity(view, assets)[0] if len(assets) else np.zeros(0)
        terms = cost_terms(view, costs, assets)
    except DataError:
        return None
    return Order(trade=trade, before=trade.before[taking], after=trade.after[taking], volume=volume, terms=terms)


def orders_table(
    index: IndexRecord, trade: Trade | None, *, assets_under_management: float, participation: float
) -> pd.DataFrame:
    """What one trade asks of the market of each asset that it buys or sells, those that take longest first.

    Parameters
    ----------
    trade : Trade, optional
        None gives no rows.
    assets_under_management : float, USD
    participation : float in (0, 1]
        Share of an asset's median daily volume that may be traded a day.

    Returns
    -------
    DataFrame
        asset_id, trade (change of weight, fraction), amount (USD, its size), volume (USD a day, median of 30 days),
        share_of_day (amount / volume), days (at the participation rate), assumed (bool: the volume is not known, and
        the smallest of the others is taken). NaN where no volume of any asset is known.
    """
    columns = ["asset_id", "trade", "amount", "volume", "share_of_day", "days", "assumed"]
    if trade is None:
        return pd.DataFrame({name: pd.Series(dtype="str" if name == "asset_id" else float) for name in columns})
    order = order_of(index, trade, IMPACT)
    change = (trade.after - trade.before)[trade.takes_part]
    unknown = np.full(len(change), np.nan)
    table = pd.DataFrame({"asset_id": index.source.asset_ids[trade.assets[trade.takes_part]], "trade": change})
    table["amount"] = table["trade"].abs() * assets_under_management
    table["volume"] = unknown if order is None else order.volume
    table["share_of_day"] = table["amount"] / table["volume"]
    table["days"] = table["share_of_day"] / participation
    table["assumed"] = False if order is None else order.terms.liquidity_assumed
    moved = table[table["trade"].abs() > LEAST]
    return moved.sort_values(["days", "amount"], ascending=False, kind="stable", ignore_index=True)


def trade_by_size(
    index: IndexRecord, trade: Trade | None, sizes: Sequence[float], *, participation: float
) -> pd.DataFrame:
    """Cost and days of one trade by assets under management.

    Returns
    -------
    DataFrame, indexed by assets_under_management
        cost (share of the value: fee, half spread and market impact), days (of the slowest asset), above_a_day (share
        of what is traded that takes more than a day). NaN without a trade or a volume, and for a cost that the index
        could not pay.
    """
    order = None if trade is None else order_of(index, trade, IMPACT)
    rows = []
    for size in sizes:
        if order is None:
            rows.append((np.nan, np.nan, np.nan))
            continue
        days, change = order.days(size, participation), order.change[order.change > 0]
        slow = change[days > 1].sum() / change.sum() if change.sum() > 0 else np.nan
        rows.append((order.cost(size), days.max(initial=0.0), slow))
    sizes_index = pd.Index(sizes, name="assets_under_management", dtype=float)
    return pd.DataFrame(rows, sizes_index, ["cost", "days", "above_a_day"], dtype=float)
