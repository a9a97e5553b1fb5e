"""No call knows what came after it. Each proof is also shown to see the leak that it is for, planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from research.index import build_index
from research.market import MarketData
from research.signals import Recipe, SignalHistory, make_signals
from research.signals import make as making
from research.signals import probability as calibrating
from research.signals import walk_forward as walking
from research.signals.make import make_samples
from research.signals.recipe import MODELS
from research.signals.samples import Samples, label_outcomes, rank_normal
from tests.index.markets import with_stablecoins
from tests.signals.markets import market, recipe, signal_rules, source

WHOLE = market()


def compared(history: SignalHistory, date: pd.Timestamp) -> list[pd.DataFrame]:
    """All that was known of the signals at the close of a day."""
    frames = [history.table, history.refits.reset_index(), history.coefficients.reset_index()]
    return [frame[frame["date"] <= date].reset_index(drop=True) for frame in frames]


def with_another_future(whole: MarketData, date: pd.Timestamp) -> MarketData:
    rng = np.random.default_rng(9)
    later = np.asarray(whole.dates > date)[:, None]
    price, volume = (np.where(later, rng.lognormal(0, 1, whole.prices.shape), 1.0) for _ in range(2))
    return replace(
        whole, prices=whole.prices * price, market_caps=whole.market_caps * price, volumes=whole.volumes * volume
    )


def assert_nothing_looks_ahead(rules: Recipe, days: list[pd.Timestamp] | None = None) -> None:
    """Cut at decisions with a refit and without, and on the day after: the calls up to then are the same bytes."""
    whole = make_signals(WHOLE, rules)
    fitted = whole.dates[[refit.week for refit in whole.refit_records]]
    week = pd.Timedelta(days=7)
    for date in days or [fitted[1], fitted[1] + week, fitted[2] + pd.Timedelta(days=1)]:
        expected = compared(whole, date)
        assert all(len(frame) for frame in expected[:2])
        for known in (WHOLE.until(date), with_another_future(WHOLE, date)):
            for now, then in zip(compared(make_signals(known, rules), date), expected, strict=True):
                assert_frame_equal(now, then, check_exact=True)


@pytest.mark.parametrize("kind", MODELS)
def test_calls_refits_and_coefficients_up_to_a_day_do_not_depend_on_what_came_after(kind: str) -> None:
    assert_nothing_looks_ahead(recipe(kind))


def over_the_whole_sample(_names: object, values: object, universe: np.ndarray, **_: object) -> object:
    """A planted leak: ranks over all dates at once."""
    columns = [rank_normal(np.where(universe, panel, np.nan).reshape(1, -1))[0] for _, panel in values]  # type: ignore[attr-defined]
    inside = universe.reshape(-1)
    table = np.nan_to_num(np.column_stack(columns)[inside])
    return table, np.zeros(len(table), dtype=np.int64)


def test_the_proof_sees_features_standardised_over_the_whole_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "standardise", over_the_whole_sample)
    with pytest.raises(AssertionError):
        assert_nothing_looks_ahead(recipe())


def test_the_proof_sees_regimes_standardised_over_the_whole_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking(values: np.ndarray) -> np.ndarray:
        known = values[~np.isnan(values)]
        return np.nan_to_num((values - known.mean()) / known.std()) if len(known) > 1 else np.zeros(len(values))

    monkeypatch.setattr(making, "standardise_in_time", leaking)
    with pytest.raises(AssertionError):
        assert_nothing_looks_ahead(recipe())


def test_the_proof_sees_a_scale_fitted_before_the_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard deviation of all scores, those of later weeks too."""
    honest = calibrating.fit_probability

    def leaking(samples: Samples, lines: np.ndarray, scores: np.ndarray, rules: Recipe) -> calibrating.Probability:
        fitted = honest(samples, lines, scores, rules)
        return replace(fitted, scale=fitted.scale * float(np.nanstd(samples.features)))

    monkeypatch.setattr(walking, "fit_probability", leaking)
    with pytest.raises(AssertionError):
        assert_nothing_looks_ahead(recipe())


def assert_labels_are_of_the_span(outcome: Callable[..., np.ndarray], samples: Samples, rules: Recipe) -> None:
    """What happens up to the effective close, and after the span, is in no label."""
    prices, caps = source().prices, source().panel("market_cap")
    universe = np.zeros((len(samples.rows), prices.shape[1]), dtype=bool)
    universe[20, 0] = True
    row = int(samples.rows[20])
    options = {"lag": rules.lag_days, "horizon": rules.horizon_days}
    [expected] = outcome(prices, caps, samples.rows, universe, **options)
    start, end = row + rules.lag_days, row + rules.lag_days + rules.horizon_days
    assert np.isclose(expected, np.log(prices[end, 0] / prices[start, 0]))
    for outside in (slice(None, start), slice(end + 1, None)):
        changed = prices.copy()
        changed[outside] *= 3.0
        assert outcome(changed, caps, samples.rows, universe, **options)[0] == expected


def test_a_label_is_the_return_of_its_span_and_of_nothing_else() -> None:
    assert_labels_are_of_the_span(label_outcomes, make_samples(source(), recipe()), recipe())


@pytest.mark.parametrize("shift", [-1, 1])
def test_the_proof_sees_a_label_shifted_by_a_day(shift: int) -> None:
    def shifted(*arrays: np.ndarray, lag: int, horizon: int) -> np.ndarray:
        return label_outcomes(*arrays, lag=lag + shift, horizon=horizon)

    with pytest.raises(AssertionError):
        assert_labels_are_of_the_span(shifted, make_samples(source(), recipe()), recipe())


def assert_labels_keep_their_distance(samples: Samples, rules: Recipe) -> None:
    """No label that is learned from ends within the embargo of the fit, or overlaps a label of the fold."""
    gap = rules.refits.embargo_days
    for week in range(20, len(samples.rows), 5):
        known = walking.known_weeks(samples, week, rules)
        assert (samples.label_ends[known] <= samples.rows[week] - gap).all()
        later = np.setdiff1d(np.arange(week), known)
        assert (samples.label_ends[later] > samples.rows[week] - gap).all() or not len(known)
        for fold in np.array_split(known, rules.refits.folds) if len(known) >= 3 * rules.refits.folds else []:
            rest = walking.purged(samples, known, fold, rules)
            assert len(rest)
            starts = samples.rows + rules.lag_days
            for here, there in ((a, b) for a in rest for b in fold):
                first, second = sorted((here, there))
                assert samples.label_ends[first] + gap <= starts[second]


@pytest.mark.parametrize("horizon", [7, 21])
def test_what_is_learned_from_keeps_the_embargo_from_the_fit_and_from_the_fold(horizon: int) -> None:
    rules = recipe(horizon_days=horizon)
    assert_labels_keep_their_distance(make_samples(source(), rules), rules)


def test_the_proof_sees_purging_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "purged", lambda _, known, fold, __: np.setdiff1d(known, fold))
    rules = recipe(horizon_days=21)
    with pytest.raises(AssertionError):
        assert_labels_keep_their_distance(make_samples(source(), rules), rules)


def test_the_proof_sees_a_label_that_is_learned_from_before_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "known_weeks", lambda samples, week, _: np.arange(week + 1))
    rules = recipe()
    with pytest.raises(AssertionError):
        assert_labels_keep_their_distance(make_samples(source(), rules), rules)
    with pytest.raises(AssertionError):
        assert_nothing_looks_ahead(rules)


def test_refits_come_on_their_schedule_and_learn_from_a_window_where_one_is_asked_for() -> None:
    rules = recipe()
    rules = replace(rules, refits=replace(rules.refits, window_weeks=18))
    history = make_signals(WHOLE, rules)
    weeks = [refit.week for refit in history.refit_records]
    assert {b - a for a, b in pairwise(weeks)} == {rules.refits.every_weeks}
    assert max(len(refit.trained) for refit in history.refit_records) == 18
    assert history.refits["weeks"].tolist()[-1] == 18


def test_an_index_that_makes_its_own_signals_does_not_look_ahead(tmp_path: Path) -> None:
    whole = with_stablecoins(WHOLE, 3, deviation=0.001)
    index = build_index(whole, signal_rules(tmp_path / "small.toml"))
    decided = pd.DatetimeIndex(index.decisions["determination_date"].unique())
    for date in (decided[5], decided[20], decided[20] + pd.Timedelta(days=1)):
        for known in (whole.until(date), with_another_future(whole, date)):
            again = build_index(known, index.methodology)
            assert (again.level.loc[:date] == index.level.loc[:date]).all()
