"""Figures of the index page: a small line, and months above one another."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from research.reporting.presentation.canvas import (
    COLOURS,
    GREY,
    date_ticks,
    noted,
    percent_axis,
    placeholder,
    stacked,
    too_short,
)

SPARK = (1.7, 0.4)
"""Width and height of a small line, inches."""


def spark(level: pd.Series) -> Axes:
    """A level as a small line on a logarithmic axis, without axes or words."""
    axes = plt.figure(figsize=SPARK, layout="constrained").add_subplot()
    axes.set_axis_off()
    axes.plot(level.index, level.to_numpy(), color=COLOURS[0], linewidth=1.2)
    axes.set_yscale("log")
    axes.margins(x=0.01, y=0.05)
    return noted(axes, "Small line", level.to_frame())


def months(frame: pd.DataFrame, *, source: str) -> Axes:
    """Monthly returns as bars, the second column under the first; gains and losses differ in colour and direction."""
    if too_short(frame):
        return placeholder(frame, source)
    both = stacked(source)
    for axes, name in zip(both, frame.columns, strict=True):
        values = frame[name].to_numpy()
        axes.bar(frame.index, values, width=22, color=list(np.where(values < 0, COLOURS[2], COLOURS[0])))
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        percent_axis(axes)
        axes.set_ylabel("%")
        date_ticks(axes, most=8)
        axes.set_xlim(frame.index[0] - pd.Timedelta(days=20), frame.index[-1] + pd.Timedelta(days=20))
        axes.set_title(str(name), loc="left", fontsize=9, y=1.0)
    return noted(both[0], "Two rows of bars, one for each month", frame)
