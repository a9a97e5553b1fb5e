"""Factor portfolios: by hand on a small market, what a new unit does not do, and nothing of the future."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyWarning
from research.index.comparisons.factor_portfolios import FACTORS, factor_portfolios
from research.market import MarketData, load_market
from tests.index.markets import random_market

DAYS = pd.date_range("2021-01-01", periods=150)
NAMES = [f"asset-{place:02d}" for place in range(20)]


def panels(seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twenty assets, the later the larger; those with an even number rise, the others fall."""
    rng = np.random.default_rng(seed)
    drift = np.where(np.arange(20) % 2, -0.01, 0.01)
    prices = np.exp(np.cumsum(drift + rng.normal(0, 0.02, (150, 20)), axis=0))
    frame = pd.DataFrame(prices, DAYS, NAMES)
    return frame, frame * np.geomspace(1e8, 1e11, 20)


def market_of(prices: pd.DataFrame, caps: pd.DataFrame) -> MarketData:
    return MarketData.from_panels(prices, caps, caps * 0.05)


def test_the_returns_of_a_week_are_those_of_units_bought_on_sunday() -> None:
    prices, caps = panels()
    found = factor_portfolios(market_of(prices, caps))
    sunday = pd.Timestamp("2021-05-02")
    week = slice("2021-05-03", "2021-05-09")
    size = caps.loc[sunday].sort_values()

    def returns(assets: pd.Index | list[str]) -> pd.Series:
        weights = size[assets] / size[assets].sum()
        value = (prices.loc[sunday:"2021-05-09", assets] / prices.loc[sunday, assets] * weights).sum(axis=1)  # type: ignore[misc]
        return value.pct_change().iloc[1:]

    past = prices.loc[sunday] / prices.loc[sunday - pd.Timedelta(days=21)]
    spreads = []
    for half in (size.index[:10], size.index[10:]):
        order = past[half].sort_values().index
        spreads.append(returns(order[-3:]) - returns(order[:3]))
    expected = {
        "market": returns(NAMES),
        "size": returns(size.index[:6]) - returns(size.index[-6:]),
        "momentum": (spreads[0] + spreads[1]) / 2,
    }
    for name in FACTORS:
        np.testing.assert_allclose(found.loc[week, name], expected[name], rtol=1e-10)
    assert found["momentum"].mean() > 0.005  # what rises goes on rising here


def test_a_new_unit_of_an_asset_is_no_return_and_a_rise_with_its_cap_is_one() -> None:
    prices, caps = panels()
    plain = factor_portfolios(market_of(prices, caps))
    jump = pd.Series(np.where(DAYS >= "2021-05-05", 100.0, 1.0), DAYS)
    unit = prices.assign(**{"asset-19": prices["asset-19"] * jump})
    renamed = factor_portfolios(market_of(unit, caps))
    quiet = renamed.index[renamed.index < "2021-05-05"].union(renamed.index[renamed.index > "2021-06-06"])
    pd.testing.assert_frame_equal(renamed.loc[quiet], plain.loc[quiet])
    assert (renamed["market"] - plain["market"]).abs().max() < 0.1
    risen = caps.assign(**{"asset-19": caps["asset-19"] * jump})
    assert factor_portfolios(market_of(unit, risen))["market"].max() > 5


def test_a_missing_price_is_carried_and_an_asset_without_one_on_sunday_leaves() -> None:
    prices, caps = panels()
    gone = prices.copy()
    gone.loc["2021-05-05":, "asset-19"] = np.nan  # type: ignore[misc]
    found = factor_portfolios(market_of(gone, caps.where(gone.notna())))
    assert found.notna().all(axis=None)
    assert found.index[-1] == DAYS[-1]  # 19 assets are too few to form anew: the last portfolios are kept


def test_a_market_too_small_gives_an_empty_frame_and_says_so() -> None:
    prices, caps = panels()
    with pytest.warns(MethodologyWarning, match="never has 20 eligible assets"):
        found = factor_portfolios(market_of(prices.iloc[:, :19], caps.iloc[:, :19]))
    assert found.empty
    assert list(found.columns) == list(FACTORS)


@pytest.mark.parametrize("name", ["sample", "random"])
def test_nothing_looks_ahead(name: str) -> None:
    """Cut on Sundays, where portfolios are formed, and on the days beside them; then another future."""
    market = load_market("data/sample", start="2021-06-01", end="2022-06-30") if name == "sample" else None
    market = random_market(3, days=300, assets=40) if market is None else market
    whole = factor_portfolios(market)
    sundays = market.dates[(market.dates.day_of_week == 6) & (market.dates > whole.index[20])]
    rng = np.random.default_rng(1)
    for sunday in rng.choice(sundays[:-1], 4, replace=False):
        for day in pd.Timestamp(sunday) + pd.to_timedelta([-1, 0, 1], unit="D"):
            pd.testing.assert_frame_equal(factor_portfolios(market.until(day)), whole.loc[:day], check_freq=False)
            later = np.asarray(market.dates > day)[:, None]
            other = np.where(later, rng.lognormal(0, 1, market.prices.shape), 1.0)
            changed = replace(
                market,
                prices=market.prices * other,
                market_caps=market.market_caps * other[::-1] ** later,
                volumes=market.volumes * other,
            )
            found = factor_portfolios(changed).loc[:day]
            pd.testing.assert_frame_equal(found, whole.loc[:day], check_freq=False)
