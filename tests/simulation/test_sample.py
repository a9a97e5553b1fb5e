"""The committed sample: what the simulation makes, much like a crypto market, with the defects of its data card."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from research.market import MarketData, load_market
from research.simulation import simulate_market
from tests.conftest import ROOT

SAMPLE = ROOT / "data" / "sample"
CARD = (ROOT / "data" / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sample() -> MarketData:
    return load_market(SAMPLE)


@pytest.fixture(scope="module")
def returns(sample: MarketData) -> pd.DataFrame:
    """Daily log returns, NaN across gaps."""
    return np.log(sample.prices).diff()


@pytest.fixture(scope="module")
def ordinary(sample: MarketData) -> list[str]:
    """Risky assets that live to the end and to which nothing special happens."""
    special = set(card("")) | set(sample.tags.query("tag == 'stablecoin'")["asset_id"]) | {"bitcoin"}
    return [name for name in sample.prices if name not in special and sample.prices[name].notna().sum() > 700]


def card(what: str) -> dict[str, list[str]]:
    """asset_id -> dates, from the rows of the data card's table of defects whose first cell begins with `what`."""
    found: dict[str, list[str]] = {}
    previous = ""
    for line in CARD.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 3 or cells[0] in ("what", "---"):
            continue
        previous = previous if cells[0] == "the same" else cells[0]
        if previous.startswith(what):
            dates = re.findall(r"\d{4}-\d{2}-\d{2}", cells[2])
            found |= dict.fromkeys(cells[1].split(", "), dates)
    assert found, what
    return found


def test_the_committed_sample_is_what_the_simulation_makes(sample: MarketData) -> None:
    """Values, and not bytes: another processor may round the last digit of an exponential differently."""
    made = simulate_market()
    panels = {"price": (sample.prices, made.prices), "cap": (sample.market_caps, made.market_caps)}
    panels |= {"volume": (sample.volumes, made.volumes)} | {n: (sample.extra[n], made.extra[n]) for n in made.extra}
    for name, (committed, new) in panels.items():
        pd.testing.assert_frame_equal(committed, new, rtol=1e-5, atol=0, obj=name)
    for name in ("assets", "tags"):
        pd.testing.assert_frame_equal(getattr(sample, name), getattr(made, name), obj=name)
    pd.testing.assert_frame_equal(sample.ledger.drop(columns="old"), made.ledger.drop(columns="old"))
    assert sample.manifest.caveats == made.manifest.caveats


def test_another_seed_makes_another_market(sample: MarketData) -> None:
    other = simulate_market(seed=1)
    assert abs(np.log(other.price("bitcoin")).diff().corr(np.log(sample.price("bitcoin")).diff())) < 0.1


def test_the_sample_is_small_and_says_simulated(sample: MarketData) -> None:
    assert sum(file.stat().st_size for file in SAMPLE.iterdir()) < 5_000_000
    assert sample.manifest.simulated
    assert "SIMULATED" in sample.manifest.name
    assert sample.assets["name"].str.endswith("(SIMULATED)").all()


def test_about_a_hundred_assets_over_more_than_six_years(sample: MarketData) -> None:
    assert 90 <= sample.prices.shape[1] <= 110
    assert len(sample.dates) >= 6 * 365
    assert (sample.assets["first_date"] > "2018-06-01").sum() >= 40  # they list through time


def test_volatilities_and_correlations_are_those_of_crypto_markets(returns: pd.DataFrame, ordinary: list[str]) -> None:
    volatility = returns.std() * np.sqrt(365)
    assert 0.55 < volatility["bitcoin"] < 0.75
    assert 0.85 < volatility[ordinary].median() < 1.2
    correlation = returns[ordinary].corrwith(returns["bitcoin"])
    assert 0.5 < correlation.median() < 0.7
    assert correlation.min() > 0.3


def test_assets_of_one_sector_move_together_more_than_others(sample: MarketData, returns: pd.DataFrame) -> None:
    tags = sample.tags.set_index("asset_id")["tag"]
    own = returns.sub(returns.mean(axis=1), axis=0)
    correlations = own.corr(min_periods=700).to_numpy(copy=True)
    sector = tags[own.columns].to_numpy()
    same = sector[:, None] == sector
    np.fill_diagonal(correlations, np.nan)
    inside = same & np.char.startswith(sector.astype("U"), "sector:")
    assert np.nanmean(correlations[inside]) > np.nanmean(correlations[~same]) + 0.05


def test_tails_are_fat_and_volatility_clusters(returns: pd.DataFrame, ordinary: list[str]) -> None:
    assert returns["bitcoin"].kurt() > 2
    assert returns[ordinary].kurt().median() > 2
    absolute = returns[["bitcoin", *ordinary]].abs()
    assert absolute.apply(lambda column: column.autocorr(1)).median() > 0.08
    assert returns[ordinary].apply(lambda column: abs(column.autocorr(1))).median() < 0.05


def test_there_are_bull_and_bear_markets(sample: MarketData) -> None:
    bitcoin = sample.price("bitcoin")
    assert (bitcoin / bitcoin.cummax() - 1).min() < -0.7
    yearly = bitcoin.pct_change(365)
    assert yearly.max() > 1.5
    assert yearly.min() < -0.5


def test_bitcoin_dominates_as_it_does(sample: MarketData) -> None:
    caps = sample.market_caps.drop(columns=["galactic-credits", "wrapped-bitcoin", "staked-ether"])
    dominance = caps["bitcoin"] / caps.sum(axis=1)
    assert 0.4 < dominance.median() < 0.6
    assert dominance.between(0.35, 0.7).all()


def test_candles_contain_their_closes_and_caps_are_price_times_supply(sample: MarketData) -> None:
    high, low = sample.extra["high"], sample.extra["low"]
    known = sample.prices.notna()
    for inside in (sample.prices, sample.extra["open"]):
        assert (inside[known] <= high[known]).to_numpy()[known].all()
        assert (inside[known] >= low[known]).to_numpy()[known].all()
    error = (sample.market_caps / (sample.prices * sample.extra["supply"]) - 1).abs()
    assert error.max(axis=None) < 1e-5


def test_ranges_are_as_wide_as_the_daily_moves(sample: MarketData, returns: pd.DataFrame, ordinary: list[str]) -> None:
    """Parkinson's volatility of the candles against that of the closes."""
    reach = np.log(sample.extra["high"] / sample.extra["low"])[ordinary]
    parkinson = np.sqrt(np.square(reach).mean() / (4 * np.log(2)))
    assert (parkinson / returns[ordinary].std()).between(0.9, 1.3).all()


def test_volume_is_a_share_of_the_cap(sample: MarketData, ordinary: list[str]) -> None:
    turnover = (sample.volumes / sample.market_caps).median()
    assert turnover[ordinary].between(0.0005, 0.5).all()


@pytest.mark.parametrize("kind", ["crash with an explosion", "crash of an exchange's token", "slow death"])
def test_the_dead_lose_almost_everything_and_then_have_no_rows(sample: MarketData, kind: str) -> None:
    for name, dates in card(kind).items():
        price = sample.price(name)
        assert price.last_valid_index() == pd.Timestamp(dates[-1])
        assert price[dates[-1]] < 0.1 * price.max(), name
        assert sample.volumes[name].loc[dates[-1] :].iloc[1:].isna().all()


def test_the_crashed_layer_1_was_large_and_issued_supply_while_it_fell(sample: MarketData) -> None:
    ((name, (begin, end)),) = card("crash with an explosion").items()
    supply = sample.extra["supply"][name]
    eve = pd.Timestamp(begin) - pd.Timedelta(days=1)
    assert supply[end] / supply[eve] == pytest.approx(17_000, rel=0.02)
    assert sample.price(name)[end] / sample.price(name)[eve] < 0.001
    assert sample.market_caps.loc[eve].rank(ascending=False)[name] <= 15


def test_the_dying_print_stale_prices_at_the_end(sample: MarketData) -> None:
    for name, (end,) in card("slow death").items():
        assert sample.price(name).loc[:end].iloc[-7:].diff().iloc[1:].eq(0).all()


def test_two_assets_share_a_ticker_at_different_times(sample: MarketData) -> None:
    old, new = card("one ticker")
    symbols = sample.assets["symbol"].value_counts()
    assert symbols[symbols > 1].to_dict() == {"NOVA": 2}
    assert sample.prices[old].last_valid_index() < sample.prices[new].first_valid_index()


def test_one_stablecoin_loses_its_peg_once_and_the_others_never(sample: MarketData) -> None:
    ((name, (begin, end)),) = card("a stablecoin").items()
    stables = sample.tags.query("tag == 'stablecoin'")["asset_id"].tolist()
    off = sample.prices[stables].sub(1).abs() > 0.01
    assert off.loc[begin:end, name].sum() == off[name].sum() == 6
    assert sample.price(name).min() == pytest.approx(0.874, rel=1e-5)
    assert not off.drop(columns=name).any(axis=None)
    assert {"tether", "usd-coin"} < set(stables)


def test_a_redenomination_changes_price_and_supply_and_not_the_cap(sample: MarketData) -> None:
    ((name, (day,)),) = card("redenomination").items()
    change = {
        "price": sample.price(name).pct_change()[day] + 1,
        "supply": sample.extra["supply"][name].pct_change()[day] + 1,
        "cap": sample.market_caps[name].pct_change()[day] + 1,
    }
    assert change["price"] == pytest.approx(100, rel=0.1)
    assert change["supply"] == pytest.approx(0.01, rel=0.01)
    assert change["cap"] == pytest.approx(1, rel=0.1)


def test_a_bogus_supply_makes_a_giant_that_nobody_trades(sample: MarketData) -> None:
    (name,) = card("a supply that does not exist")
    caps = sample.market_caps.median()
    assert (caps > caps[name]).sum() <= 2
    assert sample.volumes[name].median() == pytest.approx(9_000, rel=0.1)
    assert (sample.volumes[name] / sample.market_caps[name]).max() < 0.0005


def test_a_memecoin_runs_up_within_a_month_and_falls_back(sample: MarketData) -> None:
    ((name, (begin, end)),) = card("a memecoin").items()
    eve = pd.Timestamp(begin) - pd.Timedelta(days=1)
    month = eve + pd.Timedelta(days=30)
    memes = sample.tags.query("tag == 'meme' and valid_from <= @eve")["asset_id"]
    growth = sample.prices.loc[month, memes] / sample.prices.loc[eve, memes]
    growth = growth.dropna()
    assert growth[name] > 7
    assert growth[name] / growth.sum() > 0.6  # its share of an equally weighted basket, one month later
    assert sample.price(name)[end] / sample.price(name)[month] < 0.2


def test_stale_prices_repeat_a_row(sample: MarketData) -> None:
    dead = {name for name in sample.prices if sample.prices[name].last_valid_index() < sample.dates[-1]}
    planted = card("stale prices")
    for name, (begin, end) in planted.items():
        eve = pd.Timestamp(begin) - pd.Timedelta(days=1)
        assert sample.price(name).loc[eve:end].diff().iloc[1:].eq(0).all()
        assert len(sample.price(name).loc[begin:end]) == 9
    runs = (sample.prices.diff() == 0).sum()
    stables = set(sample.tags.query("tag == 'stablecoin'")["asset_id"])
    assert set(runs.index[runs >= 5]) - dead - stables == planted.keys()


@pytest.mark.parametrize(("kind", "shortest", "longest"), [("gaps of one to three days", 1, 3), ("a long gap", 24, 47)])
def test_gaps_are_inside_of_histories(sample: MarketData, kind: str, shortest: int, longest: int) -> None:
    for name, dates in card(kind).items():
        gaps = missing_runs(sample.price(name))
        assert {*gaps.values()} <= set(range(shortest, longest + 1)), name
        assert min(gaps) >= pd.Timestamp(dates[0])
        assert len(gaps) == (3 if longest == 3 else 1), name


def test_no_other_asset_has_a_gap(sample: MarketData) -> None:
    planted = {*card("gaps of one"), *card("a long gap"), *card("three prices of zero")}
    assert {name for name in sample.prices if missing_runs(sample.price(name))} == planted


def test_a_cap_is_missing_beside_a_price(sample: MarketData) -> None:
    ((name, (begin, end)),) = card("20 days with a price").items()
    lost = sample.market_caps[name].isna() & sample.price(name).notna()
    assert (lost.idxmax(), lost[::-1].idxmax(), lost.sum()) == (pd.Timestamp(begin), pd.Timestamp(end), 20)


def test_zeros_of_the_vendor_are_missing_and_in_the_ledger(sample: MarketData) -> None:
    for what, field in (("three prices of zero", "price"), ("three caps of zero", "market_cap")):
        lines = sample.ledger.query("field == @field and old == '0.0'")
        assert lines["asset_id"].value_counts().to_dict() == dict.fromkeys(card(what), 3)
        panel = {"price": sample.prices, "market_cap": sample.market_caps}[field]
        assert all(np.isnan(panel.loc[line.date, line.asset_id]) for line in lines.itertuples())


@pytest.mark.parametrize(("copy", "parent"), [("wrapped-bitcoin", "bitcoin"), ("staked-ether", "ethereum")])
def test_copies_follow_their_parents(returns: pd.DataFrame, copy: str, parent: str) -> None:
    assert returns[copy].corr(returns[parent]) > 0.995
    assert (returns[copy] - returns[parent]).std() * np.sqrt(365) < 0.05


def test_some_tags_are_static_and_one_came_late(sample: MarketData) -> None:
    tags = sample.tags
    assert set(tags.loc[tags["static"], "tag"]) == {"sector:storage", "sector:payments"}
    assert tags.loc[~tags["static"], "valid_from"].notna().all()
    ((name, (day,)),) = card("a sector tag").items()
    eve = pd.Timestamp(day) - pd.Timedelta(days=1)
    assert sample.price(name).loc[:eve].notna().sum() > 1000
    assert name not in set(sample.until(eve).tags["asset_id"])
    assert name in set(sample.until(day).tags["asset_id"])


def missing_runs(price: pd.Series) -> dict[pd.Timestamp, int]:
    """First day and length of each gap inside a history."""
    inside = price.loc[price.first_valid_index() : price.last_valid_index()].isna()
    number = (inside & ~inside.shift(fill_value=False)).cumsum()[inside]
    return {days.index[0]: len(days) for _, days in inside[inside].groupby(number)}
