"""Redenominations, migrations, extraordinary removals, collapses and outlier prints."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import DataError
from research.index import build_index
from research.index.counterfactuals import counterfactuals
from research.market import MarketData
from research.point_in_time.price_adjustments import propose_redenominations, quarantine
from tests.index.markets import random_market, rules
from tests.index.trading.test_events import DAYS, events_of, flat, market, missing
from tests.index.truncation import assert_same_up_to

SPLIT = pd.Timestamp("2021-01-20")


def migrations(*lines: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "new_asset_id", "ratio"])


def forks(*lines: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "new_asset_id", "ratio"])


def removals(*lines: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "reason"])


def two(**options: object) -> object:
    return rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 2, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "monthly", "lag_days": 1},
        **options,
    )


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


def test_an_announced_removal_is_sold_at_the_next_close_with_a_price_and_not_chosen_again() -> None:
    b = np.where(DAYS >= "2021-01-22", 0.5, 1.0)
    b = missing(b, "2021-01-21", "2021-01-21")
    index = build_index(
        market(a=flat(0.8), b=b, c=flat(0.1)), two(), removals=removals(("2021-01-20", "b", "exchange failed"))
    )
    assert events_of(index)[-1] == ("2021-01-22", "removed")
    assert "exchange failed, announced 2021-01-20" in index.events["detail"].iloc[-1]
    assert index.level["2021-01-22"] == pytest.approx(750.0)
    pd.testing.assert_series_equal(index.level, index.level_if_removed_at_zero, check_names=False)  # it was sold
    later = index.decisions.query("asset_id == 'b' and determination_date >= '2021-01-31'")
    assert not later["eligible"].any()
    assert list(index.holdings()["asset_id"]) == ["a", "c"]


def test_freed_weight_can_wait_in_the_stable_leg_until_the_next_rebalance() -> None:
    tags = pd.DataFrame({"asset_id": ["usd"], "tag": ["stablecoin"], "valid_from": [pd.NaT], "static": [False]})
    prices = pd.DataFrame({"a": flat(), "b": missing(flat(), "2021-01-12"), "usd": flat(0.999)}, index=DAYS)
    methodology = two(
        universe={"exclude_tags": ["stablecoin"]},
        overlay={"stable_leg": ["usd"], "signals": False},
        events={"freed_weight": "stable"},
    )
    index = build_index(
        MarketData.from_panels(prices, prices * 1e3, prices, tags=tags.astype({"valid_from": "datetime64[us]"})),
        methodology,
    )
    assert index.weights.loc["2021-01-22"].to_dict() == pytest.approx({"a": 0.5, "b": 0.0, "usd": 0.5})
    assert index.weights.loc["2021-02-01"].to_dict() == pytest.approx({"a": 1.0, "b": 0.0, "usd": 0.0})


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
    from tests.conftest import shared

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
    ("prints", "kept"),
    [
        ([1, 1, 9, 1, 1], [1, 1, None, 1, 1]),  # one wrong print
        ([1, 1, 9, 9, 9], [1, 1, None, 9, 9]),  # a new level, believed on its second day
        ([1, 9, 0.1, 1, 1], [1, None, None, 1, 1]),
        ([1, None, 9, None, 9], [1, None, None, None, 9]),
        ([1, 2, 4, 8, 16], [1, 2, 4, 8, 16]),
    ],
)
def test_a_print_far_from_the_last_accepted_one_waits_for_a_second(prints: list, kept: list) -> None:
    column = np.array([[np.nan if price is None else price] for price in prints], dtype=float)
    cleaned, log = quarantine(column, 1.5)
    np.testing.assert_array_equal(
        cleaned[:, 0], np.array([np.nan if price is None else price for price in kept], dtype=float)
    )
    assert len(log) == sum(a is not None and b is None for a, b in zip(prints, kept, strict=True))


def test_an_outlier_does_not_move_the_level_of_an_index_that_holds_prints_back() -> None:
    b = np.where(DAYS == SPLIT, 50.0, 1.0)
    assert build_index(market(a=flat(), b=b), two()).level.max() > 20_000
    calm = build_index(market(a=flat(), b=b), two(events={"outlier_jump": 1.5}))
    assert (calm.level == 1000.0).all()
    assert events_of(calm) == [("2021-01-20", "held back"), ("2021-01-21", "resumed")]
    first, second = calm.events["detail"]
    assert first == "print x50 of the last accepted one: that is carried until a second print confirms"
    assert second == "the print held back is discarded"
    new_level = np.where(DAYS >= SPLIT, 50.0, 1.0)
    believed = build_index(market(a=flat(), b=new_level), two(events={"outlier_jump": 1.5})).events
    resumed = believed[believed["event"] == "resumed"].iloc[0]
    assert resumed["detail"] == "the print held back is confirmed"
    assert resumed["effect_bps"] == pytest.approx(0.5 * 49 * 1e4)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (migrations(("2021-01-20", "b", "b", 0.0)), "ratio of b on 2021-01-20 is 0.0: expected a number above 1e-12"),
        (
            migrations(("2021-01-20", "b", "b", "1:100")),
            "ratio of b on 2021-01-20 is '1:100': expected a number",
        ),
        (migrations(("2021-01-20", "bb", "b", 1.0)), "migrations: no asset 'bb' in the market: did you mean 'b'"),
        (migrations(("soon", "b", "b", 1.0)), "'soon' is not a date"),
        (migrations(("2020-01-20", "b", "b", 1.0)), "lies before the data, which begin on 2021-01-01"),
        (migrations().drop(columns="ratio"), "missing column 'ratio': expected date, asset_id, new_asset_id, ratio"),
    ],
)
def test_a_wrong_table_is_refused(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        build_index(market(a=flat(), b=flat()), two(), migrations=table)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), shift=st.integers(-3, 3))
def test_what_is_announced_later_is_not_known_earlier(seed: int, shift: int) -> None:
    whole = random_market(seed, days=160)
    day, other = whole.dates[90], whole.dates[110]
    names = whole.prices.columns
    moves = migrations((day, names[0], names[0], 7.0), (other, names[1], names[2], 3.0)).assign(confirmed=True)
    exits = removals((whole.dates[100], names[3], "delisted"))
    methodology = rules(schedule={"reconstitution": "weekly"}, events={"remove_after_days": 5})
    history = build_index(whole, methodology, migrations=moves, removals=exits)
    for event in (day, other, whole.dates[100]):
        date = event + pd.Timedelta(days=shift)
        known = build_index(
            whole.until(date),
            methodology,
            migrations=moves[moves["date"] <= date],
            removals=exits[exits["date"] <= date],
        )
        assert_same_up_to(known, history, date)
        late = build_index(
            whole.until(date), methodology, migrations=moves, removals=exits
        )  # lines of the future: ignored
        pd.testing.assert_series_equal(late.level, known.level, check_exact=True)


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


def test_counterfactuals_work_with_a_table_that_names_a_dead_asset() -> None:
    b = missing(flat(), "2021-01-25")
    table = removals(("2021-01-20", "b", "halted"))
    index = build_index(market(a=flat(3.0), b=b, c=flat(2.0), d=flat(0.5)), two(), removals=table)
    assert counterfactuals(index).loc["survivors only (look-ahead)", "note"] == ""


def test_the_announced_removal_of_the_stable_leg_moves_it_to_the_next_coin() -> None:
    coins = ["usd", "usd2"]
    tags = pd.DataFrame({"asset_id": coins, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    prices = pd.DataFrame({"a": flat(), "b": missing(flat(), "2021-01-12"), "usd": flat(), "usd2": flat()}, index=DAYS)
    methodology = two(
        universe={"exclude_tags": ["stablecoin"]},
        overlay={"stable_leg": coins, "signals": False},
        events={"freed_weight": "stable"},
    )
    index = build_index(
        MarketData.from_panels(prices, prices * 1e3, prices, tags=tags.astype({"valid_from": "datetime64[us]"})),
        methodology,
        removals=removals(("2021-01-24", "usd", "issuer failed")),
    )
    assert index.level.to_numpy() == pytest.approx(1000.0)
    assert index.weights.loc["2021-01-23", "usd"] == pytest.approx(0.5)
    assert index.weights.loc["2021-01-25", "usd2"] == pytest.approx(0.5)


def test_a_removal_announced_on_an_effective_day_is_sold_at_the_next_close() -> None:
    b = np.where(DAYS >= "2021-02-02", 0.5, 1.0)
    table = removals(("2021-02-01", "b", "halted"))
    index = build_index(market(a=flat(3.0), b=b, c=flat(0.1)), two(), removals=table)
    assert index.weights.loc["2021-02-01", "b"] == pytest.approx(0.5)
    assert index.weights.loc["2021-02-02", "b"] == 0.0
    assert index.level["2021-02-02"] == pytest.approx(750.0)
    card = index.explain("b", "2021-02-10")
    assert not card.selected
    assert card.reason.startswith("out: removed on 2021-02-02, halted, announced 2021-02-01")


def test_the_calendar_begins_with_what_is_decided_and_not_traded_yet() -> None:
    index = build_index(market(a=flat(), b=flat()).until("2021-01-31"), two())
    ahead = index.calendar(1)
    assert ahead["determination_date"].dt.strftime("%Y-%m-%d").tolist() == ["2021-01-31", "2021-02-28"]
    assert ahead["effective_date"].dt.strftime("%Y-%m-%d").tolist() == ["2021-02-01", "2021-03-01"]


def three(**options: object) -> object:
    """Three equal members chosen on 2021-01-09, traded the day after; weights looked at every week."""
    return rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 3, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "yearly", "lag_days": 1} | options.pop("schedule", {}),
        **options,
    )


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


def test_a_member_removed_after_it_took_another_one_over_does_not_come_back() -> None:
    index = build_index(
        market(a=flat(3.0), old=flat(2.0), new=flat(1.0)),
        three(schedule={"rebalance": "weekly", "weekday": "sunday"}),
        migrations=migrations(("2021-01-19", "old", "new", 2.0)),
        removals=removals(("2021-01-20", "old", "halted")),  # both between two Sundays
    )
    assert index.weights.loc["2021-01-22":, "a"].to_numpy() == pytest.approx(1.0)
    last = index.decision_records[-1]
    assert index.source.asset_ids[last.chosen].tolist() == ["a"]
    assert "not traded" not in set(index.events["event"])


def test_the_divisor_survives_a_migration_and_a_removal() -> None:
    """Index market value: the same after two legs become one; without the part of what is removed after a removal."""
    index = build_index(
        market(a=flat(3.0), old=flat(2.0), new=flat(1.0)),
        three(),
        migrations=migrations(("2021-01-20", "old", "new", 2.0)),
        removals=removals(("2021-01-25", "a", "halted")),
    )
    start, converted, removed = index.rebalances["market_value"]
    assert converted == pytest.approx(start)
    assert removed == pytest.approx(start * 2 / 3)
    assert index.rebalances["divisor"].tolist() == pytest.approx(
        [value / 1000 for value in (start, converted, removed)]
    )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), freed=st.sampled_from(["members", "stable"]), lag=st.integers(0, 4))
def test_at_constant_prices_no_event_moves_the_level(seed: int, freed: str, lag: int) -> None:
    """Gaps, deaths, migrations at par, removals, signals, switches, drift rules: all of them at once, costs apart."""
    rng = np.random.default_rng(seed)
    names = [f"asset-{number}" for number in range(8)]
    prices = pd.DataFrame(np.tile(2.0 ** rng.integers(-3, 4, 8), (60, 1)), index=DAYS, columns=names)
    caps = prices * rng.lognormal(10, 1, 8)
    for name in rng.choice(names, 4, replace=False):
        start = int(rng.integers(12, 50))
        prices.loc[DAYS[start : start + int(rng.integers(1, 40))], name] = np.nan
    old, new, moved, gone = rng.permutation(names)[:4]
    both = prices[[old, new]].max()
    day, other = DAYS[rng.integers(12, 55, 2)]
    moves = migrations((day, old, new, float(both[old] / both[new])), (other, moved, moved, 1.0))
    coins = pd.DataFrame({"usd": 1.0, "usd2": 1.0}, index=DAYS)
    coins.loc[DAYS[30:], "usd"] = np.nan if seed % 2 else 1.0
    tags = pd.DataFrame({"asset_id": list(coins), "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    words = rng.choice(["bullish", "neutral", "bearish"], (60, 8))
    table = pd.DataFrame(words, index=DAYS, columns=names).rename_axis("date").reset_index()
    index = build_index(
        MarketData.from_panels(
            prices.join(coins),
            caps.where(prices.notna()).join(coins * 10),
            tags=tags.astype({"valid_from": "datetime64[us]"}),
        ),
        rules(
            base_date=dt.date(2021, 1, 11),
            universe={"exclude_tags": ["stablecoin"]},
            selection={"count": 5, "min_count": 1},
            schedule={"reconstitution": "monthly", "rebalance": "weekly", "lag_days": lag, "drift_total": 0.05},
            overlay={"stable_leg": ["usd", "usd2"], "max_turnover": 0.3},
            events={"freed_weight": freed, "carry_days": 1, "remove_after_days": 4},
        ),
        migrations=moves,
        removals=removals((DAYS[20], gone, "halted")),
        signals=table.melt("date", var_name="asset_id", value_name="signal"),
    )
    np.testing.assert_allclose(index.level, 1000.0, rtol=1e-12)
    effects = index.events["effect_bps"].dropna()
    np.testing.assert_allclose(effects, 0.0, atol=1e-9)
    np.testing.assert_allclose(index.weights.sum(axis=1), 1.0, atol=1e-12)


# ---------------------------------------------------------------------- forks


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
