"""Weekly rank IC, calls, probabilities and quantile spreads: closed forms, planted effects, error rates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, spearmanr
from scipy.stats import t as student

from research import evaluation as ev
from research.errors import DataError
from research.evaluation.skill.week_tests import NO_EVIDENCE, SKILL, WORSE

START = "2019-01-06"


def panel(values: np.ndarray) -> pd.DataFrame:
    dates = pd.date_range(START, periods=len(values), freq="7D")
    return pd.DataFrame(values, dates, [f"asset-{number}" for number in range(values.shape[1])])


def planted(weeks: int, assets: int, *, ic: float, seed: int, memory: float = 0.9) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores that stay for weeks, and returns with a common market that correlate with them by `ic` across assets."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(weeks, assets))
    for row in range(1, weeks):
        scores[row] = memory * scores[row - 1] + np.sqrt(1 - memory**2) * scores[row]
    noise = rng.standard_t(5, (weeks, assets)) / np.sqrt(5 / 3)
    own = ic * scores + np.sqrt(1 - ic**2) * noise
    market = rng.normal(0, 0.06, (weeks, 1))
    return panel(scores), panel(np.exp(market + 0.08 * own) - 1)


# ---------------------------------------------------------------- the coefficient and its test


def test_the_coefficient_is_spearmans_over_the_assets_that_have_both_numbers() -> None:
    rng = np.random.default_rng(1)
    scores, outcomes = (panel(rng.integers(0, 9, (30, 14)).astype(float)) for _ in range(2))
    scores = scores.mask(rng.random(scores.shape) < 0.15)
    outcomes = outcomes.mask(rng.random(outcomes.shape) < 0.15)
    ic = ev.rank_ic(scores, outcomes, fewest_assets=6)
    for date in ic.index:
        both = scores.loc[date].notna() & outcomes.loc[date].notna()
        expected = spearmanr(scores.loc[date][both], outcomes.loc[date][both]).statistic
        assert ic[date] == pytest.approx(expected, abs=1e-12)


def test_too_few_assets_or_nothing_but_ties_is_no_coefficient() -> None:
    scores, outcomes = planted(3, 12, ic=0.0, seed=1)
    scores.iloc[0, 3:] = np.nan
    scores.iloc[1] = 1.0
    assert ev.rank_ic(scores, outcomes).isna().tolist() == [True, True, False]


def test_the_t_statistic_is_newey_wests_as_alpha_test_has_it() -> None:
    ic = pd.Series(np.random.default_rng(3).normal(0.02, 0.2, 300))
    ours, theirs = ev.ic_summary(ic, lags=6), ev.alpha_test(ic, periods_per_year=1, lags=6)
    assert ours["t_statistic"] == pytest.approx(theirs["t_statistic"], rel=1e-10)
    assert ours["mean"] == pytest.approx(theirs["alpha"], rel=1e-12)
    assert ours["icir"] == pytest.approx(ic.mean() / ic.std() * np.sqrt(52))
    assert theirs["p_value"] < ours["p_value"] < theirs["p_value"] + 0.01  # the wider distribution


def test_without_lags_it_is_students_test() -> None:
    ic = pd.Series(np.random.default_rng(4).normal(0.05, 0.2, 25))
    test = ev.mean_test(ic, lags=0)
    t = ic.mean() / (ic.std(ddof=1) / 5)
    assert test["p_value"] == pytest.approx(2 * student.sf(abs(t), 24), rel=1e-9)


def test_the_lags_cover_the_overlap_of_the_labels_and_grow_with_the_history() -> None:
    ic = pd.Series(np.random.default_rng(5).normal(size=365))
    assert ev.ic_summary(ic)["lags"] == 5
    assert ev.ic_summary(ic, overlap=12)["lags"] == 12
    with pytest.raises(DataError, match="lags = 3"):
        ev.ic_summary(ic, overlap=12, lags=3)


def test_a_short_or_constant_series_has_no_error_and_is_no_evidence() -> None:
    for ic in (pd.Series(0.3, range(19)), pd.Series(0.3, range(100)), pd.Series([], dtype=float)):
        test = ev.ic_summary(ic)
        assert np.isnan(test["lower"])
        assert ev.skill_verdict(test["lower"], test["upper"]) == NO_EVIDENCE


@pytest.mark.parametrize("memory", [0.0, 0.95])
def test_on_noise_each_test_rejects_about_one_time_in_twenty(memory: float) -> None:
    """200 markets of 100 weeks; the bounds are 5 % give or take 2.3 standard errors of 1.54 points."""
    rejected = dict.fromkeys(["ic", "hits", "spread"], 0)
    for seed in range(200):
        scores, outcomes = planted(100, 20, ic=0.0, seed=seed, memory=memory)
        states = pd.DataFrame(np.select([scores > 0.4, scores < -0.4], ["bullish", "bearish"], "neutral"))
        states = states.set_axis(scores.index).set_axis(scores.columns, axis=1)
        rejected["ic"] += ev.ic_summary(ev.rank_ic(scores, outcomes))["p_value"] < 0.05
        rejected["hits"] += ev.hit_rate(states, outcomes)["p_value"] < 0.05
        spread = ev.spread_summary(ev.quantile_spread(scores, outcomes))
        rejected["spread"] += spread.loc["gross", "p_value"] < 0.05
    rates = {name: count / 200 for name, count in rejected.items()}
    assert all(0.014 <= rate <= 0.086 for rate in rates.values()), rates


def test_a_planted_effect_is_found_with_the_power_that_was_predicted_and_its_size_is_inside_the_interval() -> None:
    found, covered, predicted = 0, 0, []
    truth = ev.rank_ic(*planted(10_000, 30, ic=0.05, seed=99)).mean()
    for seed in range(200):
        ic = ev.rank_ic(*planted(150, 30, ic=0.05, seed=1_000 + seed))
        test = ev.ic_summary(ic)
        found += ev.skill_verdict(test["lower"], test["upper"]) == SKILL
        covered += test["lower"] <= truth <= test["upper"]
        predicted.append(ev.ic_power(ic, at=truth)["power_at"])
    assert found / 200 == pytest.approx(np.mean(predicted), abs=0.08)
    assert covered / 200 >= 0.90


def test_power_is_the_closed_form() -> None:
    ic = pd.Series(np.random.default_rng(6).normal(0, 0.2, 400))
    error = ev.ic_summary(ic)["standard_error"]
    power = ev.ic_power(ic, at=0.03)
    assert power["detectable"] == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * error)
    assert ev.ic_power(ic, at=power["detectable"])["power_at"] == pytest.approx(0.8, abs=1e-4)
    longer = power["periods_needed"] / 400
    assert (norm.ppf(0.975) + norm.ppf(0.8)) * error / np.sqrt(longer) == pytest.approx(0.03, rel=3e-3)  # whole weeks


def test_years_are_judged_together() -> None:
    scores, outcomes = planted(260, 30, ic=0.0, seed=4)
    ic = ev.rank_ic(scores, outcomes)
    table = ev.ic_by_label(ic, pd.Series(ic.index.year, ic.index, name="year"))
    assert table.index.tolist() == [2019, 2020, 2021, 2022, 2023]
    assert table["periods"].sum() == 260
    assert (table["p_holm"] >= table["p_value"]).all()
    assert set(table["verdict"]) == {NO_EVIDENCE}
    only = ev.ic_summary(ic[ic.index.year == 2021])
    assert table.loc[2021, "mean"] == only["mean"]
    with pytest.raises(DataError, match="labels: none"):
        ev.ic_by_label(ic, pd.Series("bull", pd.date_range("1999-01-01", periods=5)))


def test_scores_turned_round_are_worse_than_chance() -> None:
    scores, outcomes = planted(300, 30, ic=0.3, seed=2)
    for sign, verdict in {1: SKILL, -1: WORSE}.items():
        test = ev.ic_summary(ev.rank_ic(sign * scores, outcomes))
        assert ev.skill_verdict(test["lower"], test["upper"]) == verdict
        spread = ev.spread_summary(ev.quantile_spread(sign * scores, outcomes))
        assert spread.loc["gross", "verdict"] == verdict
        states = panel(np.where(sign * scores.to_numpy() > 0, "bullish", "bearish"))
        assert ev.hit_rate(states, outcomes)["verdict"] == verdict


# ---------------------------------------------------------------- calls


def test_the_hit_rate_and_its_yardsticks_by_hand() -> None:
    states = panel(np.array([["bullish", "bearish", "neutral", None], ["bullish", "bullish", "bearish", "bearish"]]))
    outcomes = panel(np.array([[0.1, 0.0, 0.5, 0.5], [-0.1, 0.2, 0.3, np.nan]]))
    figures = ev.hit_rate(states, outcomes)
    assert figures["calls"] == 5
    assert figures["hit_rate"] == 3 / 5  # right: 0.1, 0.0 (not above zero) and 0.2
    assert figures["base_rate"] == 3 / 5
    assert figures["chance_rate"] == pytest.approx(3 / 5 * 3 / 5 + 2 / 5 * 2 / 5)
    assert figures["above_chance"] == pytest.approx(figures["hit_rate"] - figures["chance_rate"])


def test_a_coin_in_a_rising_market_is_no_evidence_though_it_falls_short_of_the_majority() -> None:
    rng = np.random.default_rng(8)
    outcomes = panel(rng.normal(0.05, 0.1, (250, 20)))
    figures = ev.hit_rate(panel(rng.choice(["bullish", "bearish"], (250, 20))), outcomes)
    assert figures["above_base_upper"] < 0
    assert figures["verdict"] == NO_EVIDENCE


def test_the_interval_treats_a_week_as_one_observation() -> None:
    """Fifty assets that all do the same are no more evidence than one."""
    rng = np.random.default_rng(9)
    calls, returns = rng.choice(["bullish", "bearish"], (200, 1)), rng.normal(size=(200, 1))
    one = ev.hit_rate(panel(calls), panel(returns))
    fifty = ev.hit_rate(panel(np.repeat(calls, 50, axis=1)), panel(np.repeat(returns, 50, axis=1)))
    for figure in ("hit_rate", "lower", "upper", "p_value"):
        assert one[figure] == pytest.approx(fifty[figure], rel=1e-9)


def test_a_word_that_is_no_state_is_refused() -> None:
    with pytest.raises(DataError, match=r"states: 'buy' for 'asset-0'"):
        ev.hit_rate(panel(np.array([["buy", "bullish"]])), panel(np.zeros((1, 2))))


# ---------------------------------------------------------------- probabilities


def test_honest_probabilities_lie_inside_the_intervals_and_have_the_brier_score_of_their_own_variance() -> None:
    rng = np.random.default_rng(10)
    p = rng.uniform(0.3, 0.7, (400, 30))
    outcomes = panel(np.where(rng.random(p.shape) < p, 1.0, -1.0))
    table = ev.reliability_table(panel(p), outcomes)
    assert len(table) == 10
    assert table["count"].sum() == p.size
    assert table["mean_probability"].between(table["lower"], table["upper"]).sum() >= 8
    score = ev.brier_score(panel(p), outcomes)
    assert score["brier"] == pytest.approx((p * (1 - p)).mean(), abs=0.003)
    assert score["advantage"] == pytest.approx(p.var(), abs=0.003)
    assert score["above_chance"] == pytest.approx(2 * p.var(), abs=0.005)
    assert score["verdict"] == SKILL


def test_the_brier_score_splits_into_its_parts() -> None:
    """brier = brier of base − resolution + miscalibration, over the values that the probability takes (Murphy 1973)."""
    rng = np.random.default_rng(11)
    p = rng.choice([0.2, 0.5, 0.7], (60, 20))
    up = rng.random(p.shape) < 0.5
    score = ev.brier_score(panel(p), panel(np.where(up, 0.1, -0.1)))
    base, total = up.mean(), 0.0
    for value in (0.2, 0.5, 0.7):
        inside = p == value
        total += inside.mean() * ((up[inside].mean() - value) ** 2 - (up[inside].mean() - base) ** 2)
    assert score["brier"] == pytest.approx(base * (1 - base) + total, rel=1e-12)
    assert score["skill"] == pytest.approx(1 - score["brier"] / (base * (1 - base)))


def test_probabilities_that_mean_nothing_fall_short_of_the_base_rate_and_are_no_evidence() -> None:
    rng = np.random.default_rng(16)
    p, up = rng.uniform(0.3, 0.7, (300, 20)), rng.random((300, 20)) < 0.5
    score = ev.brier_score(panel(p), panel(np.where(up, 0.1, -0.1)))
    assert score["advantage_upper"] < 0
    assert score["advantage"] == pytest.approx(-p.var(), abs=0.004)
    assert score["verdict"] == NO_EVIDENCE


def test_always_the_base_rate_has_no_advantage_and_one_bin() -> None:
    outcomes = panel(np.tile([1.0, -1.0, 1.0, 1.0], (50, 1)))
    score = ev.brier_score(panel(np.full((50, 4), 0.75)), outcomes)
    assert score["advantage"] == 0
    assert score["verdict"] == NO_EVIDENCE
    table = ev.reliability_table(panel(np.full((50, 4), 0.75)), outcomes)
    assert table[["observed", "count"]].to_numpy().tolist() == [[0.75, 200.0]]


def test_what_is_no_probability_is_refused_and_nothing_at_all_is_an_empty_table() -> None:
    with pytest.raises(DataError, match=r"probabilities: 1.2 for 'asset-1'"):
        ev.brier_score(panel(np.array([[0.5, 1.2]])), panel(np.zeros((1, 2))))
    assert ev.reliability_table(panel(np.full((3, 2), np.nan)), panel(np.zeros((3, 2)))).empty
    assert np.isnan(ev.brier_score(panel(np.full((3, 2), np.nan)), panel(np.zeros((3, 2))))["brier"])


# ---------------------------------------------------------------- the spread


def test_the_spread_and_what_it_trades_by_hand() -> None:
    scores = panel(np.array([[4.0, 3, 2, 1], [1, 3, 2, 4]]))
    outcomes = panel(np.array([[0.2, 0.0, 0.1, -0.1], [0.4, 0.1, 0.0, 0.3]]))
    table = ev.quantile_spread(scores, outcomes, groups=2, cost_bps=100, fewest_assets=4)
    assert table["gross"].tolist() == pytest.approx([0.1 - 0.0, 0.2 - 0.2])
    # top was asset 0 and 1: 0.6/1.1 and 0.5/1.1; becomes 1 and 3. bottom was 2 and 3: 0.55 and 0.45; becomes 0 and 2
    top = 0.6 / 1.1 + abs(0.5 - 0.5 / 1.1) + 0.5
    bottom = 0.45 + abs(0.5 - 0.55) + 0.5
    assert table["traded"].iloc[1] == pytest.approx(top + bottom)
    assert np.isnan(table["traded"].iloc[0])
    assert table["net"].tolist() == pytest.approx([0.1, -0.01 * (top + bottom)])


def test_at_the_break_even_cost_the_net_spread_is_nothing() -> None:
    scores, outcomes = planted(200, 30, ic=0.2, seed=12)
    cost = ev.spread_summary(ev.quantile_spread(scores, outcomes).iloc[1:]).loc["break_even_bps"]
    assert cost["lower"] < cost["value"] < cost["upper"]
    net = ev.quantile_spread(scores, outcomes, cost_bps=cost["value"])["net"].iloc[1:]
    assert net.mean() == pytest.approx(0, abs=1e-12)


def test_a_thin_date_leaves_the_holdings_as_they_are() -> None:
    scores, outcomes = planted(3, 12, ic=0.0, seed=13, memory=1.0)
    scores.iloc[1, 2:] = np.nan
    table = ev.quantile_spread(scores, outcomes)
    assert table["gross"].isna().tolist() == [False, True, False]
    assert 0 < table["traded"].iloc[2] < 0.5  # the same assets: only what prices did is traded back


def test_frames_that_do_not_match_are_refused_in_words() -> None:
    scores, outcomes = planted(30, 12, ic=0.0, seed=14)
    for function in (ev.rank_ic, ev.quantile_spread):
        with pytest.raises(DataError, match="outcomes: shape"):
            function(scores, outcomes.iloc[1:])
        with pytest.raises(DataError, match="outcomes: shape"):
            function(scores, outcomes[outcomes.columns[::-1]])
        with pytest.raises(DataError, match="'asset-0' is inf"):
            function(scores.mask(scores == scores.iloc[0, 0], np.inf), outcomes)
