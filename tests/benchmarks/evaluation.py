"""Evaluation against its peers on the same seeded returns; every ratio is theirs / ours, measured in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import empyrical
import numpy as np
import pandas as pd

from research import evaluation as ev

DAYS, SERIES, YEAR = 3650, 100, 365
OWN = [
    *["total_return", "cagr", "annualized_volatility", "downside_deviation", "semi_deviation", "sharpe_ratio"],
    *["cagr_to_volatility", "adjusted_sharpe_ratio", "sortino_ratio", "omega_ratio", "calmar_ratio", "ulcer_index"],
    *["martin_ratio", "skewness", "excess_kurtosis", "value_at_risk", "expected_shortfall", "tail_ratio"],
    *["max_drawdown", "current_drawdown", "share_positive", "probabilistic_sharpe", "minimum_track_record"],
]
AGAINST = [
    *["beta", "up_beta", "down_beta", "correlation", "jensen_alpha", "active_return", "tracking_error"],
    *["information_ratio", "batting_average", "up_capture", "down_capture"],
]
PEER_OWN = [
    *[
        "cum_returns_final",
        "cagr",
        "annual_volatility",
        "downside_risk",
        "sharpe_ratio",
        "sortino_ratio",
        "omega_ratio",
    ],
    *["calmar_ratio", "max_drawdown", "value_at_risk", "conditional_value_at_risk", "tail_ratio"],
]
PEER_AGAINST = ["beta", "alpha", "up_capture", "down_capture"]
BOOTSTRAPPED = OWN[:13] + AGAINST[:7]  # twenty


def seeded_returns(days: int = DAYS, series: int = SERIES, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    """Returns of many series that move with one benchmark, and that benchmark."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2014-01-01", periods=days)
    market = rng.normal(0.001, 0.03, days)
    noise = rng.normal(0.0, 0.02, (days, series))
    frame = pd.DataFrame(0.9 * market[:, None] + noise, index, [f"series {i}" for i in range(series)])
    return frame, pd.Series(market, index)


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Processor seconds of the fastest of a few runs: everything here has one thread, and the machine may be busy."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def all_metrics() -> dict[str, Any]:
    """All metrics for 100 series x 3,650 days against an empyrical-reloaded loop over fewer metrics."""
    returns, market = seeded_returns()

    def ours() -> None:
        for name in OWN:
            getattr(ev, name)(returns)
        for name in AGAINST:
            getattr(ev, name)(returns, market)

    def theirs() -> None:
        for column in returns.columns:
            for name in PEER_OWN:
                getattr(empyrical, name)(returns[column])
            for name in PEER_AGAINST:
                getattr(empyrical, name)(returns[column], market)

    note = f"{len(OWN) + len(AGAINST)} metrics against {len(PEER_OWN) + len(PEER_AGAINST)}"
    return _row("all metrics, 100 x 3650", seconds(ours), seconds(theirs, 1), note)


def rolling() -> dict[str, Any]:
    """Rolling one-year return and Sharpe ratio of 100 series against plain pandas; the same numbers come out."""
    returns, _ = seeded_returns()

    def ours() -> tuple[pd.DataFrame, pd.DataFrame]:
        return ev.rolling_returns(returns, YEAR), ev.rolling_sharpe(returns, YEAR)

    def theirs() -> tuple[pd.DataFrame, pd.DataFrame]:
        level = (1 + returns).cumprod()
        window = returns.rolling(YEAR)
        return level / level.shift(YEAR) - 1, window.mean() / window.std() * np.sqrt(YEAR)

    for own, other in zip(ours(), theirs(), strict=True):
        pd.testing.assert_frame_equal(own.iloc[YEAR:], other.iloc[YEAR:], rtol=1e-8, atol=1e-8)
    return _row(
        "rolling year: return and Sharpe", seconds(ours), seconds(theirs), "same numbers as plain pandas; within 3"
    )


def bootstrap() -> dict[str, Any]:
    """2,000 draws for 20 metrics on 3,650 days against the same metrics called draw by draw (measured on 50)."""
    returns, market = seeded_returns(series=1)
    own = returns.iloc[:, 0]
    metrics = {name: getattr(ev, name) if name in AGAINST else _alone(getattr(ev, name)) for name in BOOTSTRAPPED}
    rng = np.random.default_rng(0)

    def ours() -> None:
        ev.bootstrap_intervals(metrics, own, benchmark=market, draws=2000)

    def one_by_one() -> None:
        for _ in range(50):
            rows = rng.integers(0, DAYS, DAYS)
            drawn, other = (pd.Series(x.to_numpy()[rows]) for x in (own, market))
            for metric in metrics.values():
                metric(drawn, other)

    note = "20 metrics x 2000 draws x 3650 days; peer: one draw after another, 50 draws times 40"
    return _row("bootstrap", seconds(ours, 1), 40 * seconds(one_by_one, 1), note)


def tables() -> list[dict[str, Any]]:
    """What a frame of 500 series asks for at once, against one groupby of the same data by month."""
    returns, market = seeded_returns(series=500)
    one = returns.iloc[:, 0]
    months = pd.DatetimeIndex(returns.index).to_period("M")
    works: dict[str, Callable[[], object]] = {
        "resample_returns, monthly": lambda: ev.resample_returns(returns, "monthly"),
        "resample_returns, weekly": lambda: ev.resample_returns(returns, "weekly"),
        "period_returns": lambda: ev.period_returns(returns),
        "alpha_test": lambda: ev.alpha_test(returns, market),
        "forecast_record, one series": lambda: ev.forecast_record(one),
    }
    peer = seconds(lambda: (1 + returns).groupby(months).prod() - 1)
    note = "500 x 3650; peer: one pandas groupby of the same data"
    return [_row(name, seconds(work), peer, note) for name, work in works.items()]


def over_fitting() -> dict[str, Any]:
    """The probability of over-fitting with 20 blocks against that with 18, which has a quarter of the splits."""
    trials, _ = seeded_returns(days=2500, series=50)
    ours, theirs = (seconds(lambda b=b: ev.probability_of_backtest_overfitting(trials, blocks=b)) for b in (20, 18))
    return _row("probability of over-fitting, 20 blocks", ours, theirs, "50 x 2500; peer: with 18 blocks")


def summary() -> dict[str, Any]:
    """`performance_summary` with intervals on 2,500 days and a benchmark, against one second."""
    returns, market = seeded_returns(days=2500, series=1)
    level, benchmark = (1 + returns.iloc[:, 0]).cumprod(), (1 + market).cumprod()
    taken = seconds(lambda: ev.performance_summary(level, benchmark=benchmark))
    return _row("performance_summary, 2500 days", taken, 1.0, "peer: the second that a notebook's reader waits")


def _alone(metric: Callable[..., Any]) -> Callable[..., Any]:
    """A metric of the returns alone, where a metric of returns and benchmark is called."""
    return lambda returns, _: metric(returns)


def _row(name: str, ours: float, theirs: float, note: str) -> dict[str, Any]:
    return {"name": name, "ours_seconds": ours, "peer_seconds": theirs, "ratio": theirs / ours, "note": note}


def run() -> list[dict[str, Any]]:
    """Every benchmark of this module."""
    return [all_metrics(), rolling(), bootstrap(), *tables(), over_fitting(), summary()]
