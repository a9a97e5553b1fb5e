"""The engine against numbers that independent programs computed from the same inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.index import Methodology, build_index
from research.market import MarketData
from research.rulebook import Selection
from tests.conftest import shared
from tests.index.markets import random_market, rules

W5 = [0.30, 0.25, 0.20, 0.15, 0.10]


CRIX_COUNTS = [5, 5, 5, 5, 5, 5, 5, 15, 5, 5, 5]
"""Constituents by the AIC (sequential, local optimum) at the ends of July, October, January and April from 2014-07-31
on: what the rules of the reference implementation give in a program apart from the engine, on the raw file.
"""


def crix_of(count: int) -> Methodology:
    """The shipped reference rulebook with a fixed number of constituents."""
    crix = Methodology.load("crix-reference")
    return replace(
        crix,
        base_date=dt.date(2014, 7, 31),
        selection=Selection(count=count),
        schedule=replace(crix.schedule, quarters_start_in="january"),
    )


def crix_by_hand(counts: Iterable[int]) -> pd.Series:
    """CRIX's level on the raw file, month by month from 2014-07-31, with given numbers of constituents.

    The largest of those with a price and a cap on every day of the month, in supplies of its last close, at prices
    carried to the month's end.
    """
    raw = pd.read_parquet(shared("market/coingecko_406_2014_2017_indexconstruction.parquet"))
    raw["date"] = pd.to_datetime(raw["date"])
    prices, caps = (
        raw.pivot_table(index="date", columns="coin_id", values=name, dropna=False) for name in ("close", "market_cap")
    )
    last, level = 1000.0, []
    for end, count in zip(pd.date_range("2014-07-31", prices.index[-1], freq="ME"), counts, strict=True):
        month = slice(end.replace(day=1), end)
        complete = (prices[month] > 0).all() & (caps[month] > 0).all()
        cap = caps.loc[end, complete].nlargest(count)
        held = slice(end + pd.Timedelta(days=1), end + pd.offsets.MonthEnd())
        value = (prices.ffill().loc[held, cap.index] * (cap / prices.loc[end, cap.index])).sum(axis=1)
        level.append(last * value / cap.sum())
        last = level[-1].iloc[-1]
    return pd.concat(level)


@pytest.mark.parametrize("count", [10, 30])
def test_crix_with_a_fixed_number_is_reproduced_over_all_968_days(market_406: MarketData, count: int) -> None:
    expected = crix_by_hand([count] * 32)
    index = build_index(market_406, crix_of(count))
    assert len(expected) == 968
    assert list(index.level.index[1:]) == list(expected.index)
    np.testing.assert_allclose(index.level.iloc[1:], expected, rtol=1e-13)


def test_without_trades_at_carried_prices_crix_is_missed_by_more_than_rounding(market_406: MarketData) -> None:
    crix = crix_of(30)
    index = build_index(market_406, replace(crix, events=replace(crix.events, trade_at_carried_prices=False)))
    distance = (index.level.iloc[1:] / crix_by_hand([30] * 32) - 1).abs().max()
    assert 1e-3 < distance < 5e-3


def test_crix_with_its_own_number_of_constituents_is_reproduced_over_all_968_days(market_406: MarketData) -> None:
    index = build_index(market_406, Methodology.load("crix-reference"))
    expected = crix_by_hand([count for count in CRIX_COUNTS for _ in range(3)][:32])
    assert list(index.level.index[1:]) == list(expected.index)
    np.testing.assert_allclose(index.level.iloc[1:], expected, rtol=1e-13)
    assert sum("Not investable" in line for line in index.caveats) == 2


def test_the_crix_reference_is_reproduced_from_the_imported_snapshot(market_406: MarketData) -> None:
    """All that the reference file has: six months, levels and weights."""
    index = build_index(market_406, crix_of(10))
    levels = pd.read_csv(shared("reference/crix_fixed10_index.csv"), parse_dates=["date"], index_col="date")["index"]
    np.testing.assert_allclose(index.level.loc[levels.index], levels, rtol=1e-12)

    weights = pd.read_csv(shared("reference/crix_fixed10_weights.csv"))
    traded = index.constituents[index.constituents["weight"] > 0]
    for number, (_, group) in enumerate(list(traded.groupby("effective_date"))[:6]):
        period, sub = divmod(number, 3)
        reference = weights[(weights["period"] == period + 1) & (weights["sub"] == sub + 1)]
        assert list(group.sort_values("rank")["symbol"].str.lower()) == list(reference["coin"])
        day_after = index.weights.loc[group["effective_date"].iloc[0] + pd.Timedelta(days=1), group["asset_id"]]
        np.testing.assert_allclose(
            day_after.to_numpy(),
            group.merge(reference, left_on="rank", right_on="rank")["rel_weight_first_day"],
            rtol=1e-12,
        )


@pytest.mark.parametrize(
    ("file", "frequency"), [("none", "never"), ("years", "yearly"), ("quarters", "quarterly"), ("months", "monthly")]
)
def test_return_portfolio_is_reproduced_for_every_calendar(file: str, frequency: str) -> None:
    """Monthly returns as prices at month ends; the five fixed weights come in as constant market caps."""
    returns = pd.read_csv(shared("reference/edhec.csv"), parse_dates=["date"], index_col="date").iloc[:, :5]
    reference = pd.read_csv(shared(f"reference/port_edhec_{file}.csv"), parse_dates=["date"], index_col="date")
    start = pd.DataFrame(1.0, index=[pd.Timestamp("1996-12-31")], columns=returns.columns)
    prices = pd.concat([start, (1 + returns).cumprod()])
    caps = pd.DataFrame(np.tile(W5, (len(prices), 1)), index=prices.index, columns=prices.columns)
    index = build_index(
        MarketData.from_panels(prices, caps),
        rules(
            base_date=dt.date(1996, 12, 31),
            schedule={"reconstitution": frequency, "lag_days": 0},
            events={"carry_days": 31, "remove_after_days": 31},
        ),
    )
    levels = index.level.loc[prices.index]
    np.testing.assert_allclose(levels.pct_change().iloc[1:], reference["portfolio.returns"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scheme", [{"scheme": "market_cap", "max_weight": 0.3}, {"scheme": "equal"}])
def test_the_divisor_form_gives_the_same_level_as_units(seed: int, scheme: dict) -> None:
    """S&P's index mathematics, chained by hand: index shares (supply times weighting factor) and a divisor."""
    market = random_market(seed, defects=False, days=400)
    index = build_index(market, rules(weighting=scheme, schedule={"reconstitution": "weekly", "lag_days": 2}))
    prices = market.prices
    supply = market.market_caps / prices
    level, divisor, shares = {}, None, None
    trades = dict(list(index.constituents.groupby("effective_date")))
    assert len(trades) > 50
    for day in index.level.index:
        if shares is not None:
            level[day] = float((shares * prices.loc[day]).sum() / divisor)
        if day in trades:
            chosen = trades[day].set_index("asset_id")
            decided = chosen["determination_date"].iloc[0]
            q = supply.loc[decided, chosen.index]
            factor = 1e9 * chosen["target_weight"] / (q * prices.loc[decided, chosen.index])
            new = (q * factor).reindex(prices.columns).fillna(0.0)
            before = level.get(day, 1000.0)
            divisor = float((new * prices.loc[day]).sum()) / before
            shares = new
            level[day] = before
    np.testing.assert_allclose(index.level, pd.Series(level), rtol=1e-12)


def test_the_reported_divisor_is_market_value_over_level() -> None:
    market = random_market(3, defects=False)
    index = build_index(market, rules(schedule={"lag_days": 0}))
    rebalances = index.rebalances
    np.testing.assert_allclose(rebalances["market_value"] / rebalances["divisor"], rebalances["level"], rtol=1e-12)
    for day, row in rebalances.iterrows():  # with no cap and no lag: the sum of the members' market caps
        members = index.holdings(day)["asset_id"]
        assert row["market_value"] == pytest.approx(market.market_caps.loc[day, members].sum(), rel=1e-12)
