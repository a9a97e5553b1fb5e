"""The worst stretch and day of a level, and that the members' shares add up to them."""

from __future__ import annotations

import pandas as pd
import pytest

from research import IndexHistory
from research.errors import DataError
from research.index.analysis.why.worst import worst_day, worst_stretch

DAYS = pd.date_range("2021-01-01", periods=6, name="date")
LEVEL = pd.Series([100.0, 120.0, 90.0, 60.0, 121.0, 110.0], DAYS)
MEMBERS = pd.DataFrame(
    {"a": [0.2, -0.2, -0.3, 1.0, -0.05], "b": [0.0, -0.05, -1 / 30, 61 / 60 - 1.0, -0.04090909090909091]}, DAYS[1:]
)


def test_the_deepest_fall_its_end_and_who_made_it() -> None:
    stretch = worst_stretch(LEVEL, MEMBERS)
    assert stretch is not None
    assert (stretch.peak, stretch.trough, stretch.recovered) == (DAYS[1], DAYS[3], DAYS[4])
    assert (stretch.depth, stretch.days) == (pytest.approx(-0.5), 3)
    assert list(stretch.members.index) == ["a", "b"]
    assert stretch.members["a"] == pytest.approx(-0.2 - 0.3 * 0.75)
    assert stretch.members.sum() == pytest.approx(stretch.depth)


def test_a_fall_that_was_not_made_good_counts_to_the_last_day() -> None:
    stretch = worst_stretch(LEVEL.iloc[1:4], MEMBERS)
    assert stretch is not None
    assert pd.isna(stretch.recovered)
    assert stretch.days == 2


def test_a_level_that_never_fell_has_no_worst_stretch() -> None:
    assert worst_stretch(LEVEL.iloc[:2], MEMBERS) is None


def test_the_worst_day_stands_beside_the_benchmark() -> None:
    day = worst_day(LEVEL, MEMBERS, pd.Series([1.0, 1.0, 0.9, None, 0.8, 0.8], DAYS))
    assert (day.date, day.change) == (DAYS[3], pytest.approx(-1 / 3))
    assert pd.isna(day.benchmark)  # it has no price that day
    assert day.members.sum() == pytest.approx(day.change)


def test_a_single_day_has_no_worst_one() -> None:
    with pytest.raises(DataError, match="a single day"):
        worst_day(LEVEL.iloc[:1], MEMBERS, LEVEL)


def test_members_and_costs_add_up_on_a_real_index(index: IndexHistory) -> None:
    stretch = worst_stretch(index.level, index.contributions)
    assert stretch is not None
    assert stretch.members.sum() == pytest.approx(stretch.depth, abs=1e-12)
    day = worst_day(index.level, index.contributions, index.market.price("bitcoin"))
    assert day.members.sum() == pytest.approx(day.change, abs=1e-12)
