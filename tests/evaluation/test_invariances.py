"""Properties that hold for every input: shapes, scaling, order of columns, closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from research import evaluation as ev
from research.evaluation.inference import long_run_variance
from tests.evaluation.test_traps import OWN, RELATIVE, sample

FRAMES = hnp.arrays(
    float,
    st.tuples(st.integers(3, 40), st.integers(1, 4)),
    elements=st.floats(-0.5, 1.0, allow_nan=False).map(lambda x: round(x, 6)),
).map(lambda values: np.vstack([np.full(values.shape[1], -0.01), values]))  # if all rise they are taken for levels


def dated(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        values, pd.date_range("2021-01-01", periods=len(values)), [f"c{i}" for i in range(values.shape[1])]
    )


def assert_equal(left: object, right: object) -> None:
    assert left == pytest.approx(right, rel=1e-9, abs=1e-9, nan_ok=True)


@given(values=FRAMES)
@settings(max_examples=25, deadline=None)
def test_a_frame_gives_what_its_columns_give(values: np.ndarray) -> None:
    frame = dated(values)
    market = frame.mean(axis=1)
    for name, metric in OWN.items():
        together = metric(frame)
        assert together.index.equals(frame.columns), name
        for column in frame.columns:
            assert_equal(together[column], metric(frame[column]))
    for metric in RELATIVE.values():
        together = metric(frame, market)
        for column in frame.columns:
            assert_equal(together[column], metric(frame[column], market))


def test_columns_taken_a_few_at_a_time_give_what_all_give(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({f"c{i}": sample(300, seed=i) for i in range(9)})
    frame.iloc[:40, [1, 4, 5]] = np.nan
    market = frame.mean(axis=1)
    together = [metric(frame) for metric in OWN.values()] + [metric(frame, market) for metric in RELATIVE.values()]
    monkeypatch.setattr("research.evaluation._columns.CELLS", 600)
    apart = [metric(frame) for metric in OWN.values()] + [metric(frame, market) for metric in RELATIVE.values()]
    for one, other in zip(together, apart, strict=True):
        pd.testing.assert_series_equal(one, other, rtol=1e-12)


@given(values=FRAMES, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_the_order_of_columns_does_not_matter(values: np.ndarray, seed: int) -> None:
    frame = dated(values)
    shuffled = frame.sample(frac=1.0, axis=1, random_state=seed)
    for metric in OWN.values():
        pd.testing.assert_series_equal(metric(shuffled).sort_index(), metric(frame).sort_index(), rtol=1e-9)
    pd.testing.assert_frame_equal(ev.rolling_volatility(shuffled, 3)[frame.columns], ev.rolling_volatility(frame, 3))


@given(values=FRAMES, scale=st.floats(1e-6, 1e6))
@settings(max_examples=25, deadline=None)
def test_the_size_of_levels_does_not_matter(values: np.ndarray, scale: float) -> None:
    levels = (1 + dated(values)).cumprod()
    one, other = ev.returns_from_levels(levels), ev.returns_from_levels(levels * scale)
    pd.testing.assert_frame_equal(one, other, atol=1e-9)
    for name in ["total_return", "max_drawdown", "value_at_risk", "share_positive"]:
        for column in levels.columns:
            if name != "share_positive" or (one[column].abs() > 1e-9).iloc[1:].all():
                assert_equal(OWN[name](one[column]), OWN[name](other[column]))


@given(values=FRAMES)
@settings(max_examples=25, deadline=None)
def test_levels_and_returns_are_each_others_inverse(values: np.ndarray) -> None:
    levels = 100 * (1 + dated(values)).cumprod()
    returns = ev.returns_from_levels(levels)
    assert returns.iloc[0].isna().all()
    for column in levels.columns:
        assert_equal(ev.total_return(returns[column]), levels[column].iloc[-1] / levels[column].iloc[0] - 1)


@given(values=FRAMES)
@settings(max_examples=25, deadline=None)
def test_drawdowns_of_the_table_are_those_of_the_series(values: np.ndarray) -> None:
    returns = dated(values)["c0"]
    table, series = ev.drawdown_table(returns), ev.drawdown_series(returns)
    assert table["depth"].min() == pytest.approx(ev.max_drawdown(returns)) if len(table) else (series == 0).all()
    assert table["periods"].sum() == (series < 0).sum() + table["to"].notna().sum()
    assert ((series <= 0) & (series >= -1)).all()


@given(values=FRAMES)
@settings(max_examples=25, deadline=None)
def test_rolling_figures_are_those_of_each_window(values: np.ndarray) -> None:
    frame = dated(values)
    returns, market = frame["c0"], frame.mean(axis=1)
    assume(max(returns.min(), market.min()) <= 0)  # ten that all rise this fast would be taken for levels
    window = 3
    for row in range(window - 1, len(returns)):
        part, other = returns.iloc[row - window + 1 : row + 1], market.iloc[row - window + 1 : row + 1]
        assert_equal(ev.rolling_returns(returns, window).iloc[row], ev.total_return(part))
        if part.std() > 1e-4:
            assert ev.rolling_volatility(returns, window).iloc[row] == pytest.approx(
                ev.annualized_volatility(part), rel=1e-6
            )
            assert ev.rolling_sharpe(returns, window, risk_free=0.05).iloc[row] == pytest.approx(
                ev.sharpe_ratio(part, risk_free=0.05), rel=1e-6, abs=1e-6
            )
        if other.std() > 1e-4:
            assert ev.rolling_beta(returns, market, window).iloc[row] == pytest.approx(
                ev.beta(part, other), rel=1e-5, abs=1e-5
            )


def test_a_series_against_itself() -> None:
    returns = sample()
    assert ev.beta(returns, returns) == pytest.approx(1.0)
    assert ev.r_squared(returns, returns) == pytest.approx(1.0)
    assert ev.jensen_alpha(returns, returns) == pytest.approx(0.0, abs=1e-12)
    assert ev.tracking_error(returns, returns) == 0.0
    assert ev.active_return(returns, returns) == 0.0
    assert np.isnan(ev.information_ratio(returns, returns))
    assert ev.batting_average(returns, returns) == 0.0
    for method in ("geometric", "ratio_of_sums"):
        assert ev.up_capture(returns, returns, method=method) == pytest.approx(1.0)
        assert ev.down_capture(returns, returns, method=method) == pytest.approx(1.0)


def test_twice_the_benchmark_has_beta_two_and_no_alpha() -> None:
    market = sample()
    assert ev.beta(2 * market, market) == pytest.approx(2.0)
    assert ev.up_beta(2 * market, market) == pytest.approx(2.0)
    assert ev.down_beta(2 * market, market) == pytest.approx(2.0)
    assert ev.jensen_alpha(2 * market + 0.0005, market) == pytest.approx(0.0005 * 365)
    assert ev.down_capture(2 * market, market, method="ratio_of_sums") == pytest.approx(2.0)


def test_examples_of_the_textbook() -> None:
    double_in_three = pd.Series([1.0], pd.date_range("2021-01-01", periods=1))
    assert ev.cagr(double_in_three, periods_per_year=1 / 3) == pytest.approx(2 ** (1 / 3) - 1)
    assert ev.cagr(double_in_three, periods_per_year=0.5) == pytest.approx(np.sqrt(2) - 1)
    year = pd.Series([-0.25, 1.0, 0.0], pd.date_range("2021-01-01", periods=3, freq="4MS"))
    assert ev.calmar_ratio(year, periods_per_year=3) == pytest.approx(2.0)


def test_expected_shortfall_includes_the_value_at_risk_where_it_is_a_return() -> None:
    returns = pd.Series(np.arange(-10, 11) / 100)  # 21 returns: the 5 % quantile is the second lowest itself
    assert ev.value_at_risk(returns) == pytest.approx(-0.09)
    assert ev.expected_shortfall(returns + 0.0) == pytest.approx(-0.095)


def test_a_constant_window_after_a_wild_one_has_no_volatility_left_over_from_it() -> None:
    returns = pd.concat([10 * sample(50), pd.Series(0.001, pd.date_range("2020-02-20", periods=60))])
    assert (ev.rolling_volatility(returns, 30).iloc[-20:] == 0.0).all()
    assert ev.rolling_sharpe(returns, 30).iloc[-20:].isna().all()
    assert ev.rolling_beta(sample(110).set_axis(returns.index), returns, 30).iloc[-20:].isna().all()


def test_ewma_volatility_is_the_recursion_and_does_not_look_ahead() -> None:
    returns = sample(50)
    volatility = ev.ewma_volatility(returns, decay=0.9, periods_per_year=1)
    assert volatility.iloc[0] == pytest.approx(abs(returns.iloc[0]))
    expected = 0.9 * volatility.iloc[10] ** 2 + 0.1 * returns.iloc[11] ** 2
    assert volatility.iloc[11] ** 2 == pytest.approx(expected)
    pd.testing.assert_series_equal(
        ev.ewma_volatility(returns.iloc[:20], decay=0.9, periods_per_year=1), volatility.iloc[:20]
    )


def test_the_martin_ratio_is_what_is_earned_above_the_risk_free_rate_per_ulcer() -> None:
    returns = sample()
    expected = (ev.cagr(returns) - 0.04) / ev.ulcer_index(returns)
    assert ev.martin_ratio(returns, risk_free=0.04) == pytest.approx(expected, rel=1e-9)


def test_risk_free_as_a_series_equals_the_same_rate_as_a_number() -> None:
    returns, market = sample(), sample(seed=7)
    rate = pd.Series(1.04 ** (1 / 365) - 1, returns.index)
    for metric in (ev.sharpe_ratio, ev.cagr_to_volatility, ev.adjusted_sharpe_ratio, ev.martin_ratio):
        assert metric(returns, risk_free=0.04) == pytest.approx(metric(returns, risk_free=rate), rel=1e-10)
    for metric in (ev.beta, ev.jensen_alpha):
        assert metric(returns, market, risk_free=0.04) == pytest.approx(
            metric(returns, market, risk_free=rate), rel=1e-10
        )
    assert ev.sortino_ratio(returns, minimum_acceptable_return=0.04) < ev.sortino_ratio(returns)
    one = ev.alpha_test(returns, market, risk_free=0.04)
    pd.testing.assert_series_equal(one, ev.alpha_test(returns, market, risk_free=rate), rtol=1e-9)


@pytest.mark.parametrize("lags", [0, 1, 2, 6, 7, 29, 40])
def test_the_long_run_variance_is_that_of_newey_and_west_lag_by_lag(lags: int) -> None:
    values = np.random.default_rng(1).normal(size=(30, 2)).cumsum(axis=0)
    for column, found in zip(values.T, long_run_variance(values, lags), strict=True):
        centred = column - column.mean()
        covariances = [centred[lag:] @ centred[: 30 - lag] / 30 for lag in range(min(lags, 29) + 1)]
        weights = [1.0, *(2.0 * (1.0 - lag / (lags + 1.0)) for lag in range(1, len(covariances)))]
        assert found == pytest.approx(np.dot(weights, covariances), rel=1e-12)
