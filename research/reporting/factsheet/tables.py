"""Tables of the factsheet: how the columns of its frames read. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.reporting.presentation.formats import MISSING, escape_markdown, format_value
from research.reporting.presentation.names import INTERVAL, MEASURES, formats_of, words_of
from research.reporting.presentation.table import Table
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE


def performance(summary: pd.DataFrame, benchmark: pd.Series, *, confidence: float = 0.95) -> Table:
    """`performance_summary`: value and interval in the unit of each row, its convention, and the rule of thumb.

    `benchmark`: `performance_values` of the benchmark, under its name.
    """
    shown = summary[["value", "lower", "upper"]].join(benchmark.rename(f"{benchmark.name}, value"))
    thumb = {name: f"Rule of thumb: {text}." for name, text in RULES_OF_THUMB.items()}
    notes = [
        " ".join(filter(None, [text, interval, thumb.get(str(metric))]))
        for metric, text, interval in zip(summary.index, summary["convention"], summary["interval_note"], strict=True)
    ]
    return Table(
        shown.assign(convention=notes).rename(index=words_of).rename_axis("figure"),
        f"All figures of performance and risk, with {format_value(confidence, 'short percent')} intervals",
        folded=True,
        row_formats=formats_of(summary.index),
        headers={"lower": f"{format_value(confidence, 'short percent')} interval, from", "upper": "to"},
        note="The ends of a confidence interval where nothing else is said: of the stationary block bootstrap, of the "
        "regression for alpha, or self-normalised where clusters of volatility would make that too narrow. How often "
        "each holds was measured: research/evaluation/CONVENTIONS.md. A dash marks a figure without an interval. "
        f"{RULES_OF_THUMB_SOURCE}",
    )


WEIGHT_REASONS: Mapping[tuple[str, bool], str] = {
    ("tilt", True): "raised by the scheme",
    ("tilt", False): "cut by the scheme",
    ("caps", True): "raised by others' caps",
    ("caps", False): "cut by the cap",
    ("floors", True): "raised to the floor",
    ("floors", False): "cut for others' floor",
    ("overlay", True): "raised by the overlay",
    ("overlay", False): "cut by the overlay",
}
"""What most made a weight differ from one by market cap; True: it added."""


def holdings(frame: pd.DataFrame, why: pd.DataFrame, *, as_of: pd.Timestamp) -> Table:
    """`IndexHistory.holdings` and `largest_steps`: who is in, how much and why so much, since when and why."""
    columns = ["asset_id", "symbol", "target_weight", "weight", "why", "price", "since", "reason"]
    members = frame["asset_id"].tolist()
    named = ", ".join(
        f"{escape_markdown(row.asset_id)} {format_value(row.weight, 'percent')}"
        for row in frame.head(NAMED).itertuples()
    )
    capped = len(why[(why["step"] == "caps") & (why["change"] < 0)])
    return Table(
        frame.assign(why=[_why_so_much(why, asset) for asset in members])[columns],
        f"Members at the close of {as_of:%Y-%m-%d}",
        finding=f"{len(members)} members, {capped or 'none'} of them cut by the cap; the largest: {named}",
        sortable=True,
        formats={"target_weight": "percent", "weight": "percent"},
        headers={
            "asset_id": "asset",
            "target_weight": "target weight",
            "weight": "weight now",
            "why": "why so much, from its share by market cap",
            "price": "price, USD",
            "reason": "why it is in",
        },
        raw=("price",),
    )


NAMED = 5
"""Members that a heading names."""


def _why_so_much(why: pd.DataFrame, asset: str) -> str:
    """The reason of a weight, with what it would be in proportion to market cap."""
    if asset not in why.index:
        return "not weighted by the rules"
    row = why.loc[asset]
    if not row["step"]:
        return "by market cap"
    return f"{WEIGHT_REASONS[str(row['step']), bool(row['change'] > 0)]} from {format_value(row['raw'], 'percent')}"


def sectors(weights: pd.Series) -> Table:
    """`sector_weights`, the largest first."""
    frame = weights.sort_values(ascending=False, kind="stable").rename("weight").rename_axis("sector").to_frame()
    return Table(
        frame.rename(index=lambda name: str(name).replace("-", " ")),
        "Sectors today, by the latest sector tag of each member",
        formats={"weight": "percent"},
    )


def trades(constituents: pd.DataFrame) -> Table:
    """The rows of one trade of `IndexHistory.constituents`: weight before and after."""
    columns = ["asset_id", "symbol", "status", "target_weight", "drifted_weight", "weight", "trade", "price"]
    return Table(
        constituents[columns].sort_values("trade", ascending=False, ignore_index=True),
        f"What was traded at the close of {constituents['effective_date'].iloc[0]:%Y-%m-%d}",
        sortable=True,
        formats=dict.fromkeys(("target_weight", "drifted_weight", "weight"), "fine percent") | {"trade": "fine points"},
        headers={
            "asset_id": "asset",
            "target_weight": "target",
            "drifted_weight": "before",
            "weight": "after",
            "trade": "traded, points",
            "price": "price, USD",
        },
        raw=("price",),
    )


def periods(frame: pd.DataFrame) -> Table:
    """`period_returns`: a column for the index, the next for its benchmark."""
    index, other = frame.iloc[:, 0], frame.iloc[:, 1]
    benchmark = escape_markdown(frame.columns[1])
    told = [
        f"{format_value(index[period], 'growth')} {words} ({benchmark} {format_value(other[period], 'growth')})"
        for period, words in (("YTD", "in the year to date"), ("1Y", "in one year"), ("SI", "since inception"))
        if not pd.isna(index[period])
    ]
    return Table(
        frame,
        "Returns by period, not annualised",
        finding="; ".join(told),
        formats=dict.fromkeys(map(str, frame.columns), "growth"),
        note="1D, 1W: one day, seven days. MTD, QTD, YTD: month, quarter and year to date. 3M, 6M: calendar months. "
        "1Y, 3Y, 5Y: years of 365 days. SI: since inception. From 1,000\u00a0% on, a return is what one unit became: "
        "\u00d720 is twentyfold.",
    )


def years(frame: pd.DataFrame) -> Table:
    """`resample_returns` to years, one row per year: the index beside its benchmarks."""
    return Table(
        frame.set_axis(frame.index.year.astype(str), axis="index").rename_axis("year"),  # type: ignore[attr-defined]
        "Returns of whole calendar years",
        formats=dict.fromkeys(map(str, frame.columns), "growth"),
    )


def best_and_worst(index: pd.DataFrame, benchmark: pd.DataFrame, *, name: str) -> Table:
    """`best_and_worst` of the index, and of its benchmark, which is called `name`."""
    theirs = benchmark[["best", "worst", "winning"]].add_prefix(f"{name}: ")
    months = index.loc["monthly"]
    told = (
        f"{format_value(months['winning'], 'percent')} of {format_value(months['count'], 'count')} months gained; "
        f"the best {format_value(months['best'], 'growth')}, the worst {format_value(months['worst'], 'growth')}"
    )
    return Table(
        index.join(theirs).rename(index=WHOLE).rename_axis("whole"),
        "Best and worst whole days, weeks, months, quarters and years",
        finding=told if months["count"] else "",
        formats=dict.fromkeys(["best", "worst", "mean_gain", "mean_loss", *theirs.columns[:2]], "growth")
        | {"count": "count", "winning": "percent", theirs.columns[2]: "percent"},
        headers={"count": "how many", "winning": "gained", theirs.columns[2]: f"{name}: gained"},
        note="Of the days that both have.",
        folded=True,
    )


WHOLE = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}


def drawdowns(frame: pd.DataFrame, beside: pd.DataFrame) -> Table:
    """`drawdown_table`: the deepest falls, and how long each recovery took; `beside` is a `risk_beside`."""
    columns = ["peak", "trough", "to", "depth", "days_to_trough", "days_to_recover", "periods"]
    benchmark = beside.columns[1]
    other = f"{escape_markdown(benchmark)} fell {format_value(-float(beside[benchmark]['max_drawdown']), 'percent')}"
    finding = f"Never below an earlier high; {other}"
    if len(frame):
        worst = frame.iloc[0]
        days = format_value(worst["periods"], "count")
        back = f"not made good after {days} days" if pd.isna(worst["to"]) else f"{days} days until it was made good"
        finding = f"Fell {format_value(-worst['depth'], 'percent')}, {back}; {other}"
    return Table(
        frame[columns],
        "The deepest drawdowns",
        finding=finding,
        formats={"depth": "percent", "periods": "count"},
        headers={
            "to": "made good",
            "days_to_trough": "days to the trough",
            "days_to_recover": "days from the trough",
            "periods": "days below the high",
        },
        note="A dash under made good: not yet.",
    )


def trading_by_year(frame: pd.DataFrame) -> Table:
    """`trading_by_year`: added, removed, turnover, cost."""
    return Table(
        frame.set_axis(frame.index.astype(str)),
        "Trading by year, the first purchase left out",
        formats={"turnover": "percent", "cost": "fine percent"},
        headers={"turnover": "turnover, one-sided", "cost": "cost, % of the level"},
    )


def rolling(frame: pd.DataFrame, *, window_days: int) -> Table:
    """`rolling_summary`, one row per series: what a stay of one window brought, whenever it began."""
    numbers = ["worst", "median", "best"]
    return Table(
        frame.rename_axis("series"),
        f"Every window of {window_days} days",
        formats={"share_positive": "percent", "windows": "count"} | dict.fromkeys(numbers, "growth"),
        headers={"share_positive": "windows with a gain"},
    )


def beside(frame: pd.DataFrame) -> Table:
    """`risk_beside`: return and risk of the index and of its benchmarks, and the difference to the first of them."""
    benchmark = escape_markdown(frame.columns[1])
    told = frame[["difference", "lower", "upper"]].T.to_dict()
    words = {name: {side: _difference(value, str(name)) for side, value in row.items()} for name, row in told.items()}
    volatility, sharpe = (
        [format_value(frame.loc[row, side], kind) for side in frame.columns[:2]]
        for row, kind in (("annualized_volatility", "percent"), ("sharpe_ratio", "ratio"))
    )
    verdict = str(frame.loc["sharpe_ratio", "verdict"])
    return Table(
        frame.assign(**pd.DataFrame(words).T).rename(index=words_of).rename_axis("figure"),
        "Return and risk beside the benchmarks, over the days that all have",
        finding=f"Volatility {volatility[0]} a year, {benchmark} {volatility[1]}; Sharpe ratio {sharpe[0]} against "
        f"{sharpe[1]}: {VERDICTS.get(verdict, verdict)}",
        row_formats=formats_of(frame.index),
        headers={
            "difference": f"difference to {frame.columns[1]}",
            **INTERVAL,
        },
        note="Differences of shares are in percentage points; that of growth is geometric: what the index became for "
        "each unit that the benchmark became, less one, a year. A dash marks a figure for which no interval has been "
        "measured. The Sharpe ratio is arithmetic, of returns above the risk-free rate.",
    )


VERDICTS = {
    "cannot tell": "the history cannot tell which is better",
    "better": "better by more than luck",
    "worse": "worse by more than luck",
}
"""Verdicts of `compare` in a heading."""


def _difference(value: float, figure: str) -> str:
    """A difference in its own unit: growth (geometric) in per cent, shares in points, ratios and days as they are."""
    kind = MEASURES[figure][1]
    unit = " points" if kind == "percent" and figure != "cagr" else " days" if kind == "count" else ""
    shown = {"percent": "change" if figure == "cagr" else "signed points"}.get(kind, kind)
    words = format_value(value, shown)
    return words if words == MISSING else f"{words}{unit}"
