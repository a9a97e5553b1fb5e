"""Tables of the index evaluation: regimes, tails, benchmarks, red flags, expectations, profiles.

Every figure is computed in `research.evaluation`. Rules of thumb stand beside figures as context, with their source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from research.evaluation.forecasts import CAVEAT
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE

_RELATIVES: Mapping[str, tuple[str, str]] = {
    "beta": ("beta", "ratio"),
    "up_beta": ("beta, up days", "ratio"),
    "down_beta": ("beta, down days", "ratio"),
    "up_capture": ("up capture, geometric", "percent"),
    "down_capture": ("down capture, geometric", "percent"),
    "up_capture_of_sums": ("up capture, ratio of sums", "percent"),
    "down_capture_of_sums": ("down capture, ratio of sums", "percent"),
    "r_squared": ("variance explained", "percent"),
    "batting_average": ("days ahead", "percent"),
    "active_return": ("active return a year", "change"),
    "tracking_error": ("tracking error", "percent"),
    "information_ratio": ("information ratio", "ratio"),
}
"""Rows of `relative_table`: what they are called, and how their numbers read."""


def regimes(frames: Sequence[pd.DataFrame], *, benchmark: str) -> Table:
    """`performance_by_regime` of one or more kinds of regime, one below the other."""
    columns = ["days", "share", "total_return", "benchmark_total_return", "annualized_volatility", "sharpe_ratio"]
    percent = ["share", "annualized_volatility", "worst", "share_positive"]
    return Table(
        pd.concat(frames)[[*columns, "worst", "share_positive", "beta"]].rename_axis("regime"),
        "What it did in each kind of market",
        formats=dict.fromkeys(percent, "percent")
        | dict.fromkeys(("total_return", "benchmark_total_return"), "whole change")
        | dict.fromkeys(("sharpe_ratio", "beta"), "ratio")
        | {"days": "count"},
        headers={
            "share": "share of days",
            "total_return": "return",
            "benchmark_total_return": f"return of {benchmark}",
            "annualized_volatility": "volatility",
            "sharpe_ratio": "Sharpe",
            "worst": "worst day",
            "share_positive": "days up",
        },
        note=f"Regimes of {benchmark}. Bull and bear: more than 20\u00a0% up or down over the last 90 days; high "
        "volatility: above the median of its own past. A day's return is put with the label known the day before. "
        "Returns of the days of a regime are chained, with gaps between them. Sharpe without a risk-free rate. Rule of "
        f"thumb for volatility: {RULES_OF_THUMB['annualized_volatility']}. {RULES_OF_THUMB_SOURCE}",
    )


def cycles(frame: pd.DataFrame, *, benchmark: str) -> Table:
    """`drawdown_by_cycle`."""
    return Table(
        frame,
        f"The index's maximum drawdown in each cycle of {benchmark}",
        formats={"max_drawdown": "percent"},
        headers={"start": "from", "end": "to", "max_drawdown": "maximum drawdown", "complete": "cycle has ended"},
        note="A cycle is a bull phase, from a low that doubled, and the bear phase after it, from a high that halved. "
        "Both are dated after the fact: a description that could not have been traded on. Rule of thumb: "
        f"{RULES_OF_THUMB['max_drawdown']}. {RULES_OF_THUMB_SOURCE}",
    )


def tails(frame: pd.DataFrame) -> Table:
    """`tail_table`: value at risk and expected shortfall by series and method, and why a cell is a dash."""
    figures, levels = (frame.columns.get_level_values(part) for part in ("figure", "confidence"))
    names = [
        f"{str(figure).replace('_', ' ')}, {format_value(level, 'short percent')}"
        for figure, level in zip(figures, levels, strict=True)
    ]
    rows = pd.Index([f"{row[0]}, {row[1].replace('_', ' ')}" for row in frame.index], name="series and method")
    return Table(
        pd.DataFrame(frame.to_numpy(), index=rows, columns=names),
        "What a bad day is: the return undercut on one day in 20 or 100, and the mean of such days",
        formats=dict.fromkeys(names, "fine percent"),
        note="Historical: the empirical quantile. Gaussian: from mean and standard deviation, too mild for fat tails. "
        "Modified: Cornish-Fisher, an expansion about the normal distribution that holds for moderate skewness and "
        "kurtosis only. Student t: fitted by maximum likelihood. "
        + " ".join(["A dash:", *frame.attrs["reasons"]] if frame.attrs["reasons"] else []),
    )


def worst_days(frame: pd.DataFrame, *, count: int, benchmark: str) -> Table:
    """`worst_days`: the worst days of the index beside those of the benchmark."""
    return Table(
        frame,
        f"The {count} worst days of the index, and what it did on the {count} worst of {benchmark}",
        formats=dict.fromkeys(("return", "benchmark", "active"), "change"),
        headers={"whose": "worst of", "return": "index", "benchmark": benchmark, "active": "difference"},
    )


def alphas(frame: pd.DataFrame, *, risk_free: float) -> Table:
    """`alpha_table`: alpha against each benchmark, with p-values for all of the tests together."""
    columns = ["alpha", "lower", "upper", "t_statistic", "p_value", "adjusted", "beta", "observations"]
    return Table(
        frame[columns],
        "Alpha: the return a year that beta times the benchmark does not explain",
        formats=dict.fromkeys(("alpha", "lower", "upper"), "change")
        | dict.fromkeys(("t_statistic", "p_value", "adjusted", "beta"), "ratio")
        | {"observations": "count"},
        headers={
            "lower": "95\u00a0% interval, from",
            "upper": "to",
            "t_statistic": "t",
            "p_value": "p",
            "adjusted": "p for all tests (Holm)",
            "observations": "days",
        },
        note=f"OLS on daily excess returns over {format_value(risk_free, 'short percent')} a year, times 365; "
        "Newey-West standard errors, which allow for autocorrelation and changing volatility. An interval that spans "
        "zero: no skill is shown, and none is ruled out.",
    )


def relatives(frame: pd.DataFrame) -> Table:
    """`relative_table`: beta, captures in both conventions, tracking error and the like against each benchmark."""
    return Table(
        frame.rename(index={key: name for key, (name, _) in _RELATIVES.items()}),
        "How it follows its benchmarks",
        formats=dict.fromkeys(map(str, frame.columns), "ratio"),
        row_formats=dict(_RELATIVES.values()),
        note="Capture in two conventions: geometric is the ratio of the geometric mean returns a day, ratio of sums is "
        "that of PerformanceAnalytics. Up and down are the benchmark's days. Rules of thumb: beta "
        f"{RULES_OF_THUMB['beta']}; information ratio {RULES_OF_THUMB['information_ratio']}. {RULES_OF_THUMB_SOURCE}",
    )


def red_flags(found: pd.DataFrame, rules: pd.DataFrame) -> Table:
    """`find_red_flags` beside all `red_flag_rules`, so that what was looked for and not found is seen as well."""
    table = rules.join(found.set_index("flag").rename(columns={"severity": "found"}), how="left")
    table["found"] = table["found"].fillna("no")
    table = table.set_axis(table.index.str.replace("_", " "), axis="index").rename_axis("flag")
    order = table["found"].map({"serious": 0, "warning": 1, "notice": 2}).fillna(3)
    table = table.iloc[order.argsort(kind="stable")]
    return Table(
        table[["found", "since", "evidence", "rule"]],
        "Red flags, found or not",
        formats={"since": "date"},
        note="A flag is a question for a reviewer; no: not found, or the history is too short to look. "
        "How often each rule fires by chance was measured on simulated "
        "markets: research/evaluation/CONVENTIONS.md.",
    )


def expectations(frame: pd.DataFrame) -> Table:
    """`expectations` of returns of 365 days a year: quantiles of what resampled futures brought."""
    names = {"total_return": "return", "max_drawdown": "maximum drawdown"}
    rows = [f"{format_value(horizon, 'years')}: {names[measure]}" for horizon, measure in frame.index]
    shown = frame.set_axis(rows, axis="index").rename_axis("over the next")
    quantiles = [name for name in frame.columns if not isinstance(name, str)]
    shown = shown.rename(columns={name: f"{format_value(name, 'short percent')} quantile" for name in quantiles})
    shown.loc[shown.index.str.contains("drawdown"), "share_negative"] = float("nan")  # every path falls at times
    return Table(
        shown,
        "What to expect if the future resampled the past",
        formats=dict.fromkeys(shown.columns.drop("share_negative"), "whole change") | {"share_negative": "percent"},
        headers={"share_negative": "chance of a loss"},
        note=CAVEAT,
    )


_CRITERIA: Mapping[str, tuple[str, str]] = {
    "cagr": ("CAGR", "percent"),
    "annualized_volatility": ("volatility", "percent"),
    "max_drawdown": ("worst fall", "percent"),
    "sharpe_ratio": ("Sharpe", "ratio"),
    "sortino_ratio": ("Sortino", "ratio"),
    "rolling_share_positive": ("windows up", "percent"),
    "rolling_worst": ("worst window", "percent"),
}
"""Criteria of `match_profile`: what they are called, and how their numbers read."""


def profiles(matches: Mapping[str, pd.DataFrame]) -> Table:
    """`match_profile` under several profiles: rank and chance of it under each, criteria over the common period."""
    first = next(iter(matches.values()))
    columns: dict[str, pd.Series] = {}
    for name, table in matches.items():
        columns |= {name: table["rank"], f"{name}, first": table["probability_first"]}
    compared = first.dropna(subset="rank")
    period = f"{compared['start'].iloc[0]:%Y-%m-%d} to {compared['end'].iloc[0]:%Y-%m-%d}"
    return Table(
        pd.DataFrame(columns).join(first[list(_CRITERIA)]).reindex(first.index).rename_axis("index"),
        f"Rank of this index and others for three kinds of investor, {period}",
        formats={name: kind for name, (_, kind) in _CRITERIA.items()}
        | {f"{name}, first": "percent" for name in matches},
        headers={name: words for name, (words, _) in _CRITERIA.items()},
        note="A rank among those listed, by the weighted place in stated criteria, over the period that all have in "
        "common; \u201cfirst\u201d is in how many of the histories drawn from that past it comes first. "
        f"{' '.join(_ranking(name, table) for name, table in matches.items())} It ranks what was and recommends "
        "nothing.",
    )


def _ranking(name: str, table: pd.DataFrame) -> str:
    """Weights of a profile, and whether its first place is more than chance."""
    weights = ", ".join(
        f"{_CRITERIA[key][0]} {format_value(weight, 'short percent')}" for key, weight in table.attrs["weights"].items()
    )
    ranked = table["probability_ahead"].head(2).dropna()
    if ranked.empty:
        return f"{name.capitalize()}: {weights}."
    change = f"the first two change places in {format_value(ranked.iloc[0], 'percent')} of those histories"
    verdict = "the first is better" if table.attrs["verdict"] == "yes" else "which one is better the past cannot tell"
    return f"{name.capitalize()}: {weights}; {change}, so {verdict}."
