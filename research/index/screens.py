"""Eligibility: each screen of the rulebook's universe, evaluated with data up to the determination day.

A screen gives for every listed asset the value looked at, the limit and whether it passed. Nothing is dropped: the
reasons stay beside the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.index.ranking import window_median
from research.index.rules import Universe
from research.index.view import BoolArray, FloatArray, MarketView

VOLUME_WINDOW = 30


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
    words : str
        How a failure reads; formatted with `value` and `limit`.
    """

    name: str
    value: NDArray[np.object_] | FloatArray
    limit: NDArray[np.object_] | FloatArray
    passed: BoolArray
    words: str


def evaluate(view: MarketView, universe: Universe, incumbents: BoolArray, *, needs_cap: bool) -> list[Screen]:
    """Every screen that the universe asks for, in a fixed order.

    Parameters
    ----------
    incumbents : ndarray of bool, shape (n,)
        Which listed assets are members already.
    needs_cap : bool
        Whether the weighting scheme needs a market cap on the day.
    """
    size = len(view.assets)
    relief = np.where(incumbents, universe.incumbent_relief, 1.0)
    screens = [_present("price", view.today("price"))]
    if needs_cap:
        screens.append(_present("market_cap", view.today("market_cap")))
    if universe.exclude_tags:
        screens.append(_tag_screen("exclude_tags", view.tagged(universe.exclude_tags), universe.exclude_tags))
    if universe.include_tags:
        screens.append(_tag_screen("include_tags", view.tagged(universe.include_tags), universe.include_tags))
    if universe.min_history_days:
        limit = np.full(size, float(universe.min_history_days))
        screens.append(
            _at_least("min_history_days", view.age_days(), limit, "{value:.0f} days of history < {limit:.0f}")
        )
    if universe.min_valid_share is not None:
        limit = np.full(size, universe.min_valid_share)
        screens.append(
            _at_least("min_valid_share", valid_share(view, universe), limit, "{value:.1%} valid days < {limit:.1%}")
        )
    if universe.min_market_cap is not None:
        words = "market cap {value:,.0f} USD < {limit:,.0f}"
        screens.append(_at_least("min_market_cap", view.today("market_cap"), universe.min_market_cap * relief, words))
    if universe.min_volume is not None or universe.turnover_band is not None:
        volume = window_median(view.window("volume", VOLUME_WINDOW))
        if universe.min_volume is not None:
            words = "median volume {value:,.0f} USD < {limit:,.0f}"
            screens.append(_at_least("min_volume", volume, universe.min_volume * relief, words))
        if universe.turnover_band is not None:
            screens.extend(_turnover_screens(volume / view.today("market_cap"), universe.turnover_band, relief))
    return screens


def valid_share(view: MarketView, universe: Universe) -> FloatArray:
    """Share of the window's days with a price (and a market cap, where the universe asks for it), shape (n,)."""
    window = universe.valid_share_window
    days = view.date.day if window == "month" else int(window)
    valid = ~np.isnan(view.window("price", days))
    if universe.valid_share_needs_cap:
        valid &= ~np.isnan(view.window("market_cap", days))
    return np.asarray(valid.sum(axis=0) / days)


def _present(field: str, value: FloatArray) -> Screen:
    words = f"no {field.replace('_', ' ')} on the day"
    return Screen(name=f"{field}_today", value=value, limit=np.zeros(len(value)), passed=~np.isnan(value), words=words)


def _at_least(name: str, value: FloatArray, limit: FloatArray, words: str) -> Screen:
    return Screen(name=name, value=value, limit=limit, passed=value >= limit, words=words)  # NaN does not pass


def _turnover_screens(turnover: FloatArray, band: tuple[float, float], relief: FloatArray) -> list[Screen]:
    low, high = band[0] * relief, band[1] / relief
    return [
        _at_least("min_turnover", turnover, low, "daily volume / cap {value:.4%} < {limit:.4%}"),
        Screen(
            name="max_turnover",
            value=turnover,
            limit=high,
            passed=turnover <= high,
            words="daily volume / cap {value:.0%} > {limit:.0%}",
        ),
    ]


def _tag_screen(name: str, found: NDArray[np.object_], tags: tuple[str, ...]) -> Screen:
    tagged = found != ""
    excluding = name == "exclude_tags"
    return Screen(
        name=name,
        value=found,
        limit=np.full(len(found), ", ".join(tags), dtype=object),
        passed=~tagged if excluding else tagged,
        words="tagged {value}" if excluding else "tagged none of {limit}",
    )
