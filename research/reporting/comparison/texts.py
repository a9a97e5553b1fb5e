"""Prose of the comparison with computed numbers, as Markdown: what was found, and neutral where it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from research.evaluation.comparisons.side_by_side import CommonDays
from research.reporting.evaluation.comparison_tables import DIFFERENCES
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.names import words_of
from research.reporting.presentation.texts import under

LEVELS: Mapping[str, str] = {
    "title": "Levels over the days that all have",
    "caption": "All start at 100; equal distances up the axis are equal returns. Baskets pay costs, "
    "single assets do not.",
}
FALLS: Mapping[str, str] = {
    "title": "How far below its highest level so far",
    "caption": "A fall of 50\u00a0% takes a rise of 100\u00a0% to make good. Earlier highs do not count.",
}
RISK: Mapping[str, str] = {
    "title": "Growth against volatility, and how little is known of both",
    "caption": "Lines are 95\u00a0% intervals, each by itself; the longer, the less the history says.",
}
"""Titles and captions: keywords of `show_figure`."""


def strip(common: CommonDays, figures: pd.DataFrame, told: tuple[int, int], *, base: str) -> dict[str, str]:
    """The verdict strip: what is compared, over which days, and how much of it can be told."""
    days = common.levels.index
    by_series = figures.T
    growth = by_series.sort_values("cagr", kind="stable")["cagr"]
    volatility = by_series.sort_values("annualized_volatility", kind="stable")["annualized_volatility"]
    known, others = (format_value(count, "count") for count in told)
    return {
        "Compared": format_value(len(figures.columns), "count"),
        "From": f"{days[0]:%Y-%m-%d}",
        "As of": f"{days[-1]:%Y-%m-%d}",
        "Most growth": f"{growth.index[-1]}, {format_value(growth.iloc[-1], 'change')} a year",
        "Least volatile": f"{volatility.index[0]}, {format_value(volatility.iloc[0], 'percent')}",
        f"Told apart from {base}": f"{known} of {others}",
    }


def span(common: CommonDays) -> str:
    """Which days are compared, and who shortened them."""
    days = common.levels.index
    first, last = f"{days[0]:%Y-%m-%d}", f"{days[-1]:%Y-%m-%d}"
    begins = f"last to begin: {_names(common.begins_last)}" if common.begins_last else "all begin together"
    ends = f"first to end: {_names(common.ends_first)}" if common.ends_first else "all end together"
    return f"**Compared over {format_value(len(days), 'count')} days, {first} to {last}**; {begins}; {ends}."


def differences(compared: pd.DataFrame, *, base: str) -> str:
    """Who differs from the base in which measure, as far as it can be told."""
    found = []
    for verdict in ("better", "worse"):
        for measure in DIFFERENCES:
            rows = compared[(compared["measure"] == measure) & (compared["verdict"] == verdict)]
            if len(rows):
                found.append(f"{verdict} in {words_of(measure)}: {_names(list(rows['first']))}")
    base = escape_markdown(base)
    if not found:
        return under(f"Whether any of them is better or worse than {base} cannot be told from this history")
    return under(f"Against {base}, {'; '.join(found)}", "Of all others it cannot be told.")


def alike(pairs: pd.DataFrame, *, what: str, kind: str) -> str:
    """The pairs that are most and least alike, from `pairs_in_order`."""
    if pairs.empty:
        return under(f"No two of them have a {what}")
    (most, highest), (least, lowest) = (
        (f"{escape_markdown(line['first'])} and {escape_markdown(line['second'])}", format_value(line["value"], kind))
        for line in pairs.iloc[[0, -1]].to_dict("records")
    )
    if len(pairs) == 1:
        return under(f"The {what} of {most} is {highest}")
    return under(f"The highest {what}: {most} ({highest}); the lowest: {least} ({lowest})")


def risk(frame: pd.DataFrame) -> str:
    """For how many growth is told from none at all; those without an interval are named as such."""
    known = frame[frame[["growth_lower", "growth_upper"]].notna().all(axis=1)]
    if known.empty:
        return under("No interval of growth is known", "The days that all have are too few.")
    without = [name for name in frame.index if name not in known.index]
    unknown = f" No interval is known for {_names(without)}." if without else ""
    above, below = (list(frame.index[rows]) for rows in (frame["growth_lower"] > 0, frame["growth_upper"] < 0))
    if not above and not below:
        body = f"So it is not shown that any of them grows or shrinks.{unknown}"
        return under("The interval of growth spans zero for each of them", body)
    parts = [f"{what} zero for {_names(names)}" for what, names in (("above", above), ("below", below)) if names]
    others = "; it spans zero for all others" if len(above) + len(below) < len(known) else ""
    return under(f"The interval of growth lies {' and '.join(parts)}{others}", unknown.strip())


def regimes(frame: pd.DataFrame, *, benchmark: str) -> str:
    """Who lost least and most in falling markets."""
    falls = frame.drop(columns="days").T.sort_values("bear", kind="stable")["bear"].dropna()
    if falls.empty:
        return under(f"{escape_markdown(benchmark)} had no bear market in these days")
    least, most = (
        f"{escape_markdown(falls.index[place])} {format_value(falls.iloc[place], 'growth')}" for place in (-1, 0)
    )
    name = escape_markdown(benchmark)
    finding = f"In bear markets of {name}: {least} at best, {most} at worst"
    return under(finding, "It happened once, and is no forecast.")


def trading(frame: pd.DataFrame) -> str:
    """Who trades most and least, and what it costs."""
    by_turnover = frame.sort_values("turnover", kind="stable").dropna(subset="turnover")
    if by_turnover.empty:
        return under("Not one of them has traded since its start")
    words = [
        f"{escape_markdown(name)} {format_value(by_turnover.loc[name, 'turnover'], 'percent')} a year at a cost of "
        f"{format_value(by_turnover.loc[name, 'cost'], 'fine percent')} of growth"
        for name in dict.fromkeys(by_turnover.index[[-1, 0]])
    ]
    return under(f"Turnover, the most and the least: {'; '.join(words)}")


def profiles(matches: Mapping[str, pd.DataFrame]) -> str:
    """Who comes first for each investor, and whether that is more than chance."""
    told, words = [], []
    for profile, table in matches.items():
        first, chance = escape_markdown(table.index[0]), table["probability_first"].iloc[0]
        told += [f"{first} is best for the {profile} investor"] if table.attrs["verdict"] == "yes" else []
        words.append(f"{profile} {first} (in {format_value(chance, 'percent')} of resampled histories)")
    known = "; ".join(told) or "For no kind of investor can it be told which is best"
    return under(known, f"First by what was: {'; '.join(words)}. It recommends nothing.")


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(escape_markdown, names))
