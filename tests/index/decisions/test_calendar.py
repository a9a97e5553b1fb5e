"""Determination days by the calendar."""

from __future__ import annotations

import pandas as pd
import pytest

from research.index import build_index
from research.index.decisions.calendar import determinations, latest_quarter_end
from research.rulebook import Schedule
from tests.index.markets import random_market, rules

DAYS = pd.date_range("2019-12-15", "2021-03-10")
ENDS = {
    "january": ["2019-12-31", "2020-03-31", "2020-06-30", "2020-09-30", "2020-12-31"],
    "february": ["2020-01-31", "2020-04-30", "2020-07-31", "2020-10-31", "2021-01-31"],
    "march": ["2020-02-29", "2020-05-31", "2020-08-31", "2020-11-30", "2021-02-28"],
}


@pytest.mark.parametrize("start", ENDS)
def test_quarters_end_on_the_day_before_they_start(start: str) -> None:
    schedule = Schedule(reconstitution="quarterly", quarters_start_in=start)
    assert [str(DAYS[step.row].date()) for step in determinations(DAYS, schedule)] == ENDS[start]


@pytest.mark.parametrize("start", ENDS)
def test_the_latest_quarter_end_is_the_last_one_not_after_the_day(start: str) -> None:
    ends = pd.DatetimeIndex(ENDS[start])
    days = DAYS[ends[0] <= DAYS]
    schedule, expected = Schedule(quarters_start_in=start), [ends[ends <= day][-1] for day in days]
    assert list(latest_quarter_end(days, schedule)) == expected
    assert [latest_quarter_end(day, schedule) for day in days] == expected


def test_quarters_that_nothing_follows_are_named_as_a_rule_without_effect() -> None:
    with pytest.warns(match="quarters_start_in = 'february' has no effect"):
        build_index(random_market(0), rules(schedule={"quarters_start_in": "february"}))
