"""Prose of the index audit with computed numbers, as Markdown. Numbers come in computed; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pandas as pd

from research.index import Methodology
from research.index.analysis.explanation import Explanation
from research.index.analysis.risks import RiskFigures
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import markdown_list


def reason_card(card: Explanation, rules: Methodology) -> str:
    """`IndexHistory.explain` as sentences: in or out, since which decision, why, and how the weight came about."""
    where = "in" if card.selected else "out"
    reason = escape_markdown(f"{card.reason[:1].upper()}{card.reason[1:]}")
    sentences = [
        f"**{escape_markdown(card.asset_id)} is {where}.** {reason}.",
        f"Decided at the close of {card.determination_date:%Y-%m-%d}, traded at {card.effective_date:%Y-%m-%d}'s.",
        f"Buffer: {card.buffer}." if rules.selection.count else "",
    ]
    if card.waterfall is not None:
        steps = {str(step): value for step, value in card.waterfall.items() if value or step in ("raw", "final")}
        first, last = steps.pop("raw"), steps.pop("final")
        changes = "".join(f", {step} {format_value(value, 'fine change')}" for step, value in steps.items())
        weight = f"by market cap {format_value(first, 'fine percent')}{changes}"
        since = (
            ""
            if card.weight_date == card.determination_date
            else f", decided at the close of {card.weight_date:%Y-%m-%d}"
        )
        sentences.append(f"Its weight{since}: {weight}, which makes **{format_value(last, 'fine percent')}**.")
    return " ".join(filter(None, sentences))


def residual(size: float, what: str) -> str:
    """How exactly something adds up, to the power of ten: the last digits of a float are no result."""
    return (
        f"{what}: the largest difference is below {format_value(size, 'power of ten')}." if size else f"{what} exactly."
    )


def token(nav: pd.Series, without_fee: pd.Series, left: float, fee_per_year: float) -> str:
    """What a token of the index is worth, with and without its streaming fee, and how many units the fee has left."""
    first, last, free = (format_value(value, "number") for value in (nav.iloc[0], nav.iloc[-1], without_fee.iloc[-1]))
    return (
        f"A token that began at USD {first} on {nav.index[0]:%Y-%m-%d} has a net asset value of **USD {last}** on "
        f"{nav.index[-1]:%Y-%m-%d}. Its streaming fee of {format_value(fee_per_year, 'fine percent')} a year is paid "
        f"in new tokens and has left **{format_value(left, 'fine percent')}** of each token's units; without it the "
        f"token would be worth USD {free}."
    )


def risks(figures: RiskFigures, *, benchmark: str, beta: float, turnover: pd.Series, counts: Mapping[str, int]) -> str:
    """The risks of an index, each with what this one's history shows of it.

    `turnover` is a `turnover_summary`, `counts` are the `event_counts`.
    """
    percent = partial(format_value, kind="percent")
    benchmark = escape_markdown(benchmark)
    variant, sector = escape_markdown(figures.largest_variant), escape_markdown(figures.largest_sector)
    times = {name: _times(count) for name, count in counts.items()}
    named = {
        f"Market: it falls with {benchmark}": f"Beta {format_value(beta, 'ratio')}. On the {figures.worst_days} worst "
        f"days of {benchmark} (mean {percent(figures.benchmark_mean)}) the index made {percent(figures.index_mean)} on "
        f"average, and fell on {figures.days_fallen} of them.",
        "Methodology: a rule decides more than it seems to": f"Of {figures.variants} variants of the rules, *"
        f"{variant}* moves the growth a year most: "
        f"{format_value(figures.largest_difference, 'fine change')}. The "
        "choice of the rulebook itself, by someone who knew the past, is not among the variants.",
        "Overexposure": f"The largest sector, *{sector}*, has {percent(figures.sector_weight)} of the "
        "weight, by the latest sector tag of each member.",
        "Rebalance frequency against volatility": f"{format_value(turnover['trades_per_year'], 'ratio')} trades a year "
        f"move {percent(turnover['annual'])} of the index (one-sided), the largest one {percent(turnover['largest'])}, "
        f"at {percent(figures.volatility)} volatility.",
        "Platform, and assets that die": f"Members were removed {times['removed']} for lack of a price; a price was "
        f"carried {times['carried']}, and a collapse was noted {times['collapse']}. Venues, custodians and issuers "
        "can fail without a trace in prices.",
        "Smart contracts, in the token form": "Nothing in market data measures them, and no figure here contains "
        "them: a fault or an exploit can lose everything at once. Nor does it contain bridges, price feeds, keys, gas, "
        "and a market price of the token that departs from its net asset value.",
    }
    return markdown_list(f"**{risk}.** {evidence}" for risk, evidence in named.items())


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
