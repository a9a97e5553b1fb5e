"""Market, size and momentum portfolios of a snapshot: what the excess of an index is regressed on.

Conventions of Liu, Tsyvinski and Wu (2022, "Common risk factors in cryptocurrency"): value weights by the market cap of
the day of formation, which lies before all returns it earns; assets of at least 1 million USD; size in parts of
30, 40 and 30 %; momentum over the last three weeks within two groups of size. Where these differ: weeks end on Sundays
(theirs are counted from 1 January), returns are daily with units constant through the week, momentum is sorted within
each half by size (theirs are independent sorts, whose corners can be empty in a small market), and an asset must pass
the screens in `UNIVERSE` besides. They trade at the close that decides and pay nothing: not investable, on purpose. The
regression itself is in `research.evaluation.factors`.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from research.errors import MethodologyWarning
from research.market import MarketData
from research.point_in_time.screens import evaluate
from research.point_in_time.trailing_performance import total_return
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Universe
from research.typing import BoolArray, FloatArray, IntArray

FACTORS = ("market", "size", "momentum")
UNIVERSE = Universe(
    exclude_tags=("stablecoin", "wrapped", "staked"),
    min_history_days=28,
    min_market_cap=1e6,
    turnover_band=(0.0005, 3.0),  # a bogus supply on one side, wash trading on the other
    exclude_pegged=("usd",),
)
OUTLIER_JUMP = 1.0  # a print 2.7 times the last one, or less than its inverse, waits for the next to confirm it
SUNDAY = 6
MOMENTUM_DAYS = 21
SHARE = 0.3  # of the assets, in each outer part
LEAST = 20  # assets: every leg of the momentum portfolio then has three

Legs = dict[str, tuple[IntArray, FloatArray]]  # positions in the market, and their weights


def factor_portfolios(market: MarketData) -> pd.DataFrame:
    """Daily returns of the market, of small less large assets, and of past winners less past losers.

    Returns
    -------
    DataFrame, shape (days, 3), index = date
        market: value-weighted return of all eligible assets (not over a risk-free rate). size: smallest 30 % less
        largest 30 %. momentum: the mean over small and large of the 30 % with the highest return over 21 days less the
        30 % with the lowest. Fractions, from the day after the first formation, without NaN. A missing price within a
        week is carried; an asset without a price at a formation leaves at its last one, which flatters the factor
        that held a dead asset. With fewer than 20 eligible assets the last portfolios are kept, and before the first 20
        there is nothing: an empty frame, with a `MethodologyWarning`, where that never happens.
    """
    source = PointInTime(market, outlier_jump=OUTLIER_JUMP)
    sundays = np.flatnonzero(source.dates.day_of_week == SUNDAY)
    formed = [(int(row), legs) for row in sundays if (legs := _legs(source.at(int(row)))) is not None]
    if not formed:
        warnings.warn(
            f"no factor portfolios: snapshot {market.manifest.name!r} never has {LEAST} eligible assets on a Sunday.",
            MethodologyWarning,
            stacklevel=2,
        )
        return pd.DataFrame(columns=list(FACTORS), index=source.dates[:0], dtype=float)
    ends = [row for row, _ in formed[1:]] + [len(source.dates) - 1]
    parts = [_held(source, row, end, legs) for (row, legs), end in zip(formed, ends, strict=True)]
    return pd.DataFrame(np.concatenate(parts), index=source.dates[formed[0][0] + 1 :], columns=list(FACTORS))


def _legs(view: MarketView) -> Legs | None:
    """The portfolios formed at a close; None with too few eligible assets."""
    nobody = np.zeros(len(view.assets), dtype=bool)
    screens = evaluate(view, UNIVERSE, nobody, needs_cap=True)
    past = total_return(view, MOMENTUM_DAYS)
    cap = view.today("market_cap")
    eligible = np.logical_and.reduce([screen.passed for screen in screens]) & ~np.isnan(past)
    if eligible.sum() < LEAST:
        return None
    places = np.flatnonzero(eligible)
    by_size = places[np.argsort(cap[places], kind="stable")]
    half, outer = len(by_size) // 2, _outer(len(by_size))
    groups = {"market": by_size, "small": by_size[:outer], "large": by_size[-outer:]}
    for name, part in (("small", by_size[:half]), ("large", by_size[half:])):
        by_return = part[np.argsort(past[part], kind="stable")]
        outer = _outer(len(part))
        groups |= {f"{name} losers": by_return[:outer], f"{name} winners": by_return[-outer:]}
    return {name: (view.assets[group], cap[group] / cap[group].sum()) for name, group in groups.items()}


def _outer(count: int) -> int:
    """Assets in each outer part of so many."""
    return int(SHARE * count + 1e-9)


def _held(source: PointInTime, row: int, end: int, legs: Legs) -> FloatArray:
    """Daily returns of the factors from the day after a formation to the next one, shape (days, factors)."""
    returns = {}
    caps = source.panel("market_cap")
    for name, (assets, weights) in legs.items():
        rows = slice(row, end + 1)
        value = (weights * _worth(source.prices[rows, assets], caps[rows, assets])).sum(axis=1)
        returns[name] = value[1:] / value[:-1] - 1.0
    size = returns["small"] - returns["large"]
    spreads = [returns[f"{name} winners"] - returns[f"{name} losers"] for name in ("small", "large")]
    return np.stack([returns["market"], size, (spreads[0] + spreads[1]) / 2.0], axis=1)


def _worth(prices: FloatArray, caps: FloatArray) -> FloatArray:
    """What one USD in each asset has become, shape of `prices`, whose first row is complete.

    A missing price is carried. A confirmed jump of the price that the market cap does not share, by half at least, is a
    new unit of the same asset that nobody announced: the holding grows as the market cap does.
    """
    known: BoolArray = ~np.isnan(prices)
    last = np.maximum.accumulate(np.where(known, np.arange(len(prices))[:, None], 0), axis=0)
    price, cap = (np.diff(np.log(np.take_along_axis(panel, last, axis=0)), axis=0) for panel in (prices, caps))
    is_unit = (np.abs(price) > OUTLIER_JUMP) & (np.abs(cap) < 0.5 * np.abs(price))
    growth = np.cumsum(np.where(is_unit, cap, price), axis=0)
    return np.asarray(np.exp(np.concatenate([np.zeros((1, prices.shape[1])), growth])))
