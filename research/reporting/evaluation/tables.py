"""Tables of the index evaluation: regimes, tails, benchmarks, red flags, expectations, profiles.

Every figure is computed in `research.evaluation`. Rules of thumb stand beside figures as context, with their source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.names import INTERVAL, MEASURES, formats_of, words_of
from research.reporting.presentation.table import Table
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE


def regimes(frames: Sequence[pd.DataFrame], *, benchmark: str, risk_free: float) -> Table:
    """`performance_by_regime` of one or more kinds of regime, one below the other."""
    columns = ["days", "share", "total_return", "benchmark_total_return", "annualized_volatility", "sharpe_ratio"]
    percent = ["share", "annualized_volatility", "worst", "share_positive"]
    name = escape_markdown(benchmark)
    told = [
        f"{format_value(row.total_return, 'growth')} in {kind} markets, {name} "
        f"{format_value(row.benchmark_total_return, 'growth')}"
        for kind, row in frames[0].iterrows()
        if row.days
    ]
    return Table(
        pd.concat(frames)[[*columns, "worst", "share_positive", "beta"]].rename_axis("regime"),
        "What it did in each kind of market",
        finding="; ".join(told),
        formats=dict.fromkeys(percent, "percent")
        | dict.fromkeys(("total_return", "benchmark_total_return"), "growth")
        | dict.fromkeys(("sharpe_ratio", "beta"), "ratio")
        | {"days": "count"},
        headers={
            "share": "share of days",
            "total_return": "return on its days",
            "benchmark_total_return": f"return of {benchmark}",
            "annualized_volatility": "volatility a year, its days",
            "sharpe_ratio": "Sharpe ratio, its days",
            "beta": "beta, its days",
            "worst": "worst day",
            "share_positive": "days up",
        },
        note=f"Regimes of {benchmark}. Bull and bear: more than 20\u00a0% up or down over the last 90 days; high "
        "volatility: above the median of its own past. A day's return is put with the label known the day before. "
        "Returns of the days of a regime are chained, with gaps between them. Sharpe ratio over "
        f"{format_value(risk_free, 'short percent')} a year. Rule of thumb for volatility: "
        f"{RULES_OF_THUMB['annualized_volatility']}. {RULES_OF_THUMB_SOURCE}",
    )


def cycles(frame: pd.DataFrame, *, benchmark: str) -> Table:
    """`drawdown_by_cycle`."""
    return Table(
        frame,
        f"The index's maximum drawdown in each cycle of {benchmark}",
        formats={"max_drawdown": "percent"},
        headers={"start": "from", "end": "to", "max_drawdown": "drawdown in the cycle", "complete": "cycle has ended"},
        note="A cycle is a bull phase, from a low that doubled, and the bear phase after it, from a high that halved. "
        "Both are dated after the fact: a description that could not have been traded on. Rule of thumb: "
        f"{RULES_OF_THUMB['max_drawdown']}. {RULES_OF_THUMB_SOURCE}",
    )


def tails(frame: pd.DataFrame) -> Table:
    """`tail_table`: value at risk and expected shortfall by series and method, and why a cell is a dash."""
    index, other = frame.index.get_level_values("series").unique()[:2]
    bad, worse = (-frame.loc[(name, "historical"), ("value_at_risk", 0.95)] for name in (index, other))
    figures, levels = (frame.columns.get_level_values(part) for part in ("figure", "confidence"))
    names = [
        f"{str(figure).replace('_', ' ')}, {format_value(level, 'short percent')}"
        for figure, level in zip(figures, levels, strict=True)
    ]
    rows = pd.Index([f"{row[0]}, {row[1].replace('_', ' ')}" for row in frame.index], name="series and method")
    return Table(
        pd.DataFrame(frame.to_numpy(), index=rows, columns=names),
        "What a bad day is: the return undercut on one day in 20 or 100, and the mean of such days",
        finding=f"One day in 20 loses {format_value(bad, 'percent')} or more, {escape_markdown(other)} "
        f"{format_value(worse, 'percent')}",
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
        formats=dict.fromkeys(("return", "benchmark"), "change") | {"active": "signed points"},
        headers={"whose": "worst of", "return": "index", "benchmark": benchmark, "active": "difference, points"},
    )


def alphas(frame: pd.DataFrame, *, risk_free: float) -> Table:
    """`alpha_table`: alpha against each benchmark, with p-values for all of the tests together."""
    columns = ["alpha", "lower", "upper", "t_statistic", "p_value", "adjusted", "beta", "observations"]
    clear = frame[(frame["lower"] > 0) | (frame["upper"] < 0)]
    first = frame.iloc[0]
    alpha, lower, upper = (format_value(first[name], "change") for name in ("alpha", "lower", "upper"))
    told = "zero lies within" if frame.index[0] not in clear.index else "zero lies outside"
    return Table(
        frame[columns],
        "Alpha: the return a year that beta times the benchmark does not explain",
        finding=f"Alpha against {escape_markdown(frame.index[0])} {alpha} a year, interval {lower} to {upper}: {told}; "
        f"{len(clear) or 'none'} of {len(frame)} intervals leaves zero out",
        formats=dict.fromkeys(("alpha", "lower", "upper"), "change")
        | dict.fromkeys(("t_statistic", "p_value", "adjusted", "beta"), "ratio")
        | {"observations": "count"},
        headers={
            "alpha": "alpha a year",
            **INTERVAL,
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
        frame.rename(index=words_of),
        "How it follows its benchmarks",
        formats=dict.fromkeys(map(str, frame.columns), "ratio"),
        row_formats=formats_of(frame.index),
        note="Capture in two conventions: geometric is the ratio of the geometric mean returns a day, ratio of sums is "
        "that of PerformanceAnalytics. Up and down are the benchmark's days. Rules of thumb: beta "
        f"{RULES_OF_THUMB['beta']}; information ratio {RULES_OF_THUMB['information_ratio']}. {RULES_OF_THUMB_SOURCE}",
    )


def profiles(matches: Mapping[str, pd.DataFrame], *, leaps: Sequence[str] = ()) -> Table:
    """`match_profile` under several profiles: rank and chance of it under each, criteria over the common period.

    `leaps`: what moved one of them by a doubtful print, in sentences.
    """
    first = next(iter(matches.values()))
    columns: dict[str, pd.Series] = {}
    for name, table in matches.items():
        columns |= {name: table["rank"], f"{name}, first": table["probability_first"]}
    compared, criteria = first.dropna(subset="rank"), [name for name in first.columns if name in MEASURES]
    period = f"{compared['start'].iloc[0]:%Y-%m-%d} to {compared['end'].iloc[0]:%Y-%m-%d}"
    ahead = "; ".join(
        f"{name}: {escape_markdown(table.index[0])}"
        f"{'' if table.attrs['verdict'] == 'yes' else ', which the past cannot tell from luck'}"
        for name, table in matches.items()
    )
    return Table(
        pd.DataFrame(columns).join(first[criteria]).reindex(first.index).rename_axis("index"),
        f"Rank of this index and others for three kinds of investor, {period}",
        finding=f"First of those compared, {ahead}",
        formats={name: MEASURES[name][1] for name in criteria} | {f"{name}, first": "percent" for name in matches},
        headers={name: f"{words_of(name)}, those days" for name in criteria},
        note="A rank among those listed, by the weighted place in stated criteria, over the period that all have in "
        "common; \u201cfirst\u201d is in how many of the histories drawn from that past it comes first. "
        f"{' '.join(_ranking(name, table) for name, table in matches.items())} It ranks what was and recommends "
        f"nothing. {' '.join(leaps)}",
    )


def _ranking(name: str, table: pd.DataFrame) -> str:
    """Weights of a profile, and whether its first place is more than chance."""
    weights = ", ".join(
        f"{words_of(key)} {format_value(weight, 'short percent')}" for key, weight in table.attrs["weights"].items()
    )
    ranked = table["probability_ahead"].head(2).dropna()
    if ranked.empty:
        return f"{name.capitalize()}: {weights}."
    change = f"the first two change places in {format_value(ranked.iloc[0], 'percent')} of those histories"
    verdict = "the first is better" if table.attrs["verdict"] == "yes" else "which one is better the past cannot tell"
    return f"{name.capitalize()}: {weights}; {change}, so {verdict}."
