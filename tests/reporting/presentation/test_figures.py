"""Each figure draws what it was given, names its unit and its source, and says when there is nothing to draw."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research import IndexHistory, evaluation
from research.index.analysis.why.attribution import WATERFALL
from research.index.analysis.why.weight_summaries import largest_weights
from research.reporting.presentation import canvas, display, figures

DAYS = pd.date_range("2020-01-01", periods=4, name="date")
LEVELS = pd.DataFrame({"index": [100.0, 120.0, 60.0, 90.0], "bitcoin": [np.nan, 5.0, 10.0, 7.5]}, index=DAYS)
LONG = pd.date_range("2020-01-01", periods=900, freq="D", name="date")
DRAWN = np.random.default_rng(7).normal(0.002, 0.03, (900, 2))
RETURNS = pd.DataFrame({"own": DRAWN[:, 0] + DRAWN[:, 1], "bitcoin": DRAWN[:, 1]}, index=LONG)


def test_levels_are_drawn_as_they_are_given_and_on_a_logarithmic_axis() -> None:
    axes = figures.levels(LEVELS, source="test")
    for line, name in zip(axes.get_lines(), LEVELS.columns, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), LEVELS[name])
    assert axes.get_yscale() == "log"
    plt.close("all")


def test_the_areas_of_weights_carry_their_names_and_what_is_not_named_is_grey() -> None:
    wide = pd.DataFrame(np.full((4, 12), 1 / 12), index=DAYS, columns=[f"asset-{n:02d}" for n in range(12)])
    axes = figures.weights(largest_weights(wide), source="test")
    _, labels = axes.get_legend_handles_labels()
    assert labels == [*wide.columns[:9], "3 others"]
    colours = [area.get_facecolor()[0].tolist() for area in axes.collections]
    assert [red == green == blue for red, green, blue, _ in colours] == [*[False] * 9, True]
    plt.close("all")


def test_every_cell_of_the_heatmap_says_its_number() -> None:
    table = pd.DataFrame({"Jan": [0.1, -0.2], "Feb": [np.nan, -0.001], "Year": [0.5, -0.2]}, index=[2020, 2021])
    axes = figures.monthly_heatmap(table, source="test")
    assert [text.get_text() for text in axes.texts] == ["+10", "+50", "\u221220", "0", "\u221220"]
    plt.close("all")


def test_no_two_returns_of_different_size_have_one_colour_in_the_heatmap() -> None:
    sizes = [-0.6, -0.3, -0.05, 0.0, 0.05, 0.3, 0.9, 2.0, 5.4]
    axes = figures.monthly_heatmap(pd.DataFrame([sizes], index=[2020], columns=list("abcdefghi")), source="test")
    colours = [tuple(colour) for colour in axes.collections[0].get_facecolors()]
    assert len(set(colours)) == len(sizes)
    reds, blues = [colour[0] for colour in colours], [colour[2] for colour in colours]
    assert blues[:4] == sorted(blues[:4])  # losses: the larger, the less blue
    assert reds[3:] == sorted(reds[3:], reverse=True)  # gains: the larger, the less red
    plt.close("all")


def test_a_benchmark_has_its_colour_wherever_it_stands() -> None:
    first = figures.levels(LEVELS.iloc[:, :1].assign(bitcoin=1.0, ethereum=2.0), source="test")
    other = figures.levels(LEVELS.iloc[:, :1].assign(twin=3.0, ethereum=2.0, bitcoin=1.0), source="test")
    one, two = ({str(line.get_label()): line.get_color() for line in axes.lines} for axes in (first, other))
    assert {name: two[name] for name in one} == one
    assert len(set(two.values())) == 4
    plt.close("all")


def test_every_figure_labels_its_axis_with_a_unit_and_names_its_source() -> None:
    returns = LEVELS.pct_change(fill_method=None)
    drawn = [
        figures.levels(LEVELS, source="the vendor"),
        figures.drawdowns(returns, source="the vendor"),
        figures.rolling_returns(returns, source="the vendor", window_days=2),
        figures.weights(LEVELS.fillna(1.0) / 1000, source="the vendor"),
    ]
    for axes in drawn:
        assert axes.get_ylabel()
        figure = axes.get_figure()
        assert figure is not None
        assert figure.get_supxlabel() == "Source: the vendor"
    assert all("%" in axes.get_ylabel() for axes in drawn[1:])
    plt.close("all")


def test_a_history_too_short_for_a_figure_says_so_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    day = LEVELS.tail(1)
    drawn = [
        figures.levels(day, source="test"),
        figures.drawdowns(day * np.nan, source="test"),
        figures.rolling_returns(LEVELS * np.nan, source="test", window_days=365),
        figures.weights(day / 1000, source="test"),
        figures.monthly_heatmap(pd.DataFrame(columns=["Jan", "Year"]), source="test"),
    ]
    for axes in drawn:
        assert [text.get_text() for text in axes.texts] == ["Nothing to show: the history is too short."]
        assert "too short" in display.describe("T", *canvas.PLOTTED[axes])
        assert display.digest(canvas.PLOTTED[axes][1])
    assert not recwarn.list
    plt.close("all")


def test_the_waterfall_is_drawn_from_where_each_step_ends(index: IndexHistory) -> None:
    steps = index.weight_steps().set_index("asset_id")
    axes = figures.waterfall(steps, source="test", steps=WATERFALL[:-1], shown=5)
    _, reached = canvas.PLOTTED[axes]
    assert reached["overlay"].to_numpy() == pytest.approx(steps["final"].to_numpy()[:5])
    assert [text.get_text() for text in axes.get_yticklabels()] == list(steps.index[:5])
    marks = axes.lines[0].get_xdata()
    assert list(marks) == pytest.approx(list(steps["final"][:5]))
    labels = axes.get_legend_handles_labels()[1]
    assert {"by market cap", "caps, taken away", "caps, added", "final"} <= set(labels)
    assert "overlay, added" not in labels
    plt.close("all")


def test_a_bar_carries_its_number() -> None:
    frame = pd.DataFrame({"a year": [0.1, -0.02]}, index=["a", "costs"])
    axes = figures.bars(frame, source="test", unit="contribution, %")
    assert [text.get_text() for text in axes.texts] == ["+10.00\u00a0%", "\u22122.00\u00a0%"]
    plt.close("all")


def test_the_bands_of_regimes_cover_the_days_of_each_and_no_others() -> None:
    labels = evaluation.trend_regimes(RETURNS["bitcoin"])
    level = (1 + RETURNS["own"]).cumprod()
    axes = figures.regimes(level, labels, source="test")
    _, plotted = canvas.PLOTTED[axes]
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
