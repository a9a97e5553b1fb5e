"""`build_index`: one market and one rulebook -> the index's history."""

from __future__ import annotations

import datetime as dt
from collections import deque

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.decision import Decision, decide
from research.index.history import IndexHistory
from research.index.methodology import Methodology
from research.index.portfolio import Portfolio
from research.index.schedule import Determination, determinations
from research.index.view import IntArray, PointInTime
from research.market import MarketData

NOBODY = np.zeros(0, dtype=np.int64)


def build_index(market: MarketData, methodology: Methodology) -> IndexHistory:
    """Build an index: decide on every determination day, trade on every effective day, hold in between.

    A decision at the close of a day sees rows up to that day and nothing else, so
    ``build_index(market.until(t), rules)`` equals ``build_index(market, rules)`` on every row up to t, bit for bit.

    Parameters
    ----------
    market : MarketData
    methodology : Methodology

    Returns
    -------
    IndexHistory

    Raises
    ------
    MethodologyError
        If the base date lies outside the data, no day has enough eligible assets, or bounds on weights cannot be met.
    """
    source = PointInTime(market)
    plan = determinations(source.dates, methodology.schedule)
    first = _first_decision(source, methodology, plan)
    portfolio = Portfolio(source=source, rules=methodology.events, row=first.effective_row)
    portfolio.trade(first)
    decisions, pending = [first], deque[Decision]()
    for determination in plan:
        if determination.row <= first.row:
            continue
        _carry_out(pending, portfolio, until=determination.row)
        portfolio.advance(determination.row)
        decision = decide(
            source.at(determination.row),
            methodology,
            _incumbents(decisions, portfolio),
            cause="reconstitution" if determination.reconstitution else "rebalance",
            effective_row=determination.effective_row,
        )
        decisions.append(decision)
        pending.append(decision)
    _carry_out(pending, portfolio, until=len(source.dates) - 1)
    portfolio.advance(len(source.dates) - 1)
    return IndexHistory(
        market=market,
        methodology=methodology,
        source=source,
        base_row=first.effective_row,
        decision_records=tuple(decisions),
        segments=tuple(portfolio.segments),
        trades=tuple(portfolio.trades),
        event_records=tuple(portfolio.events),
    )


def _carry_out(pending: deque[Decision], portfolio: Portfolio, *, until: int) -> None:
    """Trade the decisions whose effective day has come."""
    while pending and pending[0].effective_row <= until:
        decision = pending.popleft()
        portfolio.advance(decision.effective_row)
        if decision.kept:
            portfolio.log_kept(decision)
        else:
            portfolio.trade(decision)


def _incumbents(decisions: list[Decision], portfolio: Portfolio) -> IntArray:
    """Members by the latest decision that chose any, without those removed since it was taken."""
    latest = next(decision for decision in reversed(decisions) if not decision.kept)
    members = {*latest.members, *latest.unweighted}
    for trade in reversed(portfolio.trades):
        if trade.row <= latest.row:
            break
        if trade.cause == "removal":
            members -= set(trade.assets[(trade.before > 0) & (trade.after == 0)])
    return np.array(sorted(members), dtype=np.int64)


def _first_decision(source: PointInTime, methodology: Methodology, plan: list[Determination]) -> Decision:
    """The decision that starts the index: for the base date if one is set, else the first day with enough assets."""
    lag = methodology.schedule.lag_days
    if methodology.base_date is not None:
        plan = [_on_base_date(source, methodology, methodology.base_date)]
        enough = methodology.min_count
    else:
        enough = methodology.selection.count
    last: Decision | None = None
    for determination in plan:
        if determination.effective_row >= len(source.dates):
            break
        last = decide(
            source.at(determination.row),
            methodology,
            NOBODY,
            cause="initial",
            effective_row=determination.effective_row,
        )
        if last.selected.sum() >= enough:
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
        f"no day has {enough} eligible assets. On the last one looked at, {decision.view.date.date()}, "
        f"{int((decision.rank > 0).sum())} of {len(decision.assets)} listed assets are eligible"
        f"{f' ({screens})' if screens else ''}. Loosen the universe, or lower count."
    )
