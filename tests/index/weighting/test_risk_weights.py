"""Volatility, Ledoit-Wolf shrinkage, equal risk contributions: worked examples, another program, a general solver."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from research.errors import DataError
from research.index.weighting import risk
from tests.conftest import shared

# ten returns of four assets, in thousandths
LITERAL = (
    np.array(
        [
            [31, 12, -8, 40],
            [-20, -14, 5, -61],
            [11, 25, 18, -9],
            [-5, 2, -13, 27],
            [8, -17, -21, -33],
            [-27, -3, 30, 14],
            [16, 9, 7, 52],
            [3, -22, -4, -18],
            [-12, 6, 15, -25],
            [22, 19, -30, 36],
        ]
    )
    / 1000
)


def random_covariance(seed: int, size: int) -> np.ndarray:
    """A covariance with volatilities from 1 to 20 % and correlations of both signs."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(size, size + 2))
    covariance = factors @ factors.T
    deviation = np.sqrt(np.diag(covariance))
    volatility = rng.uniform(0.01, 0.2, size)
    return covariance / np.outer(deviation, deviation) * np.outer(volatility, volatility)


def risk_shares(weights: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return weights * (covariance @ weights) / (weights @ covariance @ weights)


# ---------------------------------------------------------------------- equal risk contributions


def maillard() -> tuple[np.ndarray, dict]:
    entries = json.loads(shared("reference/known_answers.json").read_text())
    entry = next(entry for entry in entries if entry["id"] == "erc.maillard4")
    volatility = np.array(entry["inputs"]["vol"])
    return np.array(entry["inputs"]["corr"]) * np.outer(volatility, volatility), entry


def test_the_four_assets_of_maillard_roncalli_and_teiletche() -> None:
    covariance, entry = maillard()
    weights = risk.equal_risk_contributions(covariance)
    np.testing.assert_allclose(weights, entry["answer"]["erc"], rtol=0, atol=entry["tol"])
    assert np.sqrt(weights @ covariance @ weights) == pytest.approx(entry["answer"]["vol"], abs=entry["tol"])
    np.testing.assert_allclose(risk_shares(weights, covariance), 0.25, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("seed", "size"), [(0, 2), (1, 3), (2, 5), (3, 8), (4, 12)])
def test_a_general_solver_finds_the_same_weights_for_random_covariances(seed: int, size: int) -> None:
    """SLSQP on another definition: of all weights whose logarithms add up to so much, those of least variance.

    Solved for the risks z = w * volatility, which are of one order.
    """
    covariance = random_covariance(seed, size)
    volatility = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(volatility, volatility)
    solved = minimize(
        lambda z: float(z @ correlation @ z),
        np.ones(size),
        jac=lambda z: 2 * correlation @ z,
        bounds=[(1e-6, None)] * size,
        constraints={"type": "ineq", "fun": lambda z: np.log(z).sum(), "jac": lambda z: 1 / z},
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    expected = solved.x / volatility / (solved.x / volatility).sum()
    np.testing.assert_allclose(risk.equal_risk_contributions(covariance), expected, rtol=0, atol=1e-6)


def test_two_assets_and_equal_correlations_give_inverse_volatility() -> None:
    """The closed forms of the paper: with two assets, or one correlation for all, weights are 1 / volatility."""
    volatility = np.array([0.02, 0.05, 0.11, 0.3])
    correlation = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    weights = risk.equal_risk_contributions(correlation * np.outer(volatility, volatility))
    np.testing.assert_allclose(weights, (1 / volatility) / (1 / volatility).sum(), rtol=1e-12)
    pair = np.array([[0.04, -0.015], [-0.015, 0.01]])
    np.testing.assert_allclose(risk.equal_risk_contributions(pair), [1 / 3, 2 / 3], rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), size=st.integers(1, 10), scale=st.floats(1e-6, 1e6))
def test_every_share_of_risk_is_equal_whatever_the_unit_and_the_order(seed: int, size: int, scale: float) -> None:
    covariance = random_covariance(seed, size)
    weights = risk.equal_risk_contributions(covariance)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(risk_shares(weights, covariance), 1 / size, rtol=0, atol=1e-9)
    np.testing.assert_allclose(risk.equal_risk_contributions(covariance * scale), weights, rtol=1e-9)
    order = np.random.default_rng(seed).permutation(size)
    np.testing.assert_allclose(
        risk.equal_risk_contributions(covariance[np.ix_(order, order)]), weights[order], rtol=1e-8
    )


def test_a_hedged_pair_has_no_equal_contributions_and_is_refused() -> None:
    """Two assets that cancel each other out: every contribution is zero at the limit that the descent runs to."""
    with pytest.raises(DataError, match="nearly singular"):
        risk.equal_risk_contributions(np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))


@pytest.mark.parametrize(
    "matrix", [[[1.0, 0.5], [0.2, 1.0]], [[0.0, 0.0], [0.0, 1.0]], [[1.0, np.nan], [np.nan, 1.0]], [], [1.0, 2.0]]
)
def test_what_is_no_covariance_is_refused(matrix: list) -> None:
    with pytest.raises(DataError, match="finite symmetric matrix with a positive diagonal"):
        risk.equal_risk_contributions(np.array(matrix))


# ---------------------------------------------------------------------- Ledoit-Wolf


def by_loops(returns: np.ndarray) -> np.ndarray:
    """Appendix B of the paper term by term, in plain loops over i, j and t."""
    periods, size = returns.shape
    y = returns - returns.mean(axis=0)
    s = np.array([[sum(y[t, i] * y[t, j] for t in range(periods)) / periods for j in range(size)] for i in range(size)])
    correlations = [s[i, j] / np.sqrt(s[i, i] * s[j, j]) for i in range(size) for j in range(i + 1, size)]
    mean = sum(correlations) * 2 / ((size - 1) * size)
    f = np.array([[s[i, i] if i == j else mean * np.sqrt(s[i, i] * s[j, j]) for j in range(size)] for i in range(size)])
    pi = rho = gamma = 0.0
    for i in range(size):
        for j in range(size):
            pi_ij = sum((y[t, i] * y[t, j] - s[i, j]) ** 2 for t in range(periods)) / periods
            pi += pi_ij
            gamma += (f[i, j] - s[i, j]) ** 2
            if i == j:
                rho += pi_ij
                continue
            theta_ii = sum((y[t, i] ** 2 - s[i, i]) * (y[t, i] * y[t, j] - s[i, j]) for t in range(periods)) / periods
            theta_jj = sum((y[t, j] ** 2 - s[j, j]) * (y[t, i] * y[t, j] - s[i, j]) for t in range(periods)) / periods
            rho += mean / 2 * (np.sqrt(s[j, j] / s[i, i]) * theta_ii + np.sqrt(s[i, i] / s[j, j]) * theta_jj)
    delta = max(0.0, min((pi - rho) / gamma / periods, 1.0))
    return delta * f + (1 - delta) * s


@pytest.mark.parametrize(("seed", "periods", "size"), [(0, 90, 5), (1, 60, 12), (2, 20, 30), (3, 400, 3)])
def test_shrinkage_equals_the_papers_appendix_term_by_term(seed: int, periods: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(4, (periods, 1)) * 0.03 + rng.standard_t(4, (periods, size)) * rng.uniform(0.01, 0.1, size)
    np.testing.assert_allclose(risk.shrunk_covariance(returns), by_loops(returns), rtol=1e-10)


def test_shrinkage_equals_another_programs() -> None:
    """PyPortfolioOpt 1.6.0: CovarianceShrinkage(pd.DataFrame(LITERAL), returns_data=True, frequency=1), its S set to
    np.cov(LITERAL.T, ddof=0) as in the paper (by default it mixes both divisors), ledoit_wolf("constant_correlation");
    its delta is 0.40667591016595955.
    """
    expected = [
        [0.00031200999999999993, 9.017256000051081e-05, -8.707718959651573e-05, 0.000240505724836348],
        [9.017256000051081e-05, 0.00022000999999999995, 2.8305299000909875e-05, 0.00021338826374729558],
        [-8.707718959651573e-05, 2.8305299000909875e-05, 0.0003112899999999999, -2.259576387222338e-05],
        [0.000240505724836348, 0.00021338826374729558, -2.259576387222338e-05, 0.00123121],
    ]
    np.testing.assert_allclose(risk.shrunk_covariance(LITERAL), expected, rtol=1e-12)


def test_shrinkage_keeps_variances_and_makes_a_short_sample_invertible() -> None:
    returns = np.random.default_rng(5).normal(0, 0.05, (20, 40))
    shrunk = risk.shrunk_covariance(returns)
    np.testing.assert_allclose(np.diag(shrunk), returns.var(axis=0), rtol=1e-12)
    assert np.linalg.matrix_rank(np.cov(returns.T)) < 40
    assert np.linalg.eigvalsh(shrunk).min() > 0


def test_one_or_two_assets_have_nothing_to_shrink() -> None:
    for size in (1, 2):
        returns = LITERAL[:, :size]
        np.testing.assert_allclose(risk.shrunk_covariance(returns), np.cov(returns.T, ddof=0).reshape(size, size))
    twins = np.array([[1.0, 1.0], [-1.0, -1.0]])  # target and sample are equal to the last bit
    np.testing.assert_array_equal(risk.shrunk_covariance(twins), np.ones((2, 2)))


def test_a_long_sample_is_hardly_shrunk() -> None:
    rng = np.random.default_rng(6)
    truth = random_covariance(6, 6)
    returns = rng.multivariate_normal(np.zeros(6), truth, 50_000)
    sample = np.cov(returns.T, ddof=0)
    distance = np.abs(risk.shrunk_covariance(returns) - sample) / np.sqrt(np.outer(np.diag(truth), np.diag(truth)))
    assert 0 < distance.max() < 1e-3


# ---------------------------------------------------------------------- volatility


def test_volatility_is_the_sample_standard_deviation_of_the_returns_there_are() -> None:
    returns = LITERAL.copy()
    returns[[2, 5], 1] = np.nan
    expected = [np.std(column[~np.isnan(column)], ddof=1) for column in returns.T]
    np.testing.assert_allclose(risk.volatility(returns, 8), expected, rtol=1e-14)
    assert np.isnan(risk.volatility(returns, 9)).tolist() == [False, True, False, False]


def test_a_price_that_never_moves_has_no_volatility() -> None:
    returns = LITERAL.copy()
    returns[:, 3] = 0.0
    assert np.isnan(risk.volatility(returns, 2)).tolist() == [False, False, False, True]


def test_the_floor_is_the_fifth_percentile_of_the_values_given() -> None:
    values = np.array([0.001, 0.02, 0.03, np.nan, 0.04, 0.05])
    # five values: 5 % of the way is one fifth of the step from the first to the second
    np.testing.assert_allclose(risk.floored(values), [0.0048, 0.02, 0.03, np.nan, 0.04, 0.05], rtol=1e-12)
    assert np.isnan(risk.floored(np.array([np.nan, np.nan]))).all()


def test_common_days_leave_out_the_shortest_history_rather_than_shorten_all() -> None:
    returns = np.random.default_rng(8).normal(0, 0.05, (90, 4))
    returns[:25, 1] = np.nan  # 65 returns, enough by itself
    returns[-20:, 3] = np.nan  # 70 returns, but only 45 in common with the former
    measured, common = risk.common_returns(returns, 60)
    assert measured.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(common, returns[:-20][:, measured])


def test_common_days_leave_out_a_column_that_does_not_move_on_them() -> None:
    returns = np.random.default_rng(9).normal(0, 0.05, (90, 3))
    returns[:10, 1] = np.nan
    returns[10:, 2] = 0.0  # moves only while the other has no price
    measured, common = risk.common_returns(returns, 60)
    assert measured.tolist() == [True, True, False]
    assert common.shape == (80, 2)
    assert not risk.common_returns(returns, 91)[0].any()
