"""Drawings of a page: small, in the colours of the page, readable on a phone, and as exact as a screen can show."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib import rc_context

from research.reporting.presentation import figures
from research.reporting.presentation.figures_sensitivity import strip
from research.reporting.presentation.svg import _SETTINGS, PHONE_WIDTH, _relative, drawing, drawings, narrow_drawing

DAYS = pd.date_range("2018-01-01", periods=2500, name="date")
WALK = np.random.default_rng(1).normal(0.001, 0.03, (2500, 5)).cumsum(axis=0)
LEVELS = pd.DataFrame(np.exp(WALK), DAYS, ["the index", "bitcoin", "ethereum", "Total Market", "a name that is long"])


@pytest.fixture
def drawn() -> Iterator[dict[str, str]]:
    axes = figures.levels(LEVELS, source="test $x$")
    yield drawings(axes.get_figure(root=True))
    plt.close("all")


def absolute(path: str) -> list[tuple[float, float]]:
    """The points of a path with M, l and z alone."""
    points: list[tuple[float, float]] = []
    for command, numbers in re.findall(r"([Mlz])([^Mlz]*)", path):
        values = [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", numbers)]
        for x, y in zip(values[::2], values[1::2], strict=True):
            before = points[-1] if command == "l" else (0.0, 0.0)
            points.append((before[0] + x, before[1] + y))
    return points


def test_a_path_in_steps_passes_through_the_same_points() -> None:
    points = np.random.default_rng(2).uniform(-5, 600, (400, 2)).round(6)
    path = " L ".join(f"{x} {y}" for x, y in points)
    assert np.abs(np.array(absolute(_relative(f"M {path} z"))) - points).max() <= 0.0501


def test_two_subpaths_begin_at_their_own_places() -> None:
    assert absolute(_relative("M 1.0 2.0 L 3.0 4.0 z M 10.0 20.0 L 11.5 19.0")) == [
        (1, 2),
        (3, 4),
        (10, 20),
        (11.5, 19),
    ]


def test_curves_are_steps_from_where_each_begins() -> None:
    path = "M 1.0 2.0 Q 2.0 2.0 3.0 4.0 L 3.5 3.0 C 1.0 1.0 2.0 2.0 3.0 3.0 C 4.0 4.0 5.0 5.0 6.0 6.0 z"
    assert _relative(path) == "M1 2q1 0 2 2l.5-1c-2.5-2-1.5-1-.5 0 1 1 2 2 3 3z"


def test_a_value_between_two_gaps_is_joined_to_nothing() -> None:
    assert _relative("M 1.0 2.0 M 3.0 4.0 L 5.0 6.0 M 7.0 8.0") == "M3 4l2 2M7 8"


def test_a_figure_is_laid_out_as_matplotlib_would_and_stays_one_that_is() -> None:
    for make in (lambda: figures.levels(LEVELS, source="test"), lambda: figures.drawdowns(LEVELS - 1.0, source="test")):
        figure = make().get_figure(root=True)
        layout, expected = figure.get_layout_engine(), io.StringIO()
        with rc_context(_SETTINGS):
            make().get_figure(root=True).savefig(
                expected, format="svg", transparent=True, bbox_inches="tight", pad_inches=0.04
            )
        for _ in range(2):
            svg = drawing(figure)
            assert figure.get_layout_engine() is layout
            boxes = [re.search(r'viewBox="([^"]*)"', text)[1].split() for text in (svg, expected.getvalue())]
            assert np.abs(np.subtract(*np.array(boxes, dtype=float))).max() <= 0.0501
            labels = [re.findall(r"<text[^>]*>([^<]*)<", text) for text in (svg, expected.getvalue())]
            assert labels[0] == labels[1]
    plt.close("all")


def test_dates_follow_the_span_of_the_axis() -> None:
    axes = figures.levels(LEVELS, source="test")
    whole = axes.get_xticks()
    axes.set_xlim(DAYS[0], DAYS[60])
    assert len(set(axes.get_xticks()) - set(whole)) > 1
    axes.set_xlim(DAYS[0], DAYS[-1])
    assert axes.get_xticks().tolist() == whole.tolist()
    plt.close("all")


def test_colours_are_those_of_the_page_and_letters_stay_letters(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        assert not set(re.findall(r"#[0-9a-f]{6}(?![0-9a-f])", svg))
        assert {"var(--series-0)", "var(--ink)", "var(--line)"} <= set(re.findall(r"var\(--[a-z0-9-]+\)", svg))
        texts = {"".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}
        assert {*LEVELS.columns, "Source: test $x$"} <= texts
    assert sum(map(len, drawn.values())) < 120_000


def test_a_number_that_is_read_keeps_its_digits_and_a_name_its_colour() -> None:
    names = ["fund 0.25x #ffffff", "1.005", 'path d="M 1.25 2 z"']
    frame = pd.DataFrame({"a year": [0.0506, -0.0088, 0.01]}, index=names)
    axes = figures.bars(frame, source="vendor 2.50, #000000", unit="contribution, %")
    for svg in drawings(axes.get_figure(root=True)).values():
        read = {"".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}
        assert {"+5.06\u00a0%", "\u22120.88\u00a0%", *names} <= read
        assert "Source: vendor 2.50, #000000" in read
    plt.close("all")


@pytest.mark.parametrize("days", [2, 30, 100, 400, 700, 1000, 1400, 2000, 4000])
def test_dates_of_any_span_have_ticks_on_a_phone_without_a_warning(days: int, recwarn: pytest.WarningsRecorder) -> None:
    frame = pd.DataFrame({"a": np.arange(1.0, days + 1)}, pd.date_range("2022-08-23", periods=days))
    axes = figures.levels(frame, source="test")
    drawings(axes.get_figure(root=True))
    assert 1 <= len(axes.get_xticks()) <= 6
    told = [str(warning.message) for warning in recwarn.list if warning.category is not ResourceWarning]
    assert told == []  # what other tests left open is closed, and told, whenever the collector runs
    plt.close("all")


def test_on_a_phone_nothing_is_cut_off_and_no_letter_is_below_nine_pixels(drawn: dict[str, str]) -> None:
    root = ET.fromstring(drawn["narrow"])
    width = float(str(root.get("viewBox")).split()[2])
    assert width < 1.25 * 72 * PHONE_WIDTH
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (\d+\.?\d*)px", drawn["narrow"])]
    assert sizes
    assert min(sizes) * 350 / width >= 9  # a screen of 390 pixels, less the margins


def test_on_a_phone_a_long_source_folds_and_widens_nothing() -> None:
    widths = []
    for said in (
        "test",
        "SIMULATED sample market; Large Cap 20 Capped and its variants, net of costs, to the last close",
    ):
        svg = drawings(figures.levels(LEVELS, source=said).get_figure(root=True))["narrow"]
        root = ET.fromstring(svg)
        widths.append(float(str(root.get("viewBox")).split()[2]))
        read = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
        assert f"Source: {said}" in read
    assert widths[1] == pytest.approx(widths[0], rel=0.01)
    plt.close("all")


def test_on_a_phone_the_legend_stands_clear_of_the_label_of_the_axis() -> None:
    frame = pd.DataFrame({f"row {row}": [0.5 + row / 100, 0.7, 0.85] for row in range(11)})
    axes = strip(frame, frame.mean(), 0.68, source="test", unit="growth a year, %")
    figure = axes.get_figure(root=True)
    narrow_drawing(figure)
    figure.draw_without_rendering()
    label, legend = axes.xaxis.label.get_window_extent(), axes.get_legend().get_window_extent()
    assert legend.y1 <= label.y0
    plt.close("all")


def test_on_a_phone_numbers_along_the_axis_stand_apart() -> None:
    names = ["nova-intelligence", *(f"asset {number}" for number in range(19))]
    frame = pd.DataFrame({"share": np.linspace(0.0011, 0, 20)}, index=names)
    axes = figures.bars(frame, source="test", unit="of a day's volume, %")
    figure = axes.get_figure(root=True)
    narrow_drawing(figure)
    figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in axes.get_xticklabels() if tick.get_text()]
    assert len(boxes) >= 2
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    plt.close("all")


def test_on_a_phone_long_names_of_rows_leave_room_and_no_number_stands_on_one() -> None:
    names = [f"coinharbor-token, price jump, 2022-11-{day}" for day in range(10, 22)]
    frame = pd.DataFrame({"effect": np.linspace(0.05, -0.01, 12)}, index=names)
    axes = figures.bars(frame, source="test", unit="effect on the level or a weight, %")
    figure = axes.get_figure(root=True)
    for draw in (drawing, narrow_drawing):
        draw(figure)
        figure.draw_without_rendering()
        rows = [tick.get_window_extent() for tick in axes.get_yticklabels()]
        assert all(above.y0 >= below.y1 for above, below in pairwise(rows))
        numbers = [text.get_window_extent() for text in axes.texts]
        assert min(number.x0 for number in numbers) > max(row.x1 for row in rows)
        assert axes.get_window_extent().width > 0.4 * figure.bbox.width
    plt.close("all")
