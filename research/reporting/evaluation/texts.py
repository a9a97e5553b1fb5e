"""Prose of the index evaluation with numbers computed by `research.evaluation`, as Markdown."""

from __future__ import annotations

import pandas as pd

from research.evaluation import Skill
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE, markdown_list, under


def skill(figures: Skill) -> str:
    """What the length of the history can show: probabilistic Sharpe, difference to each benchmark, years to know it."""
    sharpe, years = (format_value(value, "ratio") for value in (figures.sharpe_ratio, figures.years))
    apart = figures.differences["verdict"]
    known = [str(name) for name, verdict in apart.items() if verdict != "cannot tell"]
    beyond = f"known against {', '.join(map(escape_markdown, known))}" if known else "not known against any benchmark"
    heading = f"Sharpe ratio {sharpe} in {years} years; the sign of what it earned beyond is {beyond}"
    lines = markdown_list(
        [
            f"**Sharpe ratio over the risk-free rate {sharpe}.** The probability that the true one is above zero, for "
            f"the skewness, kurtosis and {years} years seen, is {format_value(figures.probability, 'percent')}: "
            f"**{figures.verdict}** (said from 95\u00a0% on). It takes days for independent: the interval on the "
            "factsheet, which allows for runs of days, is wider than that. Rule of thumb: "
            f"{RULES_OF_THUMB['sharpe_ratio']}. "
            f"{RULES_OF_THUMB_SOURCE}",
            "A Sharpe ratio above zero says that the market rose, not that the rules are clever. What the index earned "
            "beyond a benchmark says more, if its sign is known. The mean a year with its 95\u00a0% interval, and the "
            "years after which a test would see it in 80\u00a0% of histories if the true one were at either end of the "
            "interval; whether its sign is known is judged for all benchmarks together:",
            *[_difference(str(name), row) for name, row in figures.differences.iterrows()],
            "How many rulebooks were tried before this one was chosen is not known here, and each one tried makes the "
            "best look better than it is; `evaluation.deflated_sharpe` takes their number.",
        ]
    )
    return under(heading, lines)


def _difference(name: str, row: pd.Series) -> str:
    mean, lower, upper = (format_value(row[key], "whole change") for key in ("difference", "lower", "upper"))
    fewest, years = (format_value(row[key], "ratio") for key in ("fewest_years", "years"))
    most = "unlimited" if pd.isna(row["most_years"]) else format_value(row["most_years"], "ratio")
    return (
        f"{escape_markdown(name)}: {mean} ({lower} to {upper}), **{row['verdict']}**; {fewest} to {most} years "
        f"would be needed, {years} are there."
    )


def calibration(result: pd.Series, *, horizon: int) -> str:
    """`forecast_calibration` as a sentence."""
    if not result["forecasts"]:
        return f"The history is too short to look back at forecasts over {horizon} days."
    verdict = {
        "yes": "They held, and much worse forecasts would not have looked like that",
        "no": "Good forecasts would not do that",
    }.get(result["held"], "So few cannot tell good forecasts from poor ones")
    inside, expected, lower, upper = (
        format_value(result[name], "percent") for name in ("inside", "expected", "lower", "upper")
    )
    return (
        f"Had such forecasts over {horizon} days been made in the past, from what was known then, **{inside}** of "
        f"{result['forecasts']} outcomes would have come inside the {expected} band. They overlap: only "
        f"{result['independent']} are independent, for which anything from {lower} to {upper} is chance. **{verdict}.**"
    )
