"""Redenominations and migrations: the level stays, two legs become one; a jump is proposed, a person confirms it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index import build_index
from research.market import MarketData
from research.point_in_time.price_adjustments import propose_redenominations
from tests.conftest import shared
from tests.index.markets import rules
from tests.index.small_markets import DAYS, events_of, flat, market, migrations, missing, three, two

SPLIT = pd.Timestamp("2021-01-20")


def test_a_redenomination_leaves_the_level_where_it_was_and_shows_units_as_they_are_quoted() -> None:
    """A hundred new units for one old: the price is quoted at a hundredth, nothing else happens."""
    b = np.where(DAYS >= SPLIT, 0.02, 2.0)
    index = build_index(market(a=flat(), b=b), two(), migrations=migrations(("2021-01-20", "b", "b", 100.0)))
    assert (index.level == 1000.0).all()
    assert ("2021-01-20", "redenominated") in events_of(index)
    before, after = (index.constituents.query("asset_id == 'b'").iloc[place] for place in (0, 1))
    assert (before["price"], after["price"]) == pytest.approx((2.0, 0.02))
    assert (before["units"], after["units"]) == pytest.approx((250.0, 25_000.0))
    assert index.holdings().set_index("asset_id").loc["b", "price"] == pytest.approx(0.02)


def test_without_the_table_the_jump_is_a_loss_and_is_logged_as_a_collapse() -> None:
    b = np.where(DAYS >= SPLIT, 0.02, 2.0)
    index = build_index(market(a=flat(), b=b), two())
    assert index.level.iloc[-1] == pytest.approx(505.0)
    collapse = index.events.query("event == 'collapse'").iloc[0]
    assert collapse["date"] == SPLIT
    assert collapse["effect_bps"] == pytest.approx(-4950.0)


def test_a_migrated_token_goes_on_at_the_price_of_its_new_id() -> None:
    old, new = (
        missing(flat(2.0), "2021-01-20"),
        missing(np.where(DAYS >= "2021-02-10", 3.0, 1.0), "2021-01-01", "2021-01-15"),
    )
    index = build_index(
        market(a=flat(2.0), old=old, new=new), two(), migrations=migrations(("2021-01-20", "old", "new", 2.0))
    )
    assert index.level["2021-02-09"] == pytest.approx(1000.0)
    assert index.level["2021-02-10"] == pytest.approx(2000.0)
    assert "migrated" in set(index.events["event"])
    assert "removed" not in set(index.events["event"])


def test_both_legs_of_a_migration_become_one_holding() -> None:
    """The index holds old and new when they are merged; afterwards there is one, worth as much as the two."""
    old, new = missing(flat(2.0), "2021-01-21"), flat(1.0)
    index = build_index(
        market(a=flat(0.5), old=old, new=new), two(), migrations=migrations(("2021-01-20", "old", "new", 2.0))
    )
    assert index.weights.loc["2021-01-19"].to_dict() == pytest.approx({"new": 0.5, "old": 0.5, "a": 0.0})
    assert index.weights.loc["2021-01-20"].to_dict() == pytest.approx({"new": 0.0, "old": 1.0, "a": 0.0})
    assert index.level.loc[:"2021-01-31"].to_numpy() == pytest.approx(1000.0)
    assert index.rebalances.loc["2021-01-20", "turnover"] == 0.0


def test_a_jump_with_a_standing_market_cap_is_proposed_with_its_ratio_and_nothing_is_applied() -> None:
    prices = pd.DataFrame(
        {"a": flat(), "b": np.where(DAYS >= SPLIT, 0.02, 2.0), "c": np.where(DAYS >= SPLIT, 9.0, 1.0)}, DAYS
    )
    caps = pd.DataFrame({"a": flat(), "b": flat(1.1), "c": np.where(DAYS >= SPLIT, 9.0, 1.0)}, DAYS)
    proposals = propose_redenominations(MarketData.from_panels(prices, caps))
    assert proposals[["asset_id", "date"]].to_numpy().tolist() == [["b", SPLIT]]
    assert proposals["ratio"].iloc[0] == pytest.approx(100.0)
    index = build_index(MarketData.from_panels(prices, caps), two(), migrations=proposals)
    assert (index.level.loc[:"2021-01-31"] == 1000.0).all()


def test_the_redenominations_of_quick_and_strax_are_proposed_on_the_binance_panel_and_leave_no_trace_once_applied() -> (
    None
):
    table = pd.read_parquet(shared("market/binance_301_ohlcv_daily_to_2025_zzonge.parquet"))
    symbol = next(name for name in ("symbol", "coin_id", "pair") if name in table)
    panels = {
        name: table.assign(date=pd.to_datetime(table["date"])).pivot_table(index="date", columns=symbol, values=name)
        for name in ("close", "volume")
    }
    prices = panels["close"]
    real = MarketData.from_panels(prices, volumes=panels["volume"] * prices)
    proposals = propose_redenominations(real)
    found = {name: proposals[proposals["asset_id"].str.upper().str.startswith(name)] for name in ("QUICK", "STRAX")}
    assert found["QUICK"]["ratio"].iloc[0] == pytest.approx(1 / 0.0008, rel=0.2)
    assert found["STRAX"]["ratio"].iloc[0] == pytest.approx(1 / 0.10, rel=0.2)
    for lines in found.values():
        line = lines.iloc[[0]].assign(ratio=lambda frame: 10.0 ** np.round(np.log10(frame["ratio"])))
        asset, day = line["asset_id"].iloc[0], line["date"].iloc[0]
        methodology = rules(
            base_date=(day - pd.Timedelta(days=20)).date(),
            selection={"count": 1, "rank_by": "volume"},
            weighting={"scheme": "equal"},
            schedule={"reconstitution": "yearly", "lag_days": 1},
            events={"remove_after_days": 60, "carry_days": 60},
        )
        alone = MarketData.from_panels(prices[[asset]], volumes=panels["volume"][[asset]] * prices[[asset]])
        day_return = build_index(alone, methodology, migrations=line).level.pct_change()[day]
        assert abs(day_return) < 0.35  # a day like others, not -99.9 %
        assert build_index(alone, methodology).level.pct_change()[day] < -0.5


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (migrations(("2021-01-20", "b", "b", 0.0)), "ratio of b on 2021-01-20 is 0.0: expected a number above 1e-12"),
        (migrations(("2021-01-20", "b", "b", "1:100")), "ratio of b on 2021-01-20 is '1:100': expected a number"),
        (migrations(("2021-01-20", "bb", "b", 1.0)), "migrations: no asset 'bb' in the market: did you mean 'b'"),
        (migrations(("soon", "b", "b", 1.0)), "'soon' is not a date"),
        (migrations(("2020-01-20", "b", "b", 1.0)), "lies before the data, which begin on 2021-01-01"),
        (migrations().drop(columns="ratio"), "missing column 'ratio': expected date, asset_id, new_asset_id, ratio"),
    ],
)
def test_a_wrong_table_is_refused(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        build_index(market(a=flat(), b=flat()), two(), migrations=table)


@pytest.mark.parametrize("day", ["2021-01-30", "2021-01-31", "2021-02-01", "2021-02-02"])
@pytest.mark.parametrize("haircut", [0.0, 1.0])
def test_a_migration_around_a_determination_neither_loses_the_position_nor_kills_it(day: str, haircut: float) -> None:
    """Determination 2021-01-31, effective 2021-02-01; at constant prices nothing may move the level."""
    old, new = missing(flat(2.0), str(pd.Timestamp(day).date())), flat(1.0)
    index = build_index(
        market(a=flat(1.5), old=old, new=new),
        rules(
            base_date=dt.date(2021, 1, 10),
            selection={"count": 3, "min_count": 1},
            weighting={"scheme": "equal"},
            schedule={"reconstitution": "monthly", "lag_days": 1},
            events={"removal_haircut": haircut},
        ),
        migrations=migrations((day, "old", "new", 2.0)),
    )
    assert index.level.to_numpy() == pytest.approx(1000.0)
    assert index.dead_token_sensitivity == pytest.approx(0.0)
    assert "removed" not in set(index.events["event"])
    assert index.weights["old"].iloc[-1] > 0.3
    held = index.holdings()
    assert held["asset_id"].is_unique
    assert (held["units"] * held["price"]).sum() == pytest.approx(1000.0)


def test_holdings_show_units_as_they_are_quoted_on_the_day() -> None:
    b = np.where(DAYS >= "2021-02-10", 0.02, 2.0)
    index = build_index(market(a=flat(), b=b), two(), migrations=migrations(("2021-02-10", "b", "b", 100.0)))
    held = index.holdings().set_index("asset_id")
    assert (held["units"] * held["price"]).to_dict() == pytest.approx({"a": 500.0, "b": 500.0})


def test_drift_after_a_migration_is_measured_and_traded_in_the_asset_that_goes_on() -> None:
    """Both legs were members: together they have two thirds, whatever is traded later."""
    a = np.where(DAYS >= "2021-01-25", 3.0, 1.0)
    index = build_index(
        market(a=a, old=flat(2.0), new=flat(1.0)),
        three(schedule={"drift_absolute": 0.1}),
        migrations=migrations((str(SPLIT.date()), "old", "new", 2.0)),
    )
    drift = index.rebalances[index.rebalances["cause"] == "drift"]
    assert list(drift.index) == [pd.Timestamp("2021-01-26")]
    assert index.weights.loc["2021-01-26"].to_dict() == pytest.approx({"a": 1 / 3, "new": 0.0, "old": 2 / 3})
    steps = index.weight_steps().set_index("asset_id")["final"]
    assert steps.to_dict() == pytest.approx({"a": 1 / 3, "old": 2 / 3})
