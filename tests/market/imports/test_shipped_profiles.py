"""The shipped profiles on the files they are for: facts of the files themselves, and closes that are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.market import ImportSummary, MarketData, import_table, load_market
from tests.conftest import shared

KNOWN = {"2017-12-17": 19_140.8, "2018-12-15": 3_236.8, "2020-03-12": 4_970.8}  # from the README of the data
Imported = tuple[pd.DataFrame, ImportSummary, MarketData]


def imported(file: str, profile: str, folder: Path) -> Imported:
    table = shared(f"market/{file}.parquet")
    summary = import_table(table, profile, folder / "out")
    return pd.read_parquet(table), summary, load_market(folder / "out")


@pytest.fixture(scope="module")
def binance(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    shared("market/cmc_top200_monthly_2020_2025_sbq.parquet")
    return imported("binance_301_ohlcv_daily_to_2025_zzonge", "binance-cmc", tmp_path_factory.mktemp("binance"))


@pytest.fixture(scope="module")
def monthly(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return imported("cmc_top200_monthly_2020_2025_sbq", "cmc-monthly", tmp_path_factory.mktemp("monthly"))


@pytest.fixture(scope="module")
def social(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return imported("coingecko_312_2017_2018_social_artem", "social-312", tmp_path_factory.mktemp("social"))


def test_every_close_of_binance_is_there_and_its_volume_is_in_usd(binance: Imported) -> None:
    raw, summary, market = binance
    assert summary.rows_written == len(raw) == market.prices.notna().sum().sum()
    btc = raw[raw["symbol"] == "BTC"].set_index("date")
    assert market.price("bitcoin").tolist() == btc["close"].tolist()
    assert market.volumes["bitcoin"].tolist() == (btc["volume"] * btc["close"]).tolist()
    assert market.volumes["bitcoin"].median() > 1e8


def test_caps_of_binance_are_closes_x_supplies_that_were_known(binance: Imported) -> None:
    """Worked out anew with pandas' as-of join; 241 keys of both vendors, and three that are called otherwise."""
    raw, _, market = binance
    supplies = pd.read_parquet(shared("market/cmc_top200_monthly_2020_2025_sbq.parquet"))
    supplies["symbol"] = supplies["symbol"].replace({"BEAM": "BEAMX", "BTT": "BTTC", "RON": "RONIN"})
    supplies = supplies[supplies["symbol"].isin(raw["symbol"])].sort_values("date")
    both = pd.merge_asof(
        raw.sort_values("date"),
        supplies[["date", "symbol", "circulating_supply"]],
        on="date",
        by="symbol",
        tolerance=pd.Timedelta(days=45),
    )
    caps = both["close"] * both["circulating_supply"]
    assert market.market_caps.notna().sum().sum() == caps.notna().sum()
    assert np.nansum(market.market_caps.to_numpy()) == pytest.approx(caps.sum(), rel=1e-12)
    theirs = supplies[supplies["symbol"] == "BTC"].set_index("date")["market_cap"]
    ours = market.market_caps["bitcoin"].reindex(theirs.index).dropna()
    assert len(ours) == 33
    assert (ours / theirs - 1).abs().max() < 0.01


def test_the_import_of_binance_says_what_it_joined(binance: Imported) -> None:
    """Both vendors' closes agree on every common day, so no supply is of another asset."""
    caveats = " ".join(binance[2].manifest.caveats)
    assert "at most 45 days old" in caveats
    assert "compared by price; 0 were set aside" in caveats


def test_the_monthly_list_is_whole_but_for_the_prices_that_were_rounded_to_zero(monthly: Imported) -> None:
    raw, summary, market = monthly
    assert market.prices.notna().sum().sum() == (raw["close"] > 0).sum()
    assert summary.ledger_counts["price not positive"] == (raw["close"] == 0).sum() == 12
    assert set(raw.loc[raw["close"] == 0, "symbol"]) == {"BabyDoge"}
    (line,) = market.ledger.query("rule == 'asset without any price dropped'").itertuples()
    assert line.asset_id == "babydoge baby doge coin"


def test_tickers_that_were_reused_are_several_assets_and_new_names_of_one_are_one(monthly: Imported) -> None:
    prices = monthly[2].prices
    on = prices.loc["2023-03-01"]
    assert (on["bnx binaryx (old)"], on["bnx binaryx"]) == pytest.approx((112.555, 1.0297), rel=1e-4)
    assert prices["one bigone token"].last_valid_index() < prices["one harmony"].first_valid_index()
    assert prices["strk strike"].last_valid_index() < prices["strk starknet"].first_valid_index()
    assert prices["terra-luna"].dropna().index[[0, -1]].tolist() == [
        pd.Timestamp("2020-01-01"),
        pd.Timestamp("2025-10-01"),
    ]
    assert prices["terra-luna"]["2022-05-01"] == pytest.approx(82.2395, rel=1e-4)
    assert prices["terra-luna-2"].first_valid_index() == pd.Timestamp("2022-10-01")
    assert prices["binancecoin"].notna().sum() == 70  # Binance Coin, then BNB
    assert prices[["bitcoin", "ethereum"]].notna().sum().tolist() == [70, 70]


def test_stablecoins_of_the_monthly_list_are_near_a_dollar(monthly: Imported) -> None:
    market = monthly[2]
    tagged = market.tags.query("tag == 'stablecoin'")["asset_id"]
    assert len(tagged) == 19
    assert (market.prices[tagged].median() - 1).abs().max() < 0.02
    calm = (market.prices.max() / market.prices.min() < 1.05) & (market.prices.notna().sum() > 3)
    assert set(calm.index[calm & ((market.prices.median() - 1).abs() < 0.02)]) <= set(tagged)


def test_prices_of_the_social_file_stay_and_its_caps_move_when_their_dating_changes(social: Imported) -> None:
    raw, summary, market = social
    btc = raw[raw["symbol"] == "BTC"].set_index("date")
    assert summary.rows_moved == 0
    prices = market.price("bitcoin")
    assert prices.dropna().tolist() == btc["close"].dropna().tolist()
    assert prices["2017-12-17"] == pytest.approx(KNOWN["2017-12-17"], rel=0.01)
    caps = market.market_caps["bitcoin"]
    assert (
        caps["2018-01-28":"2018-01-31"].tolist()
        == btc.loc[["2018-01-28", "2018-01-29", "2018-01-31", "2018-02-01"], "market_cap"].tolist()
    )
    moves = np.log(caps).diff()["2018-02-01":"2018-08-30"]
    assert moves.corr(np.log(prices).diff()) > 0.9
    assert moves.corr(np.log(prices).diff().shift(1)) < 0.3


def test_every_count_of_the_social_file_is_in_an_extra_panel(social: Imported) -> None:
    raw, _, market = social
    assert len(market.extra) == 20
    priced = raw.groupby("symbol")["close"].transform("count") > 0
    for ours, theirs in (("reddit_subscribers", "reddit_subscribers"), ("github_stars", "stars")):
        assert market.extra[ours].notna().sum().sum() == raw.loc[priced, theirs].notna().sum()


def test_published_levels_are_there_to_the_bit(tmp_path: Path) -> None:
    raw, _, market = imported("benchmark_indices_quantlet", "benchmark-levels", tmp_path)
    assert market.prices.notna().sum().sum() == len(raw)
    crix = raw[raw["index_name"] == "CRIX"].set_index("date")["level"]
    assert market.price("crix").dropna().tolist() == crix.tolist()


def test_coin_metrics_files_are_read_by_name_and_lack_what_they_lack(tmp_path: Path) -> None:
    folder = shared("market/coinmetrics_samples")
    summary = import_table(folder, "coinmetrics-community", tmp_path / "out")
    market = load_market(tmp_path / "out")
    raws = {name: pd.read_csv(folder / f"{name}_sample.csv", parse_dates=["time"]) for name in ("aave", "btc", "eth")}
    assert summary.rows_read == sum(map(len, raws.values()))
    lacking = {name for raw in raws.values() for name in ("CapRealUSD", "HashRate") if name not in raw}
    assert lacking <= summary.met.absent.keys()
    for name, asset in (("aave", "aave"), ("btc", "bitcoin"), ("eth", "ethereum")):
        raw = raws[name].set_index("time")
        for column, panel in (("PriceUSD", market.prices), ("SplyCur", market.extra["supply"])):
            theirs = raw[column].dropna()
            if asset in panel:
                assert panel[asset].reindex(theirs.index).tolist() == pytest.approx(theirs.tolist(), rel=1e-15)
    unpriced = sum(raw["PriceUSD"].isna().all() for raw in raws.values())
    assert (market.ledger["rule"] == "asset without any price dropped").sum() == unpriced


def test_market_charts_give_the_closes_that_the_same_vendors_table_gives(tmp_path: Path) -> None:
    """The 50-coin file was collected from market_chart: written back as JSON, with a value of the moment at its end."""
    table = shared("market/coingecko_50_2015_2023_srk.parquet")
    raw = pd.read_parquet(table)
    charts = tmp_path / "charts"
    charts.mkdir()
    for coin in ("bitcoin", "terra-luna"):
        rows = raw[raw["coin_id"] == coin]
        stamps = (rows["date"].astype("datetime64[ms]").astype("int64")).tolist()
        now = stamps[-1] + 51_789_123
        series = {"prices": "close", "market_caps": "market_cap", "total_volumes": "volume"}
        content = {
            name: [*map(list, zip(stamps, rows[column], strict=True)), [now, 1.0]] for name, column in series.items()
        }
        (charts / f"{coin}.json").write_text(json.dumps(content).replace("NaN", "null"))
    summary = import_table(charts, "coingecko-market-chart", tmp_path / "out")
    import_table(table, "coingecko-50", tmp_path / "whole")
    ours, theirs = load_market(tmp_path / "out"), load_market(tmp_path / "whole")
    assert summary.met.intraday_rows == 2
    for coin in ("bitcoin", "terra-luna"):
        assert ours.price(coin).dropna().equals(theirs.price(coin).dropna())
        assert ours.market_caps[coin].dropna().equals(theirs.market_caps[coin].dropna())
    for day, close in KNOWN.items():
        assert ours.price("bitcoin")[day] == pytest.approx(close, rel=0.04)


@pytest.mark.parametrize(
    ("profile", "name", "date", "cap", "number"),
    [
        ("coinmarketcap-coin", "coin_Bitcoin.csv", "%Y-%m-%d 23:59:59", "Marketcap", "{:.2f}"),
        ("coinmarketcap-page", "bitcoin_price.csv", "%b %d, %Y", "Market Cap", "{:,.2f}"),
    ],
)
def test_files_of_coinmarketcap_give_the_closes_that_were_written(
    tmp_path: Path, profile: str, name: str, date: str, cap: str, number: str
) -> None:
    raw = pd.read_parquet(shared("market/coingecko_17_2013_2025_lomonosov.parquet"))
    btc = raw[(raw["symbol"] == "BTC") & (raw["date"] < "2018-01-30")]
    written = {
        "Date": btc["date"].dt.strftime(date),
        **dict.fromkeys(["Open", "High", "Low", "Close"], btc["close"].map(number.format)),
        "Volume": btc["volume"].map(lambda value: number.format(value) if value > 0 else "-"),
        cap: btc["market_cap"].map(number.format),
    }
    (tmp_path / "coins").mkdir()
    pd.DataFrame(written).to_csv(tmp_path / "coins" / name, index=False)
    import_table(tmp_path / "coins", profile, tmp_path / "out")
    market = load_market(tmp_path / "out")
    assert market.price("bitcoin").dropna().tolist() == [round(value, 2) for value in btc["close"]]
    assert market.price("bitcoin")["2017-12-17"] == pytest.approx(KNOWN["2017-12-17"], rel=0.04)
    assert market.volumes["bitcoin"].notna().sum() == (btc["volume"] > 0).sum() < len(btc)
