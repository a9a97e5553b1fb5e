"""Rows of published tables, chosen by day and by name. Through the service, whole tables: `tests/service`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from research.reporting.publishing.site.reading import (
    NothingPublished,
    NotPublished,
    between,
    editions_of,
    having,
    in_force,
    last_of_each,
)
from research.reporting.publishing.site.watched import Watched

DAYS = pd.DataFrame({"date": pd.date_range("2024-01-29", periods=10), "level": range(10), "name": list("aabbccddee")})


def test_between_has_both_ends_and_refuses_a_range_that_runs_backwards() -> None:
    assert between(DAYS, "date", dt.date(2024, 1, 30), dt.date(2024, 2, 1))["level"].tolist() == [1, 2, 3]
    assert len(between(DAYS, "date", dt.date.min, dt.date.max)) == len(between(DAYS, "date", None, None)) == 10
    with pytest.raises(NotPublished, match="Exchange them"):
        between(DAYS, "date", dt.date(2024, 2, 2), dt.date(2024, 2, 1))


def test_the_last_of_each_week_ends_on_sunday_and_of_each_month_on_its_last_day() -> None:
    assert last_of_each(DAYS, "date", "weekly")["date"].dt.strftime("%m-%d").tolist() == ["02-04", "02-07"]
    assert last_of_each(DAYS, "date", "monthly")["date"].dt.strftime("%m-%d").tolist() == ["01-31", "02-07"]


def test_what_is_in_force_is_the_last_day_up_to_the_date_and_never_a_later_one() -> None:
    sparse = DAYS.iloc[[0, 4, 5]]
    for day, level in ((29, 0), (31, 0)):
        assert in_force(sparse, "date", dt.date(2024, 1, day), "2024-02-07")["level"].tolist() == [level]
    assert in_force(sparse, "date", dt.date(2024, 2, 2), "2024-02-07")["level"].tolist() == [4]
    assert in_force(sparse, "date", None, "2024-02-07")["level"].tolist() == [5]
    for day in (dt.date(2024, 1, 28), dt.date(2024, 2, 8)):
        with pytest.raises(NotPublished, match="the rows begin on 2024-01-29, and the data end on 2024-02-07"):
            in_force(sparse, "date", day, "2024-02-07")


def test_rows_having_a_value_and_the_nearest_one_where_there_is_none() -> None:
    assert having(DAYS, "name", "b")["level"].tolist() == [2, 3]
    assert having(DAYS, "name", None) is DAYS
    with pytest.raises(NotPublished, match="There is no name 'z'"):
        having(DAYS, "name", "z")


def test_a_file_is_read_again_once_another_one_is_in_its_place(tmp_path: Path) -> None:
    file, reads = tmp_path / "file", []

    def read() -> str:
        reads.append(file.read_text())
        return reads[-1]

    file.write_text("old")
    watched = Watched(file, read)
    assert [watched(), watched(), len(reads)] == ["old", "old", 1]
    (tmp_path / "new").write_text("new")
    (tmp_path / "new").rename(file)
    assert [watched(), watched(), len(reads)] == ["new", "new", 2]


def test_before_the_first_build_nothing_is_published(tmp_path: Path) -> None:
    with pytest.raises(NothingPublished, match="research report build"):
        editions_of(tmp_path)()
    with pytest.raises(NothingPublished, match="research report build"):
        editions_of(tmp_path)("2024-01-01")
