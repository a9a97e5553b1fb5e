"""What the weighting section of a rulebook may say, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from research.errors import MethodologyError
from research.index.weighting import SCHEMES
from research.rulebook import Weighting
from research.rulebook.weighting import SCORE_SCHEMES, WEIGHTING_SCHEMES


def test_every_scheme_of_the_rulebook_is_there() -> None:
    assert set(WEIGHTING_SCHEMES) == {*SCHEMES, "votes"}
    assert set(SCORE_SCHEMES) < set(WEIGHTING_SCHEMES)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"scheme": "risk-parity"}, "did you mean 'risk_parity'"),
        ({"scheme": "equal", "size_by": "market_cap"}, "size_by = 'market_cap' says nothing for scheme = 'equal'"),
        ({"scheme": "sqrt_market_cap", "power": 0.5}, "power = 0.5 says nothing .* belongs to market_cap"),
        ({"lookback_days": 90}, "lookback_days = 90 says nothing for scheme = 'market_cap'"),
        ({"scheme": "inverse_volatility", "fallback": "stable"}, "fallback = 'stable' says nothing .* sharpe, signal"),
        ({"scheme": "sharpe", "fallback": "equal"}, "fallback = 'equal' is not known"),
        ({"size_by": "return_90d"}, "measures performance, not size"),
        ({"size_by": "marketcap"}, "size_by = 'marketcap' is no measure"),
        ({"power": 0.0}, "power = 0.0: expected above 0"),
        ({"scheme": "liquidity_mix", "liquidity_share": 1.1}, "liquidity_share = 1.1: expected a share"),
        ({"scheme": "risk_parity", "lookback_days": 30}, "lookback_days = 30, min_observations = 60: expected 2 <="),
        ({"scheme": "risk_parity", "lookback_days": 0}, "lookback_days = 0: expected 1 to 10,000"),
        ({"scheme": "sharpe", "min_observations": 400}, "lookback_days = 365, min_observations = 400"),
        ({"scheme": "signal", "max_signal_age_days": 0}, "max_signal_age_days = 0: expected 1 to 10,000"),
        ({"max_weight": 0.3, "max_weight_by_rank": (0.3, 0.2)}, "both given"),
        ({"max_weight_by_rank": (0.2, 0.3)}, "the cap of the largest first"),
        ({"max_weight_by_rank": (0.3, 1.2)}, r"max_weight_by_rank\[1\] = 1.2: expected a share"),
        ({"max_weight_by_rank": (0.3, 0.1), "min_weight": 0.2}, "min_weight = 0.2 lies above max_weight = 0.1"),
        ({"max_group_weight": 0.0}, "max_group_weight = 0.0: expected a share"),
        ({"max_group_weight": 0.5, "group_by": ""}, "group_by is empty"),
        ({"infeasible": "relax_to_equals"}, "did you mean 'relax_to_equal'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_the_next_step(rule: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Weighting(**rule)


@pytest.mark.parametrize(
    ("rule", "count", "message"),
    [
        ({"max_weight": 0.05}, 10, r"max_weight = 0\.05 with count = 10: .* 0\.5, below 1\..* is 0\.1\."),
        ({"max_weight_by_rank": (0.3, 0.2)}, 4, r"\[0\.3, 0\.2\] with count = 4: .* 0\.9, below 1\..* is 0\.25\."),
        ({"max_group_weight": 0.2}, 4, r"even 4 groups add up to 0\.8, below 1\..* is 0\.25\."),
        ({"min_weight": 0.3}, 4, r"floors add up to 1\.2, above 1\. The largest feasible floor .* 0\.25\."),
    ],
)
def test_bounds_that_a_number_of_members_can_never_meet_are_refused(rule: dict, count: int, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Weighting(**rule).check_count(count)
    Weighting(**rule).check_count({10: 20, 4: 5}[count] if "min_weight" not in rule else 3)
    if "min_weight" not in rule:
        Weighting(**rule, infeasible="relax_to_equal").check_count(count)


@pytest.mark.parametrize(
    ("rule", "fewest"),
    [
        ({}, 1),
        ({"max_weight": 1.0}, 1),
        ({"max_weight": 0.1}, 10),
        ({"max_weight": 0.3}, 4),
        ({"max_weight_by_rank": (0.3, 0.2)}, 5),
        ({"max_weight_by_rank": (0.6, 0.4, 0.1)}, 2),
        ({"max_weight_by_rank": (0.6, 0.5, 0.5)}, 2),
        ({"max_weight": 0.1, "infeasible": "residual_to_stable"}, 1),
    ],
)
def test_the_fewest_members_that_caps_leave_room_for(rule: dict, fewest: int) -> None:
    assert Weighting(**rule).fewest_members == fewest
    caps = Weighting(**rule).tiers
    if caps and Weighting(**rule).infeasible == "error":
        caps_in_order = [Fraction(str(caps[min(place, len(caps) - 1)])) for place in range(fewest)]
        assert sum(caps_in_order) >= 1 > sum(caps_in_order[:-1])


def test_which_schemes_need_a_market_cap_and_which_rules_may_leave_a_residual() -> None:
    needing = {scheme for scheme in WEIGHTING_SCHEMES if Weighting(scheme=scheme).needs_market_cap}
    assert needing == {"market_cap", "sqrt_market_cap", "liquidity_mix"}
    assert not Weighting(size_by="volume_median_30d").needs_market_cap
    assert not Weighting(max_weight=0.1).may_leave_a_residual
    assert Weighting(max_weight=0.1, infeasible="residual_to_stable").may_leave_a_residual
    assert Weighting(scheme="sharpe", fallback="stable").may_leave_a_residual
