"""A second table joined on import: as of the day, not older than allowed, and not of another asset."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.market import ImportSummary, MarketData, Profile, import_table, load_market
from research.market.imports.profile.sections import Columns, Dates, DatingRule, Join
from tests.market.helpers import PROFILE, csv

SUPPLIES = Join(
    table="supplies.csv",
    columns=Columns(date="at", key="ticker", price="close", extra={"supply": "units"}),
    max_age_days=3,
)
FIRST = Columns(date="day", key="coin", price="close", volume="vol")


def joined(folder: Path, first: list[str], second: list[str], **changes: Any) -> tuple[ImportSummary, MarketData]:
    (folder / "supplies.csv").write_text("\n".join(["at,ticker,close,units", *second, ""]))
    profile: Profile = dataclasses.replace(PROFILE, columns=FIRST, join=dataclasses.replace(SUPPLIES, **changes))
    summary = import_table(csv(folder, *first), profile, folder / "out", replace=True)
    return summary, load_market(folder / "out")


def days(*prices: float, coin: str = "btc") -> list[str]:
    return [f"2024-01-{day:02d},{coin},{price},," for day, price in enumerate(prices, 1)]


def test_a_cap_is_the_price_x_the_latest_supply_known_that_day_and_none_when_it_is_too_old(tmp_path: Path) -> None:
    second = ["2024-01-02,btc,2,100", "2024-01-04,btc,4,200"]
    summary, market = joined(tmp_path, days(1, 2, 3, 4, 5, 6, 7, 8), second)
    assert market.extra["supply"]["btc"].fillna(-1).tolist() == [-1, 100, 100, 200, 200, 200, 200, -1]
    assert market.market_caps["btc"].fillna(-1).tolist() == [-1, 200, 300, 800, 1000, 1200, 1400, -1]
    assert "market_cap is the price x that supply" in market.manifest.caveats
    assert any("at most 3 days old; 2 of 8 rows have none" in note for note in market.manifest.caveats)
    assert "2 rows of supplies.csv were compared by price; 0 were set aside" in str(summary)


@pytest.mark.parametrize("last", range(1, 9))
def test_a_join_does_not_look_ahead(tmp_path: Path, last: int) -> None:
    """Cut both tables at each day: nothing up to it changes."""
    prices, second = days(1, 2, 3, 4, 5, 6, 7, 8), {2: "2024-01-02,btc,2,100", 4: "2024-01-04,btc,4,200"}
    whole = joined(tmp_path, prices, list(second.values()))[1]
    part = joined(
        tmp_path, prices[:last], [line for day, line in second.items() if day <= last] or ["2024-01-01,x,1,1"]
    )[1]
    for name in ("supply",):
        pd.testing.assert_frame_equal(part.extra[name], whole.until(part.dates[-1]).extra[name])
    pd.testing.assert_frame_equal(part.market_caps, whole.until(part.dates[-1]).market_caps)


def test_a_row_whose_price_is_of_another_asset_is_set_aside_and_named(tmp_path: Path) -> None:
    second = ["2024-01-01,btc,1.05,100", "2024-01-02,btc,7,900", "2024-01-03,btc,0,300"]
    summary, market = joined(tmp_path, days(1, 2, 3), second)
    assert market.extra["supply"]["btc"].tolist() == [100, 100, 300]  # a price of zero says nothing
    assert "1 were set aside as of another asset, more than 10% apart: 'btc' on 2024-01-02" in str(summary)
    assert joined(tmp_path, days(1, 2, 3), second, price_within=0.8)[1].extra["supply"]["btc"].tolist() == [
        100,
        900,
        300,
    ]


def test_of_two_rows_for_a_day_the_price_decides_and_else_the_import_stops(tmp_path: Path) -> None:
    second = ["2024-01-01,btc,100,5", "2024-01-01,btc,1,500"]
    assert joined(tmp_path, days(1), second)[1].extra["supply"]["btc"].tolist() == [500]
    with pytest.raises(DataError, match="two rows for 'btc' on 2024-01-01, and no price says which is meant"):
        joined(tmp_path, days(1), ["2024-01-01,btc,1,5", "2024-01-01,btc,1,500"])
    unused = ["2024-01-01,btc,1,5", "2024-01-01,other,1,5", "2024-01-01,other,1,7"]
    assert joined(tmp_path, days(1), unused)[1].extra["supply"]["btc"].tolist() == [5]


def test_keys_that_differ_between_the_tables_are_said_and_no_others_are_joined(tmp_path: Path) -> None:
    first = [*days(1), *days(2, coin="BTTC"), *days(3, coin="none")]
    market = joined(tmp_path, first, ["2024-01-01,btc,1,10", "2024-01-01,BTT,2,20"], keys={"BTTC": "BTT"})[1]
    assert market.extra["supply"].iloc[0].fillna(-1).to_dict() == {"btc": 10, "bttc": 20, "none": -1}


def test_the_same_table_read_twice_gives_some_columns_another_dating(tmp_path: Path) -> None:
    """Prices keep one dating, caps change theirs on the 3rd: two rows are the close of the 2nd, the first stays."""
    join = Join(
        columns=Columns(date="day", key="coin", market_cap="cap"),
        dating=(DatingRule(start=dt.date(2024, 1, 3), shift_days=-1),),
    )
    profile = dataclasses.replace(PROFILE, columns=FIRST, join=join)
    lines = [f"2024-01-0{day},btc,{day},{day * 10}," for day in range(1, 6)]
    import_table(csv(tmp_path, *lines), profile, tmp_path / "out")
    market = load_market(tmp_path / "out")
    assert market.price("btc").tolist() == [1, 2, 3, 4, 5]
    assert market.market_caps["btc"].fillna(-1).tolist() == [10, 20, 40, 50, -1]


def test_the_dating_of_both_tables_counts(tmp_path: Path) -> None:
    late = (DatingRule(start=dt.date(2009, 1, 3), shift_days=-1),)
    (tmp_path / "supplies.csv").write_text("at,ticker,close,units\n2024-01-02T00:00Z,btc,1,100\n")
    join = dataclasses.replace(SUPPLIES, dates=Dates(stamp="end"), max_age_days=0)
    profile = dataclasses.replace(PROFILE, columns=FIRST, join=join, dating=late)
    import_table(csv(tmp_path, *days(0.5, 1, 2)), profile, tmp_path / "out")
    supply = load_market(tmp_path / "out").extra["supply"]["btc"]
    assert supply.dropna().to_dict() == {pd.Timestamp("2024-01-01"): 100}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"columns": Columns(date="at", key="ticker", price="close")}, "columns need date, key, and what is taken"),
        ({"columns": Columns(date="at", extra={"supply": "units"})}, "columns need date, key, and what is taken"),
        ({"columns": Columns(date="a", key="b", volume_coins="c")}, "a volume in coins cannot be taken"),
        ({"table": "../supplies.csv"}, "expected the name of a file beside the first table"),
        ({"max_age_days": -1}, "expected 0 to 400"),
        ({"price_within": 1.0}, "expected a share between 0 and 1"),
        ({"columns": Columns(date="a", key="b", volume="c")}, "volume is in .columns. and in .join."),
    ],
)
def test_a_join_that_cannot_be_is_refused(changes: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(PROFILE, columns=FIRST, join=dataclasses.replace(SUPPLIES, **changes))


def test_a_second_table_that_is_not_there_or_empty_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"supplies\.csv: the second table has no rows"):
        joined(tmp_path, days(1), [])
    (tmp_path / "supplies.csv").unlink()
    with pytest.raises(DataError, match=r"no table at .*supplies\.csv"):
        import_table(
            csv(tmp_path, *days(1)), dataclasses.replace(PROFILE, columns=FIRST, join=SUPPLIES), tmp_path / "other"
        )


def test_a_price_that_is_none_makes_no_cap(tmp_path: Path) -> None:
    market = joined(tmp_path, days(1, 0, 3), ["2024-01-01,btc,1,100"])[1]
    assert np.array_equal(market.market_caps["btc"].to_numpy(), [100, np.nan, 300], equal_nan=True)
    assert market.ledger["rule"].tolist() == ["price not positive"]
