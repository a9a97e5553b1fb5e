"""The headline table."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research import evaluation as ev
from research.errors import DataError, DataWarning
from research.evaluation.measured_coverage import LOWEST, coverage_note
from research.evaluation.resampling.bootstrap import nested_rows
from tests.evaluation.test_traps import sample


def levels_of(count: int, seed: int = 3) -> pd.Series:
    return (1 + sample(count, seed=seed)).cumprod()


@pytest.fixture(scope="module")
def levels() -> tuple[pd.Series, pd.Series]:
    market = sample(800, seed=1)
    index = 0.8 * market + sample(800, seed=2) / 3
    return 1000 * (1 + index).cumprod(), 7 * (1 + market).cumprod()


def test_every_value_is_that_of_the_function_of_its_name(levels: tuple[pd.Series, pd.Series]) -> None:
    level, benchmark = levels
    table = ev.performance_summary(level, benchmark=benchmark, risk_free=0.04, draws=20)
    returns, market = ev.returns_from_levels(level), ev.returns_from_levels(benchmark)
    with_rate = {"sharpe_ratio", "cagr_to_volatility", "adjusted_sharpe_ratio", "martin_ratio", "beta", "jensen_alpha"}
    names = set(table.index) - {"longest_drawdown", "history"}
    for name in names:
        function = getattr(ev, name)
        options = {"risk_free": 0.04} if name in with_rate else {}
        if name == "sortino_ratio":
            options = {"minimum_acceptable_return": 0.04}
        pair = list(table.index).index(name) >= list(table.index).index("beta") and name != "current_drawdown"
        expected = function(returns, market, **options) if pair else function(returns, **options)
        assert table.loc[name, "value"] == pytest.approx(expected, rel=1e-9), name
    assert table.loc["history", "value"] == 799
    downturns = ev.drawdown_table(returns)
    open_days = (level.index[-1] - downturns["peak"]).dt.days[downturns["to"].isna()]
    closed = downturns["days_to_trough"] + downturns["days_to_recover"]
    assert table.loc["longest_drawdown", "value"] == max(closed.max(), *open_days)


def test_units_conventions_and_order(levels: tuple[pd.Series, pd.Series]) -> None:
    table = ev.performance_summary(levels[0], benchmark=levels[1], draws=20)
    assert list(table.columns) == ["value", "lower", "upper", "unit", "convention", "interval_note"]
    assert table.index[:3].tolist() == ["total_return", "cagr", "annualized_volatility"]
    assert set(table["unit"]) == {"fraction", "ratio", "days"}
    assert table["convention"].str.match(r"^[A-Z].*\.$").all()
    assert table.index.is_unique
    assert "beta" not in ev.performance_summary(levels[0], draws=20).index


def test_most_values_lie_inside_their_intervals(levels: tuple[pd.Series, pd.Series]) -> None:
    table = ev.performance_summary(levels[0], benchmark=levels[1], draws=300).dropna()
    inside = table["value"].between(table["lower"], table["upper"])
    assert inside.mean() > 0.9


def test_risk_figures_have_self_normalised_intervals_and_the_kurtosis_none(levels: tuple[pd.Series, pd.Series]) -> None:
    table = ev.performance_summary(levels[0], benchmark=levels[1], draws=20, confidence=0.9, risk_free=0.04)
    returns, market = (ev.returns_from_levels(level) for level in levels)
    for metric in (
        ev.annualized_volatility,
        ev.downside_deviation,
        ev.skewness,
        ev.value_at_risk,
        ev.expected_shortfall,
    ):
        expected = ev.self_normalised_interval(metric, returns, confidence=0.9)
        assert table.loc[metric.__name__, ["value", "lower", "upper"]].tolist() == pytest.approx(expected.tolist())
    for metric in (ev.beta, ev.correlation, ev.tracking_error, ev.up_capture, ev.down_capture):
        expected = ev.self_normalised_interval(metric, returns, market, confidence=0.9)
        assert table.loc[metric.__name__, ["value", "lower", "upper"]].tolist() == pytest.approx(expected.tolist())
    assert table.loc["excess_kurtosis", ["lower", "upper"]].isna().all()


def test_the_range_of_a_path_figure_knows_that_the_mean_is_unknown(levels: tuple[pd.Series, pd.Series]) -> None:
    returns = ev.returns_from_levels(levels[0])
    table = ev.performance_summary(levels[0], draws=1000)
    plain = ev.bootstrap_interval(lambda r: np.log1p(ev.total_return(r)), returns, draws=1000)
    nested = np.log1p(table.loc["total_return", ["lower", "upper"]].astype(float))
    # two independent errors of the same size: √2 times as wide
    assert nested["upper"] - nested["lower"] == pytest.approx(np.sqrt(2) * (plain["upper"] - plain["lower"]), rel=0.12)
    assert table.loc["total_return", "interval_note"].startswith("Range in which a fresh history")


def test_a_range_is_that_of_the_function_of_its_name_on_each_history(levels: tuple[pd.Series, pd.Series]) -> None:
    returns = ev.returns_from_levels(levels[0]).dropna()
    rate = pd.Series(np.linspace(0.0, 0.0002, len(returns)), returns.index)
    table = ev.performance_summary(levels[0], risk_free=rate, draws=30, seed=4)
    block_length = max(ev.optimal_block_length(series) for series in (returns, rate))
    rows = nested_rows(len(returns), len(returns), draws=30, block_length=block_length, seed=4)
    drawn = [(pd.Series(returns.to_numpy()[row]), pd.Series(rate.to_numpy()[row])) for row in rows]
    for metric in (ev.total_return, ev.max_drawdown, ev.ulcer_index, ev.calmar_ratio, ev.martin_ratio):
        values = [metric(own, **({"risk_free": other} if metric is ev.martin_ratio else {})) for own, other in drawn]
        expected = np.quantile(values, [0.025, 0.975]).tolist()
        assert table.loc[metric.__name__, ["lower", "upper"]].tolist() == pytest.approx(expected, rel=1e-12)


def test_an_interval_that_was_measured_to_hold_too_rarely_says_so(levels: tuple[pd.Series, pd.Series]) -> None:
    short = ev.performance_summary(levels[0].iloc[:400], draws=20)["interval_note"]
    share = LOWEST["expected_shortfall"][0]
    assert short["expected_shortfall"] == (
        f"Too narrow: in the worst of six simulated markets {share:.0f} % of such 95 % intervals held, "
        "with 250 periods."
    )
    assert short["sharpe_ratio"] == short["current_drawdown"] == ""
    assert short["excess_kurtosis"].startswith("No interval")
    assert "250 periods" in coverage_note("expected_shortfall", 499)
    assert "1,000 periods" in coverage_note("expected_shortfall", 500)
    assert coverage_note("expected_shortfall", 2500) == ""


def test_the_measured_shares_are_those_of_the_table_in_the_conventions() -> None:
    text = (Path(ev.__file__).parent / "CONVENTIONS.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.count(" / ") == 12]
    printed = {row[0]: np.array([cell.split(" / ") for cell in row[1:]], dtype=float).min(axis=0) for row in rows}
    assert {name: tuple(shares) for name, shares in printed.items()} == LOWEST
    with_interval = ev.performance_summary(levels_of(500), benchmark=levels_of(500, seed=8), draws=20).dropna()
    assert set(LOWEST) == set(with_interval.index)


def test_a_risk_free_series_is_drawn_with_the_returns(levels: tuple[pd.Series, pd.Series]) -> None:
    level = levels[0]
    rate = pd.Series(1.04 ** (1 / 365) - 1, level.index)
    number = ev.performance_summary(level, risk_free=0.04, draws=50)
    series = ev.performance_summary(level, risk_free=rate, draws=50)
    pd.testing.assert_frame_equal(number, series, rtol=1e-9)


def test_the_benchmark_may_be_longer_and_older(levels: tuple[pd.Series, pd.Series]) -> None:
    level, benchmark = levels
    cut = ev.performance_summary(level.iloc[300:], benchmark=benchmark, draws=20)
    pd.testing.assert_frame_equal(
        cut, ev.performance_summary(level.iloc[300:], benchmark=benchmark.iloc[300:], draws=20)
    )


def test_a_daily_benchmark_beside_a_weekly_level_is_read_on_the_weekly_dates(
    levels: tuple[pd.Series, pd.Series],
) -> None:
    weekly, benchmark = levels[0].iloc[::7], levels[1]
    table = ev.performance_summary(weekly, benchmark=benchmark, periods_per_year=52, draws=20)
    expected = ev.beta(ev.returns_from_levels(weekly), ev.returns_from_levels(benchmark.iloc[::7]))
    assert table.loc["beta", "value"] == pytest.approx(expected)


def test_a_level_of_zero_is_refused(levels: tuple[pd.Series, pd.Series]) -> None:
    broken = levels[0].copy()
    broken.iloc[50] = 0.0
    with pytest.raises(DataError, match="positive"):
        ev.performance_summary(broken)


def test_a_notebook_does_not_wait_for_it() -> None:
    market = sample(2500, seed=1)
    level = (1 + 0.8 * market + sample(2500, seed=2) / 3).cumprod()
    start = time.process_time()
    ev.performance_summary(level, benchmark=(1 + market).cumprod())
    assert time.process_time() - start < 4.0  # about 0.6 s on an idle core; four leave room for a busy one
    assert np.isfinite(level).all()


def test_a_history_shorter_than_a_year_is_summarised_with_a_warning() -> None:
    level = pd.Series(np.linspace(100.0, 130.0, 200), pd.date_range("2021-01-01", periods=200))
    with pytest.warns(DataWarning, match="199 periods, less than a year: its annualised figures are extrapolations"):
        ev.performance_summary(level, draws=20)


def test_a_level_without_a_value_is_refused() -> None:
    level = pd.Series(np.nan, pd.date_range("2021-01-01", periods=30))
    with pytest.raises(DataError, match=r"level: no value in 30 rows\. Check"):
        ev.performance_summary(level, draws=20)


@pytest.mark.parametrize("years", [20, -20])
def test_a_benchmark_of_other_years_is_refused(levels: tuple[pd.Series, pd.Series], years: int) -> None:
    level, benchmark = levels
    elsewhere = benchmark.set_axis(benchmark.index + pd.DateOffset(years=years))
    with pytest.raises(DataError, match=r"benchmark: it has no return in the 799 periods of the level, .*overlap"):
        ev.performance_summary(level, benchmark=elsewhere, draws=20)


def test_the_values_alone_are_those_of_the_summary() -> None:
    level = pd.Series(100 * (1 + sample()).cumprod(), name="x")
    values = ev.performance_values(level, risk_free=0.02, periods_per_year=365)
    whole = ev.performance_summary(level, risk_free=0.02, draws=20)["value"]
    pd.testing.assert_series_equal(values, whole, check_names=False)
    assert values.name == "x"
