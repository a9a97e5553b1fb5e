"""The token of an index: the fee's closed form, units worth the net asset value, and nobody loses by others' moves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import DataError, MethodologyError
from research.index import IndexHistory, build_index
from research.index.analysis.index_token import IndexToken
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
    assert (token.supply(1000.0)["supply"] == 1000.0).all()


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
    assert token.mint(2.0, supply=1.0).units.to_dict() == pytest.approx({"cash": 2 * last["cash"]})


def test_the_tokens_fee_is_minted_to_the_manager_and_no_value_appears(token: IndexToken, index: IndexHistory) -> None:
    """SetProtocol's rule: phi * S / (1 - phi) new tokens dilute each holder by exactly 1 - phi."""
    table = token.supply(1000.0)
    phi = 0.02 / 365.25
    np.testing.assert_allclose(
        table["fee_tokens"].iloc[1:], phi * table["supply"].shift().iloc[1:] / (1 - phi), rtol=1e-14
    )
    np.testing.assert_allclose(table["supply"], 1000.0 / token.multiplier, rtol=1e-12)
    np.testing.assert_allclose(
        table["assets_under_management"], 1000.0 * 100.0 * index.level / index.level.iloc[0], rtol=1e-12
    )
    assert table["fee_tokens"].iloc[0] == 0


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.integers(0, 150))
def test_minting_conserves_value_and_redeeming_gives_back_what_was_put_in(
    token: IndexToken, supply: float, tokens: float, place: int
) -> None:
    day = token.net_asset_value.index[place % len(token.net_asset_value)]
    nav = token.net_asset_value[day]
    minted = token.mint(tokens, supply=supply, date=day)
    assert (supply * nav + minted.value) / minted.supply == pytest.approx(nav, rel=1e-12)
    back = token.redeem(tokens, supply=minted.supply, date=day)
    assert back.supply == pytest.approx(supply, rel=1e-9, abs=1e-15 * (supply + tokens))
    assert minted.value + back.value == 0
    pd.testing.assert_series_equal(minted.units, -back.units)
    assert (minted.units > 0).all()


def test_units_put_in_are_worth_the_tokens(index: IndexHistory, token: IndexToken) -> None:
    minted = token.mint(3.0, supply=10.0)
    prices = index.market.prices.ffill().iloc[-1][minted.units.index]
    assert (minted.units * prices).sum() == pytest.approx(minted.value, rel=1e-12)
    assert minted.value == pytest.approx(3 * token.net_asset_value.iloc[-1], rel=1e-14)
    assert minted.supply == 13.0


def test_the_moves_of_others_do_not_touch_a_holder(token: IndexToken) -> None:
    days = token.net_asset_value.index
    alone, crowded = token.supply(100.0), token.supply(100.0, {days[10]: 5000.0, days[60]: -4000.0})
    pd.testing.assert_series_equal(alone["net_asset_value"], crowded["net_asset_value"], check_exact=True)
    assert crowded["issued"][days[10]] == 5000.0
    flow = (crowded["issued"] * crowded["net_asset_value"]).iloc[10]
    assert crowded["assets_under_management"].iloc[10] - alone["assets_under_management"].iloc[10] == pytest.approx(
        flow
    )
    there_and_back = token.supply(100.0, {days[10]: 5000.0, days[11]: -5000.0})
    grown = 5000.0 * token.fee_per_day / (1 - token.fee_per_day)  # the manager's fee on the visitor's one night
    np.testing.assert_allclose(
        (there_and_back["supply"] - alone["supply"]).iloc[11:],
        grown * token.multiplier.iloc[11] / token.multiplier.iloc[11:],
        rtol=1e-6,
    )


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


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda token: token.mint(0.0, supply=1.0), "tokens = 0.0: expected a positive number"),
        (lambda token: token.mint(float("inf"), supply=1.0), "tokens = inf"),
        (lambda token: token.mint(1.0, supply=-1.0), "supply = -1.0"),
        (lambda token: token.redeem(-1.0, supply=1.0), "tokens = -1.0"),
        (lambda token: token.redeem(2.0, supply=1.0), "redeem 2.0 of 1.0 tokens"),
        (lambda token: token.mint(1.0, supply=1.0, date="2019-01-01"), "no close on 2019-01-01: it runs from"),
        (lambda token: token.mint(1.0, supply=1.0, date="soon"), "'soon' is not a date"),
        (lambda token: token.supply(0.0), "initial_supply = 0.0"),
        (lambda token: token.supply(10.0, {"2030-01-01": 1.0}), "no close on 2030-01-01"),
        (lambda token: token.supply(10.0, {"2020-05-01": float("nan")}), "issued: nan tokens on 2020-05-01"),
        (lambda token: token.supply(10.0, {"2020-05-01": -20.0}), "2020-05-01: 20.0 tokens redeemed, but only 10"),
    ],
)
def test_impossible_mints_and_redemptions_are_refused(token: IndexToken, act, message: str) -> None:
    with pytest.raises(DataError, match=message):
        act(token)
