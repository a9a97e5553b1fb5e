"""Prose of the factsheet with computed numbers, as Markdown. The rulebook in words is in `rulebook_text.py`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.index.analysis.why.worst import WorstDay, WorstStretch
from research.index.published.first_look import FirstLook
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE, markdown_list, under

CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "one look": {
        "title": "Level, and under it the fall from the highest level so far",
        "caption": "All start at the index's level; equal distances up its axis are equal returns. Bands: the regime "
        "of the benchmark known at each close.",
    },
    "levels": {
        "title": "Level against all benchmarks",
        "caption": "Total Market: all that pass its screens, by market cap. Baskets pay costs, single assets do not.",
    },
    "months": {
        "title": "Monthly and yearly returns",
        "caption": "In per cent, net of costs. A first month that is not whole is missing; the last runs to the last "
        "day.",
    },
    "rolling": {
        "title": "Rolling returns over one window",
        "caption": "Each point is the return of the window that ends there; doubling and halving are equally far from "
        "zero.",
    },
    "weights": {
        "title": "Weights",
        "caption": "At each day's close; the members with the largest average weight by name, the others together.",
    },
}
"""Title and caption of each figure: keywords of `show_figure`."""
NAMED = 3  # members, or rules, that a sentence names


def concentration(today: pd.Series, explained: float, benchmark: str) -> str:
    """The last row of `IndexHistory.concentration`, and the share of variance that a benchmark explains."""
    effective, shared = format_value(today["effective_number"], "ratio"), format_value(explained, "percent")
    finding = (
        f"As concentrated as {effective} equal members; {escape_markdown(benchmark)} explains {shared} of the variance"
    )
    return under(
        finding,
        f"Today the largest weight is **{format_value(today['largest_weight'], 'percent')}**, and the weights are as "
        f"concentrated as **{effective}** equal members would be (Herfindahl "
        f"index {format_value(today['herfindahl'], 'ratio')}). Over the whole history "
        f"**{escape_markdown(benchmark)} explains {shared}** of the variance of "
        "daily returns.",
    )


def first_look(look: FirstLook, *, benchmark: str) -> str:
    """Three sentences: against the benchmark; the worst, and who made it; what the rules added or took.

    The heading claims to be ahead or behind only where the interval leaves zero out.
    """
    growth, falls = look.beside.loc["cagr"], look.beside.loc["max_drawdown"]
    told = {"better": "faster than", "worse": "slower than"}.get(str(growth["verdict"]), "which cannot be told from")
    ours, theirs = (format_value(growth[side], "percent") for side in look.beside.columns[:2])
    deepest, other = (format_value(-falls[side], "percent") for side in look.beside.columns[:2])
    name = escape_markdown(benchmark)
    heading = f"Grew {ours} a year, {told} {name}'s {theirs}; fell {deepest} at worst, {name} {other}"
    against, worst = _against(look.beside, benchmark), _worst(look.stretch, look.day, benchmark)
    return under(heading, markdown_list([against, worst, _why(look.effects)]))


def for_whom(beside: pd.DataFrame) -> str:
    """What one had to sit through, beside what articles call bearable, and where the ranking of investors stands."""
    index, benchmark = beside.columns[:2]
    deepest, other = (format_value(-float(beside[side]["max_drawdown"]), "percent") for side in (index, benchmark))
    days = format_value(beside[index]["longest_drawdown"], "count")
    return (
        f"Whoever held it sat through a fall of **{deepest}** ({escape_markdown(benchmark)} {other}), and waited up to "
        f"**{days} days** for an earlier high. Rule of thumb: a maximum drawdown {RULES_OF_THUMB['max_drawdown']}. "
        f"{RULES_OF_THUMB_SOURCE} How it ranks for a conservative, a balanced and an aggressive investor, and how much "
        "of that rank is luck, is on the page of its evaluation."
    )


def _against(beside: pd.DataFrame, benchmark: str) -> str:
    index, other, growth = beside.columns[0], beside.columns[1], beside.loc["cagr"]
    told = {"better": "faster", "worse": "slower"}.get(str(growth["verdict"]), "which the history cannot tell apart")
    values = [
        (name, *(format_value(beside.loc[row, side], kind) for side in (index, other)))
        for name, row, kind in (
            ("volatility", "annualized_volatility", "percent"),
            ("maximum drawdown", "max_drawdown", "percent"),
            ("Sharpe ratio", "sharpe_ratio", "ratio"),
        )
    ]
    rest = "; ".join(f"{name} **{ours}** against {theirs}" for name, ours, theirs in values)
    low, high = (format_value(growth[end], "change") for end in ("lower", "upper"))
    return (
        f"**Against {escape_markdown(benchmark)}**: it grew **{format_value(growth[index], 'percent')}** a year "
        f"against {format_value(growth[other], 'percent')}, {told} (95\u00a0% interval of the geometric "
        f"difference {low} to {high}); {rest}."
    )


def _worst(stretch: WorstStretch | None, day: WorstDay, benchmark: str) -> str:
    loss = f"{format_value(day.change, 'percent')} on {format_value(day.date, 'date')}"
    words = (
        f"Its worst day was **{loss}** ({escape_markdown(benchmark)} {format_value(day.benchmark, 'percent')}): "
        f"{_members(day.members)}."
    )
    if stretch is None:
        return f"**The worst**: it never fell below an earlier high. {words}"
    span = f"from {format_value(stretch.peak, 'date')} to {format_value(stretch.trough, 'date')}"
    back = (
        f"not made good after {format_value(stretch.days, 'count')} days"
        if pd.isna(stretch.recovered)
        else f"made good {format_value(stretch.days, 'count')} days after the high"
    )
    fall = format_value(-stretch.depth, "percent")
    return f"**The worst**: it fell by **{fall}** {span}, {back} ({_members(stretch.members)}). {words}"


def _members(contributions: pd.Series) -> str:
    """The largest losses, by name, in points of the level."""
    losses = contributions[contributions < 0].head(NAMED).items()
    return ", ".join(f"{escape_markdown(name)} {format_value(part, 'signed points')} points" for name, part in losses)


def _why(effects: pd.Series) -> str:
    largest = effects.head(NAMED)
    words = ", ".join(
        f"{escape_markdown(name)} **{format_value(part, 'signed points')}** points" for name, part in largest.items()
    )
    return f"**Why ahead or behind**: growth a year with the rule less growth without it, the largest first: {words}."
