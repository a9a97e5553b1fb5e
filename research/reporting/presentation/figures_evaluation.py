"""Figures of the evaluation: distribution, a line with its band, reliability of forecasts. Rules as in `figures.py`."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from research.reporting.presentation.canvas import (
    COLOURS,
    GREY,
    GRID,
    canvas,
    line_chart,
    noted,
    percent_axis,
    placeholder,
    too_short,
)
from research.reporting.presentation.formats import format_value

TICKS = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)


def distribution(frame: pd.DataFrame, *, source: str) -> Axes:
    """`distribution_lines`: returns across, the share of lower ones up, on an axis that spreads the tails."""
    if too_short(frame):
        return placeholder(frame, source)
    axes = canvas(source)
    styles = {"normal": (COLOURS[2], (0, (5, 1.5))), "student_t": (COLOURS[1], (0, (1, 1)))}
    for name, (colour, dashes) in styles.items():
        axes.plot(frame[name], frame.index, color=colour, linestyle=dashes, label=f"fitted {name.replace('_', ' ')}")
    axes.plot(
        frame["observed"], frame.index, marker="o", markersize=5, linestyle="", color=COLOURS[0], label="observed"
    )
    axes.set_yscale("logit", use_overline=False)
    lowest, highest = frame.index[0], frame.index[-1]
    axes.set_yticks([tick for tick in TICKS if lowest <= tick <= highest], minor=False)
    axes.set_yticks([], minor=True)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, "short percent")))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_xlabel("return of a day, %")
    axes.set_ylabel("share of days with a lower return, %")
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    return noted(
        axes, "Quantiles against fitted distributions", frame.rename(columns=lambda name: name.replace("_", " "))
    )


def band(frame: pd.DataFrame, *, source: str, unit: str) -> Axes:
    """A share over time, the first column, with its band, the columns lower and upper, and a line at zero."""
    if too_short(frame):
        return placeholder(frame, source)
    axes = line_chart(frame.iloc[:, :1], source)
    axes.fill_between(frame.index, frame["lower"], frame["upper"], color=COLOURS[0], alpha=0.2, linewidth=0)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    percent_axis(axes)
    axes.set_ylabel(unit)
    return noted(axes, "Line over time with its band", frame)


def reliability(frame: pd.DataFrame, *, source: str) -> Axes:
    """`forecast_reliability`: how often outcomes lay below each quantile forecast; on the diagonal they should."""
    if too_short(frame):
        return placeholder(frame, source)
    axes = canvas(source)
    axes.fill_between(
        frame.index, frame["lower"], frame["upper"], color=COLOURS[0], alpha=0.2, linewidth=0, label="chance alone"
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, label="as forecast")
    axes.plot(frame.index, frame["seen"], color=COLOURS[0], marker="o", markersize=4, label="what came")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="quantile that was forecast, %", ylabel="outcomes below it, %")
    percent_axis(axes)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
    axes.grid(color=GRID, linewidth=0.8)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    return noted(axes, "Shares of outcomes below forecast quantiles", frame)
