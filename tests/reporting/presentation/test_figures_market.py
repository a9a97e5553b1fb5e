"""Figures of a market: what is drawn is what was given, and an empty one says why."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research.reporting.presentation import canvas, display, figures, figures_market

DAYS = pd.date_range("2020-01-01", periods=5)
FIELDS = {"price": "price", "market_cap": "market cap"}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_lines_are_drawn_as_they_are_given_and_zero_has_no_place_on_a_logarithmic_axis() -> None:
    frame = pd.DataFrame({"a": [1.0, 0.0, 4.0, np.nan, 8.0]}, index=DAYS)
    axes = figures_market.lines(frame, source="test", unit="USD", log=True)
    np.testing.assert_array_equal(np.asarray(axes.get_lines()[0].get_ydata()), frame["a"])
    assert axes.get_ylabel() == "USD, logarithmic"


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"a": [np.nan] * 5}, index=DAYS)])
def test_a_figure_without_anything_to_draw_says_why(frame: pd.DataFrame) -> None:
    drawn = [
        figures_market.lines(frame, source="test", unit="USD", empty="this market has no caps"),
        figures_market.pegs(frame, source="test", empty="this market has no caps"),
        figures_market.held_back(frame.head(0)[[]], source="test", empty="this market has no caps"),
        figures.bars(frame[[]].head(0), source="test", unit="%", empty="this market has no caps"),
    ]
    for axes in drawn:
        assert [text.get_text() for text in axes.texts] == ["Nothing to show: this market has no caps."]
        assert "this market has no caps" in display.describe("T", *canvas.PLOTTED[axes])


def test_deaths_hang_down_and_a_year_without_one_has_no_label() -> None:
    frame = pd.DataFrame({"born": [5, 2], "returned": [0, 1], "died": [0, 3]}, index=[2019, 2020])
    axes = figures_market.births_and_deaths(frame, source="test")
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == [5, 2, 0, 1, 0, -3]
    assert [text.get_text() for text in axes.texts] == ["", "3"]
    assert axes.get_ylim()[1] > 5  # the tallest bar is whole


def test_each_doubtful_value_has_a_plot_with_its_day_marked() -> None:
    day = pd.Timestamp("2021-02-03")
    frame = pd.DataFrame(
        {("a", "price", day): [1.0, 9.0, 1.0], ("b", "market_cap", day): [1e9, np.nan, np.nan]}, index=[-1, 0, 1]
    )
    axes = figures_market.doubtful_values(frame, source="test", fields=FIELDS)
    figure = axes.get_figure(root=True)
    assert figure is not None
    titles = [each.get_title(loc="left") for each in figure.axes if each.get_visible()]
    assert titles == ["a, price\n2021-02-03", "b, market cap\n2021-02-03"]
    ring = figure.axes[0].get_lines()[-1]
    assert (list(ring.get_xdata()), list(ring.get_ydata())) == ([0], [9.0])
    _, plotted = canvas.PLOTTED[axes]
    assert list(plotted.columns) == ["a, price, 2021-02-03", "b, market cap, 2021-02-03"]
    assert figures_market.doubtful_values(frame.iloc[:, :0], source="test", fields=FIELDS).texts


@pytest.mark.parametrize("lowest", [0.9, 0.1, 1e-3, 1e-7])
def test_a_small_plot_has_ticks_whatever_its_values_span(lowest: float) -> None:
    day = pd.Timestamp("2021-02-03")
    frame = pd.DataFrame({("a", "price", day): [1.0, lowest, lowest]}, index=[-1, 0, 1])
    axes = figures_market.doubtful_values(frame, source="test", fields=FIELDS)
    low, high = axes.get_ylim()
    assert [tick for tick in axes.get_yticks() if low <= tick <= high]


def test_a_small_distance_from_the_peg_and_a_large_one_can_both_be_read() -> None:
    frame = pd.DataFrame({"coin": [0.0, 0.005, -0.5, 0.01, 0.0]}, index=DAYS)
    axes = figures_market.pegs(frame, source="test", empty="")
    place = axes.transData.transform([(0.0, value) for value in (-0.5, -0.01, 0.0, 0.005, 0.01)])[:, 1]
    height = place[-1] - place[0]
    assert place[3] - place[2] > 0.1 * height  # half a per cent beside a fall of fifty
    assert figures_market.pegs(frame, source="test", empty="").get_yticklabels()[4].get_text() == "0\u00a0%"
