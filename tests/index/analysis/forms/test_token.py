"""The token of an index: the fee's closed form, units worth the net asset value, and nobody loses by others' moves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import IndexHistory, build_index
from research.index.analysis.forms.index_token import IndexToken
from research.market import MarketData
from tests.index.markets import random_market, rules


@pytest.fixture(scope="module")
def index() -> IndexHistory:
    """With costs, carried prices, removals at half of the last price."""
    index = build_index(
        random_market(21),
        rules(
            schedule={"reconstitution": "weekly", "lag_days": 1},
            costs={"fee_bps": 20},
            events={"removal_haircut": 0.5, "remove_after_days": 8},
        ),
    )
    assert {"removal", "reconstitution"} <= set(index.rebalances["cause"])
    assert (index.events["event"] == "carried").any()
    return index


@pytest.fixture(scope="module")
def token(index: IndexHistory) -> IndexToken:
    return IndexToken(index=index, fee_per_year=0.02)


def still_index(days: int = 400) -> IndexHistory:
    """Two assets whose prices never move, bought once."""
    dates = pd.date_range("2021-01-01", periods=days)
    prices = pd.DataFrame(2.0, dates, ["a", "b"])
    return build_index(
        MarketData.from_panels(prices, prices),
        rules(
            base_date=dates[1].date(),
            selection={"count": 2},
            schedule={"reconstitution": "never", "lag_days": 1},
        ),
    )


def test_without_trades_the_fee_is_what_a_year_takes() -> None:
    token = IndexToken(index=still_index(), fee_per_year=0.0095)
    left = token.net_asset_value / 100.0
    assert left.iloc[0] == 1.0
    assert left.iloc[365] == pytest.approx((1 - 0.0095 / 365.25) ** 365, rel=1e-14)
    np.testing.assert_allclose(token.units["a"], 25.0 * left, rtol=1e-14)  # 50 USD each at a price of 2


def test_without_a_fee_the_token_is_the_index(index: IndexHistory) -> None:
    token = IndexToken(index=index, fee_per_year=0.0, initial_value=250.0)
    np.testing.assert_allclose(token.net_asset_value, index.level / index.level.iloc[0] * 250, rtol=1e-14)
    assert (token.multiplier == 1).all()
    assert (token.supply(1000.0) == 1000.0).all()


def test_the_units_of_a_token_are_worth_its_net_asset_value_every_day(index: IndexHistory, token: IndexToken) -> None:
    units = token.units
    prices = index.market.prices.ffill().loc[units.index].reindex(columns=units.columns).fillna(0.0)
    np.testing.assert_allclose((units * prices).sum(axis=1), token.net_asset_value, rtol=1e-12)
    assert (units >= 0).all(axis=None)


def test_between_trades_only_the_fee_changes_the_units(index: IndexHistory, token: IndexToken) -> None:
    quiet = ~token.units.index.isin(index.rebalances.index)
    before, after = token.units.shift()[quiet], token.units[quiet]
    np.testing.assert_allclose(after, before * (1 - token.fee_per_day), rtol=1e-12)
    assert quiet.sum() > 50


def test_units_after_a_trade_are_those_of_the_index(index: IndexHistory) -> None:
    """`constituents` counts units per index level: a token from the base value on, without a fee, holds those."""
    token = IndexToken(index=index, fee_per_year=0.0, initial_value=index.methodology.base_value)
    table = index.constituents.groupby(["effective_date", "asset_id"])["units"].last()
    both = index.rebalances.index[index.rebalances.index.duplicated()]
    for (day, asset), units in table.items():
        if day not in both:
            assert token.units.loc[day, asset] == pytest.approx(units, rel=1e-12)


def redenominated() -> tuple[MarketData, pd.DataFrame]:
    market, day, asset = random_market(23, defects=False), "2020-05-04", "asset-00"
    market.prices.loc[day:, asset] /= 1000.0  # a thousand new units for an old one
    table = pd.DataFrame({"date": [pd.Timestamp(day)], "asset_id": [asset], "new_asset_id": [asset], "ratio": [1000.0]})
    return market, table


def test_a_redenomination_multiplies_the_units_and_leaves_the_value() -> None:
    market, table = redenominated()
    methodology = rules(selection={"count": 12}, weighting={"scheme": "equal"})
    index = build_index(market, methodology, migrations=table)
    token = IndexToken(index=index, fee_per_year=0.0)
    units = token.units["asset-00"]
    assert units["2020-05-04"] == pytest.approx(1000.0 * units["2020-05-03"], rel=1e-12)
    worth = (token.units * market.prices.loc[units.index, token.units.columns]).sum(axis=1)
    np.testing.assert_allclose(worth, token.net_asset_value, rtol=1e-12)


def test_cash_is_part_of_a_token_where_nothing_could_be_bought() -> None:
    days = pd.date_range("2021-01-01", periods=60)
    prices = pd.DataFrame({"a": 1.0, "b": 1.0}, index=days)
    prices.iloc[35:] = np.nan  # both die
    index = build_index(
        MarketData.from_panels(prices, prices),
        rules(selection={"count": 2}, schedule={"reconstitution": "weekly", "lag_days": 1}, events={"carry_days": 3}),
    )
    token = IndexToken(index=index, fee_per_year=0.01)
    last = token.units.iloc[-1]
    assert last["cash"] == pytest.approx(token.net_asset_value.iloc[-1], rel=1e-14)
    assert last[["a", "b"]].tolist() == [0, 0]


def test_the_tokens_fee_is_minted_to_the_manager_and_no_value_appears(token: IndexToken, index: IndexHistory) -> None:
    """SetProtocol's rule: phi * S / (1 - phi) new tokens dilute each holder by exactly 1 - phi."""
    supply, phi = token.supply(1000.0), 0.02 / 365.25
    assert supply.iloc[0] == 1000.0
    np.testing.assert_allclose(supply.diff().iloc[1:], phi * supply.shift().iloc[1:] / (1 - phi), rtol=1e-9)
    value = supply * token.net_asset_value
    np.testing.assert_allclose(value, 1000.0 * 100.0 * index.level / index.level.iloc[0], rtol=1e-12)


def test_a_token_cut_at_a_day_is_the_same_up_to_it() -> None:
    market = random_market(22)
    methodology = rules(schedule={"reconstitution": "weekly", "lag_days": 1}, costs={"fee_bps": 20})
    date = market.dates[150]
    whole, cut = (
        IndexToken(index=build_index(data, methodology), fee_per_year=0.01) for data in (market, market.until(date))
    )
    pd.testing.assert_series_equal(
        cut.net_asset_value, whole.net_asset_value.loc[:date], check_exact=True, check_freq=False
    )
    pd.testing.assert_frame_equal(
        cut.units, whole.units.loc[:date, cut.units.columns], check_exact=True, check_freq=False
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda index: IndexToken(index=index, fee_per_year=1.0), "fee_per_year = 1.0: expected a share"),
        (lambda index: IndexToken(index=index, fee_per_year=-0.01), "fee_per_year = -0.01"),
        (lambda index: IndexToken(index=index, fee_per_year=float("nan")), "fee_per_year = nan"),
        (lambda index: IndexToken(index=index, fee_per_year=0.0, initial_value=0.0), "initial_value = 0.0"),
    ],
)
def test_an_impossible_token_is_refused(index: IndexHistory, make, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        make(index)
