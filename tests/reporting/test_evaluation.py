"""What the evaluation notebook shows: figures of `research.evaluation` side by side, each where it belongs."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research import IndexHistory, Methodology, build_index, evaluation, load_market
from research.reporting.evaluation import tables as evaluation_tables
from research.reporting.evaluation import texts as evaluation_texts
from research.reporting.presentation import figures
from research.reporting.publishing.site import Entry, write_index
from tests.conftest import ROOT

DAYS = pd.date_range("2020-01-01", periods=900, freq="D", name="date")
DRAWN = np.random.default_rng(7).normal(0.002, 0.03, (900, 2))
RETURNS = pd.DataFrame({"own": DRAWN[:, 0] + DRAWN[:, 1], "bitcoin": DRAWN[:, 1]}, index=DAYS)


@pytest.fixture(scope="module")
def index() -> IndexHistory:
    return build_index(load_market(ROOT / "data" / "sample"), Methodology.load("large-cap-20-capped"))


def test_the_inputs_of_red_flags_leave_out_the_first_purchase_and_name_a_sector_for_each_member(
    index: IndexHistory,
) -> None:
    inputs = evaluation_tables.red_flag_inputs(index)
    assert inputs["weights"].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert index.dates[0] not in inputs["turnover"].index
    assert set(inputs["sectors"]) == set(inputs["weights"].columns)
    assert inputs["data_warnings"].loc["2022-06-02"].startswith("helion: no price for 11 days")
    returns = evaluation.returns_from_levels(index.level)
    assert "data_warnings" in set(evaluation.find_red_flags(returns, **inputs)["flag"])


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
    frame = evaluation_tables.red_flags(found, rules).frame
    assert list(frame["found"]) == ["serious", "notice", *["no"] * (len(rules) - 2)]
    assert list(frame.index[:2]) == ["beta drift", "data warnings"]
    assert frame.loc["beta drift", "rule"] == rules.loc["beta_drift", "rule"]
    nothing = evaluation_tables.red_flags(found.head(0), rules)
    assert set(nothing.frame["found"]) == {"no"}
    assert nothing.to_text()


def test_tails_have_a_row_for_each_series_and_method_and_a_column_for_each_level() -> None:
    frame = evaluation_tables.tails(RETURNS).frame
    assert frame.shape == (6, 4)
    expected = evaluation.expected_shortfall(RETURNS["bitcoin"], method="gaussian", confidence=0.99)
    assert frame.loc["bitcoin, gaussian", "expected shortfall, 99\u00a0%"] == expected
    assert frame.loc["own, historical", "value at risk, 95\u00a0%"] == pytest.approx(RETURNS["own"].quantile(0.05))


def test_the_worst_days_are_those_of_the_index_and_then_those_of_the_benchmark() -> None:
    frame = evaluation_tables.worst_days(RETURNS["own"], RETURNS["bitcoin"], count=2).frame
    assert list(frame["whose"]) == ["index", "index", "bitcoin", "bitcoin"]
    assert frame.loc[0, "date"] == RETURNS["own"].idxmin()
    assert frame.loc[2, "date"] == RETURNS["bitcoin"].idxmin()
    assert frame["active"].to_numpy() == pytest.approx((frame["return"] - frame["benchmark"]).to_numpy())


def test_alphas_are_tested_against_each_benchmark_and_corrected_for_their_number() -> None:
    benchmarks = RETURNS[["bitcoin"]].assign(other=RETURNS["bitcoin"].to_numpy()[::-1])
    frame = evaluation_tables.alphas(RETURNS["own"], benchmarks, risk_free=0.04).frame
    assert list(frame.index) == ["bitcoin", "other"]
    assert frame.loc["bitcoin", "beta"] == pytest.approx(1.0, abs=0.1)
    smallest = frame["p_value"].min()
    assert frame["adjusted"].min() == pytest.approx(min(1.0, 2 * smallest))


def test_relative_figures_are_printed_in_their_own_units() -> None:
    words = evaluation_tables.relatives(RETURNS["bitcoin"] * 0.5, RETURNS[["bitcoin"]]).words.set_index("figure")
    assert words.loc["beta", "bitcoin"] == "0.50"
    assert words.loc["down capture, ratio of sums", "bitcoin"] == "50.0\u00a0%"
    assert words.loc["variance explained", "bitcoin"] == "100.0\u00a0%"
    assert words.loc["active return a year", "bitcoin"][0] in "+\u2212"


def test_expectations_name_years_and_quantiles_and_give_no_chance_of_a_drawdown() -> None:
    expected = evaluation.expectations(RETURNS["own"], draws=50)
    table = evaluation_tables.expectations(expected)
    assert list(table.frame.index) == [
        f"{span}: {what}" for span in ("1 year", "3 years") for what in ("return", "maximum drawdown")
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
    assert list(table.frame.index) == list(next(iter(matches.values())).index)
    assert "2020-01-01 to 2022-06-18" in table.caption


def test_regimes_say_what_they_are_and_cycles_that_nobody_could_trade_on_them() -> None:
    labels = evaluation.trend_regimes(RETURNS["bitcoin"])
    frame = evaluation.performance_by_regime(RETURNS["own"], labels, benchmark=RETURNS["bitcoin"])
    table = evaluation_tables.regimes(frame, benchmark="bitcoin")
    assert list(table.words["regime"]) == ["bull", "sideways", "bear"]
    assert "return of bitcoin" in table.words.columns
    cycles = evaluation.market_cycles(RETURNS["bitcoin"])
    assert (
        "nobody could trade on it"
        in evaluation_tables.cycles(evaluation.drawdown_by_cycle(RETURNS["own"], cycles), benchmark="bitcoin").footnote
    )


def test_skill_is_told_with_the_history_it_would_need() -> None:
    text = evaluation_texts.skill(RETURNS["own"], RETURNS[["bitcoin"]], risk_free=0.0)
    years = evaluation.minimum_track_record(RETURNS["own"]) / 365
    assert f"{years:.2f} years are needed" in text
    assert f"bitcoin {evaluation.years_to_distinguish(RETURNS['own'], RETURNS['bitcoin']):,.0f}" in text
    falling = evaluation_texts.skill(-RETURNS["own"], RETURNS[["bitcoin"]], risk_free=0.0)
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
    pd.testing.assert_series_equal(figures.PLOTTED[axes][1]["realised"], record["realised"])
    assert axes.get_yscale() == "log"
    plt.close("all")


def test_the_bands_of_regimes_cover_the_days_of_each_and_no_others() -> None:
    labels = evaluation.trend_regimes(RETURNS["bitcoin"])
    level = (1 + RETURNS["own"]).cumprod()
    axes = figures.regimes(level, labels, source="test")
    _, plotted = figures.PLOTTED[axes]
    assert plotted["bull, 1 on its days"].sum() == (labels == "bull").sum()
    assert set(axes.get_legend_handles_labels()[1]) == {"own", "bull", "sideways", "bear"}
    plt.close("all")


def test_a_rolling_figure_says_its_unit_and_a_date_axis_of_four_years_finds_its_ticks(
    recwarn: pytest.WarningsRecorder,
) -> None:
    for periods in (100, 900, 1385, 1500):
        days = pd.date_range("2020-05-01", periods=periods)
        axes = figures.rolling(pd.DataFrame({"a": 0.5}, index=days), source="test", unit="volatility", percent=True)
        figure = axes.get_figure(root=True)
        assert figure is not None
        figure.canvas.draw()
        assert 3 <= len(axes.get_xticks()) <= 9
        assert axes.get_ylabel() == "volatility"
        assert axes.get_yticklabels()[0].get_text().endswith("%")
    assert not recwarn.list
    plt.close("all")


def test_the_index_page_has_a_column_for_what_half_of_the_reports_show(tmp_path: Path) -> None:
    common = [{"label": "Level", "value": "1,000"}]
    verdicts = {"a": common, "b": common, "c": [*common, {"label": "Red flags", "value": "1"}], "d": []}
    entries = {name: Entry(title=name, verdict=verdict) for name, verdict in verdicts.items()}
    assert "Red flags" not in write_index(tmp_path, entries).read_text(encoding="utf-8")
    half = {name: entries[name] for name in ("b", "c", "d")}
    assert ">Red flags</th>" in write_index(tmp_path, half).read_text(encoding="utf-8")
