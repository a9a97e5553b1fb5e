"""The difference to the passive twin and to a benchmark, in parts that add up exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index import IndexHistory, build_index
from research.index.skill.rivals import passive_twin
from research.index.skill.signal_attribution import PARTS, signal_attribution
from tests.index.markets import COINS, random_case, random_market, rules, with_stablecoins

WEEKLY = {"rebalance": "weekly", "reconstitution": "monthly", "lag_days": 1}
SMALL = {"min_history_days": 30, "exclude_tags": ["stablecoin"]}
OVERLAY = {"stable_leg": list(COINS)}
COSTS = {"fee_bps": 20}


def pair(tables: dict[str, Any], seed: int) -> tuple[IndexHistory, IndexHistory]:
    base = {"universe": SMALL, "schedule": WEEKLY, "overlay": OVERLAY, "costs": COSTS}
    market, methodology, announced = random_case(base | tables, seed)
    index = build_index(market, methodology, **announced)
    announced.pop("signals")
    return index, build_index(market, passive_twin(methodology), **announced)


CASES: list[dict[str, Any]] = [
    {},
    {"overlay": OVERLAY | {"mode": "fully_invested", "min_trade": 0.0}},
    {"overlay": OVERLAY | {"volatility_target": 0.4, "max_turnover": 0.3}},
    {"events": {"removal_haircut": 0.5}, "known": ("removals",)},
    {"known": ("forks", "migrations")},
]


@pytest.mark.parametrize("tables", CASES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_and_the_whole_add_up_against_the_twin_and_against_a_benchmark(tables: dict[str, Any], seed: int) -> None:
    index, twin = pair(tables, seed)
    benchmark = index.market.price("asset-00")
    for other, level in ((None, twin.level), (benchmark, benchmark.reindex(index.dates))):
        parts = signal_attribution(index, twin, other)
        assert parts.daily.columns.tolist() == PARTS
        expected = index.level.pct_change().iloc[1:] - level.pct_change().iloc[1:]
        np.testing.assert_allclose(parts.daily.sum(axis=1), expected, rtol=0, atol=1e-12)
        total = index.level.iloc[-1] / index.level.iloc[0] - level.iloc[-1] / level.iloc[0]
        assert parts.linked.sum() == pytest.approx(total, abs=1e-9)
        assert parts.total == pytest.approx(total, abs=1e-12)


def with_calls(call: dict[str, str]) -> tuple[IndexHistory, IndexHistory]:
    """Calls that never change, by asset ("others" for the rest), on a market without defects and without costs."""
    market = with_stablecoins(random_market(5, days=200, defects=False), 5, deviation=0.0)
    methodology = rules(universe=SMALL, schedule=WEEKLY, overlay=OVERLAY | {"min_trade": 0.0})
    lines = [(day, asset) for day in market.dates[::7] for asset in market.prices.columns]
    table = pd.DataFrame(lines, columns=["date", "asset_id"])
    table["signal"] = table["asset_id"].map(call).fillna(call["others"])
    return build_index(market, methodology, signals=table), build_index(market, passive_twin(methodology))


def test_the_same_call_for_everyone_is_timing_alone() -> None:
    index, twin = with_calls({"others": "neutral"})
    parts = signal_attribution(index, twin).daily
    np.testing.assert_allclose(parts[["selection", "weighting", "cost", "haircuts"]], 0.0, atol=1e-12)
    assert parts["timing"].abs().max() > 0.001


def test_out_of_everything_is_timing_alone_too() -> None:
    index, twin = with_calls({"others": "bearish"})
    parts = signal_attribution(index, twin).daily
    assert (parts[["selection", "weighting"]] == 0).all().all()
    stable = index.contributions[list(index.contributions.columns[:-2])].sum(axis=1)
    np.testing.assert_allclose(parts["timing"], stable - twin.level.pct_change().iloc[1:], atol=1e-12)


def test_leaving_one_member_is_selection_and_timing_and_halving_one_is_weighting_and_timing() -> None:
    _, twin = with_calls({"others": "bullish"})
    member = str(twin.weights.iloc[0].idxmax())
    left, _ = with_calls({member: "bearish", "others": "bullish"})
    parts = signal_attribution(left, twin).daily.iloc[:5]  # until the next rebalance the twin has the same others
    assert parts["selection"].abs().min() > 0
    np.testing.assert_allclose(parts["weighting"], 0.0, atol=1e-12)
    halved, _ = with_calls({member: "neutral", "others": "bullish"})
    parts = signal_attribution(halved, twin).daily.iloc[:5]
    np.testing.assert_allclose(parts["selection"], 0.0, atol=1e-12)
    assert parts["weighting"].abs().min() > 0


def test_other_days_and_a_benchmark_with_a_gap_are_refused() -> None:
    index, twin = with_calls({"others": "neutral"})
    later = build_index(index.market.since("2020-03-01"), twin.methodology)
    with pytest.raises(DataError, match="both must cover the same days"):
        signal_attribution(index, later)
    benchmark = index.market.price("asset-00").drop(index.dates[10])
    with pytest.raises(DataError, match=f"benchmark: no value on {index.dates[10].date()}"):
        signal_attribution(index, twin, benchmark)
