"""Prose that more than one page shows, as Markdown: the verdict, lists, the last trade, rules of thumb.

Numbers come in computed; nothing is computed here. A name or a text of the market or the rulebook goes through
`escape_markdown`, so that nothing in it is taken for markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import pandas as pd

from research.evaluation import Headline
from research.index import IndexHistory
from research.index.analysis.cautions.risks import RiskFigures
from research.index.analysis.forms.index_card import headline_in_words
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


def under(finding: str, body: str = "") -> str:
    """What was found, as a heading without a full stop, and what there is to say of it; names in both escaped."""
    return f"### {finding}\n\n{body}".strip()


def markdown_list(items: Iterable[str]) -> str:
    """A Markdown list of items that are Markdown themselves."""
    return "\n".join(f"- {item}" for item in items)


def last_trade(rebalances: pd.DataFrame) -> str:
    """The last row of `IndexHistory.rebalances` as a sentence."""
    row = rebalances.iloc[-1]
    decided = (
        "" if pd.isna(row["determination_date"]) else f", decided at the close of {row['determination_date']:%Y-%m-%d}"
    )
    turnover = format_value(row["turnover"], "percent")
    heading = (
        f"{row['added']} in, {row['removed']} out, {turnover} of the index moved on {rebalances.index[-1]:%Y-%m-%d}"
    )
    return under(
        heading,
        f"The last trade was a **{escape_markdown(row['cause'])}** at the close of "
        f"**{rebalances.index[-1]:%Y-%m-%d}**{decided}: {row['added']} added, "
        f"{row['removed']} removed, {row['members']} members. "
        f"It moved {turnover} of the index (one-sided) and cost "
        f"{format_value(row['cost'], 'basis points')} basis points.",
    )


def dead_assets(index: IndexHistory, removed: int) -> str:
    """What depends on the value of the `removed` members: both levels, and the difference in growth a year."""
    if removed == 0:
        return under(
            "No member was ever removed for lack of a price", "So nothing depends on the value of dead assets."
        )
    times = "Once a member was" if removed == 1 else f"{removed} times a member was"
    ends = (index.level_if_removed_at_last_price, index.level_if_removed_at_zero)
    last, zero = (format_value(level.iloc[-1], "number") for level in ends)
    points = format_value(index.dead_token_sensitivity, "points")
    return under(
        f"{times} removed for lack of a price: worth at most {points} points of growth a year",
        f"{times} removed for lack of a price. Sold at the last price, the level is **{last}**; written off, it would "
        f"be **{zero}**: a growth rate {points} percentage points a year "
        "lower.",
    )


def risks(figures: RiskFigures, *, benchmark: str) -> str:
    """The risks of an index, each with what this one's history shows of it, under the two that are measured best."""
    percent = partial(format_value, kind="percent")
    points = partial(format_value, kind="signed points")
    benchmark = escape_markdown(benchmark)
    variant, sector = escape_markdown(figures.largest_variant), escape_markdown(figures.largest_sector)
    times = {name: _times(count) for name, count in figures.counts.items()}
    fell = f"{percent(figures.index_mean)} on average on the {figures.worst_days} worst days of {benchmark}"
    size = f"USD {format_value(figures.size, 'short')}"
    slowest = "not known, for volumes are missing"
    if not pd.isna(figures.slowest_days):
        slowest = (
            f"{format_value(figures.slowest_days, 'ratio')} days for the slowest rebalance, and "
            f"{percent(figures.late_share)} of its trades take more than one"
        )
    named = {
        f"Market: it falls with {benchmark}": f"Beta {format_value(figures.beta, 'ratio')}. It returned {fell} (mean "
        f"{percent(figures.benchmark_mean)}), and fell on {figures.days_fallen} of them.",
        "Liquidity": f"A fund of {size} that trades {percent(figures.participation)} of an asset's median daily "
        f"volume needs {slowest}. Reported volume overstates what can be traded.",
        "Methodology: a rule decides more than it seems to": f"Of {figures.variants} variants of the rules, "
        f"*{variant}* moves the growth a year most: {points(figures.largest_difference)} points. The choice of the "
        "rulebook itself, by someone who knew the past, is not among the variants.",
        "Overexposure": f"The largest sector, *{sector}*, has {percent(figures.sector_weight)} of the "
        "weight, by the latest sector tag of each member.",
        "Rebalance frequency against volatility": f"{format_value(figures.trades_per_year, 'ratio')} trades a year "
        f"move {percent(figures.turnover)} of the index (one-sided), the largest one {percent(figures.largest_trade)}, "
        f"at {percent(figures.volatility)} volatility.",
        "Platform, and assets that die": f"Members were removed {times['removed']} for lack of a price; a price was "
        f"carried {times['carried']}, and a collapse was noted {times['collapse']}. Venues, custodians and issuers "
        "can fail without a trace in prices.",
        "Smart contracts, in the token form": "Nothing in market data measures them, and no figure here contains "
        "them: a fault or an exploit can lose everything at once. Nor does it contain bridges, price feeds, keys, gas, "
        "and a market price of the token that departs from its net asset value.",
    }
    heading = f"It returned {fell}; its largest sector, {sector}, has {percent(figures.sector_weight)}"
    return under(heading, markdown_list(f"**{risk}.** {evidence}" for risk, evidence in named.items()))


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
