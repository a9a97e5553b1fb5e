"""Coin Metrics' files: columns by name, two conventions of dating, two kinds of cap."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from research.errors import DataError
from research.market import MarketData, load_market
from research.market.sources.coinmetrics import CHAIN_CAP, CIRCULATING_CAP, ON_CHAIN, CoinMetrics, _cap
from research.market.sources.fetch import fetch
from tests.conftest import shared
from tests.market.sources.server import TODAY, Reply, Vendor, metrics_file

FAST = 1e9


def fetched(vendor: Vendor, files: dict[str, str | bytes], since: dt.date | None = None, **given: object) -> MarketData:
    vendor.files |= {f"{name}.csv": body.encode() if isinstance(body, str) else body for name, body in files.items()}
    source = CoinMetrics(assets=tuple(files), since=since, calls_per_minute=FAST, **given)  # type: ignore[arg-type]
    return load_market(fetch(source).folder)


def test_a_reference_rate_dated_d_is_the_price_of_the_day_before(vendor: Vendor) -> None:
    """Both columns as printed in csv/1inch.csv of github.com/coinmetrics/data: one price, dated a day apart."""
    file = """time,PriceUSD,ReferenceRateUSD
2020-12-26,1.61932810224144,
2020-12-27,1.07235020042568,1.61932810224144
2020-12-28,,1.07235020042568
2020-12-29,,1.10467415159749
"""
    prices = fetched(vendor, {"1inch": file}).price("1inch")
    assert prices.to_dict() == {
        pd.Timestamp("2020-12-26"): 1.61932810224144,
        pd.Timestamp("2020-12-27"): 1.07235020042568,
        pd.Timestamp("2020-12-28"): 1.10467415159749,  # known from the reference rate alone
    }


def test_a_file_with_reference_rates_alone_begins_on_the_day_before_its_first_row(
    vendor: Vendor,
) -> None:
    file = "time,CapMrktEstUSD,ReferenceRate\n2026-01-22,100,2.0\n2026-01-23,110,1.0\n2026-01-24,120,1.1\n"
    market = fetched(vendor, {"0g": file})
    assert market.price("0g").to_list() == [2.0, 1.0, 1.1]
    assert market.price("0g").index[0] == pd.Timestamp("2026-01-21")
    assert market.market_caps["0g"].to_list()[1:] == [
        100.0,
        110.0,
    ]  # caps are dated as they are: cap / price is constant
    assert np.isnan(market.market_caps["0g"].iloc[0])


def test_what_is_dated_today_is_of_a_day_that_has_not_ended(vendor: Vendor) -> None:
    file = metrics_file(10) + f"{TODAY},5,5,5\n".encode()
    market = fetched(vendor, {"btc": file})
    assert market.dates[-1].date() == TODAY - dt.timedelta(days=1)


def test_columns_are_taken_by_name_whatever_their_order_and_number(vendor: Vendor) -> None:
    files = {
        "a": "time,AdrActCnt,CapMrktCurUSD,PriceUSD,SplyCur,volume_reported_spot_usd_1d\n2024-01-01,7,100,2,50,9\n",
        "b": "SplyCur,PriceUSD,unknown,time,HashRate,CapMrktCurUSD\n5,3,x,2024-01-01T00:00:00.000000000Z,11,15\n",
    }
    market = fetched(vendor, files)
    assert market.prices.iloc[0].to_dict() == {"a": 2.0, "b": 3.0}
    assert market.market_caps.iloc[0].to_dict() == {"a": 100.0, "b": 15.0}
    assert market.extra["supply"].iloc[0].to_dict() == {"a": 50.0, "b": 5.0}
    assert market.volumes["a"].iloc[0] == 9.0
    assert np.isnan(market.volumes["b"].iloc[0])
    assert market.extra["active_addresses"]["a"].iloc[0] == 7.0
    assert np.isnan(market.extra["active_addresses"]["b"].iloc[0])
    assert market.extra["hash_rate"]["b"].iloc[0] == 11.0
    assert set(market.extra) == {
        "supply",
        "active_addresses",
        "hash_rate",
        "supply_on_chain",
    }  # of ON_CHAIN, those that a file has


def test_other_on_chain_columns_can_be_asked_for(vendor: Vendor) -> None:
    market = fetched(vendor, {"a": "time,PriceUSD,TxTfrCnt,TxCnt\n2024-01-01,2,50,9\n"}, columns=("TxTfrCnt",))
    assert "TxTfrCnt" in market.extra
    assert "TxCnt" in ON_CHAIN
    assert "transactions" not in market.extra


def test_caps_of_all_units_and_of_circulating_units_are_not_spliced(vendor: Vendor) -> None:
    """1INCH in its first days: 2.43 billion USD on the chain, 0.11 billion in circulation."""
    file = "time,PriceUSD,CapMrktCurUSD,CapMrktEstUSD,SplyCur\n2020-12-26,1.6,2428992153,105359345,1500000000\n"
    file += "2020-12-27,1.1,1608525300,79956055,1500000000\n2020-12-28,1.1,1657011227,,1500000000\n"
    market = fetched(vendor, {"1inch": file})
    np.testing.assert_array_equal(market.market_caps["1inch"], [105359345.0, 79956055.0, np.nan])
    assert market.extra["supply"]["1inch"].isna().all()  # SplyCur is not the supply of that cap
    assert market.extra["supply_on_chain"]["1inch"].notna().all()


def test_two_caps_that_agree_are_one_series(vendor: Vendor) -> None:
    file = "time,PriceUSD,CapMrktCurUSD,CapMrktEstUSD,SplyCur\n2015-01-01,1,100,,100\n2021-01-01,2,200,200.1,100\n"
    market = fetched(vendor, {"btc": file})
    assert market.market_caps["bitcoin"].dropna().to_list() == [100.0, 200.1]
    assert market.extra["supply"]["bitcoin"].dropna().to_list() == [100.0, 100.0]


def two_caps(estimates: list[float | None]) -> pa.Table:
    """A cap of 100 on the chain each day, beside these estimates."""
    values = pa.array(estimates, pa.float64())
    return pa.table({CHAIN_CAP: pa.array([100.0] * len(estimates)), CIRCULATING_CAP: values})


ESTIMATES = st.lists(st.sampled_from([None, 100.0, 100.9, 50.0]), min_size=2, max_size=30)


@given(estimates=ESTIMATES, cut=st.integers(1, 29))
@example(estimates=[None] * 10 + [100.0] * 20 + [50.0] * 30, cut=49)
def test_no_later_day_decides_which_units_a_cap_counts(estimates: list[float | None], cut: int) -> None:
    whole, part = _cap(two_caps(estimates)), _cap(two_caps(estimates[:cut]))
    for later, then in zip(whole, part, strict=True):
        assert later.to_pylist()[:cut] == then.to_pylist()


def test_gaps_between_estimates_are_filled_while_both_caps_agree() -> None:
    cap, of_the_chain = _cap(two_caps([None, 99.5, None, 50.0, None, 99.5, None]))
    assert cap.to_pylist() == [100.0, 99.5, 100.0, 50.0, None, 99.5, 100.0]
    assert of_the_chain.to_pylist() == [True, True, True, False, False, True, True]


def test_only_the_days_asked_for_become_rows(vendor: Vendor) -> None:
    since = TODAY - dt.timedelta(days=5)
    market = fetched(vendor, {"btc": metrics_file(100)}, since=since)
    assert [market.dates[0].date(), len(market.dates)] == [since, 5]


def test_coins_that_the_project_knows_get_their_ids_and_tags(vendor: Vendor) -> None:
    market = fetched(vendor, {"btc": metrics_file(5), "usdt": metrics_file(5), "zz_z": metrics_file(5)})
    assert list(market.prices) == ["bitcoin", "tether", "zz_z"]
    tags = market.tags.set_index("asset_id")
    assert tags.loc["tether", "tag"] == "stablecoin"
    assert tags["static"].all()


def test_the_manifest_says_where_from_under_which_licence_and_how_it_was_dated(vendor: Vendor) -> None:
    manifest = fetched(vendor, {"btc": metrics_file(5)}).manifest
    assert "github.com/coinmetrics/data" in manifest.source
    assert "CC BY-NC 4.0" in manifest.licence
    assert any("ReferenceRateUSD dated D + 1" in caveat for caveat in manifest.caveats)
    assert any("chosen by whoever fetched them" in caveat for caveat in manifest.caveats)
    assert manifest.retrieved_at.startswith(TODAY.isoformat())
    assert manifest.fetched["assets"] == "btc"


def test_files_without_a_price_are_left_out_by_name(vendor: Vendor) -> None:
    market = fetched(vendor, {"btc": metrics_file(5), "nope": "time,AdrActCnt\n2024-01-01,5\n"})
    assert list(market.prices) == ["bitcoin"]
    assert "1 files have no price and are left out: nope" in market.manifest.caveats


def test_all_is_every_file_of_the_repository(vendor: Vendor) -> None:
    vendor.files |= {"btc.csv": metrics_file(5), "eth.csv": metrics_file(5), "metrics.csv": b"name\nAdrActCnt\n"}
    market = load_market(fetch(CoinMetrics(calls_per_minute=FAST)).folder)
    assert list(market.prices) == ["bitcoin", "ethereum"]
    assert "/git/trees/master?recursive=1" in vendor.paths()
    assert not any("chosen by" in caveat for caveat in market.manifest.caveats)


def test_an_asset_that_has_left_the_repository_stays_in_the_market(vendor: Vendor) -> None:
    vendor.files |= {"btc.csv": metrics_file(5), "dead.csv": metrics_file(5)}
    fetch(CoinMetrics(calls_per_minute=FAST))
    del vendor.files["dead.csv"]
    market = load_market(fetch(CoinMetrics(calls_per_minute=FAST), again=True).folder)
    assert list(market.prices) == ["bitcoin", "dead"]


def test_a_list_that_ends_early_is_refused(vendor: Vendor) -> None:
    vendor.always(Reply(200, b'{"tree": [{"path": "csv/btc.csv"}], "truncated": true}'), "/git/trees")
    with pytest.raises(DataError, match=r"listing\.json: expected a whole list"):
        fetch(CoinMetrics(calls_per_minute=FAST))


def test_an_unknown_asset_is_named_and_the_others_are_kept(vendor: Vendor, tmp_path: Path) -> None:
    vendor.files["btc.csv"] = metrics_file(5)
    with pytest.raises(DataError, match="no file for: xyz"):
        fetch(CoinMetrics(assets=("xyz", "btc"), calls_per_minute=FAST))
    assert (tmp_path / "downloads/coinmetrics/answers/csv/btc.csv").is_file()


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("date,PriceUSD\n2024-01-01,5\n", "a CSV file with a column 'time', found the columns 'date, PriceUSD'"),
        ("time,PriceUSD\n01/31/2024,5\n", "days such as 2024-01-31 under 'time', found '01/31/2024'"),
        ("time,PriceUSD\n2024-01-01T12:00:00Z,5\n", "found '2024-01-01T12:00:00Z'"),
        ("time,PriceUSD\n2024-01-01,many\n", r"csv/btc\.csv cannot be read as CSV"),
        ("<html>\n", "a CSV file with a column 'time'"),
    ],
)
def test_a_file_that_has_changed_its_form_is_refused_and_no_snapshot_is_made(
    vendor: Vendor, tmp_path: Path, file: str, what: str
) -> None:
    with pytest.raises(DataError, match=what):
        fetched(vendor, {"btc": file})
    assert not (tmp_path / "snapshots").exists()


def test_a_file_cut_in_the_middle_of_a_line_is_asked_for_again(vendor: Vendor) -> None:
    whole = metrics_file(5)
    vendor.once(Reply(200, whole[:-4]), "/csv/btc")
    assert fetched(vendor, {"btc": whole}).price("bitcoin").iloc[-1] == 104.0
    assert vendor.paths() == ["/csv/btc.csv"] * 2


def test_nothing_but_unpriced_files_is_an_error(vendor: Vendor) -> None:
    with pytest.raises(DataError, match="no file of Coin Metrics has a price in the days asked for"):
        fetched(vendor, {"btc": metrics_file(5)}, since=TODAY + dt.timedelta(days=1))


def test_the_real_files_that_are_kept_beside_the_project(vendor: Vendor) -> None:
    files = {}
    for name in ("btc", "eth"):
        files[name] = shared(f"market/coinmetrics_samples/{name}_sample.csv").read_bytes()
        files[name] += b"" if files[name].endswith(b"\n") else b"\n"
    market = fetched(vendor, files)
    assert market.price("bitcoin")["2020-03-29"] == 5904.85758679135
    assert market.market_caps["bitcoin"]["2020-03-29"] == 108023566970.5730026
    assert market.price("ethereum")["2015-08-10"] == 1.19999
    assert market.extra["supply"]["ethereum"]["2015-08-10"] == 72362858.62448
    assert market.extra["hash_rate"]["bitcoin"].notna().any()
