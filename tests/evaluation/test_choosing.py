"""Matching an index to an investor, and what to expect of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.markets import START
from tests.evaluation.measure import forecast_coverage
from tests.evaluation.measure_verdicts import candidates as ranked_by_chance
from tests.evaluation.test_traps import sample


@pytest.fixture(scope="module")
def candidates() -> pd.DataFrame:
    market = sample(1200, seed=1, start=START) * 0.8 + 0.0005
    return pd.DataFrame({"calm": 0.3 * market, "plain": market, "wild": (2.0 * market + 0.003).clip(lower=-0.9)})


def test_the_conservative_investor_gets_the_calm_index_and_the_aggressive_one_the_wild_one(
    candidates: pd.DataFrame,
) -> None:
    assert ev.match_profile(candidates, "conservative").index[0] == "calm"
    assert ev.match_profile(candidates, "aggressive").index[0] == "wild"


def test_the_score_is_the_weighted_place_and_can_be_followed(candidates: pd.DataFrame) -> None:
    table = ev.match_profile(candidates, weights={"cagr": 3.0, "annualized_volatility": 1.0})
    assert table["cagr"].idxmax() == "wild"
    assert table["cagr"].idxmin() == "plain"
    assert table.loc["wild", "score"] == pytest.approx(0.75 * 1 + 0.25 * 0)
    assert table.loc["calm", "score"] == pytest.approx(0.75 * 0.5 + 0.25 * 1)
    assert table.loc["plain", "score"] == pytest.approx(0.75 * 0 + 0.25 * 0.5)
    assert table["rank"].tolist() == [1, 2, 3]
    assert table.loc["plain", "max_drawdown"] == pytest.approx(ev.max_drawdown(candidates["plain"]))
    for weights in ev.PROFILES.values():
        assert sum(weights.values()) == pytest.approx(1.0)


def test_a_young_candidate_is_listed_without_rank_and_shortens_nothing(candidates: pd.DataFrame) -> None:
    young = candidates.assign(young=candidates["wild"].mask(np.arange(1200) < 900))
    table = ev.match_profile(young)
    assert table.index[-1] == "young"
    assert pd.isna(table.loc["young", "rank"])
    pd.testing.assert_frame_equal(table.iloc[:3], ev.match_profile(candidates))


def test_candidates_are_compared_over_the_same_days(candidates: pd.DataFrame) -> None:
    late = candidates.assign(calm=candidates["calm"].mask(np.arange(1200) < 400))
    table = ev.match_profile(late)
    assert (table["start"] == candidates.index[400]).all()
    assert table.loc["plain", "max_drawdown"] == pytest.approx(ev.max_drawdown(candidates["plain"].iloc[400:]))


def test_an_undefined_criterion_counts_as_the_worst_place(candidates: pd.DataFrame) -> None:
    flat = candidates.assign(flat=0.0)
    assert ev.match_profile(flat, weights={"sharpe_ratio": 1.0}).index[-1] == "flat"


def test_unknown_names_and_weights_are_refused(candidates: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="did you mean 'balanced'"):
        ev.match_profile(candidates, "balance")
    with pytest.raises(DataError, match="did you mean 'cagr'"):
        ev.match_profile(candidates, weights={"cagrr": 1.0})
    with pytest.raises(DataError, match="at least 0"):
        ev.match_profile(candidates, weights={"cagr": -1.0})
    with pytest.raises(DataError, match="sum to zero"):
        ev.match_profile(candidates, weights={"cagr": 0.0})
    with pytest.raises(DataError, match="no column has 730"):
        ev.match_profile(candidates.iloc[:500])


def test_expectations_of_independent_returns_are_those_of_theory() -> None:
    rng = np.random.default_rng(3)
    returns = pd.Series(rng.normal(0.0, 0.02, 5000), pd.date_range("2010-01-01", periods=5000))
    table = ev.expectations(returns, horizons=[100], draws=4000)
    log = np.log1p(returns)
    spread = log.std() * np.sqrt(100 * (1 + 100 / 5000))  # the last factor: the mean is only estimated
    median = np.expm1(100 * log.mean())
    assert table.loc[(100, "total_return"), 0.5] == pytest.approx(median, abs=0.02)
    assert np.log1p(table.loc[(100, "total_return"), 0.95]) == pytest.approx(
        100 * log.mean() + 1.645 * spread, abs=0.02
    )
    assert table.loc[(100, "total_return"), "share_negative"] == pytest.approx(
        norm.cdf(-100 * log.mean() / spread), abs=0.03
    )
    assert table.loc[(100, "max_drawdown"), "share_negative"] == 1.0
    assert "past" in table.attrs["caveat"]


def test_expectations_carry_the_uncertainty_about_the_mean() -> None:
    returns = pd.Series(np.random.default_rng(9).normal(0.0, 0.01, 200), pd.date_range("2020-01-01", periods=200))
    row = ev.expectations(returns, horizons=[200], draws=3000, block_length=1).loc[(200, "total_return")]
    width = np.log1p(row[0.95]) - np.log1p(row[0.05])
    known_mean = 2 * 1.645 * np.log1p(returns).std() * np.sqrt(200)
    assert width / known_mean == pytest.approx(np.sqrt(1 + 200 / 200), rel=0.08)


def test_expectations_are_ordered_and_reproducible() -> None:
    table = ev.expectations(sample(600), draws=200)
    assert table.index.tolist() == [(h, m) for h in (365, 1095) for m in ("total_return", "max_drawdown")]
    assert (table.iloc[:, :5].diff(axis=1).iloc[:, 1:] >= 0).all().all()
    pd.testing.assert_frame_equal(table, ev.expectations(sample(600), draws=200))
    deeper = table.xs("max_drawdown", level="measure")[0.5]
    assert deeper.loc[1095] < deeper.loc[365]
    with pytest.raises(DataError, match="expected 1 to 36,500"):
        ev.expectations(sample(), horizons=[0])
    with pytest.raises(DataError, match="between 0 and 1"):
        ev.expectations(sample(), quantiles=[1.5])


def test_a_forecast_sees_nothing_after_its_date() -> None:
    returns = sample(900)
    record = ev.forecast_record(returns, horizon=100, first=300, step=100, draws=100)
    changed = returns.copy()
    changed.iloc[500:] = 0.01
    again = ev.forecast_record(changed, horizon=100, first=300, step=100, draws=100)
    made_before = record.index <= returns.index[499]
    pd.testing.assert_frame_equal(
        record.loc[made_before, ["lower", "upper"]], again.loc[made_before, ["lower", "upper"]]
    )
    assert record["realised"].iloc[0] == pytest.approx(ev.total_return(returns.iloc[300:400]))
    assert record.index[0] == returns.index[299]
    assert len(record) == 6


def test_calibration_counts_what_does_not_overlap() -> None:
    dates = pd.date_range("2020-01-01", periods=10, freq="30D")
    record = pd.DataFrame({"inside": [True] * 6 + [False] * 4}, dates)
    record.attrs |= {"horizon": 90, "step": 30, "coverage": 0.9}
    result = ev.forecast_calibration(record)
    assert (result["forecasts"], result["independent"]) == (10, 4)
    assert result["inside"] == pytest.approx(0.6)
    assert (result["lower"], result["upper"]) == (0.5, 1.0)  # four good forecasts: 2 to 4 inside in 95 % of cases
    assert result["held"] == "cannot tell"
    record.attrs["step"] = 90
    assert ev.forecast_calibration(record)["independent"] == 10
    assert ev.forecast_calibration(record)["held"] == "no"


@pytest.mark.parametrize(("count", "held"), [(8, "cannot tell"), (9, "yes")])
def test_nine_forecasts_that_all_held_rule_out_a_share_twenty_points_lower(count: int, held: str) -> None:
    record = pd.DataFrame({"inside": [True] * count}, pd.date_range("2020-01-01", periods=count, freq="90D"))
    record.attrs |= {"horizon": 90, "step": 90, "coverage": 0.9}
    assert 0.7**9 < 0.05 < 0.7**8
    assert ev.forecast_calibration(record)["held"] == held


def test_candidates_that_differ_by_chance_take_turns_and_a_better_one_stays_first() -> None:
    market = sample(1100, start=START)
    noise = [sample(1100, seed=seed, start=START) * 0.3 for seed in range(20, 23)]
    alike = pd.DataFrame({f"c{number}": market + own - own.mean() for number, own in enumerate(noise)})
    table = ev.match_profile(alike, "aggressive")
    assert table["probability_first"].sum() == pytest.approx(1.0)
    assert table["probability_first"].max() < 0.7
    assert table.attrs["verdict"] == "cannot tell"
    assert np.isnan(table["probability_ahead"].iloc[0])
    better = ev.match_profile(alike.assign(c1=alike["c1"] + 0.003), "aggressive")
    assert better.index[0] == "c1"
    assert better["probability_first"].iloc[0] > 0.95
    assert better["probability_ahead"].iloc[1] < 0.05
    assert better.attrs["verdict"] == "yes"
    assert better.attrs["weights"] == pytest.approx(dict(ev.PROFILES["aggressive"]))


def test_the_luckiest_of_six_equal_candidates_is_not_taken_for_the_best() -> None:
    rng = np.random.default_rng(3)
    said = [
        ev.match_profile(ranked_by_chance(0.0, 3, rng), "aggressive", draws=60)["probability_first"].iloc[0]
        for _ in range(8)
    ]
    assert np.mean(said) < 0.32  # one in six is the truth; resampling the past as it was says 0.42


def test_two_candidates_that_are_one_share_the_first_place(candidates: pd.DataFrame) -> None:
    twins = pd.DataFrame({"one": candidates["plain"], "other": candidates["plain"]})
    table = ev.match_profile(twins, draws=20)
    assert table["probability_first"].tolist() == [0.5, 0.5]
    assert table["probability_ahead"].iloc[1] == 0.5


def test_forecasts_hold_about_as_often_as_they_say() -> None:
    share = forecast_coverage(repetitions=80, world="normal", seed=4)
    assert share == pytest.approx(0.9, abs=0.08)  # two and a half standard errors of eighty forecasts


def test_of_each_two_candidates_one_is_above_the_other_in_all_drawn_histories(candidates: pd.DataFrame) -> None:
    table = ev.match_profile(candidates, "conservative", draws=50)
    above = table.attrs["above"]
    assert list(above) == list(table.index)
    for one in above:
        for other in above[one]:
            assert above[one][other] + above[other][one] == pytest.approx(1.0)
    second = table.index[1]
    assert above[second][table.index[0]] == table.loc[second, "probability_ahead"]
    twin = ev.match_profile(candidates.assign(twin=candidates["calm"]), "conservative", draws=50)
    assert twin.attrs["above"]["twin"]["calm"] == 0.5  # ties count half
