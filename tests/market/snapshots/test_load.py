"""Loading: the panels are those of a pandas pivot, `end` hides the future, a wrong question has a clear answer."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.errors import DataError
from research.market import MarketData, load_market, write_market
from research.market.snapshots import daily_rows, writing
from research.market.snapshots import load as load_module
from research.market.snapshots.daily_rows import number_of
from research.market.snapshots.snapshot import verified_snapshot
from tests.conftest import ROOT
from tests.market.helpers import assert_same_market, rewritten, small_market

DAYS = [f"2020-01-{day:02d}" for day in (1, 2, 8, 12, 13, 14, 15, 20, 21, 29, 30)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("load") / "snapshot"
    write_market(small_market(), folder)
    return folder


@st.composite
def long_tables(draw: st.DrawFn) -> pd.DataFrame:
    """Rows (date, asset_id, price, volume) in random order, at most one for each asset and day."""
    keys = draw(
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abcdefgh")), min_size=1, max_size=60, unique=True)
    )
    number = st.one_of(st.just(np.nan), st.floats(1e-8, 1e12))
    rows = [(day, asset, draw(st.floats(1e-8, 1e12)), draw(number)) for day, asset in keys]
    table = pd.DataFrame(rows, columns=["day", "asset_id", "price", "volume"])
    return table.assign(date=pd.Timestamp("2021-03-01") + pd.to_timedelta(table["day"], unit="D")).drop(columns="day")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=long_tables(), rows_per_batch=st.sampled_from([1, 7, 1 << 17]))
def test_loaded_panels_are_those_of_a_pivot(table: pd.DataFrame, rows_per_batch: int) -> None:
    expected = {name: table.pivot(index="date", columns="asset_id", values=name) for name in ("price", "volume")}  # noqa: PD010
    days = pd.date_range(table["date"].min(), table["date"].max())
    market = MarketData.from_panels(expected["price"], volumes=expected["volume"])
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(daily_rows, "ROWS_PER_BATCH", rows_per_batch)
        write_market(market, Path(folder) / "snapshot")
        loaded = load_market(Path(folder) / "snapshot")
    for panel, name in ((loaded.prices, "price"), (loaded.volumes, "volume")):
        pd.testing.assert_frame_equal(
            panel,
            expected[name].reindex(days),
            check_exact=True,
            check_names=False,
            check_freq=False,
            check_index_type=False,
        )
    assert loaded.market_caps.isna().all(axis=None)


@pytest.mark.parametrize("end", DAYS)
def test_loading_up_to_a_day_is_the_market_as_it_was_known_then(snapshot: Path, end: str) -> None:
    assert_same_market(load_market(snapshot, end=end), load_market(snapshot).until(end))


@pytest.mark.parametrize("end", DAYS)
def test_until_is_the_market_made_from_truncated_input(end: str) -> None:
    whole = small_market()
    cut = slice(None, end)
    alive = whole.prices.loc[cut].notna().any()
    listed = alive.index[alive]
    truncated = MarketData.from_panels(
        whole.prices.loc[cut, listed],
        whole.market_caps.loc[cut, listed],
        whole.volumes.loc[cut, listed],
        extra={"open": whole.extra["open"].loc[cut, listed]},
    )
    known = whole.until(end)
    for name in ("prices", "market_caps", "volumes", "assets"):
        pd.testing.assert_frame_equal(getattr(known, name), getattr(truncated, name), check_exact=True)
    pd.testing.assert_frame_equal(known.extra["open"], truncated.extra["open"], check_exact=True)


def test_in_a_gap_the_last_date_does_not_tell_that_the_asset_will_come_back() -> None:
    assets = small_market().until("2020-01-12").assets.set_index("asset_id")
    assert assets.loc["gap", "last_date"] == pd.Timestamp("2020-01-10")
    assert assets.loc["dead", "last_date"] == pd.Timestamp("2020-01-12")


def test_tags_become_known_on_their_day() -> None:
    market = small_market()
    assert set(market.until("2020-01-19").tags["tag"]) == {"meme"}  # static: known always, and marked as such
    assert set(market.until("2020-01-20").tags["tag"]) == {"meme", "exchange"}


@pytest.mark.parametrize(
    ("start", "end"), [("2020-01-03", "2020-01-12"), ("2020-01-12", "2020-01-12"), (None, "2020-01-02")]
)
def test_a_window_is_until_and_then_since(snapshot: Path, start: str | None, end: str) -> None:
    expected = load_market(snapshot).until(end)
    assert_same_market(load_market(snapshot, start=start, end=end), expected.since(start) if start else expected)


def test_a_window_wider_than_the_data_is_the_data(snapshot: Path) -> None:
    assert_same_market(load_market(snapshot, start="2000-01-01", end="2100-01-01"), load_market(snapshot))


def test_chosen_assets_keep_their_days_their_tags_and_nothing_else(snapshot: Path) -> None:
    market, whole = load_market(snapshot, assets=["late", "dead"]), load_market(snapshot)
    assert list(market.prices.columns) == ["dead", "late"]
    assert market.dates.equals(whole.dates)
    pd.testing.assert_frame_equal(market.prices, whole.prices[["dead", "late"]])
    alone = load_market(snapshot, assets=["dead"])
    assert set(alone.tags["asset_id"]) == set(alone.ledger["asset_id"]) == {"dead"}


def test_an_asset_that_lists_after_the_end_is_not_there_yet(snapshot: Path) -> None:
    assert list(load_market(snapshot, end="2020-01-05").prices.columns) == ["dead", "gap"]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"assets": ["daed"]}, "no asset 'daed': did you mean 'dead'"),
        ({"assets": "dead"}, "found 'dead', expected a list of asset ids"),
        ({"assets": 3}, "found 3, expected a list of asset ids"),
        ({"assets": []}, "found an empty list"),
        ({"assets": [["dead"]]}, r"found \['dead'\], expected one asset_id as text"),
        ({"assets": ["late"], "end": "2020-01-03"}, "none of the assets asked for had a price by 2020-01-03"),
        ({"start": "2021-01-01"}, "start 2021-01-01 lies after the last day"),
        (
            {"start": "2021-01-01", "end": "2021-02-01"},
            "start 2021-01-01 lies after the last day. The data run from 2020-01-01 to 2020-01-30",
        ),
        ({"end": "2019-12-31"}, "end 2019-12-31 lies before the first day"),
        ({"start": "2020-01-20", "end": "2020-01-10"}, "start 2020-01-20 lies after end 2020-01-10"),
        ({"start": "January"}, "'January' is not a date"),
        ({"end": pd.NaT}, "NaT is not a date"),
    ],
)
def test_a_wrong_question_has_a_clear_answer(snapshot: Path, question: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_market(snapshot, **question)


def test_a_relative_path_is_found_from_a_folder_below_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "tests")
    assert load_market("data/sample", end="2018-01-02").manifest.simulated


def test_the_current_folder_comes_before_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_market(small_market(), tmp_path / "data" / "sample")
    monkeypatch.chdir(tmp_path)
    assert load_market("data/sample").manifest.name == "in memory"


# ---------------------------------------------------------------------- a part of a large snapshot

YEARS = pd.date_range("2019-12-20", "2022-01-10")


def long_market() -> MarketData:
    """Three years of five assets: one ends in the first, one pauses for a year and a half, one lists in the third."""
    rng = np.random.default_rng(2)
    prices = pd.DataFrame(rng.lognormal(size=(len(YEARS), 5)), index=YEARS, columns=list("abcde"))
    prices.loc["2020-03-01":, "b"] = np.nan
    prices.loc["2020-02-01":"2021-08-01", "c"] = np.nan
    prices.loc[:"2021-11-30", "d"] = np.nan
    prices[rng.random(prices.shape) < 0.2] = np.nan
    volumes = prices * 2
    volumes.loc["2020-02-01":"2021-08-01":7, "c"] = 5.0  # traded, without a price
    return MarketData.from_panels(prices, prices * 10, volumes)


@pytest.fixture(scope="module")
def in_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts") / "snapshot"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "ROWS_PER_PART", 20)
        for module in (writing, load_module):
            patch.setattr(module, "ROWS_PER_GROUP", 64)
        write_market(long_market(), folder)
    return folder


def years_of_parts(folder: Path) -> list[set[int]]:
    parts = sorted(folder.glob("daily*"), key=lambda file: file.name.removeprefix("daily.parquet"))
    return [set(pq.read_table(part).column("date").to_pandas().map(lambda day: day.year)) for part in parts]


def test_a_large_snapshot_is_cut_at_the_ends_of_years(in_parts: Path) -> None:
    assert years_of_parts(in_parts) == [{2019}, {2020}, {2021}, {2022}]


def test_a_year_with_few_rows_is_not_a_part_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS_PER_PART", 200)
    write_market(long_market(), tmp_path / "snapshot")
    assert years_of_parts(tmp_path / "snapshot") == [{2019, 2020}, {2021}, {2022}]


@pytest.mark.parametrize("assets", [None, ["c"], ["a", "b", "c"]])
@pytest.mark.parametrize("end", ["2019-12-31", "2020-06-01", "2021-02-03", "2021-12-31", "2022-01-05", None])
@pytest.mark.parametrize("days", [1, 30, 400, None])
def test_a_window_of_a_snapshot_in_parts_is_until_and_then_since(
    in_parts: Path, assets: list[str] | None, end: str | None, days: int | None
) -> None:
    whole = load_market(in_parts, assets=assets)
    last = YEARS[-1] if end is None else pd.Timestamp(end)
    start = None if days is None else last - pd.Timedelta(days=days - 1)
    expected = whole.until(last)
    expected = expected.since(max(start, expected.dates[0])) if start is not None else expected
    assert_same_market(load_market(in_parts, start=start, end=end, assets=assets), expected)


def test_only_the_parts_that_are_read_are_verified(in_parts: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(in_parts, tmp_path / "copy")
    expected = load_market(in_parts, start="2021-12-01")
    (copy / "daily-2020-01-01.parquet").write_bytes(b"damaged")
    assert_same_market(load_market(copy, start="2021-12-01"), expected)
    for question in ({}, {"start": "2020-12-31"}, {"end": "2020-01-01"}, {"start": "2023-01-01"}):
        with pytest.raises(DataError, match=r"daily-2020-01-01.parquet has sha256 .* changed or damaged"):
            load_market(copy, **question)


def test_the_last_price_before_a_pause_is_looked_for_no_further_back_than_it_lies(
    in_parts: Path, tmp_path: Path
) -> None:
    """In July 2021 asset c pauses, and its last price is of January 2020: 2019 is not read."""
    copy = shutil.copytree(in_parts, tmp_path / "copy")
    (copy / "daily.parquet").write_bytes(b"damaged")
    market = load_market(copy, start="2021-07-01", end="2021-07-31")
    assert (
        market.assets.set_index("asset_id").loc["c", "last_date"]
        == long_market().prices["c"].loc[:"2021-07-31"].last_valid_index()
    )


def test_a_part_that_is_edited_while_it_is_read_is_refused(in_parts: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(in_parts, tmp_path / "copy")
    with contextlib.ExitStack() as stack:
        snapshot = stack.enter_context(verified_snapshot(copy, whole=False))
        snapshot.daily_rows(number_of(pd.Timestamp("2022-01-02")))
        with (copy / "daily-2022-01-01.parquet").open("r+b") as file:
            file.write(b"edited")
        with pytest.raises(DataError, match=r"daily-2022-01-01.parquet has sha256 .* changed or damaged"):
            stack.close()


def test_loading_needs_little_more_memory_than_the_panels(tmp_path: Path) -> None:
    """In a process of its own: numpy's own allocations, as tracemalloc counts them, and Arrow's, by its memory pool."""
    program = (
        "import tracemalloc, pyarrow\n"
        "from pathlib import Path\n"
        "from research.market import load_market\n"
        "from tests.benchmarks.market import write_random_snapshot\n"
        f"path = Path({str(tmp_path)!r}) / 'snapshot'\n"
        "write_random_snapshot(path, 2000, 1000)\n"
        "load_market(path, end='2014-01-10')\n"
        "pool = pyarrow.system_memory_pool(); pyarrow.set_memory_pool(pool)\n"
        "tracemalloc.start()\n"
        "market = load_market(path)\n"
        "panels = sum(p.to_numpy().nbytes for p in (market.prices, market.market_caps, market.volumes))\n"
        "print((tracemalloc.get_traced_memory()[1] + pool.max_memory()) / panels)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    assert 1.0 < float(done.stdout) < 1.5  # a pivot needs more than 6


@pytest.mark.parametrize("path", [None, 3, b"data/sample", ["data/sample"]])
def test_what_is_no_path_is_refused_in_words(path: object) -> None:
    with pytest.raises(DataError, match=r"found .*, expected NAME, NAME@latest, .* or the path"):
        load_market(path)  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", [("price", 1e308), ("price", 1e-320), ("market_cap", 1e308), ("volume", 1e308)])
def test_a_snapshot_of_another_program_has_no_value_that_an_import_refuses(
    tmp_path: Path, damage: tuple[str, float]
) -> None:
    name, value = damage
    write_market(small_market(), tmp_path / "snapshot")
    table = pq.read_table(tmp_path / "snapshot/daily.parquet")
    values = table.column(name).to_pylist()
    values[-1] = value
    forged = table.set_column(table.schema.get_field_index(name), name, pa.array(values, pa.float64()))
    rewritten(tmp_path / "snapshot", "daily.parquet", forged)
    with pytest.raises(DataError, match=re.escape(f"is {value!r}. Expected in USD")):
        load_market(tmp_path / "snapshot")
