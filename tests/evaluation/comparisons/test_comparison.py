"""Is A better than B: the same answer from both sides, as often wrong as promised, `cannot tell` where unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from numpy.testing import assert_allclose

from research.errors import DataError
from research.evaluation import best_of_many, cagr, compare, max_drawdown, returns_from_levels, sharpe_ratio
from research.evaluation.comparisons.comparison import _sharpe_sums, _studentised, step_down
from tests.evaluation.markets import garch

DAYS = pd.date_range("2020-01-01", periods=801)


def levels(count: int = 3, seed: int = 0, periods: int = 800, **edges: float) -> pd.DataFrame:
    """Indices on one market, each with noise of its own, and a mean return a day added by name."""
    rng = np.random.default_rng(seed)
    market = np.clip(0.001 + garch(periods, 1, rng), -0.5, 1.0)
    own = market + rng.normal(0.0, 0.01, (periods, count))
    for name, edge in edges.items():
        own[:, "abcdef".index(name)] += edge
    path = np.concatenate([np.ones((1, count)), np.cumprod(1.0 + own, axis=0)])
    return pd.DataFrame(path, DAYS[: periods + 1], list("abcdef"[:count]))


def test_values_are_those_of_the_metrics_and_growth_is_compared_geometrically() -> None:
    frame = levels(2)
    returns = returns_from_levels(frame)
    table = compare(frame, risk_free=0.04, draws=100).set_index("measure")
    for name, expected in {
        "sharpe_ratio": sharpe_ratio(returns, risk_free=0.04),
        "cagr": cagr(returns),
        "max_drawdown": max_drawdown(returns),
    }.items():
        assert_allclose(table.loc[name, ["first_value", "second_value"]].astype(float), expected, rtol=1e-10)
    one, two = cagr(returns)
    assert table.loc["cagr", "difference"] == pytest.approx((1 + one) / (1 + two) - 1)


def test_from_the_other_side_everything_is_mirrored() -> None:
    frame = levels(2, a=0.001)
    there, back = (compare(frame[order], draws=200) for order in (["a", "b"], ["b", "a"]))
    assert_allclose(there["p_value"], back["p_value"])
    assert_allclose(there["adjusted"], back["adjusted"])
    plain = there["measure"] != "cagr"
    assert_allclose(there.loc[plain, "lower"], -back.loc[plain, "upper"], atol=1e-12)
    assert_allclose(1 + there.loc[~plain, "lower"], 1 / (1 + back.loc[~plain, "upper"]))
    swap = {"better": "worse", "worse": "better", "cannot tell": "cannot tell"}
    assert list(there["verdict"]) == list(back["verdict"].map(swap))


def test_the_standard_error_is_that_of_the_delta_method_with_a_newey_west_variance() -> None:
    values = returns_from_levels(levels(2)).iloc[1:].to_numpy()
    block, pair = 8, (np.array([0]), np.array([1]))
    starts = np.random.default_rng(0).integers(0, len(values), (5, 100))
    error, _ = _studentised(values, _sharpe_sums, starts, block, *pair)
    score = (values - values.mean(axis=0)) / values.std(axis=0)
    ratio = values.mean(axis=0) / values.std(axis=0)
    influence = score - ratio / 2 * (score**2 - 1)  # Jobson and Korkie (1981), in Memmel's (2003) form
    options = {"maxlags": block - 1, "use_correction": False}
    fit = sm.OLS(influence[:, 0] - influence[:, 1], np.ones(len(values))).fit(cov_type="HAC", cov_kwds=options)
    assert error[0] == pytest.approx(fit.bse[0], rel=1e-9)


def test_a_clear_difference_is_told_and_the_scale_of_a_level_makes_none() -> None:
    frame = levels(3, a=0.004)
    table = compare(frame, reference="a", draws=300)
    assert set(table["second"]) == {"b", "c"}
    assert set(table.loc[table["measure"] != "max_drawdown", "verdict"]) == {"better"}
    pd.testing.assert_frame_equal(table, compare(frame * [5.0, 0.1, 1e6], reference="a", draws=300))


def test_twice_the_same_level_is_no_comparison() -> None:
    frame = levels(1)
    table = compare(frame.assign(twin=frame["a"]), draws=100)
    assert table["p_value"].isna().all()
    assert set(table["verdict"]) == {"cannot tell"}
    assert (table["difference"] == 0).all()


def test_the_seed_decides_and_another_one_differs() -> None:
    frame = levels(2)
    one, again, other = (compare(frame, draws=200, seed=seed)["upper"] for seed in (1, 1, 2))
    pd.testing.assert_series_equal(one, again)
    assert not np.allclose(one, other)


def test_only_days_that_all_have_count() -> None:
    frame = levels(3)
    frame.iloc[:150, 1] = np.nan
    frame.iloc[700:, 2] = np.nan
    table = compare(frame, draws=100)
    assert (table["start"] == DAYS[151]).all()
    assert (table["end"] == DAYS[699]).all()
    pd.testing.assert_frame_equal(table, compare(frame.iloc[150:700], draws=100))


@pytest.mark.parametrize("periods", [0, 1, 2, 99])
def test_a_history_too_short_cannot_tell(periods: int) -> None:
    frame = levels(2, periods=120).iloc[: periods + 1]
    table = compare(frame, draws=100)
    assert table[["p_value", "adjusted", "lower", "upper"]].isna().all(axis=None)
    assert set(table["verdict"]) == {"cannot tell"}
    assert best_of_many(frame, "a")["in_set"].all()


def test_what_cannot_be_compared_is_refused_in_words() -> None:
    frame = levels(2)
    with pytest.raises(DataError, match="no level is called 'bb': did you mean 'b'"):
        compare(frame, reference="bb")
    with pytest.raises(DataError, match=r"'b'.*2020-04-10"):
        compare(frame.assign(b=frame["b"].drop(DAYS[100])))
    with pytest.raises(DataError, match="two columns at least"):
        compare(frame[["a"]])
    with pytest.raises(DataError, match="positive"):
        compare(frame - frame["a"].iloc[5])


def test_adjusted_p_values_lie_between_the_plain_ones_and_bonferroni_and_feel_dependence() -> None:
    rng = np.random.default_rng(0)
    drawn = np.abs(rng.normal(size=(4000, 5)))
    seen = np.array([3.0, 2.5, 0.1, np.nan, 1.0])
    plain = (1 + (drawn >= seen).sum(axis=0)) / 4001
    adjusted = step_down(seen, drawn)
    known = ~np.isnan(seen)
    assert (adjusted[known] >= plain[known]).all()
    assert (adjusted[known] <= np.minimum(1, 4 * plain[known]) + 0.01).all()
    assert np.isnan(adjusted[3])
    assert adjusted[0] == pytest.approx(1 - (1 - plain[0]) ** 4, abs=0.006)  # the largest of four unrelated ones
    assert adjusted[0] <= adjusted[1] <= adjusted[4] <= adjusted[2]
    same = np.repeat(drawn[:, :1], 5, axis=1)  # one test asked five times is one test
    assert_allclose(step_down(np.full(5, 2.5), same), (1 + (same[:, 0] >= 2.5).sum()) / 4001)


def test_two_indices_of_one_law_are_told_apart_in_one_case_of_20() -> None:
    """Fixed seed; at 5 %, the binomial 99 % range of 240 histories is 2 to 9 %."""
    wrong = []
    for run in range(240):
        table = compare(levels(2, seed=run, periods=300), draws=200, seed=run)
        wrong.append([*(table["p_value"] < 0.05), (table["verdict"] != "cannot tell").any()])
    assert (np.mean(wrong, axis=0) <= 0.09).all()
    assert (np.mean(wrong, axis=0)[:3] >= 0.015).all()


def test_the_best_of_many_is_in_the_set_and_a_clear_loser_is_not() -> None:
    frame = levels(4, a=0.004, d=-0.004)
    table = best_of_many(frame, "b", draws=300)
    twice = best_of_many(frame.assign(e=3 * frame["d"], f=frame["b"]), "b", draws=300)
    pd.testing.assert_frame_equal(twice.iloc[:4], table)
    assert twice.loc["e", "p_value"] == twice.loc["d", "p_value"]
    assert table.loc["a", "p_value"] == 1.0
    assert table["in_set"].to_dict() == {"a": True, "b": False, "c": False, "d": False}
    assert table.loc["a", "beats_reference"] < 0.05
    assert np.isnan(table.loc["b", "beats_reference"])
    assert best_of_many(levels(4, a=0.004), "a", draws=300)["beats_reference"].iloc[1] > 0.5
