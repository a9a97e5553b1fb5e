"""Numbers meant in per cent, and numbers that are none, are refused in words; what is not defined is NaN, quietly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.test_traps import sample

R = sample()
NO_NUMBERS = [np.nan, np.inf, -np.inf, True, None, "0.04", 10**400]
PER_CENT: dict[str, tuple[Callable[[Any], Any], float, str]] = {
    "risk_free": (lambda x: ev.sharpe_ratio(R, risk_free=x), 4, r"risk_free = 4: .* 0\.04 is 4 %"),
    "risk_free of a test": (lambda x: ev.alpha_test(R, risk_free=x), 4, r"0\.04 is 4 %"),
    "risk_free of flags": (lambda x: ev.find_red_flags(R, risk_free=x), 4, r"0\.04 is 4 %"),
    "risk_free of the table": (lambda x: ev.performance_summary(1 + R.abs(), risk_free=x), 4, r"0\.04 is 4 %"),
    "required return": (
        lambda x: ev.sortino_ratio(R, minimum_acceptable_return=x),
        5,
        r"minimum_acceptable_return = 5: .* 0\.05 is 5 %",
    ),
    "threshold": (lambda x: ev.omega_ratio(R, threshold=x), 10, r"threshold = 10: .* 0\.1 is 10 %"),
    "threshold of a trend": (lambda x: ev.trend_regimes(R, threshold=x), 20, r"threshold = 20: .* 0\.2 is 20 %"),
    "fall": (lambda x: ev.market_cycles(R, fall=x), 50, r"fall = 50: .* 0\.5 is 50 %"),
    "rise": (lambda x: ev.market_cycles(R, rise=x), 100, r"rise = 100: .* 1 is 100 %"),
    "confidence": (lambda x: ev.value_at_risk(R, confidence=x), 95, r"confidence = 95: .* 0\.95 is 95 %"),
    "confidence of an interval": (lambda x: ev.bootstrap_interval(ev.cagr, R, confidence=x), 95, r"0\.95 is 95 %"),
    "confidence of a record": (lambda x: ev.minimum_track_record(R, confidence=x), 95, r"0\.95 is 95 %"),
    "power": (lambda x: ev.years_to_distinguish(R, R, power=x), 80, r"power = 80: .* 0\.8 is 80 %"),
    "coverage": (lambda x: ev.forecast_record(R, coverage=x), 90, r"coverage = 90: .* 0\.9 is 90 %"),
    "quantiles": (lambda x: ev.expectations(R, quantiles=[x]), 5, r"quantiles = 5: .* 0\.05 is 5 %"),
}


@pytest.mark.parametrize("name", PER_CENT)
def test_a_fraction_given_in_per_cent_is_refused_saying_how_it_is_written(name: str) -> None:
    figure, value, message = PER_CENT[name]
    with pytest.raises(DataError, match=message):
        figure(value)


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("name", PER_CENT)
def test_what_is_no_finite_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(DataError, match="expected"):
        PER_CENT[name][0](value)


COUNTS: dict[str, Callable[[Any], Any]] = {
    "window": lambda x: ev.rolling_returns(R, x),
    "count": lambda x: ev.worst_periods(R, count=x),
    "top": lambda x: ev.drawdown_table(R, top=-1 if x is None else x),
    "lag": lambda x: ev.performance_by_regime(R, ev.trend_regimes(R), lag=x),
    "draws": lambda x: ev.bootstrap_interval(ev.cagr, R, draws=x),
    "seed": lambda x: ev.bootstrap_interval(ev.cagr, R, draws=5, seed=x),
    "horizons": lambda x: ev.expectations(R, horizons=[x]),
    "step": lambda x: ev.forecast_record(R, step=x),
    "minimum_history": lambda x: ev.match_profile(R.to_frame(), minimum_history=x),
    "blocks": lambda x: ev.overfitting_splits(pd.DataFrame({"a": R, "b": -R}), blocks=x),
    "trials": lambda x: ev.expected_maximum_sharpe(x, 1.0),
    "lags": lambda x: ev.alpha_test(R, lags=-1 if x is None else x),
}


@pytest.mark.parametrize("value", [*NO_NUMBERS[:-1], 2.5, -1, -(10**400)])
@pytest.mark.parametrize("name", COUNTS)
def test_a_count_is_a_whole_number_within_bounds(name: str, value: Any) -> None:
    with pytest.raises(DataError, match=f"{name}.*expected"):
        COUNTS[name](value)


@pytest.mark.parametrize("frequency", ["D", "W"])
def test_a_series_of_annual_rates_is_not_taken_for_rates_per_period(frequency: str) -> None:
    dates = pd.date_range("2020-01-05", periods=300, freq=frequency)
    returns = R.iloc[:300].set_axis(dates)
    options = {"periods_per_year": {"D": 365, "W": 52}[frequency]}
    with pytest.raises(DataError, match="over 100 % a year when they are rates per period"):
        ev.sharpe_ratio(returns, risk_free=pd.Series(0.04, dates), **options)
    per_period = 1.04 ** (1 / options["periods_per_year"]) - 1
    assert ev.sharpe_ratio(returns, risk_free=pd.Series(per_period, dates), **options) == pytest.approx(
        ev.sharpe_ratio(returns, risk_free=0.04, **options)
    )


@pytest.mark.parametrize("value", [-0.99, -0.005, 0.0, 0.9])
def test_every_thinkable_annual_rate_is_taken(value: float) -> None:
    assert np.isfinite(ev.sharpe_ratio(R, risk_free=value))


def test_a_frame_for_a_benchmark_is_refused_in_words() -> None:
    frame = (1 + R.to_frame()).cumprod()
    with pytest.raises(DataError, match="benchmark: expected one pandas Series, found DataFrame"):
        ev.performance_summary(frame["index"], benchmark=frame)  # type: ignore[arg-type]


def test_texts_and_truth_values_are_no_returns() -> None:
    for values in (["0.1", "0.2"], [True, False], pd.array([True, None]), [1j, 0j], [b"1", b"2"], [[1], [2]]):
        with pytest.raises(DataError, match="expected numbers"):
            ev.cagr(pd.Series(values))
    with pytest.raises(DataError, match="expected numbers"):
        ev.cagr(pd.Series([0.1, True], dtype=object))
    assert ev.total_return(pd.Series([0.1, None], dtype=object)) == pytest.approx(0.1)


def total_loss() -> pd.Series:
    returns = R.copy()
    returns.iloc[200] = -1.0
    return returns


def test_figures_after_a_total_loss_are_defined_without_a_warning() -> None:
    lost = total_loss()
    assert ev.cagr_to_volatility(lost, risk_free=0.04) == pytest.approx(-1 / ev.annualized_volatility(lost))
    assert ev.calmar_ratio(lost) == -1.0
    assert ev.jensen_alpha(lost, R, method="geometric", risk_free=0.04) < 0
    assert ev.martin_ratio(lost, risk_free=0.04) < 0
    assert ev.expectations(lost, draws=50).notna().all().all()
    assert len(ev.market_cycles(lost)) >= 1
    ev.find_red_flags(pd.concat([lost] * 3).set_axis(pd.date_range("2020-01-01", periods=1200)))
    assert ev.drawdown_table(lost)["depth"].min() == -1.0
    assert ev.period_returns(lost)["SI"] == -1.0


@pytest.mark.parametrize("constant", [0.0, 0.001, -0.001])
def test_figures_of_constant_returns_are_defined_without_a_warning(constant: float) -> None:
    flat = pd.Series(constant, pd.date_range("2018-01-01", periods=1500))
    market = sample(1500, start="2018-01-01")
    assert ev.find_red_flags(flat, benchmark=market).empty
    ev.find_red_flags(market, benchmark=flat)
    stopped = market.copy()
    stopped.iloc[-400:] = constant  # a market that no longer moves
    ev.find_red_flags(stopped, benchmark=market)
    assert ev.alpha_test(flat, market)[["alpha", "t_statistic"]].isna().all()
    assert ev.bootstrap_interval(ev.sharpe_ratio, flat, draws=20).isna().all()
    assert np.isnan(ev.information_ratio(flat, flat))


def test_a_series_against_itself_has_no_alpha_and_no_warning() -> None:
    result = ev.alpha_test(R, R)
    assert result["alpha"] == pytest.approx(0.0, abs=1e-12)
    assert not np.isinf(result).any()


def test_a_figure_too_large_for_a_number_is_missing() -> None:
    assert np.isnan(ev.cagr(pd.Series([10.0], pd.date_range("2020-01-01", periods=1))))
    with pytest.raises(DataError, match="too large for a number"):
        ev.total_return(pd.Series([-0.5] + [1e20] * 20))
    with pytest.raises(DataError, match="numbers beyond 1e\\+30"):
        ev.total_return(pd.Series([0.1, 1e40]))
