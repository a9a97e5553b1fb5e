"""Tables and figures of the signal review: every column in its unit, missing numbers as dashes, names escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research.index.skill.signal_exits import COLUMNS, calls_on_members, signal_exits
from research.reporting.presentation import canvas, figures_signals
from research.reporting.presentation.table import Table
from research.reporting.signals import tables
from research.signals.features import catalogue
from research.signals.importance import feature_importance

from .conftest import Reviewed

HOSTILE = "<script>alert('x')</script>"
DASH = "\u2013"


@pytest.fixture(autouse=True)
def _no_figures_are_left() -> Iterator[None]:
    yield
    plt.close("all")


def every(reviewed: Reviewed) -> dict[str, Table]:
    index, signals, review = reviewed
    return {
        "calls": tables.calls(calls_on_members(index), date=index.dates[-1]),
        "exits": tables.exits(signal_exits(index)),
        "importance": tables.importance(feature_importance(signals), catalogue(index.market)),
        "tests": tables.tests(review),
        "skill": tables.skill(review),
        "year": tables.by_label(review.ic_by_year, "year"),
        "regime": tables.by_label(review.ic_by_regime, "regime of the market"),
        "rivals": tables.rivals(review, risk_free=0.04),
        "attribution": tables.attribution(review),
        "matched": tables.matched(review),
    }


def test_no_table_shows_a_missing_number_but_as_a_dash(reviewed: Reviewed) -> None:
    for name, table in every(reviewed).items():
        assert len(table.frame), name
        for text in (table.to_text(), table.to_html()):
            assert not re.search(r"\b(nan|NaN|NaT|None|inf)\b", text), name


def test_what_the_verdict_rests_on_is_told_in_words_with_the_number_of_configurations(reviewed: Reviewed) -> None:
    table = tables.tests(reviewed.review)
    assert table.words["mean"].tolist() == list(tables.WORDS.values())
    assert "for every configuration tried on this market: 1." in table.footnote
    p = reviewed.review.tests["p_adjusted"]
    assert table.words["p, corrected"].tolist() == [f"{value:.4f}" for value in p]


def test_parts_of_the_difference_are_all_told_in_words(reviewed: Reviewed) -> None:
    assert set(reviewed.review.attribution.index) == set(tables.PARTS)
    assert tables.attribution(reviewed.review).words["part"].tolist()[-1] == "difference"


def test_figures_of_the_calls_have_their_own_interval_and_verdict(reviewed: Reviewed) -> None:
    review = reviewed.review
    frame = tables.skill(review).frame
    hits, net = frame.iloc[1], frame.loc["best less worst fifth, net, a week"]
    assert (
        hits.tolist()
        == review.hits[["above_chance", "above_chance_lower", "above_chance_upper", "p_value", "verdict"]].tolist()
    )
    assert net[["value", "lower", "upper"]].tolist() == review.spread.loc["net", ["value", "lower", "upper"]].tolist()
    assert (frame["lower"] <= frame["value"]).all()
    assert (frame["value"] <= frame["upper"]).all()


def test_a_year_is_no_count(reviewed: Reviewed) -> None:
    assert tables.by_label(reviewed.review.ic_by_year, "year").words["year"].tolist() == ["2019", "2020"]


def test_small_coefficients_are_no_zeros(reviewed: Reviewed) -> None:
    table = tables.importance(feature_importance(reviewed.signals), catalogue(reviewed.index.market))
    assert table.words["coefficient of the last fit"].str.contains("[1-9]").all()
    assert table.words["group"].ne(DASH).all()
    assert "The first 15 of" in table.footnote


def test_an_asset_with_a_hostile_name_is_text_in_calls_and_exits(reviewed: Reviewed) -> None:
    called = calls_on_members(reviewed.index).rename(index=lambda name: f"{HOSTILE}{name}")
    exits = pd.DataFrame([[HOSTILE, pd.Timestamp("2021-01-04"), pd.NaT, 0.1, -0.2]], columns=COLUMNS)
    for table in (tables.calls(called, date=pd.Timestamp("2021-01-03")), tables.exits(exits)):
        assert "<script" not in table.to_html()
        assert "&lt;script&gt;" in table.to_html()


def test_a_member_still_out_has_a_dash_and_none_left_is_said() -> None:
    exits = pd.DataFrame([["a", pd.Timestamp("2021-01-04"), pd.NaT, 0.1, -0.2]], columns=COLUMNS)
    [words] = tables.exits(exits).words.to_dict("records")
    assert words["held again"] == DASH
    assert words["return while it was out"] == "\u221220.0\u00a0%"
    assert tables.exits(exits.head(0)).footnote.startswith("No rows.")


def test_a_member_without_a_call_is_shown_with_dashes(reviewed: Reviewed) -> None:
    called = calls_on_members(reviewed.index)
    nothing = pd.DataFrame([["", "", np.nan, np.nan, ""]], pd.Index(["new"], name="asset_id"), called.columns)
    table = tables.calls(pd.concat([called, nothing]), date=pd.Timestamp("2021-01-03"))
    assert table.words.set_index("asset").loc["new", ["probability", "features missing"]].tolist() == [DASH, DASH]


def test_calibration_draws_what_was_said_and_seen_beside_the_line_of_an_honest_probability(reviewed: Reviewed) -> None:
    frame = reviewed.review.reliability
    axes = figures_signals.calibration(frame, source="SIMULATED")
    x, y = axes.lines[0].get_data()
    np.testing.assert_array_equal(x, frame["mean_probability"])
    np.testing.assert_array_equal(y, frame["observed"])
    [line] = [line for line in axes.lines if "as the probability said" in str(line.get_label())]
    assert (line.get_xy1(), line.get_slope()) == ((0.5, 0.5), 1)
    np.testing.assert_array_equal(canvas.PLOTTED[axes][1], frame)
    assert "mean probability" in canvas.PLOTTED[axes][1]


def test_placebos_are_a_histogram_of_all_moved_histories_with_a_line_for_the_index(reviewed: Reviewed) -> None:
    placebos = reviewed.review.placebos
    axes = figures_signals.among_placebos(placebos.moved_ratios, placebos.statistic, source="SIMULATED")
    assert sum(patch.get_height() for patch in axes.patches) == len(placebos.moved_ratios) == 40
    [line] = [line for line in axes.lines if line.get_label() == "the index"]
    assert set(line.get_xdata()) == {placebos.statistic}


def test_figures_without_anything_to_draw_say_so(reviewed: Reviewed) -> None:
    empty = figures_signals.calibration(reviewed.review.reliability.head(0), source="SIMULATED")
    missing = reviewed.review.placebos.moved_ratios * np.nan
    nothing = figures_signals.among_placebos(missing, np.nan, source="SIMULATED")
    for axes in (empty, nothing):
        assert any(words.get_text().startswith("Nothing to show") for words in axes.texts)
