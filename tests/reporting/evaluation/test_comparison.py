"""The answer of the evaluation page, and the tables and figures of what can be told apart."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research import evaluation
from research.reporting.evaluation import comparison_tables, comparison_texts
from research.reporting.presentation import canvas, figures_evaluation

DAYS = pd.date_range("2020-01-01", periods=900, name="date")
DRAWN = np.random.default_rng(7).normal(0.001, 0.03, (900, 2))
RETURNS = pd.DataFrame({"own": 0.5 * DRAWN[:, 0] + DRAWN[:, 1], "bit*coin": DRAWN[:, 1]}, index=DAYS)
LEVELS = (1 + RETURNS).cumprod()
COMPARED = evaluation.compare(LEVELS, reference="own", draws=100)


def said(*verdicts: str) -> str:
    """The sentence in bold when Sharpe ratio, growth and drawdown have these verdicts."""
    return comparison_texts.answer(COMPARED.assign(verdict=verdicts), benchmark="bit*coin").split("**")[1]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        (("cannot tell",) * 3, "We cannot tell."),
        (("better",) * 3, "It is better in Sharpe ratio, growth a year (CAGR) and maximum drawdown."),
        (
            ("better", "cannot tell", "worse"),
            "It is better in Sharpe ratio and worse in maximum drawdown; in growth a year (CAGR) we cannot tell.",
        ),
        (
            ("cannot tell", "worse", "cannot tell"),
            "It is worse in growth a year (CAGR); in Sharpe ratio and maximum drawdown we cannot tell.",
        ),
    ],
)
def test_the_answer_says_what_is_known_and_what_is_not(verdicts: tuple[str, ...], words: str) -> None:
    assert said(*verdicts) == f"Is it better than bit&#42;coin, and do we know? {words}"


def test_the_answer_gives_each_difference_with_its_interval_and_its_error_rate() -> None:
    text = comparison_texts.answer(COMPARED, benchmark="bit*coin")
    sharpe = COMPARED.iloc[0]
    assert f"Sharpe ratio {sharpe['first_value']:.2f} against {sharpe['second_value']:.2f}" in text.replace(
        "\u2212", "-"
    )
    assert text.count("95\u00a0% interval") == 3
    assert "in simulated markets without a difference" in text
    short = evaluation.compare(LEVELS.head(50), reference="own", draws=100)
    assert "no interval for the difference" in comparison_texts.answer(short, benchmark="bit*coin")


def test_the_table_of_comparisons_has_a_row_for_each_measure_in_its_unit() -> None:
    words = comparison_tables.comparison(COMPARED).words
    assert list(words["measure"]) == ["Sharpe ratio", "growth a year (CAGR)", "maximum drawdown"]
    assert words.loc[1, "difference"].endswith("%")
    assert "%" not in words.loc[0, "difference"]
    assert words.loc[2, "difference"].endswith(" points")
    assert "2020-01-02 to 2022-06-18" in comparison_tables.comparison(COMPARED).caption


def test_the_set_of_the_best_names_its_reference_and_the_chance() -> None:
    table = comparison_tables.best(evaluation.best_of_many(LEVELS, "bit*coin", draws=100), reference="bit*coin")
    assert "beats bit*coin: p = " in table.footnote
    assert list(table.words["could be the best"]) == ["yes", "yes"]
    short = comparison_tables.best(evaluation.best_of_many(LEVELS.head(20), "own"), reference="own")
    assert "p = – " in short.footnote


def test_what_factors_brought_stands_beside_alpha_before_and_after_costs() -> None:
    factors = pd.DataFrame({"market": RETURNS["bit*coin"], "size": DRAWN[:, 0]})
    net, gross = (evaluation.factor_regression(RETURNS["own"] + cost, factors) for cost in (0.0, 0.001))
    table = comparison_tables.factors(net, gross)
    assert list(table.frame.index) == ["alpha after costs", "market", "size", "alpha before costs"]
    assert "900 days" in table.footnote
    nothing = evaluation.factor_regression(RETURNS["own"], factors.head(0))
    assert comparison_tables.factors(nothing, nothing).words.loc[0, "p"] == "–"


def test_breaks_timing_and_back_tests_are_shown_with_their_verdicts() -> None:
    own, other = RETURNS["own"], RETURNS["bit*coin"]
    breaks = comparison_tables.breaks(evaluation.structural_breaks(own, other))
    assert set(breaks.words["verdict"]) <= {"changed", "no change seen"}
    short = comparison_tables.breaks(evaluation.structural_breaks(own.head(100), other))
    assert set(short.words["likeliest day"]) == {"–"}
    timing = comparison_tables.timing(evaluation.timing_tests(own, other))
    assert len(timing.words) == 2
    tests = comparison_tables.backtests(evaluation.var_backtests(own))
    assert tests.words.iloc[0]["value at risk"] == "historical, 95\u00a0%"
    assert tests.words.iloc[0]["breaches expected"] == "27"


def test_tails_are_told_with_and_without_an_interval() -> None:
    own, other = RETURNS["own"], RETURNS["bit*coin"]
    deep = evaluation.conditional_drawdown(RETURNS)
    text = comparison_texts.tail(evaluation.tail_dependence(own, other), deep, benchmark="bit*coin")
    assert "Of the 45 worst days of bit&#42;coin" in text
    assert "95\u00a0% interval" in text
    twin = comparison_texts.tail(evaluation.tail_dependence(other, other), deep, benchmark="bit*coin")
    assert "(no interval)" in twin
    short = comparison_texts.tail(evaluation.tail_dependence(own.head(50), other), deep, benchmark="bit*coin")
    assert "too short" in short


def test_the_error_of_the_sharpe_ratio_is_told() -> None:
    figures = evaluation.sharpe_error(RETURNS["own"])
    assert f"standard error of **{figures['error']:.2f}**" in comparison_texts.sharpe_error(figures)
    assert "too short" in comparison_texts.sharpe_error(evaluation.sharpe_error(RETURNS["own"].head(5)))


def test_figures_draw_what_they_are_given_and_say_when_there_is_nothing(recwarn: pytest.WarningsRecorder) -> None:
    lines = evaluation.distribution_lines(RETURNS["own"])
    axes = figures_evaluation.distribution(lines, source="test")
    dots = next(line for line in axes.lines if line.get_label() == "observed")
    np.testing.assert_array_equal(dots.get_xdata(), lines["observed"])
    alpha = evaluation.rolling_alpha(RETURNS["own"], RETURNS["bit*coin"])
    axes = figures_evaluation.band(alpha, source="test", unit="alpha, % a year")
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), alpha["alpha"])
    record = evaluation.forecast_record(RETURNS["own"], horizon=60, first=200, draws=50)
    frame = evaluation.forecast_reliability(record)
    axes = figures_evaluation.reliability(frame, source="test")
    pd.testing.assert_frame_equal(canvas.PLOTTED[axes][1], frame)
    for empty in (
        figures_evaluation.distribution(lines.head(0), source="test"),
        figures_evaluation.band(alpha.head(1), source="test", unit="alpha"),
        figures_evaluation.reliability(frame.head(0), source="test"),
    ):
        assert [text.get_text() for text in empty.texts] == ["Nothing to show: the history is too short."]
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()
    assert not [warning for warning in recwarn.list if "More than 20 figures" not in str(warning.message)]
    plt.close("all")
