"""Signals and volatility move weight between the members and a stablecoin at its market price.

What the signals are worth is judged elsewhere; here they are followed, within a minimum trade and a turnover limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from research.errors import MethodologyError
from research.index.decisions.stable_leg import choose_stablecoin, in_leg
from research.point_in_time.given_tables import SIGNALS
from research.point_in_time.view import MarketView
from research.rulebook import Overlay
from research.typing import BoolArray, FloatArray, IntArray

DECAYS = (0.94, 0.97)
VOLATILITY_WINDOW = 250
VOLATILITY_DELAY = 2
VOLATILITY_DAYS = 20  # fewer returns than this are no estimate
WHOLE = 1.0 - 1e-12


@dataclass(frozen=True, kw_only=True)
class Overlaid:
    """Final weights over `assets` (positions in the market, sorted), exposure, planned turnover, and notes."""

    assets: IntArray
    weights: FloatArray
    exposure: float
    turnover: float
    notes: tuple[str, ...]


def apply_overlay(
    view: MarketView,
    overlay: Overlay,
    *,
    members: IntArray,
    weights: FloatArray,
    within_caps: Callable[[BoolArray, FloatArray], FloatArray],
    held: tuple[IntArray, FloatArray] | None,
    last_exposure: float | None,
    planned: float,
) -> Overlaid:
    """Scale the members' bounded weights, and put what is freed into the stable leg.

    Parameters
    ----------
    members, weights : ndarrays, shape (k,)
        Positions of the members and their weights after caps and floors. Weights that add up to less than 1 leave the
        rest to the stable leg.
    within_caps : callable
        Takes which members are left, shape (k,), and their sizes; gives their weights within the rulebook's caps. Used
        when what is freed is spread over the members again.
    held : (assets, weights), optional
        What the index holds today, drifted; None at the start, where no limit on trades applies.
    last_exposure : float, optional
        Exposure of the last determination.
    planned : float
        Turnover that determinations of the last week have planned already.
    """
    notes: list[str] = []
    scale, exposure = np.ones(len(members)), 1.0
    if overlay.signals:
        scale, missing = signal_scale(view, overlay, members)
        if missing:
            limit = overlay.max_signal_age_days
            notes.append(f"{missing} members without a signal at most {limit} days old: neutral")
    if overlay.volatility_target is not None:
        exposure = _exposure(view, overlay, members, weights, last_exposure, notes)
    scaled = weights * scale
    if overlay.mode == "fully_invested" and scaled.sum() > 0:
        left = scaled > 0
        scaled[left] = weights.sum() * within_caps(left, scaled[left])
    scaled = scaled * exposure
    stable = choose_stablecoin(view, overlay, () if held is None else held[0].tolist())
    assets, now = _places(view, overlay, members, stable, held)
    target = np.zeros(len(assets))
    target[np.searchsorted(assets, members)] = scaled
    leg = None if stable is None else int(np.searchsorted(assets, stable))
    if scaled.sum() < WHOLE:  # rounding alone buys no stablecoin
        if leg is not None:
            target[leg] += 1.0 - target.sum()
        else:
            target[np.searchsorted(assets, members)] = weights
            target, exposure = _without_stablecoin(view, overlay, assets, target, now, last_exposure, notes)
    turnover = 0.0
    if now is not None:
        target, turnover = _limit_trades(now, target, leg, overlay, planned, notes)
    keep = target > 0
    return Overlaid(
        assets=assets[keep],
        weights=target[keep] / target.sum(),
        exposure=exposure,
        turnover=turnover,
        notes=tuple(notes),
    )


def _without_stablecoin(
    view: MarketView,
    overlay: Overlay,
    assets: IntArray,
    bounded: FloatArray,
    now: FloatArray | None,
    last_exposure: float | None,
    notes: list[str],
) -> tuple[FloatArray, float]:
    """Weights and exposure where a part belongs into the stable leg and no stablecoin keeps its peg.

    The members' weights as they are bounded. Where even those leave a rest, or the leg holds something, what is held: a
    lost peg is no reason to buy what the signals sell.
    """
    nowhere = "no stablecoin of the stable leg has a price and keeps its peg"
    parked = 0.0 if now is None else now[in_leg(view.source, overlay, assets, view.row)].sum()
    if bounded.sum() >= WHOLE and not parked > 0:
        notes.append(f"{nowhere}: nothing is moved into it")
        return bounded, 1.0
    if now is not None and now.sum() > 0:
        notes.append(f"{nowhere}: nothing trades")
        return now, 1.0 if last_exposure is None else last_exposure
    raise MethodologyError(
        f"on {view.date.date()} a part of the weight belongs into the stable leg, but none of "
        f"{', '.join(overlay.stable_leg)} has a price within {overlay.depeg_warning:.1%} of 1 USD. "
        "Add a stablecoin, or start later."
    )


def _places(
    view: MarketView,
    overlay: Overlay,
    members: IntArray,
    stable: int | None,
    held: tuple[IntArray, FloatArray] | None,
) -> tuple[IntArray, FloatArray | None]:
    """All assets concerned, sorted, and their weights today.

    Another stablecoin of the leg counts as the one that it is left for: a minimum trade or a limit on turnover must not
    keep the index in one that has lost its peg.
    """
    source = view.source
    chosen = np.array([] if stable is None else [stable], dtype=np.int64)
    if held is None:
        return source.union(members, chosen), None
    names = held[0]
    if stable is not None:
        names = np.where(in_leg(source, overlay, names, view.row), stable, names)
    assets = source.union(members, chosen, names)
    now = np.zeros(len(assets))
    np.add.at(now, np.searchsorted(assets, names), held[1])
    return assets, now


def signal_scale(view: MarketView, overlay: Overlay, members: IntArray) -> tuple[FloatArray, int]:
    """The multiple that each member's latest signal asks for, shape (k,), and how many had none that is fresh.

    Today's signal is 0 days old; one of `max_signal_age_days` still counts.
    """
    latest = view.latest_signals(overlay.max_signal_age_days + 1)[members]
    multiples = np.array([getattr(overlay, name) for name in SIGNALS])
    return np.where(latest >= 0, multiples[latest], overlay.neutral), int((latest < 0).sum())


def _exposure(
    view: MarketView,
    overlay: Overlay,
    members: IntArray,
    weights: FloatArray,
    last: float | None,
    notes: list[str],
) -> float:
    """Share of the members together: target volatility over the larger of two estimates, changed only in steps.

    Returns up to two days before the determination, of the basket at today's weights; missing ones leave the basket's
    return of the day to the other members.
    """
    assert overlay.volatility_target is not None
    window = view.window_of(members, "price", VOLATILITY_WINDOW)[:-VOLATILITY_DELAY]
    window = np.asfortranarray(window)  # the sum of a day goes member by member
    steps = window[1:] / window[:-1] - 1.0
    there = ~np.isnan(steps)
    covered = there @ weights
    returns = (np.where(there, steps, 0.0) * weights).sum(axis=1)[covered > 0] / covered[covered > 0]
    if len(returns) < VOLATILITY_DAYS:
        exposure = overlay.max_exposure if last is None else last
        notes.append(
            f"{len(returns)} daily returns are no estimate of volatility (expected {VOLATILITY_DAYS}): "
            f"exposure {'starts' if last is None else 'stays'} at {exposure:.0%}"
        )
        return exposure
    estimates = []
    for decay in DECAYS:
        age = decay ** np.arange(len(returns))[::-1]
        estimates.append(np.sqrt((age * returns**2).sum() / age.sum() * 365))
    calm = not max(estimates) > 0
    wanted = overlay.max_exposure if calm else min(overlay.max_exposure, overlay.volatility_target / max(estimates))
    return float(wanted) if last is None or abs(wanted - last) > overlay.exposure_step else last


def _limit_trades(
    now: FloatArray, target: FloatArray, leg: int | None, overlay: Overlay, planned: float, notes: list[str]
) -> tuple[FloatArray, float]:
    """Leave small changes undone, and go only part of the way where the turnover would be too large.

    Returns the weights and the one-sided turnover they plan.
    """
    target = _without_small_trades(now, target, leg, overlay.min_trade)
    turnover = float(0.5 * np.abs(target - now).sum())
    left = np.inf if overlay.max_turnover is None else max(overlay.max_turnover - planned, 0.0)
    if turnover <= left:
        return target, turnover
    used = f", of which {planned:.1%} were planned in the days before" if planned > 0 else ""
    notes.append(
        f"turnover of {turnover:.1%} limited to {left:.1%} (max_turnover = {overlay.max_turnover:.1%} in seven days"
        f"{used}): the way is gone in part"
    )
    return now + left / turnover * (target - now), left


def _without_small_trades(now: FloatArray, target: FloatArray, leg: int | None, min_trade: float) -> FloatArray:
    """Weights of members that stay and would change by less than `min_trade` stay as they have drifted.

    Who enters or leaves is traded whatever the size: a dropped member would linger otherwise. What small changes left
    undone leave over or take is the stable leg's where the target puts something into it; else the other members share
    it in proportion, for a fully invested index buys no stablecoin to save a trade. Where they or the leg have no room
    for it, the small changes are made after all.
    """
    small = (np.abs(target - now) < min_trade) & (target > 0) & (now > 0)
    if leg is not None:
        small[leg] = False
    kept = np.where(small, now, target)
    if leg is not None and target[leg] > 0:
        kept[leg] += 1.0 - kept.sum()
        return kept if kept[leg] >= 0 else target
    traded, rest = kept[~small].sum(), 1.0 - kept[small].sum()
    if not traded > 0:
        return kept if abs(rest) < 1.0 - WHOLE else target
    kept[~small] *= rest / traded
    near = np.abs(kept - target).max(initial=0.0) < min_trade
    return kept if rest > 0 and near else target
