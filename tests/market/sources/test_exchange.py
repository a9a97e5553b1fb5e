"""An exchange through ccxt: its candles page by page, volume in USD, caps from elsewhere."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from research.errors import DataError, MethodologyError
from research.index import build_index
from research.market import MarketData, load_market, write_market
from research.market.sources import ccxt_server, client, exchange
from research.market.sources.downloads import opened_downloads
from research.market.sources.exchange import SUPPLY_DAYS, SURE_DAYS, Exchange, _Caps
from research.market.sources.fetch import fetch
from research.rulebook import Methodology
from tests.market.helpers import small_market
from tests.market.sources.server import EPOCH, TODAY, Reply, Vendor, kline, running

needs_ccxt = pytest.mark.skipif(importlib.util.find_spec("ccxt") is None, reason="needs the extra 'exchange'")
LISTED = TODAY - dt.timedelta(days=1_500)
DEAD = (dt.date(2021, 1, 1), dt.date(2021, 6, 30))


def fetched(vendor: Vendor, again: bool = False, **asked: object) -> MarketData:
    vendor.candles = vendor.candles or {"BTCUSDT": (LISTED, TODAY), "OLDUSDT": DEAD}
    source = Exchange(exchange="binance", **{"since": dt.date(2020, 1, 1)} | asked)  # type: ignore[arg-type]
    return load_market(fetch(source, again=again).folder)


def pages(vendor: Vendor) -> list[str]:
    return [path for path in vendor.paths() if "klines" in path]


@needs_ccxt
def test_pages_become_one_history_of_closes_at_the_days_they_close(vendor: Vendor) -> None:
    market = fetched(vendor)
    closes = market.price("bitcoin").dropna()
    np.testing.assert_allclose(closes, (closes.index - pd.Timestamp(EPOCH)).days / 1_000, rtol=1e-15)
    assert closes.index[0].date() == LISTED
    assert len(closes) == 1_500  # yesterday's is the last: the candle of today has not closed
    old = market.price("old").dropna()
    assert (old.index[0].date(), old.index[-1].date()) == DEAD


@needs_ccxt
def test_volume_is_in_usd_at_the_mean_of_high_low_and_close(vendor: Vendor) -> None:
    """10 coins a day, high 12, low 6."""
    market = fetched(vendor)
    expected = 10 * (12 + 6 + market.price("bitcoin")) / 3
    pd.testing.assert_series_equal(market.volumes["bitcoin"], expected, check_names=False, rtol=1e-15)
    assert set(market.extra) == {"open", "high", "low"}


@needs_ccxt
def test_a_page_whose_days_have_ended_is_never_asked_for_again(vendor: Vendor) -> None:
    fetched(vendor, assets=("BTC",))
    first = pages(vendor)
    fetched(vendor, again=True, assets=("BTC",))
    assert pages(vendor)[len(first) :] == first[-1:]  # the page with the candle of today


@needs_ccxt
def test_a_busy_exchange_is_asked_again(vendor: Vendor) -> None:
    vendor.once(Reply(429, b"{}", {"Retry-After": "0"}), "klines")
    vendor.once(Reply(503, b"{}"), "klines")
    assert len(fetched(vendor, assets=("BTC",)).price("bitcoin")) == 1_500


@needs_ccxt
def test_an_exchange_that_asks_for_a_long_wait_is_left_alone(vendor: Vendor) -> None:
    vendor.always(Reply(429, b"{}", {"Retry-After": "3600"}), "klines")
    with pytest.raises(DataError, match=r"binance, BTC/USDT: .*asks to wait 3,600 seconds"):
        fetched(vendor, assets=("BTC",))


@needs_ccxt
def test_an_exchange_that_redirects_is_not_followed(vendor: Vendor) -> None:
    with running(Vendor()) as elsewhere:
        vendor.always(Reply(302, headers={"Location": elsewhere.url}), "exchangeInfo")
        with pytest.raises(DataError, match="binance, the list of pairs: "):
            fetched(vendor)
    assert elsewhere.asked == []


@needs_ccxt
def test_candles_of_another_form_are_refused(vendor: Vendor, tmp_path: Path) -> None:
    fetched(vendor, assets=("OLD",))
    (page, *_) = sorted((tmp_path / "downloads/binance/answers/ohlcv/OLD%2FUSDT").iterdir())
    record = tmp_path / "downloads/binance/records/ohlcv/OLD%2FUSDT" / page.name
    page.write_bytes(b"[[1, 2]]")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"sha256": hashlib.sha256(b"[[1, 2]]").hexdigest()}))
    with pytest.raises(DataError, match="expected candles of instant, open, high, low, close, volume"):
        fetched(vendor, assets=("OLD",))


def other_market(tmp_path: Path, times: float = 1.05) -> Path:
    """Supply 10 on one day and 20 from forty days later on, under the tickers BTC and, twice, OLD."""
    base = small_market()
    start = pd.Timestamp(TODAY) - pd.Timedelta(days=200)
    index = base.prices.index
    move = {day: start + (day - index[0]) for day in index}
    prices = pd.DataFrame(np.nan, index=pd.DatetimeIndex(move.values()), columns=base.prices.columns)
    prices = prices.reindex(pd.date_range(start, periods=60)).rename_axis(base.prices.index.name)
    for n in (0, 40):
        prices.iloc[n, :] = times * float(kline((start + pd.Timedelta(days=n)).date())[4])  # type: ignore[arg-type]
    caps = prices * np.where(np.arange(60) < 40, 10.0, 20.0)[:, None]
    assets = base.assets.assign(symbol=["BTC", "OLD", "OLD"], first_date=start, last_date=start + pd.Timedelta(days=40))
    market = dataclasses.replace(
        base,
        prices=prices,
        market_caps=caps,
        volumes=prices * np.nan,
        extra={},
        assets=assets,
        tags=base.tags.iloc[:0],
        ledger=base.ledger.iloc[:0],
    )
    write_market(market, tmp_path / "caps")
    return tmp_path / "caps"


@needs_ccxt
def test_caps_are_the_latest_supply_known_by_the_day_times_the_close(vendor: Vendor, tmp_path: Path) -> None:
    caps = other_market(tmp_path)
    market = fetched(vendor, caps=str(caps))
    owner = load_market(caps).assets.set_index("symbol").loc["BTC", "asset_id"]
    start = pd.Timestamp(TODAY) - pd.Timedelta(days=200)
    supply = market.market_caps[owner] / market.price(owner)
    assert supply[: start - pd.Timedelta(days=1)].isna().all()
    known = supply[start : start + pd.Timedelta(days=SUPPLY_DAYS)]
    np.testing.assert_allclose(known, 10.0, rtol=1e-12)
    assert supply[start + pd.Timedelta(days=SUPPLY_DAYS + 1) : start + pd.Timedelta(days=39)].isna().all()
    np.testing.assert_allclose(supply[start + pd.Timedelta(days=40) :][: SUPPLY_DAYS + 1], 20.0, rtol=1e-12)
    assert market.market_caps["old"].isna().all()  # two assets of the other snapshot have that ticker
    assert not any("count as other coins" in caveat for caveat in market.manifest.caveats)
    assert any("1 assets have no cap there, or share their ticker: OLD" in caveat for caveat in market.manifest.caveats)


def caps_beside(closes: list[float], there: list[float], supply: float = 7.0) -> tuple[list[float], _Caps]:
    """Caps of a ticker with these closes, from a snapshot that has it at the prices `there` (NaN: none)."""
    days = pd.date_range("2024-01-01", periods=len(closes)).as_unit("us")
    prices = pd.DataFrame({"other": there}, days, dtype=float)
    market = MarketData.from_panels(prices=prices.fillna({"other": 1.0}), market_caps=supply * prices)
    assets = market.assets.assign(symbol="LUNA")
    found = _Caps(dataclasses.replace(market, prices=prices, assets=assets))
    return found.caps("LUNA", pd.Series(closes, days)).tolist(), found


def test_a_ticker_that_is_another_coin_there_gets_neither_its_cap_nor_its_id() -> None:
    caps, found = caps_beside([80.0] * 10, [0.5] * 10)
    assert np.isnan(caps).all()
    assert (found.ids, found.apart) == ({}, ["LUNA"])
    caps, found = caps_beside([80.0] * 3, [np.nan] * 3)  # nothing to compare is no agreement
    assert np.isnan(caps).all()
    assert (found.ids, found.apart) == ({}, ["LUNA"])


@pytest.mark.parametrize(("price", "agrees"), [(91.0, True), (89.9, False), (111.0, True), (111.2, False)])
def test_a_cap_needs_a_price_within_a_tenth(price: float, agrees: bool) -> None:
    caps, found = caps_beside([price] * 2, [100.0] * 2)
    assert (caps == [7.0 * price] * 2) is agrees
    assert ("LUNA" in found.ids) is agrees


def test_a_day_whose_prices_are_apart_has_no_cap_and_a_day_without_one_there_the_latest_supply() -> None:
    caps, found = caps_beside([10.0] * 4, [10.0, 10.0, 60.0, np.nan])
    np.testing.assert_array_equal(caps, [70.0, 70.0, np.nan, 70.0])
    assert "LUNA" in found.ids


PRICES = st.lists(st.sampled_from([10.0, 10.5, 60.0, np.nan]), min_size=2, max_size=20)


@given(there=PRICES, cut=st.integers(1, 19))
def test_no_later_price_changes_a_cap(there: list[float], cut: int) -> None:
    whole = caps_beside([10.0] * len(there), there)[0][:cut]
    np.testing.assert_array_equal(caps_beside([10.0] * len(whole), there[:cut])[0], whole)


@needs_ccxt
def test_a_snapshot_says_which_tickers_are_other_coins(vendor: Vendor, tmp_path: Path) -> None:
    other_market(tmp_path, times=100.0)
    market = fetched(vendor, caps=str(tmp_path / "caps"))
    assert market.market_caps.isna().all(axis=None)
    assert "bitcoin" in market.prices
    assert any(caveat.startswith("1 assets have other prices there") for caveat in market.manifest.caveats)


@needs_ccxt
def test_an_index_that_needs_caps_says_that_there_are_none(vendor: Vendor) -> None:
    market = fetched(vendor)
    assert any("no market caps" in caveat for caveat in market.manifest.caveats)
    with pytest.raises(
        MethodologyError, match="This market has no market caps: screens and weights that need them fail"
    ):
        build_index(market, Methodology.load("large-cap-10"))


@needs_ccxt
def test_unknown_names_are_told_their_nearest(vendor: Vendor) -> None:
    with pytest.raises(DataError, match=r"no exchange 'binnance': did you mean 'binance'\?"):
        Exchange(exchange="binnance")
    with pytest.raises(DataError, match=r"no spot pair BTX/USDT: did you mean 'BTC'\?"):
        fetched(vendor, assets=("BTX",))
    with pytest.raises(DataError, match=r"quote 'EUR' is no dollar"):
        Exchange(exchange="binance", quote="EUR")
    with pytest.raises(DataError, match="no snapshot"):
        Exchange(exchange="binance", caps="nowhere")


def test_without_ccxt_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(DataError, match=r"not installed\. Install it: pip install -e \"\.\[exchange\]\""):
        Exchange(exchange="binance")


@dataclasses.dataclass
class Fake:
    """An exchange that gives the candles of `page` days from the first asked for, of a pair listed and delisted."""

    page: int
    listed: dt.date
    delisted: dt.date = TODAY
    opening: int = 0  # of the candles, in ms after 00:00 UTC
    asked: list[dt.date] = dataclasses.field(default_factory=list)

    def candles(self, pair: str, first: dt.date) -> client.Answer:
        self.asked.append(first)
        days = [first + dt.timedelta(days=n) for n in range(self.page)]
        rows = [
            [(day - EPOCH).days * 86_400_000 + self.opening, 1, 1, 1, 1, 1]
            for day in days
            if self.listed <= day <= min(self.delisted, TODAY)
        ]
        url, at = f"ccxt somewhere fetch_ohlcv {pair}", f"{TODAY}T05:00:00Z"
        return client.Answer(body=json.dumps(rows).encode(), url=url, etag=None, retrieved_at=at)


def downloaded(fake: Fake, since: dt.date, folder: Path) -> list[dt.date]:
    """The days of which a fetch from `since` on keeps a candle."""
    source = Exchange.__new__(Exchange)
    object.__setattr__(source, "since", since)
    with opened_downloads(folder) as downloads:
        start = dt.datetime.combine(TODAY, dt.time(0), dt.UTC)
        source._download_pair(fake, "A/USDT", downloads, start)  # type: ignore[arg-type]
        rows = exchange._rows(downloads, "A", downloads.names(exchange._folder("A/USDT")), None)
    return rows["date"].to_pylist()  # type: ignore[no-any-return]


@settings(max_examples=12)
@given(page=st.integers(100, 1_000), age=st.integers(1, 2_500), life=st.integers(1, 2_500))
@example(page=300, age=945, life=945)
def test_no_day_is_lost_of_a_pair_listed_late_whatever_the_size_of_a_page(page: int, age: int, life: int) -> None:
    listed, last = TODAY - dt.timedelta(days=age), TODAY - dt.timedelta(days=max(1, age - life + 1))
    with tempfile.TemporaryDirectory() as folder:
        days = downloaded(Fake(page, listed, last), TODAY - dt.timedelta(days=2_600), Path(folder) / "x")
    assert days == [listed + dt.timedelta(days=n) for n in range((last - listed).days + 1)]


def test_pages_of_a_late_listing_are_asked_for_once_and_in_few_steps(tmp_path: Path) -> None:
    since, listed = TODAY - dt.timedelta(days=1_600), TODAY - dt.timedelta(days=850)
    fake = Fake(300, listed, delisted=listed + dt.timedelta(days=299))
    downloaded(fake, since, tmp_path / "x")
    steps = [(day - since).days for day in fake.asked]
    assert steps == [0, 100, 200, 300, 400, 500, 800, 1_050, 1_300, 1_550]  # its fullest page had 250 candles
    before = len(fake.asked)
    downloaded(fake, since, tmp_path / "x")
    assert len(fake.asked) == before


def test_candles_that_do_not_open_at_midnight_utc_are_refused(tmp_path: Path) -> None:
    """Days of UTC+8 open at 16:00: their close is not the one of the UTC day."""
    listed = dt.date(2020, 3, 11)
    fake = Fake(300, listed, opening=16 * 3_600_000)
    words = r"^ccxt somewhere fetch_ohlcv A/USDT: the candle of 2020-03-11T16:00:00Z does not open at 00:00 UTC"
    with pytest.raises(DataError, match=words):
        downloaded(fake, listed, tmp_path / "x")
    assert len(fake.asked) == 1


@needs_ccxt
def test_the_rate_is_the_exchanges_own(vendor: Vendor) -> None:
    vendor.candles = {"BTCUSDT": (LISTED, TODAY)}
    plan = Exchange(exchange="binance", since=TODAY - dt.timedelta(days=2_500)).plan()
    assert plan.calls == 1 + 3
    assert f"up to 25 for a pair that was listed late, as days before are looked through by {SURE_DAYS}" in str(plan)
    assert ccxt_server.Server("coinbase").page == 300
    assert plan.calls_per_minute == ccxt_server.Server("binance").calls_per_minute > 0
    assert pages(vendor) == []
