"""Parts of daily rows: every day in exactly one, few of them, and an unchanged one is not written again."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import DataError
from research.market import MarketData, load_market, write_market
from research.market.layout import part_names
from research.market.snapshots.daily_rows import day_of, number_of
from research.market.snapshots.parts import Piece, plan_parts
from tests.market.helpers import rewritten


def day(text: str) -> int:
    return number_of(pd.Timestamp(text))


def named(pieces: list[Piece]) -> list[Piece]:
    """As they are found in the next snapshot: each a part with a name."""
    return [Piece(first=piece.first, last=piece.last, source=str(piece.first)) for piece in pieces]


def test_ten_years_of_daily_updates_make_few_parts_and_write_little() -> None:
    begin, end = day("2020-03-17"), day("2030-03-17")
    parts, most, written = [Piece(first=begin - 1000, last=begin - 1, source="x")], 0, 0
    for today in range(begin, end):
        pieces = plan_parts(parts, [], begin - 1000, today)
        written += sum(piece.last - piece.first + 1 for piece in pieces if piece.source is None)
        parts, most = named(pieces), max(most, len(pieces))
    assert most <= 1 + 10 + 11 + 31
    assert written <= 3 * (end - begin)  # each day alone, then with its month, then with its year


def test_a_finished_month_becomes_one_part_and_a_finished_year_too() -> None:
    parts = [
        Piece(first=0, last=day("2024-11-29"), source="base"),
        Piece(first=day("2024-11-30"), last=day("2024-11-30"), source="y"),
    ]
    parts = named(plan_parts(parts, [], 0, day("2024-12-01")))
    assert [part.first for part in parts] == [0, day("2024-11-30"), day("2024-12-01")]
    for date in pd.date_range("2024-12-02", "2025-01-01"):
        parts = named(plan_parts(parts, [], 0, number_of(date)))
    assert [part.first for part in parts] == [0, day("2024-11-30"), day("2025-01-01")]


@given(
    lengths=st.lists(st.integers(1, 500), min_size=1, max_size=8),
    changed=st.sets(st.integers(0, 1500), max_size=4),
    before=st.integers(0, 400),
    after=st.integers(0, 800),
    begin=st.integers(day("2019-01-01"), day("2021-01-01")),
)
def test_every_day_lies_in_one_part_and_parts_without_a_change_stay(
    lengths: list[int], changed: set[int], before: int, after: int, begin: int
) -> None:
    old, first = [], begin
    for length in lengths:
        old.append(Piece(first=first, last=first + length - 1, source=str(first)))
        first += length
    end = first - 1 + after
    changed = {begin + number for number in changed if begin + number < first}
    pieces = plan_parts(old, changed, begin - before, end)
    assert [pieces[0].first, pieces[-1].last] == [begin - before, end]
    assert all(one.last + 1 == other.first for one, other in pairwise(pieces))
    kept = [piece for piece in pieces if piece.source]
    assert all(piece in old and not any(piece.first <= number <= piece.last for number in changed) for piece in kept)
    for part in old:
        if part not in pieces and not any(part.first <= number <= part.last for number in changed):
            stop = day_of(end).to_period("M" if day_of(part.first).year == day_of(end).year else "Y")
            assert day_of(part.last).to_period(stop.freq) < stop  # united with the rest of a finished period


def in_parts(folder: Path, second: pa.Table) -> Path:
    """A snapshot of two assets until 2024-01-03, with a second part, signed by someone else."""
    days = pd.date_range("2024-01-01", "2024-01-03")
    write_market(MarketData.from_panels(pd.DataFrame(1.0, index=days, columns=["a", "b"])), folder)
    rewritten(folder, "daily-2024-01-04.parquet", second)
    return folder


def rows(*days: str, columns: tuple[str, ...] = ("price", "market_cap", "volume")) -> pa.Table:
    dates = pa.array(pd.to_datetime(days).date)
    return pa.table(
        {"date": dates, "asset_id": ["a"] * len(days), **dict.fromkeys(columns, pa.array([2.0] * len(days)))}
    )


def test_a_second_part_is_read_after_the_first(tmp_path: Path) -> None:
    market = load_market(in_parts(tmp_path / "new", rows("2024-01-05")))
    assert market.prices["a"].to_list()[:3] == [1.0, 1.0, 1.0]
    assert market.prices.loc["2024-01-05", "a"] == 2.0
    assert market.prices.loc["2024-01-04"].isna().all()
    assert load_market(tmp_path / "new", end="2024-01-02").prices.shape == (2, 2)
    assert load_market(tmp_path / "new", start="2024-01-05").prices["a"].to_list() == [2.0]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (rows("2024-01-03"), r"daily-2024-01-04\.parquet: its days begin before those of daily\.parquet end"),
        (rows("2024-01-05", "2024-01-04"), r"daily-2024-01-04\.parquet.* is out of order on 2024-01-04"),
        (rows("2024-01-05", "2024-01-05"), "has two rows for 2024-01-05"),
        (
            rows("2024-01-05", columns=("price", "market_cap", "volume", "open")),
            r"has the columns .*'open'\], daily\.pa",
        ),
        (rows("2024-01-05").slice(0, 0), r"daily-2024-01-04\.parquet has no rows"),
    ],
)
def test_parts_that_no_update_writes_are_refused(tmp_path: Path, second: pa.Table, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_market(in_parts(tmp_path / "new", second))


@pytest.mark.parametrize("name", ["daily-../../x.parquet", "daily-2024-1-04.parquet", "../daily-2024-01-04.parquet"])
def test_only_names_of_parts_are_opened(name: str) -> None:
    assert part_names(["daily.parquet", "daily-2024-02-01.parquet", name, "daily-2024-01-04.parquet"]) == [
        "daily.parquet", "daily-2024-01-04.parquet", "daily-2024-02-01.parquet"
    ]  # fmt: skip
