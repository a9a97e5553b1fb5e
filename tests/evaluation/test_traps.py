"""The known traps of tear-sheet libraries: each test would fail for a library that falls into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError, DataWarning

Metric = Callable[[Any], Any]

OWN: dict[str, Metric] = {
    name: getattr(ev, name)
    for name in [
        "total_return",
        "cagr",
        "annualized_volatility",
        "downside_deviation",
        "semi_deviation",
        "sharpe_ratio",
        "cagr_to_volatility",
        "adjusted_sharpe_ratio",
        "sortino_ratio",
        "omega_ratio",
        "calmar_ratio",
        "ulcer_index",
        "martin_ratio",
        "skewness",
        "excess_kurtosis",
        "value_at_risk",
        "expected_shortfall",
        "tail_ratio",
        "max_drawdown",
        "current_drawdown",
        "share_positive",
        "probabilistic_sharpe",
        "minimum_track_record",
    ]
}
RELATIVE: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(ev, name)
    for name in [
        "beta",
        "up_beta",
        "down_beta",
        "correlation",
        "r_squared",
        "jensen_alpha",
        "active_return",
        "tracking_error",
        "information_ratio",
        "batting_average",
        "up_capture",
        "down_capture",
        "years_to_distinguish",
    ]
}
ROLLING = {
    name: getattr(ev, name) for name in ["rolling_returns", "rolling_volatility", "rolling_sharpe", "rolling_summary"]
}


def sample(count: int = 400, seed: int = 3, start: str = "2020-01-01") -> pd.Series:
    values = np.random.default_rng(seed).normal(0.001, 0.03, count)
    return pd.Series(values, pd.date_range(start, periods=count), name="index")


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_very_short_series_gives_a_finite_number_or_nan_and_no_warning(name: str, length: int) -> None:
    value = OWN[name](sample(length))
    assert isinstance(value, float)
    assert not np.isinf(value)
    if length == 0:
        assert np.isnan(value)


@pytest.mark.parametrize("name", RELATIVE)
@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_very_short_pair_gives_a_finite_number_or_nan_and_no_warning(name: str, length: int) -> None:
    value = RELATIVE[name](sample(length), sample(length, seed=4))
    assert isinstance(value, float)
    assert not np.isinf(value)
    if length == 0:
        assert np.isnan(value)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_tables_of_a_very_short_series_exist(length: int) -> None:
    returns = sample(length)
    assert len(ev.period_returns(returns)) == 11
    assert len(ev.drawdown_table(returns)) <= length
    assert len(ev.calendar_table(returns)) == min(length, 1)
    assert len(ev.market_cycles(returns)) <= 1
    assert ev.find_red_flags(returns, benchmark=returns).empty
    assert ev.expectations(returns).isna().all().all()
    assert ev.forecast_record(returns).empty
    summary = ev.performance_summary(100 * (1 + returns).cumprod(), benchmark=100 * (1 + returns).cumprod())
    assert summary[["lower", "upper"]].isna().all().all()


@pytest.mark.parametrize("value", [0.0, 0.001, -0.001])
def test_constant_returns_have_no_sharpe_ratio(value: float) -> None:
    constant = pd.Series(value, pd.date_range("2021-01-01", periods=300))
    for name in ["sharpe_ratio", "cagr_to_volatility", "adjusted_sharpe_ratio", "skewness", "excess_kurtosis"]:
        assert np.isnan(OWN[name](constant)), name
    assert np.isnan(ev.sharpe_ratio(constant, risk_free=0.02))
    assert ev.annualized_volatility(constant) == 0.0
    assert ev.rolling_sharpe(constant, 30).isna().all()
    assert np.isnan(ev.probabilistic_sharpe(constant))
    assert np.isnan(ev.beta(sample(300), constant.set_axis(sample(300).index)))
    if value >= 0:
        assert ev.max_drawdown(constant) == 0.0
        assert np.isnan(ev.calmar_ratio(constant))
        assert np.isnan(ev.sortino_ratio(constant))
        assert np.isnan(ev.omega_ratio(constant))


def test_prices_below_one_are_prices() -> None:
    level = (1 + sample()).cumprod()
    dear = ev.performance_summary(level * 1000, draws=20)
    cheap = ev.performance_summary(level * 0.0001, draws=20)
    pd.testing.assert_frame_equal(dear, cheap, rtol=1e-9)


def test_a_fall_on_the_first_day_is_a_drawdown() -> None:
    returns = pd.Series([-0.3, 0.1, 0.1], pd.date_range("2021-01-01", periods=3))
    assert ev.max_drawdown(returns) == pytest.approx(-0.3)
    assert ev.drawdown_series(returns).iloc[0] == pytest.approx(-0.3)
    first = ev.drawdown_table(returns).iloc[0]
    assert first["from"] == returns.index[0]
    assert first["peak"] == pd.Timestamp("2020-12-31")


def test_a_late_starting_series_beside_an_old_one_keeps_both_histories() -> None:
    old, late = sample(400), sample(400, seed=9)
    late.iloc[:250] = np.nan
    frame = pd.DataFrame({"old": old, "late": late})
    for name, metric in OWN.items():
        together = metric(frame)
        assert together["old"] == pytest.approx(metric(old), nan_ok=True, rel=1e-12), name
        assert together["late"] == pytest.approx(metric(late.iloc[250:]), nan_ok=True, rel=1e-12), name
    assert ev.drawdown_series(frame)["late"].iloc[:250].isna().all()
    assert ev.rolling_returns(frame, 100)["late"].first_valid_index() == frame.index[349]


def test_a_benchmark_with_a_gap_is_refused_naming_the_day() -> None:
    returns, benchmark = sample(), sample(seed=5)
    holed = benchmark.drop(benchmark.index[200])
    for name, metric in RELATIVE.items():
        with pytest.raises(DataError, match="2020-07-19"):
            metric(returns, holed)
        assert np.isfinite(metric(returns, benchmark)), name
    with pytest.raises(DataError, match="2020-07-19"):
        ev.bootstrap_interval(ev.beta, returns, benchmark=holed)
    with pytest.raises(DataError, match="2020-07-19"):
        ev.performance_summary((1 + returns).cumprod(), benchmark=(1 + holed).cumprod())


def test_a_gap_of_the_benchmark_outside_the_history_does_no_harm() -> None:
    benchmark = sample(seed=5)
    returns = sample().mask(sample().index < "2020-09-01")
    holed = benchmark.drop(benchmark.index[100])
    assert ev.beta(returns, holed) == ev.beta(returns, benchmark)


@pytest.mark.parametrize("name", RELATIVE)
def test_figures_against_a_shorter_benchmark_use_the_common_history(name: str) -> None:
    returns, benchmark = sample(), sample(seed=5)
    part = slice(50, 300)
    expected = RELATIVE[name](returns.iloc[part], benchmark.iloc[part])
    assert RELATIVE[name](returns, benchmark.iloc[part]) == pytest.approx(expected, rel=1e-12)
    together = RELATIVE[name](pd.DataFrame({"long": returns, "short": returns.iloc[100:]}), benchmark.iloc[part])
    assert together["long"] == pytest.approx(expected, rel=1e-12)
    assert together["short"] == pytest.approx(RELATIVE[name](returns.iloc[100:300], benchmark.iloc[100:300]), rel=1e-12)


def test_a_gap_inside_a_history_is_refused_naming_column_and_day() -> None:
    frame = pd.DataFrame({"a": sample(), "b": sample(seed=6)})
    frame.iloc[100, 1] = np.nan
    with pytest.raises(DataError, match=r"'b'.*2020-04-10"):
        ev.sharpe_ratio(frame)
    with pytest.raises(DataError, match=r"levels.*2020-04-10"):
        ev.returns_from_levels((1 + frame).cumprod().assign(b=lambda t: t["b"].where(t.index != frame.index[100])))


def test_an_infinite_return_is_refused() -> None:
    returns = sample()
    returns.iloc[0] = np.inf
    with pytest.raises(DataError, match="inf"):
        ev.sharpe_ratio(returns)


def test_levels_that_are_zero_or_negative_are_refused() -> None:
    with pytest.raises(DataError, match="positive"):
        ev.returns_from_levels(pd.Series([1.0, 0.0, 1.0]))


def test_prices_passed_as_returns_are_refused_where_they_cannot_be_returns() -> None:
    with pytest.raises(DataError, match="below −100 %"):
        ev.total_return(pd.Series([5.0, -4.0]))


def test_periods_per_year_is_an_argument() -> None:
    returns = sample()
    ratio = ev.annualized_volatility(returns) / ev.annualized_volatility(returns, periods_per_year=1)
    assert ratio == pytest.approx(np.sqrt(365))
    weekly = sample(52).set_axis(pd.date_range("2020-01-05", periods=52, freq="W"))
    assert ev.cagr(weekly, periods_per_year=52) == pytest.approx(ev.total_return(weekly))
    for wrong in (0, -1, np.nan):
        with pytest.raises(DataError, match="periods_per_year"):
            ev.sharpe_ratio(returns, periods_per_year=wrong)


def test_all_negative_returns() -> None:
    falling = -sample().abs() - 0.001
    assert ev.total_return(falling) < 0
    assert ev.omega_ratio(falling) == 0.0
    assert ev.share_positive(falling) == 0.0
    assert ev.sortino_ratio(falling) < 0
    assert ev.calmar_ratio(falling) >= -1.0
    assert ev.max_drawdown(falling) == pytest.approx(ev.total_return(falling))
    assert np.isnan(ev.up_capture(sample(), falling))
    assert np.isnan(ev.minimum_track_record(falling))


def test_a_total_loss_stays_a_total_loss() -> None:
    returns = pd.Series([0.1, -1.0, 0.5], pd.date_range("2021-01-01", periods=3))
    assert ev.total_return(returns) == -1.0
    assert ev.cagr(returns) == -1.0
    assert ev.max_drawdown(returns) == -1.0
    assert np.isnan(ev.rolling_returns(returns, 1).iloc[2])  # from nothing, no return


def test_a_rolling_window_longer_than_the_history_is_missing() -> None:
    assert ev.rolling_returns(sample(300), 365).isna().all()
    assert ev.rolling_summary(sample(300), 365)["windows"] == 0


def test_a_benchmark_that_starts_later_is_said() -> None:
    level, benchmark = (1 + sample()).cumprod(), (1 + sample(seed=8)).cumprod()
    with pytest.warns(DataWarning, match="299 of the 399"):
        ev.performance_summary(level, benchmark=benchmark.iloc[100:], draws=20)


def test_unknown_methods_are_refused_with_a_suggestion() -> None:
    with pytest.raises(DataError, match="did you mean 'historical'"):
        ev.value_at_risk(sample(), method="historicl")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="did you mean 'geometric'"):
        ev.up_capture(sample(), sample(), method="geometrical")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="did you mean 'holm'"):
        ev.adjust_pvalues([0.1], method="holms")


def test_things_that_are_no_series_are_refused() -> None:
    with pytest.raises(DataError, match="expected a pandas Series or DataFrame, found list"):
        ev.sharpe_ratio([0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(DataError, match="increasing order"):
        ev.sharpe_ratio(sample().iloc[::-1])
    with pytest.raises(DataError, match="expected numbers"):
        ev.sharpe_ratio(pd.Series(["a", "b"]))
    with pytest.raises(DataError, match="columns of the returns"):
        ev.beta(pd.DataFrame({"a": sample()}), pd.DataFrame({"b": sample()}))
