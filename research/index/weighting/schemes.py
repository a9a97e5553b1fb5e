"""Weighting schemes: from the members of a day to their sizes. Weights are in proportion to sizes, within bounds.

`member_sizes` looks the scheme up by the name used in the rulebook. Bounds are in `bounds.py`, estimates of risk in
`risk.py`, selection in `selection.py`, trading in `portfolio.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.errors import DataError, MethodologyError
from research.index.weighting import risk
from research.point_in_time.measures import measure
from research.point_in_time.view import MarketView
from research.point_in_time.windows import daily_returns, window_count, window_mean
from research.rulebook import Weighting
from research.rulebook.weighting import SCORE_SCHEMES
from research.typing import BoolArray, FloatArray, IntArray

LIQUIDITY = "volume_median_30d"
SHARPE_PRIOR_DAYS = 365  # T0 of the shrinkage T / (T + T0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sizes:
    """What weights are in proportion to, before bounds.

    Attributes
    ----------
    values : ndarray, shape (k,)
        One for each member, 0 or more; NaN for a member that has no price or no size today and cannot be weighted.
    notes : tuple of str
        What was imputed, what could not be estimated, and which fallback was taken.
    """

    values: FloatArray
    notes: tuple[str, ...] = ()


def member_sizes(view: MarketView, weighting: Weighting, places: IntArray, *, votes: FloatArray | None = None) -> Sizes:
    """Sizes of the members by the rulebook's scheme.

    Parameters
    ----------
    view, weighting
        The market at the close, and the rulebook's section.
    places : ndarray of int, shape (k,)
        Places of the members in the view's arrays. Members without a price today take no part in the scheme.
    votes : ndarray, shape (n,), optional
        Score of each listed asset in the vote, for the scheme "votes"; NaN for those not elected.

    Raises
    ------
    DataError
        If a supply factor lies outside (0, 1], or a signal is given twice.
    MethodologyError
        If the scheme needs votes or signals and there are none.
    """
    priced = ~np.isnan(view.today("price")[places])
    inside = places if priced.all() else places[priced]
    sizes = (
        _by_votes(votes, inside) if weighting.scheme == "votes" else SCHEMES[weighting.scheme](view, weighting, inside)
    )
    if weighting.scheme in SCORE_SCHEMES and len(inside) and np.nanmax(sizes.values, initial=-np.inf) == 0:
        sizes = _fall_back(view, weighting, inside, sizes)
    if priced.all():
        return sizes
    values = np.full(len(places), np.nan)
    np.place(values, priced, sizes.values)
    return Sizes(values=values, notes=sizes.notes)


# ---------------------------------------------------------------------- by size


def market_cap(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``M`` or ``M ** power``: market capitalisation of the day (or `size_by`) times the supply factor, USD."""
    size = _size(view, weighting, places)
    return Sizes(values=size if weighting.power is None else size**weighting.power)


def sqrt_market_cap(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``sqrt(M)``, as CCi30 does with a smoothed market cap (`size_by`)."""
    return Sizes(values=np.sqrt(_size(view, weighting, places)))


def liquidity_mix(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``(1 - a) sqrt(M) / sum sqrt(M) + a L / sum L``, L the 30-day median volume and a the `liquidity_share`.

    Source: MVI of Index Coop with a = 0.25. Shares are of the members that have both today; the others get NaN, and all
    do where the caps or the volumes of those add up to zero.
    """
    root = np.sqrt(_size(view, weighting, places))
    liquidity = measure(view, LIQUIDITY)[places]
    both = ~np.isnan(root) & ~np.isnan(liquidity)
    for values, what in ((liquidity, "volume"), (root, "market cap")):
        if not values[both].sum() > 0:
            note = f"no member has a {what}: nothing can be shared by it"
            return Sizes(values=np.full(len(places), np.nan), notes=(note,))
    a = weighting.liquidity_share
    mix = (1.0 - a) * root / root[both].sum() + a * liquidity / liquidity[both].sum()
    return Sizes(values=mix)


def _size(view: MarketView, weighting: Weighting, places: IntArray) -> FloatArray:
    """The market cap of the day, or `size_by`, times the supply factor where there is one."""
    size = (view.today("market_cap") if weighting.size_by is None else measure(view, weighting.size_by))[places]
    if weighting.supply_factor is None:
        return size
    factor = view.today(weighting.supply_factor)[places]
    wrong = (factor <= 0) | (factor > 1)
    if wrong.any():
        first = int(wrong.argmax())
        raise DataError(
            f"supply factor {weighting.supply_factor!r} of {_names(view, places)[first]} on {view.date.date()} is "
            f"{factor[first]:.6g}: expected a share above 0, at most 1. Correct the snapshot's column."
        )
    return np.asarray(size * factor)


def equal(_view: MarketView, _weighting: Weighting, places: IntArray) -> Sizes:
    """One for each member."""
    return Sizes(values=np.ones(len(places)))


# ---------------------------------------------------------------------- by risk


def inverse_volatility(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``1 / s``, s the standard deviation of daily returns over `lookback_days`, floored (see `risk.floored`).

    A member with fewer than `min_observations` returns, or whose price did not move, gets the median volatility of the
    other members, with a note. Members, not the universe, are the population of the median and of the floor: weights
    are shares among them, and the tail of the listed assets is where volatility is measured worst.
    """
    volatility, notes = _volatility(view, weighting, places)
    return Sizes(values=1.0 / volatility, notes=notes)


def inverse_variance(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``1 / s^2``, with s as in `inverse_volatility`."""
    volatility, notes = _volatility(view, weighting, places)
    return Sizes(values=1.0 / volatility**2, notes=notes)


def risk_parity(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """Equal risk contributions under ``S = diag(s) R diag(s)``.

    R is the correlation of the Ledoit-Wolf covariance over the days that all measured members have returns for, s the
    volatility of each of them over all of its own days, floored among the measured ones (see `risk.floored`): a member
    that the covariance leaves out sets no floor either. It gets the median weight of the others, with a note.
    """
    returns = _returns(view, weighting, places)
    measured, common = risk.common_returns(returns, weighting.window[1])
    values = np.full(len(places), np.nan)
    if measured.any():
        covariance = risk.shrunk_covariance(common)
        deviation = np.sqrt(np.diag(covariance))
        volatility = risk.floored(risk.volatility(returns, weighting.window[1])[measured])
        values[measured] = risk.equal_risk_contributions(
            covariance * np.outer(volatility / deviation, volatility / deviation)
        )
    return Sizes(values=_imputed(values, measured), notes=_notes(view, weighting, places, measured, "median weight"))


def sharpe(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``max(SR, 0) T / (T + 365)``: the Sharpe ratio of T daily returns over `lookback_days`, shrunk towards zero.

    Risk-free rate 0, volatility floored as in `inverse_volatility`. NaN for a member with fewer than
    `min_observations` returns: it cannot be weighted. None above zero: see `Weighting.fallback`.
    """
    returns = _returns(view, weighting, places)
    volatility, count = risk.volatility(returns, weighting.window[1]), window_count(returns)
    ratio = window_mean(returns) / risk.floored(volatility) * (count / (count + SHARPE_PRIOR_DAYS))
    notes = _notes(view, weighting, places, ~np.isnan(volatility), None)
    return Sizes(values=np.maximum(ratio, 0.0), notes=notes)


def _returns(view: MarketView, weighting: Weighting, places: IntArray) -> FloatArray:
    return daily_returns(view.window_of(view.assets[places], "price", weighting.window[0] + 1))


def _volatility(view: MarketView, weighting: Weighting, places: IntArray) -> tuple[FloatArray, tuple[str, ...]]:
    """Floored volatility of each member, that of the unmeasured imputed; NaN for all if none is measured."""
    volatility = risk.volatility(_returns(view, weighting, places), weighting.window[1])
    measured = ~np.isnan(volatility)
    return _imputed(risk.floored(volatility), measured), _notes(view, weighting, places, measured, "median volatility")


def _imputed(values: FloatArray, measured: BoolArray) -> FloatArray:
    """The median of the measured members in place of the others."""
    if measured.all() or not measured.any():
        return values
    return np.where(measured, values, np.median(values[measured]))


def _notes(
    view: MarketView, weighting: Weighting, places: IntArray, measured: BoolArray, imputed: str | None
) -> tuple[str, ...]:
    """Who could not be measured, and what they get instead."""
    if measured.all():
        return ()
    days, needed = weighting.window
    cause = f"fewer than {needed} usable daily returns in {days} days"
    if not measured.any():
        return (f"{weighting.scheme}: every member has {cause}, nobody can be weighted",)
    names = ", ".join(_names(view, places)[~measured])
    done = f"the {imputed} of the other members is used" if imputed else "not weighted"
    return (f"{weighting.scheme}: {names} with {cause}, {done}",)


# ---------------------------------------------------------------------- by score


def signal(view: MarketView, weighting: Weighting, places: IntArray) -> Sizes:
    """``max(score, 0)`` of each member's latest signal; NaN without one at most `max_signal_age_days` old."""
    scores = view.latest_scores(weighting.signal_days + 1)[view.assets[places]]
    notes: tuple[str, ...] = ()
    if np.isnan(scores).any():
        without = ", ".join(_names(view, places)[np.isnan(scores)])
        notes = (f"signal: {without} without a score at most {weighting.signal_days} days old, not weighted",)
    return Sizes(values=np.maximum(scores, 0.0), notes=notes)


def _by_votes(votes: FloatArray | None, places: IntArray) -> Sizes:
    """The score of each member in the vote; NaN for one that was not elected."""
    if votes is None:
        raise MethodologyError('scheme = "votes" needs scores: set selection.rule = "votes", or another scheme.')
    return Sizes(values=votes[places])


def _fall_back(view: MarketView, weighting: Weighting, places: IntArray, scores: Sizes) -> Sizes:
    """No member has a score above zero: the rulebook's fallback, with a note."""
    nothing = f"{weighting.scheme}: no member has a score above zero"
    if weighting.fallback == "stable":
        return Sizes(values=scores.values, notes=(*scores.notes, f"{nothing}, everything goes to the stable leg"))
    instead = inverse_volatility(view, weighting, places)
    return Sizes(values=instead.values, notes=(*scores.notes, f"{nothing}, inverse volatility instead", *instead.notes))


def _names(view: MarketView, places: IntArray) -> NDArray[np.object_]:
    names: NDArray[np.object_] = view.source.asset_ids[view.assets[places]]
    return names


Scheme = Callable[[MarketView, Weighting, IntArray], Sizes]
SCHEMES: dict[str, Scheme] = {
    "market_cap": market_cap,
    "sqrt_market_cap": sqrt_market_cap,
    "liquidity_mix": liquidity_mix,
    "equal": equal,
    "inverse_volatility": inverse_volatility,
    "inverse_variance": inverse_variance,
    "risk_parity": risk_parity,
    "sharpe": sharpe,
    "signal": signal,
}
