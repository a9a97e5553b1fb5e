"""Prose of the index evaluation with numbers computed by `research.evaluation`, as Markdown."""

from __future__ import annotations

import math

import pandas as pd

from research import evaluation
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE, markdown_list


def skill(returns: pd.Series, benchmarks: pd.DataFrame, *, risk_free: float) -> str:
    """What the length of the history can show: probabilistic Sharpe, minimum track record, years to tell apart."""
    sharpe = evaluation.sharpe_ratio(returns, risk_free=risk_free)
    probability = evaluation.probabilistic_sharpe(returns, risk_free=risk_free)
    needed = evaluation.minimum_track_record(returns, risk_free=risk_free) / 365
    record = (
        "no length of history would show it, for it is not above zero"
        if math.isnan(needed)
        else f"{format_value(needed, 'ratio')} years are needed to say so with 95\u00a0% confidence"
    )
    apart = {name: evaluation.years_to_distinguish(returns, benchmarks[name]) for name in benchmarks.columns}
    years = ", ".join(f"{escape_markdown(name)} {format_value(value, 'count')}" for name, value in apart.items())
    return markdown_list(
        [
            f"**Sharpe ratio over the risk-free rate {format_value(sharpe, 'ratio')}**, with a probability of "
            f"{format_value(probability, 'percent')} that the true one is above zero, given skewness, kurtosis and "
            f"{format_value(returns.count() / 365, 'ratio')} years of history; {record}. Rule of thumb: "
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
