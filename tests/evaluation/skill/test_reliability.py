"""Reliability of forecasts, and Lo's error and annualisation of the Sharpe ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.evaluation import forecast_record, forecast_reliability, sharpe_error, sharpe_ratio


def two_points(ratio: float, count: int) -> pd.Series:
    """Returns of two sizes with exactly this ratio of mean to deviation (n − 1)."""
    values = np.where(np.arange(count) % 2, 1.0, -1.0)
    return pd.Series((values / values.std(ddof=1) + ratio) * 0.01)


@pytest.mark.parametrize(
    ("ratio", "count", "error"), [(0.5, 12, 0.306), (0.5, 60, 0.137), (1.0, 60, 0.158), (1.5, 24, 0.298)]
)
def test_the_error_of_independent_returns_is_that_of_los_table(ratio: float, count: int, error: float) -> None:
    """√((1 + SR²/2) / T), Lo (2002), equation 9 and table 1."""
    found = sharpe_error(two_points(ratio, count), periods_per_year=1)
    assert found["error_independent"] == pytest.approx(error, abs=5e-4)
    assert found["sharpe_ratio"] == pytest.approx(ratio)


def test_the_factor_of_two_periods_has_a_closed_form() -> None:
    values = np.random.default_rng(0).normal(0.001, 0.02, 300)
    returns = pd.Series(values[1:] + 0.3 * values[:-1])
    found = sharpe_error(returns, periods_per_year=2, lags=1)
    assert found["factor"] == pytest.approx(2 / np.sqrt(2 + 2 * found["autocorrelation"]))
    assert found["annualized"] < found["sharpe_ratio"]  # returns that follow each other add up to more risk
    assert found["sharpe_ratio"] == pytest.approx(sharpe_ratio(returns, periods_per_year=2))


def test_without_lags_the_factor_is_the_square_root() -> None:
    found = sharpe_error(two_points(0.1, 400), periods_per_year=365, lags=0)
    assert found["factor"] == pytest.approx(np.sqrt(365))
    assert found["annualized"] == pytest.approx(found["sharpe_ratio"])


def test_intervals_of_the_sharpe_ratio_hold_with_autocorrelation() -> None:
    """AR(1) with coefficient 0.3, fixed seed: the plain error is far too small, the robust one is not."""
    rng = np.random.default_rng(1)
    shocks = rng.normal(0, 0.02, (1050, 300))
    for row in range(1, 1050):
        shocks[row] += 0.3 * shocks[row - 1]
    truth = 0.001 / (0.02 / np.sqrt(1 - 0.09))
    rows = [sharpe_error(pd.Series(0.001 + shocks[50:, run]), periods_per_year=1) for run in range(300)]
    plain, robust = (
        np.mean([abs(row["sharpe_ratio"] - truth) < 1.96 * row[name] for row in rows])
        for name in ("error_independent", "error")
    )
    assert plain < 0.9
    assert robust == pytest.approx(0.95, abs=0.035)


def test_a_short_or_constant_history_has_no_error() -> None:
    assert np.isnan(sharpe_error(two_points(0.1, 9))["error"])
    assert np.isnan(sharpe_error(pd.Series(np.full(50, 0.01)))["sharpe_ratio"])


def test_ranks_of_good_forecasts_lie_on_the_diagonal_and_overlap_widens_the_band() -> None:
    record = pd.DataFrame({"rank": (np.arange(200) + 0.5) / 200})
    record.attrs |= {"horizon": 1, "step": 1}
    table = forecast_reliability(record)
    assert np.abs(table["seen"] - table.index).max() < 0.005
    wide = record.copy()
    wide.attrs |= {"horizon": 50, "step": 1}
    assert (forecast_reliability(wide)["upper"] >= table["upper"]).all()
    assert forecast_reliability(wide).loc[0.5, "upper"] == 1.0  # four forecasts that do not overlap


def test_the_rank_of_an_outcome_says_where_in_its_band_it_lies() -> None:
    days = pd.date_range("2020-01-01", periods=500)
    returns = pd.Series(np.random.default_rng(2).normal(0.001, 0.03, 500), days)
    record = forecast_record(returns, horizon=30, first=200, coverage=0.8, draws=200)
    below, above = record["realised"] < record["lower"], record["realised"] > record["upper"]
    assert (record.loc[below, "rank"] <= 0.1).all()
    assert (record.loc[above, "rank"] >= 0.9).all()
    assert record.loc[~below & ~above, "rank"].between(0.095, 0.905).all()
    assert forecast_reliability(record.iloc[:0]).empty
    with pytest.raises(DataError, match="it was changed since"):
        forecast_reliability(pd.DataFrame(record))
