"""Prose of the index evaluation with numbers computed by `research.evaluation`, as Markdown."""

from __future__ import annotations

import pandas as pd

from research.evaluation import Skill
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE, markdown_list


def skill(figures: Skill) -> str:
    """What the length of the history can show: probabilistic Sharpe, minimum track record, years to tell apart."""
    needed = format_value(figures.years_needed, "ratio")
    record = (
        "no length of history would show it, for it is not above zero"
        if pd.isna(figures.years_needed)
        else f"{needed} years are needed to say so with 95\u00a0% confidence"
    )
    apart = figures.years_to_distinguish.items()
    years = ", ".join(f"{escape_markdown(name)} {format_value(value, 'count')}" for name, value in apart)
    return markdown_list(
        [
            f"**Sharpe ratio over the risk-free rate {format_value(figures.sharpe_ratio, 'ratio')}**, with a "
            f"probability of {format_value(figures.probability, 'percent')} that the true one is above zero, given "
            f"skewness, kurtosis and {format_value(figures.years, 'ratio')} years of history; {record}. Rule of thumb: "
            f"{RULES_OF_THUMB['sharpe_ratio']}. {RULES_OF_THUMB_SOURCE}",
            "A Sharpe ratio above zero says that the market rose, not that the rules are clever. **Years needed to "
            f"tell the index from a benchmark**, if the difference seen so far is the true one: {years}. Where the "
            "history is shorter than that, the difference may well be chance.",
            "How many rulebooks were tried before this one was chosen is not known here, and each one tried makes the "
            "best look better than it is; `evaluation.deflated_sharpe` takes their number.",
        ]
    )


def calibration(result: pd.Series, *, horizon: int) -> str:
    """`forecast_calibration` as a sentence."""
    if not result["forecasts"]:
        return f"The history is too short to look back at forecasts over {horizon} days."
    verdict = "That is consistent with good forecasts" if result["consistent"] else "Good forecasts would not do that"
    inside, expected, lower, upper = (
        format_value(result[name], "percent") for name in ("inside", "expected", "lower", "upper")
    )
    return (
        f"Had such forecasts over {horizon} days been made in the past, from what was known then, **{inside}** of "
        f"{result['forecasts']} outcomes would have come inside the {expected} band. They overlap: only "
        f"{result['independent']} are independent, for which anything from {lower} to {upper} is chance. {verdict}."
    )
