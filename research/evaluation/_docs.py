"""What `help` shows of a public function: its own docstring, completed by what many of them share.

A docstring in the source says what is special: formula, source, parameters of its own. `complete` adds the parameters,
errors and conventions that are the same everywhere, and the example of `_examples.py`, so that each help text stands
alone and nothing is written forty times. The signature stays as it is.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from textwrap import fill, indent
from typing import Any

from research.evaluation._examples import example_of

SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "Examples")
PARAMETERS = {
    "returns": "Simple returns of one period (0.05 is 5 %), rows in order of time: one series, or several by column.",
    "benchmark": "Returns of the benchmark, on the dates of `returns`: one for all columns, or a column for each. What "
    "is computed is of the history that both share.",
    "benchmarks": "Returns of the benchmarks by column, each looked at over the history that it shares with `returns`.",
    "risk_free": "Annual rate r, (1+r)^(1/q) − 1 per period; or a Series with one rate per period.",
    "minimum_acceptable_return": "Annual rate r, (1+r)^(1/q) − 1 per period; or a Series with one rate per period.",
    "periods_per_year": "q: 365 for days without weekends off, 252 for weekdays, 52, 12; 1 leaves a figure per period. "
    "Dates that are spaced otherwise, or with rows missing, are an error.",
    "confidence": "Above 0 and below 1: share of cases in which what is said should hold.",
    "window": "Returns in a window.",
    "decay": "λ, above 0 and below 1: weight of the past.",
    "reference": "Annual Sharpe ratio to be exceeded.",
    "draws": "Resampled histories.",
    "block_length": "Mean length of the resampled blocks, in periods; chosen from the data by default.",
    "seed": "The same seed gives the same result.",
    "cycles": "Phases of the market, or of the series itself, from one high or low to the next.",
    "record": "With its attrs as they were given.",
    "pvalues": "From 0 to 1; NaN for a test that could not be made.",
    "horizons": "How far ahead.",
    "quantiles": "Of the distribution that is shown.",
    "threshold": "Of the return over the window.",
    "data_warnings": "What the data or the index engine warned of.",
    "sharpe": "Sharpe ratio per observation: mean over standard deviation.",
    "skewness": "Of the returns; 0 for a normal distribution.",
    "scores": "Dates x assets, higher is better; NaN where nothing was said.",
    "outcomes": "Dates x assets, simple returns over the span that is judged; NaN where they are not known.",
    "probabilities": "Dates x assets, of a return above zero; NaN where none was given.",
    "ic": "By date: coefficients of `rank_ic`, or another weekly measure of skill.",
    "spread": "From `quantile_spread`.",
    "overlap": "Periods by which neighbouring spans overlap; 0 where one ends before the next begins.",
    "lags": "Of the Newey-West variance; by default chosen from the number of periods.",
    "fewest_assets": "Dates with fewer are NaN.",
    "bins": "Of equal size by probability.",
    "blocks": "Even, from 2 to 20: parts of the history that are recombined.",
    "power": "Probability with which an effect is to be found.",
    "level": "Size of the test.",
    "lower": "Bound of an interval about zero.",
    "upper": "Bound of an interval about zero.",
    "market": "Returns of the market, on the dates of `returns`.",
    "method": 'One of "historical", "gaussian", "modified", "student_t".',
    "kurtosis": "Raw, of the returns; 3 for a normal distribution.",
}
RETURNS = {
    "PerColumn": "float for a Series, Series by column for a DataFrame",
    "FrameT": "Series or DataFrame of the shape of what was given",
}
TYPES = {"Frame": "Series or DataFrame", "FrameT": "Series or DataFrame", "Benchmark": "Series or DataFrame"} | {
    "Rate": "float or Series"
}
ERRORS = "For a parameter outside its bounds."
ERRORS_OF_SERIES = (
    "For a parameter outside its bounds; for a NaN inside a history, rows out of order, or levels in the place of "
    "returns (column and date are named)."
)
NOTES = (
    "Fractions in and out, losses negative. Leading and trailing NaN are outside the history of a column; a figure "
    "that is not defined there (too short a history, nothing that varies) is NaN, never infinite and never zero. Other "
    "libraries' conventions are beside these in research/evaluation/CONVENTIONS.md."
)
NOTES_OF_NUMBERS = "A figure that is not known is NaN, and what follows from one is NaN as well, never zero."


def complete(function: Callable[..., Any]) -> None:
    """Put the shared parameters, errors and conventions into the docstring of a function."""
    sections = split(inspect.getdoc(function) or "")
    signature = inspect.signature(function)
    documented = {name.strip(): entry for entry in _entries(sections.get("Parameters", "")) for name in _names(entry)}
    entries: list[str] = []
    for name, parameter in signature.parameters.items():
        shared = indent(fill(PARAMETERS.get(name, ""), 96), "    ")
        entry = documented.get(name) or (f"{name} : {_type_of(parameter)}" if shared else "")
        entry += f"\n{shared}" if shared and "\n" not in entry else ""
        entries += [] if entry in entries or not entry else [entry]
    has_series = any(name in signature.parameters for name in ("returns", "level", "levels", "trials"))
    written = {
        "Parameters": "\n".join(entries),
        "Returns": RETURNS.get(str(signature.return_annotation), ""),
        "Raises": f"DataError\n{indent(fill(ERRORS_OF_SERIES if has_series else ERRORS, 96), '    ')}",
        "Examples": example_of(function.__name__),
        "Notes": fill(NOTES if has_series else NOTES_OF_NUMBERS, 100),
    }
    parts = [sections["Summary"]]
    for title in SECTIONS:
        own = "" if title == "Parameters" else sections.get(title)
        text = own or written.get(title, "")
        parts += [f"{title}\n{'-' * len(title)}\n{text}"] if text else []
    function.__doc__ = "\n\n".join(parts) + "\n"


def split(docstring: str) -> dict[str, str]:
    """Sections of a numpydoc docstring by title, what comes before the first as "Summary"."""
    pieces = re.split(rf"^({'|'.join(SECTIONS)})\n-+\n", docstring, flags=re.MULTILINE)
    titles = ["Summary", *pieces[1::2]]
    return {title: text.strip() for title, text in zip(titles, pieces[::2], strict=True)}


def _entries(parameters: str) -> list[str]:
    return re.split(r"\n(?=\S)", parameters) if parameters else []


def _names(entry: str) -> list[str]:
    return re.split(r" : |\n", entry)[0].split(",")


def _type_of(parameter: inspect.Parameter) -> str:
    kind = str(parameter.annotation).replace("pd.", "").replace(" | None", "")
    has_default = parameter.default is not inspect.Parameter.empty
    default = (
        "" if not has_default else ", optional" if parameter.default is None else f", default {parameter.default!r}"
    )
    return TYPES.get(kind, kind) + default
