"""Eligibility: each screen of the rulebook's universe, evaluated with data up to the determination day.

A screen gives for every listed asset the value looked at, the limit and whether it passed. Nothing is dropped: the
reasons stay beside the result. Screens of one kind share a function here; pegs and copies are measured in
`pegged_and_wrapped.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from research.point_in_time.measures import trailing_mean, trailing_median
from research.point_in_time.pegged_and_wrapped import copy_bound_ratio, peg_bound_ratio
from research.point_in_time.view import MarketView, shared_by_day
from research.rulebook import Universe
from research.typing import BoolArray, FloatArray, IntArray

VOLUME_WINDOW = 30
STALE_WINDOW = 91  # looks back further than max_stale_days may ask
SUPPLY_CONFIRMED_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class Screen:
    """One screen over the n listed assets.

    Attributes
    ----------
    name : str
        The rulebook's key.
    value : ndarray, shape (n,)
        What was looked at (numbers, or the tag found).
    limit : ndarray, shape (n,)
        What it was held against; differs between members and others where incumbents have relief.
    passed : ndarray of bool, shape (n,)
        False where the value is NaN: what cannot be measured is not passed.
    words : str
        How a failure reads; formatted with `value` and `limit`.
    sense : int
        1 where the limit is a lower one, -1 where it is an upper one, 0 where the screen has no number to compare.
    """

    name: str
    value: NDArray[np.object_] | FloatArray
    limit: NDArray[np.object_] | FloatArray
    passed: BoolArray
    words: str
    sense: int = 0

    @property
    def margin(self) -> FloatArray:
        """How far inside the limit the value is, as a share of the limit, shape (n,): negative is a failure.

        0.25 at a lower limit of 100 is a value of 125, at an upper limit a value of 75. NaN where the value is, and for
        screens without a number to compare.
        """
        if not self.sense:
            return np.full(len(self.passed), np.nan)
        value, limit = np.asarray(self.value, dtype=float), np.asarray(self.limit, dtype=float)
        return np.asarray(self.sense * (value - limit) / np.abs(limit))

    def take(self, places: IntArray) -> Self:
        """The same screen over some of its assets."""
        return replace(self, value=self.value[places], limit=self.limit[places], passed=self.passed[places])


def evaluate(view: MarketView, universe: Universe, incumbents: BoolArray, *, needs_cap: bool) -> list[Screen]:
    """Every screen that the universe asks for, in a fixed order; what it does not ask for is not computed.

    Parameters
    ----------
    incumbents : ndarray of bool, shape (n,)
        Which listed assets are members already.
    needs_cap : bool
        Whether the weighting scheme needs a market cap on the day.
    """
    relief = np.where(incumbents, universe.incumbent_relief, 1.0)
    screens = [_present("price", view.today("price"))]
    if needs_cap:
        screens.append(_present("market_cap", view.today("market_cap")))
    screens += _tag_screens(view, universe)
    screens += _history_screens(view, universe)
    screens += _size_screens(view, universe, relief)
    screens += _behaviour_screens(view, universe)
    return screens


def corporate_action_screens(view: MarketView) -> list[Screen]:
    """What keeps an asset out whatever the rulebook says: it has migrated, or its removal has been announced."""
    screens = []
    if view.source.has_migrations:
        screens.append(_migrated(view))
    if view.source.has_removals:
        screens.append(_announced(view))
    return screens


def _migrated(view: MarketView) -> Screen:
    """An asset that another one has turned into is one with it, under the older id."""
    gone = [step.new for step in view.source.conversions if step.row <= view.row and step.merges]
    merged = view.marked(np.array(gone, dtype=np.int64))
    return Screen(
        name="migrated",
        value=merged.astype(float),
        limit=np.zeros(len(merged)),
        passed=~merged,
        words="has been merged into the asset that migrated to it",
    )


def _announced(view: MarketView) -> Screen:
    flagged = view.flagged
    return Screen(
        name="announced_removal",
        value=flagged.astype(float),
        limit=np.zeros(len(flagged)),
        passed=~flagged,
        words="an extraordinary removal was announced",
    )


def _present(field: str, value: FloatArray) -> Screen:
    words = f"no {field.replace('_', ' ')} on the day"
    return Screen(name=f"{field}_today", value=value, limit=np.zeros(len(value)), passed=~np.isnan(value), words=words)


def _at_least(name: str, value: FloatArray, limit: FloatArray | float, words: str) -> Screen:
    bound = np.full(len(value), limit) if isinstance(limit, (int, float)) else limit
    return Screen(name=name, value=value, limit=bound, passed=value >= bound, words=words, sense=1)


def _at_most(name: str, value: FloatArray, limit: FloatArray | float, words: str) -> Screen:
    bound = np.full(len(value), limit) if isinstance(limit, (int, float)) else limit
    return Screen(name=name, value=value, limit=bound, passed=value <= bound, words=words, sense=-1)


def _tag_screens(view: MarketView, universe: Universe) -> list[Screen]:
    screens = []
    for name, tags in [("exclude_tags", universe.exclude_tags), ("include_tags", universe.include_tags)]:
        if tags:
            found = view.tagged(tags)
            tagged = found != ""
            excluding = name == "exclude_tags"
            screens.append(
                Screen(
                    name=name,
                    value=found,
                    limit=np.full(len(found), ", ".join(tags), dtype=object),
                    passed=~tagged if excluding else tagged,
                    words="tagged {value}" if excluding else "tagged none of {limit}",
                )
            )
    return screens


def _history_screens(view: MarketView, universe: Universe) -> list[Screen]:
    screens = []
    if universe.min_history_days:
        words = "{value:.0f} days of history < {limit:.0f}"
        screens.append(_at_least("min_history_days", view.age_days(), float(universe.min_history_days), words))
    if universe.min_valid_share is not None:
        words = "{value:.1%} valid days < {limit:.1%}"
        share = valid_share(view, universe.valid_share_window, universe.valid_share_needs_cap)
        screens.append(_at_least("min_valid_share", share, universe.min_valid_share, words))
    return screens


def _size_screens(view: MarketView, universe: Universe, relief: FloatArray) -> list[Screen]:
    screens = []
    if universe.min_market_cap is not None:
        words = "market cap {value:,.0f} USD < {limit:,.0f}"
        screens.append(_at_least("min_market_cap", view.today("market_cap"), universe.min_market_cap * relief, words))
    if universe.min_volume is not None or universe.turnover_band is not None:
        volume = trailing_median(view, "volume", VOLUME_WINDOW)
        if universe.min_volume is not None:
            words = "median volume {value:,.0f} USD < {limit:,.0f}"
            screens.append(_at_least("min_volume", volume, universe.min_volume * relief, words))
        if universe.turnover_band is not None:
            low, high = universe.turnover_band
            cap = view.today("market_cap")
            turnover = np.divide(volume, cap, out=np.full(len(cap), np.nan), where=cap > 0)  # of no cap there is none
            words = "daily volume / cap {value:.4%} < {limit:.4%}"
            screens.append(_at_least("min_turnover", turnover, low * relief, words))
            words = "daily volume / cap {value:.0%} > {limit:.0%}"
            screens.append(_at_most("max_turnover", turnover, high / relief, words))
    if universe.min_volume_quantile is not None:
        traded = trailing_mean(view, "volume", VOLUME_WINDOW)
        known = traded[~np.isnan(traded) & ~np.isnan(view.today("price"))]
        least = float(np.quantile(known, universe.min_volume_quantile)) if len(known) else np.nan
        words = "mean volume {value:,.0f} USD < {limit:,.0f}, the quantile asked for"
        screens.append(_at_least("min_volume_quantile", traded, least * relief, words))
    return screens


def _behaviour_screens(view: MarketView, universe: Universe) -> list[Screen]:
    screens = []
    if universe.max_stale_days is not None:
        words = "{value:.0f} identical closes in a row > {limit:.0f}"
        screens.append(_at_most("max_stale_days", identical_closes(view), float(universe.max_stale_days), words))
    if universe.max_supply_jump is not None:
        words = "log supply jumped by {value:.2f} > {limit:.2f} within a week"
        screens.append(_at_most("max_supply_jump", supply_jump(view), universe.max_supply_jump, words))
    if universe.exclude_pegged:
        words = "pegged: {value:.2f} times the bounds from a peg"
        screens.append(_at_least("exclude_pegged", peg_bound_ratio(view, universe.exclude_pegged), 1.0, words))
    if universe.exclude_copies_of:
        words = "copy of a larger asset: {value:.2f} times the bounds from it"
        screens.append(_at_least("exclude_copies_of", copy_bound_ratio(view, universe.exclude_copies_of), 1.0, words))
    return screens


@shared_by_day
def valid_share(view: MarketView, window: int | str, needs_cap: bool) -> FloatArray:
    """Share of the window's days with a price (and a market cap, where it is asked for), shape (n,)."""
    days = view.date.day if window == "month" else int(window)
    valid = ~np.isnan(view.window("price", days))
    if needs_cap:
        valid &= ~np.isnan(view.window("market_cap", days))
    return np.asarray(valid.sum(axis=0) / days)


@shared_by_day
def identical_closes(view: MarketView) -> FloatArray:
    """How many closes in a row equal today's, today's included, within 91 days, shape (n,); NaN without one today.

    Days without a close neither count nor end the row.
    """
    closes = view.window("price", STALE_WINDOW)[::-1]
    there = ~np.isnan(closes)
    other = there & (closes != closes[0])
    unbroken = ~np.logical_or.accumulate(other, axis=0)
    run = (there & unbroken).sum(axis=0)
    return np.where(there[0], run, np.nan)


@shared_by_day
def supply_jump(view: MarketView) -> FloatArray:
    """Largest |change of ln(market cap / price)| between one known supply and the next, over the last seven days.

    Shape (n,). NaN where fewer than two of the last eight days have both a price and a market cap above zero.
    """
    prices = view.window("price", SUPPLY_CONFIRMED_DAYS + 1)
    caps = view.window("market_cap", SUPPLY_CONFIRMED_DAYS + 1)
    known = (prices > 0) & (caps > 0)
    logs = np.log(np.where(known, caps, 1.0)) - np.log(np.where(known, prices, 1.0))
    largest = np.full(logs.shape[1], np.nan)
    last = np.where(known[0], logs[0], np.nan)
    for day in range(1, len(logs)):
        jump = np.where(known[day], np.abs(logs[day] - last), np.nan)
        largest = np.fmax(largest, jump)
        last = np.where(known[day], logs[day], last)
    return largest
