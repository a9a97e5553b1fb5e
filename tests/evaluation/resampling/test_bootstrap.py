"""Bootstrap intervals: reproducible, paired, and measured for how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import StationaryBootstrap

from research import evaluation as ev
from research.errors import DataError
from research.evaluation.resampling.bootstrap import nested_rows, resampled_rows
from tests.evaluation.markets import autocorrelated
from tests.evaluation.measure import coverage
from tests.evaluation.test_traps import sample


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    returns = sample()
    one, same, other = (ev.bootstrap_interval(ev.sharpe_ratio, returns, draws=200, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_series_equal(one, same)
    assert one["lower"] != other["lower"]
    assert one["value"] == other["value"] == ev.sharpe_ratio(returns)
    assert one["lower"] < one["value"] < one["upper"]


def test_an_interval_is_the_one_of_arch_within_the_error_of_the_draws() -> None:
    returns = sample(300)
    bootstrap = StationaryBootstrap(12, returns.to_numpy(), seed=np.random.default_rng(5))
    draws = [data[0][0].mean() * 365 for data in bootstrap.bootstrap(4000)]
    ours = ev.bootstrap_interval(lambda r: r.mean() * 365, returns, draws=4000, block_length=12, seed=5)
    assert ours["standard_error"] == pytest.approx(np.std(draws, ddof=1), rel=0.04)
    near = pytest.approx(np.quantile(draws, [0.025, 0.975]).tolist(), abs=0.1 * np.std(draws))
    assert ours[["lower", "upper"]].to_list() == near


def test_returns_and_benchmark_are_drawn_together() -> None:
    market = sample()
    interval = ev.bootstrap_interval(ev.beta, 1.5 * market + 0.001, benchmark=market, draws=100)
    assert interval.to_list() == pytest.approx([1.5, 1.5, 1.5, 0.0], abs=1e-9)


def test_the_common_history_is_used() -> None:
    returns, market = sample(), sample(seed=5)
    late = market.iloc[150:]
    cut = ev.bootstrap_interval(ev.beta, returns.iloc[150:], benchmark=late, draws=50, block_length=5)
    whole = ev.bootstrap_interval(ev.beta, returns, benchmark=late, draws=50, block_length=5)
    pd.testing.assert_series_equal(cut, whole)


def test_blocks_have_the_mean_length_asked_for_and_cover_the_history_evenly() -> None:
    rows = resampled_rows(500, draws=400, block_length=25.0, seed=3)
    continued = (np.diff(rows, axis=1) % 500 == 1).mean()
    assert continued == pytest.approx(1 - 1 / 25, abs=0.004)
    share = np.bincount(rows.ravel(), minlength=500) / rows.size
    assert share.max() < 2 / 500


@pytest.mark.parametrize(("length", "size", "block_length"), [(40, 40, 6.0), (40, 100, 1.0), (7, 90, 30.0)])
def test_rows_go_on_one_by_one_and_wrap_until_a_block_begins(length: int, size: int, block_length: float) -> None:
    rng = np.random.default_rng(8)
    begins = rng.random((9, size), dtype=np.float32) < 1.0 / block_length
    begins[:, 0] = True
    drawn = iter(rng.integers(0, length, int(begins.sum())))
    expected = np.zeros((9, size), dtype=int)
    for draw, place in np.ndindex(9, size):
        expected[draw, place] = next(drawn) if begins[draw, place] else (expected[draw, place - 1] + 1) % length
    rows = resampled_rows(length, draws=9, block_length=block_length, seed=8, size=size)
    np.testing.assert_array_equal(rows, expected)


def test_longer_blocks_are_chosen_for_dependent_returns() -> None:
    rng = np.random.default_rng(4)
    independent = np.median([ev.optimal_block_length(pd.Series(rng.normal(size=1500))) for _ in range(15)])
    dependent = np.median([ev.optimal_block_length(pd.Series(x)) for x in autocorrelated(1500, 15, rng).T])
    assert independent < dependent


def test_several_metrics_share_the_histories_of_one() -> None:
    returns = sample()
    metrics = {"sharpe": ev.sharpe_ratio, "worst": ev.max_drawdown}
    table = ev.bootstrap_intervals(metrics, returns, draws=100, seed=2)
    alone = ev.bootstrap_interval(ev.max_drawdown, returns, draws=100, seed=2)
    assert table.loc["worst"].to_list() == alone.to_list()


def test_too_short_or_undefined_gives_no_interval() -> None:
    assert ev.bootstrap_interval(ev.sharpe_ratio, sample(19))[["lower", "upper"]].isna().all()
    constant = pd.Series(0.001, sample(100).index)
    assert ev.bootstrap_interval(ev.sharpe_ratio, constant).isna().all()


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"draws": 1}, {"block_length": 0.5}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match="expected"):
        ev.bootstrap_interval(ev.sharpe_ratio, sample(), **wrong)  # type: ignore[arg-type]


def test_nested_rows_vary_more_than_those_of_one_resampling() -> None:
    values = sample(300).to_numpy()
    plain = values[resampled_rows(300, draws=1500, block_length=5, seed=1)].mean(axis=1)
    nested = values[nested_rows(300, 300, draws=1500, block_length=5, seed=1)].mean(axis=1)
    assert nested.std() / plain.std() == pytest.approx(np.sqrt(2), rel=0.07)
    assert nested_rows(300, 700, draws=3, block_length=5, seed=1).shape == (3, 700)


def test_a_nested_row_is_one_of_its_own_past() -> None:
    pasts = resampled_rows(300, draws=4, block_length=90, seed=2)
    for past, future in zip(pasts, nested_rows(300, 700, draws=4, block_length=90, seed=2), strict=True):
        assert set(future) <= set(past) != set(range(300))


@pytest.mark.parametrize("world", ["normal", "GARCH, t(6)", "AR(0.1)"])
def test_printed_intervals_hold_the_truth_about_as_often_as_they_say(world: str) -> None:
    shares = coverage(world, periods=700, repetitions=60, draws=150, confidence=0.9, seed=11)
    # 60 repetitions of a 90 % interval, in three worlds 78 of them: four standard errors are 15.5 points
    assert shares.between(0.745, 1.0).all(), shares.to_dict()
    assert 0.85 < shares.mean() < 0.95
