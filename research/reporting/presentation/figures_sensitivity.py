"""Figures of a sweep: outcomes by choice, and the levels of all variants. Rules as in `figures.py`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from research.reporting.presentation.canvas import (
    COLOURS,
    GREY,
    INK,
    by_row,
    canvas,
    legend_above,
    line_chart,
    log_axis,
    noted,
    number_axis,
    placeholder,
    thinned,
    too_short,
)


def strip(frame: pd.DataFrame, means: pd.Series, own: float, *, source: str, unit: str) -> Axes:
    """One dot for each variant in the row of each of its values; a bar for the mean of a row, a line for the index.

    Parameters
    ----------
    frame : DataFrame, a column for each value of each choice
        The outcome of the variants that have it, a share; NaN for the others.
    means : Series, index = columns of `frame`
    own : float
        The outcome of the rulebook.
    """
    if frame.empty or too_short(frame):
        return placeholder(frame, source, "there are not two variants")
    axes = canvas(source, height=0.34 * len(frame.columns) + 1.4)
    for row, name in enumerate(frame.columns):
        seen = frame[name].dropna().to_numpy()
        style = {"marker": "o", "markersize": 5, "linestyle": "", "color": COLOURS[0], "alpha": 0.45}
        axes.plot(seen, np.full(len(seen), row), label="a variant" if row == 0 else None, **style)
    rows = np.arange(len(means))
    mean = {"marker": "|", "markersize": 15, "markeredgewidth": 2.5, "linestyle": "", "color": COLOURS[1]}
    axes.plot(means.to_numpy(), rows, label="mean of the row", **mean)
    axes.axvline(own, color=INK, linewidth=1.2, linestyle=(0, (5, 1.5)), label="as published")
    by_row(axes, frame.columns)
    axes.margins(x=0.04)
    axes.set_xlabel(unit)
    legend_above(axes, 3)
    return noted(axes, "Dots by value of each choice", frame)


def fan(frame: pd.DataFrame, *, source: str, names: Mapping[str, str]) -> Axes:
    """The level of the index in front of the range of all variants on each day, on a logarithmic axis.

    Parameters
    ----------
    frame : DataFrame
        own, lowest, lower, median, upper, highest: levels by day.
    names : mapping of str to str
        What own and median are called.
    """
    if too_short(frame):
        return placeholder(frame, source)
    drawn = frame[["own", "median"]].rename(columns=names)
    axes = line_chart(drawn, source)
    area = thinned(frame)
    for low, high, shade, label in (
        ("lowest", "highest", 0.16, "all variants"),
        ("lower", "upper", 0.3, "nine in ten"),
    ):
        axes.fill_between(area.index, area[low], area[high], color=COLOURS[0], alpha=shade, linewidth=0, label=label)
    log_axis(axes, frame)
    number_axis(axes)
    axes.set_ylabel("level, logarithmic")
    axes.axhline(float(frame["own"].iloc[0]), color=GREY, linewidth=0.8)
    legend_above(axes, 4)
    return noted(axes, "Line chart on a logarithmic axis over the range of all variants", frame)
