"""What puts results on screen: in JupyterLab, in a notebook that nbval checks, and on a published page.

A picture cannot be compared, so a figure is shown together with a short digest of the data it was drawn from: first,
last, smallest, largest and mean value plotted are all that is computed here. Figures and tables themselves are made in
`figures.py` and `tables.py`, prose in `texts.py`. What is shown holds names and texts of a market, which are foreign:
nothing in them is obeyed, here or on the page.
"""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from research.csv_tables import csv_text
from research.errors import ReportError, printable
from research.reporting.presentation import for_a_page
from research.reporting.presentation.formats import escape_markdown, inert_markdown
from research.reporting.presentation.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH, COLOURS = 120, 128
_LONGEST = 160
"""Characters of a text in a figure: a longer name would push the picture off the page."""


def show_figure(axes: Axes, *, title: str, caption: str, finding: str = "", alt: str | None = None) -> None:
    """Show a figure of `figures.py`, with its title, caption, text alternative and digest, and close it.

    Parameters
    ----------
    axes : Axes
        As given back by a function of `figures`, which notes what was plotted.
    title, caption : str
        Heading, and one or two sentences on how to read the figure.
    finding : str
        What it shows, in a sentence of plain text with computed numbers: a heading above it.
    alt : str, optional
        Text alternative; by default the kind of the figure and the first, last, smallest and largest value plotted.

    Raises
    ------
    ReportError
        If `axes` does not come from `figures`: its data are unknown, and no digest can be made.
    """
    import matplotlib.pyplot as plt
    from matplotlib import rc_context

    from research.reporting.presentation.canvas import PLOTTED
    from research.reporting.presentation.svg import drawings

    if axes not in PLOTTED:
        raise ReportError("these axes were not drawn by the functions of figures.py, so what they show is unknown.")
    if finding:
        show_text(f"### {escape_markdown(finding)}")
    kind, data = PLOTTED[axes]
    figure = axes.get_figure(root=True)
    assert figure is not None
    about = {"title": title, "caption": caption, "alt": alt or describe(title, kind, data)}
    words = {"text/plain": f"{title}\n{caption}\n{digest(data)}"}
    with rc_context({"text.parse_math": False}):  # a dollar sign in a name is no formula, in ticks made now either
        _spell_out(figure)
        if os.environ.get(for_a_page.VARIABLE):
            _display(words, {"figure": about | drawings(figure) | series(title, data)})
        else:
            _display(words | {"image/png": base64.b64encode(_png(figure)).decode("ascii")}, {"figure": about})
    plt.close(figure)


def small_figure(axes: Axes, *, title: str, caption: str = "", size: str = "narrow") -> dict[str, str]:
    """A figure of `figures.py` for a small place on a page: title, caption, alt and drawing. It is closed.

    `size` is that of a phone ("narrow"), or the figure's "own".
    """
    import matplotlib.pyplot as plt
    from matplotlib import rc_context

    from research.reporting.presentation.canvas import PLOTTED
    from research.reporting.presentation.svg import drawing, narrow_drawing

    figure = axes.get_figure(root=True)
    assert figure is not None
    with rc_context({"text.parse_math": False}):
        _spell_out(figure)
        svg = narrow_drawing(figure) if size == "narrow" else drawing(figure)
    about = {"title": title, "caption": caption, "alt": describe(title, *PLOTTED[axes]), "drawing": svg}
    plt.close(figure)
    return {name: printable(text, keep="\n") for name, text in about.items()}


def picture(axes: Axes, *, title: str, dots_per_inch: int = 80) -> tuple[bytes, str]:
    """A figure of `figures.py` as PNG with its text alternative, for a page that is redrawn often; closes it."""
    import matplotlib.pyplot as plt

    from research.reporting.presentation.canvas import PLOTTED

    figure = axes.get_figure(root=True)
    assert figure is not None
    _spell_out(figure)
    figure.set_layout_engine("none")  # laying it out takes longer than drawing it
    axes.set_position((0.1, 0.14, 0.87, 0.76))
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dots_per_inch)
    plt.close(figure)
    return drawn.getvalue(), describe(title, *PLOTTED[axes])


def show_table(table: Table) -> None:
    """Show a table of `tables.py`, under what it found; without `raw` columns where a licence asks for it."""
    if os.environ.get(for_a_page.WITHHOLDS):
        table = table.without_raw()
    if table.finding:
        show_text(f"### {table.finding}")
    _display({"text/html": table.to_html(), "text/plain": table.to_text()}, dict(table.metadata))


def show_text(markdown: str) -> None:
    """Show prose, which may hold computed numbers, and names that went through `escape_markdown`.

    Of the Markdown, emphasis, code, lists and headings are shown; HTML, links, pictures and formulas stay letters.
    """
    _display({"text/markdown": inert_markdown(markdown), "text/plain": html.unescape(markdown)})


def show_verdict(items: Mapping[str, str]) -> None:
    """Show the verdict strip: label -> value, in order. On a page it is the bar at the top."""
    width = max(map(len, items))
    _display(
        {
            "text/markdown": " · ".join(
                f"{escape_markdown(label)} **{escape_markdown(value)}**" for label, value in items.items()
            ),
            "text/plain": "\n".join(f"{label:<{width}}  {value}" for label, value in items.items()),
        },
        {"verdict": [{"label": label, "value": value} for label, value in items.items()]},
    )


def digest(data: pd.DataFrame) -> str:
    """n, first, last, min, max and mean of each plotted series, to five significant digits, as aligned text."""
    columns = {
        str(name): [f"{len(values)}", *(f"{number:.5g}" for number in _marks(values))]
        for name, values in ((name, data[name].dropna()) for name in data.columns)
    }
    table = pd.DataFrame.from_dict(columns, orient="index", columns=["n", "first", "last", "min", "max", "mean"])
    return str(table.to_string())


def series(title: str, data: pd.DataFrame) -> dict[str, str]:
    """What a page offers of a figure's data: the digest as a table, and all that was plotted as CSV, to six digits.

    Without CSV where a market's licence forbids passing on its raw values: nobody looks at which of the series are raw.
    """
    table = pd.DataFrame.from_dict(
        {str(name): _marks(data[name].dropna()) for name in data.columns},
        orient="index",
        columns=["first", "last", "lowest", "highest", "mean"],
    )
    table.insert(0, "values", data.notna().sum().to_numpy())
    shown = Table(table.rename_axis("series"), f"Digest: {title}", formats=dict.fromkeys(table.columns[1:], "number"))
    if os.environ.get(for_a_page.WITHHOLDS):
        return {"digest": shown.to_html()}
    return {"digest": shown.to_html(), "csv": csv_text(data, digits=6)}


def describe(title: str, kind: str, data: pd.DataFrame) -> str:
    """Text alternative of a figure, from what was plotted."""
    span = ""
    if isinstance(data.index, pd.DatetimeIndex) and len(data):
        span = f" from {data.index[0]:%Y-%m-%d} to {data.index[-1]:%Y-%m-%d}"
    series = []
    for name in data.columns[:4]:
        first, last, low, high, _ = _marks(data[name].dropna())
        series.append(f"{name}: first {first:.4g}, last {last:.4g}, lowest {low:.4g}, highest {high:.4g}")
    more = f"; and {len(data.columns) - 4} more" if len(data.columns) > 4 else ""
    return f"{title}. {kind}{span}. {'; '.join(series)}{more}."


def _marks(values: pd.Series) -> list[float]:
    if values.empty:
        return [float("nan")] * 5
    return [
        float(values.iloc[0]),
        float(values.iloc[-1]),
        float(values.min()),
        float(values.max()),
        float(values.mean()),
    ]


def _spell_out(figure: Figure) -> None:
    """Foreign names as they stand, no longer than a figure has room for."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_text(printable(text.get_text(), keep="\n")[:_LONGEST])


def _png(figure: Figure) -> bytes:
    """The figure as PNG with a palette: under a third of the size, and nothing that an eye would miss."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, bbox_inches="tight")
    image = Image.open(drawn).convert("RGB")
    image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        small, format="png", optimize=True
    )
    return small.getvalue()


def _display(data: dict[str, str], metadata: dict[str, Any] | None = None) -> None:
    from IPython.display import display

    display(_visible(data), metadata=_visible(metadata), raw=True)  # type: ignore[no-untyped-call]


def _visible(value: Any) -> Any:
    """Every text inside with control characters spelled out; line breaks stay."""
    if isinstance(value, dict):
        return {key: _visible(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_visible(part) for part in value]
    return printable(value, keep="\n") if isinstance(value, str) else value
