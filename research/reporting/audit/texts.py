"""Prose of the index audit with computed numbers, as Markdown. Numbers come in computed; nothing is computed here."""

from __future__ import annotations

import math
from functools import partial

import pandas as pd

from research.index import IndexHistory, Methodology
from research.index.analysis.explanation import Explanation
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import markdown_list

_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def reason_card(card: Explanation, rules: Methodology) -> str:
    """`IndexHistory.explain` as sentences: in or out, since which decision, why, and how the weight came about."""
    where = "in" if card.selected else "out"
    reason = escape_markdown(f"{card.reason[:1].upper()}{card.reason[1:]}")
    sentences = [
        f"**{escape_markdown(card.asset_id)} is {where}.** {reason}.",
        f"Decided at the close of {card.determination_date:%Y-%m-%d}, traded at {card.effective_date:%Y-%m-%d}'s.",
        f"The lines: {card.buffer}." if rules.selection.count else "",
    ]
    if card.waterfall is not None:
        steps = {str(step): value for step, value in card.waterfall.items() if value or step in ("raw", "final")}
        first, last = steps.pop("raw"), steps.pop("final")
        changes = "".join(f", {step} {format_value(value, 'fine change')}" for step, value in steps.items())
        weight = f"by market cap {format_value(first, 'fine percent')}{changes}"
        since = "" if card.weighed == card.determination_date else f", decided at the close of {card.weighed:%Y-%m-%d}"
        sentences.append(f"Its weight{since}: {weight}, which makes **{format_value(last, 'fine percent')}**.")
    return " ".join(filter(None, sentences))


def residual(size: float, what: str) -> str:
    """How exactly something adds up, to the power of ten: the last digits of a float are no result."""
    if size == 0:
        return f"{what} exactly."
    power = math.floor(math.log10(size)) + 1
    return f"{what}: the largest difference is below 10{str(power).translate(_RAISED)}."


def token(nav: pd.Series, left: float, fee_per_year: float) -> str:
    """What a token of the index is worth, and what its streaming fee took."""
    first, last = (format_value(value, "number") for value in (nav.iloc[0], nav.iloc[-1]))
    return (
        f"A token that began at USD {first} on {nav.index[0]:%Y-%m-%d} has a net asset value of **USD {last}** on "
        f"{nav.index[-1]:%Y-%m-%d}. Its streaming fee of {format_value(fee_per_year, 'fine percent')} a year is paid "
        f"in new tokens and has left **{format_value(left, 'fine percent')}** of each token's units; without it the "
        f"token would be worth USD {format_value(nav.iloc[-1] / left, 'number')}."
    )


def risks(
    index: IndexHistory,
    *,
    benchmark: str,
    beta: float,
    worst: pd.DataFrame,
    variants: pd.DataFrame,
    sectors: pd.Series,
    turnover: pd.Series,
) -> str:
    """The risks of an index, each with what this one's history shows of it.

    `worst` is `worst_periods` against the benchmark, `variants` are the `counterfactuals`, `sectors` the weights by
    sector, `turnover` a `turnover_summary`.
    """
    differences = variants["cagr_difference"].drop(["as published", "survivors only (look-ahead)"])
    events = index.events["event"].value_counts()
    percent = partial(format_value, kind="percent")
    benchmark = escape_markdown(benchmark)
    swing, largest = str(differences.abs().idxmax()), str(sectors.idxmax())
    times = {name: _times(int(events.get(name, 0))) for name in ("removed", "carried", "collapse")}
    mean, fell = worst.mean(), int((worst["return"] < 0).sum())
    named = {
        f"Market: it falls with {benchmark}": f"Beta {format_value(beta, 'ratio')}. On the {len(worst)} worst days of "
        f"{benchmark} (mean {percent(mean['benchmark'])}) the index made {percent(mean['return'])} on average, and "
        f"fell on {fell} of them.",
        "Methodology: a rule decides more than it seems to": f"Of {len(differences)} variants of the rules, *"
        f"{escape_markdown(swing)}* moves the growth a year most: {format_value(differences[swing], 'fine change')}. "
        "The choice of the rulebook itself, by someone who knew the past, is not among the variants.",
        "Overexposure": f"The largest sector, *{escape_markdown(largest)}*, has {percent(sectors[largest])} of the "
        "weight, by the latest sector tag of each member.",
        "Rebalance frequency against volatility": f"{format_value(turnover['trades_per_year'], 'ratio')} trades a year "
        f"move {percent(turnover['annual'])} of the index (one-sided), the largest one {percent(turnover['largest'])}, "
        f"at {percent(variants['annualized_volatility'].iloc[0])} volatility.",
        "Platform, and tokens that die": f"For want of a price members were removed {times['removed']}; a price was "
        f"carried {times['carried']}, and a collapse was noted {times['collapse']}. Venues, custodians and issuers "
        "can fail without a trace in prices.",
        "Smart contracts, in the token form": "Nothing in market data measures them, and no figure here contains "
        "them: a fault or an exploit can lose everything at once. Nor does it contain bridges, price feeds, keys, gas, "
        "and a market price of the token that departs from its net asset value.",
    }
    return markdown_list(f"**{risk}.** {evidence}" for risk, evidence in named.items())


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
