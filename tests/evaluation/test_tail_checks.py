"""Back-tests of value at risk, tail dependence, conditional drawdown: published regions, closed forms, no future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chi2, chi2_contingency

from research.evaluation import (
    conditional_drawdown,
    distribution_lines,
    drawdown_series,
    max_drawdown,
    tail_dependence,
    value_at_risk,
    var_backtests,
)
from research.evaluation.tail_checks import breach_tests
from tests.evaluation.markets import garch


def series(values: np.ndarray) -> pd.Series:
    return pd.Series(values, pd.date_range("2018-01-01", periods=len(values)))


def clusters(count: int, total: int) -> np.ndarray:
    """So many breaches at the front of so many days: Kupiec's test does not ask where they are."""
    return np.arange(total) < count


@pytest.mark.parametrize(
    ("probability", "days", "below", "above"),
    [
        (0.01, 255, None, 7),
        (0.01, 510, 1, 11),
        (0.01, 1000, 4, 17),
        (0.025, 255, 2, 12),
        (0.025, 510, 6, 21),
        (0.025, 1000, 15, 36),
        (0.05, 255, 6, 21),
        (0.05, 510, 16, 36),
        (0.05, 1000, 37, 65),
    ],
)
def test_kupiec_rejects_outside_the_published_region_and_not_inside(
    probability: float, days: int, below: int | None, above: int
) -> None:
    """Kupiec (1995), as reprinted by Jorion (2007), "Value at risk", table 6.2: rejected at 5 % from these on."""
    for edge, inside in ((below, 1), (above, -1)):
        if edge is not None:
            assert breach_tests(clusters(edge, days), probability)["kupiec"] < 0.05
            assert breach_tests(clusters(edge + inside, days), probability)["kupiec"] > 0.05


def test_christoffersen_is_the_likelihood_ratio_test_of_independence_of_a_table() -> None:
    breached = np.random.default_rng(0).random(700) < np.where(np.arange(700) % 40 < 6, 0.3, 0.02)
    counts = pd.crosstab(breached[:-1], breached[1:]).to_numpy()
    expected = chi2_contingency(counts, correction=False, lambda_="log-likelihood")
    found = breach_tests(breached, 0.05)
    assert found["independence"] == pytest.approx(expected.pvalue)
    both = chi2.isf(found["kupiec"], 1) + expected.statistic
    assert found["coverage"] == pytest.approx(chi2.sf(both, 2))


def test_without_breaches_or_days_what_cannot_be_tested_is_missing() -> None:
    none = breach_tests(np.zeros(500, dtype=bool), 0.05)
    assert none["kupiec"] == pytest.approx(chi2.sf(-1000 * np.log(0.95), 1))
    assert np.isnan(none["independence"])
    empty = var_backtests(series(np.random.default_rng(0).normal(size=100) / 50))
    assert (empty["forecasts"] == 0).all()
    assert set(empty["verdict"]) == {"cannot tell"}


def test_both_tests_are_wrong_in_one_case_of_20() -> None:
    """Fixed seed, 2,000 series of 1,000 days at 5 %: within two points."""
    rng = np.random.default_rng(1)
    runs = [breach_tests(rng.random(1000) < 0.05, 0.05) for _ in range(2000)]
    for name in ("kupiec", "coverage"):
        assert np.mean([run[name] < 0.05 for run in runs]) == pytest.approx(0.05, abs=0.02)


def test_a_limit_comes_from_the_days_before_and_stands_for_a_step() -> None:
    returns = series(np.random.default_rng(2).normal(0, 0.03, 200))
    table = var_backtests(returns, window=60, step=7, confidences=(0.9,))
    breaches = 0
    for start in range(60, 200, 7):
        limit = value_at_risk(returns.iloc[start - 60 : start], confidence=0.9)
        breaches += int((returns.iloc[start : start + 7] < limit).sum())
    assert table.loc[("historical", 0.9), "breaches"] == breaches
    assert table.loc[("historical", 0.9), "forecasts"] == 140
    assert table.loc[("historical", 0.9), "expected"] == pytest.approx(14)


@pytest.mark.parametrize("cut", [365 + 7 * 30, 365 + 7 * 30 + 1, 700])
def test_another_future_changes_no_breach_of_the_past(cut: int) -> None:
    """After the cut every return is a rise, which breaches nothing whatever the limit."""
    values = garch(900, 1, np.random.default_rng(3))[:, 0]
    past = var_backtests(series(values[:cut]))
    changed = var_backtests(series(np.where(np.arange(900) < cut, values, 5.0)))
    gaussian = ("gaussian", 0.95)
    assert past.loc[gaussian, "breaches"] == changed.loc[gaussian, "breaches"]
    assert past.loc[("historical", 0.95), "breaches"] == changed.loc[("historical", 0.95), "breaches"]


def test_verdicts_name_the_fault() -> None:
    rng = np.random.default_rng(4)
    calm = rng.normal(0, 0.01, 1500)
    rising = calm * np.linspace(1, 8, 1500)  # every limit is too mild
    assert "breached too often" in set(var_backtests(series(rising))["verdict"])
    falling = calm * np.linspace(8, 1, 1500)
    assert "breached too rarely" in set(var_backtests(series(falling))["verdict"])
    short = var_backtests(series(calm[:700]))
    assert short.loc[("historical", 0.99), "verdict"] == "cannot tell"  # 3.35 breaches expected
    assert short.loc[("historical", 0.95), "verdict"] == "no fault shown"


def test_conditional_drawdown_lies_between_the_mean_and_the_deepest() -> None:
    returns = pd.DataFrame(garch(1000, 2, np.random.default_rng(5)), pd.date_range("2018-01-01", periods=1000))
    falls = drawdown_series(returns)
    assert_allclose(conditional_drawdown(returns, confidence=0.0), falls.mean())
    assert_allclose(conditional_drawdown(returns, confidence=0.999), max_drawdown(returns))
    assert_allclose(conditional_drawdown(returns), falls.apply(lambda column: column.nsmallest(50).mean()))
    three = series(np.array([0.1, -0.5, 0.2]))  # depths 0, −0.5, −0.4: half of three days is one and a half
    assert conditional_drawdown(three, confidence=0.5) == pytest.approx(-(0.5 + 0.5 * 0.4) / 1.5)
    assert conditional_drawdown(series(np.full(50, 0.01))) == 0.0


def test_tail_dependence_of_twins_is_one_of_opposites_zero_and_neither_has_an_interval() -> None:
    own = series(np.random.default_rng(6).normal(0, 0.03, 1000))
    for other, expected in ((2 * own, 1.0), (-own, 0.0)):
        found = tail_dependence(own, other)
        assert found["estimate"] == expected
        assert np.isnan(found["lower"])
        assert found["normal"] == pytest.approx(expected, abs=1e-6)


def test_what_normal_returns_would_show_has_a_closed_form_at_the_median() -> None:
    rng = np.random.default_rng(7)
    other = rng.normal(0, 0.03, 2000)
    own, other = series(0.6 * other + rng.normal(0, 0.03, 2000)), series(other)
    found = tail_dependence(own, other, share=0.5)
    correlation = own.corr(other)
    assert found["normal"] == pytest.approx(0.5 + np.arcsin(correlation) / np.pi, abs=1e-5)  # Sheppard (1899)
    assert found["lower"] < found["normal"] < found["upper"]
    assert np.isnan(tail_dependence(own.iloc[:150], other)["estimate"])  # seven worst days


def test_the_interval_of_tail_dependence_holds_where_volatility_is_clustered() -> None:
    """Fixed seed, 300 histories of 1,000 days; the truth is that of one sample of two million."""
    rng = np.random.default_rng(8)
    market, noise = (garch(2000, 1000, rng, volatility=size).ravel(order="F") for size in (0.035, 0.012))
    own = market + noise
    truth = (own <= np.quantile(own, 0.05))[market <= np.quantile(market, 0.05)].mean()
    market, noise = garch(1000, 300, rng), garch(1000, 300, rng, volatility=0.012)
    found = [tail_dependence(series(market[:, run] + noise[:, run]), series(market[:, run])) for run in range(300)]
    held = np.mean([row["lower"] <= truth <= row["upper"] for row in found])
    assert 0.91 < held < 0.985


def test_lines_of_the_distribution_meet_where_the_returns_are_normal_and_part_where_they_are_not() -> None:
    rng = np.random.default_rng(9)
    normal = distribution_lines(series(rng.normal(0.001, 0.03, 20_000)))
    assert_allclose(normal["normal"], normal["observed"], atol=0.01)
    fat = distribution_lines(series(rng.standard_t(3, 20_000) * 0.02))
    assert fat.loc[0.001, "observed"] < 1.3 * fat.loc[0.001, "normal"]
    assert fat.loc[0.001, "student_t"] == pytest.approx(fat.loc[0.001, "observed"], rel=0.15)
    assert distribution_lines(series(rng.normal(size=99))).empty
    assert distribution_lines(series(rng.normal(0, 0.03, 150))).index.min() == 0.05
