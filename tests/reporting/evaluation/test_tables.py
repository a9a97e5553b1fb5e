"""Tables of the evaluation: figures of `research.evaluation`, each in its unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research import evaluation
from research.reporting.evaluation import tables as evaluation_tables
from research.reporting.presentation import tables
from research.reporting.presentation.names import words_of

DAYS = pd.date_range("2020-01-01", periods=900, freq="D", name="date")
DRAWN = np.random.default_rng(7).normal(0.002, 0.03, (900, 2))
RETURNS = pd.DataFrame({"own": DRAWN[:, 0] + DRAWN[:, 1], "bitcoin": DRAWN[:, 1]}, index=DAYS)


def test_a_flag_that_was_not_found_is_listed_after_those_that_were() -> None:
    found = pd.DataFrame(
        {
            "flag": ["beta_drift", "data_warnings"],
            "evidence": ["Beta 2.", "3 warnings."],
            "severity": ["serious", "notice"],
            "since": pd.to_datetime(["2021-01-01", "2022-01-01"]),
        }
    )
    rules = evaluation.red_flag_rules()
    frame = tables.red_flags(found, rules).frame
    assert list(frame["found"]) == ["serious", "notice", *["no"] * (len(rules) - 2)]
    assert list(frame.index[:2]) == ["beta drift", "data warnings"]
    assert frame.loc["beta drift", "rule"] == rules.loc["beta_drift", "rule"]
    nothing = tables.red_flags(found.head(0), rules)
    assert set(nothing.frame["found"]) == {"no"}
    assert nothing.to_text()


def test_tails_have_a_row_for_each_series_and_method_and_a_column_for_each_level() -> None:
    table = evaluation_tables.tails(evaluation.tail_table(RETURNS))
    words = table.words.set_index("series and method")
    assert words.shape == (8, 4)
    assert "bitcoin, student t" in words.index
    assert "A dash" not in table.footnote
    expected = evaluation.expected_shortfall(RETURNS["bitcoin"], method="gaussian", confidence=0.99)
    assert words.loc["bitcoin, gaussian", "expected shortfall, 99\u00a0%"] == f"\u2212{-100 * expected:.2f}\u00a0%"


def test_a_tail_figure_that_means_nothing_is_a_dash_and_the_note_says_why() -> None:
    wild = RETURNS["bitcoin"].where(RETURNS.index != RETURNS.index[5], 3.0)
    table = evaluation_tables.tails(evaluation.tail_table(RETURNS.assign(bitcoin=wild)))
    assert set(table.words.set_index("series and method").loc["bitcoin, modified"]) == {"\u2013"}
    assert "A dash: bitcoin, modified: skewness and kurtosis lie outside the domain" in table.footnote


def test_the_worst_days_say_whose_they_are() -> None:
    worst = evaluation.worst_days(RETURNS["own"], RETURNS["bitcoin"], count=2)
    table = evaluation_tables.worst_days(worst, count=2, benchmark="bitcoin")
    assert list(table.words["worst of"]) == ["index", "index", "bitcoin", "bitcoin"]
    assert table.caption == "The 2 worst days of the index, and what it did on the 2 worst of bitcoin"


def test_alphas_are_shown_with_the_p_value_for_all_of_them() -> None:
    table = evaluation_tables.alphas(
        evaluation.alpha_table(RETURNS["own"], RETURNS[["bitcoin"]], risk_free=0.04), risk_free=0.04
    )
    assert "p for all tests (Holm)" in table.words.columns
    assert "over 4\u00a0% a year" in table.footnote


def test_relative_figures_are_printed_in_their_own_units() -> None:
    half = evaluation.relative_table(RETURNS["bitcoin"] * 0.5, RETURNS[["bitcoin"]])
    words = evaluation_tables.relatives(half).words.set_index("figure")
    assert not [name for name in words.index if "_" in name]
    assert words.loc["beta", "bitcoin"] == "0.50"
    assert words.loc["down capture, ratio of sums", "bitcoin"] == "50.0\u00a0%"
    assert words.loc["variance explained", "bitcoin"] == "100.0\u00a0%"
    assert words.loc["active return a year, points", "bitcoin"][0] in "+\u2212"


def test_expectations_name_years_and_quantiles_and_give_no_chance_of_a_drawdown() -> None:
    expected = evaluation.expectations(RETURNS["own"], draws=50)
    table = tables.expectations(expected)
    assert list(table.frame.index) == [
        f"{span}: {what}" for span in ("1 year", "3 years") for what in ("return", "deepest fall")
    ]
    assert table.frame.loc["3 years: return", "50\u00a0% quantile"] == expected.loc[(1095, "total_return"), 0.5]
    chances = table.words["chance of a loss"]
    assert chances.iloc[1] == "–"
    assert chances.iloc[0].endswith("%")
    assert table.footnote.startswith("Repeats the past")


def test_profiles_show_the_rank_under_each_and_one_common_period() -> None:
    matches = {
        profile: evaluation.match_profile(RETURNS, profile, window=100, minimum_history=200)
        for profile in evaluation.PROFILES
    }
    table = evaluation_tables.profiles(matches)
    for profile, match in matches.items():
        assert table.frame[profile].to_dict() == match["rank"].to_dict()
        assert table.frame[f"{profile}, first"].to_dict() == match["probability_first"].to_dict()
        for criterion, weight in evaluation.PROFILES[profile].items():
            assert criterion in table.frame
            assert f"{words_of(criterion)} {100 * weight:.0f}\u00a0%" in table.footnote
    assert list(table.frame.index) == list(next(iter(matches.values())).index)
    assert "the first two change places in" in table.footnote
    assert "2020-01-01 to 2022-06-18" in table.caption


def test_regimes_say_what_they_are_and_cycles_that_they_could_not_be_traded_on() -> None:
    labels = evaluation.trend_regimes(RETURNS["bitcoin"])
    frame = evaluation.performance_by_regime(RETURNS["own"], labels, benchmark=RETURNS["bitcoin"])
    table = evaluation_tables.regimes([frame], benchmark="bitcoin", risk_free=0.04)
    assert list(table.words["regime"]) == ["bull", "sideways", "bear"]
    assert "return of bitcoin" in table.words.columns
    cycles = evaluation.market_cycles(RETURNS["bitcoin"])
    assert (
        "could not have been traded on"
        in evaluation_tables.cycles(evaluation.drawdown_by_cycle(RETURNS["own"], cycles), benchmark="bitcoin").footnote
    )
