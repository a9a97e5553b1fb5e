"""The trades of an index again, for hundreds of variants of its overlay at once: fast, and nearly what the engine does.

The engine decides the members and their weights once; here only what scales them differs. Trades happen on the index's
own effective days, units are constant in between, what is not invested lies in the stablecoin at its market price, and
fee and half spread are paid on what is traded. Left out: removals between rebalances (a dead token keeps its last price
until the next), frozen members, drift triggers, the cost of exchanging a stablecoin, market impact. How far that is
from the engine is measured where it is used: `placebo.replay_gap`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.decisions.records import Decision
from research.index.decisions.stable_leg import choose_stablecoin
from research.index.history import IndexHistory
from research.index.trading.costs import cost_terms
from research.point_in_time.view import PointInTime
from research.typing import FloatArray, IntArray

WEEK = 7
CALENDAR = ("initial", "reconstitution", "rebalance")


@dataclass(frozen=True, kw_only=True, eq=False)
class Timeline:
    """What all variants share: K trades, n assets, and their prices.

    Attributes
    ----------
    decisions : tuple of Decision
        One per trade.
    assets : ndarray of int, shape (n,)
        Positions in the market, sorted.
    base : ndarray, shape (K, n)
        Weights of the members after caps and floors, before any overlay.
    exposure : ndarray, shape (K,)
        What the volatility target leaves to them.
    prices, leg : ndarray, shapes (days, n) and (days,)
        Carried prices from the base date on, NaN before the first print; value of the stable leg.
    drift : ndarray, shape (K, n + 1)
        Prices at the effective close over those at the determination, the stable leg last.
    rates : ndarray, shape (K, n + 1)
        Cost per value traded of each asset, the stable leg last.
    dates : DatetimeIndex, days of the index
    """

    decisions: tuple[Decision, ...]
    assets: IntArray
    base: FloatArray
    exposure: FloatArray
    prices: FloatArray
    leg: FloatArray
    drift: FloatArray
    rates: FloatArray
    dates: pd.DatetimeIndex

    @property
    def trades(self) -> int:
        return len(self.decisions)


@dataclass(frozen=True, kw_only=True, eq=False)
class Replayed:
    """Levels of S variants from 1 on, net and gross of costs, shapes (S, days); daily share of the members likewise.

    `turnover` is the one-sided turnover of all trades but the first, shape (S,).
    """

    net: FloatArray
    gross: FloatArray
    invested: FloatArray
    turnover: FloatArray


def timeline(index: IndexHistory, *, also: tuple[str, ...] = (), until: pd.Timestamp | None = None) -> Timeline:
    """The calendar's trades of an index with an overlay, and prices and costs of its members and of `also`.

    Nothing after `until` (default: the last day) is in it.

    Raises
    ------
    MethodologyError
        If the index has no overlay, hence no stable leg.
    """
    overlay = index.methodology.overlay
    if overlay is None:
        raise MethodologyError(
            f"{index.methodology.name} has no [overlay]: there is no signal to be judged. Give an index that has one."
        )
    source = index.source
    last = index.row_of(until)
    made = [d for d in index.decision_records if d.cause in CALENDAR and not d.kept and d.effective_row <= last]
    extra = source.market.prices.columns.get_indexer(pd.Index(also))
    assets = source.union(*(d.members[d.steps[3] > 0] for d in made), extra[extra >= 0])
    base = np.zeros((len(made), len(assets)))
    stable: list[int | None] = []
    for number, decision in enumerate(made):
        members = decision.steps[3] > 0
        base[number, np.searchsorted(assets, decision.members[members])] = decision.steps[3][members]
        before = () if not stable or stable[-1] is None else (stable[-1],)
        stable.append(choose_stablecoin(decision.view, overlay, before))
    carried = _carried(source, assets)
    starts = [decision.effective_row - index.base_row for decision in made]
    return Timeline(
        decisions=tuple(made),
        assets=assets,
        base=base,
        exposure=np.array([decision.exposure for decision in made]),
        prices=carried[index.base_row : last + 1],
        leg=_leg(index, starts, stable)[: last + 1 - index.base_row],
        drift=np.array([_drift(source, d, carried, leg) for d, leg in zip(made, stable, strict=True)]),
        rates=np.array([_rates(index, d.effective_row, assets, leg) for d, leg in zip(made, stable, strict=True)]),
        dates=index.dates[: last + 1 - index.base_row],
    )


def replay(
    line: Timeline,
    targets: Callable[[int], FloatArray],
    *,
    min_trade: float = 0.0,
    max_turnover: float | None = None,
) -> Replayed:
    """Levels of S variants.

    Parameters
    ----------
    targets : callable
        Number of a trade -> weights at its determination, shape (S, n), adding up to 1 at most: the stable leg has the
        rest. What is bought at the effective close are the units that they mean at the determination's prices.
    min_trade, max_turnover
        As in the rulebook, against the weights drifted to the determination.
    """
    weights = _at_prices(_with_leg(targets(0)), line.drift[0])
    days, variants = len(line.dates), len(weights)
    gross, invested = np.ones((variants, days)), np.empty((variants, days))
    factor, turnover = np.ones((variants, days)), np.zeros(variants)
    first = line.decisions[0].effective_row
    ends = [*(decision.effective_row - first for decision in line.decisions[1:]), days - 1]
    value, start = np.ones(variants), 0
    planned: list[tuple[int, FloatArray]] = []
    for number, stop in enumerate(ends):
        growth = _growth(line, start, stop)
        path = weights @ growth.T
        gross[:, start : stop + 1] = value[:, None] * path
        invested[:, start : stop + 1] = 1.0 - weights[:, -1:] * growth[:, -1] / path
        value = value * path[:, -1]
        if number + 1 == len(ends):
            break
        row = line.decisions[number + 1].row
        seen = _at_prices(weights, growth[max(row - first - start, 0)])
        target = _without_small_trades(_with_leg(targets(number + 1)), seen, min_trade)
        if max_turnover is not None:
            planned = [(day, change) for day, change in planned if day > row - WEEK]
            left = np.maximum(max_turnover - sum(change for _, change in planned), 0.0) + np.zeros(variants)
            wanted = np.abs(target - seen).sum(axis=1) / 2.0
            share = np.where(wanted > left, left / np.where(wanted > left, wanted, 1.0), 1.0)
            target = seen + share[:, None] * (target - seen)
            planned.append((row, share * wanted))
        target = _at_prices(target, line.drift[number + 1])
        moved = np.abs(target - weights * growth[-1] / path[:, -1:])
        turnover += moved.sum(axis=1) / 2.0
        factor[:, stop] = 1.0 - moved @ line.rates[number + 1]
        weights, start = target, stop
    return Replayed(net=gross * np.cumprod(factor, axis=1), gross=gross, invested=invested, turnover=turnover)


def returns_of(levels: FloatArray) -> FloatArray:
    """Daily returns of levels, shapes (S, days) -> (S, days - 1)."""
    return np.asarray(levels[:, 1:] / levels[:, :-1] - 1.0)


def _with_leg(members: FloatArray) -> FloatArray:
    return np.hstack([members, 1.0 - members.sum(axis=1, keepdims=True)])


def _at_prices(weights: FloatArray, growth: FloatArray) -> FloatArray:
    """Weights after prices have grown by `growth`."""
    values = weights * growth
    return np.asarray(values / values.sum(axis=1, keepdims=True))


def _growth(line: Timeline, start: int, stop: int) -> FloatArray:
    """Prices from day `start` to `stop` over those of `start`, the leg's last; 1 for what is not listed yet."""
    prices = np.column_stack([line.prices[start : stop + 1], line.leg[start : stop + 1]])
    growth = prices / prices[0]
    return np.where(np.isnan(growth), 1.0, growth)


def _without_small_trades(target: FloatArray, now: FloatArray, min_trade: float) -> FloatArray:
    """Members that stay and would change by less than `min_trade` stay as they have drifted; the leg takes the rest."""
    small = (np.abs(target - now) < min_trade) & (target > 0) & (now > 0)
    kept = np.where(small, now, target)
    kept[:, -1] = 1.0 - kept[:, :-1].sum(axis=1)
    fits = (target[:, -1] > 0) & (kept[:, -1] >= 0)
    return np.where(fits[:, None], kept, target)


def _carried(source: PointInTime, assets: IntArray) -> FloatArray:
    return pd.DataFrame(source.prices[:, assets]).ffill().to_numpy()


def _leg(index: IndexHistory, starts: list[int], stable: list[int | None]) -> FloatArray:
    """Value of one unit put into the stablecoin of the day; constant where there is none."""
    leg = np.ones(len(index.dates))
    known = [place for place in stable if place is not None]
    carried = {place: _carried(index.source, np.array([place]))[index.base_row :, 0] for place in set(known)}
    ends = [*starts[1:], len(leg) - 1]
    for start, stop, place in zip(starts, ends, stable, strict=True):
        path = np.ones(stop - start + 1) if place is None else carried[place][start : stop + 1]
        leg[start : stop + 1] = leg[start] * path / path[0]
    return leg


def _drift(source: PointInTime, decision: Decision, prices: FloatArray, stable: int | None) -> FloatArray:
    rows = [decision.row, decision.effective_row]
    leg = np.ones(2) if stable is None else _carried(source, np.array([stable]))[rows, 0]
    before, after = np.column_stack([prices[rows], leg])
    return np.where(np.isnan(before), 1.0, after / np.where(np.isnan(before), 1.0, before))


def _rates(index: IndexHistory, row: int, assets: IntArray, stable: int | None) -> FloatArray:
    view, costs = index.source.at(row), index.methodology.costs
    leg = np.array([] if stable is None else [stable], dtype=np.int64)
    there = index.source.union(view.assets[np.isin(view.assets, assets)], leg)
    rate = dict(zip(there.tolist(), cost_terms(view, costs, there).rate.tolist(), strict=True))
    return np.array([rate.get(place, 0.0) for place in [*assets.tolist(), stable]])
