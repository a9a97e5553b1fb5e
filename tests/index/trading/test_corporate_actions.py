"""What holds for every corporate action, alone and all at once: announced before known, level and divisor unmoved."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.index import build_index
from research.market import MarketData
from tests.index.markets import random_market, rules
from tests.index.small_markets import DAYS, flat, market, migrations, removals, three
from tests.index.truncation import assert_same_up_to


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
