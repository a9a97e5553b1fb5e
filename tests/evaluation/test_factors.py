"""Regression on factors, timing and rolling alpha: against statsmodels, closed forms and planted skill."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

from research.errors import DataError
from research.evaluation import alpha_test, factor_regression, rolling_alpha, timing_tests
from tests.evaluation.markets import garch

DAYS = pd.date_range("2018-01-01", periods=2000)


def returns(seed: int = 0, periods: int = 2000) -> tuple[pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    factors = pd.DataFrame(garch(periods, 3, rng), DAYS[:periods], ["market", "size", "momentum"])
    own = 0.0005 + factors @ [0.9, 0.3, -0.1] + garch(periods, 1, rng, volatility=0.012)[:, 0]
    return own.rename("index"), factors


def test_estimates_without_noise_are_the_truth_and_contributions_add_up() -> None:
    _, factors = returns()
    own = 0.001 + 1.5 * factors["market"] - 0.5 * factors["size"]
    found = factor_regression(own, factors[["market", "size"]])
    assert_allclose(found.table["estimate"], [0.365, 1.5, -0.5], rtol=1e-9)
    assert found.r_squared == pytest.approx(1.0)
    noisy = factor_regression(*returns(), risk_free=0.04)
    assert noisy.table["contribution"].sum() == pytest.approx(noisy.mean_excess)


def test_errors_are_those_of_statsmodels_with_hc3_and_close_to_its_newey_west() -> None:
    own, factors = returns()
    model = sm.OLS(own.to_numpy(), sm.add_constant(factors.to_numpy()))
    unit = [365, 1, 1, 1]
    hc3 = factor_regression(own, factors, lags=0).table
    assert_allclose(hc3["standard_error"], model.fit(cov_type="HC3").bse * unit, rtol=1e-4)
    hac = model.fit(cov_type="HAC", cov_kwds={"maxlags": 7, "use_correction": False})
    found = factor_regression(own, factors, lags=7).table
    assert_allclose(found["estimate"], hac.params * unit, rtol=1e-9)
    assert_allclose(found["standard_error"], hac.bse * unit, rtol=0.03)


def test_with_the_market_alone_alpha_and_beta_are_those_of_alpha_test() -> None:
    own, factors = returns()
    table = factor_regression(own, factors[["market"]], risk_free=0.05).table
    expected = alpha_test(own, factors["market"], risk_free=0.05)
    assert_allclose(table["estimate"], expected[["alpha", "beta"]], rtol=1e-9)


def test_the_risk_free_rate_is_taken_off_the_market_and_no_other_factor() -> None:
    own, factors = returns()
    excess = own - (1.1 ** (1 / 365) - 1)
    by_hand = factors.assign(market=factors["market"] - (1.1 ** (1 / 365) - 1))
    assert_allclose(factor_regression(own, factors, risk_free=0.1).table, factor_regression(excess, by_hand).table)


def test_factors_that_repeat_each_other_or_a_short_history_give_nothing() -> None:
    own, factors = returns()
    twice = factors.assign(size=2 * factors["market"])
    for found in (factor_regression(own, twice), factor_regression(own.iloc[:99], factors)):
        assert found.table.isna().all(axis=None)
    assert timing_tests(own.iloc[:99], factors["market"])["p_value"].isna().all()
    with pytest.raises(DataError, match="2018-02-10"):
        factor_regression(own, factors.assign(size=factors["size"].drop(DAYS[40])))


def test_planted_timing_is_found_and_so_is_its_opposite() -> None:
    own, factors = returns()
    market = factors["market"]
    for sign, verdict in ((1, "timed well"), (-1, "timed badly"), (0, "cannot tell")):
        exposure = 1.0 + sign * 0.3 * np.sign(market)
        table = timing_tests(exposure * market + (own - own.mean()) * 0.1, market)
        assert set(table["verdict"]) == {verdict}
    hm = timing_tests((1.0 + 0.3 * np.sign(market)) * market, market).loc["henriksson_merton"]
    assert hm["timing"] == pytest.approx(0.6)  # 1.3 in rises, 0.7 in falls
    assert hm["beta"] == pytest.approx(1.3)


def test_timing_is_found_by_chance_in_one_case_of_20_under_clustered_volatility() -> None:
    """Fixed seed, 400 histories of 500 days; without the leverage correction Treynor-Mazuy is at 8 to 9 %."""
    rng = np.random.default_rng(0)
    market, noise = garch(500, 400, rng), garch(500, 400, rng, volatility=0.012)
    days = DAYS[:500]
    wrong = [
        timing_tests(pd.Series(market[:, run] + noise[:, run], days), pd.Series(market[:, run], days))["p_value"] < 0.05
        for run in range(400)
    ]
    shares = np.mean(wrong, axis=0)
    assert (shares > 0.025).all()
    assert (shares < 0.075).all()


def test_the_last_rolling_alpha_is_that_of_the_last_window() -> None:
    own, factors = returns()
    line = rolling_alpha(own, factors["market"], 365, risk_free=0.04)
    expected = alpha_test(own.iloc[-365:], factors["market"].iloc[-365:], risk_free=0.04)
    assert line.index[-1] == DAYS[-1]
    assert line["alpha"].iloc[-1] == pytest.approx(expected["alpha"])
    half = (line["upper"] - line["lower"]).iloc[-1] / 2
    assert half == pytest.approx(1.96 * expected["standard_error"], rel=0.02)
    assert rolling_alpha(own.iloc[:364], factors["market"]).empty
    assert (line.index.to_series().diff().dropna() == pd.Timedelta(days=7)).all()


def test_a_rolling_alpha_does_not_look_beyond_its_window() -> None:
    own, factors = returns()
    changed = own.where(own.index <= DAYS[1500], 0.5)
    ours, theirs = (rolling_alpha(each.iloc[:1501], factors["market"]) for each in (own, changed))
    pd.testing.assert_frame_equal(ours, theirs)
