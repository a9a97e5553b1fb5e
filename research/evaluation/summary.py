"""The one table that a notebook shows first: every headline figure with its interval, unit and convention.

The figures themselves are in the other modules. This one takes levels (prices), they take returns.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from research.errors import DataWarning
from research.evaluation import drawdowns, metrics, relative, tails
from research.evaluation._columns import history, per_period
from research.evaluation.bootstrap import interval_table


class _Row(NamedTuple):
    name: str
    unit: str
    convention: str
    metric: Callable[..., Any]  # (returns, risk-free rate per period[, benchmark]) by column


def performance_summary(
    level: pd.Series,
    *,
    benchmark: pd.Series | None = None,
    risk_free: float | pd.Series = 0.0,
    periods_per_year: float = 365,
    confidence: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Headline figures of one index, each with its bootstrap interval.

    Parameters
    ----------
    level : Series
        Index level or price (not returns), one value per period, with a DatetimeIndex.
    benchmark : Series, optional
        Level or price of the benchmark; only its values on the dates of `level` are used. Figures against it use
        the history that both share; a `DataWarning` says so where that is shorter than the index's own,
        and another where the history is shorter than a year.
    risk_free : float or Series
        Annual rate as a fraction, or one rate per period. Used by the Sharpe, Sortino, Martin and alpha rows.
    periods_per_year : float
    confidence, draws, seed
        Of the stationary block bootstrap (`bootstrap_interval`).

    Returns
    -------
    DataFrame, index = metric
        value, lower, upper (float; percentages are fractions, 0.05 is 5 %), unit ("fraction", "ratio" or "days"),
        convention (one sentence). lower and upper are NaN for the rows that describe one path (current and longest
        drawdown), and with fewer than 20 returns. Intervals of volatility, tracking error and value at risk are too
        narrow when volatility comes in long clusters, and those of total return and drawdown figures are ranges of
        resampled histories: `bootstrap.py` and CONVENTIONS.md say how far each can be trusted.

    Raises
    ------
    DataError
        For a level that is missing inside the history or not positive, and for a benchmark with such a gap.
    """
    returns = metrics.returns_from_levels(level)
    per_period(risk_free, periods_per_year)
    _warn_if_below_a_year(returns, periods_per_year)
    rate = _rate_series(risk_free, returns, periods_per_year)
    intervals = partial(interval_table, confidence=confidence, draws=draws, block_length=None, seed=seed)
    rows = _own_rows(periods_per_year)
    table = intervals({row.name: row.metric for row in rows}, returns, [rate])
    if benchmark is not None:
        other = metrics.returns_from_levels(benchmark.reindex(level.index))
        _warn_if_shorter(returns, other)
        against = _relative_rows(periods_per_year)
        relatives = intervals({row.name: row.metric for row in against}, returns, [rate, other])
        table, rows = pd.concat([table, relatives], axis=0), rows + against
    table["unit"] = [row.unit for row in rows]
    table["convention"] = [row.convention for row in rows]
    table = pd.concat([table, _path_rows(returns)])
    return table[["value", "lower", "upper", "unit", "convention"]].rename_axis("metric")


def _warn_if_below_a_year(returns: pd.Series, periods_per_year: float) -> None:
    count = int(returns.notna().sum())
    if count < periods_per_year:
        warnings.warn(
            f"the history has {count} periods, less than a year: its annualised figures are extrapolations",
            DataWarning,
            stacklevel=3,
        )


def _own_rows(q: float) -> list[_Row]:
    excess = "excess over the risk-free rate"
    return [
        _Row(
            "total_return",
            "fraction",
            "Compounded return over the whole history.",
            lambda r, _: metrics.total_return(r),
        ),
        _Row(
            "cagr",
            "fraction",
            f"Compound annual growth rate, {q:g} periods a year.",
            lambda r, _: metrics.cagr(r, periods_per_year=q),
        ),
        _Row(
            "annualized_volatility",
            "fraction",
            f"Sample standard deviation (n − 1) of simple returns times √{q:g}.",
            lambda r, _: metrics.annualized_volatility(r, periods_per_year=q),
        ),
        _Row(
            "downside_deviation",
            "fraction",
            f"Root mean square of the negative returns over all n periods, times √{q:g}.",
            lambda r, _: metrics.downside_deviation(r, periods_per_year=q),
        ),
        _Row(
            "max_drawdown",
            "fraction",
            "Deepest fall from the highest level so far, the first day included; negative.",
            lambda r, _: drawdowns.max_drawdown(r),
        ),
        _Row(
            "ulcer_index",
            "fraction",
            "Root mean square of the drawdown over all periods.",
            lambda r, _: metrics.ulcer_index(r),
        ),
        _Row(
            "sharpe_ratio",
            "ratio",
            f"Arithmetic: mean {excess} over the standard deviation of the returns, times √{q:g}.",
            lambda r, rf: metrics.sharpe_ratio(r, risk_free=rf, periods_per_year=q),
        ),
        _Row(
            "cagr_to_volatility",
            "ratio",
            f"Geometric Sharpe ratio: compound growth of the {excess} over the volatility.",
            lambda r, rf: metrics.cagr_to_volatility(r, risk_free=rf, periods_per_year=q),
        ),
        _Row(
            "adjusted_sharpe_ratio",
            "ratio",
            "Geometric Sharpe ratio with a penalty for negative skewness and fat tails.",
            lambda r, rf: metrics.adjusted_sharpe_ratio(r, risk_free=rf, periods_per_year=q),
        ),
        _Row(
            "sortino_ratio",
            "ratio",
            f"Mean {excess} over its downside deviation (all n periods), times √{q:g}.",
            lambda r, rf: metrics.sortino_ratio(r, minimum_acceptable_return=rf, periods_per_year=q),
        ),
        _Row(
            "calmar_ratio",
            "ratio",
            "CAGR over the size of the maximum drawdown, both over the whole history.",
            lambda r, _: metrics.calmar_ratio(r, periods_per_year=q),
        ),
        _Row(
            "martin_ratio",
            "ratio",
            "CAGR above the risk-free rate over the Ulcer index.",
            lambda r, rf: metrics.martin_ratio(r, risk_free=rf, periods_per_year=q),
        ),
        _Row(
            "omega_ratio",
            "ratio",
            "Sum of gains over sum of losses, threshold zero.",
            lambda r, _: metrics.omega_ratio(r),
        ),
        _Row(
            "skewness",
            "ratio",
            "Third moment over the standard deviation cubed, denominator n.",
            lambda r, _: metrics.skewness(r),
        ),
        _Row(
            "excess_kurtosis",
            "ratio",
            "Fourth moment over the squared variance minus 3, denominator n.",
            lambda r, _: metrics.excess_kurtosis(r),
        ),
        _Row(
            "value_at_risk",
            "fraction",
            "Historical 5 % quantile of the returns of one period; negative.",
            lambda r, _: tails.value_at_risk(r),
        ),
        _Row(
            "expected_shortfall",
            "fraction",
            "Mean of the returns at or below the historical 5 % quantile; negative.",
            lambda r, _: tails.expected_shortfall(r),
        ),
    ]


def _relative_rows(q: float) -> list[_Row]:
    return [
        _Row(
            "beta",
            "ratio",
            "OLS slope on the benchmark, both in excess of the risk-free rate.",
            lambda r, rf, b: relative.beta(r, b, risk_free=rf, periods_per_year=q),
        ),
        _Row(
            "correlation",
            "ratio",
            "Pearson correlation of the returns with the benchmark's.",
            lambda r, _, b: relative.correlation(r, b),
        ),
        _Row(
            "jensen_alpha",
            "fraction",
            f"Intercept of the regression of excess returns on the benchmark's, times {q:g}.",
            lambda r, rf, b: relative.jensen_alpha(r, b, risk_free=rf, periods_per_year=q),
        ),
        _Row(
            "active_return",
            "fraction",
            "CAGR minus the benchmark's CAGR over the same periods.",
            lambda r, _, b: relative.active_return(r, b, periods_per_year=q),
        ),
        _Row(
            "tracking_error",
            "fraction",
            f"Standard deviation of return minus benchmark return, times √{q:g}.",
            lambda r, _, b: relative.tracking_error(r, b, periods_per_year=q),
        ),
        _Row(
            "information_ratio",
            "ratio",
            "Active return (difference of CAGR) over tracking error.",
            lambda r, _, b: relative.information_ratio(r, b, periods_per_year=q),
        ),
        _Row(
            "up_capture",
            "fraction",
            "Geometric mean return over the benchmark's, in periods in which the benchmark rose.",
            lambda r, _, b: relative.up_capture(r, b),
        ),
        _Row(
            "down_capture",
            "fraction",
            "Geometric mean return over the benchmark's, in periods in which the benchmark fell.",
            lambda r, _, b: relative.down_capture(r, b),
        ),
        _Row(
            "batting_average",
            "fraction",
            "Share of periods with a return above the benchmark's.",
            lambda r, _, b: relative.batting_average(r, b),
        ),
    ]


def _path_rows(returns: pd.Series) -> pd.DataFrame:
    """What describes the one path that happened, and so has no interval."""
    own = history(returns)
    table = drawdowns.drawdown_table(returns)
    ends = table["to"].fillna(own.index[-1]) if len(own) else table["to"]
    longest = (ends - table["peak"]).dt.days.max() if len(table) else (0 if len(own) else np.nan)
    days = (own.index[-1] - drawdowns.history_base(returns)).days if len(own) else 0
    rows: list[tuple[str, float, str, str]] = [
        ("current_drawdown", drawdowns.current_drawdown(returns), "fraction", "Fall from the high on the last day."),
        ("longest_drawdown", longest, "days", "Longest time from a high until it was reached again, or until now."),
        ("history", days, "days", "Calendar days from the first level to the last."),
    ]
    path = pd.DataFrame(rows, columns=["metric", "value", "unit", "convention"]).set_index("metric")
    return path.assign(lower=np.nan, upper=np.nan, standard_error=np.nan)


def _rate_series(risk_free: float | pd.Series, returns: pd.Series, periods_per_year: float) -> pd.Series:
    """One risk-free rate per period, so that it can be drawn together with the returns."""
    rate = per_period(risk_free, periods_per_year)
    return rate if isinstance(rate, pd.Series) else pd.Series(rate, index=returns.index)


def _warn_if_shorter(returns: pd.Series, other: pd.Series) -> None:
    own, shared = history(returns), history(other.reindex(history(returns).index), "benchmark")
    if len(shared) < len(own):
        warnings.warn(
            f"the benchmark covers {len(shared)} of the {len(own)} periods: figures against it describe that "
            "part only.",
            DataWarning,
            stacklevel=3,
        )
