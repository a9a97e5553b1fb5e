"""Figures of several series side by side. Rules as in `figures.py`."""

from __future__ import annotations

from itertools import cycle

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from research.reporting.presentation.canvas import (
    GREY,
    GRID,
    canvas,
    colours_of,
    label_of,
    legend_above,
    noted,
    percent_axis,
    placeholder,
)

MARKS = "osD^vP*X"
ENDS = {
    "volatility_lower": "volatility, from",
    "volatility_upper": "volatility, to",
    "growth_lower": "growth, from",
    "growth_upper": "growth, to",
}


def risk_and_growth(frame: pd.DataFrame, *, source: str) -> Axes:
    """`risk_and_growth`: volatility across, growth up, each point with its intervals as lines."""
    known = frame.dropna()
    if known.empty:
        return placeholder(frame, source)
    axes = canvas(source)
    for (name, line), colour, mark in zip(frame.iterrows(), colours_of(frame.index), cycle(MARKS), strict=False):
        if name not in known.index:
            continue
        x, y = line["volatility"], line["growth"]
        axes.plot([line["volatility_lower"], line["volatility_upper"]], [y, y], color=colour, linewidth=1, alpha=0.6)
        axes.plot([x, x], [line["growth_lower"], line["growth_upper"]], color=colour, linewidth=1, alpha=0.6)
        axes.plot([x], [y], marker=mark, markersize=8, linestyle="", color=colour, label=label_of(name))
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xlabel("volatility a year, %")
    axes.set_ylabel("growth a year, %")
    percent_axis(axes)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
    axes.grid(color=GRID, linewidth=0.8)
    legend_above(axes, 4)
    return noted(axes, "Points with intervals: growth against volatility", known.rename(columns=ENDS))
