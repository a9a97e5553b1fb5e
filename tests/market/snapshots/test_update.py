"""Updates: a new snapshot equals an import of everything, shares what did not change, and tells what was revised."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.market import MarketData, Profile, import_table, load_market, update_from_table
from research.market.snapshots import update
from tests.market.helpers import PROFILE, assert_same_market

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


def updated(old: Path, table: pd.DataFrame, out: Path, number: int = 1, **changes: object) -> update.Update:
    file = out.parent / "table.parquet"
    table.to_parquet(file)
    return update_from_table(old, file, profile(**{"retrieved_at": later(number), **changes}), out=out)


def assert_same_values(left: MarketData, right: MarketData) -> None:
    """The same market but for the manifest and the lines of the ledger about rows of a table."""
    kept = [market.ledger[market.ledger["field"] != "row"].reset_index(drop=True) for market in (left, right)]
    assert_same_market(dataclasses.replace(left, ledger=kept[0]), dataclasses.replace(right, ledger=kept[1]))


@st.composite
def splits(draw: st.DrawFn) -> tuple[int, int, list[int], list[int]]:
    """Days, a seed, the days after which updates begin, and how much of the past each table repeats."""
    days = draw(st.integers(4, 120))
    cuts = sorted(draw(st.lists(st.integers(1, days - 1), min_size=1, max_size=5, unique=True)))
    repeated = draw(st.lists(st.integers(0, 40), min_size=len(cuts), max_size=len(cuts)))
    return days, draw(st.integers(0, 10_000)), cuts, repeated


@SLOW
@given(split=splits(), gap=st.sampled_from([None, 2, 5]))
def test_updates_in_any_steps_are_the_import_of_everything(
    split: tuple[int, int, list[int], list[int]], gap: int | None
) -> None:
    days, seed, cuts, repeated = split
    table = vendor_table(days, 5, seed)
    number = (table["day"] - FIRST).dt.days
    with tempfile.TemporaryDirectory() as folder:
        whole = imported(table, Path(folder) / "whole", split_after_gap_days=gap)
        old = imported(table[number < cuts[0]], Path(folder) / "0", split_after_gap_days=gap)
        for step, (cut, end, back) in enumerate(zip(cuts, [*cuts[1:], days], repeated, strict=True), start=1):
            part = table[(number >= cut - back) & (number < end)]
            made = updated(old, part, Path(folder) / str(step), step, split_after_gap_days=gap)
            assert made.revisions.empty
            old = Path(folder) / str(step)
        assert_same_values(load_market(old), load_market(whole))
