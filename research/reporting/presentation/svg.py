"""A figure as the SVG of a page: small, and in the colours of the page, so that it follows light, dark and print.

Colours of the palette and of the canvas become variables of the page's style sheet (`--series-0`, `--ink`, ...);
others, such as the cells of a heatmap, stay. Letters stay letters. A second drawing has the size of a phone.
"""

from __future__ import annotations

import io
import re
import textwrap
from functools import cache
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator
from matplotlib.transforms import offset_copy

from research.reporting.presentation.canvas import COLOURS, GREY, GRID, INK, date_ticks

PHONE_WIDTH = 4.4
"""Inches: 317 points, so that a letter of 9 points has 10 pixels and more on a screen of 390."""
TALL = 6.0  # inches: a figure with a row for each member keeps its height
MANY, SHORT = 10, 22  # ticks that are months; letters of a name of which two stand in a row
POINTS_PER_INCH = 72
LINE = 58  # letters in 9 points that the width of a phone holds: a longer line would widen, and so shrink, all of it
ROW = 0.42  # inches of a row whose name has two lines, and its part of what stands under the plot
UNDER, LABEL = 20, 14  # points that tick labels, and the label of an axis, take under the plot
_VARIABLES = {
    **{colour: f"var(--series-{number})" for number, colour in enumerate(COLOURS)},
    "#000000": "var(--ink)",
    INK: "var(--ink)",
    GREY: "var(--dim)",
    GRID: "var(--line)",
    "#ffffff": "var(--ground)",
}
_PATH = re.compile(r'(?<= d=")[^"]+(?=")')
_COMMAND = re.compile(r"[MLQCz]")
_POINTS_OF = {"M": 1, "L": 1, "Q": 2, "C": 3, "z": 0}
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"-?\d+\.\d+")
_FAMILY = re.compile(r" ?font-family: [^;\"]*;?")
_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "research",
    "path.simplify_threshold": 0.5,  # points: half a pixel
    "text.parse_math": False,
}


def drawings(figure: Figure) -> dict[str, str]:
    """The figure as SVG in the size of a desk ("wide") and of a phone ("narrow"); afterwards it has that of a phone."""
    return {"wide": drawing(figure), "narrow": narrow_drawing(figure)}


def narrow_drawing(figure: Figure) -> str:
    """The figure as SVG in the size of a phone, which it has from then on."""
    height = figure.get_size_inches()[1]
    for axes in figure.axes:
        _fold(figure, axes)
    for text in figure.texts:
        text.set_text(textwrap.fill(text.get_text(), LINE))
    rows = max(map(_fold_names, figure.axes), default=0)
    height = height if height > TALL else max(min(height, PHONE_WIDTH), ROW * rows)
    figure.set_size_inches(PHONE_WIDTH, height)
    return drawing(figure)


def _fold_names(axes: Axes) -> int:
    """Give names of rows that are too long for a phone two lines; how many rows there are, if one has such a name."""
    names = [text.get_text() for text in axes.get_yticklabels()]
    if max(map(len, names), default=0) <= SHORT:
        return 0
    axes.set_yticks(axes.get_yticks(), [textwrap.fill(name, SHORT) for name in names])
    return len(names)


def _fold(figure: Figure, axes: Axes) -> None:
    """Fewer dates and numbers, months by their first letter, and the legend in rows under the plot."""
    if isinstance(axes.xaxis.get_major_locator(), AutoDateLocator):
        date_ticks(axes, most=5)
    if isinstance(axes.xaxis.get_major_locator(), AutoLocator):
        axes.locator_params(axis="x", nbins=4)
    months = [text.get_text() for text in axes.get_xticklabels()]
    if len(months) > MANY:
        axes.set_xticks(axes.get_xticks(), [name if name == months[-1] else name[:1] for name in months])
    legend = axes.get_legend()
    if legend is not None:
        names = [text.get_text() for text in legend.get_texts()]
        below = offset_copy(axes.transAxes, figure, y=-UNDER - LABEL * bool(axes.get_xlabel()), units="points")
        axes.legend(
            [handle for handle in legend.legend_handles if handle is not None],
            names,
            loc="upper center",
            bbox_to_anchor=(0.45, 0),
            bbox_transform=below,
            ncols=2 if max(map(len, names)) <= SHORT else 1,
            frameon=False,
            fontsize=9,
        )


def drawing(figure: Figure) -> str:
    """The figure as SVG in its own size; afterwards it has the resolution and the canvas of one."""
    drawn = io.StringIO()
    metadata: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    layout = figure.get_layout_engine()
    with rc_context(_SETTINGS):  # type: ignore[arg-type]
        FigureCanvasSVG(figure)
        figure.set_dpi(POINTS_PER_INCH)
        if layout is not None:  # done here, and once: `savefig` would draw the figure a first time for it
            layout.execute(figure)
            figure.set_layout_engine(None)
        around = figure.get_tightbbox().padded(0.04)
        figure.savefig(drawn, format="svg", transparent=True, bbox_inches=around, metadata=metadata)
    figure.set_layout_engine(layout)
    text = drawn.getvalue()
    text = text[text.index("<svg") :]
    text = _TAG.sub(lambda tag: _shorter(tag[0]), text)
    return re.sub(r"\s*\n\s*", "\n", text)


def _shorter(tag: str) -> str:
    """A tag with paths in steps, numbers to a tenth of a point, colours by name. Text between tags stays as it is."""
    tag = _PATH.sub(lambda path: _relative(path[0]), tag)
    tag = _NUMBER.sub(lambda number: _short(round(10.0 * float(number[0]))), tag)
    tag = _FAMILY.sub("", tag)
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(colour, variable)
    return tag


def _relative(path: str) -> str:
    """The same path in steps of a tenth of a point: a third of the letters, and no rounding adds to the next one."""
    commands = _COMMAND.findall(path)
    points = np.rint(10.0 * np.array(_COMMAND.sub("", path).split(), dtype=float)).astype(int).reshape(-1, 2)
    counts = np.array([_POINTS_OF[command] for command in commands])
    before = np.repeat(counts.cumsum() - counts, counts)  # for each point, how many there are before its command
    origins = np.vstack([[[0, 0]], points])[before]
    origins[np.repeat([command == "M" for command in commands], counts)] = 0
    words = map(_short, (points - origins).ravel().tolist())
    steps = [f"{across} {down}" for across, down in zip(words, words, strict=True)]
    parts, place = [], 0
    for command, same in groupby(commands):
        end = place + _POINTS_OF[command] * len(list(same))
        if command == "M":  # of moves in a row the last one: further points after a move would be lines
            place = end - 1
        parts.append((command.lower() if command in "LQC" else command) + " ".join(steps[place:end]))
        place = end
    return "".join(parts).replace(" -", "-")


@cache
def _short(tenths: int) -> str:
    """So many tenths of a point, in as few letters as there are."""
    sign, digits = "-" if tenths < 0 else "", f"{abs(tenths) / 10:.1f}".removesuffix(".0").removeprefix("0")
    return sign + digits if digits else "0"
