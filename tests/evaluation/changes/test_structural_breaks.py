"""Breaks: the statistic by its definition, its published limits, its size, and a planted break."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from research.evaluation import structural_breaks
from research.evaluation.changes.structural_breaks import TRIM, influences, p_values, self_normalised
from tests.evaluation.markets import garch


def by_definition(values: np.ndarray) -> float:
    """G of Shao and Zhang (2010), equation 4, in plain loops."""
    n = len(values)
    best = -1.0
    edge = int(np.ceil(TRIM * n))
    for k in range(edge, n - edge + 1):
        left, right = values[:k], values[k:]
        d = (values[:k].sum() - k / n * values.sum()) / np.sqrt(n)
        v = sum((left[:t].sum() - t / k * left.sum()) ** 2 for t in range(1, k + 1))
        v += sum((right[t:].sum() - (n - k - t) / (n - k) * right.sum()) ** 2 for t in range(n - k))
        best = max(best, d**2 / (v / n**2))
    return best


def test_the_statistic_is_that_of_its_definition() -> None:
    values = np.random.default_rng(0).normal(size=(60, 3))
    statistics, _ = self_normalised(values)
    for column in range(3):
        assert statistics[column] == pytest.approx(by_definition(values[:, column]))


def test_the_likeliest_day_is_where_two_means_fit_best() -> None:
    values = np.random.default_rng(5).normal(size=(80, 4))
    values[30:] += 1.0
    _, places = self_normalised(values)
    for column in range(4):
        errors = {k: values[:k, column].var() * k + values[k:, column].var() * (80 - k) for k in range(8, 73)}
        assert places[column] == min(errors, key=lambda k: errors[k])


def test_the_limits_are_those_published() -> None:
    """Shao and Zhang (2010), "Testing for change points in time series", table 1, one parameter."""
    assert_allclose(p_values(np.array([29.6, 40.1, 52.2, 68.6, 84.6, 121.9])), [0.1, 0.05, 0.025, 0.01, 0.005, 0.001])
    assert p_values(np.array([1e6]))[0] == pytest.approx(0.001)


def test_independent_values_exceed_the_limits_as_often_as_they_say() -> None:
    statistics, _ = self_normalised(np.random.default_rng(1).normal(size=(400, 4000)))
    p_value = p_values(statistics)
    for level in (0.5, 0.25, 0.1, 0.05):
        assert (p_value < level).mean() == pytest.approx(level, abs=4 * np.sqrt(level / 4000))


def test_a_planted_break_is_found_where_it_is_and_in_its_figure_alone() -> None:
    rng = np.random.default_rng(2)
    days = pd.date_range("2018-01-01", periods=1500)
    market = pd.Series(garch(1500, 1, rng)[:, 0], days)
    beta = np.where(days < days[900], 0.7, 1.3)
    own = beta * market + rng.normal(0.0, 0.01, 1500)
    table = structural_breaks(own, market)
    assert table.loc["beta", "verdict"] == "changed"
    assert abs((table.loc["beta", "since"] - days[900]).days) < 60
    assert table.loc["beta", ["before", "after"]].astype(float).to_numpy() == pytest.approx([0.7, 1.3], abs=0.05)
    assert table.loc["alpha", "verdict"] == "no change seen"


def test_alpha_and_beta_break_by_chance_in_one_case_of_20_under_clustered_volatility() -> None:
    rng = np.random.default_rng(3)
    market, noise = garch(500, 600, rng), garch(500, 600, rng, volatility=0.012)
    own = market + noise
    every = np.concatenate([influences(own[:, run], market[:, run]) for run in range(600)], axis=1)
    alpha, beta, volatility = (p_values(self_normalised(every)[0]).reshape(600, 3) < 0.05).mean(axis=0)
    assert 0.03 < alpha < 0.07
    assert 0.03 < beta < 0.07
    assert volatility < 0.18  # said on the page


def test_a_short_or_constant_history_cannot_tell() -> None:
    days = pd.date_range("2020-01-01", periods=400)
    market = pd.Series(np.random.default_rng(4).normal(0, 0.03, 400), days)
    for own, other in ((market.iloc[:249], market), (market * 0.0, market), (market, market * 0.0)):
        table = structural_breaks(own, other)
        assert set(table["verdict"]) == {"cannot tell"}
        assert table[["before", "after", "since", "p_value", "adjusted"]].isna().all(axis=None)
