"""Prose that more than one page shows, as Markdown: the verdict, lists, the last trade, rules of thumb.

Numbers come in computed; nothing is computed here. A name or a text of the market or the rulebook goes through
`escape_markdown`, so that nothing in it is taken for markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from research.index import IndexHistory
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


def verdict(
    level: pd.Series, *, periods: pd.Series, growth: float, drawdown: float, caveats: list[str]
) -> dict[str, str]:
    """The items of the verdict strip: level, `period_returns`, CAGR, current drawdown, and how many caveats.

    A history of less than a year has no growth a year: what a few months would become in a year is a guess.
    """
    covers_a_year = (level.index[-1] - level.index[0]).days >= 365
    return {
        "Level": format_value(level.iloc[-1], "number"),
        "As of": format_value(level.index[-1], "date"),
        "Inception": format_value(level.index[0], "date"),
        "Year to date": format_value(periods["YTD"], "change"),
        "Since inception": format_value(periods["SI"], "change"),
        "A year (CAGR)": format_value(growth if covers_a_year else None, "change"),
        "Drawdown now": format_value(drawdown, "percent"),
        "Caveats": format_value(len(caveats), "count"),
    }


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
        f"{format_value(row['cost'] * 1e4, 'ratio')} basis points."
    )


def dead_tokens(index: IndexHistory) -> str:
    """What hangs on the value of removed tokens: both levels, the difference in growth a year, how many there were."""
    removed = int((index.events["event"] == "removed").sum())
    if removed == 0:
        return "No member was ever removed for want of a price, so nothing hangs on the value of dead tokens."
    times = "Once a member was" if removed == 1 else f"{removed} times a member was"
    ends = (index.level_if_removed_at_last_price, index.level_if_removed_at_zero)
    last, zero = (format_value(level.iloc[-1], "number") for level in ends)
    return (
        f"{times} removed for want of a price. Sold at the last price, the level is **{last}**; written off, it would "
        f"be **{zero}**: a growth rate {100 * index.dead_token_sensitivity:.2f} percentage points a year lower."
    )
