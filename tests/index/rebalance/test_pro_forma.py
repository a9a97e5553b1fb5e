"""The next rebalance, pro forma, is what the engine would decide and trade if the last close were that day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import IndexHistory, Methodology, build, build_index
from research.index.decisions import calendar
from research.index.decisions.records import Decision
from research.index.rebalance.pro_forma import next_rebalance
from tests.index.markets import random_case, random_market, rules
from tests.index.test_truncation import RULES
from tests.index.truncation import DAY, ended

pytestmark = pytest.mark.filterwarnings("ignore::research.errors.MethodologyWarning")
SEED = 5
TRIED = 12  # determination days, until one can be compared
ASSETS = ("chosen", "unweighted", "members", "assets")
VALUES = ("member_ranks", "weights", "steps", "selected", "eligible", "rank_value")


def assert_same_decision(ours: Decision, theirs: Decision) -> None:
    assert (ours.row, ours.cause, ours.kept, ours.notes) == (theirs.row, theirs.cause, theirs.kept, theirs.notes)
    assert (ours.exposure, ours.turnover, ours.stable) == (theirs.exposure, theirs.turnover, theirs.stable)
    for name in VALUES:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)
    for name in ASSETS:  # a market that ends earlier knows fewer assets: places differ, names do not
        ids = [made.view.source.asset_ids[getattr(made, name)].tolist() for made in (ours, theirs)]
        assert ids[0] == ids[1], name


def calendar_days(index: IndexHistory) -> Iterator[Decision]:
    """Decisions of the calendar after the first, those furthest from the beginning first."""
    causes = ("reconstitution", "rebalance")
    return (made for made in reversed(index.decision_records[1:]) if made.cause in causes)


def without(monkeypatch: pytest.MonkeyPatch, day: pd.Timestamp) -> None:
    """A calendar that leaves one day out."""

    def left(days: pd.DatetimeIndex, schedule: Any) -> list[calendar.Determination]:
        return [step for step in calendar.determinations(days, schedule) if days[step.row] != day]

    monkeypatch.setattr(build, "determinations", left)


def case(name: str, **schedule: Any) -> IndexHistory:
    market, methodology, announced = random_case(RULES[name], SEED)
    methodology = replace(methodology, schedule=replace(methodology.schedule, **schedule))
    return build_index(market, methodology, **announced)


SOME = (
    "no buffer, weekly",
    "daily with overlapping decisions",
    "screens",
    "costs by rank and impact",
    "into the band on drift",
    "signals and a stable leg",
    "migrations, removals and drift",
    "forks",
    "costs and haircut",
)
ANNOUNCED = ("daily with overlapping decisions", "signals every day, fully invested", "back to the target on drift")
"""On each of their determination days another decision waits."""


@pytest.mark.parametrize("name", [name for name in RULES if name not in ANNOUNCED])
def test_pro_forma_at_a_determination_day_is_the_decision_of_that_day(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calendar that the pro forma index follows does not have the day."""
    whole, compared = case(name), 0
    for real in list(calendar_days(whole))[:TRIED]:
        without(monkeypatch, real.view.date)
        market, tables = ended(whole, real.view.date)
        known = build_index(market, whole.methodology, **tables)
        found = next_rebalance(known)
        if found.announced or found.decision.cause != real.cause:  # drift called first; or the other kind comes next
            continue
        assert_same_decision(found.decision, real)
        compared += 1
        break
    assert compared


@pytest.mark.parametrize("name", SOME)
def test_what_has_been_decided_and_waits_is_taken_over(name: str) -> None:
    whole = case(name)
    real = next(made for made in calendar_days(whole) if not made.kept)
    market, tables = ended(whole, real.view.date)
    found = next_rebalance(build_index(market, whole.methodology, **tables))
    assert found.announced
    [same] = [made for made in whole.decision_records if (made.row, made.cause) == (found.decision.row, real.cause)]
    assert_same_decision(found.decision, same)
    assert found.determination_date == same.view.date
    assert found.effective_date == whole.source.dates[0] + same.effective_row * DAY


@pytest.mark.parametrize("name", SOME)
def test_without_a_lag_the_trade_is_that_of_the_day_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, compared = case(name, lag_days=0), 0
    for real in list(calendar_days(whole))[:TRIED]:
        without(monkeypatch, real.view.date)
        market, tables = ended(whole, real.view.date)
        found = next_rebalance(build_index(market, whole.methodology, **tables))
        trades = [trade for trade in whole.trades if trade.decision is real]
        if found.decision.cause != real.cause or not trades:
            continue
        theirs, ours = trades[0], found.index.trades[-1]
        for field in ("before", "after", "units", "target", "frozen"):
            np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field), err_msg=field)
        names = [made.source.asset_ids[trade.assets].tolist() for made, trade in ((found.index, ours), (whole, theirs))]
        assert names[0] == names[1]
        assert (ours.cost, ours.turnover, ours.row) == (theirs.cost, theirs.turnover, theirs.row)
        compared += 1
        break
    assert compared


@pytest.mark.parametrize("name", SOME)
def test_all_before_it_stays_as_it_was(name: str) -> None:
    whole = case(name)
    middle = whole.dates[len(whole.dates) * 2 // 3]
    market, tables = ended(whole, middle)
    known = build_index(market, whole.methodology, **tables)
    found = next_rebalance(known)
    before = slice(None, middle - DAY)
    pd.testing.assert_series_equal(found.index.level.loc[before], known.level.loc[before], check_exact=True)
    pd.testing.assert_series_equal(found.index.gross_level, known.gross_level, check_exact=True)
    pd.testing.assert_frame_equal(found.index.rebalances.loc[before], known.rebalances.loc[before], check_exact=True)
    assert found.determination_date > middle or found.announced
    assert found.effective_date > middle


def test_too_few_eligible_assets_keep_the_composition() -> None:
    market = random_market(SEED, defects=False)
    caps = market.market_caps.where(market.dates.to_series() < market.dates[-1], 1e-3)
    late = replace(market, market_caps=caps)
    few = rules(universe={"min_market_cap": 1.0}, selection={"count": 5, "min_count": 3})
    found = next_rebalance(build_index(late, few))
    assert found.decision.kept
    assert found.index.rebalances.index[-1] < late.dates[-1]


def test_a_calendar_without_a_day_ahead_is_refused_in_words() -> None:
    index = build_index(
        random_market(SEED),
        rules(schedule={"reconstitution": "never"}, base_date=pd.Timestamp("2020-03-01").date()),
    )
    with pytest.raises(MethodologyError, match=r"no day ahead.*Ask for a past one"):
        next_rebalance(index)


def test_the_last_day_of_the_shipped_calendar_is_named(market_50: Any) -> None:
    index = build_index(market_50, Methodology.load("large-cap-10"))
    found = next_rebalance(index)
    assert not found.announced
    assert str(found.determination_date.date()) == "2023-05-31"
    assert str(found.effective_date.date()) == "2023-06-02"
    assert found.decision.view.date == index.dates[-1]
