"""Prose of the index audit with computed numbers, as Markdown. Numbers come in computed; nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.index import Methodology
from research.index.analysis.why.explanation import Explanation
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import under

WATERFALL: Mapping[str, str] = {
    "title": "From market cap to the final weight",
    "caption": "Grey is the weight by market cap, colours what each step added or (hatched) took; the mark is the end.",
}
CONTRIBUTIONS: Mapping[str, str] = {
    "title": "Contributions over the shorter span",
    "caption": "The rows of the table without the last: those that contributed most and least.",
}
"""Title and caption: keywords of `show_figure`."""


def reason_card(card: Explanation, rules: Methodology) -> str:
    """`IndexHistory.explain` as sentences: in or out, since which decision, why, and how the weight came about."""
    where = "in" if card.selected else "out"
    held = "" if card.waterfall is None else f", decided at {format_value(card.waterfall['final'], 'fine percent')}"
    reason = escape_markdown(f"{card.reason[:1].upper()}{card.reason[1:]}")
    sentences = [
        f"**{escape_markdown(card.asset_id)} is {where}.** {reason}.",
        f"Decided at the close of {card.determination_date:%Y-%m-%d}, traded at {card.effective_date:%Y-%m-%d}'s.",
        f"Buffer: {card.buffer}." if rules.selection.count else "",
    ]
    if card.waterfall is not None:
        steps = {str(step): value for step, value in card.waterfall.items() if value or step in ("raw", "final")}
        first, last = steps.pop("raw"), steps.pop("final")
        changes = "".join(f", {step} {format_value(value, 'fine points')} points" for step, value in steps.items())
        weight = f"by market cap {format_value(first, 'fine percent')}{changes}"
        since = (
            ""
            if card.weight_date == card.determination_date
            else f", decided at the close of {card.weight_date:%Y-%m-%d}"
        )
        sentences.append(f"Its weight{since}: {weight}, which makes **{format_value(last, 'fine percent')}**.")
    return under(f"{escape_markdown(card.asset_id)} is {where}{held}", " ".join(filter(None, sentences)))


def residual(size: float, what: str) -> str:
    """How exactly something adds up, to the power of ten: the last digits of a float are no result."""
    return (
        f"{what}: the largest difference is below {format_value(size, 'power of ten')}." if size else f"{what} exactly."
    )


def token(nav: pd.Series, without_fee: pd.Series, left: float, fee_per_year: float) -> str:
    """What a token of the index is worth, with and without its streaming fee, and how many units the fee has left."""
    first, last, free = (format_value(value, "number") for value in (nav.iloc[0], nav.iloc[-1], without_fee.iloc[-1]))
    return under(
        f"A token is worth USD {last}, without its fee USD {free}",
        f"A token that began at USD {first} on {nav.index[0]:%Y-%m-%d} has a net asset value of **USD {last}** on "
        f"{nav.index[-1]:%Y-%m-%d}. Its streaming fee of {format_value(fee_per_year, 'fine percent')} a year is paid "
        f"in new tokens and has left **{format_value(left, 'fine percent')}** of each token's units; without it the "
        f"token would be worth USD {free}.",
    )
