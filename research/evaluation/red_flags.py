"""Red flags: signs that an index is no longer what it was, each with evidence, severity and since when.

A flag is a question for a reviewer, not a verdict. The rules are in `RULES` below and print with `red_flag_rules`; how
often each fires on simulated markets without the defect was measured (CONVENTIONS.md). Style drift (beta,
concentration, turnover, sectors) is in `style_drift.py`. Nothing here looks beyond the last date it is given.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_spacing, require_dates
from research.evaluation._columns import (
    Rate,
    companion_of,
    history,
    one_series,
    per_period,
    positive_or_nan,
    standard_deviation,
)
from research.evaluation._distributions import norm
from research.evaluation.changes.style_drift import SEVERITIES, Finding, style_drift_findings
from research.evaluation.inference import automatic_lags, hac_regression, long_run_variance
from research.evaluation.metrics import annualized_volatility, ewma_volatility, sharpe_ratio
from research.evaluation.regimes import drawdown_by_cycle, market_cycles
from research.evaluation.rolling import rolling_sharpe
from research.typing import FloatArray

DEEPER = 0.9  # what is left at a trough must be below this share of what was left at the trough before
WARM_UP = 30  # periods before an exponentially weighted volatility rests on enough of them
READING_DAYS, READING_LEAST = 30, 4  # of one reading of volatility: days, but no fewer periods
LAGS = 3  # over which readings of volatility are taken to depend on each other
LEVELS = {"serious": 0.001, "warning": 0.01, "notice": 0.05}

_BY_P_VALUE = "p below 5 %: notice; below 1 %: warning; below 0.1 %: serious"
_BY_DISTANCE = "beyond the range by over 25 % of its width: notice; over 50 %: warning; over 100 %: serious"
RULES: Mapping[str, tuple[str, str]] = {
    "drawdowns_deepen": (
        "In each of the last three or more market cycles the maximum drawdown left at most 90 % of what the one "
        "before had left.",
        "three cycles: notice; four: warning; five and more: serious",
    ),
    "sharpe_declining": (
        "Returns in units of the volatility known before them fall over time: slope of their regression on time, HAC "
        "t statistic, one-sided; at least two years of history.",
        _BY_P_VALUE,
    ),
    "persistent_underperformance": (
        "At equal volatility the last year lagged the benchmark (mean difference, HAC, one-sided), so did each of its "
        "quarters, and the lag began a year ago or earlier; a shorter spell is not flagged.",
        _BY_P_VALUE,
    ),
    "volatility_without_return": (
        "Volatility of the last year above that of the history before (log of readings of 30 days and four periods at "
        "least, HAC, one-sided), and the mean return not above its earlier mean; at least two years of history with "
        "three readings each.",
        _BY_P_VALUE,
    ),
    "beta_drift": ("Mean of the last three 60-period betas beyond the range of all earlier ones.", _BY_DISTANCE),
    "concentration_drift": ("Mean of the last three sums of squared weights beyond their past range.", _BY_DISTANCE),
    "turnover_drift": ("Mean of the last three turnovers beyond their past range.", _BY_DISTANCE),
    "sector_drift": ("Mean of the last three weights of a sector beyond its past range.", _BY_DISTANCE),
    "data_warnings": (
        "Warnings of the data or the index engine were handed over.",
        "latest older than a year: notice; within the last year: warning; within the last 30 days: serious",
    ),
}


def red_flag_rules() -> pd.DataFrame:
    """The rule and the severity rule of every flag: DataFrame(rule, severity), index = flag.

    Returns
    -------
    DataFrame, index = flag
        rule and severity, as sentences.
    """
    return pd.DataFrame.from_dict(dict(RULES), orient="index", columns=["rule", "severity"]).rename_axis("flag")


def find_red_flags(
    returns: pd.Series,
    *,
    benchmark: pd.Series | None = None,
    risk_free: Rate = 0.0,
    weights: pd.DataFrame | None = None,
    turnover: pd.Series | None = None,
    sectors: Mapping[str, str] | None = None,
    data_warnings: pd.Series | None = None,
    periods_per_year: int = 365,
) -> pd.DataFrame:
    """Look for every red flag that the inputs allow.

    Parameters
    ----------
    returns : Series with a DatetimeIndex
    benchmark : Series of returns, optional
        Without it, cycles are dated on the series itself, and underperformance and beta are not looked at.
    risk_free : float (annual) or Series (per period)
    weights : DataFrame, shape (rebalances, assets), optional
        Target weights on each rebalance date; NaN where an asset is not a member.
    turnover : Series by rebalance date, optional
        One-sided turnover as a fraction.
    sectors : mapping of asset to sector, optional
        Needs `weights`; an asset without a sector is an error.
    data_warnings : Series of text by date, optional
    periods_per_year : int

    Returns
    -------
    DataFrame, one row per flag, the most severe first (empty when nothing was found)
        flag (str), evidence (str), severity ("notice", "warning" or "serious"), since (datetime64).
        Rules: `red_flag_rules`.
    """
    own = history(returns)
    require_dates(own)
    check_number("periods_per_year", periods_per_year, DataError, whole=True, at_least=1)
    check_spacing(own.index, periods_per_year)
    rate = per_period(risk_free, periods_per_year)
    excess = own - (rate if isinstance(rate, float) else companion_of(own, rate, "risk_free"))
    findings = [
        _drawdowns_deepen(returns, benchmark),
        _sharpe_declining(excess, periods_per_year),
        _volatility_without_return(own, periods_per_year),
        _data_warnings(data_warnings, own),
    ]
    other = None
    if benchmark is not None:
        other = companion_of(own, benchmark)
        findings.append(_underperformance(excess, other - (own - excess), periods_per_year))
    findings += style_drift_findings(own, other, weights=weights, turnover=turnover, sectors=sectors)
    found = [finding for finding in findings if finding is not None]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity), reverse=True)
    table = pd.DataFrame(found, columns=list(Finding._fields))
    return table.astype({"since": "datetime64[ns]"})


def _drawdowns_deepen(returns: pd.Series, benchmark: pd.Series | None) -> Finding | None:
    cycles = drawdown_by_cycle(returns, market_cycles(returns if benchmark is None else benchmark))
    depth = cycles["max_drawdown"].dropna()
    left = 1.0 + depth.to_numpy()
    run = 1
    while run < len(left) and left[-run] <= DEEPER * left[-run - 1]:
        run += 1
    if run < 3:
        return None
    severity = {3: "notice", 4: "warning"}.get(run, "serious")
    depths = ", ".join(f"{value:.0%}" for value in depth.iloc[-run:])
    since = cycles.loc[depth.index[-run], "start"]
    return Finding("drawdowns_deepen", f"Maximum drawdown of the last {run} market cycles: {depths}.", severity, since)


def _sharpe_declining(excess: pd.Series, year: int) -> Finding | None:
    if len(excess) < 2 * year:
        return None
    volatility = ewma_volatility(excess, periods_per_year=1).shift(1)
    scaled = (excess / volatility.where(volatility > 0)).iloc[WARM_UP:].dropna()  # the first rest on few days
    if len(scaled) < year:
        return None
    sharpes = rolling_sharpe(excess, year, periods_per_year=year)  # missing where returns do not vary but for rounding
    time = np.linspace(-0.5, 0.5, len(scaled))[:, None]
    *_, slope, error = hac_regression(scaled.to_numpy()[:, None], [time], automatic_lags(len(scaled)))
    trend = float(slope[0] / error[0]) if error[0] > 0 else np.nan
    severity = _severity(float(norm.cdf(trend)))
    if severity is None or sharpes.isna().all():
        return None
    half = len(excess) // 2
    best = str(sharpes.idxmax())
    early, late = (sharpe_ratio(part, periods_per_year=year) for part in (excess.iloc[:half], excess.iloc[half:]))
    evidence = f"Sharpe ratio {early:.2f} in the first half, {late:.2f} in the second; t of the trend {trend:.1f}."
    return Finding("sharpe_declining", evidence, severity, pd.Timestamp(best))


def _underperformance(excess: pd.Series, benchmark: pd.Series, year: int) -> Finding | None:
    both = pd.concat([excess, benchmark], axis=1, join="inner").dropna()
    own, other = both.iloc[:, 0], both.iloc[:, 1]
    if len(both) <= year or not standard_deviation(own.iloc[-year:].to_numpy()) > 0:
        return None
    difference = own * (other.iloc[-year:].std() / own.iloc[-year:].std()) - other
    best = int(difference.cumsum().to_numpy().argmax())
    last_year = difference.iloc[-year:].to_numpy()
    persistent = all(quarter.mean() < 0 for quarter in np.array_split(last_year, 4))
    severity = _severity(_p_below_zero(last_year))
    if severity is None or not persistent or len(difference) - 1 - best < year:
        return None
    ours, theirs = (sharpe_ratio(part.iloc[-year:], periods_per_year=year) for part in (own, other))
    evidence = (
        f"Sharpe ratio of the last {year} periods {ours:.2f} against {theirs:.2f} of the benchmark; behind at equal "
        f"volatility for {len(difference) - 1 - best} periods."
    )
    return Finding("persistent_underperformance", evidence, severity, both.index[best])


def _volatility_without_return(returns: pd.Series, year: int) -> Finding | None:
    if len(returns) < 2 * year:
        return None
    late, early = returns.iloc[-year:], returns.iloc[:-year]
    if late.mean() > early.mean():
        return None
    length = max(READING_LEAST, round(READING_DAYS * year / 365))
    readings = [_log_volatility(part.to_numpy(), length) for part in (late, early)]
    if not all(len(part) >= 3 and np.isfinite(part).all() for part in readings):
        return None
    error = np.sqrt(sum(_variance_of_mean(part) for part in readings))
    severity = _severity(float(norm.sf((readings[0].mean() - readings[1].mean()) / error))) if error > 0 else None
    if severity is None:
        return None
    now, before = (annualized_volatility(part, periods_per_year=year) for part in (late, early))
    evidence = (
        f"Volatility {now:.0%} in the last {year} periods, {before:.0%} before; mean annual return "
        f"{late.mean() * year:.0%}, {early.mean() * year:.0%} before."
    )
    return Finding("volatility_without_return", evidence, severity, late.index[0])


def _data_warnings(warnings: pd.Series | None, returns: pd.Series) -> Finding | None:
    if warnings is None or one_series(warnings, "data_warnings").empty or returns.empty:
        return None
    require_dates(warnings, "data_warnings")
    latest, end = warnings.index.max(), returns.index[-1]
    age = (end - latest).days
    severity = "serious" if age <= 30 else "warning" if age <= 365 else "notice"
    evidence = f"{len(warnings)} warnings, the latest on {latest.date()}: {warnings.sort_index().iloc[-1]}"
    return Finding("data_warnings", evidence, severity, warnings.index.min())


def _severity(p_value: float) -> str | None:
    return next((name for name, limit in LEVELS.items() if p_value < limit), None)


def _p_below_zero(values: FloatArray) -> float:
    """One-sided p-value of "the mean is not below zero", HAC."""
    variance = float(long_run_variance(values[:, None], automatic_lags(len(values)))[0])
    return float(norm.cdf(values.mean() / np.sqrt(variance / len(values)))) if variance > 0 else 1.0


def _log_volatility(values: FloatArray, length: int) -> FloatArray:
    count = len(values) // length
    deviation = values[len(values) - count * length :].reshape(count, length).std(axis=1)
    return np.log(positive_or_nan(deviation))


def _variance_of_mean(values: FloatArray) -> float:
    """HAC variance of the mean of few, autocorrelated readings, with the small-sample factor n / (n − 1 − lags)."""
    lags = min(LAGS, len(values) - 2)
    return float(long_run_variance(values[:, None], lags)[0] / (len(values) - 1 - lags))
