"""Modified figures are printed where they mean something, and the t distribution is the likeliest one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scipy.stats import t as student_t

from research import evaluation as ev
from research.evaluation.fitted_tails import fit_student_t, is_monotone
from tests.evaluation.markets import student
from tests.evaluation.test_traps import sample

FIGURES = ("value_at_risk", "expected_shortfall")
WILD = pd.Series(np.append(np.random.default_rng(1).normal(0, 0.03, 400), [3.0, -0.4]))  # like DOGE: one huge rise
EDGE = 6 * (np.sqrt(2) - 1)


@pytest.mark.parametrize(
    ("skew", "kurtosis", "expected"),
    [
        (0.0, 0.0, True),
        (0.0, 7.99, True),
        (0.0, 8.01, False),  # Maillard (2012): without skewness the kurtosis is from 0 to 8
        (0.0, -0.2, True),  # thinner than normal by the chance of a sample: monotone out to 5 standard deviations
        (0.0, -1.2, False),  # uniform
        (EDGE - 0.01, 4.0 + 11 * EDGE**2 / 9 - 0.01, True),  # the corner of the domain is at |S| = 6(√2 − 1)
        (EDGE + 0.05, 4.0 + 11 * EDGE**2 / 9, False),
        (-EDGE - 0.05, 4.0 + 11 * EDGE**2 / 9, False),
    ],
)
def test_the_domain_is_that_of_maillard(skew: float, kurtosis: float, expected: bool) -> None:
    assert bool(is_monotone(np.array([skew]), np.array([kurtosis]))[0]) is expected


def test_the_domain_is_where_a_higher_probability_gives_a_higher_quantile() -> None:
    z = np.linspace(-5, 5, 4001)[:, None]
    skew, kurtosis = (grid.ravel() for grid in np.meshgrid(np.linspace(-3, 3, 25), np.linspace(-1, 14, 31)))
    quantiles = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    rises = (np.diff(quantiles, axis=0) >= -1e-12).all(axis=0)
    assert (rises == is_monotone(skew, kurtosis)).all()
    assert rises.any()
    assert not rises.all()


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_outside_the_domain_there_is_a_dash_with_a_reason(figure: str, confidence: float) -> None:
    assert np.isnan(getattr(ev, figure)(WILD, method="modified", confidence=confidence))
    reason = ev.tail_reason(figure, WILD, method="modified", confidence=confidence)  # type: ignore[arg-type]
    assert "outside the domain of the Cornish-Fisher expansion" in reason
    assert ev.tail_reason(figure, sample(), method="modified") == ""  # type: ignore[arg-type]
    assert ev.tail_reason(figure, WILD, method="historical") == ""  # type: ignore[arg-type]


def test_a_shortfall_milder_than_the_value_at_risk_is_a_dash() -> None:
    """Within the domain the Edgeworth mean of the tail may lie above the quantile where the tail begins."""
    values = np.random.default_rng(2).normal(0, 0.03, 4000)
    values[::100] = 5 * np.abs(values[::100])
    jumps = pd.Series(values)
    assert ev.value_at_risk(jumps, method="modified") == pytest.approx(-0.0402, abs=1e-4)
    assert np.isnan(ev.expected_shortfall(jumps, method="modified"))
    assert "above the quantile" in ev.tail_reason("expected_shortfall", jumps, method="modified")


@pytest.mark.parametrize("method", ["modified", "student_t"])
def test_a_loss_of_more_than_everything_or_a_gain_is_a_dash(method: str) -> None:
    for returns in (sample() / 20 + 0.01, sample() * 30):
        assert np.isnan(ev.value_at_risk(returns, method=method))  # type: ignore[arg-type]
        reason = ev.tail_reason("value_at_risk", returns, method=method)  # type: ignore[arg-type]
        assert reason == "it would be a gain, or a loss of more than everything"


@pytest.mark.parametrize("freedom", [2.5, 4.0, 12.0])
def test_the_fitted_t_is_that_of_scipy(freedom: float) -> None:
    values = 0.001 + student(800, 1, np.random.default_rng(3), freedom=freedom)[:, 0]
    location, scale, found = fit_student_t(values)
    theirs = student_t.fit(values)
    assert [found, location, scale] == pytest.approx(list(theirs), rel=1e-2)
    ours = student_t.logpdf(values, found, location, scale).sum()
    assert ours >= student_t.logpdf(values, *theirs).sum() - 1e-6


def test_the_tail_of_the_fitted_t_is_that_of_a_long_sample_of_it() -> None:
    values = student(3000, 1, np.random.default_rng(4), freedom=3.0)[:, 0]
    location, scale, freedom = fit_student_t(values)
    drawn = location + scale * np.random.default_rng(5).standard_t(freedom, 2_000_000)
    returns = pd.Series(values)
    assert ev.value_at_risk(returns, method="student_t") == pytest.approx(np.quantile(drawn, 0.05), rel=0.005)
    tail = drawn[drawn <= np.quantile(drawn, 0.01)].mean()
    assert ev.expected_shortfall(returns, method="student_t", confidence=0.99) == pytest.approx(tail, rel=0.02)


def test_for_normal_returns_the_fitted_t_is_the_gaussian() -> None:
    returns = pd.Series(norm.ppf((np.arange(2000) + 0.5) / 2000) * 0.03)
    for figure in (ev.value_at_risk, ev.expected_shortfall):
        assert figure(returns, method="student_t") == pytest.approx(figure(returns, method="gaussian"), rel=5e-3)


def test_on_fat_tails_the_fitted_t_is_nearer_to_the_truth_than_the_modified_figure() -> None:
    values = pd.DataFrame(student(1000, 60, np.random.default_rng(6)))
    truth = student_t.ppf(0.01, 4) * 0.035 / np.sqrt(2)
    fitted, modified = (
        (ev.value_at_risk(values, method=method, confidence=0.99) / truth - 1).abs()  # type: ignore[arg-type]
        for method in ("student_t", "modified")
    )
    assert fitted.mean() < 0.06  # CONVENTIONS.md: 0.04
    assert fitted.mean() < modified.mean() / 3  # of those that are printed
    assert modified.isna().mean() > 0.2


def test_without_a_fit_or_a_mean_there_is_a_dash_with_a_reason() -> None:
    idle = pd.Series([0.0] * 30 + [0.01, -0.02, 0.03] * 5)
    wild = pd.Series(np.clip(np.random.default_rng(7).standard_cauchy(500) / 500, -0.9, None) ** 3)
    cases = {"one and the same": idle, "fewer than 20 returns": idle[:19], "mean does not exist": wild}
    for words, returns in cases.items():
        assert np.isnan(ev.expected_shortfall(returns, method="student_t"))
        assert words in ev.tail_reason("expected_shortfall", returns, method="student_t")


def test_the_table_of_tails_says_why_a_cell_is_a_dash() -> None:
    table = ev.tail_table(pd.DataFrame({"calm": sample(402).to_numpy(), "wild": WILD}))
    assert table.attrs["reasons"] == [
        "wild, modified: skewness and kurtosis lie outside the domain of the Cornish-Fisher expansion."
    ]
