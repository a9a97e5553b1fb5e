"""Shares of variance by choice: closed forms, another program's analysis of variance, and invariances."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from research.errors import DataError
from research.evaluation import best_of_many, main_effects, means_by_value, none_beats
from research.evaluation.comparisons.main_effects import is_complete

CHOICES = {"count": [5, 10, 20], "scheme": ["equal", "market_cap"], "lag": [0, 1, 2]}
COMPLETE = pd.DataFrame(list(product(*CHOICES.values())), columns=list(CHOICES))


def outcome(settings: pd.DataFrame, seed: int = 0) -> pd.Series:
    rng = np.random.default_rng(seed)
    own = settings["count"] * 0.01 + settings["scheme"].map({"equal": 0.3, "market_cap": 0.0}) * settings["lag"]
    return own + rng.normal(0, 0.05, len(settings))


def anova(values: pd.Series, settings: pd.DataFrame, order: tuple[str, ...]) -> pd.Series:
    """Type 1 sums of squares in this order over the total, by statsmodels."""
    formula = "y ~ " + " + ".join(f"C({name})" for name in order)
    table = anova_lm(ols(formula, settings.assign(y=values)).fit(), typ=1)["sum_sq"]
    shares = table / table.sum()
    return shares.rename(index={f"C({name})": name for name in order})


def test_on_a_complete_grid_it_is_the_analysis_of_variance_of_another_program() -> None:
    values = outcome(COMPLETE)
    found = main_effects(values, COMPLETE)
    theirs = anova(values, COMPLETE, tuple(CHOICES))
    for name in CHOICES:
        assert found.loc[name, ["share", "alone", "last"]].tolist() == pytest.approx([theirs[name]] * 3)
    assert found.loc["interactions", "share"] == pytest.approx(theirs["Residual"])
    assert found["share"].iloc[:-1].is_monotonic_decreasing
    assert found["share"].sum() == pytest.approx(1.0)


def test_on_a_grid_with_holes_it_is_the_mean_over_all_orders_of_another_program() -> None:
    settings = COMPLETE.drop(index=[0, 1, 5, 9, 10, 16])
    values = outcome(settings)
    found = main_effects(values, settings)
    orders = [anova(values, settings, order) for order in permutations(CHOICES)]
    for name in CHOICES:
        assert found.loc[name, "share"] == pytest.approx(np.mean([order[name] for order in orders]))
        first, last = (next(order for order in orders if order.index[place] == name) for place in (0, 2))
        assert found.loc[name, ["alone", "last"]].tolist() == pytest.approx([first[name], last[name]])
    assert abs(found.loc["count", "alone"] - found.loc["count", "last"]) > 1e-3
    assert (is_complete(COMPLETE), is_complete(settings)) == (True, False)


def test_a_pure_interaction_is_nobodys() -> None:
    grid = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    found = main_effects(pd.Series([0.0, 1.0, 1.0, 0.0]), grid)
    assert found["share"].to_dict() == {"a": 0.0, "b": 0.0, "interactions": 1.0}


def test_means_are_over_all_variants_with_a_value_and_none_is_a_value() -> None:
    grid = pd.DataFrame(
        {"cap": pd.Series([None, None, 0.2, 0.2], dtype=object), "on": [True, 1, True, 1]}, dtype=object
    )
    values = pd.Series([1.0, 3.0, 5.0, np.nan])
    found = main_effects(values, grid)
    assert found.loc["cap", ["values", "lowest", "highest"]].tolist() == [2, 2.0, 5.0]
    assert found.loc["on", "values"] == 2  # true is no 1
    means = means_by_value(values, grid)
    assert means.loc[("cap", "none")].tolist() == [2, 2.0, 1.0, 3.0]
    assert means.loc[("cap", "0.2")].tolist() == [1, 5.0, 5.0, 5.0]


@given(st.integers(0, 10_000), st.floats(0.1, 1e3), st.floats(-10, 10))
def test_unit_and_order_of_the_rows_do_not_matter(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    settings = COMPLETE.loc[rng.permutation(len(COMPLETE))[: rng.integers(6, 19)]]
    values = outcome(settings, seed)
    one = main_effects(values, settings)
    other = main_effects((values * scale + shift).iloc[::-1], settings.iloc[::-1])
    pd.testing.assert_frame_equal(one[["share", "alone", "last"]], other.loc[one.index, ["share", "alone", "last"]])
    assert one["share"].sum() == pytest.approx(1.0)
    assert (one["share"] >= -1e-9).all()


def test_what_does_not_vary_explains_nothing_and_an_outcome_that_does_not_has_no_shares() -> None:
    found = main_effects(outcome(COMPLETE), COMPLETE.assign(lag=1))
    assert found.loc["lag", ["values", "share", "alone", "last"]].tolist() == [1, 0.0, 0.0, 0.0]
    assert main_effects(pd.Series(0.1, COMPLETE.index), COMPLETE)["share"].isna().all()
    assert main_effects(pd.Series(np.nan, COMPLETE.index), COMPLETE)["share"].isna().all()


def test_what_cannot_be_split_is_refused_in_words() -> None:
    with pytest.raises(DataError, match="different rows"):
        main_effects(outcome(COMPLETE).iloc[1:], COMPLETE)
    many = pd.DataFrame({f"key-{number}": [0, 1] for number in range(11)})
    with pytest.raises(DataError, match="11 choices vary: expected 10 at most"):
        main_effects(pd.Series([0.0, 1.0]), many)
    with pytest.raises(DataError, match="expected names of their own"):
        main_effects(outcome(COMPLETE), COMPLETE.rename(columns={"lag": "interactions"}))


def test_the_test_of_many_alone_is_that_of_the_confidence_set() -> None:
    days = pd.date_range("2020-01-01", periods=300)
    rng = np.random.default_rng(3)
    returns = rng.normal(0.001, 0.03, (300, 1)) + rng.normal(0, 0.01, (300, 4)) + [0.0, 0.0, 0.003, 0.0]
    levels = pd.DataFrame(np.cumprod(1 + returns, axis=0), days, list("abcd"))
    for reference in ("a", "c"):
        table = best_of_many(levels, reference, draws=200)
        assert none_beats(levels, reference, draws=200) == table["beats_reference"].dropna().iloc[0]
    assert none_beats(levels, "a", draws=200) < 0.05 < none_beats(levels, "c", draws=200)
    assert np.isnan(none_beats(levels.iloc[:50], "a"))
    assert np.isnan(none_beats(levels[["a"]].assign(e=3 * levels["a"]), "a"))
