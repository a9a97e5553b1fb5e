"""Figures of the signal review: calibration of probabilities, and the index among its placebos. As in `figures.py`."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from research.reporting.presentation.canvas import COLOURS, GREY, GRID, canvas, noted, percent_axis, placeholder
from research.reporting.presentation.formats import format_value


def calibration(frame: pd.DataFrame, *, source: str) -> Axes:
    """`reliability_table`: how often the return was above zero, by what the probability said: it should be the same."""
    if frame.empty:
        return placeholder(frame, source)
    axes = canvas(source)
    said, seen = frame["mean_probability"], frame["observed"]
    axes.plot(said, seen, "o", color=COLOURS[0], label="what came, with its interval")
    axes.vlines(said, frame["lower"], frame["upper"], color=COLOURS[0], linewidth=1.2)
    axes.axline((0.5, 0.5), slope=1, color=GREY, linewidth=0.8, label="as the probability said")
    axes.set(xlabel="mean probability of the bin, %", ylabel="share of returns above zero, %")
    percent_axis(axes)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
    axes.grid(color=GRID, linewidth=0.8)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    words = frame.rename(columns=lambda name: name.replace("_", " "))
    return noted(axes, "Share of returns above zero by probability", words)


def among_placebos(moved: pd.Series, own: float, *, source: str) -> Axes:
    """A histogram of what the index would have had with its signals moved in time, and where it stands itself."""
    if moved.dropna().empty:
        return placeholder(moved.to_frame(), source)
    axes = canvas(source)
    axes.hist(moved, bins=40, color=COLOURS[0], alpha=0.6, edgecolor="white", linewidth=0.3, label="signals moved")
    axes.axvline(own, color=COLOURS[2], linewidth=2.0, label="the index")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value, "ratio")))
    axes.set(xlabel=f"{moved.name} against the basket at the same share, daily", ylabel="moved histories")
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    return noted(axes, "Histogram with a line for the index", moved.to_frame("moved").assign(index=own))
