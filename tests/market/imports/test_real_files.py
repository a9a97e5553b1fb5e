"""The three real files of ../shared: datings against independent closes, ledger counts against the files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.market import ImportSummary, MarketData, import_table, load_market
from tests.conftest import shared

FILES = {
    "coingecko-406": ("coingecko_406_2014_2017_indexconstruction.parquet", "coin_id"),
    "coingecko-50": ("coingecko_50_2015_2023_srk.parquet", "coin_id"),
    "coingecko-17": ("coingecko_17_2013_2025_lomonosov.parquet", "symbol"),
}
SEAM = pd.Timestamp("2018-01-30")


@dataclass(frozen=True)
class Imported:
    """One file as the vendor has it, and as it was imported."""

    profile: str
    raw: pd.DataFrame
    summary: ImportSummary
    market: MarketData


@pytest.fixture(scope="module", params=FILES)
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """One of the files, imported by its shipped profile; each is imported once for this module."""
    file, key = FILES[request.param]
    table = shared(f"market/{file}")
    out = tmp_path_factory.mktemp(request.param) / "snapshot"
    summary = import_table(table, request.param, out)
    raw = pd.read_parquet(table).rename(columns={key: "key"})
    return Imported(request.param, raw, summary, load_market(out))


def only(*profiles: str) -> pytest.MarkDecorator:
    """Run a test on these files alone."""
    return pytest.mark.parametrize("imported", profiles, indirect=True)


def lines(market: MarketData, rule: str) -> int:
    return int(market.ledger["rule"].str.startswith(rule).sum())


def test_impossible_values_of_the_file_are_in_the_ledger_one_for_one(imported: Imported) -> None:
    raw, market = imported.raw, imported.market
    twice = (raw["date"] == SEAM) & raw["key"].isin(raw.loc[raw["date"] == SEAM - pd.Timedelta(days=1), "key"])
    raw = raw[~twice] if imported.profile != "coingecko-406" else raw
    assert lines(market, "price not positive") == (raw["close"] <= 0).sum()
    assert lines(market, "market_cap not positive") == (raw["market_cap"] <= 0).sum()
    assert lines(market, "volume negative") == (raw["volume"] < 0).sum() == 0
    assert lines(market, "cap without price") == ((raw["market_cap"] > 0) & ~(raw["close"] > 0)).sum()


def test_every_possible_value_of_the_file_is_in_the_panels_and_no_other(imported: Imported) -> None:
    raw, market = imported.raw, imported.market
    seam = lines(market, "second row for this close") // 3
    assert market.prices.notna().sum().sum() == (raw["close"] > 0).sum() - seam
    good_caps = ((raw["market_cap"] > 0) & (raw["close"] > 0)).sum()
    assert market.market_caps.notna().sum().sum() == good_caps - seam
    assert market.volumes.notna().sum().sum() == raw["volume"].notna().sum() - seam - unpriced_assets_volume(raw)


def test_the_summary_counts_the_ledger_and_the_rows(imported: Imported) -> None:
    summary = imported.summary
    assert summary.rows_read == len(imported.raw)
    assert sum(summary.ledger_counts.values()) == len(imported.market.ledger)
    assert summary.assets == imported.market.prices.shape[1]
    moved = 0 if imported.profile == "coingecko-406" else (imported.raw["date"] >= SEAM).sum()
    assert summary.rows_moved == moved
    assert summary.unused == ()


@only("coingecko-50", "coingecko-17")
@pytest.mark.parametrize("day", ["2017-12-17", "2018-12-15", "2020-03-12"])
def test_bitcoin_closes_on_the_days_that_are_known(imported: Imported, day: str) -> None:
    """Closes of another source, from the README of the data; another vendor's close differs by up to 4 %."""
    known = {"2017-12-17": 19_140.8, "2018-12-15": 3_236.8, "2020-03-12": 4_970.8}
    assert imported.market.price("bitcoin")[day] == pytest.approx(known[day], rel=0.04)


@only("coingecko-50", "coingecko-17")
@pytest.mark.parametrize(("begin", "end"), [("2017-07-10", "2018-01-29"), ("2018-01-30", "2018-08-30")])
def test_returns_move_with_exchange_closes_of_the_same_day(imported: Imported, begin: str, end: str) -> None:
    """Exchange closes of bitcoin that keep one dating: before and after the change, lag 0 must fit best by far."""
    exchange = pd.read_parquet(shared("market/coingecko_312_2017_2018_social_artem.parquet"))
    closes = exchange[exchange["symbol"] == "BTC"].set_index("date")["close"]
    theirs = np.log(closes).diff().loc[begin:end]
    ours = np.log(imported.market.price("bitcoin")).diff()
    correlation = {lag: theirs.corr(ours.shift(lag)) for lag in (-1, 0, 1)}
    assert correlation[0] > 0.9
    assert max(correlation[-1], correlation[1]) < 0.5


@only("coingecko-50", "coingecko-17")
def test_where_the_dating_changes_the_row_of_that_date_stays(imported: Imported) -> None:
    key = {"coingecko-50": "bitcoin", "coingecko-17": "BTC"}[imported.profile]
    raw = imported.raw[imported.raw["key"] == key].set_index("date")["close"]
    ours = imported.market.price("bitcoin")
    assert ours["2018-01-28":"2018-01-30"].tolist() == raw[["2018-01-28", "2018-01-29", "2018-01-31"]].tolist()
    line = imported.market.ledger.query("asset_id == 'bitcoin' and field == 'price'").iloc[0]
    assert line["date"] == pd.Timestamp("2018-01-29")
    assert (float(line["old"]), float(line["new"])) == (raw["2018-01-30"], raw["2018-01-29"])
    assert ours.loc["2018-01-20":"2018-02-10"].notna().all()


def test_bitcoin_and_ethereum_have_the_same_ids_everywhere(imported: Imported) -> None:
    symbols = imported.market.assets.set_index("asset_id")["symbol"]
    assert symbols[["bitcoin", "ethereum"]].tolist() == ["BTC", "ETH"]


@only("coingecko-406")
def test_the_two_coins_that_share_a_ticker_are_two_assets(imported: Imported) -> None:
    assets = imported.market.assets.set_index("asset_id")
    shared_ticker = assets[assets["symbol"] == "ETC"]
    assert list(shared_ticker.index) == ["etc", "ethereum-classic"]
    assert shared_ticker["last_date"].iloc[0] < pd.Timestamp("2015-07-01") < shared_ticker["first_date"].iloc[1]
    assert (imported.market.prices[["str", "xlm"]].notna().sum(axis=1) <= 1).all()


@only("coingecko-406")
def test_no_price_series_has_a_gap_longer_than_the_profile_allows(imported: Imported) -> None:
    known = imported.market.prices.notna()
    longest = max(np.diff(np.flatnonzero(known[name].to_numpy())).max(initial=0) for name in known)
    assert 90 < longest <= 180


@only("coingecko-50")
def test_terra_and_ftx_live_and_die(imported: Imported) -> None:
    luna, ftt = imported.market.price("terra-luna"), imported.market.price("ftx-token")
    assert luna["2022-05-13"] / luna["2022-05-05"] < 0.001
    assert 0.05 < ftt["2022-11-14"] / ftt["2022-11-05"] < 0.12
    tags = imported.market.tags.groupby("asset_id")["tag"].apply(set)
    assert tags["ftx-token"] == {"exchange"}
    assert {name for name, tag in tags.items() if "stablecoin" in tag} == {
        "tether",
        "usd-coin",
        "dai",
        "binance-usd",
        "frax",
    }


def test_stablecoins_of_the_profiles_are_near_a_dollar_and_nothing_else_is(imported: Imported) -> None:
    """The tag agrees with the prices: the median is within 3 % of a dollar for the tagged, and for nobody else."""
    prices = imported.market.prices
    lively = prices.loc[:, prices.notna().sum() > 100]
    medians, spread = lively.median(), lively.quantile(0.75) / lively.quantile(0.25)
    pegged = set(medians.index[(medians.sub(1).abs() < 0.03) & (spread < 1.1)])
    tagged = set(imported.market.tags.query("tag == 'stablecoin'")["asset_id"])
    assert pegged == tagged & set(lively.columns)


def test_the_import_of_a_real_file_is_reproducible(imported: Imported, tmp_path: Path) -> None:
    file, _ = FILES[imported.profile]
    again = import_table(shared(f"market/{file}"), imported.profile, tmp_path / "again")
    assert again.manifest == imported.summary.manifest


def unpriced_assets_volume(raw: pd.DataFrame) -> int:
    """Volumes of assets that never have a price: dropped with their asset."""
    priced = (raw["close"] > 0).groupby(raw["key"]).transform("any")
    return int(raw.loc[~priced, "volume"].notna().sum())
