"""Malformed tables, profiles, panels and snapshots: a valid market or an error of our own, whatever comes in.

Never an exception of another library, never a value that cannot be right, never one that the table did not have.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import io
import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.errors import ResearchError
from research.market import MarketData, Profile, import_table, load_market, write_market
from research.market.imports.drafting.first_profile import write_draft
from research.market.imports.profile.sections import Columns, Dates, Files, Join, Numbers, Wide
from research.market.snapshots import placing, writing
from tests.market.helpers import PROFILE, names_in, rewritten, small_market
from tests.robustness import SCALE

HANG = dt.timedelta(seconds=20)
NUMBERS = [
    "1",
    "2.5",
    "0",
    "-3",
    "",
    "1e400",
    "-1e400",
    "inf",
    "nan",
    "NaN",
    "1e-400",
    "1e308",
    "1e-320",
    "1,5",
    "0x10",
    "1_000",
    "１",
    "x",
]
DATES = [
    "2024-01-01",
    "2024-01-02",
    "2024-01-31",
    "2024-02-30",
    "2024-02-01",
    "0000-00-00",
    "9999-12-31",
    "2024-01-01T23:30:00-05:00",
    "2024-01-01T25:00",
    "2024-01-01T00:00:00+99:99",
    "1706745600",
    "01.02.2024",
    "today",
    "",
]
KEYS = ["btc", "BTC", "eth", " btc ", "", "a\tb", "é", "x" * 300, "btc-2", "=1+1", "<b>", '"', "nan", "ﬀ"]


@pytest.fixture(scope="module", autouse=True)
def little_memory_and_no_waiting_for_the_disk() -> Iterator[None]:
    """Dates that lie ages apart are refused and not allocated; nothing here is about a power cut."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (placing, writing):
            patch.setattr(module, "flush", lambda _: None)
        patch.setenv("RESEARCH_MAX_MARKET_GB", "0.05")
        yield


def cases(number: int) -> settings:
    return settings(
        max_examples=number * SCALE,
        deadline=HANG,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )


def attempt(write: Any, profile: Profile, suffix: str) -> MarketData | None:
    """Import what `write` puts into a file: the market, or None where it was refused; nothing else lies around then."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, out = folder / f"table{suffix}", folder / "out"
        write(table)
        refusal = ""
        try:
            import_table(table, profile, out)
        except ResearchError as error:
            refusal = str(error)
        assert "\n" not in refusal
        assert names_in(folder) == {table.name} | (set() if refusal else {"out"})
        if refusal:
            return None
        market = load_market(out)
    assert_valid(market)
    return market


def assert_valid(market: MarketData) -> None:
    """Written down once more, and not with the program's own checks."""
    prices, caps, volumes = (panel.to_numpy() for panel in (market.prices, market.market_caps, market.volumes))
    assert prices.dtype == caps.dtype == volumes.dtype == float
    assert prices.shape == caps.shape == volumes.shape
    for panel, highest in ((prices, 1e12), (caps, 1e18)):
        assert (np.isnan(panel) | ((panel >= 1e-18) & (panel <= highest))).all()
    assert (np.isnan(volumes) | ((volumes >= 0) & (volumes <= 1e18))).all()
    assert not any(np.isinf(panel.to_numpy()).any() for panel in market.extra.values())
    ids = list(market.prices.columns)
    assert set(np.diff(market.dates)) <= {np.timedelta64(1, "D")}
    assert ids == sorted(set(ids)) == list(market.assets["asset_id"])
    assert all(isinstance(asset_id, str) and asset_id for asset_id in ids)


# ---------------------------------------------------------------------- tables

PROFILES = st.builds(
    lambda **changes: dataclasses.replace(PROFILE, **changes),
    split_after_gap_days=st.sampled_from([None, 1, 10]),
    dates=st.sampled_from(
        [Dates(), Dates(stamp="day"), Dates(format="%d.%m.%Y"), Dates(format="%Y-%m-%dT%H:%M", stamp="end")]
    ),
    retrieved_at=st.sampled_from(["2024-02-01T00:00:00Z", "2024-01-31T12:00:00+02:00", "2100-01-01T00:00:00Z"]),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(DATES[:3] * 20 + DATES),
        st.sampled_from(KEYS[:3] * 10 + KEYS),
        *[st.sampled_from(NUMBERS[:2] * 20 + NUMBERS[:10] * 3 + NUMBERS)] * 3,
    ),
    max_size=12,
)


def numbers_in(rows: list[tuple]) -> set[float]:
    found = set()
    for row in rows:
        for cell in row[2:]:
            try:
                found.add(float(cell))
            except (TypeError, ValueError):
                continue
    return found


@cases(150)
@given(rows=ROWS, profile=PROFILES)
def test_a_csv_of_wrong_cells_is_a_valid_market_or_refused(rows: list[tuple], profile: Profile) -> None:
    lines = "\n".join(["day,coin,close,cap,vol", *(",".join(row) for row in rows)])
    market = attempt(lambda file: file.write_text(lines, encoding="utf-8"), profile, ".csv")
    if market is not None:
        prices = market.prices.to_numpy()
        assert set(prices[~np.isnan(prices)]) <= numbers_in(rows)


GOOD_CSV = b"day,coin,close,cap,vol\n2024-01-01,btc,1.5,2,3\n2024-01-02,btc,2.5,3,\n2024-01-02,eth,7,8,9\n"
DAMAGE = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "insert", "repeat"]), st.floats(0, 1), st.binary(min_size=1, max_size=6)),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, damage: list[tuple[str, float, bytes]]) -> bytes:
    for what, share, extra in damage:
        place = int(share * len(content))
        if what == "flip":
            content = content[:place] + extra + content[place + len(extra) :]
        elif what == "cut":
            content = content[:place] + content[place + 8 * extra[0] :]
        elif what == "insert":
            content = content[:place] + extra + content[place:]
        else:
            content = content[:place] + content[max(0, place - 20) : place] * extra[0] + content[place:]
    return content


@cases(100)
@given(damage=DAMAGE)
def test_a_csv_of_damaged_bytes_is_a_valid_market_or_refused(damage: list) -> None:
    attempt(lambda file: file.write_bytes(damaged(GOOD_CSV, damage)), PROFILE, ".csv")


def good_parquet() -> bytes:
    sink = pa.BufferOutputStream()
    days = [dt.date(2024, 1, day) for day in range(1, 29)]
    columns = {"day": days, "coin": ["btc", "eth"] * 14, "close": np.arange(1.0, 29.0)}
    pq.write_table(pa.table(columns | {"cap": np.ones(28), "vol": np.zeros(28)}), sink)
    return sink.getvalue().to_pybytes()


GOOD_PARQUET = good_parquet()


@cases(100)
@given(damage=DAMAGE)
def test_a_parquet_of_damaged_bytes_is_a_valid_market_or_refused(damage: list) -> None:
    attempt(lambda file: file.write_bytes(damaged(GOOD_PARQUET, damage)), PROFILE, ".parquet")


# ---------------------------------------------------------------------- other layouts

MESSY = st.builds(
    lambda **changes: dataclasses.replace(PROFILE, **changes),
    dates=st.sampled_from(
        [
            Dates(stamp="end", intraday="last"),
            Dates(stamp="day", intraday="last", closing_hours=24),
            Dates(format="epoch_ms", stamp="end"),
            Dates(format="%b %d, %Y"),
            Dates(stamp="day", zone="America/New_York"),
        ]
    ),
    numbers=st.sampled_from(
        [
            Numbers(thousands=",", units={"$": 1, "%": 0.01}, missing=("-", "?")),
            Numbers(decimal=",", thousands="."),
            Numbers(thousands=" ", units={"M": 1e6, "Mio": 1e300}),
        ]
    ),
    columns=st.sampled_from(
        [
            Columns(date="day", key="coin", price="close", volume="vol"),
            Columns(date="day", key=("coin", "close"), price="close", volume_coins="vol", may_be_absent=True),
        ]
    ),
    join=st.sampled_from(
        [None, Join(columns=Columns(date="day", key="coin", price="close", extra={"supply": "cap"}), max_age_days=9)]
    ),
)
MESSY_NUMBERS = [
    *NUMBERS,
    "1,234",
    "1.234,5",
    "$1",
    "5 %",
    "-",
    "?",
    "1\u202f234",
    "$",
    "M",
    "1M",
    "2 Mio",
    "$-1M",
    "٣",
]
MESSY_DATES = [*DATES, "Jan 02, 2024", "Sept 31, 2024", "1704153600000", "1.7E+12", "2024-01-02 23:59:59"]
MESSY_ROWS = st.lists(
    st.tuples(
        st.sampled_from(MESSY_DATES), st.sampled_from(KEYS[:3] * 10 + KEYS), *[st.sampled_from(MESSY_NUMBERS)] * 3
    ),
    max_size=10,
)


def messy_csv(rows: list[tuple], blank: str = "") -> str:
    cells = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "\n".join(["day,coin,close,cap,vol", *cells, blank, ""])


@cases(150)
@given(rows=MESSY_ROWS, profile=MESSY, blank=st.sampled_from(["", ",,,,", "  ", ",,"]))
def test_a_messy_csv_is_a_valid_market_or_refused(rows: list[tuple], profile: Profile, blank: str) -> None:
    attempt(lambda file: file.write_text(messy_csv(rows, blank), encoding="utf-8"), profile, ".csv")


WIDE_ROWS = st.lists(st.tuples(st.sampled_from(DATES), *[st.sampled_from(NUMBERS)] * 3), max_size=6)


@cases(100)
@given(rows=WIDE_ROWS, header=st.lists(st.sampled_from(KEYS), min_size=3, max_size=3))
def test_a_wide_csv_is_a_valid_market_or_refused(rows: list[tuple], header: list[str]) -> None:
    lines = "\n".join([",".join(["day", *header]), *(",".join(row) for row in rows)])
    profile = dataclasses.replace(PROFILE, columns=Columns(date="day"), wide=Wide(), dates=Dates(stamp="day"))
    attempt(lambda file: file.write_text(lines, encoding="utf-8"), profile, ".csv")


STAMPS = [1704153600000, 1704240000000, -1, 1e300, math.nan]
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from([*NUMBERS, *DATES, *KEYS, 10**400])
)
NAMES = ["day", "coin", "close", "cap", "vol", "timestamp", "prices"]
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(st.tuples(st.sampled_from(STAMPS), inner), max_size=4),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    ),
    max_leaves=20,
)
CHART = dataclasses.replace(
    PROFILE,
    columns=Columns(date="timestamp", price="prices", may_be_absent=True),
    files=Files(key="{key}"),
    dates=Dates(format="epoch_ms", stamp="end", intraday="last"),
)


@cases(150)
@given(content=JSON, profile=st.sampled_from([PROFILE, CHART]))
def test_json_of_any_shape_is_a_valid_market_or_refused(content: Any, profile: Profile) -> None:
    attempt(lambda file: file.write_text(json.dumps(content)), profile, ".json")


def packed(ending: str) -> bytes:
    if ending == ".csv.gz":
        return gzip.compress(GOOD_CSV)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", GOOD_CSV)
        archive.writestr("b.parquet", GOOD_PARQUET)
    return buffer.getvalue()


@cases(100)
@given(damage=DAMAGE, ending=st.sampled_from([".csv.gz", ".zip", ".xlsx", ".json"]))
def test_damaged_archives_and_workbooks_are_a_valid_market_or_refused(damage: list, ending: str) -> None:
    attempt(lambda file: file.write_bytes(damaged(packed(ending), damage)), PROFILE, ending)


@cases(100)
@given(rows=MESSY_ROWS, damage=DAMAGE | st.just([]))
def test_a_draft_of_any_table_can_be_loaded_and_its_import_is_valid_or_refused(rows: list[tuple], damage: list) -> None:
    content = damaged(messy_csv(rows).encode(), damage)
    with tempfile.TemporaryDirectory() as name:
        table, out = Path(name) / "table.csv", Path(name) / "mine.toml"
        table.write_bytes(content)
        try:
            profile = write_draft(table, out)
        except ResearchError:
            return
    attempt(lambda file: file.write_bytes(content), profile, ".csv")


CELLS: dict[str, st.SearchStrategy[pa.Array]] = {
    "dates": st.sampled_from(
        [
            pa.array([dt.date(2024, 1, 1), dt.date(2024, 1, 2)]),
            pa.array(["2024-01-01", "2024-01-02"]),
            pa.array([dt.datetime(2024, 1, 1, 23), None], pa.timestamp("ns")),
            pa.array([2**62, -(2**62)], pa.timestamp("us", tz="Asia/Tokyo")),
            pa.array([2**31 - 1, -(2**31)], pa.date32()),
            pa.array([2**62, 0], pa.int64()).cast(pa.int64()).view(pa.date64()),
            pa.array([20240101, 20240102]),
            pa.array([dt.time(1), dt.time(2)]),
            pa.array([dt.timedelta(1), dt.timedelta(2)]),
            pa.array(["2024-01-01", None]).dictionary_encode(),
            pa.nulls(2),
        ]
    ),
    "keys": st.one_of(
        st.lists(st.sampled_from(KEYS), min_size=2, max_size=2).map(lambda keys: pa.array(keys, pa.string())),
        st.text(max_size=10).map(lambda text: pa.array([text, "btc"])),
        st.sampled_from(
            [
                pa.array(["btc", "eth"], pa.large_string()),
                pa.array(["btc", "eth"]).dictionary_encode(),
                pa.array([b"btc", b"\xff"]),
                pa.array([1, 2]),
                pa.array([["btc"], []]),
                pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff", b"\xc3"]).buffers()),
            ]
        ),
    ),
    "numbers": st.one_of(
        st.lists(st.floats(), min_size=2, max_size=2).map(lambda values: pa.array(values, pa.float64())),
        st.lists(st.sampled_from(NUMBERS), min_size=2, max_size=2).map(pa.array),
        st.sampled_from(
            [
                pa.array([1, 2**63], pa.uint64()),
                pa.array([Decimal("1.25"), Decimal("1e30")]),
                pa.array([10**70, -1], pa.decimal256(76)),
                pa.array(np.array([1.5, np.inf], np.float16)),
                pa.array([True, False]),
                pa.array([[1.0], [2.0]]),
                pa.array([{"usd": 1.0}, None]),
                pa.array(["1", "2"]).dictionary_encode(),
                pa.array([1.0, 2.0]).dictionary_encode(),
                pa.nulls(2),
            ]
        ),
    ),
}


@cases(150)
@given(
    day=CELLS["dates"],
    coin=CELLS["keys"],
    numbers=st.tuples(CELLS["numbers"], CELLS["numbers"], CELLS["numbers"]),
    last=st.sampled_from(["vol"] * 8 + ["cap"]),
    profile=PROFILES,
)
def test_a_parquet_of_wrong_columns_is_a_valid_market_or_refused(
    day: pa.Array, coin: pa.Array, numbers: tuple[pa.Array, ...], last: str, profile: Profile
) -> None:
    table = pa.table([day, coin, *numbers], ["day", "coin", "close", "cap", last])
    attempt(lambda file: pq.write_table(table, file), profile, ".parquet")


# ---------------------------------------------------------------------- profiles

GOOD_PROFILE = """name = "mine"
source = "somewhere"
licence = "none"
currency = "USD"
retrieved_at = "2024-02-01T00:00:00Z"
split_after_gap_days = 100
caveats = ["one"]
[columns]
date = "day"
key = "coin"
price = "close"
extra = { high = "cap" }
[dates]
format = "%Y-%m-%d"
stamp = "day"
zone = "UTC"
intraday = "refuse"
closing_hours = 1
[numbers]
decimal = "."
thousands = ""
units = { "$" = 1 }
missing = ["-"]
[files]
pattern = "*"
delimiter = ","
skip_lines = 0
[[dating]]
start = 2018-01-30
shift_days = -1
[assets]
btc = { id = "bitcoin", tags = ["meme", { tag = "exchange", valid_from = 2020-01-01 }] }
"""
VALUES = r"""7 -1 1e400 nan true "" "x" "%s" "%Y" [] {} 2018-01-30 0001-01-01 9999-12-31 "EUR" "\u0000" "2024-01-01"
"0001-01-01T00:00:00+23:59" "9999-12-31T23:59:59-23:59" 99999999999999999999 ["a","a"] {rule="cap"} {row="cap"} "coin"
{""="cap"} {symbol="close"} {x="day"} 1979-05-27T07:32:00Z"""


def assert_refused_or_imports_well(text: bytes) -> None:
    profile, refusal = None, ""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "mine.toml"
        file.write_bytes(text)
        try:
            profile = Profile.load(file)
        except ResearchError as error:
            refusal = str(error)
        assert profile is not None or str(file) in refusal
    if profile is not None:
        assert profile.currency == "USD"
        attempt(lambda table: table.write_bytes(GOOD_CSV), profile, ".csv")


@pytest.mark.parametrize(
    "line", [line for line in GOOD_PROFILE.splitlines() if " = " in line and line[:3] not in ("sou", "lic")]
)
def test_every_entry_of_a_profile_with_every_wrong_value_is_refused_or_imports_a_valid_market(line: str) -> None:
    for value in VALUES.split():
        assert_refused_or_imports_well(GOOD_PROFILE.replace(line, f"{line.split(' = ')[0]} = {value}").encode())


@cases(100)
@given(damage=DAMAGE)
def test_a_profile_of_damaged_bytes_is_refused_or_imports_a_valid_market(damage: list) -> None:
    assert_refused_or_imports_well(damaged(GOOD_PROFILE.encode(), damage))


# ---------------------------------------------------------------------- panels in memory

OBJECTS: list[object] = [
    1.0,
    2,
    np.nan,
    None,
    "1",
    [1.0],
    True,
    pd.NA,
    pd.NaT,
    Decimal(1),
    10**400,
    -1.0,
    0.0,
    np.inf,
    1j,
]
DAYS = pd.date_range("2024-01-01", periods=3)
INDEXES = [
    DAYS,
    DAYS,
    DAYS,
    DAYS[[0, 2, 2]],
    DAYS[::-1],
    DAYS.tz_localize("UTC"),
    DAYS + pd.Timedelta(hours=1),
    pd.Index([1, 2, 3]),
    pd.Index(["2024-01-01", "2024-01-02", "2024-01-03"]),
    pd.DatetimeIndex(["2024-01-01", None, "2024-01-03"]),
    pd.DatetimeIndex(["0001-01-01", "2024-01-01", "9999-12-31"]),
    pd.DatetimeIndex([np.datetime64("-200000-01-01", "us"), *DAYS[:2]]),
    pd.MultiIndex.from_tuples([(1, 2), (3, 4), (5, 6)]),
    pd.PeriodIndex(["2024-01-01", "2024-01-02", "2024-01-03"], freq="D"),
]
COLUMNS: list[list[object]] = [
    ["b", "a"],
    ["b", "a"],
    ["a", "a"],
    ["a", 7],
    ["a", ""],
    [("a", 1), "b"],
    ["a", "b\n"],
    ["a", np.nan],
]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    good = st.floats(1e-18, 1e12)
    cells = st.one_of(good, good, st.floats(), st.sampled_from(OBJECTS))
    values = draw(st.lists(st.lists(cells, min_size=2, max_size=2), min_size=3, max_size=3))
    frame = pd.DataFrame(values, index=draw(st.sampled_from(INDEXES)))
    frame.columns = pd.Index(draw(st.sampled_from(COLUMNS)), tupleize_cols=False)
    return frame if draw(st.booleans()) else frame.infer_objects()


@cases(300)
@given(prices=frames(), caps=st.none() | frames(), volumes=st.none() | frames(), extra=st.none() | frames())
def test_wrong_panels_in_memory_are_a_valid_market_or_refused(
    prices: pd.DataFrame, caps: pd.DataFrame | None, volumes: pd.DataFrame | None, extra: pd.DataFrame | None
) -> None:
    try:
        market = MarketData.from_panels(prices, caps, volumes, extra=None if extra is None else {"open": extra})
    except ResearchError:
        return
    assert_valid(market)


# ---------------------------------------------------------------------- snapshots written by other means


@pytest.fixture(scope="module")
def good_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "snapshot"
    write_market(small_market(), folder)
    return folder


@cases(150)
@given(
    name=st.sampled_from(["daily.parquet", "assets.parquet", "tags.parquet", "ledger.parquet", "manifest.json"]),
    damage=DAMAGE,
    signed=st.booleans(),
)
def test_a_damaged_snapshot_is_refused_and_a_forged_one_is_a_valid_market_or_refused(
    good_snapshot: Path, name: str, damage: list, signed: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        snapshot = shutil.copytree(good_snapshot, Path(folder) / "snapshot")
        content = (snapshot / name).read_bytes()
        wrong = damaged(content, damage)
        if signed and name != "manifest.json":
            rewritten(snapshot, name, wrong)
        else:
            (snapshot / name).write_bytes(wrong)
        try:
            market = load_market(snapshot)
        except ResearchError:
            return
    assert_valid(market)
    assert signed or wrong == content or name == "manifest.json"
