"""Prose of what can be told apart, as Markdown, and captions of its figures; numbers come in computed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.reporting.evaluation.comparison_tables import difference_of
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.names import MEASURES, words_of
from research.reporting.presentation.texts import markdown_list, under

CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "tails": {
        "title": "How returns are distributed, beside two fitted distributions",
        "caption": "Dots left of the lines at the bottom: bad days are worse than the distribution says.",
    },
    "regimes": {
        "title": "The index through bull, sideways and bear markets of its benchmark",
        "caption": "Bands: the regime known at each close. Equal distances up the axis are equal returns.",
    },
    "forecasts": {
        "title": "Forecasts of the past, and what came",
        "caption": "Each band was drawn from the returns known on its day; the line is what came after.",
    },
    "underwater": {
        "title": "How far below its highest level so far",
        "caption": "A fall of 50\u00a0% takes a rise of 100\u00a0% to make good.",
    },
    "alpha": {
        "title": "Rolling alpha and its 95\u00a0% interval",
        "caption": "Windows overlap. A band that spans zero shows no skill, and rules none out.",
    },
    "ranks": {
        "title": "How reliable forecasts were at every level",
        "caption": "Above the diagonal more came below a quantile than was forecast: too hopeful. In the band it may "
        "be chance, at each quantile for itself.",
    },
}
"""Title and caption of each figure: keywords of `show_figure`."""


def answer(frame: pd.DataFrame, *, benchmark: str) -> str:
    """Is the index better than its benchmark, and do we know? From `compare` of the index with others."""
    rows = frame[frame["second"] == benchmark].set_index("measure")
    told = {
        verdict: [words_of(measure) for measure in rows.index[rows["verdict"] == verdict]]
        for verdict in ("better", "worse", "cannot tell")
    }
    name = escape_markdown(benchmark)
    words = [f"{verdict} in {_listed(told[verdict])}" for verdict in ("better", "worse") if told[verdict]]
    if words:
        rest = f"; in {_listed(told['cannot tell'])} we cannot tell" if told["cannot tell"] else ""
        verdict = f"It is {' and '.join(words)}{rest}."
    else:
        verdict = "We cannot tell."
    figures = "; ".join(_difference(measure, row) for measure, row in rows.iterrows())
    span = " to ".join(format_value(rows[side].iloc[0], "date") for side in ("start", "end"))
    return (
        f"**Is it better than {name}, and do we know? {verdict}** From {span}: {figures}. We claim to know "
        "where chance alone would give such a difference, in any row of the comparison below, in fewer than one of 20 "
        "cases; in simulated markets without a difference this went wrong in 2 to 7\u00a0% of them."
    )


def lately(lines: Mapping[str, pd.DataFrame], *, window_days: int) -> str:
    """Heading: the last value of each figure over a moving window, the index beside its benchmark."""
    parts = []
    for name, frame in lines.items():
        kind = "percent" if name == "volatility" else "ratio"
        own, *other = (format_value(value, kind) for value in frame.iloc[-1]) if len(frame) else ("\u2013",)
        beside = f" ({escape_markdown(frame.columns[1])} {other[0]})" if other and not name.startswith("beta") else ""
        parts.append(f"{escape_markdown(name)} {own}{beside}")
    return under(f"Over the last {window_days} days: {'; '.join(parts)}")


def tail(dependence: pd.Series, depths: pd.Series, *, benchmark: str) -> str:
    """`tail_dependence` and `conditional_drawdown`, as sentences."""
    name = escape_markdown(benchmark)
    deep = ", ".join(f"{escape_markdown(who)} **{format_value(value, 'percent')}**" for who, value in depths.items())
    if pd.isna(dependence["estimate"]):
        shared = f"The history is too short to say how often the worst days of {name} are those of the index."
    else:
        lower, upper, normal, unrelated = (
            format_value(dependence[part], "percent") for part in ("lower", "upper", "normal", "independent")
        )
        interval = "no interval" if pd.isna(dependence["lower"]) else f"95\u00a0% interval {lower} to {upper}"
        shared = (
            f"Of the {format_value(dependence['days'], 'count')} worst days of {name}, "
            f"**{format_value(dependence['estimate'], 'percent')}** were among as many worst days of the index "
            f"({interval}). Normal returns of the same correlation would show {normal}, unrelated ones {unrelated}."
        )
    return markdown_list(
        [
            shared,
            f"Conditional drawdown at risk, the mean of the deepest twentieth of all days below the high: {deep}.",
        ]
    )


def sharpe_error(figures: pd.Series) -> str:
    """`sharpe_error`, as a sentence."""
    if pd.isna(figures["error"]):
        return "The history is too short for an error of the Sharpe ratio."
    ratio, error, annual = (format_value(figures[name], "ratio") for name in ("sharpe_ratio", "error", "annualized"))
    return (
        f"The Sharpe ratio of {ratio} has a standard error of **{error}** (Lo, 2002). Days are autocorrelated: with "
        f"{format_value(figures['lags'], 'count')} lags counted, the ratio of a year is {annual}; the square root of "
        "365 gives the first figure."
    )


def _difference(measure: object, row: pd.Series) -> str:
    name, kind = MEASURES[str(measure)]
    seen, other = (format_value(row[side], kind) for side in ("first_value", "second_value"))
    if pd.isna(row["lower"]):
        return f"{name} {seen} against {other}, and no interval for the difference"
    difference, low, high = (_signed(difference_of(row[end], str(measure))) for end in ("difference", "lower", "upper"))
    return f"{name} {seen} against {other}, a difference of {difference} (95\u00a0% interval {low} to {high})"


def _signed(words: str) -> str:
    return words if words[0] in "+\u2212" else f"+{words}"


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
