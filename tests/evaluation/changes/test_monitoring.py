"""The quarterly questions against closed forms and cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.evaluation.changes.monitoring import monitoring, standing

DAYS = pd.date_range("2021-01-01", "2024-03-31", name="date")


def grown(daily: float | np.ndarray, days: pd.DatetimeIndex = DAYS) -> pd.Series:
    """A level of 100 on the first day that grows by `daily` on each later one."""
    steps = np.broadcast_to(daily, len(days)).copy()
    steps[0] = 0.0
    return pd.Series(100.0 * np.cumprod(1.0 + steps), index=days)


def wavy(seed: int, mean: float, days: pd.DatetimeIndex = DAYS) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 0.02, len(days))


def test_a_constant_growth_stands_where_the_closed_form_says() -> None:
    levels = pd.DataFrame({"index": grown(0.001), "bitcoin": grown(0.0005)})
    table = standing(levels)
    own = table.loc["index"]
    assert own["year_to_date"] == pytest.approx(1.001**91 - 1)  # 2024 to the end of March
    assert own["one_year"] == pytest.approx(1.001**365 - 1)
    assert own["growth"] == pytest.approx(1.001**365 - 1)
    assert own["growth_less"] == pytest.approx(1.001**365 - 1.0005**365)
    assert own["year_to_date_less"] == pytest.approx(1.001**91 - 1.0005**91)
    assert own[["max_drawdown", "drawdown"]].tolist() == [0.0, 0.0]
    assert own["volatility"] == pytest.approx(0.0, abs=1e-12)
    assert (own["since"], own["until"]) == (DAYS[0], DAYS[-1])
    assert table.loc["bitcoin", ["year_to_date_less", "one_year_less", "growth_less"]].isna().all()


def test_a_fall_is_measured_from_the_high_and_over_each_series_own_history() -> None:
    short = pd.Series([100.0, 200.0, 120.0, 150.0], index=DAYS[-4:])
    table = standing(pd.DataFrame({"index": grown(0.001), "bitcoin": grown(0.0), "late": short}))
    assert table.loc["late", "max_drawdown"] == pytest.approx(-0.4)
    assert table.loc["late", "drawdown"] == pytest.approx(-0.25)
    assert table.loc["late", "since"] == DAYS[-4]
    assert table.loc["late", ["year_to_date", "one_year", "growth", "growth_less", "volatility"]].isna().all()


def test_the_difference_of_growth_is_over_the_days_that_both_have() -> None:
    levels = pd.DataFrame({"index": grown(0.001), "bitcoin": grown(0.002, DAYS[400:])})
    returns = ev.returns_from_levels(levels.dropna())
    assert standing(levels).loc["index", "growth_less"] == pytest.approx(
        ev.cagr(returns["index"]) - ev.cagr(returns["bitcoin"])
    )


def test_a_level_of_a_single_day_and_one_of_three_have_no_figures_of_a_year() -> None:
    levels = pd.DataFrame({"index": grown(0.001), "bitcoin": grown(0.0)})
    assert standing(levels.iloc[:1])[["one_year", "growth", "volatility", "max_drawdown"]].isna().all(axis=None)
    found = monitoring(levels.iloc[:3])
    assert (found.windows, found.days_behind) == (0, 0)
    assert all(math.isnan(value) for value in (found.sharpe, found.share_below, found.share_positive, found.one_year))


def test_quarters_are_calendar_quarters_and_the_one_to_date_begins_with_the_last_close_before() -> None:
    days = pd.date_range("2023-06-01", "2023-11-15")
    found = monitoring(pd.DataFrame({"index": grown(0.01, days), "bitcoin": grown(0.0, days)}))
    assert found.quarter == pytest.approx(1.01**46 - 1)  # October and half of November
    assert found.last_quarter == pytest.approx(1.01**92 - 1)  # July to September
    assert (found.quarter_benchmark, found.last_quarter_benchmark) == (0.0, 0.0)


def test_the_last_year_is_held_against_windows_that_ended_before_it_began() -> None:
    """Of three years the first two fall, the last rises: it is above all that was known when it began."""
    daily = np.where(DAYS < "2023-04-01", -0.001, 0.002)
    found = monitoring(pd.DataFrame({"index": grown(daily), "bitcoin": grown(0.0005)}))
    assert found.share_below == 1.0
    assert found.one_year == pytest.approx(1.002**365 - 1, rel=0.02)
    falling = monitoring(pd.DataFrame({"index": grown(-daily), "bitcoin": grown(0.0005)}))
    assert falling.share_below == 0.0


def test_windows_that_gained_and_that_were_ahead_are_counted_apart() -> None:
    found = monitoring(pd.DataFrame({"index": grown(0.001), "bitcoin": grown(0.002)}))
    assert (found.share_positive, found.share_ahead) == (1.0, 0.0)
    assert found.windows == len(DAYS) - 365


def test_the_spell_behind_is_counted_from_the_last_day_back() -> None:
    other = wavy(2, 0.001)
    own = other + 0.002
    ahead = monitoring(pd.DataFrame({"index": grown(own), "bitcoin": grown(other)}))
    assert ahead.sharpe > ahead.sharpe_benchmark
    assert ahead.days_behind == 0
    behind = monitoring(pd.DataFrame({"index": grown(other), "bitcoin": grown(own)}))
    assert behind.days_behind == len(DAYS) - 365  # in every window
    turned = own.copy()
    turned[-60:] = -0.05 + wavy(3, 0.0)[-60:]
    found = monitoring(pd.DataFrame({"index": grown(turned), "bitcoin": grown(other)}))
    assert 0 < found.days_behind <= 60


def test_nothing_after_a_day_changes_what_was_said_on_it() -> None:
    levels = pd.DataFrame({"index": grown(wavy(4, 0.001)), "bitcoin": grown(wavy(5, 0.001))})
    cut = levels.loc[:"2023-09-30"]
    changed = levels.copy()
    changed.loc["2023-10-01":] *= 7.0
    assert monitoring(cut) == monitoring(changed.loc[:"2023-09-30"])
    pd.testing.assert_frame_equal(standing(cut), standing(changed.loc[:"2023-09-30"]))
