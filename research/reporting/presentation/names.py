"""What a figure is called on every page, and how its numbers read: one word for one thing, and no raw names."""

from __future__ import annotations

from collections.abc import Mapping

INTERVAL = {"lower": "95\u00a0% interval, from", "upper": "to"}
"""Headers of the ends of an interval."""
MEASURES: Mapping[str, tuple[str, str]] = {
    "total_return": ("return since inception", "growth"),
    "cagr": ("growth a year (CAGR)", "percent"),
    "annualized_volatility": ("volatility a year", "percent"),
    "downside_deviation": ("downside deviation a year", "percent"),
    "max_drawdown": ("maximum drawdown", "percent"),
    "ulcer_index": ("Ulcer index", "percent"),
    "sharpe_ratio": ("Sharpe ratio", "ratio"),
    "cagr_to_volatility": ("geometric Sharpe ratio", "ratio"),
    "adjusted_sharpe_ratio": ("adjusted Sharpe ratio", "ratio"),
    "sortino_ratio": ("Sortino ratio", "ratio"),
    "calmar_ratio": ("Calmar ratio", "ratio"),
    "martin_ratio": ("Martin ratio", "ratio"),
    "omega_ratio": ("Omega ratio", "ratio"),
    "skewness": ("skewness", "ratio"),
    "excess_kurtosis": ("excess kurtosis", "ratio"),
    "value_at_risk": ("value at risk, 95\u00a0%, one day", "percent"),
    "expected_shortfall": ("mean of the worst 5\u00a0% of days", "percent"),
    "beta": ("beta", "ratio"),
    "up_beta": ("beta, up days", "ratio"),
    "down_beta": ("beta, down days", "ratio"),
    "correlation": ("correlation", "ratio"),
    "r_squared": ("variance explained", "percent"),
    "jensen_alpha": ("alpha a year", "change"),
    "active_return": ("active return a year, points", "signed points"),
    "tracking_error": ("tracking error a year", "percent"),
    "information_ratio": ("information ratio", "ratio"),
    "up_capture": ("up capture, geometric", "percent"),
    "down_capture": ("down capture, geometric", "percent"),
    "up_capture_of_sums": ("up capture, ratio of sums", "percent"),
    "down_capture_of_sums": ("down capture, ratio of sums", "percent"),
    "batting_average": ("days ahead", "percent"),
    "current_drawdown": ("drawdown now", "percent"),
    "worst_day": ("worst day", "percent"),
    "longest_drawdown": ("longest time below a high, days", "count"),
    "history": ("length of the history, days", "count"),
    "rolling_share_positive": ("windows up", "percent"),
    "rolling_worst": ("worst window", "percent"),
}
"""Figures of `research.evaluation`: words, and one of `formats.KINDS`."""

STEPS: Mapping[str, str] = {"raw": "by market cap", "final": "final weight"}
"""Steps of `IndexHistory.weight_steps` that are no word yet."""


def words_of(name: object) -> str:
    """What a figure is called; a name that has no words of its own is one."""
    return MEASURES[str(name)][0] if str(name) in MEASURES else str(name)


def formats_of(names: object) -> dict[str, str]:
    """Words -> format of each of the names that are figures: `row_formats` of a table of them."""
    return dict(MEASURES[str(name)] for name in list(names) if str(name) in MEASURES)  # type: ignore[call-overload]
