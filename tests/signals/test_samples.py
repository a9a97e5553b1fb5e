"""Standardising and labelling: over the universe of one date, and from the effective close on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from research.signals.samples import label_outcomes, rank_normal, standardise, standardise_in_time

RNG = np.random.default_rng(5)


def test_ranks_become_the_quantiles_of_the_middles_of_equal_parts() -> None:
    values = np.array([[30.0, np.nan, 10.0, 20.0, 20.0]])
    expected = norm.ppf([7 / 8, np.nan, 1 / 8, 1 / 2, 1 / 2])
    np.testing.assert_allclose(rank_normal(values)[0], expected, atol=1e-15)


def test_a_feature_is_standardised_over_the_universe_of_its_date_alone() -> None:
    panel, universe = RNG.normal(size=(6, 20)), RNG.random((6, 20)) < 0.7
    table, missing = standardise(["x"], [("x", panel)], universe, max_missing=0.4)
    other = panel.copy()
    other[3] = RNG.normal(50, 9, 20)
    other[~universe] = 1e9
    changed, _ = standardise(["x"], [("x", other)], universe, max_missing=0.4)
    week = np.nonzero(universe)[0]
    assert (table[week != 3] == changed[week != 3]).all()
    assert (table[week == 3] != changed[week == 3]).any()
    assert not missing.any()


def test_what_is_missing_stands_in_the_middle_and_is_counted_and_too_much_of_it_drops_the_date() -> None:
    panel = RNG.normal(size=(2, 10))
    panel[0, :3], panel[1, :5] = np.nan, np.nan
    table, missing = standardise(["x"], [("x", panel)], np.ones((2, 10), dtype=bool), max_missing=0.4)
    assert (table[:3] == 0).all()
    assert (np.abs(table[3:10]) > 0).any()
    assert (table[10:] == 0).all()
    assert missing.tolist() == [1, 1, 1] + [0] * 7 + [1] * 10


def test_a_series_is_standardised_with_its_own_past_alone() -> None:
    values = np.concatenate([[np.nan, np.nan], np.cumsum(RNG.normal(size=98))])
    scaled = standardise_in_time(values)
    for row in (28, 60, 99):
        past = values[2 : row + 1]
        assert np.isclose(scaled[row], (values[row] - past.mean()) / past.std(), rtol=1e-10)
    assert (scaled[:27] == 0).all()  # fewer than 26 values so far
    assert (standardise_in_time(np.where(np.arange(100) > 70, 1e6, values))[:70] == scaled[:70]).all()
    assert (standardise_in_time(np.full(60, 3.7)) == 0).all()


def test_a_label_begins_at_the_effective_close_and_not_before() -> None:
    prices = np.full((30, 1), 100.0)
    prices[11:] *= 2  # between the decision of row 10 and its effective close
    prices[15:] *= 1.5  # inside the span
    prices[19:] *= 7  # after it
    [outcome] = label_outcomes(prices, prices, np.array([10]), np.ones((1, 1), dtype=bool), lag=1, horizon=7)
    assert np.isclose(outcome, np.log(1.5))


def test_a_death_inside_the_span_counts_with_its_last_price_and_what_is_not_over_is_unknown() -> None:
    prices = np.full((30, 3), 100.0)
    prices[14, 0], prices[15:, 0] = 5.0, np.nan
    prices[11, 1] = np.nan  # cannot be bought
    rows, universe = np.array([10, 21, 22]), np.ones((3, 3), dtype=bool)
    outcomes = label_outcomes(prices, prices, rows, universe, lag=1, horizon=7).reshape(3, 3)
    assert np.isclose(outcomes[0, 0], np.log(0.05))
    assert np.isnan(outcomes[0, 1])
    assert outcomes[1, 1] == 0  # row 29 is the last: the span is over
    assert np.isnan(outcomes[2]).all()


@pytest.mark.parametrize(("grows", "expected"), [(1.0, np.nan), (10.0, np.log(10.0))])
def test_a_leap_of_the_price_without_one_of_the_market_cap_is_no_return(grows: float, expected: float) -> None:
    prices, caps = np.full((30, 1), 100.0), np.full((30, 1), 1e9)
    prices[14:] *= 10
    caps[14:] *= grows
    [outcome] = label_outcomes(prices, caps, np.array([10]), np.ones((1, 1), dtype=bool), lag=1, horizon=7)
    np.testing.assert_allclose(outcome, expected)
