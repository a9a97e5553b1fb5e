"""Turnover and costs: closed forms, and what trading a fraction more or less would leave."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.index import build_index
from research.index.costs import cost_fraction
from research.market import MarketData
from tests.index.markets import random_market, rules


def test_replacing_everything_costs_the_sale_and_the_purchase_of_what_is_left() -> None:
    rate = 0.01
    cost = cost_fraction(np.array([1.0, 0.0]), np.array([0.0, 1.0]), rate)
    assert 1 - cost == pytest.approx((1 - rate) / (1 + rate), abs=1e-15)


@given(
    st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1, max_size=20),
    st.floats(0, 0.2),
)
def test_what_is_paid_is_exactly_the_rate_on_what_is_traded(pairs: list, rate: float) -> None:
    before, after = (np.array(side) / sum(side) for side in zip(*pairs, strict=True))
    cost = cost_fraction(before, after, rate)
    assert 0 <= cost < 1
    assert cost == pytest.approx(rate * np.abs((1 - cost) * after - before).sum(), abs=1e-15)


def test_net_is_gross_times_one_minus_every_cost() -> None:
    index = build_index(random_market(5, defects=False), rules(costs={"fee_bps": 20, "half_spread_bps": 30}))
    assert (index.rebalances["cost"].iloc[1:] > 0).all()
    assert index.rebalances["cost"].iloc[0] == 0.0  # the base value is what the first basket is worth
    kept = (1 - index.rebalances["cost"]).prod()
    assert index.level.iloc[-1] / index.gross_level.iloc[-1] == pytest.approx(kept, rel=1e-14)


def test_without_costs_net_and_gross_are_one_and_the_level_is_continuous_through_rebalances() -> None:
    index = build_index(random_market(6, defects=False), rules(schedule={"reconstitution": "weekly"}))
    pd.testing.assert_series_equal(index.level, index.gross_level, check_exact=True)
    position = index.constituents[index.constituents["weight"] > 0]
    value = (position["units"] * position["price"]).groupby(position["effective_date"]).sum()
    np.testing.assert_allclose(value, index.level[value.index], rtol=1e-13)


def test_turnover_is_half_the_sum_of_absolute_changes() -> None:
    days = pd.date_range("2021-01-01", "2021-02-05")
    prices = pd.DataFrame({"a": np.where(days >= "2021-01-20", 3.0, 1.0), "b": 1.0}, index=days)
    index = build_index(
        MarketData.from_panels(prices, prices * 10),
        rules(
            base_date=dt.date(2021, 1, 10),
            selection={"count": 2},
            weighting={"scheme": "equal"},
            schedule={"lag_days": 1},
        ),
    )
    assert index.rebalances["turnover"].tolist() == [1.0, 0.25]
