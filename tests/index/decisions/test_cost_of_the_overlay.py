"""What following signals costs, counted in calls of functions: a count is the same on every machine, a time is not.

Seconds are measured in `tests/benchmarks/engine.py`.
"""

from __future__ import annotations

import cProfile
import pstats
from typing import Any

import pytest

from research.index import build_index
from tests.index.markets import COINS, needed_tables, random_market, rules, with_stablecoins

WEEKLY = {"schedule": {"reconstitution": "weekly"}, "weighting": {"max_weight": 0.5}}
OVERLAY = {"stable_leg": list(COINS), "depeg_limit": 0.4, "depeg_warning": 0.4}
FOLLOWING: dict[str, dict[str, Any]] = {
    "signals": {"overlay": OVERLAY},
    "fully invested": {"overlay": OVERLAY | {"mode": "fully_invested", "max_turnover": 0.3}},
    "volatility target": {"overlay": OVERLAY | {"signals": False, "volatility_target": 0.6}},
    "scores": {"weighting": {"scheme": "signal", "max_weight": 0.5, "fallback": "inverse_volatility"}},
}


def calls(days: int, **tables: Any) -> int:
    """Calls of functions while an index is built on a market of so many days."""
    market = with_stablecoins(random_market(3, days=days, defects=False), 3)
    methodology = rules(**WEEKLY | tables)
    signals = needed_tables(market, rules(overlay=OVERLAY))["signals"].assign(score=1.0)
    overlay = methodology.overlay
    asks = methodology.weighting.scheme == "signal" or (overlay is not None and overlay.signals)
    with cProfile.Profile() as profile:
        build_index(market, methodology, signals=signals if asks else None)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FOLLOWING)
def test_following_signals_takes_at_most_twice_the_calls_of_the_plain_twin_and_grows_with_the_days(name: str) -> None:
    first, second, third = (calls(days, **FOLLOWING[name]) for days in (400, 800, 1200))
    assert third - first < 2.0 * (calls(1200) - calls(400))
    assert third - second < 1.1 * (second - first)
