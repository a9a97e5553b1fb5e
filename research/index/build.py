"""`build_index`: one market and one rulebook -> the index's history."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections import deque

import numpy as np
import pandas as pd

from research.errors import MethodologyError, MethodologyWarning
from research.index.analysis.caveats import idle_rules
from research.index.decisions.calendar import Determination, determinations
from research.index.decisions.decide import decide
from research.index.decisions.migrated import following
from research.index.decisions.records import NOBODY, NOTHING, Decision, State
from research.index.history import IndexHistory
from research.index.trading.holdings import Holdings
from research.index.trading.member_events import incidents
from research.index.trading.portfolio import Portfolio
from research.index.trading.rebalance_triggers import first_call, is_watchful
from research.index.trading.records import Segment, Trade
from research.index.trading.trades import expected
from research.market import MarketData
from research.point_in_time.corporate_actions import Conversion
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology
from research.typing import IntArray

WEEK = 7


def build_index(
    market: MarketData,
    methodology: Methodology,
    *,
    signals: pd.DataFrame | None = None,
    votes: pd.DataFrame | None = None,
    migrations: pd.DataFrame | None = None,
    removals: pd.DataFrame | None = None,
    forks: pd.DataFrame | None = None,
) -> IndexHistory:
    """Build an index: decide on every determination day, trade on every effective day, hold in between.

    A decision at the close of a day sees rows up to that day and nothing else, so
    ``build_index(market.until(t), rules)`` equals ``build_index(market, rules)`` on every row up to t, bit for bit.
    That holds for the tables too: a line dated D is known at the close of D.

    Parameters
    ----------
    market : MarketData
    methodology : Methodology
    signals : DataFrame, optional
        date, asset_id, signal (bullish, neutral, bearish) and, for signal weights, score.
    votes : DataFrame, optional
        date, proposal, voter, power, choice.
    migrations : DataFrame, optional
        date, asset_id, new_asset_id, ratio (new units per old one): redenominations and migrations.
    removals : DataFrame, optional
        date, asset_id, reason: extraordinary removals, sold at the next close.
    forks : DataFrame, optional
        date, asset_id, new_asset_id, ratio (new units for each old one): coins given to holders, sold when they trade.

    Returns
    -------
    IndexHistory

    Raises
    ------
    MethodologyError
        If the base date lies outside the data, no day has enough eligible assets, bounds on weights cannot be met, or
        the rulebook needs a table that is not given.
    DataError
        If a table lacks a column or names an unknown asset.
    """
    for line in idle_rules(market, methodology):
        warnings.warn(f"{methodology.name}: {line}", MethodologyWarning, stacklevel=2)
    tables = {"signals": signals, "votes": votes, "migrations": migrations, "removals": removals, "forks": forks}
    source = PointInTime(market, **tables, outlier_jump=methodology.events.outlier_jump)
    plan = determinations(source.dates, methodology.schedule)
    first = _first_decision(source, methodology, plan)
    portfolio = Portfolio(holdings=Holdings(source=source, row=first.effective_row), methodology=methodology)
    portfolio.trade(first)
    # what the calendar holds before the base date is not part of the index
    live = deque(step for step in plan if step.row >= first.effective_row and step.row > first.row)
    decisions = _run(portfolio, first, live)
    return IndexHistory(
        market=market,
        methodology=methodology,
        source=source,
        base_row=first.effective_row,
        decision_records=tuple(decisions),
        segments=tuple(portfolio.segments),
        trades=tuple(portfolio.trades),
        event_records=(*incidents(source, methodology, portfolio.segments), *portfolio.events),
        tables=tables,
    )


def _run(portfolio: Portfolio, first: Decision, plan: deque[Determination]) -> list[Decision]:
    """Go from one day on which something happens to the next, until the data end."""
    source, methodology = portfolio.source, portfolio.methodology
    end = len(source.dates) - 1
    decisions, pending = [first], deque[Decision]()
    judged = portfolio.row  # the last close looked at for drift and a lost peg
    while True:
        while pending and pending[0].effective_row == portfolio.row:
            portfolio.trade(pending.popleft())
        scheduled = plan[0].row if plan else end + 1
        stop = max(portfolio.row, min(scheduled, pending[0].effective_row if pending else end, end))
        path = portfolio.path(stop)
        call = _call(portfolio, path, pending, judged) if is_watchful(methodology) else None
        if call is not None:
            path = path.until(call[0])
        if path.stop > portfolio.row:
            portfolio.hold(path)
            if pending and pending[0].effective_row == portfolio.row:
                judged = portfolio.row - 1
                continue  # what is effective today is traded before today's close is judged
        judged = portfolio.row
        causes = _causes(plan, call, portfolio.row, methodology.schedule.lag_days)
        if not causes and portfolio.row == end and not (pending and pending[0].effective_row <= end):
            return decisions
        view = source.at(portfolio.row)
        for cause, effective in causes:
            decision = decide(
                view, methodology, _state(portfolio, decisions, pending), cause=cause, effective_row=effective
            )
            decisions.append(decision)
            pending.append(decision)
            if not decision.kept:
                break  # the calendar's own decision does what else was called for


def _causes(plan: deque[Determination], call: tuple[int, str] | None, row: int, lag: int) -> list[tuple[str, int]]:
    """What a day's close asks to be decided, and for which day: the calendar first, which is taken off the plan."""
    causes = []
    if plan and plan[0].row <= row:
        step = plan.popleft()
        causes.append(("reconstitution" if step.reconstitution else "rebalance", step.effective_row))
    if call is not None and call[0] == row:
        causes.append((call[1], row + lag))
    return causes


def _call(portfolio: Portfolio, path: Segment, pending: deque[Decision], judged: int) -> tuple[int, str] | None:
    """What calls for a decision between the calendar's days, if anything on the path does.

    While a decision waits that will weigh the members anyway, no drift is looked for; while a switch of the stable leg
    waits, no peg is.
    """
    schedule = portfolio.methodology.schedule
    weighing = any(not decision.kept and decision.stable is None for decision in pending)
    return first_call(
        portfolio.source,
        portfolio.methodology,
        path,
        None if weighing else portfolio.last_weighed,
        after=judged,
        cool=portfolio.last_decided_row + schedule.cool_down_days,
        peg=all(decision.stable is None for decision in pending),
    )


def _state(portfolio: Portfolio, decisions: list[Decision], pending: deque[Decision]) -> State:
    """What the index is at this close: see `State`."""
    row = portfolio.row
    waiting = [decision for decision in pending if not decision.kept]
    # a switch of the stable leg that lapsed is no decision in force
    weighed = [decision for decision in waiting if decision.cause != "drift"]
    latest = weighed[-1] if weighed else portfolio.last_weighed
    week = itertools.takewhile(lambda decision: decision.row > row - WEEK, reversed(decisions))
    assets, weights = NOBODY, NOTHING
    if is_watchful(portfolio.methodology):  # nobody else asks
        assets, weights = expected(portfolio.holdings, waiting, portfolio.methodology.overlay)
    return State(
        members=_members(portfolio, latest),
        assets=assets,
        weights=weights,
        latest=following(latest, row),
        planned=sum(decision.turnover for decision in week),
    )


def _members(portfolio: Portfolio, latest: Decision) -> IntArray:
    """The members by the latest decision that chose any, without those removed since, under the ids of today."""
    since = itertools.takewhile(lambda trade: trade.row > latest.row, reversed(portfolio.trades))
    changes: list[tuple[int, Trade | Conversion]] = [(trade.row, trade) for trade in since if trade.cause == "removal"]
    changes += [(step.row, step) for step in portfolio.source.conversions if latest.row < step.row <= portfolio.row]
    if not changes:
        return np.sort(latest.chosen)
    members = set(latest.chosen.tolist())
    for _, change in sorted(changes, key=lambda change: (change[0], isinstance(change[1], Conversion))):
        if isinstance(change, Trade):
            members -= set(change.assets[(change.before > 0) & (change.after == 0)].tolist())
        elif change.new in members:
            members = (members - {change.new}) | {change.old}
    return np.array(sorted(members), dtype=np.int64)


def _first_decision(source: PointInTime, methodology: Methodology, plan: list[Determination]) -> Decision:
    """The decision that starts the index: for the base date if one is set, else the first day with enough assets."""
    lag = methodology.schedule.lag_days
    if methodology.base_date is not None:
        plan = [_on_base_date(source, methodology, methodology.base_date)]
        enough = methodology.min_count
    else:
        enough = methodology.selection.min_count or methodology.selection.count or methodology.min_count
    last: Decision | None = None
    for determination in plan:
        if determination.effective_row >= len(source.dates):
            break
        view, row = source.at(determination.row), determination.effective_row
        last = decide(view, methodology, State(), cause="initial", effective_row=row)
        if len(last.members) >= enough:
            return last
    days = f"{source.dates[0].date()} to {source.dates[-1].date()}"
    if last is None:
        raise MethodologyError(
            f"{methodology.name}: no determination with an effective day (lag {lag} days) lies in the data, {days}. "
            "Use a longer history or a shorter schedule."
        )
    raise MethodologyError(f"{methodology.name}: {_why_empty(last, enough)}")


def _on_base_date(source: PointInTime, methodology: Methodology, base_date: dt.date) -> Determination:
    lag = methodology.schedule.lag_days
    base = pd.Timestamp(base_date)
    row = int((base - source.dates[0]).days)
    if row - lag < 0 or row >= len(source.dates):
        raise MethodologyError(
            f"{methodology.name}: base_date {base.date()} needs a determination {lag} days earlier, but the data "
            f"run from {source.dates[0].date()} to {source.dates[-1].date()}. Choose one inside, or leave it out."
        )
    return Determination(row=row - lag, effective_row=row, reconstitution=True)


def _why_empty(decision: Decision, enough: int) -> str:
    """Which screens kept the universe too small, on the last day looked at."""
    failed = {screen.name: int((~screen.passed).sum()) for screen in decision.screens}
    screens = ", ".join(f"{name} fails {count}" for name, count in failed.items() if count)
    return (
        f"no day has {enough} eligible assets that can be weighted. On the last one looked at, "
        f"{decision.view.date.date()}, "
        f"{int((decision.rank > 0).sum())} of {len(decision.assets)} listed assets are eligible"
        f"{f' ({screens})' if screens else ''}. Loosen the universe, or lower count."
    )
