"""Would other signals with the same habits have done as well? The index beside placebos that cannot know anything.

Two of them: the same basket with the average invested share all the time, and the index's own signals moved in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError, MethodologyError
from research.evaluation import annualized_volatility, mean_test, returns_from_levels
from research.index.history import IndexHistory
from research.index.replay import Replayed, Timeline, replay, returns_of, timeline
from research.point_in_time.given_tables import SIGNALS
from research.rulebook import Overlay
from research.typing import FloatArray

SMALLEST_DELAY = 8
"""Rebalances by which signals are moved at least: what is one or two weeks old still knows most of what was known."""
LOOK_BACK = 52
"""Rebalances by which signals moved round the end stay behind at least: features look back a year, so a signal from
half a year ahead would know the returns that it is tested on."""
DAYS = 365


@dataclass(frozen=True, kw_only=True, eq=False)
class Placebos:
    """The index beside its placebos, from the base date to `until`.

    Attributes
    ----------
    levels : DataFrame, days x (index, replay, exposure-matched)
        Net of costs, 1 at the base date: of the engine, of the replay of the true signals, and of the basket with the
        average invested share all the time.
    replay_gap : Series
        How far the replay of the true signals is from the engine: correlation (of daily returns), tracking_error (a
        year) and growth_difference (a year, replay less engine).
    invested_share : float
        Average share of the members.
    exposure_matched : Series
        `mean_test` of the daily net return of the index less that of the basket; value and bounds times 365.
    statistic : float
        Information ratio (daily mean / sd) of the index's gross return less that of its own exposure-matched basket.
    shifted : Series by delay (rebalances)
        The same of the index with its signals moved by that delay.
    p_value : float
        (1 + number of delays that did as well or better) / (1 + number of delays); NaN with fewer than 39 delays.
    shifted_levels : ndarray, shape (delays, days)
        Net levels of the shifted signals.
    """

    levels: pd.DataFrame
    replay_gap: pd.Series
    invested_share: float
    exposure_matched: pd.Series
    statistic: float
    shifted: pd.Series
    p_value: float
    shifted_levels: FloatArray


def placebos(index: IndexHistory, *, shifts: int = 1000, seed: int = 0, until: pd.Timestamp | None = None) -> Placebos:
    """The index's own calls, moved round in time by each of many delays, and a constant share of the same basket.

    A moved history has the same calls in the same order, hence the same turnover of calls, on the same assets; only the
    connection with the days is cut. Members without a call on the day that theirs is taken from count as neutral, so
    each history is compared with the basket at its own average invested share, and by an information ratio, before
    costs. Delays run from 8 rebalances to 53 before a full circle: see `LOOK_BACK`.

    Parameters
    ----------
    shifts : int
        Delays drawn without replacement; all that exist where they are fewer, for a repeated one is no further history.
    until : Timestamp, optional
        Last day looked at.

    Raises
    ------
    MethodologyError
        If the rulebook's overlay follows no signals.
    DataError
        For impossible arguments.
    """
    check_number("shifts", shifts, DataError, whole=True, at_least=1, at_most=100_000)
    overlay = index.methodology.overlay
    if overlay is None or not overlay.signals or index.source.signals is None:
        raise MethodologyError(f"{index.methodology.name} follows no signals: there is nothing to be judged.")
    line = timeline(index)
    multiples = _multiples(line, overlay)
    delays = _delays(line.trades, shifts, seed)
    moved = _replayed(line, overlay, np.array([0, *delays]), multiples)
    basket = _replayed(line, overlay, np.array([0]), np.ones_like(multiples))
    end = len(line.dates) if until is None else int(line.dates.searchsorted(until, side="right"))
    ratios = _information_ratios(line, moved, basket, end)
    share = float(moved.invested[0, :end].mean())
    constant = replay(line, lambda number: (share * line.base[number] / line.base[number].sum())[None])
    levels = pd.DataFrame(
        {
            "index": index.level.to_numpy() / index.level.iloc[0],
            "replay": moved.net[0],
            "exposure-matched": constant.net[0],
        },
        line.dates,
    ).iloc[:end]
    returns = returns_from_levels(levels)
    test = mean_test(returns["index"] - returns["exposure-matched"])
    test[["value", "standard_error", "lower", "upper"]] *= DAYS
    others = ratios[1:]
    return Placebos(
        levels=levels,
        replay_gap=_gap(returns),
        invested_share=share,
        exposure_matched=test,
        statistic=float(ratios[0]),
        shifted=pd.Series(others, pd.Index(delays, name="delay"), name="information_ratio"),
        p_value=(1 + int((others >= ratios[0]).sum())) / (1 + len(others)) if len(others) >= 39 else float("nan"),
        shifted_levels=moved.net[1:, :end],
    )


def _delays(trades: int, shifts: int, seed: int) -> list[int]:
    known = np.arange(SMALLEST_DELAY, trades - LOOK_BACK)
    if len(known) > shifts:
        known = np.sort(np.random.default_rng(seed).choice(known, shifts, replace=False))
    return [int(delay) for delay in known]


def _multiples(line: Timeline, overlay: Overlay) -> FloatArray:
    """What the latest fresh signal makes of each asset's weight at each determination, shape (K, n)."""
    words = np.array([d.view.latest_signals(overlay.max_signal_age_days + 1)[line.assets] for d in line.decisions])
    sizes = np.array([getattr(overlay, name) for name in SIGNALS])
    return np.where(words >= 0, sizes[words], overlay.neutral)


def _replayed(line: Timeline, overlay: Overlay, delays: np.ndarray, multiples: FloatArray) -> Replayed:
    spread = overlay.mode == "fully_invested"

    def targets(number: int) -> FloatArray:
        base = line.base[number]
        scaled = base * multiples[(number - delays) % line.trades]
        if spread:
            left = scaled.sum(axis=1, keepdims=True)
            scaled = np.where(left > 0, scaled / np.where(left > 0, left, 1.0) * base.sum(), scaled)
        return np.asarray(scaled * line.exposure[number])

    return replay(line, targets, min_trade=overlay.min_trade, max_turnover=overlay.max_turnover)


def _information_ratios(line: Timeline, moved: Replayed, basket: Replayed, end: int) -> FloatArray:
    own, whole = returns_of(moved.gross[:, :end]), returns_of(basket.gross[:, :end])
    leg = returns_of(line.leg[None, :end])
    share = moved.invested[:, :end].mean(axis=1, keepdims=True) / basket.invested[:, :end].mean()
    active = own - share * whole - (1.0 - share) * leg
    deviation = active.std(axis=1, ddof=1)
    return np.where(deviation > 0, active.mean(axis=1) / np.where(deviation > 0, deviation, 1.0), 0.0)


def _gap(returns: pd.DataFrame) -> pd.Series:
    difference = returns["replay"] - returns["index"]
    years = len(returns) / DAYS
    growth = np.log1p(returns[["replay", "index"]]).sum() / years
    return pd.Series(
        {
            "correlation": returns["replay"].corr(returns["index"]),
            "tracking_error": annualized_volatility(difference),
            "growth_difference": float(np.expm1(growth["replay"]) - np.expm1(growth["index"])),
        }
    )
