"""Prose of the evaluation: skill, and forecasts of the past."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from research import evaluation
from research.reporting.evaluation import texts as evaluation_texts
from research.reporting.presentation import canvas, figures

DAYS = pd.date_range("2020-01-01", periods=900, freq="D", name="date")
DRAWN = np.random.default_rng(7).normal(0.002, 0.03, (900, 2))
RETURNS = pd.DataFrame({"own": DRAWN[:, 0] + DRAWN[:, 1], "bitcoin": DRAWN[:, 1]}, index=DAYS)


def told(returns: pd.Series) -> str:
    return evaluation_texts.skill(evaluation.skill_figures(returns, RETURNS[["bitcoin"]], risk_free=0.0))


def test_skill_is_told_with_a_third_value() -> None:
    assert "**above zero** (said from 95" in told(RETURNS["own"] + 0.005)
    assert "**not above zero** (said" in told(RETURNS["own"] - 0.005)
    assert "**cannot tell** (said" in told(RETURNS["own"] - RETURNS["own"].mean())


def test_years_are_told_as_a_range_that_is_unlimited_where_the_sign_is_not_known() -> None:
    own = RETURNS["bitcoin"] + 0.004 + 0.1 * RETURNS["own"]
    row = evaluation.difference_test(own, RETURNS[["bitcoin"]]).loc["bitcoin"]
    years = f"**ahead**; {row['fewest_years']:.2f} to {row['most_years']:.2f} years would be needed, 2.47 are there."
    assert years in told(own)
    assert "**behind**; " in told(own - 0.008)
    assert "to unlimited years would be needed" in told(own - (own - RETURNS["bitcoin"]).mean())


def test_four_independent_forecasts_cannot_tell() -> None:
    record = pd.DataFrame({"inside": [True] * 31 + [False] * 15}, pd.date_range("2019-01-01", periods=46, freq="30D"))
    record.attrs |= {"horizon": 365, "step": 30, "coverage": 0.9}
    text = evaluation_texts.calibration(evaluation.forecast_calibration(record), horizon=365)
    assert "**67.4\u00a0%** of 46" in text
    assert text.endswith("**So few cannot tell good forecasts from poor ones.**")


def test_a_history_too_short_for_forecasts_says_so_in_words_and_in_the_figure() -> None:
    record = evaluation.forecast_record(RETURNS["own"].head(400), draws=20)
    text = evaluation_texts.calibration(evaluation.forecast_calibration(record), horizon=365)
    assert text == "The history is too short to look back at forecasts over 365 days."
    axes = figures.forecasts(record, source="test", horizon=365)
    assert [words.get_text() for words in axes.texts] == ["Nothing to show: the history is too short."]
    plt.close("all")


def test_forecasts_are_drawn_with_what_came_and_counted_in_words() -> None:
    record = evaluation.forecast_record(RETURNS["own"], horizon=60, first=200, draws=50)
    result = evaluation.forecast_calibration(record)
    text = evaluation_texts.calibration(result, horizon=60)
    assert f"of {len(record)} outcomes" in text
    axes = figures.forecasts(record, source="test", horizon=60)
    pd.testing.assert_series_equal(canvas.PLOTTED[axes][1]["realised"], record["realised"])
    assert axes.get_yscale() == "log"
    plt.close("all")
