"""When an index starts: the first determination at which enough members can be weighted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.decisions.calendar import Determination
from research.index.decisions.decide import decide, first_choice
from research.index.decisions.records import Decision, State
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology


def first_decision(source: PointInTime, methodology: Methodology, plan: Sequence[Determination]) -> Decision:
    """The decision that an index starts with, at the determination found by `first_determination`."""
    step = first_determination(source, methodology, plan)
    return decide(source.at(step.row), methodology, State(), cause="initial", effective_row=step.effective_row)


def first_determination(source: PointInTime, methodology: Methodology, plan: Sequence[Determination]) -> Determination:
    """The first determination of the calendar at which `Methodology.start_count` members can be weighted.

    Either kind will do: where weights are renewed more often than members, an index may start between two
    reconstitutions. With a base date it is the one `lag_days` before it, or none. Members are counted as the selection
    rule chooses them and the scheme gives them a size, before any overlay: its signals do not move the start, and the
    stable leg is no member. The effective day must lie in the data.

    Raises
    ------
    MethodologyError
        If there is none; the message says what kept it from starting.
    """
    dates, name = source.dates, methodology.name
    if methodology.base_date is not None:
        plan = [_on_base_date(source, methodology, methodology.base_date)]
    closest: Decision | None = None
    for step in plan:
        if step.effective_row >= len(dates):
            break
        decision = first_choice(source.at(step.row), methodology, effective_row=step.effective_row)
        if len(decision.chosen) - len(decision.unweighted) >= methodology.start_count:
            return step
        if closest is None or _eligible(decision) >= _eligible(closest):
            closest = decision
    if closest is None:
        raise MethodologyError(
            f"{name}: no determination with an effective day (lag {methodology.schedule.lag_days} days) lies in the "
            f"data, {dates[0].date()} to {dates[-1].date()}. Use a longer history or a shorter schedule."
        )
    raise MethodologyError(f"{name}: {_why_not(closest, methodology)}{_wholly_missing(source)}")


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


def _wholly_missing(source: PointInTime) -> str:
    """A sentence on market caps or volumes of which the market has none, as that of an exchange: no rule mends that."""
    kinds = {"market_cap": "market caps", "volume": "volumes"}
    missing = [words for name, words in kinds.items() if np.isnan(source.panel(name)).all()]
    return (
        f" This market has no {' and no '.join(missing)}: screens and weights that need them fail." if missing else ""
    )


def _eligible(decision: Decision) -> int:
    return int((decision.rank > 0).sum())


def _why_not(decision: Decision, methodology: Methodology) -> str:
    """What stood in the way on the day that came closest: the universe where too few are eligible, else the rule."""
    needed, base_date = methodology.start_count, methodology.base_date
    eligible, day = _eligible(decision), decision.view.date.date()
    failed = {screen.name: int((~screen.passed).sum()) for screen in decision.screens}
    screens = ", ".join(f"{name} fails {count}" for name, count in failed.items() if count)
    found = f"{eligible} of {len(decision.assets)} listed assets are eligible"
    if base_date:
        head, later = (
            f"base_date {base_date} needs {needed} eligible assets that can be weighted. On {day}",
            "a later base_date",
        )
    else:
        head = f"no day has {needed} eligible assets that can be weighted. On {day}, which came closest"
        later = "a longer history"
    mend = f"Use {later}."
    if eligible < needed:
        found += f" ({screens})" if screens else ""
        mend = f"Loosen the universe, lower count, or use {later}."
    return f"{head}, {'; '.join([found, *decision.notes])}. {mend}"
