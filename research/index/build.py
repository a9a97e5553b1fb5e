"""`build_index`: one market and one rulebook -> the index's history."""

from __future__ import annotations

import itertools
import warnings
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from research.errors import MethodologyWarning
from research.index.analysis.cautions.caveats import rules_without_effect
from research.index.decisions.calendar import Determination, determinations
from research.index.decisions.decide import decide
from research.index.decisions.migrated import after_migrations
from research.index.decisions.records import NOBODY, NOTHING, Cause, Decision, State
from research.index.decisions.start import first_decision
from research.index.given import given_market, given_rules
from research.index.history import IndexHistory
from research.index.trading.holdings import Holdings
from research.index.trading.member_events import member_events
from research.index.trading.portfolio import Portfolio
from research.index.trading.rebalance_triggers import Call, first_call, needs_watching
from research.index.trading.records import Segment
from research.index.trading.trades import expected_holdings
from research.market import MarketData
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.signals import Recipe, SignalHistory, make_signals

WEEK = 7


def build_index(
    market: MarketData | str | Path,
    methodology: Methodology | str | Path,
    *,
    signals: pd.DataFrame | SignalHistory | None = None,
    votes: pd.DataFrame | None = None,
    migrations: pd.DataFrame | None = None,
    removals: pd.DataFrame | None = None,
    forks: pd.DataFrame | None = None,
) -> IndexHistory:
    """Build an index: decide on every determination day, trade on every effective day, hold in between.

    A decision at the close of a day sees rows up to that day and nothing else, so
    ``build_index(market.until(t), rules)`` equals ``build_index(market, rules)`` on every row up to t, bit for bit.
    That holds for the tables too: a line dated D is known at the close of D.

    The index starts on the effective day of the first decision (see `decisions.start.first_determination`). Nothing
    else is decided before that day: determinations between the first decision and its effective day, reconstitutions
    too, are left out, for there is no index yet that they could renew. Later ones are all made, also while an earlier
    decision waits for its effective day.

    A member that cannot be weighted at a determination, for want of a price or of the size that the scheme needs (a
    market cap, say), keeps the units it has, and the others share the rest.

    Parameters
    ----------
    market : MarketData, str or path
        A market, or the path or catalog name of a snapshot, which is loaded whole, anew each time.
    methodology : Methodology, str or path
        A rulebook, the name of a shipped one ("large-cap-10"), or the path of a .toml file.
    signals : DataFrame or SignalHistory, optional
        date, asset_id, signal (bullish, neutral, bearish) and, for signal weights, score. Left out, a rulebook with
        [signals] makes its own, and starts with the first of them where it has no base date.
    votes : DataFrame, optional
        date, proposal, voter, power, choice.
    migrations : DataFrame, optional
        date, asset_id, new_asset_id, ratio (new units per old one): redenominations and migrations. A line about an
        asset and day takes the place of what is evident there ([events] redenominations); 1, confirmed, refuses it.
    removals : DataFrame, optional
        date, asset_id, reason: extraordinary removals, sold at the next close.
    forks : DataFrame, optional
        date, asset_id, new_asset_id, ratio (new units for each old one): given to holders, sold when they trade.


    Returns
    -------
    IndexHistory

    Raises
    ------
    MethodologyError
        If `methodology` is no rulebook, the base date lies outside the data, no day has enough eligible assets
        (`Methodology.start_count`), bounds on weights cannot be met, or the rulebook needs a table that is not given.
    DataError
        If `market` is no market or snapshot, or a table lacks a column or names an unknown asset.
    """
    market, methodology = given_market(market), given_rules(methodology)
    for line in rules_without_effect(market, methodology):
        warnings.warn(f"{methodology.name}: {line}", MethodologyWarning, stacklevel=2)
    made = signals if isinstance(signals, SignalHistory) else None
    if signals is None:
        made = own_signals(market, methodology, migrations, removals)
    table = signals if made is None else made.table
    assert not isinstance(table, SignalHistory)
    tables = {"signals": table, "votes": votes, "migrations": migrations, "removals": removals, "forks": forks}
    return _built(market, methodology, tables, made)


def gone_on(index: IndexHistory, cause: Cause) -> IndexHistory:
    """The index built anew, and gone on to its next rebalance at the last close: see `pro_forma.next_rebalance`.

    No history to be published.
    """
    return _built(index.market, index.methodology, index.tables, index.signals, then=cause)


def _built(
    market: MarketData,
    methodology: Methodology,
    tables: Mapping[str, pd.DataFrame | None],
    made: SignalHistory | None,
    *,
    then: Cause | None = None,
) -> IndexHistory:
    events = methodology.events
    source = PointInTime(market, **tables, redenominations=events.redenominations, outlier_jump=events.outlier_jump)
    plan = determinations(source.dates, methodology.schedule)
    if made is not None and methodology.reads_signals and methodology.base_date is None:
        plan = [step for step in plan if step.row >= made.first_row]  # before the first call there is nothing to follow
    first = first_decision(source, methodology, plan)
    start = Holdings(source=source, row=first.effective_row, tradable_days=methodology.events.tradable_days)
    portfolio = Portfolio(holdings=start, methodology=methodology)
    portfolio.trade(first)
    ahead = deque(step for step in plan if step.row >= first.effective_row and step.row > first.row)
    engine = _Engine(portfolio=portfolio, calendar=ahead, decisions=[first], judged=portfolio.row)
    engine.run()
    if then is not None:
        engine.rebalance_now(then)
    return IndexHistory(
        market=market,
        methodology=methodology,
        source=source,
        base_row=first.effective_row,
        decision_records=tuple(engine.decisions),
        segments=tuple(portfolio.segments),
        trades=tuple(portfolio.trades),
        event_records=(*member_events(source, methodology, portfolio.segments), *portfolio.events),
        tables=tables,
        signals=made,
    )


def own_signals(
    market: MarketData, rules: Methodology, migrations: pd.DataFrame | None, removals: pd.DataFrame | None
) -> SignalHistory | None:
    """The signals that the rulebook's recipe makes, if it names one.

    Raises
    ------
    MethodologyError
        If the recipe cannot be read, or makes no call on this market.
    """
    if rules.signals is None:
        return None
    recipe = Recipe.load(rules.signals.recipe)
    if recipe.lag_days != rules.schedule.lag_days:
        warnings.warn(
            f"{rules.name}: trades follow a decision by {rules.schedule.lag_days} days, and the recipe {recipe.name!r} "
            f"learns from returns that begin after {recipe.lag_days}. Set both lag_days alike.",
            MethodologyWarning,
            stacklevel=3,
        )
    return make_signals(market, recipe, migrations=migrations, removals=removals, **rules.events.reading)


@dataclass
class _Engine:
    """Goes from one day on which something happens to the next, until the data end.

    The order of a day: what is held is held to its close; what is effective is traded at that close; the close is then
    judged (calendar, drift, a lost peg), and what that calls for is decided.

    `calendar` holds the determinations ahead, `waiting` the decisions that are not effective yet, both in order of
    time; `judged` is the last close that has been looked at for drift and a lost peg.
    """

    portfolio: Portfolio
    calendar: deque[Determination]
    decisions: list[Decision]
    judged: int
    waiting: deque[Decision] = field(default_factory=deque)

    @property
    def rules(self) -> Methodology:
        return self.portfolio.methodology

    def run(self) -> None:
        """Decide and trade to the last close."""
        last = len(self.portfolio.source.dates) - 1
        while True:
            while self._is_due():
                self.portfolio.trade(self.waiting.popleft())
            call = self._hold_until_something_happens(last)
            if self._is_due():
                continue
            occasions = self._occasions(call)
            if not occasions and self.portfolio.row == last:
                return
            self._decide(occasions)

    def rebalance_now(self, cause: Cause) -> None:
        """Trade at today's close what waits, up to the first rebalance; where none waits, one decided now."""
        if all(decision.stable is not None for decision in self.waiting):
            self._decide([(cause, self.portfolio.row)])
        rebalances = [decision for decision in self.waiting if decision.stable is None]
        last = next((decision for decision in rebalances if not decision.kept), rebalances[0])
        while last in self.waiting:
            waited = self.waiting.popleft()
            traded = replace(waited, effective_row=self.portfolio.row)
            self.decisions[self.decisions.index(waited)] = traded
            self.portfolio.trade(traded)

    def _is_due(self) -> bool:
        return bool(self.waiting) and self.waiting[0].effective_row == self.portfolio.row

    def _hold_until_something_happens(self, last: int) -> Call | None:
        """Hold to the next determination, effective day, forced sale, call between determinations, or `last`.

        Gives the call, if that is what ended it.
        """
        portfolio = self.portfolio
        ahead = [step.row for step in itertools.islice(self.calendar, 1)]
        ahead += [decision.effective_row for decision in itertools.islice(self.waiting, 1)]
        path = portfolio.path(max(portfolio.row, min([*ahead, last])))
        call = self._call(path) if needs_watching(self.rules) else None
        if call is not None:
            path = path.until(call.row)
        if path.stop > portfolio.row:
            portfolio.hold(path)
        self.judged = portfolio.row - 1 if self._is_due() else portfolio.row
        return call

    def _call(self, path: Segment) -> Call | None:
        """What calls for a decision between the calendar's days, if anything on the path does.

        While a decision waits that will weight the members anyway, no drift is looked for; while a switch of the
        stable leg waits, no peg is.
        """
        portfolio = self.portfolio
        weighting = any(not decision.kept and decision.stable is None for decision in self.waiting)
        return first_call(
            portfolio.source,
            self.rules,
            path,
            None if weighting else portfolio.last_weighted,
            after=self.judged,
            cool=portfolio.last_decided_row + self.rules.schedule.cool_down_days,
            peg=all(decision.stable is None for decision in self.waiting),
        )

    def _occasions(self, call: Call | None) -> list[tuple[Cause, int]]:
        """What today's close asks to be decided, and for which day: the calendar first, which is taken off the plan."""
        row = self.portfolio.row
        occasions: list[tuple[Cause, int]] = []
        if self.calendar and self.calendar[0].row <= row:
            step = self.calendar.popleft()
            occasions.append(("reconstitution" if step.reconstitution else "rebalance", step.effective_row))
        if call is not None and call.row == row:
            occasions.append((call.cause, row + self.rules.schedule.lag_days))
        return occasions

    def _decide(self, occasions: list[tuple[Cause, int]]) -> None:
        view = self.portfolio.source.at(self.portfolio.row)
        for cause, effective in occasions:
            decision = decide(view, self.rules, self._state(), cause=cause, effective_row=effective)
            self.decisions.append(decision)
            self.waiting.append(decision)
            if not decision.kept:
                break  # the calendar's own decision does what else was called for

    def _state(self) -> State:
        """What the index is at this close: see `State`."""
        portfolio, row = self.portfolio, self.portfolio.row
        waiting = [decision for decision in self.waiting if not decision.kept]
        # a switch of the stable leg that lapsed is no decision in force
        weighted = [decision for decision in waiting if decision.cause != "drift"]
        latest = weighted[-1] if weighted else portfolio.last_weighted
        week = itertools.takewhile(lambda decision: decision.row > row - WEEK, reversed(self.decisions))
        assets, weights = NOBODY, NOTHING
        if needs_watching(self.rules):  # nobody else asks
            assets, weights = expected_holdings(portfolio.holdings, waiting, self.rules.overlay)
        return State(
            members=portfolio.members(latest),
            assets=assets,
            weights=weights,
            latest=after_migrations(latest, row),
            planned=sum(decision.turnover for decision in week),
        )
