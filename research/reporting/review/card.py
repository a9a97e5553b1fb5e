"""What the index page shows of one index, in words and drawings: written by a kernel, put on the page as it is."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any

import pandas as pd

from research.evaluation.changes.monitoring import Monitoring
from research.evaluation.overview import DAYS_PER_YEAR
from research.index.published.publication import PublishedIndex
from research.index.published.quarterly_review import QuarterlyReview
from research.reporting.presentation import figures, figures_review
from research.reporting.presentation.display import small_figure
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.texts import RULES_OF_THUMB

FIGURES: Mapping[str, str] = {
    "year_to_date": "growth",
    "one_year": "growth",
    "growth": "change",
    "volatility": "percent",
    "max_drawdown": "percent",
    "drawdown": "percent",
}
"""Column of `standing` -> how it reads."""


def card(published: PublishedIndex, review: QuarterlyReview) -> dict[str, Any]:
    """Rows, flags, answers and drawings of one index, as plain values."""
    benchmark, source = published.benchmarks[0], f"{published.facts['snapshot']['name']}; net of costs"
    kinds = {each["name"]: each["kind"] for each in published.facts["benchmarks"]}
    return {
        "benchmark": benchmark,
        "rows": [_row(str(name), kinds.get(str(name), "index"), row) for name, row in review.standing.iterrows()],
        "flags": [
            {name: format_value(row[name], kind) for name, kind in _FLAG.items()} | {"flag": _words(row["flag"])}
            for _, row in review.flags.iterrows()
        ],
        "last_rebalance": published.facts["last_rebalance"],
        "last_change": published.facts["last_change"],
        "review": review.calls_for_a_review,
        "answers": answers(review, benchmark),
        "spark": small_figure(figures_review.spark(review.levels), title=f"Level of {review.levels.name}", size="own"),
        "drawings": [
            small_figure(
                figures_review.months(review.months, source=source),
                title="Monthly returns",
                caption=f"Whole calendar months: above the index, below the index less {benchmark}.",
            ),
            small_figure(
                figures.drawdowns(review.drawdowns, source=source),
                title="Below the highest level so far",
                caption="Each in its own terms; the area is the index.",
            ),
            small_figure(
                figures.rolling_returns(review.rolled, source=source, window_days=DAYS_PER_YEAR),
                title="Returns over one year, whenever it began",
                caption="Each point is the return of the 365 days that end there.",
            ),
        ],
    }


_FLAG = {"severity": "text", "evidence": "text", "since": "date"}


def _words(flag: object) -> str:
    return str(flag).replace("_", " ").capitalize()


def _row(name: str, kind: str, row: pd.Series) -> dict[str, Any]:
    return {
        "series": name,
        "kind": kind,
        "since": format_value(row["since"], "date"),
        "until": format_value(row["until"], "date"),
        "figures": {figure: _figure(row, figure, words) for figure, words in FIGURES.items()},
    }


def _figure(row: pd.Series, figure: str, kind: str) -> dict[str, Any]:
    """The figure in words, its value to sort by, and by how many points it is ahead of the benchmark."""
    less = row.get(f"{figure}_less")
    ahead = "" if less is None or pd.isna(less) else format_value(less, "signed points")
    return {"text": format_value(row[figure], kind), "value": float(row[figure]), "less": ahead}


def answers(review: QuarterlyReview, benchmark: str) -> list[dict[str, str]]:
    """The quarterly questions with their answers."""
    found, own, other = review.monitoring, *(review.standing.iloc[place] for place in range(2))
    worst, theirs, now = (
        format_value(value, "percent") for value in (own["max_drawdown"], other["max_drawdown"], own["drawdown"])
    )
    return [
        {
            "question": "What did the quarter bring?",
            "answer": f"To date {_change(found.quarter)}, {benchmark} {_change(found.quarter_benchmark)}; the last "
            f"whole quarter {_change(found.last_quarter)}, {benchmark} {_change(found.last_quarter_benchmark)}.",
        },
        {
            "question": "How deep is the fall, and what is called bearable?",
            "answer": f"Now {now} from its high, {worst} at worst; {benchmark} {theirs} at worst. Rule of thumb: "
            f"{RULES_OF_THUMB['max_drawdown']}.",
        },
        {"question": "Is it consistent?", "answer": _consistent(found, benchmark)},
        {"question": "Is it what the past led to expect?", "answer": _expected(found)},
        {"question": "Does it call for a review?", "answer": _review(review, benchmark)},
    ]


def _change(value: float) -> str:
    return format_value(value, "change")


def _consistent(found: Monitoring, benchmark: str) -> str:
    if not found.windows:
        return "The history is shorter than a year."
    gained, ahead = (format_value(value, "percent") for value in (found.share_positive, found.share_ahead))
    return (
        f"{gained} of its {format_value(found.windows, 'count')} one-year windows gained, {ahead} were ahead of "
        f"{benchmark}. They overlap: far fewer are independent."
    )


def _expected(found: Monitoring) -> str:
    if isnan(found.share_below):
        return "The history is too short to hold the last year against earlier ones."
    return (
        f"{format_value(found.one_year, 'growth')} in the last {DAYS_PER_YEAR} days: more than in "
        f"{format_value(found.share_below, 'percent')} of the one-year windows before them."
    )


def _review(review: QuarterlyReview, benchmark: str) -> str:
    found = review.monitoring
    if isnan(found.sharpe):
        return "The history is shorter than a year: nothing can be said."
    own, other = (format_value(value, "ratio") for value in (found.sharpe, found.sharpe_benchmark))
    sharpes = f"Sharpe ratio of the last {DAYS_PER_YEAR} days {own}, {benchmark} {other}"
    spell = f", below it for {format_value(found.days_behind, 'count')} days in a row" if found.days_behind else ""
    rule = "behind at equal volatility for a year and more, in each of its quarters, by more than chance"
    if review.calls_for_a_review:
        return f"Yes: {rule}. {sharpes}{spell}."
    return f"No. {sharpes}{spell}. It would if it were {rule}; a short spell does not."
