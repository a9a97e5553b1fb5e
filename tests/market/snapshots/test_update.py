"""Updates: a new snapshot equals an import of everything, shares what did not change, and tells what was revised."""

from __future__ import annotations

import dataclasses
import errno
import multiprocessing
import multiprocessing.synchronize
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research import cli
from research.errors import DataError
from research.market import (
    MarketData,
    Profile,
    import_table,
    load_market,
    open_snapshot,
    update_from_table,
    write_market,
)
from research.market.imports.profile.assets import Asset, Tag
from research.market.snapshots import catalog, daily_rows, merging, placing
from research.market.snapshots.snapshot import VerifiedSnapshot
from research.market.snapshots.update import Update, update_snapshot
from tests.market.helpers import PROFILE, assert_same_market, names_in

SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FIRST = pd.Timestamp("2023-11-20")
FIELDS = {"close": "price", "cap": "market_cap", "vol": "volume"}


def vendor_table(days: int, assets: int, seed: int) -> pd.DataFrame:
    """A vendor's long table with holes: assets that list late, die, pause, and values that are missing or refused."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range(FIRST, periods=days)
    rows = []
    for number in range(assets):
        begin, end = sorted(rng.integers(0, days + 1, 2)) if number else (0, days)
        alive = [row for row in range(begin, end) if number == 0 or rng.random() > 0.15]
        for row in alive:
            cap, volume = rng.lognormal(size=2)
            rows.append((dates[row], f"asset-{number}", rng.lognormal(), cap, volume))
    table = pd.DataFrame(rows, columns=["day", "coin", "close", "cap", "vol"])
    inner = table.index[table["coin"].duplicated() & (table["coin"] != "asset-0")]  # an asset begins with a price
    for name in ("cap", "vol", "close"):
        table.loc[rng.choice(inner, len(inner) // 12, replace=False), name] = rng.choice([np.nan, 0.0])
    return table.sort_values(["day", "coin"], ignore_index=True)


def profile(**changes: object) -> Profile:
    return dataclasses.replace(PROFILE, **{"retrieved_at": "2025-01-01T00:00:00Z", **changes})


def later(number: int = 1) -> str:
    return f"2025-01-{1 + number:02d}T00:00:00Z"


def imported(table: pd.DataFrame, out: Path, **changes: object) -> Path:
    file = out.parent / "table.parquet"
    out.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(file)
    import_table(file, profile(**changes), out)
    return out


def updated(old: Path, table: pd.DataFrame, out: Path, number: int = 1, **changes: object) -> Update:
    file = out.parent / "table.parquet"
    table.to_parquet(file)
    return update_from_table(old, file, profile(**{"retrieved_at": later(number), **changes}), out=out)


def assert_same_values(left: MarketData, right: MarketData) -> None:
    """The same market but for the manifest and the lines of the ledger about rows of a table."""
    kept = [market.ledger[market.ledger["field"] != "row"].reset_index(drop=True) for market in (left, right)]
    assert_same_market(dataclasses.replace(left, ledger=kept[0]), dataclasses.replace(right, ledger=kept[1]))


@contextmanager
def at_a_time(rows: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "ROWS_PER_GROUP", 2 * rows)
        patch.setattr(daily_rows, "ROWS_PER_BATCH", rows)
        yield


@st.composite
def splits(draw: st.DrawFn) -> tuple[int, int, list[int], list[int]]:
    """Days, a seed, the days after which updates begin, and how much of the past each table repeats."""
    days = draw(st.integers(4, 120))
    cuts = sorted(draw(st.lists(st.integers(1, days - 1), min_size=1, max_size=5, unique=True)))
    repeated = draw(st.lists(st.integers(0, 40), min_size=len(cuts), max_size=len(cuts)))
    return days, draw(st.integers(0, 10_000)), cuts, repeated


@SLOW
@given(split=splits(), gap=st.sampled_from([None, 2, 5]), rows=st.sampled_from([1, 8, 1 << 17]))
def test_updates_in_any_steps_are_the_import_of_everything(
    split: tuple[int, int, list[int], list[int]], gap: int | None, rows: int
) -> None:
    """However many rows are read and merged at a time."""
    days, seed, cuts, repeated = split
    table = vendor_table(days, 5, seed)
    number = (table["day"] - FIRST).dt.days
    with tempfile.TemporaryDirectory() as folder, at_a_time(rows):
        whole = imported(table, Path(folder) / "whole", split_after_gap_days=gap)
        old = imported(table[number < cuts[0]], Path(folder) / "0", split_after_gap_days=gap)
        for step, (cut, end, back) in enumerate(zip(cuts, [*cuts[1:], days], repeated, strict=True), start=1):
            part = table[(number >= cut - back) & (number < end)]
            made = updated(old, part, Path(folder) / str(step), step, split_after_gap_days=gap)
            assert made.revisions.empty
            old = Path(folder) / str(step)
        assert_same_values(load_market(old), load_market(whole))


# ---------------------------------------------------------------------- what is shared


def inodes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_ino for file in folder.iterdir()}


def whole_days(first: str, last: str, price: float = 1.0, assets: tuple[str, ...] = ("a", "b")) -> pd.DataFrame:
    """A row for each asset and day, all prices alike."""
    days = pd.date_range(first, last)
    table = pd.MultiIndex.from_product([days, assets], names=["day", "coin"]).to_frame(index=False)
    return table.assign(close=price, cap=price * 10, vol=5.0)


def test_an_update_shares_what_did_not_change_and_leaves_the_old_snapshot_as_it_was(tmp_path: Path) -> None:
    old = imported(whole_days("2024-01-01", "2024-03-10"), tmp_path / "old")
    before = {file.name: file.read_bytes() for file in old.iterdir()}
    made = updated(old, whole_days("2024-03-08", "2024-03-12"), tmp_path / "new")
    assert names_in(tmp_path / "new") == {*before, "daily-2024-03-11.parquet"}
    same = inodes(old).items() & inodes(tmp_path / "new").items()
    assert {name for name, _ in same} == {"daily.parquet", "tags.parquet", "ledger.parquet"}
    assert made.shared == sum(len(before[name]) for name, _ in same)
    assert {file.name: file.read_bytes() for file in old.iterdir()} == before
    assert names_in(tmp_path) == {"old", "new", "table.parquet"}
    assert open_snapshot(tmp_path / "new")[1].updates == open_snapshot(old)[1].fingerprint


def test_a_fresh_import_is_one_part_and_says_nothing_of_updates(tmp_path: Path) -> None:
    old = imported(whole_days("2015-01-01", "2024-03-10"), tmp_path / "old")
    assert names_in(old) == {"manifest.json", "daily.parquet", "assets.parquet", "tags.parquet", "ledger.parquet"}
    assert "updates" not in (old / "manifest.json").read_text()


def test_where_the_file_system_has_no_links_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_links)
    old = imported(whole_days("2024-01-01", "2024-03-10"), tmp_path / "old")
    updated(old, whole_days("2024-03-11", "2024-03-12"), tmp_path / "new")
    assert not inodes(old).items() & inodes(tmp_path / "new").items()
    assert (tmp_path / "new/daily.parquet").read_bytes() == (old / "daily.parquet").read_bytes()
    assert len(load_market(tmp_path / "new").dates) == 72


def test_the_old_snapshot_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verified when it is opened; a second name for a file is no reason to read it again."""
    old = imported(whole_days("2024-01-01", "2024-03-10"), tmp_path / "old")
    real, seen = VerifiedSnapshot.verify, []

    def noted(snapshot: VerifiedSnapshot, names: Iterable[str]) -> None:
        names = list(names)
        seen.extend((snapshot.folder, name) for name in names)
        real(snapshot, names)

    monkeypatch.setattr(VerifiedSnapshot, "verify", noted)
    updated(old, whole_days("2024-03-11", "2024-03-12"), tmp_path / "new")
    assert seen.count((old, "daily.parquet")) == 1


def test_a_revision_rewrites_its_part_alone(tmp_path: Path) -> None:
    """The first import is cut into years and months by its first revision; afterwards a revision is cheap."""
    table = whole_days("2022-11-01", "2024-03-10")
    old = imported(table, tmp_path / "0")
    table.loc[table["day"] == "2023-05-05", "close"] = 2.0
    updated(old, table, tmp_path / "1")
    parts = {
        "daily.parquet",
        *(f"daily-{day}.parquet" for day in ("2023-01-01", "2024-01-01", "2024-02-01", "2024-03-01")),
    }
    assert {name for name in names_in(tmp_path / "1") if name.startswith("daily")} == parts
    table.loc[table["day"] == "2024-02-20", "close"] = 2.0
    made = updated(tmp_path / "1", table, tmp_path / "2", 2)
    assert len(made.revisions) == 2
    same = {name for name, _ in inodes(tmp_path / "1").items() & inodes(tmp_path / "2").items()}
    assert parts - same == {"daily-2024-02-01.parquet"}


# ---------------------------------------------------------------------- revisions


@st.composite
def changes(draw: st.DrawFn) -> tuple[int, list[tuple[int, str, str]]]:
    """A seed, and places (row, field, what is done to it), each once."""
    places = st.tuples(st.integers(0, 10_000), st.sampled_from(sorted(FIELDS)), st.sampled_from(["other", "nothing"]))
    return draw(st.integers(0, 10_000)), draw(st.lists(places, max_size=8, unique_by=lambda place: place[:2]))


@SLOW
@given(planted=changes(), first=st.integers(0, 30), at_once=st.sampled_from([8, 1 << 17]))
def test_planted_changes_are_found_exactly(
    planted: tuple[int, list[tuple[int, str, str]]], first: int, at_once: int
) -> None:
    """Days before the table's first one are not said to be revised, whatever the vendor thinks of them now."""
    seed, places = planted
    table = vendor_table(60, 5, seed).replace(0.0, np.nan)
    table.loc[table["close"].isna(), "cap"] = np.nan  # as the import has it
    spoken = table["day"] >= FIRST + pd.Timedelta(days=first)
    spans = table[table["close"].notna() & spoken].groupby("coin")["day"].agg(["min", "max"]).reindex(table["coin"])
    inner = (table["day"].to_numpy() > spans["min"].to_numpy()) & (table["day"].to_numpy() < spans["max"].to_numpy())
    rows = table.index[inner & table["close"].notna()]  # a change at an end moves the end itself
    new, expected = table.copy(), {}
    for place, field, what in places:
        row = rows[place % len(rows)]
        if field == "close" and what == "nothing":
            continue  # takes the cap with it: see the next test
        value = np.nan if what == "nothing" else 7.25
        if not (np.isnan(new.loc[row, field]) and np.isnan(value)):
            new.loc[row, field] = value
            key = (new.loc[row, "day"], new.loc[row, "coin"], FIELDS[field])
            expected[key] = (table.loc[row, field], value)
    with tempfile.TemporaryDirectory() as folder, at_a_time(at_once):
        old = imported(table, Path(folder) / "old")
        made = updated(old, new[spoken], Path(folder) / "new")
        found = {
            (line.date, line.asset_id, line.field): (line.old, line.new)
            for line in made.revisions.itertuples(index=False)
        }
        assert found.keys() == expected.keys()
        for key, values in expected.items():
            np.testing.assert_array_equal(found[key], values)
        assert (made.out is None) == (not expected)
        if made.out:
            assert_same_values_but_ledger(load_market(made.out), load_market(imported(new, Path(folder) / "whole")))
            lines = load_market(made.out).ledger
            assert (lines["rule"] == "revised by the vendor").sum() == len(expected)


def assert_same_values_but_ledger(left: MarketData, right: MarketData) -> None:
    assert_same_market(dataclasses.replace(left, ledger=right.ledger), right)


def test_kinds_of_revisions(tmp_path: Path) -> None:
    table = whole_days("2024-01-01", "2024-01-10")
    lost = (table["coin"] == "b") & (table["day"] == "2024-01-04")
    old = imported(table[~lost], tmp_path / "old")
    new = pd.concat([table, whole_days("2024-01-03", "2024-01-04", assets=("c",))])
    new = new[~((new["coin"] == "a") & (new["day"] == "2024-01-06"))]
    new.loc[(new["coin"] == "b") & (new["day"] == "2024-01-07"), "vol"] = 6.0
    made = updated(old, new, tmp_path / "new")
    kinds = made.revisions.groupby(["kind", "asset_id"])["field"].count()
    assert kinds.to_dict() == {("changed", "b"): 1, ("withdrawn", "a"): 3, ("added", "b"): 3, ("new asset", "c"): 6}
    assert made.new_assets == ("c",)
    market = load_market(tmp_path / "new")
    assert np.isnan(market.prices.loc["2024-01-06", "a"])
    assert market.ledger["rule"].value_counts().to_dict() == {"revised by the vendor": 7}
    assert load_market(old).prices.loc["2024-01-06", "a"] == 1.0


def test_what_a_table_does_not_speak_of_is_not_withdrawn(tmp_path: Path) -> None:
    """An asset that the vendor dropped, days before an asset's first row, a column that the vendor no longer gives."""
    old = imported(whole_days("2024-01-01", "2024-01-10", assets=("a", "b", "dead")), tmp_path / "old")
    part = pd.concat([whole_days("2024-01-05", "2024-01-12", assets=("a",)), whole_days("2024-01-08", "2024-01-09")])
    part = part.drop_duplicates(["day", "coin"]).assign(vol=np.nan)
    made = updated(old, part, tmp_path / "new")
    assert made.revisions.empty
    assert made.ended_assets == ("b", "dead")
    market = load_market(tmp_path / "new")
    assert market.prices.loc[:"2024-01-10"].notna().all(axis=None)
    assert market.volumes.loc[:"2024-01-10"].notna().all(axis=None)
    assert market.volumes.loc["2024-01-11":].isna().all(axis=None)


def test_no_day_is_lost_where_the_new_table_of_assets_claims_more_days_than_there_are_rows(tmp_path: Path) -> None:
    old = imported(whole_days("2022-11-01", "2024-01-10"), tmp_path / "old")
    part = load_market(imported(whole_days("2024-01-05", "2024-01-12", 2.0), tmp_path / "part"))
    claims = part.assets.assign(first_date=pd.Timestamp("2022-11-01"), last_date=pd.Timestamp("2025-01-01"))
    manifest = dataclasses.replace(part.manifest, retrieved_at=later())
    part = dataclasses.replace(part, assets=claims, manifest=manifest)
    made = update_snapshot(old, lambda folder, _: write_market(part, folder), out=tmp_path / "new")
    assert len(made.revisions) == 6 * 2 * 2
    assert load_market(tmp_path / "new").prices.notna().all(axis=None)
    assert load_market(tmp_path / "new").dates[0] == pd.Timestamp("2022-11-01")


def test_a_longer_past_is_added_in_front(tmp_path: Path) -> None:
    old = imported(whole_days("2024-01-05", "2024-01-10"), tmp_path / "old")
    made = updated(old, whole_days("2023-12-30", "2024-01-10"), tmp_path / "new")
    assert set(made.revisions["kind"]) == {"added"}
    assert load_market(tmp_path / "new").dates[0] == pd.Timestamp("2023-12-30")
    assert_same_values_but_ledger(
        load_market(tmp_path / "new"), load_market(imported(whole_days("2023-12-30", "2024-01-10"), tmp_path / "whole"))
    )


def moving_prices(days: int = 40) -> pd.DataFrame:
    """Ten days more than a snapshot of thirty, of two assets whose prices move, rounded to the cent."""
    table = whole_days("2024-01-01", str((pd.Timestamp("2024-01-01") + pd.Timedelta(days - 1, "D")).date()))
    steps = np.random.default_rng(5).normal(size=(days, 2)) / 20
    return table.assign(close=(100 * np.exp(steps.cumsum(axis=0))).round(2).ravel())


@pytest.mark.parametrize(("days", "said"), [(1, "a day later"), (-1, "a day earlier")])
@pytest.mark.parametrize("begin", ["2024-01-01", "2024-01-18"])
@pytest.mark.parametrize("rows", [1, 8, 1 << 17])
def test_a_table_that_is_dated_a_day_off_is_refused(
    tmp_path: Path, days: int, said: str, begin: str, rows: int
) -> None:
    """However many rows are read at a time, and also where the table repeats a part of the past alone."""
    table = moving_prices()
    old = imported(table[table["day"] <= "2024-01-30"], tmp_path / "old")
    moved = table[table["day"] >= begin].assign(day=lambda some: some["day"] + pd.Timedelta(days, "D"))
    with at_a_time(rows), pytest.raises(DataError, match=rf"{said} than the snapshot.*\[\[dating\]\]"):
        updated(old, moved, tmp_path / "new")
    assert names_in(tmp_path) == {"old", "table.parquet"}


@pytest.mark.parametrize("day", ["2024-01-20", "2024-01-21"])
def test_the_first_overlapping_day_counts_and_fewer_than_twenty_prices_tell_nothing(tmp_path: Path, day: str) -> None:
    """Two assets, ten or eleven days up to the 30th: 22 prices are enough, 20 as well, 18 are not."""
    table = moving_prices()
    old = imported(table[table["day"] <= "2024-01-30"], tmp_path / "old")
    moved = table.assign(day=table["day"] + pd.Timedelta(1, "D"))
    with pytest.raises(DataError, match="a day later"):
        updated(old, moved[moved["day"] >= day], tmp_path / "new")
    assert len(updated(old, moved[moved["day"] >= "2024-01-22"], tmp_path / "new").revisions) == 18


@pytest.mark.parametrize("revise", [lambda close: close * 1.01, lambda close: close.round(1)])
def test_a_revision_of_every_price_is_no_matter_of_dating(tmp_path: Path, revise: object) -> None:
    table = moving_prices()
    old = imported(table[table["day"] <= "2024-01-30"], tmp_path / "old")
    made = updated(old, table.assign(close=revise(table["close"])), tmp_path / "new")
    assert len(made.revisions) > 50


@pytest.mark.parametrize("days", [-1, 0, 1])
def test_stablecoins_alone_are_no_matter_of_dating(tmp_path: Path, days: int) -> None:
    """A price that stays the same is that of the day before too: no sign, wherever the dates are."""
    table = whole_days("2024-01-01", "2024-02-09", assets=tuple("abcdef"))
    table.loc[table["day"].dt.day % 10 == 0, "close"] = 1.01  # a day in ten the peg gives
    old = imported(table[table["day"] <= "2024-01-30"], tmp_path / "old")
    moved = table.assign(day=table["day"] + pd.Timedelta(days, "D"))
    revisions = updated(old, moved, tmp_path / "new").revisions
    assert ((revisions["kind"] == "changed").sum() > 20) == (days != 0)


@pytest.mark.parametrize("seed", range(4))
def test_pegs_to_the_cent_from_another_source_are_no_matter_of_dating(tmp_path: Path, seed: int) -> None:
    """Of two values only, half of all changed prices equal that of the day before, and half that of the day after."""
    rng = np.random.default_rng(seed)
    table = whole_days("2024-01-01", "2024-02-09", assets=tuple("abcdef"))
    table["close"] = rng.choice([0.99, 1.0], len(table))
    old = imported(table[table["day"] <= "2024-01-30"], tmp_path / "old")
    other = table.assign(close=np.where(rng.random(len(table)) < 0.7, 1.99 - table["close"], table["close"]).round(2))
    revisions = updated(old, other, tmp_path / "new").revisions
    assert len(revisions) > 90


# ---------------------------------------------------------------------- identity


def test_a_ticker_that_comes_back_after_the_snapshots_end_is_a_new_asset(tmp_path: Path) -> None:
    """The gap lies between the two tables: neither of them alone shows it."""
    first = pd.concat(
        [whole_days("2024-01-01", "2024-02-10", assets=("a",)), whole_days("2024-01-01", "2024-01-05", assets=("etc",))]
    )
    then = pd.concat(
        [whole_days("2024-02-09", "2024-02-20", assets=("a",)), whole_days("2024-02-15", "2024-02-20", assets=("etc",))]
    )
    known = {"etc": Asset(id="etc-old"), "etc-2": Asset(id="ethereum-classic"), "etc-3": Asset(id="third")}
    old = imported(first, tmp_path / "old", split_after_gap_days=30, assets=known)
    made = updated(old, then, tmp_path / "new", split_after_gap_days=30, assets=known)
    assert made.new_assets == ("ethereum-classic",)
    line = load_market(tmp_path / "new").ledger.iloc[0]
    assert (line["field"], line["old"], line["new"]) == ("asset_id", "etc", "etc-2")
    last = whole_days("2024-02-20", "2024-02-25", assets=("a", "etc"))
    again = updated(tmp_path / "new", last, tmp_path / "newer", 2, split_after_gap_days=30, assets=known)
    assert again.new_assets == ()
    assert load_market(tmp_path / "newer").price("ethereum-classic").last_valid_index() == pd.Timestamp("2024-02-25")


def test_symbols_names_and_tags_are_the_newer_ones_and_none_is_lost(tmp_path: Path) -> None:
    known = {"a": Asset(name="Alpha", tags=("meme", "exchange")), "b": Asset(tags=("privacy",))}
    old = imported(whole_days("2024-01-01", "2024-01-10"), tmp_path / "old", assets=known)
    later_known = {"a": Asset(name="Omega", tags=(Tag(tag="meme", valid_from=pd.Timestamp("2024-01-02").date()),))}
    made = updated(old, whole_days("2024-01-11", "2024-01-12", assets=("a",)), tmp_path / "new", assets=later_known)
    assert made.renamed.to_dict("records") == [
        {"asset_id": "a", "symbol_old": "A", "symbol": "A", "name_old": "Alpha", "name": "Omega"}
    ]
    tags = load_market(tmp_path / "new").tags
    assert list(zip(tags["asset_id"], tags["tag"], tags["static"], strict=True)) == [
        ("a", "exchange", True), ("a", "meme", False), ("b", "privacy", True)
    ]  # fmt: skip


# ---------------------------------------------------------------------- refusals


def test_nothing_new_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    table = whole_days("2024-01-01", "2024-01-10")
    old = imported(table, tmp_path / "old")
    for number in (0, 1):  # also with the very same table, retrieved at the same time
        made = updated(old, table[4:], tmp_path / "new", number)
        assert made.out is None
        assert "has all that there is, up to 2024-01-10: nothing was written" in str(made)
    assert names_in(tmp_path) == {"old", "table.parquet"}


@pytest.mark.parametrize(
    ("days", "changed", "message"),
    [
        (("2024-01-01", "2024-01-09"), {}, "the new data end on 2024-01-09, the snapshot on 2024-01-10"),
        (("2024-01-13", "2024-01-19"), {}, "begin on 2024-01-13: the days between would be missing.* on 2024-01-11 or"),
        (
            ("2024-01-05", "2024-01-19"),
            {"name": "another"},
            "is 'a vendor' from 'made for a test', the new data are 'ano",
        ),
        (("2024-01-05", "2024-01-19"), {"source": "elsewhere"}, "Update it with the profile it was imported with"),
        (
            ("2024-01-05", "2024-01-19"),
            {"retrieved_at": "2025-01-01T00:00:00Z"},
            "were retrieved at .* Give newer ones",
        ),
        (
            ("2024-01-05", "2024-01-19"),
            {"columns": dataclasses.replace(PROFILE.columns, extra={"open": "vol"})},
            r"have not the same columns \(open\)",
        ),
        (
            ("2024-01-05", "2024-01-19"),
            {"hold_back": ("price jump",)},
            "begins on 2024-01-05: give one that begins on 2024-01-01",
        ),
    ],
)
def test_what_does_not_continue_the_snapshot_is_refused(
    tmp_path: Path, days: tuple[str, str], changed: dict, message: str
) -> None:
    old = imported(whole_days("2024-01-01", "2024-01-10"), tmp_path / "old")
    with pytest.raises(DataError, match=message):
        updated(old, whole_days(*days), tmp_path / "new", **changed)
    assert names_in(tmp_path) == {"old", "table.parquet"}


def test_a_damaged_snapshot_is_not_updated(tmp_path: Path) -> None:
    old = imported(whole_days("2024-01-01", "2024-01-10"), tmp_path / "old")
    content = bytearray((old / "daily.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (old / "daily.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"daily\.parquet has sha256"):
        updated(old, whole_days("2024-01-05", "2024-01-19"), tmp_path / "new")
    assert names_in(tmp_path) == {"old", "table.parquet"}


def test_a_snapshot_without_a_name_needs_a_place_for_the_new_one(tmp_path: Path) -> None:
    old = imported(whole_days("2024-01-01", "2024-01-10"), tmp_path / "old")
    with pytest.raises(DataError, match=r"has no name in the catalog.*--out"):
        update_from_table(old, tmp_path / "table.parquet", profile())


def test_a_part_that_is_damaged_or_missing_is_named(tmp_path: Path) -> None:
    old = imported(whole_days("2024-01-01", "2024-01-10"), tmp_path / "old")
    updated(old, whole_days("2024-01-11", "2024-01-12"), tmp_path / "new")
    part = tmp_path / "new/daily-2024-01-11.parquet"
    content = part.read_bytes()
    part.write_bytes(content[:-1] + b"!")
    with pytest.raises(DataError, match=r"daily-2024-01-11\.parquet has sha256"):
        load_market(tmp_path / "new")
    part.unlink()
    with pytest.raises(DataError, match=r"daily-2024-01-11\.parquet is missing"):
        load_market(tmp_path / "new")


# ---------------------------------------------------------------------- by name


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with one retrieval of `coins`, 2025-01-01, of the days until 2024-01-10."""
    monkeypatch.setenv(catalog.VARIABLE, str(tmp_path / "snapshots"))
    imported(whole_days("2024-01-01", "2024-01-10"), catalog.snapshot_folder("coins", "2025-01-01T00:00:00Z"))
    return tmp_path / "snapshots"


def newer(tmp_path: Path, price: float = 1.0) -> Path:
    whole_days("2024-01-09", "2024-01-12", price).to_parquet(tmp_path / "newer.parquet")
    return tmp_path / "newer.parquet"


def test_an_update_stands_beside_the_old_one_and_a_date_means_what_was_known_then(tmp_path: Path, root: Path) -> None:
    made = update_from_table("coins", newer(tmp_path, 2.0), profile(retrieved_at=later()))
    assert made.out == root / "coins" / "2025-01-02"
    assert load_market("coins").prices.loc["2024-01-10", "a"] == 2.0
    assert load_market("coins@2025-01-01").prices.loc["2024-01-10", "a"] == 1.0
    assert load_market("coins@2025-01-01").dates[-1] == pd.Timestamp("2024-01-10")
    assert (
        load_market("coins", end="2024-01-10").prices.loc["2024-01-10", "a"] == 2.0
    )  # cut, but with what is known now
    with pytest.raises(DataError, match=r"not the newest of its name: update .*2025-01-02"):
        update_from_table("coins@2025-01-01", newer(tmp_path), profile(retrieved_at=later(2)))


def test_a_name_that_is_a_symbolic_link_is_updated_in_the_folder_that_it_points_to(tmp_path: Path, root: Path) -> None:
    elsewhere = tmp_path / "disk" / "vendor"
    elsewhere.parent.mkdir()
    (root / "coins").rename(elsewhere)
    (root / "coins").symlink_to(elsewhere)
    assert update_from_table("coins", newer(tmp_path), profile(retrieved_at=later())).out == root / "coins/2025-01-02"
    assert names_in(elsewhere) >= {"2025-01-01", "2025-01-02"}
    newest = update_from_table(elsewhere / "2025-01-02", newer(tmp_path, 2.0), profile(retrieved_at=later(2)))
    assert newest.out == root / "coins/2025-01-03"
    assert (root / "coins").is_symlink()
    (root / "coins/2025-01-03").rename(tmp_path / "moved")
    (root / "coins/2025-01-03").symlink_to(tmp_path / "moved")  # a dated folder may be a link as well
    last = update_from_table("coins", newer(tmp_path, 3.0), profile(retrieved_at=later(3)))
    assert last.out == root / "coins/2025-01-04"
    assert load_market("coins").prices.loc["2024-01-10", "a"] == 3.0


def hold(folder: Path, ready: multiprocessing.synchronize.Event) -> None:
    with placing.no_one_else(folder):
        ready.set()
        multiprocessing.Event().wait(60)


def test_two_updates_at_once_are_refused_and_one_that_was_killed_is_not_waited_for(tmp_path: Path, root: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    ready = context.Event()
    other = context.Process(target=hold, args=(root / "coins/2025-01-01", ready))
    other.start()
    ready.wait()
    with pytest.raises(DataError, match=r"another update of .* is at work"):
        update_from_table("coins", newer(tmp_path), profile(retrieved_at=later()))
    other.kill()
    other.join()
    assert update_from_table("coins", newer(tmp_path), profile(retrieved_at=later())).out


TOML = """name = "a vendor"
source = "made for a test"
licence = "none"
retrieved_at = "2025-01-02T00:00:00Z"
[columns]
date = "day"
key = "coin"
price = "close"
market_cap = "cap"
volume = "vol"
"""


def test_the_command_says_what_it_did_and_writes_the_revisions(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(TOML)
    command = [
        "data",
        "update",
        "coins",
        "--table",
        str(newer(tmp_path, 2.0)),
        "--profile",
        str(tmp_path / "mine.toml"),
    ]
    assert cli.main([*command, "--reports", str(tmp_path / "none.toml"), "--revisions", str(tmp_path / "r.csv")]) == 0
    out = capsys.readouterr().out
    assert "2 days were added, up to 2024-01-12" in out
    assert "8 values of the past were revised; 8 changed" in out
    assert "1. 2024-01-09 a, price: 1 -> 2 (changed; +5,000.0 bp)" in out
    assert len(pd.read_csv(tmp_path / "r.csv")) == 8
    assert cli.main(command) == 0
    assert "nothing was written" in capsys.readouterr().out
    assert cli.main(["data", "list"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("coins@2025-01-01: a vendor, 20 rows")
    assert second.endswith("the newest")
    assert cli.main(["data", "list", "coin"]) == 1
    assert "did you mean 'coins'" in capsys.readouterr().err
    assert cli.main(["data", "update", "coins"]) == 1
    assert "was not fetched: say with --table and --profile" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main([*command[:5]])
    assert "--table and --profile are given together" in capsys.readouterr().err


def by_name(tmp_path: Path, name: str, price: float, /, *more: str, **changes: str) -> int:
    text = TOML
    for key, value in changes.items():
        text = re.sub(rf'^{key} = ".*"', f'{key} = "{value}"', text, flags=re.MULTILINE)
    (tmp_path / "mine.toml").write_text(text)
    table = str(newer(tmp_path, price))
    return cli.main(["data", "import", table, "--profile", str(tmp_path / "mine.toml"), "--name", name, *more])


def test_an_import_by_name_goes_into_the_catalog(tmp_path: Path, root: Path) -> None:
    assert by_name(tmp_path, "others", 1.0) == by_name(tmp_path, "others", 2.0) == 0
    assert names_in(root / "others") == {"2025-01-02", "2025-01-02.2"}
    assert load_market("others").prices.loc["2024-01-10", "a"] == 2.0


def test_an_import_by_name_of_what_is_there_already_writes_nothing(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert by_name(tmp_path, "others", 1.0) == 0
    capsys.readouterr()
    for more in ((), ("--replace",)):
        assert by_name(tmp_path, "others", 1.0, *more) == 0
        assert "2025-01-02 has the same content: nothing was written" in capsys.readouterr().out
    assert by_name(tmp_path, "others", 1.0, retrieved_at=later(5)) == 0  # neither where it came once more
    assert names_in(root / "others") == {"2025-01-02"}
    assert by_name(tmp_path, "others", 1.0, licence="another") == 0
    assert names_in(root / "others") == {"2025-01-02", "2025-01-02.2"}


@pytest.mark.parametrize(("old", "new"), [(False, True), (True, False), (True, True)])
def test_what_may_not_be_passed_on_stays_so_in_what_continues_it(tmp_path: Path, old: bool, new: bool) -> None:
    table = vendor_table(30, 3, 1)
    first = imported(table[table["day"] < FIRST + pd.Timedelta(days=20)], tmp_path / "first", redistribute=old)
    made = updated(first, table, tmp_path / "second", redistribute=new)
    assert load_market(first).manifest.redistribute == old
    assert made.manifest.redistribute == load_market(made.out).manifest.redistribute == (old and new)


def test_an_import_by_name_replaces_the_newest_of_its_day_where_that_is_asked_for(tmp_path: Path, root: Path) -> None:
    for price, *more in ((1.0,), (2.0,), (3.0, "--replace")):
        assert by_name(tmp_path, "others", price, *more) == 0
    assert names_in(root / "others") == {"2025-01-02", "2025-01-02.2"}
    assert load_market("others@2025-01-02.2").prices.loc["2024-01-10", "a"] == 3.0
    assert by_name(tmp_path, "others", 4.0, "--replace", retrieved_at=later(5)) == 0  # nothing of that day to replace
    assert names_in(root / "others") == {"2025-01-02", "2025-01-02.2", "2025-01-06"}


@pytest.mark.parametrize("changes", [{"name": "another"}, {"source": "elsewhere"}])
@pytest.mark.parametrize("more", [(), ("--replace",)])
def test_an_import_by_the_name_of_another_market_is_refused(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, str], more: tuple[str, ...]
) -> None:
    assert by_name(tmp_path, "coins", 2.0, *more, **changes) == 1
    said = capsys.readouterr().err
    assert "'coins' is the name of another market" in said
    assert f"the profile says '{changes.get('name', 'a vendor')}' from" in said
    assert "Choose another --name" in said
    assert [folder.name for folder in catalog.dated_folders("coins")] == ["2025-01-01"]


def test_the_effect_of_an_assets_revisions_is_said_by_its_name_also_where_it_is_nothing(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"rulebook": "large", "last_date": FIRST, "largest_date": FIRST, "last_bps": 1.0, "reason": ""}
    effects = [{**line, "asset_id": "", "largest_bps": 1.0}, {**line, "asset_id": "a", "largest_bps": 0.0}]
    monkeypatch.setattr("research.index.whole_market.data_revisions.revision_effects", lambda *_: pd.DataFrame(effects))
    (tmp_path / "mine.toml").write_text(TOML)
    command = ["data", "update", "coins", "--table", str(newer(tmp_path, 2.0)), "--profile"]
    reports = catalog.PROJECT / "reports" / "reports.toml"
    assert cli.main([*command, str(tmp_path / "mine.toml"), "--reports", str(reports)]) == 0
    assert "of it a: nothing" in capsys.readouterr().out
