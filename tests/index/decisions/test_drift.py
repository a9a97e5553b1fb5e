"""Rebalancing because weights have drifted: when it is called for, what it trades back to, and how often."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from research.index import build_index
from research.index.decisions.drift_bands import back_into_band, band
from research.market import MarketData
from research.rulebook import Schedule
from tests.index.markets import random_market, rules
from tests.index.small_markets import DAYS, flat, market
from tests.index.truncation import assert_truncation_invariant

BASE = dt.date(2021, 1, 10)


def drifting(prices: dict[str, np.ndarray], **schedule: object):
    return build_index(
        market(**prices),
        rules(
            base_date=BASE,
            selection={"count": len(prices)},
            weighting={"scheme": "equal"},
            schedule={"reconstitution": "yearly", "lag_days": 1} | schedule,
        ),
    )


def test_a_memecoin_that_runs_up_to_sixty_per_cent_is_brought_back_to_twenty() -> None:
    runaway = np.where(DAYS >= "2021-01-20", 6.0, 1.0)
    prices = {"a": runaway} | {name: flat(0.9) for name in "bcde"}
    index = drifting(prices, drift_absolute=0.3)
    assert index.weights.loc["2021-01-20", "a"] == pytest.approx(0.6)
    call = index.rebalances.iloc[1]
    assert (call["cause"], call["determination_date"], call.name) == (
        "drift",
        pd.Timestamp("2021-01-20"),
        pd.Timestamp("2021-01-21"),
    )
    assert index.weights.loc["2021-01-21"].to_numpy() == pytest.approx([0.2] * 5)
    assert call["turnover"] == pytest.approx(0.4)
    assert len(index.rebalances) == 2


@pytest.mark.parametrize(
    ("band", "traded"),
    [
        ({"drift_absolute": 0.101}, False),
        ({"drift_absolute": 0.099}, True),
        ({"drift_relative": 0.201}, False),
        ({"drift_relative": 0.199}, True),
        ({"drift_absolute": 0.05, "drift_relative": 0.3}, False),  # the wider of the two counts
        ({"drift_total": 0.101}, False),
        ({"drift_total": 0.099}, True),
    ],
)
def test_the_bands_mean_what_they_say(band: dict, traded: bool) -> None:
    """One of two assets goes from 1 to 1.5: weights 0.6 and 0.4, each 0.1 (a fifth) from its target."""
    index = drifting({"a": np.where(DAYS >= "2021-01-20", 1.5, 1.0), "b": flat()}, **band)
    assert (len(index.rebalances) == 2) is traded


def test_no_drift_is_looked_for_during_the_cool_down() -> None:
    steps = np.where(DAYS >= "2021-01-22", 4.0, np.where(DAYS >= "2021-01-20", 2.0, 1.0))
    index = drifting({"a": steps, "b": flat()}, drift_absolute=0.05, cool_down_days=7)
    assert [str(day.date()) for day in index.rebalances.index] == ["2021-01-10", "2021-01-21", "2021-01-30"]
    assert index.rebalances["determination_date"].iloc[2] == pd.Timestamp("2021-01-29")


def test_trading_to_the_band_stops_at_its_edge() -> None:
    index = drifting({"a": np.where(DAYS >= "2021-01-20", 3.0, 1.0), "b": flat()}, drift_absolute=0.1, drift_to="band")
    assert index.weights.loc["2021-01-21"].to_dict() == pytest.approx({"a": 0.6, "b": 0.4})


weights = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=12)


@given(st.data(), st.floats(0.005, 0.2), st.floats(0.0, 0.5))
def test_back_into_band_adds_up_and_leaves_nobody_outside(
    data: st.DataObject, absolute: float, relative: float
) -> None:
    now = np.array(data.draw(weights))
    target = np.array(data.draw(st.lists(st.floats(0.01, 1.0), min_size=len(now), max_size=len(now))))
    now, target = now / now.sum(), target / target.sum()
    schedule = Schedule(drift_absolute=absolute, drift_relative=relative or None)
    back = back_into_band(now, target, schedule)
    assert back.sum() == pytest.approx(1.0, abs=1e-12)
    assert (np.abs(back - target) <= band(target, schedule) + 1e-12).all()
    assume((np.abs(now - target) <= band(target, schedule)).all())
    np.testing.assert_allclose(back, now, atol=1e-12)


@pytest.mark.parametrize("goal", ["target", "band"])
@pytest.mark.parametrize("seed", range(3))
def test_drift_looks_at_nothing_after_its_day(seed: int, goal: str) -> None:
    methodology = rules(
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "quarterly", "drift_relative": 0.25, "drift_to": goal},
        events={"remove_after_days": 5},
    )
    on_drift = build_index(random_market(seed), methodology).rebalances["cause"].eq("drift")
    assert on_drift.sum() >= 3
    called = on_drift.index[on_drift][:2]
    market = random_market(seed)
    cuts = [day + pd.Timedelta(days=shift) for day in called for shift in (-3, -2, -1, 0, 1)]
    assert_truncation_invariant(market, methodology, [*cuts, market.dates[-10]])


def test_the_target_of_a_band_index_stays_the_target_however_often_it_trades() -> None:
    days = np.arange(len(DAYS))
    prices = {"a": 1.03**days} | {name: flat() for name in "bcd"}
    index = drifting(prices, drift_absolute=0.05, drift_to="band", cool_down_days=1)
    drift = index.rebalances["cause"].eq("drift")
    assert drift.sum() >= 5
    assert index.weights["a"].max() < 0.35  # 25 % plus the band plus a few days of growth


def test_a_member_that_could_not_be_weighted_is_no_drift() -> None:
    frame = pd.DataFrame({"a": flat(3.0), "b": flat(2.0), "c": flat()}, index=DAYS)
    caps = frame * 1000.0
    caps.loc["2021-01-31", "c"] = np.nan  # no cap on one determination day: its units are kept
    index = build_index(
        MarketData.from_panels(frame, caps, frame),
        rules(
            base_date=BASE,
            selection={"count": 3, "min_count": 2},
            schedule={"reconstitution": "quarterly", "rebalance": "monthly", "lag_days": 1, "drift_absolute": 0.05},
        ),
    )
    assert not index.rebalances["cause"].eq("drift").any()
    assert index.weights["c"].iloc[-1] == pytest.approx(1 / 6)
