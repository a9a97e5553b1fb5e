"""`MarketView`: the market as known at the close of one day. Everything that decides is handed one, and nothing else.

Truncation invariance rests on this module: no method reaches a row after `row`, and no asset is visible before its
first print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Concatenate, ParamSpec

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.errors import DataError, MethodologyError, suggest
from research.market import MarketData
from research.market.quality import HeldBack
from research.point_in_time.corporate_actions import (
    read_forks,
    read_migrations,
    read_removals,
    successors,
    with_decided,
)
from research.point_in_time.evident_redenominations import evident_redenominations
from research.point_in_time.given_tables import given, read_signals, read_votes
from research.point_in_time.market_facts import facts_of
from research.point_in_time.signal_log import SignalLog, log_of_signals
from research.typing import BoolArray, FloatArray, IntArray

P = ParamSpec("P")


class PointInTime:
    """The arrays of one market, and the only maker of views on them."""

    def __init__(
        self,
        market: MarketData,
        *,
        signals: pd.DataFrame | None = None,
        votes: pd.DataFrame | None = None,
        migrations: pd.DataFrame | None = None,
        removals: pd.DataFrame | None = None,
        forks: pd.DataFrame | None = None,
        redenominations: str = "evident",
        outlier_jump: float | None = None,
    ) -> None:
        self.market = market
        self.dates = market.dates
        announced = read_migrations(with_decided(migrations, market), market)
        evident = evident_redenominations(market, announced) if redenominations == "evident" else []
        units = [step for step in (*announced, *evident) if step.changes]
        self.conversions = sorted(units, key=lambda step: step.row)
        self.removals = read_removals(removals, market, self.conversions)
        self.forks = read_forks(forks, market, self.conversions)
        self.has_removals = removals is not None
        self.has_migrations = migrations is not None
        self.facts = facts_of(market, self.conversions, outlier_jump)
        self.prices = self.facts.panels["price"]
        self.asset_ids, self.symbols = self.facts.asset_ids, self.facts.symbols
        self.first_row, self.held_back = self.facts.first_row, self.facts.held_back
        self.signals, self.votes = read_signals(signals), read_votes(votes, market)
        self._places: dict[tuple[tuple[str, ...], int], IntArray] = {}

    @cached_property
    def judged(self) -> dict[tuple[int, int], HeldBack]:
        """Prints held back, by the row of the next print, which said what they were, and asset."""
        return {(held.judged, held.asset): held for held in self.held_back.values() if held.judged is not None}

    @cached_property
    def signal_log(self) -> SignalLog:
        """Every signal on an asset of this market, in order of row: see `log_of_signals`.

        Raises
        ------
        MethodologyError
            If there are no signals.
        """
        return log_of_signals(given("signals", self.signals), self.market, self.conversions)

    def at(self, row: int) -> MarketView:
        """The view at the close of `dates[row]`."""
        return MarketView(source=self, row=row)

    @property
    def panel_names(self) -> tuple[str, ...]:
        """What `panel` knows: price, market_cap, volume, and the snapshot's extra columns."""
        return tuple(self.facts.panels)

    def panel(self, field: str) -> FloatArray:
        """All rows of the panel `field`, shape (days, assets); DataError where the snapshot has none of that name."""
        if field not in self.facts.panels:
            raise DataError(f"the snapshot has no column {field!r}: {suggest(field, self.facts.panels)}")
        return self.facts.panels[field]

    def carried_prices(self, row: int, assets: IntArray) -> tuple[FloatArray, IntArray]:
        """The last print at or before `row` of each of `assets`, and the row of that print (-1: none yet)."""
        today: FloatArray = self.prices[row].take(assets)
        if not np.isnan(today).any():
            return today, np.full(len(assets), row, dtype=np.int64)
        # no print after the last one of all: known by then, for its row is not later than `row`
        last = self.facts.last_row[assets]
        found = np.where(last <= row, last, -1)
        todo = np.flatnonzero(last > row)
        for back in range(row, -1, -1):
            if not len(todo):
                break
            has = ~np.isnan(self.prices[back, assets[todo]])
            found[todo[has]] = back
            todo = todo[~has]
        values = np.where(found >= 0, self.prices[np.maximum(found, 0), assets], np.nan)
        return values, found

    def successors(self, assets: IntArray, row: int) -> IntArray:
        """What each of `assets` has been merged into by the close of a row; itself where it has not."""
        return successors(self.conversions, assets, row)

    def places(self, asset_ids: tuple[str, ...], row: int) -> IntArray:
        """Positions at the close of `row` of the `asset_ids` that the market has, in order; a successor's if migrated.

        Each is there once. Not to be written to: whoever asks again gets the same array.
        """
        known = sum(step.row <= row for step in self.conversions)
        if (asset_ids, known) not in self._places:
            found = self.market.prices.columns.get_indexer(pd.Index(asset_ids))
            places = np.asarray(pd.unique(self.successors(found[found >= 0], row)), dtype=np.int64)
            places.flags.writeable = False
            self._places[asset_ids, known] = places
        return self._places[asset_ids, known]

    def union(self, *groups: IntArray) -> IntArray:
        """Positions in any of the groups, sorted."""
        marks = np.zeros(len(self.asset_ids), dtype=bool)
        for group in groups:
            marks[group] = True
        return np.flatnonzero(marks)

    def among(self, assets: IntArray, group: Sequence[int] | IntArray) -> BoolArray:
        """Which of the assets are in the group, shape of `assets`."""
        if not len(group):
            return np.zeros(len(assets), dtype=bool)
        marks = np.zeros(len(self.asset_ids), dtype=bool)
        marks[np.asarray(group, dtype=np.int64)] = True
        found: BoolArray = marks[assets]
        return found

    def quoted_units(self, row: int) -> FloatArray:
        """Units quoted at the close of `row` per unit at listing, by asset; 1 where nothing was redenominated."""
        units = np.ones(len(self.asset_ids))
        for conversion in self.conversions:
            if conversion.row <= row:
                units[conversion.old] *= conversion.ratio
        return units

    def tagged(self, tags: tuple[str, ...], row: int) -> NDArray[np.object_]:
        """The first of `tags` that each asset of the market carries at the close of `row`, else an empty text."""
        return self.facts.tags.first_match(tags, self.dates[row])


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketView:
    """What is known at the close of one day.

    Arrays are over `assets`: the positions (in the market's sorted columns) of the assets that have printed a price
    by now. Windows are C-ordered copies, so that sums do not depend on how a panel lies in memory.
    """

    source: PointInTime
    row: int

    @property
    def date(self) -> pd.Timestamp:
        return self.source.dates[self.row]

    @cached_property
    def assets(self) -> IntArray:
        """Positions of the assets listed by now, shape (n,)."""
        return np.flatnonzero(self.source.first_row <= self.row)

    def window(self, field: str, days: int) -> FloatArray:
        """The last `days` rows of the panel `field`, up to and including today, shape (<= days, n), NaN as it was."""
        return self.window_of(self.assets, field, days)

    def window_of(self, assets: IntArray, field: str, days: int) -> FloatArray:
        """The last `days` rows of the panel `field` for the k `assets` at these positions, shape (<= days, k)."""
        start = max(0, self.row - days + 1)
        return self.source.panel(field)[start : self.row + 1].take(assets, axis=1)  # a fancy index takes twice as long

    def today(self, field: str) -> FloatArray:
        """Today's row of the panel `field`, shape (n,). Not to be written to: all who ask get the same array."""
        if field not in self._rows:
            self._rows[field] = self.source.panel(field)[self.row].take(self.assets)
            self._rows[field].flags.writeable = False
        return self._rows[field]

    @cached_property
    def _rows(self) -> dict[str, FloatArray]:
        return {}

    def age_days(self) -> FloatArray:
        """Days since the first print, today included, shape (n,). Counted from the first row of the panel."""
        return np.asarray(self.row - self.source.first_row[self.assets] + 1, dtype=float)

    def tagged(self, tags: tuple[str, ...]) -> NDArray[np.object_]:
        """The first of `tags` that each asset carries today, else an empty text; shape (n,)."""
        found: NDArray[np.object_] = self.source.tagged(tags, self.row)[self.assets]
        return found

    @cached_property
    def flagged(self) -> BoolArray:
        """Which listed assets an extraordinary removal has been announced for, shape (n,)."""
        return self.marked(np.array(sorted(self.announced), dtype=np.int64))

    @cached_property
    def announced(self) -> frozenset[int]:
        """Positions in the market of the assets that an extraordinary removal has been announced for."""
        return frozenset(removal.asset for removal in self.source.removals if removal.row <= self.row)

    def latest_signals(self, max_age_days: int) -> IntArray:
        """Place in `SIGNALS` of each asset's latest signal of the last `max_age_days`, today's too; -1 without one.

        Shape (assets of the market,): indexed by position.

        Raises
        ------
        MethodologyError
            If the index was built without signals: that is an error, not neutrality.
        """
        log = self.source.signal_log
        latest = np.full(len(self.source.asset_ids), -1, dtype=np.int64)
        fresh = log.fresh(self.row, max_age_days)
        latest[log.assets[fresh]] = log.words[fresh]  # of several the last one stays
        return latest

    def latest_scores(self, max_age_days: int) -> FloatArray:
        """Score of each asset's latest signal of the last `max_age_days`, today's too; NaN without one.

        Shape (assets of the market,): indexed by position.

        Raises
        ------
        MethodologyError
            If the index was built without signals, or they have no scores.
        """
        log = self.source.signal_log
        if log.scores is None:
            columns = given("signals", self.source.signals).columns
            raise MethodologyError(
                f'scheme = "signal" needs the column score in the signals, found {", ".join(columns)}. Add it.'
            )
        latest = np.full(len(self.source.asset_ids), np.nan)
        fresh = log.fresh(self.row, max_age_days)
        latest[log.assets[fresh]] = log.scores[fresh]
        return latest

    def marked(self, assets: IntArray) -> BoolArray:
        """Which of the listed assets are in `assets` (positions in the market), shape (n,)."""
        return self.source.among(self.assets, assets)


def shared_by_day(
    function: Callable[Concatenate[MarketView, P], FloatArray],
) -> Callable[Concatenate[MarketView, P], FloatArray]:
    """Works a measure of a view out once for its market, day and arguments.

    For functions of the view's day, panels and tags alone: not of signals, votes, removals, or whatever else is given
    beside the market. What they give is shared, and cannot be written to.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def asked(view: MarketView, /, *args: P.args, **kwargs: P.kwargs) -> FloatArray:
        key = (name, view.row, args, tuple(kwargs.items()))
        return view.source.facts.kept(key, lambda: function(view, *args, **kwargs))

    return asked
