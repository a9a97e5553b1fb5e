"""A grid of keys and values becomes rulebooks, and says why some of them cannot be."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import MethodologyError
from research.index import Methodology, rulebooks
from research.index.sweeps import grid as module
from research.index.sweeps.grid import KEYS, SECTIONS, rules_with, value_of, variants_of
from research.rulebook.schedule import FREQUENCIES
from tests.index.markets import rules


@pytest.mark.parametrize("name", list(rulebooks()))
def test_a_rulebook_at_its_own_values_is_itself(name: str) -> None:
    methodology = Methodology.load(name)
    own = {key: [value_of(methodology, key)] for key in KEYS if getattr(methodology, key.partition(".")[0]) is not None}
    assert {key.partition(".")[0] for key in own} >= {"selection", "weighting", "schedule", "costs", "events"}
    [variant] = variants_of(methodology, own)
    assert variant.rules == methodology, variant.reason


def test_all_that_a_rulebook_says_can_be_varied_but_its_names() -> None:
    plain = (
        {field.name for field in dataclasses.fields(Methodology)} - set(SECTIONS) - {"name", "description", "source"}
    )
    assert {key for key in KEYS if "." not in key} == plain
    assert {"weighting.max_weight_by_rank", "overlay.stable_leg", "signals.recipe"} <= set(KEYS)


def test_every_combination_is_made_the_last_key_fastest_and_named_by_its_settings() -> None:
    found = variants_of(rules(), {"selection.count": [5, 10], "weighting.scheme": ["equal", "market_cap"]})
    assert [variant.name for variant in found] == [
        "count=5, scheme=equal",
        "count=5, scheme=market_cap",
        "count=10, scheme=equal",
        "count=10, scheme=market_cap",
    ]
    assert [(v.rules.selection.count, v.rules.weighting.scheme) for v in found if v.rules] == [
        (5, "equal"),
        (5, "market_cap"),
        (10, "equal"),
        (10, "market_cap"),
    ]
    [both] = variants_of(
        rules(), {"schedule.reconstitution": ["monthly"], "weighting.max_weight_by_rank": [[0.5, 0.3]]}
    )
    assert both.name == "reconstitution=monthly, max_weight_by_rank=0.5/0.3"
    assert both.rules is not None
    assert both.rules.weighting.max_weight_by_rank == (0.5, 0.3)


def test_none_leaves_a_key_out_and_numbers_of_numpy_are_numbers() -> None:
    capped = rules(weighting={"max_weight": 0.25})
    free, tight = variants_of(capped, {"weighting.max_weight": [None, np.float64(0.2)]})
    assert (free.name, tight.name) == ("max_weight=none", "max_weight=0.2")
    assert free.rules == rules()
    assert tight.rules == rules(weighting={"max_weight": 0.2})
    counts = [variant.rules for variant in variants_of(rules(), {"selection.count": np.arange(5, 8)})]
    assert [found.selection.count for found in counts if found] == [5, 6, 7]


def test_none_leaves_a_key_outside_the_sections_out_too() -> None:
    dated = rules(base_date=dt.date(2020, 3, 1), base_value=100.0)
    grid = {"base_date": [None, dt.date(2020, 4, 1)], "base_value": [None, 100.0]}
    found = [(made.base_date, made.base_value) for variant in variants_of(dated, grid) if (made := variant.rules)]
    assert found == [(date, value) for date in (None, dt.date(2020, 4, 1)) for value in (1000.0, 100.0)]


def test_settings_that_do_not_go_together_are_listed_with_the_reason() -> None:
    found = variants_of(rules(), {"selection.count": [5, 10, "ten"], "weighting.max_weight": [0.1, 0.2]})
    reasons = {variant.name: variant.reason for variant in found if variant.rules is None}
    assert list(reasons) == [
        "count=5, max_weight=0.1",
        "count=ten, max_weight=0.1",
        "count=ten, max_weight=0.2",
    ]
    assert "the caps add up to 0.5, below 1" in reasons["count=5, max_weight=0.1"]
    assert "selection: count = 'ten': expected a whole number" in reasons["count=ten, max_weight=0.1"]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"selection.cuont": [5]}, r"grid: unknown key 'selection\.cuont': did you mean 'selection\.count'\?"),
        ({"max_weight": [0.1]}, r"grid: unknown key 'max_weight': did you mean 'weighting\.max_weight'\?"),
        ({"name": ["x"]}, "grid: unknown key 'name'"),
        ({7: ["x"]}, "grid: unknown key 7"),
        ({"selection.count": []}, r"selection\.count = \[\]: expected a list of one value or more"),
        ({"weighting.scheme": "equal"}, r"weighting\.scheme = 'equal': expected a list"),
        ({"selection.count": [5, 10, 5]}, r"selection\.count has 5 twice"),
        ({}, r"grid is \{\}: expected keys of the rulebook with lists of values"),
        ([5], r"grid is \[5\]: expected keys"),
        (
            {"selection.count": range(1, 500), "schedule.lag_days": range(500)},
            "249,500 combinations, more than 100,000",
        ),
    ],
)
def test_a_grid_that_is_mistyped_is_one_error(grid: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        variants_of(rules(), grid)


def test_the_buffer_moves_with_the_count_in_proportion_unless_the_grid_says_how() -> None:
    buffered = rules(selection={"count": 10, "entry_rank": 8, "exit_rank": 12})
    found = [
        variant.rules.selection for variant in variants_of(buffered, {"selection.count": [5, 10, 20]}) if variant.rules
    ]
    assert [(own.entry_rank, own.exit_rank) for own in found] == [(4, 6), (8, 12), (16, 24)]
    given_too = variants_of(buffered, {"selection.count": [20], "selection.entry_rank": [18]})[0].rules
    assert given_too is not None
    assert (given_too.selection.entry_rank, given_too.selection.exit_rank) == (18, 24)
    bare = variants_of(rules(), {"selection.count": [20]})[0].rules
    assert bare is not None
    assert (bare.selection.entry_rank, bare.selection.exit_rank) == (None, None)


@given(st.integers(1, 60), st.integers(0, 40), st.integers(0, 40), st.integers(1, 300))
def test_a_buffer_that_moved_is_one(own: int, below: int, above: int, count: int) -> None:
    buffered = rules(selection={"count": own, "entry_rank": max(1, own - below), "exit_rank": own + above})
    [variant] = variants_of(buffered, {"selection.count": [count]})
    assert variant.rules is not None, variant.reason


@pytest.mark.parametrize(("count", "fewest"), [(1, 1), (5, 2), (10, 4), (20, 8)])
def test_the_fewest_members_move_with_the_count_too(count: int, fewest: int) -> None:
    given_rules = rules(selection={"count": 10, "min_count": 4})
    assert rules_with(given_rules, {"selection.count": count}).selection.min_count == fewest
    assert rules_with(given_rules, {"selection.count": 20, "selection.min_count": 3}).selection.min_count == 3


def test_what_another_scheme_does_not_use_falls_away_and_bounds_stay() -> None:
    sized = rules(weighting={"scheme": "market_cap", "size_by": "volume", "power": 0.5, "max_weight": 0.4})
    assert rules_with(sized, {"weighting.scheme": "equal"}) == rules(weighting={"scheme": "equal", "max_weight": 0.4})
    assert rules_with(sized, {"weighting.scheme": "sqrt_market_cap"}).weighting.size_by == "volume"
    assert rules_with(sized, {"weighting.scheme": "sqrt_market_cap"}).weighting.power is None
    with pytest.raises(MethodologyError, match="size_by"):  # whoever names the key is told
        rules_with(sized, {"weighting.scheme": "equal", "weighting.size_by": "volume"})
    risky = rules(weighting={"scheme": "sharpe", "lookback_days": 200, "fallback": "inverse_volatility"})
    kept = rules_with(risky, {"weighting.scheme": "risk_parity"})
    assert kept == rules(weighting={"scheme": "risk_parity", "lookback_days": 200})
    mixed = rules(weighting={"scheme": "liquidity_mix", "liquidity_share": 0.6})
    assert rules_with(mixed, {"weighting.scheme": None}) == rules()


def test_one_kind_of_cap_takes_the_place_of_the_other() -> None:
    plain, ranked = rules(weighting={"max_weight": 0.4}), rules(weighting={"max_weight_by_rank": [0.5, 0.3]})
    assert rules_with(ranked, {"weighting.max_weight": 0.4}) == plain
    assert rules_with(plain, {"weighting.max_weight_by_rank": [0.5, 0.3]}) == ranked
    assert rules_with(ranked, {"weighting.max_weight": None}) == ranked


def test_a_rarer_rebalance_falls_away_and_a_more_frequent_one_stays() -> None:
    own = rules(schedule={"reconstitution": "quarterly", "rebalance": "weekly", "weekday": "monday"})
    assert rules_with(own, {"schedule.reconstitution": "yearly"}).schedule == dataclasses.replace(
        own.schedule, reconstitution="yearly"
    )
    assert rules_with(own, {"schedule.reconstitution": "daily"}) == rules(schedule={"reconstitution": "daily"})
    assert rules_with(own, {"schedule.rebalance": None}) == rules(schedule={"reconstitution": "quarterly"})
    weekly = rules_with(own, {"schedule.reconstitution": "weekly"}).schedule
    assert (weekly.rebalance, weekly.weekday) == ("weekly", "monday")
    with pytest.raises(MethodologyError, match="rarer than reconstitution"):
        rules_with(own, {"schedule.reconstitution": "daily", "schedule.rebalance": "weekly"})


@pytest.mark.parametrize("frequency", FREQUENCIES[:-1])
@pytest.mark.parametrize("scheme", ["market_cap", "equal", "risk_parity"])
@pytest.mark.parametrize("count", [4, 13, 50])
def test_a_shipped_rulebook_can_be_turned_in_every_way(count: int, scheme: str, frequency: str) -> None:
    own = Methodology.load("large-cap-10")
    turned = rules_with(
        own,
        {
            "selection.count": count,
            "weighting.scheme": scheme,
            "weighting.max_weight": 0.5,
            "schedule.reconstitution": frequency,
        },
    )
    entry, leave = turned.selection.buffer
    assert turned.selection.count == count
    assert 1 <= entry <= count <= leave
    assert (entry / count, leave / count) == pytest.approx((0.8, 1.2), abs=0.13)
    assert (turned.universe, turned.costs, turned.events) == (own.universe, own.costs, own.events)


def test_a_section_that_the_rulebook_does_not_have_is_made_if_its_keys_suffice() -> None:
    found = variants_of(rules(), {"overlay.stable_leg": [["usd-a"]], "overlay.signals": [False]})[0]
    assert found.rules is not None, found.reason
    assert found.rules.overlay is not None
    assert found.rules.overlay.stable_leg == ("usd-a",)
    alone = variants_of(rules(), {"overlay.signals": [False]})[0]
    assert "missing stable_leg" in alone.reason


def test_sections_of_the_same_values_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = module.from_table
    monkeypatch.setattr(module, "from_table", lambda *given: read.append(given[2]) or real(*given))
    variants_of(rules(), {"selection.count": [5, 6, 7], "schedule.lag_days": list(range(20))})
    assert sorted(set(read)) == ["schedule", "selection"]
    assert len(read) == 23
