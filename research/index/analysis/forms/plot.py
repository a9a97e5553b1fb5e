"""A quick look at an index: its level above its drawdown. The figures of pages are in `research.reporting`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from research.evaluation.drawdowns import drawdown_series
from research.evaluation.metrics import returns_from_levels
from research.index.analysis.record import IndexRecord

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure


def plot(index: IndexRecord, *, log: bool = True) -> Figure:
    """Level above drawdown, in one figure.

    Parameters
    ----------
    log : bool
        Whether equal distances up the level's axis are equal returns.

    Returns
    -------
    matplotlib.figure.Figure
        Closed in pyplot, so that a cell that ends with it shows it once; `figure.savefig(path)` writes it.
    """
    import matplotlib.pyplot as plt  # takes as long as pandas: only who draws waits for it

    level, fall = index.level, 100 * drawdown_series(returns_from_levels(index.level))
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.6, 5.0), sharex=True, height_ratios=[2, 1], layout="constrained"
    )
    above.plot(level.index, level.to_numpy(), linewidth=1.5)
    above.set_yscale("log" if log else "linear")
    above.yaxis.set_major_formatter("{x:,.10g}")
    above.yaxis.set_minor_formatter("{x:,.10g}" if level.max() < 10 * level.min() else "")
    above.set_ylabel("level, logarithmic" if log else "level")
    above.set_title(index.methodology.name, loc="left").set_parse_math(False)
    below.fill_between(fall.index, fall.to_numpy(), 0, alpha=0.3, linewidth=0)
    below.plot(fall.index, fall.to_numpy(), linewidth=0.8)
    below.set_ylabel("below the high, %")
    below.set_ylim(top=0)
    for axes in (above, below):
        axes.grid(axis="y", alpha=0.4)
        axes.spines[["top", "right"]].set_visible(False)
    source = figure.supxlabel(f"{index.market.manifest.name}, net of costs", x=0.01, ha="left", fontsize=8)
    source.set_parse_math(False)  # a dollar sign in a name is no formula
    plt.close(figure)
    return figure
