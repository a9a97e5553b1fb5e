"""`build_index`: one market and one rulebook -> the index's history."""

from __future__ import annotations

import datetime as dt
import warnings
from collections import deque

import numpy as np
import pandas as pd

from research.errors import MethodologyError, MethodologyWarning
from research.index.decision import NOBODY, NOTHING, Decision, State, decide
from research.index.explain import unknown_tags
from research.index.history import IndexHistory
from research.index.methodology import Methodology
from research.index.portfolio import Portfolio
from research.index.schedule import Determination, determinations
from research.index.view import PointInTime
from research.index.watch import first_call, is_watchful
from research.market import MarketData


def build_index(
    market: MarketData,
    methodology: Methodology,
    *,
    signals: pd.DataFrame | None = None,
    votes: pd.DataFrame | None = None,
    migrations: pd.DataFrame | None = None,
    removals: pd.DataFrame | None = None,
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
    for line in unknown_tags(market, methodology):
        warnings.warn(f"{methodology.name}: {line}", MethodologyWarning, stacklevel=2)
    tables = {"signals": signals, "votes": votes, "migrations": migrations, "removals": removals}
    source = PointInTime(market, **tables, outlier_jump=methodology.events.outlier_jump)
    plan = determinations(source.dates, methodology.schedule)
    first = _first_decision(source, methodology, plan)
    portfolio = Portfolio(source=source, methodology=methodology, row=first.effective_row)
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
        event_records=tuple(portfolio.events),
        tables=tables,
    )


def _run(portfolio: Portfolio, first: Decision, plan: deque[Determination]) -> list[Decision]:
    """Go from one day on which something happens to the next, until the data end."""
    source, methodology = portfolio.source, portfolio.methodology
    lag, end = methodology.schedule.lag_days, len(source.dates) - 1
    decisions, pending = [first], deque[Decision]()
    while True:
        while pending and pending[0].effective_row == portfolio.row:
            portfolio.trade(pending.popleft())
        scheduled = plan[0].row if plan else end + 1
        stop = max(portfolio.row, min(scheduled, pending[0].effective_row if pending else end, end))
        path = portfolio.path(stop)
        call = None
        if is_watchful(methodology) and not pending:
            weighed, since = portfolio.last_weighed, portfolio.last_decided.row
            call = first_call(source, methodology, path, weighed, since=since, before=scheduled)
        if call is not None:
            path = path.until(call[0])
        if path.stop > portfolio.row:
            portfolio.hold(path)
            if pending and pending[0].effective_row == portfolio.row:
                continue  # what is effective today is traded before today's close is judged
        if call is not None and portfolio.row == call[0]:
            cause, effective = call[1], call[0] + lag
        elif portfolio.row >= scheduled:
            step = plan.popleft()
            cause, effective = "reconstitution" if step.reconstitution else "rebalance", step.effective_row
        elif portfolio.row == end and not (pending and pending[0].effective_row <= end):
            return decisions
        else:
            continue
        view, state = source.at(portfolio.row), _state(portfolio, decisions)
        decisions.append(decide(view, methodology, state, cause=cause, effective_row=effective))
        pending.append(decisions[-1])


def _state(portfolio: Portfolio, decisions: list[Decision]) -> State:
    """Members by the latest decision that chose any, without those removed since; and what is held today."""
    latest = next(decision for decision in reversed(decisions) if not decision.kept and decision.cause != "drift")
    members = set(latest.chosen.tolist())
    for trade in reversed(portfolio.trades):
        if trade.row <= latest.row:
            break
        if trade.cause == "removal":
            members -= set(trade.assets[(trade.before > 0) & (trade.after == 0)].tolist())
    for step in portfolio.source.conversions:
        if latest.row < step.row <= portfolio.row and step.new in members:
            members = (members - {step.new}) | {step.old}
    prices, _ = portfolio.source.carried_prices(portfolio.row, portfolio.assets)
    values = portfolio.units * prices
    return State(
        members=np.array(sorted(members), dtype=np.int64),
        assets=portfolio.assets if len(portfolio.assets) else NOBODY,
        weights=values / (values.sum() + portfolio.cash) if len(values) else NOTHING,
        latest=latest,
    )


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
