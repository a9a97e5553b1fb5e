"""Self-normalised intervals: influences against numerical derivatives, and coverage where a bootstrap fails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t

from research import evaluation as ev
from research.errors import DataError
from research.evaluation import intervals
from tests.evaluation.markets import pair, student
from tests.evaluation.measure import true_figures

NAMES = sorted(figure.__name__ for figure in intervals.FIGURES)
RELATIVE = ("beta", "correlation", "tracking_error", "up_capture", "down_capture")
STEP = 1e-6


def given(name: str, returns: pd.DataFrame, benchmark: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    return (returns, benchmark) if name in RELATIVE else (returns,)


def weighted_size(x: np.ndarray, weights: np.ndarray, *, centred: bool = True) -> float:
    centre = weights @ x if centred else 0.0
    return float(np.log(np.sqrt(weights @ (x - centre) ** 2)))


def weighted_z(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    x, y = x - weights @ x, y - weights @ y
    return float(np.arctanh(weights @ (x * y) / np.sqrt((weights @ x**2) * (weights @ y**2))))


def weighted_slope(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    x, y = x - weights @ x, y - weights @ y
    return float((weights @ (x * y)) / (weights @ x**2))


def weighted_skewness(x: np.ndarray, weights: np.ndarray) -> float:
    x = x - weights @ x
    return float((weights @ x**3) / (weights @ x**2) ** 1.5)


def weighted_capture(own: np.ndarray, market: np.ndarray, weights: np.ndarray) -> float:
    """Ratio of the geometric mean returns over the periods in which the market fell."""
    weights = np.where(market < 0, weights, 0.0) / weights[market < 0].sum()
    return float(np.expm1(weights @ np.log1p(own)) / np.expm1(weights @ np.log1p(market)))


def weighted_shortfall(x: np.ndarray, weights: np.ndarray) -> float:
    """Log size of the mean of the lowest 5 % of the weight, the last observation counted in part."""
    order = np.argsort(x)
    mass = np.minimum(np.cumsum(weights[order]), intervals.TAIL)
    inside = np.diff(mass, prepend=0.0)
    return float(np.log(-(inside @ x[order]) / intervals.TAIL))


X, Y = student(201, 2, np.random.default_rng(5)).T
Y = 0.7 * X + Y
FUNCTIONALS: dict[str, tuple[Callable[[np.ndarray], float], np.ndarray]] = {
    "volatility": (lambda w: weighted_size(X, w), intervals.volatility_influence(X[:, None])),
    "skewness": (lambda w: weighted_skewness(X, w), intervals.skewness_influence(X[:, None])),
    "downside": (
        lambda w: weighted_size(np.minimum(X, 0), w, centred=False),
        intervals.size_influence(np.minimum(X, 0)[:, None]),
    ),
    "correlation": (
        lambda w: weighted_z(X, Y, w),
        intervals.correlation_influence(X[:, None], Y[:, None]),
    ),
    "beta": (lambda w: weighted_slope(X, Y, w), intervals.beta_influence(Y[:, None], X[:, None])),
    "capture": (
        lambda w: weighted_capture(Y, X, w),
        intervals.capture_influence(Y[:, None], X[:, None], X[:, None] < 0),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONALS)
def test_an_influence_is_the_derivative_by_the_weight_of_one_observation(name: str) -> None:
    functional, influence = FUNCTIONALS[name]
    equal = np.full(len(X), 1 / len(X))
    for row in (0, 17, int(X.argmin()), int(X.argmax())):
        moved = (1 - STEP) * equal
        moved[row] += STEP
        assert (functional(moved) - functional(equal)) / STEP == pytest.approx(influence[row, 0], rel=1e-3, abs=1e-4)


def test_the_influence_on_the_shortfall_is_the_derivative_by_the_weight_of_one_observation() -> None:
    influence = intervals.shortfall_influence(X[:, None])[:, 0]
    equal = np.full(len(X), 1 / len(X))
    for row in (0, 17, int(X.argmin()), int(X.argmax())):
        moved = (1 - STEP) * equal
        moved[row] += STEP
        slope = (weighted_shortfall(X, moved) - weighted_shortfall(X, equal)) / STEP
        # the empirical figure counts the 11 lowest of 201 in full, the functional 10.05 of them
        assert slope == pytest.approx(influence[row], abs=0.25 + 0.1 * abs(influence[row]))


def test_the_standard_error_is_that_of_the_mean_for_independent_influences() -> None:
    influence = np.random.default_rng(1).normal(0.0, 2.0, (500, 4000))
    ratio = intervals.standard_error(influence) ** 2 / (4 / 500)
    assert ratio.mean() == pytest.approx(1.0, abs=0.05)
    # two independent normal waves: twice the ratio is chi-squared with two degrees of freedom
    assert (2 * ratio > 5.991).mean() == pytest.approx(0.05, abs=0.012)


def test_the_interval_of_a_volatility_computed_by_hand() -> None:
    values = np.array([0.02, -0.01, 0.03, -0.04, 0.01] * 8)
    deviation = values - values.mean()
    influence = (deviation**2 / (deviation**2).mean() - 1) / 2
    waves = [sum(influence[i] * np.cos(np.pi * j * (i + 0.5) / 40) for i in range(40)) for j in (1, 2)]
    error = np.sqrt(sum(2 / 40 * wave**2 for wave in waves) / 2 / 40)
    found = ev.self_normalised_interval(
        ev.annualized_volatility, pd.Series(values), periods_per_year=52, confidence=0.9
    )
    volatility = values.std(ddof=1) * np.sqrt(52)
    reach = student_t.ppf(0.95, 2) * error
    assert found.to_list() == pytest.approx([volatility, volatility * np.exp(-reach), volatility * np.exp(reach)])


@pytest.mark.parametrize("name", NAMES)
def test_the_value_is_that_of_the_metric_and_lies_inside(name: str) -> None:
    own, market = (pd.DataFrame(array) for array in pair("GARCH, t(6)", 400, 5, np.random.default_rng(3)))
    metric = getattr(ev, name)
    table = ev.self_normalised_interval(metric, *given(name, own, market))
    pd.testing.assert_series_equal(table.loc["value"], metric(*given(name, own, market)), check_names=False)
    assert (table.loc["lower"] < table.loc["value"]).all()
    assert (table.loc["value"] < table.loc["upper"]).all()
    alone = ev.self_normalised_interval(metric, *(frame[2] for frame in given(name, own, market)))
    pd.testing.assert_series_equal(alone, table[2], check_names=False)


@pytest.mark.parametrize("name", NAMES)
def test_an_interval_holds_the_truth_where_that_of_a_bootstrap_does_not(name: str) -> None:
    """Clustered volatility, 1,000 days, nominal 90 %: see CONVENTIONS.md for the whole table."""
    rng = np.random.default_rng(8)
    truth = true_figures(*(array.ravel(order="F") for array in pair("GARCH, normal, 0.98", 2000, 500, rng)))[name]
    own, market = (pd.DataFrame(array) for array in pair("GARCH, normal, 0.98", 1000, 400, rng))
    table = ev.self_normalised_interval(getattr(ev, name), *given(name, own, market), confidence=0.9)
    held = ((table.loc["lower"] <= truth) & (truth <= table.loc["upper"])).mean()
    assert 0.83 < held < 0.95
    if name == "annualized_volatility":
        drawn = [ev.bootstrap_interval(ev.annualized_volatility, own[n], confidence=0.9, draws=100) for n in range(60)]
        assert np.mean([interval["lower"] <= truth <= interval["upper"] for interval in drawn]) < 0.8


@pytest.mark.parametrize("name", [name for name in NAMES if name not in RELATIVE and name != "value_at_risk"])
def test_constant_returns_and_a_short_history_have_no_interval(name: str) -> None:
    metric = getattr(ev, name)
    for returns in (pd.Series([0.001] * 50), pd.Series(X[:19])):
        assert ev.self_normalised_interval(metric, returns)[["lower", "upper"]].isna().all()


def test_after_a_total_loss_or_without_a_falling_market_a_capture_has_no_interval() -> None:
    lost = pd.Series(np.append(X, -1.0))
    found = ev.self_normalised_interval(ev.down_capture, lost, pd.Series(np.append(Y, -0.1)))
    assert found[["lower", "upper"]].isna().all()
    assert ev.self_normalised_interval(ev.down_capture, pd.Series(X), pd.Series(np.abs(Y))).isna().all()


def test_a_copy_of_the_benchmark_has_no_interval_around_a_correlation_of_one() -> None:
    found = ev.self_normalised_interval(ev.correlation, pd.Series(X), pd.Series(2 * X))
    assert found["value"] == pytest.approx(1.0)
    assert found[["lower", "upper"]].isna().all()


def test_the_lower_end_of_a_value_at_risk_is_never_beyond_the_worst_return() -> None:
    short = pd.Series(X[:40])
    found = ev.self_normalised_interval(ev.value_at_risk, short, confidence=0.999)
    assert found["lower"] == short.min()


def test_what_has_no_such_interval_is_refused() -> None:
    with pytest.raises(DataError, match=r"no self-normalised interval for 'sharpe_ratio'.*bootstrap_interval"):
        ev.self_normalised_interval(ev.sharpe_ratio, pd.Series(X))
    with pytest.raises(DataError, match="correlation: a benchmark is expected"):
        ev.self_normalised_interval(ev.correlation, pd.Series(X))
    with pytest.raises(DataError, match="value_at_risk: no benchmark is expected"):
        ev.self_normalised_interval(ev.value_at_risk, pd.Series(X), pd.Series(Y))
    with pytest.raises(DataError, match=r"confidence = 95: .* 0\.95 is 95 %"):
        ev.self_normalised_interval(ev.value_at_risk, pd.Series(X), confidence=95)
