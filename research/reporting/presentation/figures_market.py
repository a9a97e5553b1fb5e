"""Figures of a market: lines over time, births and deaths, pegs, doubtful values. Rules as in `figures.py`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from research.evaluation.market_structure import THRESHOLDS
from research.reporting.presentation.canvas import (
    COLOURS,
    GREY,
    GRID,
    canvas,
    label_of,
    legend_above,
    line_chart,
    log_axis,
    noted,
    panels,
    placeholder,
    too_short,
)
from research.reporting.presentation.formats import format_value

BREADTH = {
    "above_50": "above their average of 50 days",
    "above_200": "above their average of 200 days",
    "net_advances": "rising less falling",
}
"""Columns of `breadth` in words."""
PEG_TICKS = (-0.5, -0.1, -0.03, -0.01, 0.0, 0.01, 0.03, 0.1, 0.5)
TIED = 0.01
"""Within this distance of the peg the axis is linear, beyond it logarithmic."""


def lines(
    frame: pd.DataFrame, *, source: str, unit: str, percent: bool = False, log: bool = False, empty: str = ""
) -> Axes:
    """Figures of a market by day, one line each. `empty` says why there is nothing to draw, if there is nothing."""
    if frame.empty or too_short(frame):
        return placeholder(frame, source, empty)
    axes = line_chart(frame, source)
    if log:
        log_axis(axes, frame.where(frame > 0))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, "short")))
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol="\u00a0%"))
    axes.set_ylabel(f"{unit}, logarithmic" if log else unit)
    return noted(axes, "Line chart on a logarithmic axis" if log else "Line chart", frame)


def held_back(frame: pd.DataFrame, *, source: str, empty: str) -> Axes:
    """`effect_of_holding_back` on the first yardstick, one line for each rule."""
    rules = frame if frame.empty else frame.xs(frame.columns[0][0], axis="columns", level=0)
    return lines(pd.DataFrame(rules), source=source, unit="difference of the level, %", percent=True, empty=empty)


def coverage(frame: pd.DataFrame, *, source: str, fields: Mapping[str, str]) -> Axes:
    """`coverage`; `fields` has its columns in words."""
    return lines(frame.rename(columns=fields), source=source, unit="assets")


def breadth(frame: pd.DataFrame, *, source: str) -> Axes:
    """`breadth` of the windows that `BREADTH` names."""
    words, unit = frame[[*BREADTH]].rename(columns=BREADTH), "share of assets, %"
    return lines(words, source=source, unit=unit, percent=True, empty="there are too few assets, or days")


def tradable(totals: pd.DataFrame, *, source: str, empty: str) -> Axes:
    """`market_totals`: how many assets trade each of `THRESHOLDS` a day."""
    words = {least: f"USD {format_value(least, 'short')} a day" for least in THRESHOLDS}
    return lines(totals[[*words]].rename(columns=words), source=source, unit="assets", empty=empty)


def baskets(frame: pd.DataFrame, *, source: str, schemes: Mapping[str, str]) -> Axes:
    """`survivorship_levels` on a logarithmic axis; `schemes` has their weighting in words."""
    pairs = frame.columns.to_frame().itertuples(index=False, name=None)
    named = frame.set_axis([f"{basket}, {schemes[scheme]}" for scheme, basket in pairs], axis="columns")
    return lines(named, source=source, unit="level", log=True)


def births_and_deaths(frame: pd.DataFrame, *, source: str) -> Axes:
    """`lives_by_year`: born and returned upwards, died downwards, one bar a year."""
    axes = canvas(source, height=3.2)
    years, died = np.arange(len(frame)), frame["died"].to_numpy()
    axes.bar(years, frame["born"], color=COLOURS[0], width=0.7, label="first price")
    axes.bar(years, frame["returned"], bottom=frame["born"], color=COLOURS[1], width=0.7, label="back after a silence")
    drawn = axes.bar(years, -died, color=COLOURS[2], hatch="//", edgecolor="white", width=0.7, label="fell silent")
    axes.bar_label(drawn, [format_value(number, "count") if number else "" for number in died], padding=3, fontsize=9)
    axes.use_sticky_edges = False
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xticks(years, [str(year) for year in frame.index])
    axes.margins(y=0.15)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, "count").lstrip("\u2212")))
    axes.set_ylabel("assets")
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    legend_above(axes, 3)
    return noted(axes, "Bars by year, deaths downwards", frame[["born", "returned", "died"]])


def pegs(frame: pd.DataFrame, *, source: str, empty: str) -> Axes:
    """`peg_distances`: linear within 1 % of the peg, logarithmic beyond, so that both can be seen."""
    if frame.empty or too_short(frame):
        return placeholder(frame, source, empty)
    axes = line_chart(frame, source)
    axes.set_yscale("symlog", linthresh=TIED, linscale=1.0)
    axes.axhspan(-TIED, TIED, color=GREY, alpha=0.1, linewidth=0)
    axes.set_yticks(PEG_TICKS, minor=False)
    axes.set_yticks([], minor=True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, "whole change")))
    axes.set_ylabel("distance from 1 USD, %, logarithmic beyond 1\u00a0%")
    return noted(axes, "Line chart of distances from the peg", frame)


def doubtful_values(frame: pd.DataFrame, *, source: str, fields: Mapping[str, str], shown: int = 6) -> Axes:
    """`around`: one small plot for each doubtful value, the value marked on day 0, each on its own logarithmic axis."""
    frame = frame.iloc[:, :shown]
    if frame.empty:
        return placeholder(frame, source, "no value is doubtful")
    grid = panels(source, len(frame.columns))
    words = {}
    places = frame.columns.to_frame().itertuples(index=False, name=None)
    for axes, (asset, field, day) in zip(grid, places, strict=True):
        values, name = frame[(asset, field, day)], f"{asset}, {fields.get(field, field)}"
        axes.plot(values.index, values.to_numpy(), color=COLOURS[0], marker=".", markersize=2, linewidth=1.2)
        axes.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (1, 1)))
        axes.plot([0], values.loc[[0]].to_numpy(), marker="o", markersize=8, color=COLOURS[2], fillstyle="none")
        axes.set_xlim(frame.index[0], frame.index[-1])
        log_axis(axes, values.to_frame())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, "short")))
        axes.set_xlabel("days")
        axes.set_title(f"{label_of(name)}\n{day:%Y-%m-%d}", fontsize=9, loc="left", y=1.0)
        words[(asset, field, day)] = f"{name}, {day:%Y-%m-%d}"
    plotted = frame.set_axis(list(words.values()), axis="columns")
    return noted(grid[0], "Small plots of values around a doubtful one, days before and after it", plotted)
