"""What a change of weights costs: the terms of each asset on the day of a trade, and the cost of the trade from them.

Spreads from prices are estimated in `spread_estimators.py`; cost by size and break-even costs are in
`analysis/trade_costs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from research.errors import DataError, MethodologyError
from research.index.trading.spread_estimators import estimated_spreads
from research.point_in_time.measures import MIN_WINDOW_SHARE, trailing_median
from research.point_in_time.view import MarketView
from research.point_in_time.windows import daily_returns, window_count, window_deviation, window_median
from research.rulebook.costs import BPS, Costs
from research.typing import BoolArray, FloatArray, IntArray

LIQUIDITY_DAYS = 30
SMALLEST_SPREAD = 1 / BPS
NEWTON_STEPS = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class CostTerms:
    """What trading each of k assets costs on one day, as a fraction of the index's value.

    Trading the fraction x of the index's value in asset i costs ``rate[i] * x + impact[i] * x**1.5``.

    Attributes
    ----------
    rate, impact : ndarray, shape (k,)
        Fee and half spread; coefficient of market impact.
    spread_assumed, liquidity_assumed : ndarray of bool, shape (k,)
        Where the data gave no spread or no daily volume and volatility, and the most expensive was taken instead.
    """

    rate: FloatArray
    impact: FloatArray
    spread_assumed: BoolArray
    liquidity_assumed: BoolArray

    @property
    def note(self) -> str:
        """How many assets had to be charged on an assumption; empty if none."""
        parts = [
            f"{int(assumed.sum())} of {len(assumed)} assets traded have no {what}: charged as the most expensive"
            for assumed, what in [
                (self.spread_assumed, "spread"),
                (self.liquidity_assumed, "daily volume or volatility"),
            ]
            if assumed.any()
        ]
        return "; ".join(parts)


def cost_terms(view: MarketView, costs: Costs, assets: IntArray) -> CostTerms:
    """The terms on which assets trade at the view's close, from what is known by then.

    The rate is the fee plus half of the spread. The impact of trading USD q is ``Y * volatility * sqrt(q / volume)``
    of q, with the standard deviation of daily returns and the median daily volume of the last 30 days; with q the
    fraction x of the assets under management A, its coefficient on ``x**1.5`` is ``Y * volatility * sqrt(A / volume)``.

    Parameters
    ----------
    assets : ndarray of int, shape (k,)
        Positions in the market of assets listed by the view's day.

    Returns
    -------
    CostTerms
        No NaN. An asset without a rank by market cap pays the widest tier; one without a spread estimate the widest
        tier or the widest estimate of the other assets, whichever is wider; one without a volume or volatility is
        charged as `liquidity` says.

    Raises
    ------
    DataError
        If the data cannot give the terms of any of the assets: no open, high and low for an estimate, no volume at all.

    References
    ----------
    Donier and Bonart (2015), A million metaorder analysis of market impact on the Bitcoin, for the square root.
    """
    half_spread, spread_assumed = _half_spreads(view, costs, assets)
    nothing = np.zeros(len(assets))
    impact, liquidity_assumed = nothing, nothing.astype(bool)
    if costs.impact_coefficient and costs.assets_under_management and len(assets):
        volume, volatility, liquidity_assumed = liquidity(view, assets)
        impact = costs.impact_coefficient * volatility * np.sqrt(costs.assets_under_management / volume)
    return CostTerms(
        rate=costs.fee_bps / BPS + half_spread,
        impact=impact,
        spread_assumed=spread_assumed,
        liquidity_assumed=liquidity_assumed,
    )


def _half_spreads(view: MarketView, costs: Costs, assets: IntArray) -> tuple[FloatArray, BoolArray]:
    """Half spreads as fractions, and where they had to be assumed."""
    if not isinstance(costs.half_spread_bps, str):
        return np.full(len(assets), costs.half_spread_bps / BPS), np.zeros(len(assets), dtype=bool)
    widest = max(costs.spread_tier_bps) / BPS
    if costs.half_spread_bps == "by_rank":
        spread = _spreads_by_rank(view, costs, assets)
    else:
        found = estimated_spreads(view, assets, estimator=costs.spread_estimator, days=costs.spread_window_days)
        spread = np.maximum(found, SMALLEST_SPREAD)
        widest = max(widest, np.max(spread[~np.isnan(spread)], initial=0.0))
    missing = np.isnan(spread)
    return np.where(missing, widest, spread) / 2, missing


def _spreads_by_rank(view: MarketView, costs: Costs, assets: IntArray) -> FloatArray:
    """Full spread by the rank of the 30-day median market cap among all listed assets; NaN without one."""
    caps = trailing_median(view, "market_cap", LIQUIDITY_DAYS)
    known = np.sort(caps[~np.isnan(caps)])
    own = caps[np.searchsorted(view.assets, assets)]
    rank = len(known) - np.searchsorted(known, own, side="right") + 1
    tier = np.searchsorted(costs.spread_tier_ranks, rank, side="left")
    return np.where(np.isnan(own), np.nan, np.array(costs.spread_tier_bps)[tier] / BPS)


def liquidity(view: MarketView, assets: IntArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Daily volume and volatility of assets over the last 30 days, and where they had to be assumed; shapes (k,).

    Returns
    -------
    volume : ndarray
        Median of the daily traded value, USD.
    volatility : ndarray
        Standard deviation of daily simple returns (ddof = 1).
    assumed : ndarray of bool
        Where fewer than half of the days have a value, or the median volume is zero: these assets get the smallest
        volume and the largest volatility of the others, and where there are no others, of all listed assets.

    Raises
    ------
    DataError
        If no listed asset has a volume and a volatility.
    """
    volume, volatility, known = _measured_liquidity(view, assets)
    like = volume[known], volatility[known]
    if not known.any():
        everyone = _measured_liquidity(view, view.assets)
        like = everyone[0][everyone[2]], everyone[1][everyone[2]]
        if not len(like[0]):
            raise DataError(
                f"{view.date.date()}: no listed asset has a price and a volume on half of the last {LIQUIDITY_DAYS} "
                "days, so market impact is not known. Use a snapshot with volumes, or leave out impact_coefficient."
            )
    return np.where(known, volume, like[0].min()), np.where(known, volatility, like[1].max()), ~known


def _measured_liquidity(view: MarketView, assets: IntArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    volumes = view.window_of(assets, "volume", LIQUIDITY_DAYS)
    returns = daily_returns(view.window_of(assets, "price", LIQUIDITY_DAYS + 1))
    enough = MIN_WINDOW_SHARE * LIQUIDITY_DAYS
    volume = window_median(volumes)
    known = (volume > 0) & (window_count(volumes) >= enough) & (window_count(returns) >= enough)
    return volume, window_deviation(returns), known


def cost_fraction(before: FloatArray, after: FloatArray, terms: CostTerms | FloatArray | float) -> float:
    """The fraction c of the value that trading from `before` to `after` costs, solved exactly.

    What is paid comes out of the index, so only ``(1 - c) * after`` is held in the end, and c is the smallest root of
    ``h(c) = sum(rate * x + impact * x**1.5) - c`` with ``x = |after * (1 - c) - before|``. As h is convex and not
    negative at 0, Newton's steps from 0 climb to that root and never pass it; without impact h is piecewise linear and
    they end after a few.

    Parameters
    ----------
    before, after : ndarray, shape (k,)
        Weights of what is traded, as shares of the value before costs.
    terms : CostTerms, or a rate (float or ndarray of shape (k,)) where there is no impact
        A rate is a cost as a fraction of the value traded, below 1.

    Returns
    -------
    float
        In [0, 1). 1 - c is the factor on the level.

    Raises
    ------
    MethodologyError
        If there is no root: the impact of the trade exceeds what the index can pay.
    """
    rate, impact = (terms.rate, terms.impact) if isinstance(terms, CostTerms) else (terms, None)
    if impact is not None and not impact.any():
        impact = None
    cost = 0.0
    for _ in range(NEWTON_STEPS):
        change = after * (1.0 - cost) - before
        moved = np.abs(change)
        price, slope = rate * moved, rate
        if impact is not None:
            root = impact * np.sqrt(moved)
            price, slope = price + root * moved, rate + 1.5 * root
        excess = float(price.sum()) - cost
        fall = 1.0 + float((slope * np.copysign(after, change)).sum())  # -h'(c)
        following = cost + excess / fall if fall > 0 else 1.0
        if following >= 1.0:
            raise MethodologyError(
                f"trading {moved.sum():.1%} of the index costs more than the index can pay: impact is too large. "
                "Lower assets_under_management or impact_coefficient, or trade less."
            )
        if following <= cost:
            break
        cost = following
    return cost


def trade_cost(
    view: MarketView, costs: Costs, assets: IntArray, before: FloatArray, after: FloatArray
) -> tuple[float, str]:
    """What one trade costs as a fraction of the index's value on the terms of its day, and what had to be assumed.

    Parameters
    ----------
    view : MarketView
        The market at the close of the trade.
    assets : ndarray of int, shape (k,)
        Who is bought or sold, by position in the market; `before` and `after` are their weights.

    Returns
    -------
    float, str
        As `cost_fraction`, and `CostTerms.note`.

    Raises
    ------
    DataError, MethodologyError
        As `cost_terms` and `cost_fraction` do; the message of the latter gets the day.
    """
    if costs.is_flat:
        return cost_fraction(before, after, costs.rate) if costs.rate else 0.0, ""
    terms = cost_terms(view, costs, assets)
    try:
        return cost_fraction(before, after, terms), terms.note
    except MethodologyError as error:
        raise MethodologyError(f"{view.date.date()}: {error}") from error


def chained(factors: Sequence[float] | FloatArray, rows: Sequence[int] | IntArray, days: int) -> FloatArray:
    """Cumulative product of factors, each from the day in `rows` (0 is the first) on; shape (days,)."""
    by_day = np.ones(days)
    np.multiply.at(by_day, np.asarray(rows, dtype=np.int64), np.asarray(factors))
    return np.multiply.accumulate(by_day)
