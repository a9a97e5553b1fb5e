"""Contributions of different days add up once they are linked, and nothing is lost where they are summed."""

from __future__ import annotations

import pandas as pd
import pytest

from research import IndexHistory
from research.index.analysis.why.contributions import (
    contribution_gap,
    contribution_summary,
    contributions_by_span,
    linked_contributions,
)


def test_linked_contributions_add_up_to_the_return_of_their_span(index: IndexHistory) -> None:
    level = index.level.tail(366)
    linked = linked_contributions(index.contributions, level)
    assert linked.sum() == pytest.approx(level.iloc[-1] / level.iloc[0] - 1, rel=1e-12)
    assert index.contributions.tail(365).to_numpy().sum() != pytest.approx(linked.sum(), rel=0.1)


def test_two_days_of_ten_per_cent_are_linked_to_twenty_one() -> None:
    days = pd.date_range("2021-01-01", periods=3)
    daily = pd.DataFrame({"a": [0.1, 0.04], "b": [0.0, 0.06]}, index=days[1:])
    linked = linked_contributions(daily, pd.Series([100.0, 110.0, 121.0], index=days))
    assert linked.to_dict() == pytest.approx({"a": 0.1 + 1.1 * 0.04, "b": 1.1 * 0.06})
    assert contribution_gap(linked, pd.Series([100.0, 110.0, 121.0])) < 1e-15
    assert contribution_gap(linked, pd.Series([100.0, 110.0, 122.0])) == pytest.approx(0.01)


def test_the_shorter_span_is_the_last_days_and_the_longer_one_all(index: IndexHistory) -> None:
    spans = contributions_by_span(index.contributions, index.level, 30)
    assert list(spans.columns) == ["last 30 days", "since inception"]
    assert spans["last 30 days"].sum() == pytest.approx(index.level.iloc[-1] / index.level.iloc[-31] - 1)
    assert contribution_gap(spans["since inception"], index.level) < 1e-10


def test_members_that_are_not_named_are_summed_and_nothing_is_lost(index: IndexHistory) -> None:
    linked = linked_contributions(index.contributions, index.level).to_frame("all")
    rows = contribution_summary(linked, most=3, least=2)["all"]
    assert len(rows) == 3 + 2 + 4
    assert rows.iloc[:-1].sum() == pytest.approx(rows.iloc[-1])
    assert rows.index[5] == f"{len(linked) - 2 - 5} others"
    assert rows.iloc[:5].is_monotonic_decreasing
