"""Figures: each function takes a frame of finished numbers and gives back Axes. None of them computes a statistic.

The only arithmetic is layout: where a bar begins, 1 + r for a logarithmic axis, limits, ticks, the height of a figure.

What they are drawn on is in `canvas.py`, the figures of the evaluation in `figures_evaluation.py`; `show_figure` in
`display.py` shows what is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter

from research.reporting.presentation.canvas import (
    COLOURS,
    GREY,
    INK,
    by_row,
    canvas,
    colours_of,
    dated,
    label_of,
    line_chart,
    lines,
    log_axis,
    name_ends,
    noted,
    number_axis,
    percent_axis,
    placeholder,
    shade,
    stacked,
    thinned,
    too_short,
)
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.names import STEPS


def levels(frame: pd.DataFrame, *, source: str, unit: str = "level", log: bool = True) -> Axes:
    """Levels over time, `rebased` to one scale, the first column in front.

    On a logarithmic axis equal distances are equal returns.
    """
    if too_short(frame):
        return placeholder(frame, source)
    axes = line_chart(frame, source)
    if log:
        log_axis(axes, frame)
    number_axis(axes)
    axes.set_ylabel(f"{unit}, logarithmic" if log else unit)
    return noted(axes, f"Line chart{' on a logarithmic axis' if log else ''}", frame)


def one_look(frame: pd.DataFrame, falls: pd.DataFrame, labels: pd.Series, *, source: str) -> Axes:
    """Levels on a logarithmic axis, named at their ends, over bands of regimes; under them their falls.

    Parameters
    ----------
    frame, falls : DataFrame, shape (days, series)
        `rebased` levels and `drawdown_series` of the same columns, the index first.
    labels : Series of category
        The regime known at each close.
    """
    if too_short(frame):
        return placeholder(frame, source)
    axes, below = stacked(source)
    days = lines(axes, frame)
    log_axis(axes, frame)
    number_axis(axes)
    axes.set_ylabel("level, logarithmic")
    shade(axes, labels.reindex(frame.index))
    handles, names = axes.get_legend_handles_labels()
    bands = slice(len(frame.columns), None)  # the lines are named at their ends
    axes.legend(handles[bands], names[bands], loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    name_ends(axes, frame)
    lines(below, falls)
    _fill_falls(below, falls)
    below.set_ylabel("below the high, %")
    below.set_xlim(*days)
    drawn = frame.join(falls.rename(columns=lambda name: f"{name}, below its high"))
    return noted(axes, "Line chart on a logarithmic axis over bands of regimes, and drawdowns under it", drawn)


def drawdowns(frame: pd.DataFrame, *, source: str) -> Axes:
    """Fall from the highest level so far (0 or below), the first column as an area."""
    if too_short(frame):
        return placeholder(frame, source)
    axes = line_chart(frame, source)
    _fill_falls(axes, frame)
    axes.set_ylabel("below the highest level so far, %")
    return noted(axes, "Drawdown chart", frame)


def _fill_falls(axes: Axes, falls: pd.DataFrame) -> None:
    """The first column as an area under zero, on an axis in per cent."""
    area = thinned(falls.iloc[:, [0]])
    axes.fill_between(area.index, area.iloc[:, 0].to_numpy(), 0, color=COLOURS[0], alpha=0.25, linewidth=0)
    axes.set_ylim(top=0.01)
    percent_axis(axes)


def rolling_returns(frame: pd.DataFrame, *, source: str, window_days: int) -> Axes:
    """Returns over a rolling window: the axis is logarithmic in what one unit became, and reads in per cent."""
    if too_short(frame):
        return placeholder(frame, source)
    axes = line_chart(1.0 + frame, source)
    axes.axhline(1.0, color=GREY, linewidth=0.8)
    log_axis(axes, 1.0 + frame)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value - 1, "whole change")))
    axes.set_ylabel(f"return over {window_days} days, %, logarithmic")
    return noted(axes, "Line chart of returns over a rolling window", frame)


def weights(frame: pd.DataFrame, *, source: str, unit: str = "weight, % of the index", empty: str = "") -> Axes:
    """`largest_weights` over time as stacked areas; a tenth one, all others together, is grey.

    `empty` says why there is nothing to draw, if there is nothing.
    """
    if too_short(frame):
        return placeholder(frame, source, empty)
    axes = dated(source)
    colours, names = [*colours_of(frame.columns[:9]), "#c9c9c9"], [label_of(name) for name in frame.columns]
    drawn = thinned(frame)
    axes.stackplot(drawn.index, drawn.to_numpy().T, labels=names, colors=colours, edgecolor="white", linewidth=0.3)
    axes.set_ylim(0, 1)
    axes.set_xlim(frame.index[0], frame.index[-1])
    percent_axis(axes)
    axes.set_ylabel(unit)
    handles, texts = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], texts[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    return noted(axes, "Stacked areas of weights", frame)


def monthly_heatmap(frame: pd.DataFrame, *, source: str) -> Axes:
    """Monthly returns, years down and months across; blue is a gain, red a loss, and every cell says its number.

    The colour goes by the root of the logarithmic return: a wild month does not pale the others, and no two returns
    of different size have one colour.
    """
    if frame.empty:
        return placeholder(frame, source)
    import seaborn as sns

    axes = canvas(source, height=0.42 * len(frame) + 1.3)
    size = np.log1p(frame.astype(float).clip(lower=-0.999).to_numpy())
    tone = pd.DataFrame(np.sign(size) * np.sqrt(np.abs(size)), frame.index, frame.columns)
    limit = max(float(np.nanmax(np.abs(tone.to_numpy()), initial=0.0)), 0.1)
    numbers = frame.map(lambda value: "" if pd.isna(value) else f"{100 * value:+.0f}".replace("-", "\u2212"))
    numbers = numbers.replace({"+0": "0", "\u22120": "0"})
    sns.heatmap(
        tone,
        ax=axes,
        annot=numbers,
        fmt="",
        cmap="RdBu",
        center=0,
        vmin=-2 * limit,  # the pale half of the colours, on which dark numbers can be read
        vmax=2 * limit,
        linewidths=1,
        annot_kws={"fontsize": 9, "color": "#101214"},  # not INK, which turns light on a dark page: the cells do not,
        cbar=False,
    )
    axes.set(xlabel="month", ylabel="year")
    axes.tick_params(axis="y", rotation=0, length=0)
    axes.tick_params(axis="x", length=0)
    return noted(axes, "Heatmap of monthly returns", frame)


def regimes(level: pd.Series, labels: pd.Series, *, source: str) -> Axes:
    """A level on a logarithmic axis over bands of colour, one for each regime; days without a label stay white."""
    frame = level.to_frame()
    if too_short(frame):
        return placeholder(frame, source)
    axes = line_chart(frame, source)
    log_axis(axes, frame)
    number_axis(axes)
    present = labels.reindex(frame.index)
    shade(axes, present)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=5, frameon=False, fontsize=9)
    axes.set_ylabel("level, logarithmic")
    share = {f"{name}, 1 on its days": (present == name).astype(float) for name in labels.cat.categories}
    return noted(axes, "Line chart on a logarithmic axis over bands of regimes", frame.assign(**share))


def rolling(frame: pd.DataFrame, *, source: str, unit: str, percent: bool = False) -> Axes:
    """A figure over a rolling window, one line for each series."""
    if too_short(frame):
        return placeholder(frame, source)
    axes = line_chart(frame, source)
    if percent:
        percent_axis(axes)
    axes.set_ylabel(unit)
    return noted(axes, "Line chart over a rolling window", frame)


def forecasts(record: pd.DataFrame, *, source: str, horizon: int) -> Axes:
    """`forecast_record`: the band that was forecast and what came, logarithmic in what one unit became."""
    if too_short(record[["realised"]]):
        return placeholder(record, source)
    frame = 1.0 + record[["realised", "lower", "upper"]].astype(float)
    axes = line_chart(frame[["realised"]].rename(columns={"realised": "what came"}), source)
    axes.fill_between(
        frame.index,
        frame["lower"],
        frame["upper"],
        color=COLOURS[0],
        alpha=0.2,
        label="what was forecast",
        linewidth=0,
    )
    log_axis(axes, frame)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value - 1, "whole change")))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2, frameon=False, fontsize=9)
    axes.set_xlabel("day of the forecast")
    axes.set_ylabel(f"return over the next {horizon} days, %, logarithmic")
    return noted(axes, "Band of forecasts and the line of what came", frame - 1.0)


def waterfall(frame: pd.DataFrame, *, source: str, steps: Sequence[str], shown: int = 20) -> Axes:
    """How each weight came about, one row per member: each step begins where the one before it ended.

    A step that takes weight away is hatched and lies over what it takes; the mark is the final weight.

    Parameters
    ----------
    frame : DataFrame
        `IndexHistory.weight_steps` indexed by member; the first `shown` rows are drawn.
    steps : sequence of str
        Columns to draw, in order; a step that changes nothing is left out.
    """
    frame = frame.head(shown)
    axes = canvas(source, height=0.27 * len(frame) + 1.4)
    start, rows = np.zeros(len(frame)), np.arange(len(frame))
    reached = frame[[*steps]].cumsum(axis="columns")  # steps of no sum have a mean of rounding errors
    for position, step in enumerate(steps):
        change = frame[step].to_numpy()
        if (change == 0).all():
            continue
        colour = "#c9c9c9" if position == 0 else COLOURS[position - 1]
        for taken in (False, True):
            size = np.where((change < 0) == taken, change, 0.0)
            style: dict[str, Any] = {"hatch": "////", "edgecolor": "white"} if taken else {}
            label = f"{step}, taken away" if taken else "by market cap" if position == 0 else f"{step}, added"
            if size.any():
                axes.barh(rows, size, left=start, height=0.74, color=colour, label=label, linewidth=0, **style)
        start = start + change
    axes.plot(start, rows, marker="|", markersize=11, markeredgewidth=2, linestyle="", color=INK, label="final")
    by_row(axes, frame.index)
    axes.margins(x=0.02)
    axes.set_xlabel("weight, %")
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    return noted(axes, "Horizontal waterfall of weights, what each step reached", reached.rename(columns=STEPS))


def bars(frame: pd.DataFrame, *, source: str, unit: str, empty: str = "no row", points: bool = False) -> Axes:
    """One horizontal bar for each row of a single column, a share; gains and losses differ in colour and direction.

    `points`: numbers are percentage points, without a sign of per cent. `empty` says why there is
    nothing to draw, if there is nothing.
    """
    if frame.empty:
        return placeholder(frame, source, empty)
    values = frame.iloc[:, 0]
    axes = canvas(source, height=0.27 * len(frame) + 1.4)
    colours = np.where(values < 0, COLOURS[2], COLOURS[0])
    axes.barh(np.arange(len(values)), values.to_numpy(), color=list(colours), height=0.74)
    for row, value in enumerate(values):  # a loss's on the free side of zero: on its own the names of rows begin soon
        label, end = format_value(value, "fine points" if points else "fine change"), (max(value, 0.0), row)
        axes.annotate(label, end, (3, 0), textcoords="offset points", va="center", fontsize=9)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.margins(x=0.12)
    by_row(axes, frame.index)
    if points:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=""))
    axes.set_xlabel(unit)
    return noted(axes, "Horizontal bars", frame)
