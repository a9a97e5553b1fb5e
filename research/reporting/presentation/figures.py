"""Figures: each function takes a frame of finished numbers and gives back Axes. None of them computes a statistic.

The only arithmetic is layout: where a bar begins, 1 + r for a logarithmic axis, limits, ticks, the height of a figure.

Colours are the ten of M. A. Petroff (2021, "Accessible color sequences for data visualization", arXiv:2107.02270),
which matplotlib ships as the style `petroff10`; series also differ in line style. `show_figure` in `display.py` shows
what is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any
from weakref import WeakKeyDictionary

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter

from research.errors import printable
from research.reporting.presentation.formats import format_value

PLOTTED: WeakKeyDictionary[Axes, tuple[str, pd.DataFrame]] = WeakKeyDictionary()
"""What each Axes was drawn from, with the kind of figure in words: the digest and the text alternative read it."""

_COLOURS = [entry["color"] for entry in matplotlib.style.library["petroff10"]["axes.prop_cycle"]]
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
_WIDE, _GREY = (8.6, 4.3), "#5c5c5c"


def levels(frame: pd.DataFrame, *, source: str, unit: str = "level", log: bool = True) -> Axes:
    """Levels over time, `rebased` to one scale, the first column in front.

    On a logarithmic axis equal distances are equal returns.
    """
    if _too_short(frame):
        return _placeholder(frame, source)
    axes = _lines(frame, source)
    if log:
        _log_axis(axes, frame)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.set_ylabel(f"{unit}, logarithmic" if log else unit)
    return _note(axes, f"Line chart{' on a logarithmic axis' if log else ''}", frame)


def drawdowns(frame: pd.DataFrame, *, source: str) -> Axes:
    """Fall from the highest level so far (0 or below), the first column as an area."""
    if _too_short(frame):
        return _placeholder(frame, source)
    axes = _lines(frame, source)
    first = frame.iloc[:, 0]
    axes.fill_between(frame.index, first.to_numpy(), 0, color=_COLOURS[0], alpha=0.25, linewidth=0)
    axes.set_ylim(top=0.01)
    _percent_axis(axes)
    axes.set_ylabel("below the highest level so far, %")
    return _note(axes, "Drawdown chart", frame)


def rolling_returns(frame: pd.DataFrame, *, source: str, window_days: int) -> Axes:
    """Returns over a rolling window: the axis is logarithmic in what one unit became, and reads in per cent."""
    if _too_short(frame):
        return _placeholder(frame, source)
    axes = _lines(1.0 + frame, source)
    axes.axhline(1.0, color=_GREY, linewidth=0.8)
    _log_axis(axes, 1.0 + frame)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value - 1, "whole change")))
    axes.set_ylabel(f"return over {window_days} days, %, logarithmic")
    return _note(axes, "Line chart of returns over a rolling window", frame)


def weights(frame: pd.DataFrame, *, source: str) -> Axes:
    """`largest_weights` over time as stacked areas; a tenth one, all others together, is grey."""
    if _too_short(frame):
        return _placeholder(frame, source)
    axes = _dated(source)
    colours, names = [*_COLOURS[:9], "#c9c9c9"], [_label(name) for name in frame.columns]
    axes.stackplot(frame.index, frame.to_numpy().T, labels=names, colors=colours, edgecolor="white", linewidth=0.3)
    axes.set_ylim(0, 1)
    axes.set_xlim(frame.index[0], frame.index[-1])
    _percent_axis(axes)
    axes.set_ylabel("weight, % of the index")
    handles, texts = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], texts[::-1], loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    return _note(axes, "Stacked areas of weights", frame)


def monthly_heatmap(frame: pd.DataFrame, *, source: str, full: float) -> Axes:
    """Monthly returns, years down and months across; blue is a gain, red a loss, and every cell says its number.

    Returns of the size `full` and above have the full colour: a few wild months, or years, must not pale the others.
    """
    if frame.empty:
        return _placeholder(frame, source)
    import seaborn as sns

    axes = _canvas(source, height=0.42 * len(frame) + 1.3)
    limit = 1.0 if np.isnan(full) else full
    numbers = frame.map(lambda value: "" if pd.isna(value) else f"{100 * value:+.0f}".replace("-", "\u2212"))
    sns.heatmap(
        frame.astype(float).clip(-limit, limit),
        ax=axes,
        annot=numbers,
        fmt="",
        cmap="RdBu",
        center=0,
        vmin=-2 * limit,  # the pale half of the colours, on which dark numbers can be read
        vmax=2 * limit,
        linewidths=1,
        annot_kws={"fontsize": 9, "color": "#1b1f24"},
        cbar=False,
    )
    axes.set(xlabel="month", ylabel="year")
    axes.tick_params(axis="y", rotation=0, length=0)
    axes.tick_params(axis="x", length=0)
    return _note(axes, "Heatmap of monthly returns", frame)


def regimes(level: pd.Series, labels: pd.Series, *, source: str) -> Axes:
    """A level on a logarithmic axis over bands of colour, one for each regime; days without a label stay white."""
    frame = level.to_frame()
    if _too_short(frame):
        return _placeholder(frame, source)
    axes = _lines(frame, source)
    _log_axis(axes, frame)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    present = labels.reindex(frame.index)
    for position, name in enumerate(labels.cat.categories):
        inside = (present == name).to_numpy()
        colour, hatch = _COLOURS[(0, 3, 2)[position % 3]], ("", "...", "//")[position % 3]
        band = {"color": colour, "alpha": 0.22, "hatch": hatch, "linewidth": 0}
        axes.fill_between(frame.index, 0, 1, where=inside, transform=axes.get_xaxis_transform(), label=name, **band)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=5, frameon=False, fontsize=9)
    axes.set_ylabel("level, logarithmic")
    share = {f"{name}, 1 on its days": (present == name).astype(float) for name in labels.cat.categories}
    return _note(axes, "Line chart on a logarithmic axis over bands of regimes", frame.assign(**share))


def rolling(frame: pd.DataFrame, *, source: str, unit: str, percent: bool = False) -> Axes:
    """A figure over a rolling window, one line for each series."""
    if _too_short(frame):
        return _placeholder(frame, source)
    axes = _lines(frame, source)
    if percent:
        _percent_axis(axes)
    axes.set_ylabel(unit)
    return _note(axes, "Line chart over a rolling window", frame)


def forecasts(record: pd.DataFrame, *, source: str, horizon: int) -> Axes:
    """`forecast_record`: the band that was forecast and what came, logarithmic in what one unit became."""
    if _too_short(record[["realised"]]):
        return _placeholder(record, source)
    frame = 1.0 + record[["realised", "lower", "upper"]].astype(float)
    axes = _lines(frame[["realised"]].rename(columns={"realised": "what came"}), source)
    axes.fill_between(
        frame.index,
        frame["lower"],
        frame["upper"],
        color=_COLOURS[0],
        alpha=0.2,
        label="what was forecast",
        linewidth=0,
    )
    _log_axis(axes, frame)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_value(value - 1, "whole change")))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2, frameon=False, fontsize=9)
    axes.set_xlabel("day of the forecast")
    axes.set_ylabel(f"return over the next {horizon} days, %, logarithmic")
    return _note(axes, "Band of forecasts and the line of what came", frame - 1.0)


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
    axes = _canvas(source, height=0.27 * len(frame) + 1.4)
    start, rows = np.zeros(len(frame)), np.arange(len(frame))
    reached = frame[[*steps]].cumsum(axis="columns")  # steps of no sum have a mean of rounding errors
    for position, step in enumerate(steps):
        change = frame[step].to_numpy()
        if (change == 0).all():
            continue
        colour = "#c9c9c9" if position == 0 else _COLOURS[position - 1]
        for taken in (False, True):
            size = np.where((change < 0) == taken, change, 0.0)
            style: dict[str, Any] = {"hatch": "////", "edgecolor": "white"} if taken else {}
            label = f"{step}, taken away" if taken else "by market cap" if position == 0 else f"{step}, added"
            if size.any():
                axes.barh(rows, size, left=start, height=0.74, color=colour, label=label, linewidth=0, **style)
        start = start + change
    axes.plot(start, rows, marker="|", markersize=11, markeredgewidth=2, linestyle="", color="#1b1f24", label="final")
    _by_row(axes, frame.index)
    axes.margins(x=0.02)
    axes.set_xlabel("weight, %")
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    return _note(axes, "Horizontal waterfall of weights, what each step reached", reached)


def bars(frame: pd.DataFrame, *, source: str, unit: str) -> Axes:
    """One horizontal bar for each row of a single column, a share; gains and losses differ in colour and direction."""
    values = frame.iloc[:, 0]
    axes = _canvas(source, height=0.27 * len(frame) + 1.4)
    colours = np.where(values < 0, _COLOURS[2], _COLOURS[0])
    drawn = axes.barh(np.arange(len(values)), values.to_numpy(), color=list(colours), height=0.74)
    axes.bar_label(drawn, [format_value(value, "fine change") for value in values], padding=3, fontsize=8)
    axes.axvline(0.0, color=_GREY, linewidth=0.8)
    axes.margins(x=0.12)
    _by_row(axes, frame.index)
    axes.set_xlabel(unit)
    return _note(axes, "Horizontal bars", frame)


def _too_short(frame: pd.DataFrame) -> bool:
    """Whether no series has two values, so that there is no line to draw."""
    return bool(frame.notna().sum().max() < 2)


def _placeholder(frame: pd.DataFrame, source: str) -> Axes:
    axes = _canvas(source, height=1.2)
    axes.set_axis_off()
    axes.text(0.5, 0.5, "Nothing to show: the history is too short.", transform=axes.transAxes, ha="center")
    return _note(axes, "Empty figure, the history is too short", frame)


def _lines(frame: pd.DataFrame, source: str) -> Axes:
    axes = _dated(source)
    dashes = cycle(_DASHES)
    for position, name in enumerate(frame.columns):
        style = {"color": _COLOURS[position % len(_COLOURS)], "linestyle": next(dashes)}
        axes.plot(
            frame.index,
            frame[name].to_numpy(),
            label=_label(name),
            linewidth=2.0 if position == 0 else 1.2,
            zorder=3 - 0.1 * position,
            **style,
        )
    if len(frame.columns) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=5, frameon=False, fontsize=9)
    axes.set_xlim(frame.index[0], frame.index[-1])
    return axes


def _canvas(source: str, height: float = _WIDE[1]) -> Axes:
    style: dict[str, Any] = {"font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "research"}
    with plt.rc_context(style | {"text.parse_math": False}):  # type: ignore[arg-type]
        figure, axes = plt.subplots(figsize=(_WIDE[0], height), layout="constrained")
        figure.supxlabel(f"Source: {source}", x=0.01, ha="left", fontsize=8, color=_GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return axes


def _dated(source: str) -> Axes:
    axes = _canvas(source)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    locator = mdates.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formats = ["%Y", "%b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y"]  # years to seconds: a day is the finest
    axes.xaxis.set_major_formatter(
        mdates.ConciseDateFormatter(locator, formats=formats, zero_formats=formats, show_offset=False)  # type: ignore[no-untyped-call]
    )
    return axes


def _log_axis(axes: Axes, frame: pd.DataFrame) -> None:
    """Ticks at 1, 2, 5, and more of them where the values span little."""
    spread = frame.max().max() / frame.min().min()
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5) if spread > 20 else (1, 1.5, 2, 3, 4, 5, 7)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _by_row(axes: Axes, names: pd.Index) -> None:
    """Rows from the top down, named on the left, with the horizontal axis in per cent."""
    axes.set_yticks(np.arange(len(names)), [_label(name) for name in names])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol="\u00a0%"))


def _percent_axis(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))


def _label(name: object) -> str:
    """A name as it stands, short enough for a legend, which would leave out one that begins with an underscore."""
    text = printable(str(name))
    text = text if len(text) <= 60 else f"{text[:59]}…"
    return f"\u2009{text}" if text.startswith("_") else text


def _note(axes: Axes, kind: str, frame: pd.DataFrame) -> Axes:
    PLOTTED[axes] = (kind, frame)
    return axes
