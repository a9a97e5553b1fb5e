"""Signals and volatility move weight between the members and a stablecoin at its market price.

What the signals are worth is judged elsewhere; here they are followed, within a minimum trade and a turnover limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.rules import Overlay
from research.index.view import SIGNALS, BoolArray, FloatArray, IntArray, MarketView

DECAYS = (0.94, 0.97)
VOLATILITY_WINDOW = 250
VOLATILITY_DELAY = 2


@dataclass(frozen=True, kw_only=True)
class Overlaid:
    """Final weights over `assets` (positions in the market, sorted), the exposure, and what had to be noted."""

    assets: IntArray
    weights: FloatArray
    exposure: float
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
    """
    notes: list[str] = []
    scale, exposure = np.ones(len(members)), 1.0
    if overlay.signals:
        scale, missing = signal_scale(view, overlay, members)
        if missing:
            notes.append(f"{missing} members without a signal of the last {overlay.max_signal_age_days} days: neutral")
    if overlay.volatility_target is not None:
        exposure = _exposure(view, overlay, members, weights, last_exposure)
    scaled = weights * scale
    if overlay.mode == "fully_invested" and scaled.sum() > 0:
        left = scaled > 0
        scaled[left] = weights.sum() * within_caps(left, scaled[left])
    scaled = scaled * exposure
    stable = stable_coin(view, overlay)
    if stable is None:
        return _without_stable_leg(view, overlay, members, weights, scaled, held, exposure, notes)
    assets = np.union1d(members, [stable] if held is None else [stable, *held[0]]).astype(np.int64)
    target = np.zeros(len(assets))
    target[np.searchsorted(assets, members)] = scaled
    leg = int(np.searchsorted(assets, stable))
    target[leg] += 1.0 - target.sum()
    if held is not None:
        now = np.zeros(len(assets))
        now[np.searchsorted(assets, held[0])] = held[1]
        target = _limit_trades(now, target, leg, overlay, notes)
    keep = target > 0
    return Overlaid(assets=assets[keep], weights=target[keep] / target.sum(), exposure=exposure, notes=tuple(notes))


def _without_stable_leg(
    view: MarketView,
    overlay: Overlay,
    members: IntArray,
    weights: FloatArray,
    scaled: FloatArray,
    held: tuple[IntArray, FloatArray] | None,
    exposure: float,
    notes: list[str],
) -> Overlaid:
    """No stablecoin to move into: the members keep their weights; where those leave a rest, nothing trades."""
    if scaled.sum() >= 1.0 - 1e-12:
        return Overlaid(assets=members, weights=scaled / scaled.sum(), exposure=exposure, notes=tuple(notes))
    notes.append("no stablecoin of the stable leg has a price and keeps its peg: nothing is moved into it")
    if weights.sum() >= 1.0 - 1e-12:
        return Overlaid(assets=members, weights=weights / weights.sum(), exposure=1.0, notes=tuple(notes))
    if held is None or not held[1].sum() > 0:
        raise MethodologyError(
            f"on {view.date.date()} a part of the weight belongs into the stable leg, but none of "
            f"{', '.join(overlay.stable_leg)} has a price within {overlay.depeg_warning:.1%} of 1 USD. "
            "Add a stablecoin, or start later."
        )
    return Overlaid(assets=held[0], weights=held[1] / held[1].sum(), exposure=exposure, notes=tuple(notes))


def signal_scale(view: MarketView, overlay: Overlay, members: IntArray) -> tuple[FloatArray, int]:
    """The multiple that each member's latest signal asks for, shape (k,), and how many had none that is fresh."""
    latest = view.latest_signals(overlay.max_signal_age_days)[members]
    multiples = np.array([getattr(overlay, name) for name in SIGNALS])
    return np.where(latest >= 0, multiples[latest], overlay.neutral), int((latest < 0).sum())


def stable_coin(view: MarketView, overlay: Overlay) -> int | None:
    """Position of the first stablecoin of the leg with a price today within `depeg_warning` of 1 USD; None without."""
    for asset_id in overlay.stable_leg:
        place = int(view.source.market.prices.columns.get_indexer(pd.Index([asset_id]))[0])
        if place < 0 or place in view.announced:
            continue
        if abs(view.source.prices[view.row, place] - 1.0) <= overlay.depeg_warning:
            return place
    return None


def _exposure(view: MarketView, overlay: Overlay, members: IntArray, weights: FloatArray, last: float | None) -> float:
    """Share of the members together: target volatility over the larger of two estimates, changed only in steps.

    Returns up to two days before the determination, of the basket at today's weights; missing ones leave the basket's
    return of the day to the other members.
    """
    assert overlay.volatility_target is not None
    window = view.window("price", VOLATILITY_WINDOW)[:-VOLATILITY_DELAY, np.searchsorted(view.assets, members)]
    steps = window[1:] / window[:-1] - 1.0
    there = ~np.isnan(steps)
    covered = there @ weights
    returns = (np.where(there, steps, 0.0) * weights).sum(axis=1)[covered > 0] / covered[covered > 0]
    if len(returns) < 2:
        return overlay.max_exposure if last is None else last
    estimates = []
    for decay in DECAYS:
        age = decay ** np.arange(len(returns))[::-1]
        estimates.append(np.sqrt((age * returns**2).sum() / age.sum() * 365))
    calm = not max(estimates) > 0
    wanted = overlay.max_exposure if calm else min(overlay.max_exposure, overlay.volatility_target / max(estimates))
    return float(wanted) if last is None or abs(wanted - last) > overlay.exposure_step else last


def _limit_trades(now: FloatArray, target: FloatArray, leg: int, overlay: Overlay, notes: list[str]) -> FloatArray:
    """Leave small changes undone, and go only part of the way where the turnover would be too large."""
    small = (np.abs(target - now) < overlay.min_trade) & (target > 0) & (now > 0)
    small[leg] = False
    kept = np.where(small, now, target)
    kept[leg] += 1.0 - kept.sum()
    if kept[leg] >= 0:  # else the small changes are needed to pay for the others: leave them in
        target = kept
    turnover = 0.5 * np.abs(target - now).sum()
    if overlay.max_turnover is not None and turnover > overlay.max_turnover:
        notes.append(f"turnover of {turnover:.1%} limited to {overlay.max_turnover:.1%}: the way is gone in part")
        target = now + overlay.max_turnover / turnover * (target - now)
    return target
