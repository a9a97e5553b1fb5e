"""What every figure is drawn on: canvas, date axis, lines, colours, and the note of what was plotted.

Colours are the ten of M. A. Petroff (2021, "Accessible color sequences for data visualization", arXiv:2107.02270),
which matplotlib ships as the style `petroff10`; series also differ in line style.
"""

from __future__ import annotations

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

PLOTTED: WeakKeyDictionary[Axes, tuple[str, pd.DataFrame]] = WeakKeyDictionary()
"""What each Axes was drawn from, with the kind of figure in words: the digest and the text alternative read it."""

COLOURS = [entry["color"] for entry in matplotlib.style.library["petroff10"]["axes.prop_cycle"]]
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
OWN_COLOURS = {"bitcoin": 1, "ethereum": 2, "Total Market": 3}
"""Places in `COLOURS` of the benchmarks of most pages. The first of the others, the index of a page, is blue."""
POINTS = 500  # of the edge of an area
ROOM = 75
"""Letters of all names for which one row of a legend has room: with more, it would squeeze the figure."""
WIDE = (8.6, 4.3)
INK, GREY, GRID = "#1b1f24", "#5c5c5c", "#dddddd"


def too_short(frame: pd.DataFrame) -> bool:
    """Whether no series has two values, so that there is no line to draw."""
    return bool(frame.notna().sum().max() < 2)


def placeholder(frame: pd.DataFrame, source: str, why: str = "") -> Axes:
    """An empty figure that says why; without a reason given, because the history is too short."""
    why = why or "the history is too short"
    axes = canvas(source, height=1.2)
    axes.set_axis_off()
    axes.text(0.5, 0.5, f"Nothing to show: {why}.", transform=axes.transAxes, ha="center")
    return noted(axes, f"Empty figure, {why}", frame)


def line_chart(frame: pd.DataFrame, source: str) -> Axes:
    """One line for each column over time, the first in front."""
    axes = dated(source)
    lines(axes, frame)
    if len(frame.columns) > 1:
        long = sum(len(str(name)) for name in frame.columns) > ROOM
        columns = 3 if long else 5
        legend_above(axes, columns)
    return axes


def legend_above(axes: Axes, columns: int) -> None:
    """The legend in rows of so many names over the plot."""
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False, fontsize=9)


def colours_of(names: pd.Index) -> list[str]:
    """A colour for each series: those that stand on many pages have one of their own, others take what is left."""
    left = cycle([colour for number, colour in enumerate(COLOURS) if number not in OWN_COLOURS.values()])
    return [COLOURS[OWN_COLOURS[str(name)]] if str(name) in OWN_COLOURS else next(left) for name in names]


def lines(axes: Axes, frame: pd.DataFrame) -> tuple[Any, Any]:
    """Draw one line for each column, from end to end of the axis; gives back the first and the last day."""
    dashes = cycle(DASHES)
    colours = colours_of(frame.columns)
    for position, name in enumerate(frame.columns):
        style = {"color": colours[position], "linestyle": next(dashes)}
        axes.plot(
            frame.index,
            frame[name].to_numpy(),
            label=label_of(name),
            linewidth=2.0 if position == 0 else 1.2,
            zorder=3 - 0.1 * position,
            **style,
        )
    axes.set_xlim(frame.index[0], frame.index[-1])
    return frame.index[0], frame.index[-1]


def shade(axes: Axes, present: pd.Series) -> None:
    """A band of colour behind the days of each category; days without one stay white."""
    for position, name in enumerate(present.cat.categories):
        inside = (present == name).to_numpy()
        edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(int)))
        days = mdates.date2num(present.index.append(present.index[-1:]))  # type: ignore[no-untyped-call]
        runs = [(days[begin], days[end] - days[begin]) for begin, end in edges.reshape(-1, 2)]
        colour, hatch = COLOURS[(0, 3, 2)[position % 3]], ("", "...", "//")[position % 3]
        band = {"color": colour, "alpha": 0.18, "hatch": hatch, "linewidth": 0}
        axes.broken_barh(runs, (0, 1), transform=axes.get_xaxis_transform(), label=name, **band)


def name_ends(axes: Axes, frame: pd.DataFrame) -> None:
    """The name of each line at its last value, moved apart where two would cover each other."""
    last = frame.ffill().iloc[-1].sort_values()
    low, high = axes.get_ylim()
    step = (high / low) ** 0.08 if axes.get_yscale() == "log" else (high - low) * 0.08
    place, colours = -np.inf, dict(zip(map(str, frame.columns), colours_of(frame.columns), strict=True))
    for name, value in last.items():
        apart = place * step if axes.get_yscale() == "log" else place + step
        place = max(value, apart) if np.isfinite(place) else value
        colour = colours[str(name)]
        where: Any = ("axes fraction", "data")
        axes.annotate(f" {label_of(name)}", (1.01, place), xycoords=where, fontsize=9, va="center", color=colour)


def stacked(source: str) -> tuple[Axes, Axes]:
    """Two axes of dates, one above the other, of which the upper is twice as high."""
    upper = dated(source, height=5.4)
    figure = upper.get_figure(root=True)
    assert figure is not None
    upper.remove()
    grid = figure.add_gridspec(2, 1, height_ratios=[2, 1])
    axes = [figure.add_subplot(grid[row]) for row in range(2)]
    for each in axes:
        each.spines[["top", "right"]].set_visible(False)
        each.set_axisbelow(True)
        each.grid(axis="y", color=GRID, linewidth=0.8)
        date_ticks(each, most=8)
    axes[0].tick_params(labelbottom=False)
    return axes[0], axes[1]


def canvas(source: str, height: float = WIDE[1]) -> Axes:
    """An empty figure with its source under it."""
    style: dict[str, Any] = {"font.family": "sans-serif", "font.size": 10, "svg.hashsalt": "research"}
    with plt.rc_context(style | {"text.parse_math": False}):  # type: ignore[arg-type]
        figure, axes = plt.subplots(figsize=(WIDE[0], height), layout="constrained")
        figure.supxlabel(f"Source: {source}", x=0.01, ha="left", fontsize=9, color=GREY)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return axes


def panels(source: str, count: int) -> list[Axes]:
    """So many small plots in rows of three, with one source under them."""
    rows = -(-count // 3)
    with plt.rc_context({"font.family": "sans-serif", "font.size": 9, "text.parse_math": False}):
        figure, grid = plt.subplots(rows, 3, figsize=(WIDE[0], 2.1 * rows), layout="constrained", squeeze=False)
        figure.supxlabel(f"Source: {source}", x=0.01, ha="left", fontsize=9, color=GREY)
    for number, axes in enumerate(grid.flat):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_visible(number < count)
    return list(grid.flat[:count])


def dated(source: str, height: float = WIDE[1]) -> Axes:
    """An empty figure with an axis of dates."""
    axes = canvas(source, height)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    date_ticks(axes, most=8)
    return axes


class _Dates(mdates.AutoDateLocator):
    """Looks for the dates of a span once: a drawing asks thirty times, and each would take a millisecond."""

    def __call__(self) -> Any:
        assert self.axis is not None
        span = tuple(self.axis.get_view_interval())
        if span != self.__dict__.get("_span"):
            self._span, self._dates = span, super().__call__()  # type: ignore[no-untyped-call]
        return self._dates


def date_ticks(axes: Axes, *, most: int) -> None:
    """Days, months or years along the horizontal axis, at most so many."""
    locator = _Dates(minticks=3 if most > 5 else 2, maxticks=most)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formats = ["%Y", "%b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y", "%d %b %Y"]  # years to seconds: a day is the finest
    axes.xaxis.set_major_formatter(
        mdates.ConciseDateFormatter(locator, formats=formats, zero_formats=formats, show_offset=False)  # type: ignore[no-untyped-call]
    )


def log_axis(axes: Axes, frame: pd.DataFrame) -> None:
    """Ticks at 1, 2, 5; more of them where the values span little, and powers of ten alone where they span much."""
    spread = frame.max().max() / frame.min().min()
    axes.set_yscale("log")
    subs = (1,) if spread > 1000 else (1, 2, 5) if spread > 20 else (1, 1.5, 2, 3, 4, 5, 7)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=subs))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", which="minor", labelleft=False)  # else empty labels take part in every layout


def by_row(axes: Axes, names: pd.Index) -> None:
    """Rows from the top down, named on the left, with the horizontal axis in per cent."""
    axes.set_yticks(np.arange(len(names)), [label_of(name) for name in names])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol="\u00a0%"))


def number_axis(axes: Axes) -> None:
    """The vertical axis in numbers as they are written, 1,000 and not a power of ten."""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def percent_axis(axes: Axes) -> None:
    """The vertical axis in per cent."""
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))


def thinned(frame: pd.DataFrame) -> pd.DataFrame:
    """Every so manieth row, and the last: an area needs no more points than a screen has columns to show it."""
    step = max(1, len(frame) // POINTS)
    return frame if step == 1 else pd.concat([frame.iloc[:-1:step], frame.iloc[-1:]])


def label_of(name: object) -> str:
    """A name as it stands, short enough for a legend, which would leave out one that begins with an underscore."""
    text = printable(str(name))
    text = text if len(text) <= 60 else f"{text[:59]}…"
    return f"\u2009{text}" if text.startswith("_") else text


def noted(axes: Axes, kind: str, frame: pd.DataFrame) -> Axes:
    """Note what was plotted; gives the axes back."""
    PLOTTED[axes] = (kind, frame)
    return axes
