"""Spread estimators: values of the authors' program, closed forms, and simulated trading at a known spread."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index.trading.spread_estimators import abdi_ranaldo, corwin_schultz, edge, edge_squared, estimated_spreads
from research.market import MarketData
from research.point_in_time.view import PointInTime
from tests.conftest import shared

Days = list[np.ndarray]


def traded_days(spread: float, days: int, assets: int, *, volatility: float, trades: int = 100, seed: int = 0) -> Days:
    """Open, high, low and close of days on which each trade is at the bid or the ask around a random walk."""
    rng = np.random.default_rng(seed)
    price = np.cumsum(rng.normal(0, volatility / np.sqrt(trades), (days * trades, assets)), axis=0)
    quotes = np.exp(price + rng.choice([-0.5, 0.5], price.shape) * spread).reshape(days, trades, assets)
    return [quotes[:, 0], quotes.max(axis=1), quotes.min(axis=1), quotes[:, -1]]


# bidask 2.1.0 (PyPI, the authors' program), numpy 2.4.6:
#   x = traded_days(spread, days, 3, ...); [bidask.edge(*(p[:, i] for p in x), sign=True) for i in range(3)]
REFERENCE = [
    (
        {"spread": 0.01, "days": 60, "volatility": 0.03, "seed": 1},
        [0.011141285847644374, 0.011486947155968303, -0.006114453868420008],
    ),
    (
        {"spread": 0.002, "days": 60, "volatility": 0.05, "seed": 2},
        [0.0038317309231349407, 0.010508332944148373, -0.004316995136737538],
    ),
    (
        {"spread": 0.05, "days": 30, "volatility": 0.02, "trades": 3, "seed": 3},
        [0.04561157279779505, 0.054726953201369194, 0.05045523705585618],
    ),
]


@pytest.mark.parametrize(("how", "expected"), REFERENCE)
def test_edge_is_what_the_program_of_its_authors_gives(how: dict, expected: list[float]) -> None:
    square = edge_squared(*traded_days(**how, assets=3))
    np.testing.assert_allclose(np.sign(square) * np.sqrt(np.abs(square)), expected, rtol=1e-10)


def test_edge_treats_gaps_and_days_without_trading_as_its_authors_do() -> None:
    gaps = traded_days(0.01, 60, 1, volatility=0.03, seed=1)
    gaps[0][5] = gaps[1][20:23] = gaps[2][20:23] = gaps[3][40] = np.nan
    assert edge(*gaps)[0] == pytest.approx(0.011133577714443448, rel=1e-10)  # bidask.edge on the same four columns
    still = traded_days(0.01, 60, 1, volatility=0.03, seed=1)
    for day in (10, 11, 30):
        for prices in still:
            prices[day] = still[3][day - 1]
    assert edge(*still)[0] == pytest.approx(0.011829210380966385, rel=1e-10)


def bouncing(low: float, high: float, days: int = 40) -> Days:
    """The price does not move: it is bought at the ask and sold at the bid all day long."""
    close = np.where(np.arange(days) % 3 == 0, high, low)
    return [np.c_[prices] for prices in (np.roll(close, 1), np.full(days, high), np.full(days, low), close)]


@pytest.mark.parametrize(("low", "high"), [(99.0, 101.0), (0.5, 0.7), (1e-6, 1.0001e-6)])
def test_a_price_that_only_bounces_shows_its_spread_exactly(low: float, high: float) -> None:
    _, *days = bouncing(low, high)
    assert corwin_schultz(*days)[0] == pytest.approx((high - low) / ((high + low) / 2), rel=1e-9)
    assert abdi_ranaldo(*days)[0] == pytest.approx(np.log(high / low), rel=1e-9)


def test_a_gap_over_night_is_no_part_of_the_range_of_two_days() -> None:
    """Worked by hand: the second day, 109 to 111, is moved down to 101.5 to 103.5, inside the first day's 100 to 104.

    ``alpha = (sqrt(0.0392207**2 + 0.0181823**2) - 0.0392207) / (sqrt(2) - 1) = 0.0096805``; unmoved it is negative.
    """
    found = corwin_schultz(np.c_[[104.0, 111.0]], np.c_[[100.0, 109.0]], np.c_[[101.5, 110.0]])
    assert found[0] == pytest.approx(2 * np.tanh(0.0096805 / 2), rel=1e-4)


ESTIMATORS = {
    "edge": edge,
    "corwin_schultz": lambda opened, *rest: corwin_schultz(*rest),
    "abdi_ranaldo": lambda opened, *rest: abdi_ranaldo(*rest),
}


@pytest.mark.parametrize(("name", "within"), [("edge", 0.05), ("abdi_ranaldo", 0.08), ("corwin_schultz", 0.3)])
@pytest.mark.parametrize("spread", [0.01, 0.03])
def test_a_known_spread_is_found_in_a_long_simulation(name: str, within: float, spread: float) -> None:
    days = traded_days(spread, 6000, 4, volatility=0.03, seed=4)
    assert ESTIMATORS[name](*days).mean() == pytest.approx(spread, rel=within)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_costs_are_nearer_the_truth_than_with_the_published_ways_with_negative_estimates(name: str) -> None:
    """10 bps at a daily volatility of 4 %, 60 days: the mean of many estimates is what costs add up to."""
    days, true = traded_days(0.001, 60, 400, volatility=0.04, seed=5), 0.001
    ours = ESTIMATORS[name](*days)
    if name == "edge":
        published = np.sqrt(np.abs(edge_squared(*days)))  # the default of the authors' program
    else:  # each pair of days floored at zero
        pairs = [ESTIMATORS[name](*(prices[day : day + 2] for prices in days)) for day in range(59)]
        published = np.mean(pairs, axis=0)
    assert true < ours.mean() < 0.7 * published.mean()
    assert ours.std() > true  # single estimates of a small spread are mostly noise


def market_of(days: Days) -> MarketData:
    index = pd.date_range("2022-01-01", periods=len(days[0]))
    names = [f"asset-{number}" for number in range(days[0].shape[1])]
    panels = [pd.DataFrame(prices, index, names) for prices in days]
    return MarketData.from_panels(panels[3], extra=dict(zip(("open", "high", "low"), panels[:3], strict=True)))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_window_of_the_market_gives_the_estimate_of_its_days_only(name: str) -> None:
    days = traded_days(0.02, 90, 3, volatility=0.03, seed=6)
    view = PointInTime(market_of(days)).at(80)
    found = estimated_spreads(view, np.array([0, 2]), estimator=name, days=60)
    expected = ESTIMATORS[name](*(prices[21:81] for prices in days))[[0, 2]]
    np.testing.assert_array_equal(found, expected)
    assert (found > 0).all()


def test_half_of_the_days_must_be_complete_and_prices_must_lie_within_their_range() -> None:
    days = traded_days(0.02, 60, 4, volatility=0.03, seed=7)
    days[1][:31, 0] = np.nan  # 29 days left
    days[1][:30, 1] = np.nan  # 30 days left
    days[3][:31, 2] *= 2.0  # closes of another vendor
    days[2][:31, 3] = 0.0  # no low
    view = PointInTime(market_of(days)).at(59)
    found = estimated_spreads(view, np.arange(4), estimator="edge", days=60)
    assert np.isnan(found).tolist() == [True, False, True, True]


def test_without_open_high_and_low_there_is_an_error_and_no_estimate() -> None:
    prices = pd.DataFrame({"a": np.ones(60)}, index=pd.date_range("2022-01-01", periods=60))
    view = PointInTime(MarketData.from_panels(prices)).at(59)
    with pytest.raises(DataError, match="no column 'open'"):
        estimated_spreads(view, np.array([0]), estimator="edge", days=60)


def test_on_an_exchange_edge_is_small_for_the_most_traded_and_below_what_the_others_make_of_noise() -> None:
    table = pd.read_parquet(shared("market/binance_301_ohlcv_daily_to_2025_zzonge.parquet"))
    by_pair = table.set_index(["date", "symbol"])
    panel = {name: by_pair[name].unstack() for name in ("open", "high", "low", "close")}  # noqa: PD010
    source = PointInTime(MarketData.from_panels(panel.pop("close"), extra=panel))
    mean = {}
    for name in ESTIMATORS:
        parts = []
        for row in range(200, len(source.dates), 100):
            assets = source.at(row).assets
            spreads = estimated_spreads(source.at(row), assets, estimator=name, days=60)
            parts.append(pd.Series(spreads, source.asset_ids[assets]))
        mean[name] = pd.concat(parts, axis=1).mean(axis=1)
    largest = mean["edge"][["BTC", "ETH"]].mean()
    assert 0 <= largest < 3e-4 < mean["edge"].mean()
    assert mean["edge"].mean() < 0.5 * min(mean["corwin_schultz"].mean(), mean["abdi_ranaldo"].mean())
