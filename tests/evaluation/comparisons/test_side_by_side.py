"""Many levels side by side: which days they share, how alike they are, and what is counted as told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from research import evaluation as ev
from research.errors import DataError
from research.evaluation.comparisons.beside import risk_beside, risk_figures
from research.evaluation.comparisons.comparison import compare
from research.evaluation.comparisons.side_by_side import (
    by_regime,
    common_days,
    correlations,
    pairs_in_order,
    risk_and_growth,
    shared,
    told_apart,
)

DAYS = pd.date_range("2020-01-01", periods=800, name="date")


def levels() -> pd.DataFrame:
    draws = np.random.default_rng(5).standard_t(5, (800, 3)) * 0.02
    frame = pd.DataFrame(100 * np.exp(draws.cumsum(axis=0)), DAYS, ["one", "two", "three"])
    return frame.assign(two=frame["two"].loc["2020-02-01":], three=frame["three"].loc[:"2021-12-31"])


def test_the_common_days_are_those_of_the_latest_beginning_and_the_earliest_end_and_say_whose_these_are() -> None:
    common = common_days(levels())
    assert [str(day.date()) for day in common.levels.index[[0, -1]]] == ["2020-02-01", "2021-12-31"]
    assert (common.begins_last, common.ends_first) == (["two"], ["three"])
    assert common.levels.notna().all(axis=None)
    assert common.spans["days"].to_dict() == {"one": 800, "two": 769, "three": 731}
    assert common.spans["left_out"].to_dict() == {"one": 100, "two": 69, "three": 31}


def test_where_all_begin_and_end_together_nobody_is_blamed() -> None:
    common = common_days(levels()[["one"]].assign(two=levels()["one"] * 3))
    assert (common.begins_last, common.ends_first) == ([], [])
    assert (common.spans["left_out"] == 0).all()


def test_what_shares_no_days_is_refused_and_both_culprits_are_named() -> None:
    late = levels().assign(two=levels()["one"].loc["2022-01-01":])
    with pytest.raises(DataError, match=r"'two' begins on 2022-01-01, 'three' ends on 2021-12-31"):
        common_days(late)
    with pytest.raises(DataError, match="two columns at least"):
        common_days(levels()[["one"]])
    with pytest.raises(DataError, match="'two' has no value at all"):
        common_days(levels().assign(two=np.nan))
    with pytest.raises(DataError, match=r"two.*2020-05-05"):
        common_days(levels().assign(two=levels()["two"].drop(pd.Timestamp("2020-05-05"))))


def test_correlations_are_those_of_numpy_and_of_the_metric() -> None:
    returns = ev.returns_from_levels(common_days(levels()).levels).iloc[1:]
    table = correlations(returns)
    assert_allclose(table.to_numpy(), np.corrcoef(returns.to_numpy().T), rtol=1e-12)
    assert table.loc["one", "two"] == pytest.approx(ev.correlation(returns["one"], returns["two"]))


def test_pairs_stand_in_order_each_once() -> None:
    table = pd.DataFrame([[1, 0.2, 0.9], [0.2, 1, np.nan], [0.9, np.nan, 1]], list("abc"), list("abc"))
    pairs = pairs_in_order(table)
    assert pairs.to_numpy().tolist() == [["a", "c", 0.9], ["a", "b", 0.2]]


def test_risk_and_growth_have_the_intervals_of_the_summary() -> None:
    level = levels()["one"]
    found = risk_and_growth(ev.returns_from_levels(level).to_frame(), draws=200).loc["one"]
    summary = ev.performance_summary(level, draws=200)
    assert found["volatility"] == summary.loc["annualized_volatility", "value"]
    assert found["volatility_upper"] == pytest.approx(summary.loc["annualized_volatility", "upper"])
    assert found["growth"] == summary.loc["cagr", "value"]
    assert found["growth_lower"] < found["growth"] < found["growth_upper"]


def test_each_series_has_its_own_return_in_each_regime() -> None:
    returns = ev.returns_from_levels(common_days(levels()).levels)
    labels = ev.trend_regimes(returns["one"], threshold=0.05)
    table = by_regime(returns, labels)
    assert list(table.index) == ["bull", "sideways", "bear"]
    inside = labels.shift(1) == "bear"
    assert table.loc["bear", "two"] == pytest.approx((1 + returns["two"][inside]).prod() - 1)
    assert table.loc["bear", "days"] == inside.sum() > 0


def test_a_pair_is_told_apart_once_whatever_the_number_of_measures() -> None:
    draws = np.random.default_rng(3).normal(0, 0.01, (800, 3)) + np.array([0.006, 0.0, 0.0])
    frame = pd.DataFrame(np.exp(draws.cumsum(axis=0)), DAYS, ["good", "plain", "other"])
    table = compare(frame, base="plain", draws=200)
    assert set(table["second"]) == {"plain"}
    assert (table[table["first"] == "good"]["verdict"] == "better").sum() >= 2
    assert told_apart(table) == (1, 2)


def test_against_a_base_is_the_mirror_image_of_from_a_reference() -> None:
    ours = compare(levels(), base="two", draws=200).set_index(["first", "measure"])
    theirs = compare(levels(), reference="two", draws=200).set_index(["second", "measure"]).loc[ours.index]
    plain = ours.index.get_level_values("measure") != "cagr"
    assert_allclose(ours.loc[plain, "difference"], -theirs.loc[plain, "difference"])
    assert_allclose(ours.loc[plain, "lower"], -theirs.loc[plain, "upper"])
    assert_allclose(1 + ours.loc[~plain, "difference"], 1 / (1 + theirs.loc[~plain, "difference"]))
    assert_allclose(ours["p_value"], theirs["p_value"])
    with pytest.raises(DataError, match="not both"):
        compare(levels(), base="two", reference="one")
    with pytest.raises(DataError, match="no level is called 'tow': did you mean 'two'"):
        compare(levels(), base="tow")


def test_the_figures_of_many_are_those_that_stand_beside_an_index() -> None:
    common = common_days(levels()).levels
    many = risk_figures(common, risk_free=0.03)
    pd.testing.assert_frame_equal(many, risk_beside(common, risk_free=0.03, draws=50)[list(common.columns)])


def test_shared_weight_is_one_for_the_same_basket_and_none_for_strangers() -> None:
    baskets = {
        "a": pd.Series({"x": 0.6, "y": 0.4}),
        "b": pd.Series({"x": 0.1, "y": 0.2, "z": 0.7}),
        "c": pd.Series({"w": 1.0}),
    }
    table = shared(baskets)
    assert_allclose(table.to_numpy(), [[1, 0.3, 0], [0.3, 1, 0], [0, 0, 1]])
    active = 1 - table.loc["a", "b"]  # half of the sum of the differences (Cremers and Petajisto, 2009)
    assert active == pytest.approx(0.5 * (abs(0.6 - 0.1) + abs(0.4 - 0.2) + 0.7))
