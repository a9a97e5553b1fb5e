"""Tables of the index evaluation: regimes, tails, benchmarks, red flags, expectations, profiles.

Every figure is computed by a function of `research.evaluation`; where a table takes returns, it only calls several of
them and puts the answers side by side. Rules of thumb stand beside figures as context, with their source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

import pandas as pd

from research import evaluation
from research.evaluation.forecasts import CAVEAT
from research.evaluation.tails import Method
from research.reporting.presentation.table import Table
from research.reporting.presentation.texts import RULES_OF_THUMB, RULES_OF_THUMB_SOURCE

if TYPE_CHECKING:
    from research.index import IndexHistory

WARNINGS = ("collapse", "leap", "suspended", "removed", "wiped out", "held back", "supply revised", "fork given up")
"""Events of an index that count as warnings of its data."""


def red_flag_inputs(index: IndexHistory) -> dict[str, Any]:
    """What `find_red_flags` takes of an index besides its returns: weights, turnover, sectors and data warnings.

    Weights after each rebalance, the latest sector tag of each member ever, turnover without the first purchase.
    """
    decided = index.constituents[index.constituents["determination_date"].notna()]
    weights = decided.pivot_table(index="effective_date", columns="asset_id", values="weight", aggfunc="last")
    tags = index.market.tags[index.market.tags["tag"].str.startswith("sector:")]
    sectors = tags.drop_duplicates("asset_id", keep="last").set_index("asset_id")["tag"].reindex(weights.columns)
    trades = index.rebalances[index.rebalances["determination_date"].notna()]
    warned = index.events[index.events["event"].isin(WARNINGS)].set_index("date")
    return {
        "weights": weights,
        "turnover": trades.loc[trades["cause"] != "initial", "turnover"],
        "sectors": sectors.fillna("no sector known").to_dict(),
        "data_warnings": warned["asset_id"].fillna("the market") + ": " + warned["detail"],
    }


def regimes(frame: pd.DataFrame, *, benchmark: str) -> Table:
    """`performance_by_regime` of one or more kinds of regime."""
    columns = ["days", "share", "total_return", "benchmark_total_return", "annualized_volatility", "sharpe_ratio"]
    percent = ["share", "annualized_volatility", "worst", "share_positive"]
    return Table(
        frame[[*columns, "worst", "share_positive", "beta"]].rename_axis("regime"),
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
        "Both are dated after the fact: description, nobody could trade on it. Rule of thumb: "
        f"{RULES_OF_THUMB['max_drawdown']}. {RULES_OF_THUMB_SOURCE}",
    )


def tails(returns: pd.DataFrame) -> Table:
    """Value at risk and expected shortfall of each column, by all methods, at 95 and 99 %."""
    rows = {
        f"{name}, {method}": {
            f"{words}, {100 * level:g}\u00a0%": function(returns[name], method=method, confidence=level)
            for words, function in (
                ("value at risk", evaluation.value_at_risk),
                ("expected shortfall", evaluation.expected_shortfall),
            )
            for level in (0.95, 0.99)
        }
        for name in returns.columns
        for method in get_args(Method)
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("series and method")
    return Table(
        frame,
        "What a bad day is: the return undercut on one day in 20 or 100, and the mean of such days",
        formats=dict.fromkeys(frame.columns, "fine percent"),
        note="Historical: the empirical quantile. Gaussian: from mean and standard deviation, too mild for fat tails. "
        "Modified: Cornish-Fisher, an expansion that breaks down for strong skewness and kurtosis; far from the "
        "historical figure, or with both figures of a level alike, it is not to be believed.",
    )


def worst_days(returns: pd.Series, benchmark: pd.Series, *, count: int = 5) -> Table:
    """The worst days of the index beside those of the benchmark."""
    theirs = evaluation.worst_periods(returns, count=count, benchmark=benchmark)
    ours = evaluation.worst_periods(returns, count=count).assign(benchmark=benchmark)
    ours["active"] = ours["return"] - ours["benchmark"]
    frame = pd.concat([ours.assign(whose="index"), theirs.assign(whose=str(benchmark.name))]).reset_index(names="date")
    return Table(
        frame[["date", "whose", "return", "benchmark", "active"]],
        f"The {count} worst days of the index, and what it did on the {count} worst of {benchmark.name}",
        formats=dict.fromkeys(("return", "benchmark", "active"), "change"),
        headers={"whose": "worst of", "return": "index", "benchmark": str(benchmark.name), "active": "difference"},
    )


def alphas(returns: pd.Series, benchmarks: pd.DataFrame, *, risk_free: float) -> Table:
    """`alpha_test` against each benchmark, with p-values for all of the tests together."""
    tests = {name: evaluation.alpha_test(returns, benchmarks[name], risk_free=risk_free) for name in benchmarks.columns}
    frame = pd.DataFrame(tests).T
    frame["adjusted"] = evaluation.adjust_pvalues(frame["p_value"])
    columns = ["alpha", "lower", "upper", "t_statistic", "p_value", "adjusted", "beta", "observations"]
    return Table(
        frame[columns].rename_axis("benchmark"),
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
        note=f"OLS on daily excess returns over {100 * risk_free:g}\u00a0% a year, times 365; Newey-West standard "
        "errors, which stand autocorrelation and changing volatility. An interval that spans zero: no skill is shown, "
        "and none is ruled out.",
    )


def relatives(returns: pd.Series, benchmarks: pd.DataFrame) -> Table:
    """Beta, captures in both conventions, tracking error and information ratio against each benchmark."""
    pairs = pd.DataFrame(dict.fromkeys(benchmarks.columns, returns))
    rows = {
        "beta": evaluation.beta(pairs, benchmarks),
        "beta, up days": evaluation.up_beta(pairs, benchmarks),
        "beta, down days": evaluation.down_beta(pairs, benchmarks),
        "up capture, geometric": evaluation.up_capture(pairs, benchmarks),
        "down capture, geometric": evaluation.down_capture(pairs, benchmarks),
        "up capture, ratio of sums": evaluation.up_capture(pairs, benchmarks, method="ratio_of_sums"),
        "down capture, ratio of sums": evaluation.down_capture(pairs, benchmarks, method="ratio_of_sums"),
        "variance explained": evaluation.r_squared(pairs, benchmarks),
        "days ahead": evaluation.batting_average(pairs, benchmarks),
        "active return a year": evaluation.active_return(pairs, benchmarks),
        "tracking error": evaluation.tracking_error(pairs, benchmarks),
        "information ratio": evaluation.information_ratio(pairs, benchmarks),
    }
    ratios = ("beta", "beta, up days", "beta, down days", "information ratio")
    units = {name: "ratio" if name in ratios else "percent" for name in rows} | {"active return a year": "change"}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("figure")
    return Table(
        frame,
        "How it follows its benchmarks",
        formats=dict.fromkeys(map(str, frame.columns), "ratio"),
        row_formats=units,
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
    rows = [
        f"{horizon / 365:g} year{'s' if horizon > 365 else ''}: {names[measure]}" for horizon, measure in frame.index
    ]
    shown = frame.set_axis(rows, axis="index").rename_axis("over the next")
    shown = shown.rename(
        columns={name: f"{100 * name:g}\u00a0% quantile" for name in frame.columns if not isinstance(name, str)}
    )
    shown.loc[shown.index.str.contains("drawdown"), "share_negative"] = float("nan")  # every path falls at times
    return Table(
        shown,
        "What to expect if the future resampled the past",
        formats=dict.fromkeys(shown.columns.drop("share_negative"), "whole change") | {"share_negative": "percent"},
        headers={"share_negative": "chance of a loss"},
        note=CAVEAT,
    )


def profiles(matches: Mapping[str, pd.DataFrame]) -> Table:
    """`match_profile` under several profiles: the rank under each, and the criteria over the common period."""
    first = next(iter(matches.values()))
    ranks = pd.DataFrame({name: table["rank"] for name, table in matches.items()})
    criteria = [
        "cagr",
        "annualized_volatility",
        "max_drawdown",
        "sharpe_ratio",
        "rolling_share_positive",
        "rolling_worst",
    ]
    compared = first.dropna(subset="rank")
    period = f"{compared['start'].iloc[0]:%Y-%m-%d} to {compared['end'].iloc[0]:%Y-%m-%d}"
    return Table(
        ranks.join(first[criteria]).reindex(first.index).rename_axis("index"),
        f"Rank of this index and others for three kinds of investor, {period}",
        formats=dict.fromkeys(criteria, "percent") | {"sharpe_ratio": "ratio"},
        headers={
            "cagr": "CAGR",
            "annualized_volatility": "volatility",
            "max_drawdown": "worst fall",
            "sharpe_ratio": "Sharpe",
            "rolling_share_positive": "windows up",
            "rolling_worst": "worst window",
        },
        note="A rank among those listed, by stated criteria with stated weights (research.evaluation.PROFILES), over "
        "the period that all have in common. It ranks what was and recommends nothing.",
    )
