"""Figures side by side are the figures themselves."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError

DAYS = pd.date_range("2020-01-01", periods=900, freq="D", name="date")
DRAWN = np.random.default_rng(7).normal(0.002, 0.03, (900, 2))
RETURNS = pd.DataFrame({"own": DRAWN[:, 0] + DRAWN[:, 1], "bitcoin": DRAWN[:, 1]}, index=DAYS)


@pytest.mark.parametrize(("days", "growth"), [(365, math.nan), (366, 0.2)])
def test_a_few_months_are_not_blown_up_to_a_year(days: int, growth: float) -> None:
    level = pd.Series(np.geomspace(100.0, 120.0, days), pd.date_range("2020-06-01", periods=days))
    assert ev.headline_figures(level).growth == pytest.approx(growth, nan_ok=True)


def test_the_headline_is_where_the_level_stands() -> None:
    level = pd.Series([100.0, 120.0, 60.0, 90.0], pd.date_range("2020-12-30", periods=4))
    headline = ev.headline_figures(level)
    assert (headline.level, headline.inception, headline.as_of) == (90.0, level.index[0], level.index[-1])
    assert headline.since_inception == pytest.approx(-0.1)
    assert headline.year_to_date == pytest.approx(90 / 120 - 1)
    assert headline.drawdown == pytest.approx(-0.25)


def test_levels_meet_on_the_first_day_of_each_series() -> None:
    days = pd.date_range("2020-01-01", periods=4)
    levels = pd.DataFrame({"index": [100.0, 120.0, 60.0, 90.0], "bitcoin": [np.nan, 5.0, 10.0, 7.5]}, index=days)
    scaled = ev.rebased(levels)
    assert list(scaled["index"]) == [100, 120, 60, 90]
    assert list(scaled["bitcoin"].iloc[1:]) == [120, 240, 180]
    unknown = ev.rebased(levels.assign(unknown=np.nan))
    assert unknown["unknown"].isna().all()


def test_two_levels_of_one_name_and_a_first_level_that_begins_late_are_refused() -> None:
    days = pd.date_range("2020-01-01", periods=2)
    with pytest.raises(DataError, match="two columns are called 'a'"):
        ev.rebased(pd.DataFrame([[1.0, 2.0], [1.0, 2.0]], index=days, columns=["a", "a"]))
    with pytest.raises(DataError, match="no value on the day on which 'b' begins"):
        ev.rebased(pd.DataFrame({"a": [np.nan, 1.0], "b": [1.0, 2.0]}, index=days))


def test_tails_have_a_row_for_each_series_and_method_and_a_column_for_each_level() -> None:
    table = ev.tail_table(RETURNS)
    assert table.shape == (8, 4)
    assert table.attrs["reasons"] == []
    expected = ev.expected_shortfall(RETURNS["bitcoin"], method="gaussian", confidence=0.99)
    assert table.loc[("bitcoin", "gaussian"), ("expected_shortfall", 0.99)] == expected
    low = RETURNS["own"].quantile(0.05)
    assert table.loc[("own", "historical"), ("value_at_risk", 0.95)] == pytest.approx(low)


def test_the_worst_days_are_those_of_the_index_and_then_those_of_the_benchmark() -> None:
    table = ev.worst_days(RETURNS["own"], RETURNS["bitcoin"], count=2)
    assert list(table["whose"]) == ["index", "index", "bitcoin", "bitcoin"]
    assert table.loc[0, "date"] == RETURNS["own"].idxmin()
    assert table.loc[2, "date"] == RETURNS["bitcoin"].idxmin()
    assert table["active"].to_numpy() == pytest.approx((table["return"] - table["benchmark"]).to_numpy())


def test_alphas_are_tested_against_each_benchmark_and_corrected_for_their_number() -> None:
    benchmarks = RETURNS[["bitcoin"]].assign(other=RETURNS["bitcoin"].to_numpy()[::-1])
    table = ev.alpha_table(RETURNS["own"], benchmarks, risk_free=0.04)
    assert list(table.index) == ["bitcoin", "other"]
    assert table.loc["bitcoin", "beta"] == pytest.approx(1.0, abs=0.1)
    assert table["adjusted"].min() == pytest.approx(min(1.0, 2 * table["p_value"].min()))


def test_each_relative_figure_is_that_of_its_function() -> None:
    benchmarks = RETURNS[["bitcoin"]].assign(late=RETURNS["bitcoin"].where(RETURNS.index > DAYS[100]))
    table = ev.relative_table(RETURNS["own"], benchmarks)
    for name in benchmarks.columns:
        for figure in table.index.drop(["up_capture_of_sums", "down_capture_of_sums"]):
            assert table.loc[figure, name] == getattr(ev, figure)(RETURNS["own"], benchmarks[name])
        of_sums = ev.down_capture(RETURNS["own"], benchmarks[name], method="ratio_of_sums")
        assert table.loc["down_capture_of_sums", name] == of_sums


def test_skill_is_told_in_three_values() -> None:
    skill = ev.skill_figures(RETURNS["own"], RETURNS[["bitcoin"]], risk_free=0.04)
    assert skill.years == pytest.approx(900 / 365)
    assert skill.probability == ev.probabilistic_sharpe(RETURNS["own"], risk_free=0.04)
    assert skill.verdict == "cannot tell"
    assert ev.skill_figures(RETURNS["own"] + 0.005, RETURNS[["bitcoin"]], risk_free=0.04).verdict == "above zero"
    assert ev.skill_figures(RETURNS["own"] - 0.005, RETURNS[["bitcoin"]], risk_free=0.0).verdict == "not above zero"
    pd.testing.assert_frame_equal(skill.differences, ev.difference_test(RETURNS["own"], RETURNS[["bitcoin"]]))
