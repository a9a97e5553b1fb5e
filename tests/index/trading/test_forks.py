"""Forks and airdrops: what holders receive, when it counts, and when it is sold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index import build_index
from tests.index.small_markets import DAYS, flat, forks, market, migrations, removals, three, two

SPLIT = pd.Timestamp("2021-01-20")


def forked(**options: object):
    """Half in a, half in b (1000 each at the base); b forks at par on the 20th, and its price falls by a quarter."""
    b = np.where(DAYS >= SPLIT, 0.75, 1.0)
    new = options.pop("new", np.where(DAYS >= "2021-01-22", 0.25, np.nan))
    table = options.pop("forks", forks(("2021-01-20", "b", "c", 1.0)))
    return build_index(market(a=flat(), b=b, c=new), two(**options), forks=table)


def test_what_a_fork_brings_counts_from_its_first_price_and_is_sold_at_the_next_one() -> None:
    index = forked()
    level = index.level
    assert level["2021-01-19"] == pytest.approx(1000.0)
    assert level["2021-01-21"] == pytest.approx(875.0)  # no price yet
    assert level["2021-01-22":"2021-01-30"].to_numpy() == pytest.approx(1000.0)
    assert index.weights.loc["2021-01-22"].to_dict() == pytest.approx({"a": 0.5, "b": 0.375, "c": 0.125})
    assert index.weights.loc["2021-01-23"].to_dict() == pytest.approx({"a": 4 / 7, "b": 3 / 7, "c": 0.0})
    happened = index.events.set_index("event")
    days = {event: str(happened.loc[event, "date"].date()) for event in ("forked", "fork valued", "fork sold")}
    assert days == {"forked": "2021-01-20", "fork valued": "2021-01-22", "fork sold": "2021-01-23"}
    assert happened.loc["fork valued", "effect_bps"] == pytest.approx(125 / 875 * 1e4)
    assert happened.loc["forked", "detail"] == "1 c for each held: to be sold when they trade"
    parts = index.contributions
    assert parts.loc["2021-01-22", "c"] == pytest.approx(125 / 875)
    np.testing.assert_allclose(parts.sum(axis=1), level.pct_change().iloc[1:], atol=1e-14)
    trades = index.rebalances.loc["2021-01-22":"2021-01-23"]
    assert trades["cause"].tolist() == ["fork", "fork"]
    assert trades["turnover"].tolist() == pytest.approx([0.0, 0.125])
    start = index.rebalances["divisor"].iloc[0]
    assert trades["divisor"].tolist() == pytest.approx([start, start * 0.875])  # D * sum / (sum + spin)
    token = index.token()
    prices = index.market.prices.ffill().fillna(0.0).loc[index.level.index]
    np.testing.assert_allclose((token.units * prices[token.units.columns]).sum(axis=1), token.net_asset_value)


def test_a_coin_priced_on_the_day_of_the_fork_leaves_no_gap_in_the_level() -> None:
    index = forked(new=np.where(DAYS >= SPLIT, 0.25, np.nan))
    assert index.level.to_numpy()[:20] == pytest.approx(1000.0)
    assert index.weights.loc["2021-01-21", "c"] == 0.0


def test_a_forks_coins_are_not_sold_by_a_rebalance_on_the_day_of_their_first_price() -> None:
    b = np.where(DAYS >= "2021-01-28", 0.75, 1.0)
    table = forks(("2021-01-28", "b", "c", 1.0))
    index = build_index(
        market(a=flat(), b=b, c=np.where(DAYS >= "2021-02-01", 0.25, np.nan)), two(), forks=table
    )  # effective day of the rebalance: 2021-02-01
    assert index.weights.loc["2021-02-01", "c"] == pytest.approx(0.125)
    assert index.weights.loc["2021-02-02", "c"] == 0.0
    said = index.events[index.events["event"] == "not traded"]["detail"].iloc[0]
    assert said == "brought by a fork, first price today: sold at the next close: units kept"
    assert index.level["2021-02-01":].to_numpy() == pytest.approx(1000.0)


def test_a_member_removed_on_the_day_of_its_fork_has_been_held_to_that_day() -> None:
    index = build_index(
        market(a=flat(), b=np.where(DAYS >= SPLIT, 0.75, 1.0), c=flat(0.25)),
        two(),
        forks=forks(("2021-01-20", "b", "c", 1.0)),
        removals=removals(("2021-01-19", "b", "halted")),
    )
    assert index.weights.loc["2021-01-20", "b"] == 0.0
    assert index.level["2021-01-20":].to_numpy() == pytest.approx(1000.0)


def test_without_the_table_a_fork_is_a_loss_and_the_caveat_says_what_is_not_in_the_index() -> None:
    index = forked(forks=None)
    assert index.level.iloc[-1] < 900
    assert any("staking income, airdrops and forks are not in it" in line for line in index.caveats)


def test_the_sale_of_a_forks_coins_is_paid_for() -> None:
    gross, net = forked(), forked(costs={"fee_bps": 100})
    cost = 1 - net.level["2021-01-23"] / gross.level["2021-01-23"]
    assert cost == pytest.approx(2 * 0.125 * 0.01, rel=0.02)  # the coins sold, the members bought


def test_a_forks_coins_without_a_price_for_a_month_are_given_up() -> None:
    index = forked(new=np.where(DAYS >= "2021-02-22", 0.25, np.nan))
    assert index.level.iloc[-1] < 900
    given_up = index.events[index.events["event"] == "fork given up"].iloc[0]
    assert (given_up["date"], given_up["detail"]) == (SPLIT + pd.Timedelta(days=30), "c has no price for 30 days")


def test_a_fork_counts_what_was_held_before_the_trades_of_its_day_in_the_units_quoted() -> None:
    """On the 15th b is redenominated at 100 to 1; ten quoted units bring one coin."""
    b = np.where(DAYS >= SPLIT, 0.0075, np.where(DAYS >= "2021-01-15", 0.01, 1.0))
    new = np.where(DAYS >= "2021-01-22", 0.025, np.nan)
    index = build_index(
        market(a=flat(), b=b, c=new),
        two(),
        migrations=migrations(("2021-01-15", "b", "b", 100.0)),
        forks=forks(("2021-01-20", "b", "c", 0.1)),
    )
    assert index.level["2021-01-23":"2021-01-30"].to_numpy() == pytest.approx(1000.0)


def test_coins_of_a_fork_are_added_where_the_new_coin_is_held_anyway() -> None:
    b = np.where(DAYS >= SPLIT, 0.75, 1.0)
    index = build_index(
        market(a=flat(), b=b, c=flat(0.25)),
        three(),
        forks=forks(("2021-01-20", "b", "c", 1.0)),
    )
    assert index.level.to_numpy() == pytest.approx(1000.0)
    assert index.weights.loc["2021-01-22"].to_dict() == pytest.approx({"a": 4 / 11, "b": 3 / 11, "c": 4 / 11})


def test_a_fork_into_itself_is_refused() -> None:
    with pytest.raises(DataError, match=r"forks: b on 2021-01-20 forks into itself"):
        forked(forks=forks(("2021-01-20", "b", "b", 1.0)))


def test_coins_of_two_forks_are_sold_together_and_leave_nothing() -> None:
    a, b = (np.where(DAYS >= SPLIT, price, 1.0) for price in (0.5, 0.75))
    index = build_index(
        market(a=a, b=b, c=np.where(DAYS >= SPLIT, 0.25, np.nan), d=np.where(DAYS >= SPLIT, 0.1, np.nan)),
        two(),
        forks=forks(("2021-01-20", "b", "c", 1.0), ("2021-01-20", "a", "d", 5.0)),
    )
    assert index.level[:"2021-01-30"].to_numpy() == pytest.approx(1000.0)
    assert index.weights.loc["2021-01-21"].to_dict() == pytest.approx({"a": 0.4, "b": 0.6, "c": 0.0, "d": 0.0})
    assert (index.rebalances["cause"] == "fork").sum() == 3  # two taken up, one sale
