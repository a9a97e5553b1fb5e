"""Which stablecoin the leg is in, how it is exchanged, and what that leaves alone."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.index import IndexHistory, build_index
from research.market import MarketData
from tests.index.markets import COINS, random_market, rules, with_stablecoins
from tests.index.small_markets import DAYS, flat

BASE = dt.date(2021, 1, 11)  # a Monday: determinations on Sundays, effective on Mondays


def signals(*lines: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "signal"])


HALF = signals(("2021-01-09", "a", "bullish"), ("2021-01-09", "b", "bearish"))


def overlaid(
    prices: dict, table: pd.DataFrame | None = HALF, *, schedule: dict | None = None, **tables
) -> IndexHistory:
    coins = [name for name in prices if name.startswith("usd")]
    tags = pd.DataFrame({"asset_id": coins, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    panel = pd.DataFrame(prices, index=DAYS)
    sizes = {"a": 3e6, "b": 2e6, "c": 1e6}
    caps = panel * pd.Series(sizes).reindex(panel.columns).fillna(1e3)
    overlay = {"stable_leg": coins, "max_signal_age_days": 365} | tables.pop("overlay", {})
    calendar = {"reconstitution": "monthly", "rebalance": "weekly", "lag_days": 1} | (schedule or {})
    if calendar["rebalance"] == "weekly":
        calendar["weekday"] = "sunday"
    return build_index(
        MarketData.from_panels(panel, caps, caps / 100, tags=tags.astype({"valid_from": "datetime64[us]"})),
        rules(
            base_date=BASE,
            universe={"exclude_tags": ["stablecoin"]},
            weighting={"scheme": "equal"},
            schedule=calendar,
            overlay=overlay,
            **({"selection": {"count": 2, "min_count": 1}} | tables),
        ),
        signals=table,
    )


def rising(day: str, to: float) -> np.ndarray:
    return np.where(day <= DAYS.strftime("%Y-%m-%d"), to, 1.0)


def at(day: str, value: float, others: float = 1.0) -> np.ndarray:
    return np.where(pd.Timestamp(day) == DAYS, value, others)


def test_a_switch_moves_the_leg_at_market_and_leaves_the_members_units_alone() -> None:
    """The old coin falls on between the decision and the effective day: that is the leg's loss, not a trade."""
    drifting = 1 + np.arange(len(DAYS)) / 100
    usd = np.where(DAYS >= "2021-01-15", 0.5, np.where(DAYS >= "2021-01-14", 0.9, 1.0))
    index = overlaid({"a": drifting, "b": flat(), "usd": usd, "usd2": flat(1.002)}, costs={"fee_bps": 10})
    [day] = index.rebalances.index[index.rebalances["cause"] == "stable switch"]
    assert day == pd.Timestamp("2021-01-15")
    trade = next(trade for trade in index.trades if trade.cause == "stable switch")
    names = index.source.asset_ids[trade.assets].tolist()
    units = dict(zip(names, trade.units, strict=True))
    before = index.segments[0]
    held = dict(zip(index.source.asset_ids[before.assets].tolist(), before.units, strict=True))
    assert units["a"] == held["a"]  # to the last bit
    assert units["usd"] == 0.0
    assert units["usd2"] * 1.002 == pytest.approx(held["usd"] * 0.5, rel=1e-14)
    assert trade.turnover == pytest.approx(trade.before[names.index("usd")], rel=1e-14)
    sold = trade.before[names.index("usd")]
    assert trade.cost == pytest.approx(2 * sold * 0.001, rel=0.01)
    event = index.events[index.events["event"] == "stable switch"].iloc[0]
    assert event["asset_id"] == "usd"
    assert event["detail"] == "lost its peg by 2021-01-14: exchanged for usd2 at market; effect: costs"
    assert event["effect_bps"] == pytest.approx(-trade.cost * 1e4)


def test_after_a_switch_the_target_is_the_one_decided_before_under_the_new_coin() -> None:
    """A switch must not turn drifted weights into the target that later drift is measured from."""
    rising = np.where(DAYS >= "2021-01-12", 1.1, 1.0)
    index = overlaid(
        {"a": rising, "b": flat(), "usd": np.where(DAYS >= "2021-01-14", 0.95, 1.0), "usd2": flat()},
        schedule={"reconstitution": "never", "rebalance": "never", "drift_absolute": 0.2},
    )
    steps = index.weight_steps("2021-01-20").set_index("asset_id")
    assert steps["final"].to_dict() == pytest.approx({"a": 0.5, "b": 0.0, "usd2": 0.5})
    assert steps.loc["a", "raw"] == pytest.approx(0.6)
    np.testing.assert_allclose(steps.drop(columns=["symbol", "final"]).sum(axis=1), steps["final"], atol=1e-15)
    switched = index.constituents[index.constituents["cause"] == "stable switch"].set_index("asset_id")
    assert switched["target_weight"].to_dict() == pytest.approx({"a": 0.5, "usd": 0.0, "usd2": 0.5})
    assert index.weights.loc["2021-01-15", "a"] == pytest.approx(0.55 / (0.55 + 0.475))


@pytest.mark.parametrize(
    ("peg", "coin"),
    [
        (at("2021-01-17", 0.985), "usd"),  # a wobble on the day of the determination: within the limit, once
        (at("2021-01-17", 0.96), "usd2"),  # beyond the limit
        (np.where((DAYS >= "2021-01-15") & (DAYS <= "2021-01-17"), 0.985, 1.0), "usd2"),  # beyond the warning thrice
    ],
)
def test_a_rebalance_keeps_the_coin_held_until_its_peg_is_broken(peg: np.ndarray, coin: str) -> None:
    index = overlaid({"a": flat(), "b": flat(), "usd": peg, "usd2": flat()})
    assert index.weights.loc["2021-01-18", coin] == pytest.approx(0.5, abs=0.005)


def test_a_new_leg_starts_in_the_first_coin_within_the_warning_band() -> None:
    index = overlaid({"a": flat(), "b": flat(), "usd": at("2021-01-10", 0.985), "usd2": flat()})
    assert index.weights.loc["2021-01-11", "usd2"] == pytest.approx(0.5)


def test_the_peg_is_watched_while_other_decisions_wait() -> None:
    """With decisions every day and a lag of two, one is always waiting."""
    prices = {"a": flat(), "b": flat(), "usd": np.where(DAYS >= "2021-01-20", 0.9, 1.0), "usd2": flat()}
    index = overlaid(prices, schedule={"rebalance": "weekly", "lag_days": 10})
    switch = index.rebalances[index.rebalances["cause"] == "stable switch"]
    assert list(switch.index) == [pd.Timestamp("2021-01-30")]


def test_a_switch_lapses_where_the_new_coin_has_no_price_and_is_called_again() -> None:
    gone = np.where(DAYS == "2021-01-15", np.nan, 1.0)
    prices = {"a": flat(), "b": flat(), "usd": np.where(DAYS >= "2021-01-14", 0.9, 1.0), "usd2": gone}
    index = overlaid(prices, schedule={"reconstitution": "never", "rebalance": "never"})
    switch = index.rebalances[index.rebalances["cause"] == "stable switch"]
    # called on the 14th, lapses on the 15th, a day without a coin to call for; called on the 16th
    assert list(switch.index) == [pd.Timestamp("2021-01-17")]
    lapsed = index.events[index.events["event"] == "not traded"]
    assert lapsed["detail"].iloc[0].startswith("the switch decided 2021-01-14 lapses")


def test_a_coin_beyond_the_warning_is_logged_once_until_it_is_back() -> None:
    usd = np.where((DAYS >= "2021-01-13") & (DAYS <= "2021-01-14"), 0.985, 1.0)
    index = overlaid({"a": flat(), "b": flat(), "usd": usd, "usd2": flat()})
    warnings = index.events[index.events["event"] == "peg warning"]
    assert warnings["date"].tolist() == [pd.Timestamp("2021-01-13")]
    assert warnings["detail"].iloc[0] == "-1.50% from 1 USD"
    assert warnings["effect_bps"].iloc[0] == pytest.approx(0.5 * -150)


# ---------------------------------------------------------------------- limits on trading


def test_fully_invested_leaves_nothing_in_the_leg_for_small_trades_left_undone() -> None:
    """The change of one of three is below the minimum trade; what it leaves over is the others', not for the leg."""
    prices = {"a": flat(), "b": rising("2021-01-12", 1.2), "c": rising("2021-01-12", 0.86), "usd": flat()}
    everyone = signals(*[("2021-01-09", name, "bullish") for name in "abc"])
    index = overlaid(
        prices, everyone, overlay={"mode": "fully_invested", "min_trade": 0.02}, selection={"count": 3, "min_count": 1}
    )
    done = index.constituents[index.constituents["effective_date"] == "2021-01-18"].set_index("asset_id")
    assert done.loc["a", "trade"] == pytest.approx(0.0, abs=1e-15)
    assert (done.loc[["b", "c"], "trade"].abs() > 0.02).all()
    assert "usd" not in done.index
    assert done["weight"].sum() == pytest.approx(1.0, abs=1e-14)


def test_without_a_stablecoin_the_limits_on_trades_hold_all_the_same() -> None:
    prices = {"a": flat(), "b": rising("2021-01-12", 3.0), "usd": flat(0.9)}
    everyone = signals(("2021-01-09", "a", "bullish"), ("2021-01-09", "b", "bullish"))
    index = overlaid(prices, everyone, overlay={"max_turnover": 0.1})
    assert index.rebalances.loc["2021-01-18", "turnover"] == pytest.approx(0.1)
    assert "limited to 10.0%" in index.rebalances.loc["2021-01-18", "notes"]


@pytest.mark.parametrize("lag", [0, 1, 3])
def test_the_turnover_of_any_seven_days_of_determinations_stays_within_the_limit(lag: int) -> None:
    """From half in the leg to none of it: with a weekly limit of 10 % that takes five weeks, whatever the lag."""
    table = pd.concat([HALF, signals(("2021-01-13", "b", "bullish"))])
    prices = {"a": flat(), "b": flat(), "usd": flat()}
    index = overlaid(prices, table, schedule={"rebalance": "daily", "lag_days": lag}, overlay={"max_turnover": 0.1})
    turnover = index.rebalances["turnover"].iloc[1:].reindex(DAYS, fill_value=0.0)
    assert turnover.rolling(7).sum().max() == pytest.approx(0.1)
    leg = index.weights["usd"]
    assert leg.iloc[0] == pytest.approx(0.5)
    assert leg.diff().max() <= 1e-12  # no decision takes back what another one has planned
    assert leg["2021-02-09"] > 0.05
    assert leg.iloc[-1] == pytest.approx(0.0, abs=1e-12)


def test_a_broken_coin_is_left_whatever_the_limit_on_turnover() -> None:
    prices = {"a": flat(), "b": flat(), "usd": at("2021-01-17", 0.95), "usd2": flat()}
    index = overlaid(prices, overlay={"max_turnover": 0.01})
    assert index.weights.loc["2021-01-18", "usd"] == 0.0


def test_the_only_coin_losing_its_peg_is_no_reason_to_buy_what_the_signals_sell() -> None:
    """Half is in the leg when the peg goes, and stays there; both members are bearish by then, and stay as well."""
    table = pd.concat([HALF, signals(("2021-01-20", "a", "bearish"))])
    index = overlaid({"a": flat(), "b": flat(), "usd": np.where(DAYS >= "2021-01-20", 0.9, 1.0)}, table)
    notes = index.rebalances.loc["2021-01-25":, "notes"]
    assert (notes == "no stablecoin of the stable leg has a price and keeps its peg: nothing trades").all()
    assert index.rebalances.loc["2021-01-25":, "turnover"].to_numpy() == pytest.approx(0.0, abs=1e-15)
    assert index.weights["usd"].iloc[-1] == pytest.approx(0.45 / 0.95)


# ---------------------------------------------------------------------- properties


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**16), lag=st.integers(0, 9), mode=st.sampled_from(["to_stable", "fully_invested"]))
def test_a_switch_changes_no_members_units_and_costs_only_its_spread(seed: int, lag: int, mode: str) -> None:
    market = with_stablecoins(random_market(seed, days=150), seed)
    lines = [(day, asset) for day in market.dates[::7] for asset in market.prices.columns]
    table = pd.DataFrame(lines, columns=["date", "asset_id"])
    words = np.random.default_rng(seed).choice(["bullish", "neutral", "bearish"], len(table))
    index = build_index(
        market,
        rules(
            universe={"exclude_tags": ["stablecoin"]},
            schedule={"reconstitution": "monthly", "rebalance": "weekly", "lag_days": lag, "drift_total": 0.2},
            overlay={"stable_leg": list(COINS), "mode": mode},
        ),
        signals=table.assign(signal=words),
    )
    trades = [trade for trade in index.trades if trade.cause == "stable switch"]
    for trade in trades:
        names = index.source.asset_ids[trade.assets]
        members = ~np.isin(names, COINS)
        segment = next(segment for segment in index.segments if segment.stop == trade.row and len(segment.assets))
        held = dict(zip(segment.assets.tolist(), segment.units.tolist(), strict=True))
        if len([other for other in index.trades if other.row == trade.row]) == 1:
            assert trade.units[members].tolist() == [held[asset] for asset in trade.assets[members].tolist()]
        assert trade.after.sum() + trade.cash_after == pytest.approx(1.0, abs=1e-14)
    contributions = index.contributions.sum(axis=1)
    np.testing.assert_allclose(contributions, index.level.pct_change().iloc[1:], atol=1e-12)
