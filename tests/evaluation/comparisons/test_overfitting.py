"""Inference that does not come from a reference table: over-fitting, registry, HAC, power."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, rankdata
from statsmodels.regression.linear_model import OLS
from statsmodels.tools import add_constant

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.test_traps import sample


def trials(skill: float = 0.0, seed: int = 0, periods: int = 640, count: int = 20) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(0.0, 0.02, (periods, count))
    values[:, 3] += skill
    return pd.DataFrame(values, pd.date_range("2020-01-01", periods=periods), [f"trial {i}" for i in range(count)])


def test_choosing_among_noise_is_overfitting_about_half_of_the_time() -> None:
    values = [ev.probability_of_backtest_overfitting(trials(seed=seed), blocks=10) for seed in range(40)]
    assert np.mean(values) == pytest.approx(0.5, abs=0.08)


def test_a_skill_that_lasts_is_not_called_overfitting() -> None:
    assert ev.probability_of_backtest_overfitting(trials(skill=0.006)) < 0.01


def test_demeaning_the_trials_would_call_even_skill_overfitting_and_we_do_not_demean() -> None:
    skilled = trials(skill=0.006)
    assert ev.probability_of_backtest_overfitting(skilled - skilled.mean()) > 0.95
    assert ev.probability_of_backtest_overfitting(skilled) < 0.01


@pytest.mark.parametrize("blocks", [2, 4, 6])
def test_splits_equal_those_computed_one_by_one(blocks: int) -> None:
    table = trials(periods=48 + blocks - 1, count=5)  # a few rows too many: they are dropped at the beginning
    table["copy"] = table["trial 1"]  # as good everywhere: both have the mean of their ranks
    splits = ev.overfitting_splits(table, blocks=blocks)
    parts = np.split(table.to_numpy()[blocks - 1 :], blocks)
    expected = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.vstack([parts[i] for i in chosen])
        outside = np.vstack([parts[i] for i in range(blocks) if i not in chosen])
        score_in, score_out = (part.mean(axis=0) / part.std(axis=0) for part in (inside, outside))
        best = score_in.argmax()
        rank = rankdata(score_out)[best] / 7
        expected.append((f"trial {best}", score_in[best], score_out[best], rank, np.log(rank / (1 - rank))))
    reference = pd.DataFrame(expected, columns=splits.columns)
    pd.testing.assert_frame_equal(splits, reference, rtol=1e-9)
    assert ev.probability_of_backtest_overfitting(table, blocks=blocks) == (reference["relative_rank"] <= 0.5).mean()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(t.index[5]).reindex(t.index), "no return on 2020-01-06"),
        (lambda t: t.iloc[:, :1], "at least two columns"),
        (lambda t: t.iloc[:20], "too few"),
        (lambda t: t.assign(flat=0.0), "does not vary"),
    ],
)
def test_trials_that_cannot_be_compared_are_refused(change: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ev.probability_of_backtest_overfitting(change(trials()))  # type: ignore[operator]


def test_an_odd_number_of_blocks_is_refused() -> None:
    with pytest.raises(DataError, match="even number"):
        ev.probability_of_backtest_overfitting(trials(), blocks=7)


def test_the_registry_counts_every_configuration_once() -> None:
    registry = ev.TrialRegistry()
    for number in range(5):
        registry.record({"count": number, "cap": 0.25}, sample(seed=number))
    registry.record({"cap": 0.25, "count": 3}, sample(seed=3))  # the same again, written in another order
    assert registry.count == 5
    assert registry.sharpe_variance == pytest.approx(registry.sharpe_ratios.var(ddof=1))
    assert registry.returns.shape == (400, 5)
    with pytest.raises(DataError, match="other returns"):
        registry.record({"count": 3, "cap": 0.25}, sample(seed=99))
    with pytest.raises(DataError, match="JSON"):
        registry.record({"count": object()}, sample())


def test_two_registries_know_nothing_of_each_other() -> None:
    one, other = ev.TrialRegistry(), ev.TrialRegistry()
    one.record({"a": 1}, sample())
    assert (one.count, other.count) == (1, 0)
    assert np.isnan(other.sharpe_variance)


def test_copies_of_a_trial_count_as_one_thing_tried_beside_the_raw_number() -> None:
    registry = ev.TrialRegistry()
    for number in range(4):
        for copy in range(3):
            noise = sample(seed=100 + 10 * number + copy) / 20
            registry.record({"idea": number, "copy": copy}, sample(seed=number) + noise)
    assert registry.count == 12
    assert registry.effective_count() == 4


def test_more_trials_deflate_more() -> None:
    returns = sample(1000, seed=2)
    values = [ev.deflated_sharpe(returns, trials=n, sharpe_variance=0.3) for n in (1, 2, 10, 100)]
    assert values[0] == pytest.approx(ev.probabilistic_sharpe(returns))
    assert values == sorted(values, reverse=True)
    with pytest.raises(DataError, match="trials = 0: expected 1 to"):
        ev.deflated_sharpe(returns, trials=0, sharpe_variance=0.3)


def test_the_expected_maximum_is_what_simulation_shows() -> None:
    best = np.random.default_rng(0).normal(0, 0.5, (20_000, 45)).max(axis=1).mean()
    assert ev.expected_maximum_sharpe(45, 0.25) == pytest.approx(best, rel=0.02)


def test_the_probabilistic_sharpe_ratio_is_right_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(0.0015, 0.03, (500, 2000)))
    true = 0.0015 / 0.03 * np.sqrt(365)
    beaten = ev.probabilistic_sharpe(frame, reference=true)
    assert (beaten > 0.95).mean() == pytest.approx(0.05, abs=0.015)


def test_after_the_minimum_track_record_the_probability_is_the_confidence() -> None:
    returns = sample(800, seed=2) + 0.001
    needed = ev.minimum_track_record(returns, confidence=0.9)
    skew, kurtosis = ev.skewness(returns), ev.excess_kurtosis(returns) + 3
    sharpe = ev.sharpe_ratio(returns, periods_per_year=1)
    chance = ev.sharpe_probability(sharpe, 0.0, observations=needed, skewness=skew, kurtosis=kurtosis)
    assert chance == pytest.approx(0.9)
    assert np.isnan(ev.minimum_track_record(returns, reference=50.0))


def test_years_to_distinguish_for_independent_active_returns() -> None:
    rng = np.random.default_rng(2)
    market = sample(4000)
    active = pd.Series(rng.normal(0.0, 0.01, 4000), market.index)
    active += 0.0005 - active.mean()
    years = ev.years_to_distinguish(market + active, market)
    expected = (norm.ppf(0.975) * active.std() / 0.0005) ** 2 / 365
    assert years == pytest.approx(expected, rel=0.15)
    assert ev.years_to_distinguish(market + active, market, power=0.8) > 2 * years * 0.9
    assert ev.years_to_distinguish(market - active, market) == pytest.approx(years, rel=1e-9)
    assert np.isnan(ev.years_to_distinguish(market, market))


def test_years_to_distinguish_uses_the_error_of_the_hac_test() -> None:
    market = sample(1000)
    shocks = np.random.default_rng(8).normal(0.0003, 0.01, 1000)
    active = pd.Series(shocks + 0.5 * np.roll(shocks, 1), market.index)
    test = ev.alpha_test(active)
    expected = (norm.ppf(0.975) * test["standard_error"] / test["alpha"]) ** 2 * 1000 / 365
    assert ev.years_to_distinguish(market + active, market) == pytest.approx(expected, rel=1e-8)


def test_alpha_test_rejects_a_true_null_about_as_often_as_it_should() -> None:
    rng = np.random.default_rng(3)
    dates = pd.date_range("2020-01-01", periods=600)
    rejected = []
    for _ in range(300):
        market = pd.Series(rng.normal(0.001, 0.03, 600), dates)
        noise = rng.normal(0, 0.02, 600)
        noise[1:] += 0.3 * noise[:-1]
        rejected.append(ev.alpha_test(0.9 * market + noise, market)["p_value"] < 0.05)
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.04)


def test_alpha_test_is_the_regression_of_statsmodels_with_newey_west_errors() -> None:
    returns, market = sample(500), sample(500, seed=8) + 0.4 * sample(500)
    fit = OLS(returns.to_numpy(), add_constant(market.to_numpy())).fit(
        cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": False}
    )
    ours = ev.alpha_test(returns, market, periods_per_year=1, lags=5).drop(["lags", "observations"])
    theirs = [fit.params[0], fit.bse[0], fit.tvalues[0], fit.pvalues[0], *fit.conf_int()[0], fit.params[1]]
    assert ours.to_list() == pytest.approx([*theirs, fit.tvalues[1]], rel=1e-9)


def test_alpha_test_of_a_frame_is_that_of_its_columns() -> None:
    market = sample(seed=5)
    frame = pd.DataFrame({"a": sample(seed=6), "b": market})
    table = ev.alpha_test(frame, market)
    pd.testing.assert_series_equal(table["a"], ev.alpha_test(frame["a"], market), check_names=False)
    assert table.loc["alpha", "b"] == pytest.approx(0.0, abs=1e-9)
    assert table.loc["alpha", "a"] == pytest.approx(ev.jensen_alpha(frame["a"], market))
    assert ev.alpha_test(sample(5), market)["t_statistic"] != ev.alpha_test(sample(5), market)["t_statistic"]


def test_pvalues_outside_zero_and_one_are_refused() -> None:
    with pytest.raises(DataError, match=r"p-value 1.2 of 'b'"):
        ev.adjust_pvalues(pd.Series({"a": 0.1, "b": 1.2}))
    assert ev.adjust_pvalues([]).empty
