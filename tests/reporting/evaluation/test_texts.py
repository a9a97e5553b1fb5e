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


def test_skill_is_told_with_the_history_it_would_need() -> None:
    text = evaluation_texts.skill(evaluation.skill_figures(RETURNS["own"], RETURNS[["bitcoin"]], risk_free=0.0))
    years = evaluation.minimum_track_record(RETURNS["own"]) / 365
    assert f"{years:.2f} years are needed" in text
    assert f"bitcoin {evaluation.years_to_distinguish(RETURNS['own'], RETURNS['bitcoin']):,.0f}" in text
    falling = evaluation_texts.skill(evaluation.skill_figures(-RETURNS["own"], RETURNS[["bitcoin"]], risk_free=0.0))
    assert "no length of history would show it" in falling


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
