"""Nothing looks ahead: every rulebook and rule, on the sample, real data and random markets; and the test bites."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import MethodologyError
from research.index import IndexHistory, Methodology, build_index, rulebooks
from research.index.trading.holdings import Holdings, Positions
from research.market import MarketData, load_market
from research.point_in_time.moving_average import _Running
from research.point_in_time.view import MarketView
from tests.index.markets import needed_tables, random_case
from tests.index.truncation import (
    Known,
    assert_nothing_looks_ahead,
    assert_same_up_to,
    ended,
    telling_days,
    with_another_future,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::research.errors.MethodologyWarning"),
    pytest.mark.filterwarnings("ignore:signals. .* not in the market:research.errors.DataWarning"),
]
SEED = 5


@pytest.fixture(scope="module")
def sample() -> MarketData:
    """Fifteen months of the sample, with deaths, collapses and new supplies in them: every rulebook can start."""
    return load_market("data/sample", start="2021-10-01", end="2022-12-31")


def shipped(market: MarketData, name: str) -> IndexHistory:
    methodology = Methodology.load(name)
    try:
        return build_index(market, methodology, **needed_tables(market, methodology))
    except MethodologyError as error:
        pytest.skip(f"{name} cannot start on this market: {error}")


@pytest.mark.parametrize("name", rulebooks())
def test_shipped_rulebooks_on_the_sample(sample: MarketData, name: str) -> None:
    assert_nothing_looks_ahead(shipped(sample, name), SEED)


@pytest.mark.parametrize("name", rulebooks())
def test_shipped_rulebooks_on_real_data(market_50: MarketData, name: str) -> None:
    """Through the collapses of Terra and of the FTX token."""
    assert_nothing_looks_ahead(shipped(market_50.since("2021-09-01").until("2022-12-31"), name), SEED)


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
    "evident redenominations": {"known": ["new units", "migrations"], "schedule": {"reconstitution": "weekly"}},
    "units as given alone": {
        "known": ["new units"],
        "events": {"redenominations": "given"},
        "schedule": {"reconstitution": "weekly"},
    },
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
    "votes": {"selection": {"rule": "votes", "count": 4, "min_count": 1}},
    "an information criterion over quarters from February on": {
        "selection": {"rule": "information_criterion", "first_count": 2, "step": 2, "min_count": 2},
        "schedule": {"quarters_start_in": "february"},
    },
    "trades at carried prices": {
        "known": ["removals"],
        "schedule": {"reconstitution": "weekly", "lag_days": 1},
        "events": {"carry_days": 8, "remove_after_days": 12, "trade_at_carried_prices": True},
    },
    "costs and haircut": {"costs": {"fee_bps": 30}, "events": {"removal_haircut": 0.7, "remove_after_days": 5}},
}


@pytest.mark.parametrize("tables", RULES.values(), ids=RULES.keys())
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_every_rule_on_random_markets(tables: dict, seed: int) -> None:
    market, methodology, announced = random_case(tables, seed)
    assert_nothing_looks_ahead(build_index(market, methodology, **announced), seed)


# ---------------------------------------------------------------------- planted look-aheads of one day


def today(self: MarketView, field: str) -> np.ndarray:
    panel = self.source.panel(field)
    return panel[min(self.row + 1, len(panel) - 1), self.assets]


def window(self: MarketView, field: str, days: int, assets: np.ndarray | None = None) -> np.ndarray:
    panel = self.source.panel(field)
    stop = min(self.row + 2, len(panel))
    return np.ascontiguousarray(panel[max(0, stop - days) : stop, self.assets if assets is None else assets])


def advance(self: _Running, panel: np.ndarray, to: int) -> None:
    AVERAGE(self, panel, min(to + 1, len(panel) - 1))


def positions(self: Holdings, also: object = None) -> Positions:
    return VALUED(self.at(min(self.row + 1, len(self.source.dates) - 1)), also)


AVERAGE, VALUED = _Running.advance, Holdings.positions
PLANTS = {
    "in today's row": [(MarketView, today)],
    "in windows": [(MarketView, window), (_Running, advance)],
    "in the effective price": [(Holdings, positions)],
}
READS_IT_LATE = "a volatility target"  # by two days: a day more is still the past
A_WINDOW = {"universe": {"exclude_tags": ["stablecoin"], "min_volume": 1.0}}


@pytest.mark.parametrize("place", PLANTS)
@pytest.mark.parametrize("rule", RULES)
def test_a_planted_look_ahead_of_one_day_is_caught(monkeypatch: pytest.MonkeyPatch, rule: str, place: str) -> None:
    """By an end and by another future alike, on the chosen days: otherwise the tests above prove nothing.

    A rule whose windows tell nothing of tomorrow gets a screen with one that does.
    """
    tables = RULES[rule]
    market, methodology, announced = random_case(tables, SEED)
    honest = build_index(market, methodology, **announced)
    for owner, method in PLANTS[place]:
        monkeypatch.setattr(owner, method.__name__, method)
    market, methodology, announced = random_case(
        tables, SEED
    )  # what was worked out about the first one is kept with it
    whole = build_index(market, methodology, **announced)
    if place == "in windows" and (rule == READS_IT_LATE or are_the_same(whole, honest)):
        market, methodology, announced = random_case(tables | A_WINDOW, SEED)
        whole = build_index(market, methodology, **announced)
    days = telling_days(whole, SEED)
    assert not all(unmoved(whole, day, ended(whole, day)) for day in days)
    assert not all(unmoved(whole, day, with_another_future(whole, day, SEED)) for day in days)


def unmoved(whole: IndexHistory, day: pd.Timestamp, known: Known) -> bool:
    market, tables = known
    return are_the_same(build_index(market, whole.methodology, **tables), whole, day)


def are_the_same(one: IndexHistory, other: IndexHistory, day: pd.Timestamp | None = None) -> bool:
    try:
        assert_same_up_to(one, other, other.level.index[-1] if day is None else day)
    except AssertionError:
        return False
    return True
