"""The rows of `performance_summary`: each figure with its unit, its convention in words, and its kind of interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from research.evaluation import drawdowns, metrics, relative, tails


class Row(NamedTuple):
    """A figure of the table."""

    metric: Callable[..., Any]  # its name is the row's
    unit: str
    options: tuple[str, ...]  # what the metric is told besides the returns
    convention: str  # {q} stands for the periods a year
    interval: Literal["bootstrap", "self-normalised", "regression", "range", "none"] = "bootstrap"


PLAIN: tuple[str, ...] = ()
ANNUAL = ("periods_per_year",)
EXCESS = ("periods_per_year", "risk_free")
TARGET = ("periods_per_year", "minimum_acceptable_return")
# fmt: off
OWN: tuple[Row, ...] = (
    Row(metrics.total_return, "fraction", PLAIN, "Compounded return over the whole history.", "range"),
    Row(metrics.cagr, "fraction", ANNUAL, "Compound annual growth rate, {q} periods a year."),
    Row(metrics.annualized_volatility, "fraction", ANNUAL,
         "Sample standard deviation (n − 1) of simple returns times √{q}.", "self-normalised"),
    Row(metrics.downside_deviation, "fraction", ANNUAL,
         "Root mean square of the negative returns over all n periods, times √{q}.", "self-normalised"),
    Row(drawdowns.max_drawdown, "fraction", PLAIN,
         "Deepest fall from the highest level so far, the first day included; negative.", "range"),
    Row(metrics.ulcer_index, "fraction", PLAIN, "Root mean square of the drawdown over all periods.", "range"),
    Row(metrics.sharpe_ratio, "ratio", EXCESS,
         "Arithmetic: mean excess over the risk-free rate over the standard deviation of the returns, times √{q}."),
    Row(metrics.cagr_to_volatility, "ratio", EXCESS,
         "Geometric Sharpe ratio: compound growth of the excess over the risk-free rate over the volatility."),
    Row(metrics.adjusted_sharpe_ratio, "ratio", EXCESS,
         "Geometric Sharpe ratio with a penalty for negative skewness and fat tails."),
    Row(metrics.sortino_ratio, "ratio", TARGET,
         "Mean excess over the risk-free rate over its downside deviation (all n periods), times √{q}."),
    Row(metrics.calmar_ratio, "ratio", ANNUAL,
         "CAGR over the size of the maximum drawdown, both over the whole history.", "range"),
    Row(metrics.martin_ratio, "ratio", EXCESS, "CAGR above the risk-free rate over the Ulcer index.", "range"),
    Row(metrics.omega_ratio, "ratio", PLAIN, "Sum of gains over sum of losses, threshold zero."),
    Row(metrics.skewness, "ratio", PLAIN,
         "Third moment over the standard deviation cubed, denominator n.", "self-normalised"),
    Row(metrics.excess_kurtosis, "ratio", PLAIN,
         "Fourth moment over the squared variance minus 3, denominator n.", "none"),
    Row(tails.value_at_risk, "fraction", PLAIN,
         "Historical 5 % quantile of the returns of one period; negative.", "self-normalised"),
    Row(tails.expected_shortfall, "fraction", PLAIN,
         "Mean of the returns at or below the historical 5 % quantile; negative.", "self-normalised"),
)
AGAINST_BENCHMARK: tuple[Row, ...] = (
    Row(relative.beta, "ratio", EXCESS,
         "OLS slope on the benchmark, both in excess of the risk-free rate.", "self-normalised"),
    Row(relative.correlation, "ratio", PLAIN,
         "Pearson correlation of the returns with the benchmark's.", "self-normalised"),
    Row(relative.jensen_alpha, "fraction", EXCESS,
         "Intercept of the regression of excess returns on the benchmark's, times {q}.", "regression"),
    Row(relative.active_return, "fraction", ANNUAL, "CAGR minus the benchmark's CAGR over the same periods."),
    Row(relative.tracking_error, "fraction", ANNUAL,
         "Standard deviation of return minus benchmark return, times √{q}.", "self-normalised"),
    Row(relative.information_ratio, "ratio", ANNUAL, "Active return (difference of CAGR) over tracking error."),
    Row(relative.up_capture, "fraction", PLAIN,
         "Geometric mean return over the benchmark's, in periods in which the benchmark rose.", "self-normalised"),
    Row(relative.down_capture, "fraction", PLAIN,
         "Geometric mean return over the benchmark's, in periods in which the benchmark fell.", "self-normalised"),
    Row(relative.batting_average, "fraction", PLAIN, "Share of periods with a return above the benchmark's."),
)
# fmt: on
