"""Tables of what can be told apart: comparisons, factors, timing, breaks, back-tests of value at risk.

Every figure is computed in `research.evaluation`. P-values are words here: they stand in rows that have other units.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.evaluation.factors import FactorRegression
from research.reporting.presentation.formats import MISSING, escape_markdown, format_value
from research.reporting.presentation.names import INTERVAL, MEASURES, words_of
from research.reporting.presentation.table import Table

DIFFERENCES: Mapping[str, tuple[str, str]] = {
    "sharpe_ratio": ("ratio", ""),
    "cagr": ("change", ""),
    "max_drawdown": ("signed points", " points"),
}
"""How the difference of a measure reads, and its unit where that is not in the number."""

_FIGURES = {
    "alpha": ("alpha a year", "change"),
    "beta": ("beta", "ratio"),
    "volatility": ("volatility a year", "percent"),
}


def comparison(frame: pd.DataFrame, *, caption: str = "Is it better than they are?", own: str = "index") -> Table:
    """`compare` of one index with others; `own` is what its column is called."""
    words = pd.DataFrame(
        {
            "against": frame["second"],
            "measure": [words_of(measure) for measure in frame["measure"]],
            "verdict": frame["verdict"],
            "index": _values(frame, "first_value"),
            "other": _values(frame, "second_value"),
            **{name: _differences(frame, name) for name in ("difference", "lower", "upper")},
            **{name: [format_value(value, "p") for value in frame[name]] for name in ("p_value", "adjusted")},
        }
    )
    days = frame.iloc[0]
    return Table(
        words,
        f"{caption} {_day(days['start'])} to {_day(days['end'])}, the days that all have",
        headers=INTERVAL | {"index": own, "p_value": "p", "adjusted": "p for all rows"},
        note="Sharpe ratio over the risk-free rate. The difference of growth is geometric: what the index became for "
        "each unit that the other became, less one. Intervals: block bootstrap, each row by itself (Ledoit and Wolf, "
        "2008). Verdict: by the p-value for all rows together (Romano and Wolf, 2005) below 5\u00a0%; “cannot tell” is "
        "no proof that they are alike.",
    )


def best(frame: pd.DataFrame, *, reference: str) -> Table:
    """`best_of_many`: the set in which the best lies, and whether any beats the reference."""
    beats = frame["beats_reference"].dropna()
    chance = format_value(beats.iloc[0] if len(beats) else None, "p")
    return Table(
        frame[["cagr", "p_value", "in_set"]],
        "Which of them could be the best, by growth",
        formats={"cagr": "percent", "p_value": "ratio"},
        headers={"cagr": words_of("cagr"), "p_value": "p of being as good as the best", "in_set": "could be the best"},
        note="Model confidence set (Hansen, Lunde and Nason, 2011): with 95\u00a0% confidence the best is among those "
        f"that could be. That no other beats {reference}: p = {chance} (Hansen, 2005). Among equals in "
        "simulated markets one is left out in 5 to 12\u00a0% and one beats the reference in 4 to 10, not 5.",
    )


def factors(net: FactorRegression, gross: FactorRegression) -> Table:
    """Two `factor_regression`s of one index, after and before costs."""
    before = gross.table.loc[["alpha"]].rename(index={"alpha": "alpha before costs"})
    table = pd.concat([net.table.rename(index={"alpha": "alpha after costs"}), before])
    is_alpha = table.index.str.startswith("alpha")
    kinds = ["change" if alpha else "ratio" for alpha in is_alpha]
    words = {
        name: [format_value(value, kind) for value, kind in zip(table[name], kinds, strict=True)]
        for name in ("estimate", "lower", "upper")
    }
    words |= {
        "p_value": [format_value(value, "p") for value in table["p_value"]],
        "contribution": [format_value(value, "change") for value in table["contribution"]],
    }
    return Table(
        pd.DataFrame(words, index=table.index),
        f"Where the excess return of {format_value(net.mean_excess, 'change')} a year came from",
        finding=_came_from(table),
        headers=INTERVAL | {"estimate": "exposure, or alpha a year", "p_value": "p", "contribution": "brought a year"},
        note="Regression of the excess return on three portfolios made of the same snapshot, weekly, by market cap of "
        "the week before: the market; small less large assets; those that rose most over three weeks less those that "
        "rose least (Liu, Tsyvinski and Wu, 2022). The portfolios pay no costs. What was brought is exposure times the "
        f"mean of the portfolio; after costs it adds up to the excess. Newey-West errors, {net.observations:,} days, "
        f"variance explained {format_value(net.r_squared, 'percent')}.",
    )


def _came_from(table: pd.DataFrame) -> str:
    """The largest factor, and the alpha with its interval."""
    parts = table["contribution"].drop(labels=[name for name in table.index if name.startswith("alpha")])
    largest = parts.sort_values(ascending=False, kind="stable").index[0]
    alpha = table.loc["alpha after costs"]
    low, value, high = (format_value(alpha[side], "change") for side in ("lower", "estimate", "upper"))
    return (
        f"Exposure to {escape_markdown(largest)} brought {format_value(parts[largest], 'change')} a year; alpha beside "
        f"these factors {value} (95\u00a0% interval {low} to {high})"
    )


def timing(frame: pd.DataFrame) -> Table:
    """`timing_tests`: whether exposure rose before the benchmark did."""
    table = frame.set_axis(["Treynor and Mazuy", "Henriksson and Merton"], axis="index").rename_axis("test")
    words = table[["timing", "lower", "upper", "alpha", "verdict"]].assign(
        p_value=[format_value(p, "p") for p in table["p_value"]]
    )
    return Table(
        words[["timing", "lower", "upper", "p_value", "alpha", "verdict"]],
        "Did it hold more of its benchmark before rises than before falls?",
        formats=dict.fromkeys(("timing", "lower", "upper"), "ratio") | {"alpha": "change"},
        headers=INTERVAL | {"p_value": "p", "alpha": "alpha beside it"},
        note="Above zero is timing: returns bend upwards against those of the benchmark, measured by their square, or "
        "by what a put would have paid. An option, or selling what has risen, bends them too.",
    )


def breaks(frame: pd.DataFrame) -> Table:
    """`structural_breaks`: whether alpha, beta or volatility changed."""
    names = [_FIGURES[name][0] for name in frame.index]
    sides = {
        side: [format_value(frame.loc[name, side], _FIGURES[name][1]) for name in frame.index]
        for side in ("before", "after")
    }
    table = pd.DataFrame(sides, index=pd.Index(names, name="figure")).assign(
        since=frame["since"].to_numpy(),
        p_value=[format_value(value, "p") for value in frame["p_value"]],
        adjusted=[format_value(value, "p") for value in frame["adjusted"]],
        verdict=frame["verdict"].to_numpy(),
    )
    return Table(
        table,
        "Did it change? One break at an unknown day; alpha and beta to the benchmark",
        formats={"since": "date"},
        headers={
            "before": "before the break",
            "after": "after it",
            "since": "likeliest day",
            "p_value": "p",
            "adjusted": "p for all three",
        },
        note="Self-normalised test of Shao and Zhang (2010). The likeliest day and the figures on both sides of it are "
        "shown whether or not the test finds a break. Where volatility comes in long clusters it finds a change of "
        "volatility too often: in 8 to 14\u00a0% of simulated histories of 1,000 days without one, 7 to 9\u00a0% of "
        "2,500.",
    )


def backtests(frame: pd.DataFrame) -> Table:
    """`var_backtests`: each method of value at risk as it would have been used."""
    table = frame.set_axis(
        [
            f"{str(method).replace('_', ' ')}, {format_value(confidence, 'short percent')}"
            for method, confidence in frame.index
        ],
        axis="index",
    ).rename_axis("value at risk")
    columns = ["forecasts", "expected", "breaches", "kupiec", "independence", "adjusted", "verdict"]
    return Table(
        table[columns].assign(**{name: [format_value(value, "p") for value in table[name]] for name in columns[3:6]}),
        "Would these limits have held? Each day's limit from the 365 days before it, made anew every week",
        formats={"forecasts": "count", "expected": "count", "breaches": "count"},
        headers={
            "forecasts": "days",
            "expected": "breaches expected",
            "kupiec": "p of the number (Kupiec)",
            "independence": "p of clustering (Christoffersen)",
            "adjusted": "p of both, for all rows",
        },
        note="Cannot tell: fewer than five breaches were to be expected. No fault shown is no proof of a good limit.",
    )


def _values(frame: pd.DataFrame, column: str) -> list[str]:
    pairs = zip(frame[column], frame["measure"], strict=True)
    return [format_value(value, MEASURES[measure][1]) for value, measure in pairs]


def _differences(frame: pd.DataFrame, column: str) -> list[str]:
    return [difference_of(value, measure) for value, measure in zip(frame[column], frame["measure"], strict=True)]


def difference_of(value: float, measure: str) -> str:
    """A difference of two values of a measure in its unit; a dash where there is none."""
    kind, unit = DIFFERENCES[measure]
    words = format_value(value, kind)
    return words if words == MISSING else f"{words}{unit}"


def _day(label: object) -> str:
    return format_value(label, "date")
