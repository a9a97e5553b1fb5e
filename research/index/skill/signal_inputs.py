"""What a review of signals may look at: the calls that an index followed, and the days that are not locked."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from research.errors import DataError
from research.index.history import IndexHistory

LABEL_DAYS = WEEK = 7


class Signals(Protocol):
    """What a recipe said, and what came of it: frames of decision dates x assets."""

    @property
    def scores(self) -> pd.DataFrame:
        """Higher is better; NaN where nothing was said."""

    @property
    def probabilities(self) -> pd.DataFrame:
        """Of a return above zero over the span of the label."""

    @property
    def states(self) -> pd.DataFrame:
        """Bullish, neutral, bearish or nothing."""

    @property
    def outcomes(self) -> pd.DataFrame:
        """Return from the close of the effective day to seven days later."""


def last_open_day(index: IndexHistory, locked_share: float) -> pd.Timestamp:
    """The last day before the locked part: a share of the market's days, the same for every index on it."""
    days = index.source.dates
    closed = days[max(round(len(days) * (1.0 - locked_share)), 1) - 1]
    if closed < index.dates[min(1, len(index.dates) - 1)]:
        raise DataError(
            f"the locked part begins after {closed.date()}, the index on {index.dates[0].date()}: nothing is left to "
            "look at. Give a longer history, or a smaller locked_share."
        )
    return closed


def span_of(index: IndexHistory) -> tuple[int, int]:
    """Days from a decision to the end of what it is judged by, and how many later decisions come before that end."""
    lag, horizon = index.methodology.schedule.lag_days, LABEL_DAYS
    if index.signals is not None:
        recipe = index.signals.recipe
        lag, horizon = max(lag, recipe.lag_days), recipe.horizon_days
    return lag + horizon, -(-horizon // WEEK) - 1


def check_calls(index: IndexHistory, signals: Signals) -> None:
    """DataError if the calls to be judged are not those that the index followed."""
    states = getattr(signals, "states", None)
    if not isinstance(states, pd.DataFrame):
        raise DataError(
            f"signals: found a {type(signals).__name__}, expected scores, probabilities, states and outcomes, as a "
            "SignalHistory has them: a table of calls alone cannot be reviewed."
        )
    followed = index.source.signals
    if followed is None:
        return
    said = (
        states.rename_axis("date").reset_index().melt(id_vars="date", var_name="asset_id", value_name="said").dropna()
    )
    both = followed[["date", "asset_id", "signal"]].merge(said, on=["date", "asset_id"])
    if not len(both) or (both["signal"] != both["said"]).any():
        raise DataError(
            f"signals: {int((both['signal'] != both['said']).sum())} of {len(both)} calls are not those that the index "
            "followed. Give the signals that it was built with."
        )
