"""Prose that more than one page shows, as Markdown: the verdict, lists, the last trade, rules of thumb.

Numbers come in computed; nothing is computed here. A name or a text of the market or the rulebook goes through
`escape_markdown`, so that nothing in it is taken for markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from research.evaluation import Headline
from research.index import IndexHistory
from research.index.analysis.index_card import headline_in_words
from research.reporting.presentation.formats import escape_markdown, format_value

RULES_OF_THUMB: Mapping[str, str] = {
    "annualized_volatility": "Bitcoin often above 60 to 80 %, stock markets 15 to 20 %",
    "max_drawdown": "in bear markets 40 to 50 % for conservative, 60 to 70 % for aggressive indices",
    "sharpe_ratio": "above 1 good, 2 very good, 3 exceptional; equity portfolios typically 0.5 to 1.0",
    "beta": "large caps about 0.8 to 1.0, growth 1.2 to 1.5 against Bitcoin",
    "information_ratio": "above 0.5 speaks for a system behind the excess",
}
"""What articles on evaluating crypto indices tell investors: context beside a figure, never a verdict."""


RULES_OF_THUMB_SOURCE = (
    "Rules of thumb are those of popular articles on evaluating crypto indices. They are context, not a verdict, and "
    "no statistical test stands behind them."
)


def verdict(headline: Headline, *, caveats: list[str]) -> dict[str, str]:
    """The items of the verdict strip: `headline_figures`, and how many caveats there are."""
    return headline_in_words(headline, caveats)


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list of sentences that hold no markup, e.g. `IndexHistory.caveats`."""
    return markdown_list(map(escape_markdown, lines))


def markdown_list(items: Iterable[str]) -> str:
    """A Markdown list of items that are Markdown themselves."""
    return "\n".join(f"- {item}" for item in items)


def last_trade(rebalances: pd.DataFrame) -> str:
    """The last row of `IndexHistory.rebalances` as a sentence."""
    row = rebalances.iloc[-1]
    decided = (
        "" if pd.isna(row["determination_date"]) else f", decided at the close of {row['determination_date']:%Y-%m-%d}"
    )
    return (
        f"The last trade was a **{escape_markdown(row['cause'])}** at the close of "
        f"**{rebalances.index[-1]:%Y-%m-%d}**{decided}: {row['added']} added, "
        f"{row['removed']} removed, {row['members']} members. "
        f"It moved {format_value(row['turnover'], 'percent')} of the index (one-sided) and cost "
        f"{format_value(row['cost'], 'basis points')} basis points."
    )


def dead_assets(index: IndexHistory, removed: int) -> str:
    """What depends on the value of the `removed` members: both levels, and the difference in growth a year."""
    if removed == 0:
        return "No member was ever removed for lack of a price, so nothing depends on the value of dead assets."
    times = "Once a member was" if removed == 1 else f"{removed} times a member was"
    ends = (index.level_if_removed_at_last_price, index.level_if_removed_at_zero)
    last, zero = (format_value(level.iloc[-1], "number") for level in ends)
    return (
        f"{times} removed for lack of a price. Sold at the last price, the level is **{last}**; written off, it would "
        f"be **{zero}**: a growth rate {format_value(index.dead_token_sensitivity, 'points')} percentage points a year "
        "lower."
    )
