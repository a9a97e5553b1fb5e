"""CoinGecko: who is asked for, how its points are dated, what is kept secret, and what is said of the selection."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.market import MarketData, load_market
from research.market.sources import coingecko
from research.market.sources.client import Answer
from research.market.sources.coingecko import TIERS, CoinGecko
from research.market.sources.downloads import opened_downloads
from research.market.sources.fetch import fetch, fetch_again
from tests.market.sources.server import DAY_MS, EPOCH, TODAY, Reply, Vendor

SECRET = "CG-top5ecret"
COINS = ["bitcoin", "ethereum", "tether-stablecoins", "ripple"]
YESTERDAY = TODAY - dt.timedelta(days=1)


def fetched(vendor: Vendor, **asked: object) -> MarketData:
    vendor.coins = vendor.coins or list(COINS)
    return load_market(fetch(CoinGecko(calls_per_minute=1e9, **asked)).folder)  # type: ignore[arg-type]


def charts(vendor: Vendor) -> list[str]:
    return [path for path in vendor.paths() if "market_chart" in path]


def test_a_point_stamped_midnight_of_d_is_the_close_of_the_day_before(vendor: Vendor) -> None:
    """The server's price is the number of the stamp's day since 1970, and a half."""
    prices = fetched(vendor, top=2).price("bitcoin")
    days = (prices.index - pd.Timestamp(EPOCH)).days
    np.testing.assert_array_equal(prices, days + 1.5)
    assert prices.index[-1].date() == YESTERDAY


def test_before_2018_01_30_a_point_is_the_close_of_its_own_day(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINGECKO_API_KEY", SECRET)
    prices = fetched(vendor, top=1, plan_of_key="pro").price("bitcoin")
    for day, offset in (("2018-01-28", 0.5), ("2018-01-29", 0.5), ("2018-01-30", 1.5), ("2018-02-01", 1.5)):
        assert prices[day] == (pd.Timestamp(day) - pd.Timestamp(EPOCH)).days + offset


def test_the_point_of_now_is_no_close(vendor: Vendor) -> None:
    assert not (fetched(vendor, top=2).prices == 999_999.0).any(axis=None)


def test_what_the_source_does_not_know_stays_unknown(vendor: Vendor) -> None:
    volumes = fetched(vendor, top=2).volumes["bitcoin"]
    assert np.isnan(volumes.iloc[0])
    assert (volumes.iloc[1:] == 50.0).all()


def test_the_largest_come_in_pages(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coingecko, "PAGE", 5)
    vendor.coins = [f"coin-{n}" for n in range(12)]
    market = fetched(vendor, top=7)
    assert set(market.prices) == {f"coin-{n}" for n in range(7)}
    pages = [path for path in vendor.paths() if "/coins/markets" in path and "category" not in path]
    assert [page[-6:] for page in pages] == ["page=1", "page=2"]
    assert len(charts(vendor)) == 7


def test_fewer_coins_than_asked_for_are_all_of_them(vendor: Vendor) -> None:
    assert len(fetched(vendor, top=100).prices.columns) == len(COINS)


def test_the_selection_is_called_hindsight_in_the_manifest(vendor: Vendor) -> None:
    caveats = fetched(vendor, top=2).manifest.caveats
    assert any("2 largest coins of the day of the fetch, chosen with hindsight (survivorship)" in c for c in caveats)
    caveats = load_market(
        fetch(CoinGecko(assets=("ripple",), calls_per_minute=1e9), name="other").folder
    ).manifest.caveats
    assert any("chosen by whoever fetched them" in caveat for caveat in caveats)


def test_names_symbols_and_static_tags_come_with_it(vendor: Vendor) -> None:
    market = fetched(vendor, top=3)
    assert market.assets.set_index("asset_id").loc["ethereum", ["symbol", "name"]].to_list() == ["ETHE", "Ethereum"]
    assert market.tags[["asset_id", "tag", "static"]].to_numpy().tolist() == []
    vendor.coins = ["bitcoin", "stablecoins", "wrapped-tokens"]
    market = load_market(fetch(CoinGecko(top=3, calls_per_minute=1e9), name="tagged").folder)
    found = market.tags.set_index("asset_id")
    assert found["tag"].to_dict() == {"stablecoins": "stablecoin", "wrapped-tokens": "wrapped"}
    assert found["static"].all()


def test_coins_are_asked_for_by_id_and_an_unknown_one_is_told_its_nearest(vendor: Vendor) -> None:
    assert list(fetched(vendor, assets=("ripple", "bitcoin")).prices) == ["bitcoin", "ripple"]
    with pytest.raises(DataError, match=r"knows no 'bitcion': did you mean 'bitcoin'\?"):
        fetched(vendor, assets=("bitcion",))


@pytest.mark.parametrize(
    ("key", "plan", "days"), [("", "demo", "365"), (SECRET, "demo", "365"), (SECRET, "pro", "max")]
)
def test_only_a_paid_key_is_asked_for_more_than_a_year(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, key: str, plan: str, days: str
) -> None:
    if key:
        monkeypatch.setenv("COINGECKO_API_KEY", key)
    fetched(vendor, top=1, plan_of_key=plan)
    assert f"days={days}&" in charts(vendor)[0]
    sent = {name.lower(): value for name, value in vendor.asked[-1][1].items()}
    headers = {tier.header for tier in TIERS.values() if tier.header}
    expected = TIERS[plan].header if key else None
    assert {name for name in headers if name in sent} == ({expected} if expected else set())


def test_a_paid_plan_without_its_key_is_refused_at_once(vendor: Vendor) -> None:
    with pytest.raises(DataError, match="set the environment variable COINGECKO_API_KEY"):
        CoinGecko(plan_of_key="pro")
    assert vendor.asked == []


def test_the_key_is_in_no_file_no_address_and_no_message(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COINGECKO_API_KEY", SECRET)
    vendor.coins = list(COINS)
    vendor.once(Reply(500, SECRET.encode()), "ripple")
    made = fetch(CoinGecko(top=4, calls_per_minute=1e9))
    vendor.always(Reply(403, SECRET.encode()))
    with pytest.raises(DataError) as error:
        fetch(CoinGecko(top=4, calls_per_minute=1e9), again=True)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        assert SECRET.encode() not in path.read_bytes(), path
    assert all(SECRET not in path for path in vendor.paths())
    assert SECRET not in str(error.value) + str(made) + repr(made) + "".join(capfd.readouterr())


def test_an_error_dressed_as_an_answer_is_refused(vendor: Vendor) -> None:
    vendor.always(Reply(200, b'{"error": {"status": {"error_code": 10012}}}'), "market_chart")
    with pytest.raises(DataError, match="expected pairs of instant and number under 'prices'"):
        fetched(vendor, top=1)


@pytest.mark.parametrize("body", [b'[{"symbol": "btc"}]', b"[3]", b'{"status": "ok"}'])
def test_a_list_of_another_form_is_refused(vendor: Vendor, body: bytes) -> None:
    vendor.always(Reply(200, body), "/coins/markets")
    with pytest.raises(DataError, match=r"the answer markets/2/1\.json: expected"):
        fetched(vendor, top=2)


def test_a_coin_without_history_is_left_out_by_name(vendor: Vendor) -> None:
    vendor.always(Reply(404), "coins/ethereum/")
    empty = {"prices": [], "market_caps": [], "total_volumes": []}
    vendor.always(Reply(200, json.dumps(empty).encode()), "coins/ripple/")
    market = fetched(vendor, top=4)
    assert set(market.prices) == {"bitcoin", "tether-stablecoins"}
    assert "2 coins have no price and are left out: ethereum, ripple" in market.manifest.caveats


def test_a_hostile_id_is_a_file_below_the_downloads_and_a_part_of_one_address(vendor: Vendor, tmp_path: Path) -> None:
    hostile = "../../../etc/passwd?x=1#y"
    vendor.coins = ["bitcoin", hostile]
    vendor.always(Reply(404), "passwd")
    fetched(vendor, top=2)
    assert charts(vendor)[1].startswith("/coins/..%2F..%2F..%2Fetc%2Fpasswd%3Fx%3D1%23y/market_chart?")
    assert {path.name for path in tmp_path.iterdir()} == {"downloads", "snapshots"}


def test_earlier_fetches_reach_further_back_and_the_latest_answer_has_the_word(vendor: Vendor, tmp_path: Path) -> None:
    """A free key sees 365 days; a snapshot of two fetches reaches further back than either."""
    fetched(vendor, top=1)
    folder = tmp_path / "downloads/coingecko"
    (answer,) = (folder / "answers/market_chart/bitcoin").iterdir()
    old = json.loads(answer.read_bytes())
    first = old["prices"][0][0]
    earlier = {name: [[first - DAY_MS, 1.0], [first, 2.0]] for name in old}
    with opened_downloads(folder) as downloads:
        body = json.dumps(earlier).encode()
        at = "2026-01-01T00:00:00Z"
        name = "market_chart/bitcoin/2026-01-01.json"
        downloads.keep(name, Answer(body=body, url="x", etag=None, retrieved_at=at))
    prices = load_market(fetch(CoinGecko(top=1, calls_per_minute=1e9), again=True).folder).price("bitcoin")
    assert len(prices) == 366
    assert prices.iloc[0] == 1.0
    assert prices.iloc[1] == first / DAY_MS + 0.5


def test_an_update_follows_coins_that_fell_out_of_the_largest(vendor: Vendor, tmp_path: Path) -> None:
    before = fetched(vendor, top=2)
    vendor.coins = ["ripple", "bitcoin", "ethereum"]
    newer = fetch_again(before.manifest.fetched, tmp_path / "newer", assets=before.prices.columns, again=True)
    market = load_market(newer.folder)
    assert set(market.prices) == {"ripple", "bitcoin", "ethereum"}
    assert any("2 coins of earlier fetches are followed on" in caveat for caveat in market.manifest.caveats)
