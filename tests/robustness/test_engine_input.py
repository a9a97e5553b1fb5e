"""Whatever a rulebook asks of whatever market: an index with a level that is a number, or a refusal in words.

The number of cases is multiplied by ROBUSTNESS_SCALE (`make fuzz`).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from research.errors import MethodologyError, ResearchError, ResearchWarning
from research.index import build_index
from research.index.comparisons.counterfactuals import counterfactuals
from research.market import MarketData
from research.rulebook import Methodology
from research.settings import from_table
from tests.robustness import SCALE

MEASURES = ["market_cap", "market_cap_mean_30d", "volume_median_10d", "market_cap_ema_5d", "return_20d", "sharpe_30d"]
SCHEMES = ["market_cap", "sqrt_market_cap", "equal", "inverse_volatility", "risk_parity", "sharpe", "signal"]


def optional(**choices: Any) -> st.SearchStrategy[dict[str, Any]]:
    """A table with any subset of these keys."""
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in choices.items()})


RULES = st.fixed_dictionaries(
    {
        "name": st.just("Fuzzed"),
        "selection": st.sampled_from(["largest", "top_by", "all", "coverage", "information_criterion"]).flatmap(
            lambda rule: optional(
                count=[1, 3, 50], min_count=[1, 2], rank_by=MEASURES, coverage=[0.5, 0.99], order=["highest", "lowest"]
            ).map(lambda table: table | {"rule": rule})
        ),
    },
    optional={
        "universe": optional(
            min_history_days=[1, 30, 400], min_market_cap=[1.0, 1e9], min_volume=[1.0], turnover_band=[[1e-9, 1e9]],
            min_valid_share=[0.5, 1.0], max_stale_days=[1, 5], max_supply_jump=[0.1], exclude_pegged=[["usd"]],
            exclude_copies_of=[1, 3], min_volume_quantile=[0.25],
        ),
        "weighting": optional(
            scheme=SCHEMES, max_weight=[0.2, 0.5, 1.0], min_weight=[0.01, 0.4], lookback_days=[20],
            min_observations=[5], infeasible=["error", "relax_to_equal", "residual_to_stable"],
            fallback=["inverse_volatility", "stable"],
        ),
        "schedule": optional(
            reconstitution=["daily", "weekly", "monthly", "quarterly"], rebalance=["daily", "weekly"],
            lag_days=[0, 1, 9], drift_absolute=[0.01, 0.2], drift_total=[0.05], cool_down_days=[1, 7],
        ),
        "overlay": optional(
            stable_leg=[["a0"], ["a1", "nowhere"]], signals=[True, False], volatility_target=[0.1, 0.9],
            max_turnover=[0.01, 0.5], min_trade=[0.0, 0.2], mode=["to_stable", "fully_invested"],
        ),
        "costs": optional(fee_bps=[0, 10, 5000], half_spread_bps=[0, 100, "by_rank", "estimated"]),
        "events": optional(
            carry_days=[0, 3], remove_after_days=[3, 10], removal_haircut=[0.0, 1.0], outlier_jump=[0.5, 3.0],
        ),
    },
)  # fmt: skip


def hostile_market(seed: int, days: int, assets: int) -> MarketData:
    """Prices over many orders of magnitude that stand still, leap and stop; caps that are missing, volumes of zero."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2020-03-01", periods=days)
    columns = [f"a{number}" for number in range(assets)]
    moves = rng.normal(0, rng.choice([0.0, 0.001, 0.05, 0.5], assets), (days, assets))
    moves[rng.random(moves.shape) < 0.01] += rng.choice([-8.0, 8.0])
    price = np.exp(np.clip(np.cumsum(moves, axis=0) + rng.choice([-9.0, 0.0, 9.0], assets), -30, 30))
    price[rng.random(price.shape) < rng.choice([0.0, 0.05, 0.6])] = np.nan
    for asset in range(assets):
        price[: rng.integers(0, days), asset] = np.nan if rng.random() < 0.3 else price[:1, asset]
        price[rng.integers(1, days + 1) :, asset] = np.nan if rng.random() < 0.3 else 1.0
    cap = np.where(rng.random(price.shape) < 0.1, np.nan, price * rng.choice([np.nan, 1.0, 1e9], assets))
    volume = np.where(rng.random(price.shape) < 0.2, 0.0, price * 10)
    return MarketData.from_panels(*(pd.DataFrame(panel, index, columns) for panel in (price, cap, volume)))


@settings(
    max_examples=60 * SCALE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(RULES, st.integers(0, 2**32 - 1), st.integers(1, 150), st.integers(1, 12))
def test_an_index_is_built_or_refused_in_words(table: dict[str, Any], seed: int, days: int, assets: int) -> None:
    try:
        rules = from_table(Methodology, table, "fuzzed.toml", MethodologyError)
    except ResearchError:
        return
    market = hostile_market(seed, days, assets)
    rng = np.random.default_rng(seed)
    lines = pd.DataFrame(
        [(day, asset) for day in market.dates[::5] for asset in market.prices.columns], columns=["date", "asset_id"]
    )
    signals = lines.assign(
        signal=rng.choice(["bullish", "neutral", "bearish"], len(lines)), score=rng.normal(size=len(lines))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a numerical warning is a fault
        warnings.simplefilter("ignore", ResearchWarning)
        try:
            index = build_index(market, rules, signals=signals)
        except ResearchError as error:
            assert str(error)  # noqa: PT017
            return
        for level in (index.level, index.gross_level, index.level_if_removed_at_zero):
            assert np.isfinite(level).all()
            assert (level >= 0).all()
        weights = index.weights.sum(axis=1)
        np.testing.assert_allclose(weights, 1.0, rtol=0, atol=1e-9)
        assert index.caveats
        assert len(index.holdings())
        assert len(index.rebalances)
        assert {"asset_id", "reason"} <= set(index.decisions)
        index.events, index.contributions, index.concentration, index.calendar()


@pytest.mark.parametrize("seed", range(2 * SCALE))
def test_variants_and_capacity_of_a_hostile_market_are_figures_or_refusals(seed: int) -> None:
    market = hostile_market(seed, 120, 8)
    table = {"name": "Fuzzed", "selection": {"count": 3, "min_count": 1}, "weighting": {"scheme": "equal"}}
    rules = from_table(Methodology, table | {"schedule": {"lag_days": 1}}, "fuzzed.toml", MethodologyError)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResearchWarning)
        try:
            index = build_index(market, rules)
            assert "as published" in counterfactuals(index).index
            assert len(index.capacity()) == 4
            assert len(index.cost_sensitivity()) == 5
        except ResearchError as error:
            assert str(error)  # noqa: PT017
