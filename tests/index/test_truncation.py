"""Truncation invariance of every rulebook and rule, on the sample and on real data; and that the test bites."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import MethodologyError
from research.index import Methodology, build_index, rulebooks
from research.market import MarketData, load_market
from research.point_in_time.view import MarketView
from tests.index.markets import needed_tables, random_case, random_market, rules
from tests.index.truncation import assert_same_up_to, assert_truncation_invariant


def spread_dates(market: MarketData, first: str, count: int) -> list[pd.Timestamp]:
    days = market.dates[market.dates >= first]
    return [days[place] for place in np.linspace(0, len(days) - 1, count).astype(int)]


@pytest.fixture(scope="module")
def sample() -> MarketData:
    return load_market("data/sample")


def check_shipped(market: MarketData, name: str, cuts: int) -> None:
    """Cut the market, and the tables that the rulebook needs, at several days of the index's life."""
    methodology = Methodology.load(name)
    tables = needed_tables(market, methodology)
    try:
        whole = build_index(market, methodology, **tables)
    except MethodologyError as error:
        pytest.skip(f"{name} cannot start on this market: {error}")
    for date in spread_dates(market, str(whole.level.index[0].date()), cuts):
        known = {key: table[table["date"] <= date] for key, table in tables.items()}
        assert_same_up_to(build_index(market.until(date), methodology, **known), whole, date)


@pytest.mark.parametrize("name", rulebooks())
def test_shipped_rulebooks_on_the_sample(sample: MarketData, name: str) -> None:
    check_shipped(sample, name, cuts=4)


@pytest.mark.parametrize("name", rulebooks())
def test_shipped_rulebooks_on_real_data(market_50: MarketData, name: str) -> None:
    check_shipped(market_50, name, cuts=3)


RULES = {
    "no buffer, weekly": {"schedule": {"reconstitution": "weekly", "lag_days": 1}},
    "daily with overlapping decisions": {"schedule": {"reconstitution": "daily", "lag_days": 3}},
    "quarterly members, weekly weights": {"schedule": {"reconstitution": "quarterly", "rebalance": "weekly"}},
    "equal": {"weighting": {"scheme": "equal"}},
    "bounds": {"weighting": {"max_weight": 0.3, "min_weight": 0.1}},
    "mean cap": {"selection": {"count": 4, "rank_by": "market_cap_mean_30d", "entry_rank": 3, "exit_rank": 6}},
    "median volume": {"selection": {"count": 4, "rank_by": "volume_median_20d"}},
    "screens": {
        "universe": {
            "min_history_days": 20,
            "min_valid_share": 0.9,
            "valid_share_window": "month",
            "min_volume": 1e4,
            "turnover_band": [0.0001, 3.0],
            "incumbent_relief": 0.8,
        }
    },
    "measures that need history": {
        "selection": {"rule": "top_by", "count": 4, "rank_by": "sharpe_60d", "min_count": 2},
        "weighting": {"scheme": "inverse_volatility", "lookback_days": 40, "min_observations": 20},
    },
    "coverage": {"selection": {"rule": "coverage", "coverage": 0.8, "coverage_floor": 0.75, "min_count": 2}},
    "everyone, by the root of a smoothed cap": {
        "selection": {"rule": "all"},
        "weighting": {"scheme": "sqrt_market_cap", "size_by": "market_cap_ema_20d"},
    },
    "risk parity": {"weighting": {"scheme": "risk_parity", "lookback_days": 40, "min_observations": 20}},
    "sharpe": {
        "selection": {"count": 5, "min_count": 1},
        "weighting": {"scheme": "sharpe", "lookback_days": 60, "min_observations": 30},
    },
    "liquidity mix": {"weighting": {"scheme": "liquidity_mix", "max_weight_by_rank": [0.4, 0.3]}},
    "costs by rank and impact": {
        "costs": {
            "fee_bps": 10,
            "half_spread_bps": "by_rank",
            "impact_coefficient": 1.0,
            "assets_under_management": 1e4,
        }
    },
    "outliers held back": {"events": {"outlier_jump": 0.12}, "schedule": {"reconstitution": "weekly"}},
    "spreads estimated from ranges": {"costs": {"half_spread_bps": "estimated", "spread_window_days": 20}},
    "back to the target on drift": {
        "schedule": {"reconstitution": "quarterly", "drift_absolute": 0.05, "drift_relative": 0.2, "lag_days": 2}
    },
    "into the band on drift": {
        "schedule": {"reconstitution": "monthly", "drift_absolute": 0.04, "drift_to": "band", "cool_down_days": 3}
    },
    "signals and a stable leg": {
        "universe": {"exclude_tags": ["stablecoin"]},
        "weighting": {"max_weight": 0.5},
        "schedule": {"reconstitution": "monthly", "rebalance": "weekly", "lag_days": 1, "drift_absolute": 0.1},
        "overlay": {"stable_leg": ["usd-a", "usd-b"], "max_turnover": 0.3},
    },
    "signals every day, fully invested": {
        "universe": {"exclude_tags": ["stablecoin"]},
        "schedule": {"reconstitution": "monthly", "rebalance": "daily", "lag_days": 2},
        "overlay": {"stable_leg": ["usd-a", "usd-b"], "mode": "fully_invested", "max_turnover": 0.2},
    },
    "a volatility target": {
        "universe": {"exclude_tags": ["stablecoin"]},
        "schedule": {"reconstitution": "monthly", "rebalance": "weekly"},
        "overlay": {"stable_leg": ["usd-b", "usd-a"], "signals": False, "volatility_target": 0.5},
        "events": {"freed_weight": "stable", "remove_after_days": 5},
    },
    "migrations": {"known": ["migrations"], "schedule": {"reconstitution": "weekly"}},
    "migrations, removals and drift": {
        "known": ["migrations", "removals"],
        "selection": {"count": 8, "min_count": 2},
        "schedule": {"reconstitution": "monthly", "drift_total": 0.1, "lag_days": 3},
    },
    "forks": {
        "known": ["forks", "migrations", "removals"],
        "selection": {"count": 7, "min_count": 2},
        "schedule": {"reconstitution": "weekly"},
        "costs": {"fee_bps": 20},
    },
    "removals into the stable leg": {
        "known": ["removals"],
        "universe": {"exclude_tags": ["stablecoin"]},
        "selection": {"count": 9, "min_count": 2},
        "overlay": {"stable_leg": ["usd-a", "usd-b"], "signals": False},
        "events": {"freed_weight": "stable"},
    },
    "costs and haircut": {"costs": {"fee_bps": 30}, "events": {"removal_haircut": 0.7, "remove_after_days": 5}},
}


@pytest.mark.parametrize("tables", RULES.values(), ids=RULES.keys())
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), cut=st.floats(0.5, 1.0))
def test_every_rule_on_random_markets(tables: dict, seed: int, cut: float) -> None:
    market, methodology, announced = random_case(tables, seed)
    date = market.dates[int(cut * (len(market.dates) - 1))]
    whole = build_index(market, methodology, **announced)
    if date >= whole.level.index[0]:
        known = {name: table[table["date"] <= date] for name, table in announced.items()}
        assert_same_up_to(build_index(market.until(date), methodology, **known), whole, date)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_future_multiplied_by_random_numbers_changes_nothing_before_it(seed: int) -> None:
    market = random_market(seed)
    row = len(market.dates) * 2 // 3
    noise = np.ones(market.prices.shape)
    noise[row + 1 :] = np.random.default_rng(seed).lognormal(0, 1, noise[row + 1 :].shape)
    perturbed = MarketData.from_panels(market.prices * noise, market.market_caps * noise, market.volumes * noise)
    methodology = rules(schedule={"reconstitution": "weekly"}, costs={"fee_bps": 10})
    before, after = (build_index(m, methodology).level.loc[: market.dates[row]] for m in (market, perturbed))
    assert len(before) > 50
    pd.testing.assert_series_equal(before, after, check_exact=True)


@pytest.mark.parametrize(("method", "rank_by"), [("today", "market_cap"), ("window", "market_cap_mean_5d")])
def test_a_planted_look_ahead_is_caught(monkeypatch: pytest.MonkeyPatch, method: str, rank_by: str) -> None:
    """A view that shows tomorrow's row must break the invariance: otherwise the tests above prove nothing."""
    market = random_market(1, defects=False)
    methodology = rules(
        selection={"count": 5, "rank_by": rank_by}, schedule={"reconstitution": "weekly", "lag_days": 1}
    )
    date = next(day for day in market.dates[120:] if day.day_of_week == 4)
    assert_truncation_invariant(market, methodology, [date])
    honest = MarketView.window

    def peeking(self: MarketView, field: str, days: int = 1) -> np.ndarray:
        panel = self.source.panel(field)
        tomorrow = panel[min(self.row + 1, len(panel) - 1), self.assets]
        return tomorrow if method == "today" else np.vstack([honest(self, field, days)[1:], tomorrow])

    monkeypatch.setattr(MarketView, method, peeking)
    whole, cut = build_index(market, methodology), build_index(market.until(date), methodology)
    with pytest.raises(AssertionError):
        assert_same_up_to(cut, whole, date)
