"""Missing rows are never silent: the spacing of the dates belongs to `periods_per_year`, two series to one calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.test_traps import sample

YEARS = 4
DAILY = pd.date_range("2020-01-01", "2023-12-31")
LEVEL = pd.Series(100 * 1.73 ** (np.arange(len(DAILY)) / 365.25), DAILY)  # 73 % a calendar year
ANNUAL = [
    ev.cagr,
    ev.annualized_volatility,
    ev.ewma_volatility,
    ev.downside_deviation,
    ev.semi_deviation,
    ev.sharpe_ratio,
    ev.cagr_to_volatility,
    ev.adjusted_sharpe_ratio,
    ev.sortino_ratio,
    ev.calmar_ratio,
    ev.martin_ratio,
    ev.rolling_volatility,
    ev.rolling_sharpe,
    ev.probabilistic_sharpe,
    ev.alpha_test,
    ev.find_red_flags,
    lambda r: ev.omega_ratio(r, threshold=0.05),
    lambda r: ev.period_returns(r, annualized=True),
    lambda r: ev.tracking_error(r, r),
    lambda r: ev.information_ratio(r, r),
    lambda r: ev.active_return(r, r),
    lambda r: ev.jensen_alpha(r, r),
    lambda r: ev.rolling_tracking_error(r, r),
    lambda r: ev.years_to_distinguish(r, r),
    lambda r: ev.performance_by_regime(r, ev.trend_regimes(r)),
    lambda r: ev.match_profile(r.to_frame()),
]


def weekdays(level: pd.Series) -> pd.Series:
    return level[pd.DatetimeIndex(level.index).day_of_week < 5]


@pytest.mark.parametrize("figure", ANNUAL)
def test_weekdays_are_not_annualised_as_a_daily_calendar(figure) -> None:  # type: ignore[no-untyped-def]
    returns = ev.returns_from_levels(weekdays((1 + sample(1200)).cumprod()))
    with pytest.raises(DataError, match=r"are 26\d\.?\d* a calendar year, but periods_per_year is 365"):
        figure(returns)


def test_the_cagr_of_weekdays_is_that_of_the_calendar_with_either_convention() -> None:
    returns = ev.returns_from_levels(weekdays(LEVEL))
    with pytest.raises(DataError, match="periods_per_year is 365"):  # it was 115 % a year
        ev.cagr(returns)
    assert ev.cagr(returns, periods_per_year=365.25 * 5 / 7) == pytest.approx(0.73, abs=2e-3)
    assert ev.cagr(returns, periods_per_year=252) == pytest.approx(0.73, abs=0.04)


@pytest.mark.parametrize("missing", [1, 3, 100])
def test_a_hole_is_refused_naming_its_days(missing: int) -> None:
    returns = ev.returns_from_levels(LEVEL.drop(DAILY[500 : 500 + missing]))
    with pytest.raises(DataError, match=f"from {DAILY[499].date()} to {DAILY[500 + missing].date()}"):
        ev.cagr(returns)
    assert ev.total_return(returns) == pytest.approx(LEVEL.iloc[-1] / LEVEL.iloc[0] - 1)  # needs no calendar
    assert np.isfinite(ev.cagr(returns.reset_index(drop=True)))  # the way to insist


@pytest.mark.parametrize(
    ("frequency", "periods_per_year"),
    [
        *[("D", 365), ("D", 365.25), ("D", 360), ("B", 252), ("B", 261), ("h", 8760), ("W", 52), ("2W", 26)],
        *[("ME", 12), ("BME", 12), ("MS", 12), ("QE", 4), ("YE", 1)],
    ],
)
@pytest.mark.parametrize("count", [2, 3, 40])
def test_regular_spacings_are_taken_with_their_own_number(frequency: str, periods_per_year: float, count: int) -> None:
    dates = pd.date_range("2020-01-03", periods=count, freq=frequency)
    returns = pd.Series(np.random.default_rng(1).normal(0, 0.01, count), dates)
    assert ev.annualized_volatility(returns, periods_per_year=periods_per_year) == pytest.approx(
        returns.std() * np.sqrt(periods_per_year)
    )


def test_the_holidays_of_an_exchange_are_no_hole() -> None:
    closed = pd.DatetimeIndex(["2020-12-25", "2020-12-28", "2020-12-29", "2020-12-30"])
    returns = ev.returns_from_levels(weekdays(LEVEL).drop(closed))
    assert np.isfinite(ev.sharpe_ratio(returns, periods_per_year=252))


def test_one_period_a_year_leaves_figures_per_period_whatever_the_dates() -> None:
    returns = ev.returns_from_levels(weekdays(LEVEL))
    assert ev.annualized_volatility(returns, periods_per_year=1) == pytest.approx(returns.std())


def test_daily_time_zones_with_summer_time_are_daily() -> None:
    returns = sample(400).tz_localize("Europe/Zurich")
    assert ev.cagr(returns) == pytest.approx(ev.cagr(sample(400)))


PAIRS = {name: getattr(ev, name) for name in ["beta", "correlation", "up_capture", "batting_average", "rolling_beta"]}
PAIRS |= {name: getattr(ev, name) for name in ["tracking_error", "alpha_test", "find_red_flags", "calendar_table"]}
PAIRS["worst_periods"] = lambda r, benchmark: ev.worst_periods(r, benchmark=benchmark)
PAIRS["bootstrap_interval"] = lambda r, benchmark: ev.bootstrap_interval(ev.beta, r, benchmark=benchmark, draws=10)
WITH_Q = {"tracking_error", "alpha_test", "find_red_flags"}


@pytest.mark.parametrize("name", PAIRS)
def test_three_day_returns_are_not_paired_with_one_day_returns(name: str) -> None:
    market = (1 + sample(800)).cumprod()
    returns, benchmark = ev.returns_from_levels(weekdays(market**0.5)), ev.returns_from_levels(market)
    options = {"periods_per_year": 252} if name in WITH_Q else {}
    with pytest.raises(DataError, match="values on dates that the returns lack, the first on 2020-01-04"):
        PAIRS[name](returns, benchmark=benchmark, **options)
    PAIRS[name](returns, benchmark=ev.returns_from_levels(weekdays(market)), **options)


def test_levels_of_a_daily_benchmark_are_read_on_the_weekdays_of_the_index() -> None:
    market = (1 + sample(800)).cumprod()
    level = weekdays(market**0.5)
    table = ev.performance_summary(level, benchmark=market, periods_per_year=252, draws=20)
    expected = ev.beta(ev.returns_from_levels(level), ev.returns_from_levels(weekdays(market)))
    assert table.loc["beta", "value"] == pytest.approx(expected)


def test_a_rate_with_dates_of_its_own_is_refused() -> None:
    rate = pd.Series(1e-4, sample(800).index)
    returns = ev.returns_from_levels(weekdays((1 + sample(800)).cumprod()))
    for figure in (ev.sharpe_ratio, ev.alpha_test, ev.martin_ratio):
        with pytest.raises(DataError, match="dates that the returns lack"):
            figure(returns, risk_free=rate, periods_per_year=252)


@pytest.mark.parametrize("other", ["2020 with a time zone", "row numbers", "texts"])
def test_two_series_have_one_kind_of_rows(other: str) -> None:
    returns, benchmark = sample(), sample(seed=5)
    if other == "2020 with a time zone":
        benchmark = benchmark.tz_localize("UTC")
    else:
        benchmark = benchmark.reset_index(drop=True)
        benchmark = benchmark.set_axis(benchmark.index.map(lambda row: f"{row:03d}")) if other == "texts" else benchmark
    for figure in (ev.beta, ev.tracking_error, ev.alpha_test):
        with pytest.raises(DataError, match="same kind of rows"):
            figure(returns, benchmark)
    with pytest.raises(DataError, match="same kind of rows"):
        ev.performance_summary((1 + returns).cumprod(), benchmark=(1 + benchmark).cumprod())
