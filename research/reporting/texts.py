"""Prose with computed numbers, as Markdown: rulebooks in words, the last change, caveats, rules of thumb.

Numbers come in computed; nothing is computed here. No dollar sign either: JupyterLab would take two for a formula.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pandas as pd

from research.index import Methodology
from research.reporting.formats import format_value

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

_WEIGHTED = {"market_cap": "in proportion to market cap", "equal": "equally"}
_OFTEN = {"weekly": "every week", "monthly": "every month", "quarterly": "every quarter"}


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


def rulebook(rules: Methodology) -> str:
    """A methodology as a list of sentences, one for each part."""
    parts = {
        "Purpose": f"{rules.description} {rules.source}".strip(),
        "Universe": _universe(rules),
        "Selection": _selection(rules),
        "Weighting": _weighting(rules),
        "Schedule": _schedule(rules),
        "Costs": _costs(rules),
        "Missing prices": _events(rules),
    }
    return bullets(f"**{name}.** {text}" for name, text in parts.items() if text)


def measure(name: str) -> str:
    """A ranking measure in words: market_cap_mean_30d is "mean market cap of the last 30 days"."""
    found = re.fullmatch(r"(?P<what>\w+?)_(?P<how>mean|median)_(?P<days>\d+)d", name)
    what = (found["what"] if found else name).replace("_", " ")
    return f"{found['how']} {what} of the last {found['days']} days" if found else f"{what} of the day"


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def _universe(rules: Methodology) -> str:
    universe = rules.universe
    limits = [
        f"a price since at least {universe.min_history_days} days" if universe.min_history_days else "",
        f"a price on at least {_percent(universe.min_valid_share)} of the days of "
        + ("the month" if universe.valid_share_window == "month" else f"the last {universe.valid_share_window}")
        if universe.min_valid_share
        else "",
        f"a market cap of at least USD {_usd(universe.min_market_cap)}" if universe.min_market_cap else "",
        f"a median traded value of at least USD {_usd(universe.min_volume)} a day" if universe.min_volume else "",
        f"a traded value between {_percent(universe.turnover_band[0])} and {_percent(universe.turnover_band[1])} of "
        "the market cap a day (less marks a supply that is not there, more wash trading)"
        if universe.turnover_band
        else "",
    ]
    wanted = [limit for limit in limits if limit]
    sentences = [
        f"Only tokens tagged {_either(universe.include_tags)}." if universe.include_tags else "",
        f"No token tagged {_either(universe.exclude_tags)}." if universe.exclude_tags else "",
        f"Required: {'; '.join(wanted)}." if wanted else "No screen but a price and a market cap on the day.",
        f"For members already in, limits are relaxed by the factor {universe.incumbent_relief:g}."
        if universe.incumbent_relief < 1 and wanted
        else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _selection(rules: Methodology) -> str:
    selection = rules.selection
    enter, leave = selection.buffer
    buffer = (
        f" A token ranked {enter} or better enters; a member stays until it falls below rank {leave}."
        if (enter, leave) != (selection.count, selection.count)
        else ""
    )
    return f"The {selection.count} largest by {measure(selection.rank_by)}.{buffer}"


def _weighting(rules: Methodology) -> str:
    weighting = rules.weighting
    bounds = [
        f"at most {_percent(weighting.max_weight)}" if weighting.max_weight else "",
        f"at least {_percent(weighting.min_weight)}" if weighting.min_weight else "",
    ]
    given = " and ".join(bound for bound in bounds if bound)
    scheme = _WEIGHTED.get(weighting.scheme, weighting.scheme)
    return (
        f"Members are weighted {scheme}{f', {given} of the index each' if given else ''}; between trades weights drift."
    )


def _schedule(rules: Methodology) -> str:
    schedule = rules.schedule
    choose = _OFTEN[schedule.reconstitution]
    weigh = _OFTEN[schedule.rebalance or schedule.reconstitution]
    often = (
        f"Members are chosen {choose} and weighted anew {weigh}"
        if weigh != choose
        else (f"Members are chosen and weighted anew {choose}")
    )
    if schedule.lag_days == 0:
        return f"{often}; decided and traded at one and the same close: **not investable**."
    days = "day" if schedule.lag_days == 1 else "days"
    return f"{often}. What is decided at one close is traded {schedule.lag_days} {days} later, at that day's prices."


def _costs(rules: Methodology) -> str:
    costs = rules.costs
    return (
        f"{costs.fee_bps:g} basis points of fee and {costs.half_spread_bps:g} of half spread on all that is traded."
        if costs.rate
        else "None: the level is before costs."
    )


def _events(rules: Methodology) -> str:
    events = rules.events
    return (
        f"Carried for {events.carry_days} days, then suspended; a member without a price for more than "
        f"{events.remove_after_days} days is removed at {_percent(1 - events.removal_haircut)} of its last price, and "
        "not replaced before the next choice of members."
    )


def last_trade(rebalances: pd.DataFrame) -> str:
    """The last row of `IndexHistory.rebalances` as a sentence."""
    row = rebalances.iloc[-1]
    decided = (
        "" if pd.isna(row["determination_date"]) else f", decided at the close of {row['determination_date']:%Y-%m-%d}"
    )
    return (
        f"The last trade was a **{row['cause']}** at the close of **{rebalances.index[-1]:%Y-%m-%d}**{decided}: "
        f"{row['added']} added, {row['removed']} removed, {row['members']} members. "
        f"It moved {format_value(row['turnover'], 'percent')} of the index (one-sided) and cost "
        f"{format_value(row['cost'] * 1e4, 'ratio')} basis points."
    )


def dead_tokens(sensitivity: float, removed: int) -> str:
    """What the value of removed tokens matters, from `IndexHistory.dead_token_sensitivity` and how many there were."""
    if removed == 0:
        return "No member was ever removed for want of a price, so nothing hangs on the value of dead tokens."
    times = "Once a member was" if removed == 1 else f"{removed} times a member was"
    return (
        f"{times} removed for want of a price. Valued at zero instead of at the last price, the index would have grown "
        f"**{format_value(sensitivity, 'fine percent')} a year less**."
    )


def concentration(today: pd.Series, explained: float, benchmark: str) -> str:
    """The last row of `IndexHistory.concentration`, and the share of variance that a benchmark explains."""
    return (
        f"Today the largest weight is **{format_value(today['largest_weight'], 'percent')}**, and the weights are as "
        f"concentrated as **{format_value(today['effective_number'], 'ratio')}** equal members would be (Herfindahl "
        f"index {format_value(today['herfindahl'], 'ratio')}). Over the whole history **{benchmark} explains "
        f"{format_value(explained, 'percent')}** of the variance of daily returns."
    )


def _usd(value: float) -> str:
    return format_value(value, "usd").replace(".0", "")


def _percent(value: float) -> str:
    return f"{100 * value:.4g}\u00a0%"


def _either(tags: tuple[str, ...]) -> str:
    return " or ".join([", ".join(tags[:-1]), tags[-1]]) if len(tags) > 1 else tags[0]
