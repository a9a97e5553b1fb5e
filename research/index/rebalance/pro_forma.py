"""What would be traded next, if it were traded at the last close: the engine goes one rebalance further.

Nothing is decided here. `decisions/decide.py` decides from the market at the last close, as on a determination day, and
sees nothing that is not known then; a decision that has been taken already, and waits for its effective day, is taken
over as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from research.errors import MethodologyError
from research.index.build import gone_on
from research.index.decisions.calendar import upcoming
from research.index.decisions.records import Cause, Decision
from research.index.history import IndexHistory


@dataclass(frozen=True, kw_only=True, eq=False)
class NextRebalance:
    """The next rebalance of an index, decided from what is known at the last close and traded at its prices.

    Attributes
    ----------
    index : IndexHistory
        The index with that rebalance as its last trade; all before it is as in the index that was asked about. Ask it
        for `constituents`, `weight_steps`, `rebalance_difference` and the like of the rebalance, not for its level.
    decision : Decision
        What is decided. Where it is `kept`, nothing is traded.
    announced : bool
        Whether it has been decided already, on its own determination day; else it is pro forma: as if the last close
        were that day.
    determination_date, effective_date : Timestamp
        The days on which it really is decided and traded, by the calendar.
    """

    index: IndexHistory
    decision: Decision
    announced: bool
    determination_date: pd.Timestamp
    effective_date: pd.Timestamp


def next_rebalance(index: IndexHistory) -> NextRebalance:
    """`NextRebalance` of an index at its last close.

    What drift or a lost peg will call for is not known in advance: pro forma is the next day of the calendar.

    Raises
    ------
    MethodologyError
        If nothing waits and the calendar of the rulebook has no day ahead, or the bounds on weights cannot be met.
    """
    rules, dates = index.methodology, index.source.dates
    ahead = upcoming(dates[-1], rules.schedule, 1)
    waits = any(decision.effective_row >= len(dates) and decision.stable is None for decision in index.decision_records)
    if ahead.empty and not waits:
        raise MethodologyError(
            f"{rules.name}: its calendar has no day ahead, so there is no next rebalance to show. Ask for a past one."
        )
    kind: Cause = "rebalance" if ahead.empty else ahead["kind"].iloc[0]
    after = gone_on(index, kind)
    before, records = index.decision_records, after.decision_records
    announced = len(records) == len(before)
    moved = [new for old, new in zip(before, records, strict=False) if new.effective_row != old.effective_row]
    decision = moved[-1] if announced else records[-1]
    determined = decision.view.date if announced else ahead["determination_date"].iloc[0]
    return NextRebalance(
        index=after,
        decision=decision,
        announced=announced,
        determination_date=determined,
        effective_date=determined + pd.Timedelta(days=rules.schedule.lag_days),
    )
