"""What a sweep says: the place of the rulebook, which choice matters, and what a search does to its best result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.evaluation import deflated_sharpe, none_beats, returns_from_levels, sharpe_ratio
from research.index import Methodology, rulebooks
from research.index.sweeps.sensitivity import Sensitivity, methodology_grid, sensitivity
from research.signals.registry import ConfigurationRegistry
from tests.index.markets import random_market, rules

GRID = {"selection.count": [3, 5, 7], "weighting.scheme": ["market_cap", "equal"], "schedule.lag_days": [1, 2]}


@pytest.fixture(scope="module")
def found() -> Sensitivity:
    return sensitivity(random_market(1, days=400), rules(), GRID, risk_free=0.04, draws=100, jobs=1)


@pytest.mark.parametrize("name", list(rulebooks()))
def test_the_usual_grid_of_a_rulebook_holds_the_rulebook(name: str) -> None:
    from research.index.sweeps.grid import variants_of

    methodology = Methodology.load(name)
    grid = methodology_grid(
        methodology, counts=[10, 20], schemes=["equal"], max_weights=[0.25], frequencies=["quarterly"], lags=[5]
    )
    variants = variants_of(methodology, grid)
    assert sum(variant.rules == methodology for variant in variants) == 1
    assert len(variants) == len({variant.name for variant in variants})
    assert ("selection.count" in grid) == (methodology.selection.count is not None)


def test_a_list_that_is_empty_leaves_its_choice_alone() -> None:
    assert methodology_grid(rules(), lags=[5, 1]) == {"schedule.lag_days": [1, 2, 5]}
    assert methodology_grid(rules(), max_weights=[0.5, 0.2]) == {"weighting.max_weight": [None, 0.2, 0.5]}
    assert methodology_grid(rules(), schemes=["equal"]) == {"weighting.scheme": ["market_cap", "equal"]}
    assert methodology_grid(rules(weighting={"max_weight_by_rank": [0.5, 0.3]}), max_weights=[0.2]) == {}


def test_the_place_of_the_rulebook_is_counted(found: Sensitivity) -> None:
    table, own = found.swept.table, found.swept.reference
    others = table.drop(index=own)
    assert len(others) == 11
    for figure, better in (("cagr", 1), ("sharpe_ratio", 1), ("max_drawdown", 1), ("annualized_volatility", -1)):
        beaten = sum(better * value < better * table.loc[own, figure] for value in others[figure])
        equal = sum(value == table.loc[own, figure] for value in others[figure])
        row = found.standing.loc[figure]
        assert row["better_than"] == pytest.approx((beaten + equal / 2) / 11)
        assert row["own"] == table.loc[own, figure]
        best = table[figure].max() if better > 0 else table[figure].min()
        assert table.loc[row["best"], figure] == best
        assert row["lowest"] <= row["lower"] <= row["median"] <= row["upper"] <= row["highest"]


def test_the_fan_holds_the_rulebooks_own_level_and_begins_at_it(found: Sensitivity) -> None:
    own = found.swept.common[found.swept.reference]
    pd.testing.assert_series_equal(found.fan["own"], own, check_names=False)
    assert (found.fan.iloc[0] == own.iloc[0]).all()
    assert (found.fan["lowest"] <= own * (1 + 1e-12)).all()
    assert (found.fan["highest"] >= own * (1 - 1e-12)).all()


def test_the_number_of_variants_is_that_of_the_trials_in_every_test(found: Sensitivity) -> None:
    returns = returns_from_levels(found.swept.common).iloc[1:]
    sharpe = sharpe_ratio(returns, risk_free=0.04)
    assert found.tests["trials"] == 12
    assert found.best == sharpe.idxmax()
    expected = deflated_sharpe(returns[found.best], trials=12, sharpe_variance=sharpe.var(ddof=1), risk_free=0.04)
    assert found.tests["deflated"] == pytest.approx(expected)
    assert found.tests["deflated"] < found.tests["probabilistic"]
    assert found.tests["none_beats"] == none_beats(found.swept.common, found.swept.reference, draws=100)
    assert not found.tests.isna().any()


def test_what_matters_most_is_compared_value_by_value_with_the_rulebooks_own(found: Sensitivity) -> None:
    assert found.is_complete
    assert found.leading == found.effects.index[0]
    column = found.swept.table[found.leading]
    own = str({"selection.count": 5, "weighting.scheme": "market_cap", "schedule.lag_days": 2}[found.leading])
    assert set(found.leading_values["first"]) == {own}
    assert set(found.leading_values["second"]) == {str(value) for value in column.unique()} - {own}
    assert found.by_value["own"].sum() == 3
    assert found.outcomes.notna().sum().tolist() == found.by_value["variants"].tolist()


def test_a_grid_with_holes_is_told_from_a_complete_one() -> None:
    grid = {"selection.count": [3, 5], "weighting.max_weight": [0.25, None]}  # three quarters are no whole
    found = sensitivity(random_market(1), rules(), grid, draws=20, jobs=1)
    assert not found.is_complete
    assert len(found.swept.failures) == 1


def test_the_best_is_the_same_in_name_and_in_tests_though_the_grid_does_not_hold_it() -> None:
    on, seen = random_market(1), set()
    for count in (3, 5, 7, 9):
        found = sensitivity(on, rules(selection={"count": count}), {"selection.count": [4, 6]}, draws=20, jobs=1)
        assert found.swept.table.loc[found.best, "sharpe_ratio"] == found.tests["best_sharpe"]
        assert found.best == found.standing.loc["sharpe_ratio", "best"]
        seen.add(found.best)
    assert "as given" in seen


def test_a_single_variant_has_no_place_and_no_search() -> None:
    found = sensitivity(random_market(1), rules(), {"schedule.lag_days": [2]}, draws=20, jobs=1)
    assert found.swept.count == 1
    assert found.standing["better_than"].isna().all()
    assert found.tests.drop(["best_sharpe", "own_sharpe", "trials"]).isna().all()
    assert found.leading == ""
    assert found.leading_values.empty


def test_a_registry_counts_what_was_tried_before_and_each_variant_once(tmp_path: Path) -> None:
    on, noted = random_market(1), tmp_path / "trials.jsonl"
    first = sensitivity(on, rules(), {"selection.count": [3, 5, 7]}, draws=20, jobs=1, registry=noted)
    assert first.tests["trials"] == 3
    lines = noted.read_bytes()
    again = sensitivity(on, rules(), {"selection.count": [3, 5, 7]}, draws=20, jobs=1, registry=noted)
    assert noted.read_bytes() == lines
    pd.testing.assert_series_equal(again.tests, first.tests)
    more = sensitivity(on, rules(), {"selection.count": [4, 5]}, draws=20, jobs=1, registry=noted)
    assert (more.tests["trials"], more.has_registry) == (4, True)
    trials = ConfigurationRegistry(noted).trials()
    assert {trial.names for trial in trials} == {f"Test index, count={count}" for count in (3, 4, 5, 7)}
    returns = returns_from_levels(first.swept.common).iloc[1:]
    assert trials[0].sharpe == pytest.approx(returns["count=3"].mean() / returns["count=3"].std(ddof=1))
    assert trials[0].first_look[:2] == "20"
    assert np.isfinite(more.tests["trials_sharpe_sd"])
