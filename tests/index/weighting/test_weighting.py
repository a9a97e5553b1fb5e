"""Every weighting scheme on markets with closed forms; bounds by rank and group; truncation; what rulebooks may say."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import hadamard

from research.errors import DataError, MethodologyError
from research.index.weighting import SCHEMES, Bounded, Sizes, bound, member_sizes, risk
from research.market import MarketData
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Weighting
from research.rulebook.weighting import SCORE_SCHEMES, WEIGHTING_SCHEMES
from tests.conftest import shared
from tests.index.markets import random_market, rules
from tests.index.truncation import assert_truncation_invariant

DAYS = 81
FIRST = pd.Timestamp("2021-01-01")


def panel(rows: int, columns: dict[str, np.ndarray | float]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=pd.date_range(FIRST, periods=rows))


def patterned(volatility: list[float], mean: float = 0.0) -> np.ndarray:
    """80 returns per asset, uncorrelated in the sample: each of mean `mean` and of the sample deviation asked for."""
    signs = np.tile(hadamard(8)[1 : len(volatility) + 1].T, (10, 1))
    return mean + signs * np.array(volatility) * np.sqrt(79 / 80)


def prices_of(returns: np.ndarray) -> np.ndarray:
    return 100 * np.vstack([np.ones(returns.shape[1]), np.cumprod(1 + returns, axis=0)])


def market_of(prices: np.ndarray, caps: list[float] | None = None, **more: pd.DataFrame) -> MarketData:
    names = [f"asset-{number}" for number in range(prices.shape[1])]
    index = pd.date_range(FIRST, periods=len(prices))
    frame = pd.DataFrame(prices, index, names)
    cap = frame if caps is None else pd.DataFrame(np.tile(caps, (len(prices), 1)), index, names)
    return MarketData.from_panels(frame, cap, more.pop("volumes", frame), **more)  # type: ignore[arg-type]


def sizes_of(market: MarketData, row: int = -1, **rule: object) -> Sizes:
    source = PointInTime(market, signals=rule.pop("signals", None))  # type: ignore[arg-type]
    view = source.at(range(len(source.dates))[row])
    votes = rule.pop("votes", None)
    return member_sizes(view, Weighting(**rule), np.arange(len(view.assets)), votes=votes)  # type: ignore[arg-type]


def shares(sizes: Sizes) -> np.ndarray:
    values = np.asarray(sizes.values)
    return values / values.sum()


# ---------------------------------------------------------------------- by size


def test_market_cap_its_root_and_its_powers() -> None:
    market = market_of(np.full((3, 3), 2.0), [16.0, 9.0, 1.0])
    np.testing.assert_array_equal(sizes_of(market).values, [16, 9, 1])
    np.testing.assert_array_equal(sizes_of(market, scheme="sqrt_market_cap").values, [4, 3, 1])
    np.testing.assert_allclose(sizes_of(market, power=0.25).values, [2, np.sqrt(3), 1], rtol=1e-15)
    np.testing.assert_array_equal(sizes_of(market, scheme="equal").values, [1, 1, 1])


def test_size_by_takes_another_measure_than_the_days_cap() -> None:
    caps = panel(4, {"a": np.array([1.0, 2, 3, 10]), "b": np.array([5.0, 5, 5, 5])})
    market = MarketData.from_panels(caps * 0 + 1, caps, caps * 0 + 7)
    np.testing.assert_array_equal(sizes_of(market, size_by="market_cap_mean_4d").values, [4, 5])
    np.testing.assert_array_equal(
        sizes_of(market, scheme="sqrt_market_cap", size_by="market_cap_mean_4d").values, [2, 5**0.5]
    )
    np.testing.assert_array_equal(sizes_of(market, size_by="volume_median_3d").values, [7, 7])


def test_a_supply_factor_scales_the_size_before_the_root() -> None:
    market = market_of(np.full((2, 2), 1.0), [16.0, 9.0])
    floats = panel(2, {"asset-0": np.array([0.5, 0.25]), "asset-1": 1.0})
    market = replace(market, extra={"float": floats})
    np.testing.assert_array_equal(sizes_of(market, supply_factor="float").values, [4, 9])
    np.testing.assert_array_equal(sizes_of(market, scheme="sqrt_market_cap", supply_factor="float").values, [2, 3])
    with pytest.raises(DataError, match="no column 'flaot': did you mean 'float'"):
        sizes_of(market, supply_factor="flaot")


@pytest.mark.parametrize("factor", [0.0, 1.5, -0.1])
def test_a_supply_factor_that_is_no_share_is_refused_by_asset_and_day(factor: float) -> None:
    market = market_of(
        np.full((2, 2), 1.0), [16.0, 9.0], extra={"float": panel(2, {"asset-0": 1.0, "asset-1": factor})}
    )
    with pytest.raises(DataError, match=r"'float' of asset-1 on 2021-01-02 is .*expected a share above 0"):
        sizes_of(market, supply_factor="float")


def test_a_member_without_cap_factor_or_price_today_has_no_size() -> None:
    prices = np.full((3, 4), 1.0)
    prices[2, 3] = np.nan
    market = market_of(
        prices, [1.0, np.nan, 3.0, 4.0], extra={"float": panel(3, {"asset-0": 1.0, "asset-1": 1.0, "asset-3": 1.0})}
    )
    assert np.isnan(sizes_of(market).values).tolist() == [False, True, False, True]
    assert np.isnan(sizes_of(market, supply_factor="float").values).tolist() == [False, True, True, True]
    assert np.isnan(sizes_of(market, scheme="equal").values).tolist() == [False, False, False, True]


def test_liquidity_mix_is_three_quarters_root_of_cap_and_one_quarter_volume() -> None:
    volumes = panel(30, {"asset-0": np.r_[np.full(20, 30.0), np.full(10, 900.0)], "asset-1": 10.0, "asset-2": 60.0})
    market = market_of(np.full((30, 3), 1.0), [16.0, 9.0, 1.0], volumes=volumes)
    expected = 0.75 * np.array([4, 3, 1]) / 8 + 0.25 * np.array([30, 10, 60]) / 100  # medians of volume, not means
    np.testing.assert_allclose(sizes_of(market, scheme="liquidity_mix").values, expected, rtol=1e-14)
    only = sizes_of(market, scheme="liquidity_mix", liquidity_share=1.0)
    np.testing.assert_allclose(shares(only), [0.3, 0.1, 0.6], rtol=1e-14)


def test_liquidity_shares_are_of_the_members_that_have_a_cap_and_a_volume() -> None:
    volumes = panel(30, {"asset-0": 30.0, "asset-1": 10.0, "asset-2": np.nan})
    market = market_of(np.full((30, 3), 1.0), [16.0, 9.0, 1.0], volumes=volumes)
    expected = [0.75 * 4 / 7 + 0.25 * 0.75, 0.75 * 3 / 7 + 0.25 * 0.25, np.nan]
    np.testing.assert_allclose(sizes_of(market, scheme="liquidity_mix").values, expected, rtol=1e-14)
    nothing = sizes_of(replace(market, volumes=volumes * np.nan), scheme="liquidity_mix")
    assert np.isnan(nothing.values).all()
    assert "no member has a volume" in nothing.notes[0]


# ---------------------------------------------------------------------- by risk


RISKY = [0.01, 0.01, 0.02, 0.04]  # the two lowest are equal, so the floor (their level) changes nothing


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("inverse_volatility", np.array([4, 4, 2, 1]) / 11),
        ("inverse_variance", np.array([16, 16, 4, 1]) / 37),
        ("risk_parity", np.array([4, 4, 2, 1]) / 11),  # uncorrelated: equal contributions are inverse volatilities
    ],
)
def test_risk_schemes_on_uncorrelated_assets(scheme: str, expected: np.ndarray) -> None:
    market = market_of(prices_of(patterned(RISKY)))
    np.testing.assert_allclose(shares(sizes_of(market, scheme=scheme, lookback_days=80)), expected, rtol=1e-9)


@pytest.mark.parametrize("scheme", ["inverse_volatility", "inverse_variance"])
def test_risk_schemes_on_the_four_assets_of_maillard_roncalli_and_teiletche(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published weights are those without a floor under volatility."""
    entries = json.loads(shared("reference/known_answers.json").read_text())
    entry = next(entry for entry in entries if entry["id"] == "erc.maillard4")
    monkeypatch.setattr(risk, "FLOOR_PERCENTILE", 0.0)
    market = market_of(prices_of(patterned(list(np.array(entry["inputs"]["vol"]) / 10))))
    expected = entry["answer"][scheme.replace("variance", "var").replace("volatility", "vol")]
    np.testing.assert_allclose(shares(sizes_of(market, scheme=scheme, lookback_days=80)), expected, atol=entry["tol"])


def test_risk_parity_is_the_equal_risk_contribution_under_the_shrunk_correlation_of_common_days() -> None:
    rng = np.random.default_rng(3)
    returns = rng.normal(0, 0.02, (120, 1)) + rng.normal(0, 1, (120, 4)) * [0.01, 0.02, 0.03, 0.05]
    sizes = sizes_of(market_of(prices_of(returns)), scheme="risk_parity", lookback_days=100)
    shrunk = risk.shrunk_covariance(returns[-100:])
    deviation = np.sqrt(np.diag(shrunk))
    volatility = returns[-100:].std(axis=0, ddof=1)
    low, second = np.sort(volatility)[:2]
    volatility = np.maximum(volatility, low + 0.15 * (second - low))  # 5th percentile of four
    covariance = shrunk * np.outer(volatility / deviation, volatility / deviation)
    weights = shares(sizes)
    contributions = weights * (covariance @ weights)
    np.testing.assert_allclose(contributions / contributions.sum(), 0.25, rtol=1e-8)


def test_a_member_that_barely_moves_is_weighed_at_the_floor() -> None:
    market = market_of(prices_of(patterned([0.0001, 0.02, 0.02, 0.02, 0.02])))
    weights = shares(sizes_of(market, scheme="inverse_volatility", lookback_days=80))
    floor = 0.0001 + 0.2 * (0.02 - 0.0001)  # 5th percentile of five
    np.testing.assert_allclose(weights[0] / weights[1], 0.02 / floor, rtol=1e-9)


@pytest.mark.parametrize("scheme", ["inverse_volatility", "inverse_variance", "risk_parity"])
def test_a_young_member_gets_the_median_of_the_others_and_a_note(scheme: str) -> None:
    prices = prices_of(patterned([0.01, 0.01, 0.02, 0.04, 0.03]))
    prices[:40, 4] = np.nan
    sizes = sizes_of(market_of(prices), scheme=scheme, lookback_days=80)
    alone = sizes_of(market_of(prices[:, :4]), scheme=scheme, lookback_days=80)
    young, others = np.asarray(sizes.values), np.asarray(alone.values)
    np.testing.assert_allclose(young[:4], others, rtol=1e-12)
    median_volatility = 0.015
    expected = {
        "inverse_volatility": 1 / median_volatility,
        "inverse_variance": 1 / median_volatility**2,
        "risk_parity": np.median(others),
    }
    np.testing.assert_allclose(young[4], expected[scheme], rtol=1e-9)
    assert len(sizes.notes) == 1
    assert "asset-4 with fewer than 60 usable daily returns in 80 days" in sizes.notes[0]
    assert not alone.notes


@pytest.mark.parametrize("scheme", ["inverse_volatility", "risk_parity", "sharpe"])
def test_without_enough_history_nobody_can_be_weighted_and_a_note_says_so(scheme: str) -> None:
    sizes = sizes_of(market_of(prices_of(patterned(RISKY))), 30, scheme=scheme)
    assert np.isnan(sizes.values).all()
    assert "nobody can be weighted" in sizes.notes[0]


def test_returns_need_both_closes() -> None:
    """A gap costs two returns, the one into it and the one out of it, and its jump is no return."""
    prices = prices_of(patterned(RISKY))
    prices[40, 2] = np.nan
    prices[41:, 2] *= 5
    sizes = sizes_of(market_of(prices), scheme="inverse_volatility", lookback_days=80, min_observations=78)
    kept = np.delete(patterned(RISKY)[:, 2], [39, 40])
    values = np.asarray(sizes.values)
    np.testing.assert_allclose(1 / values[2], kept.std(ddof=1), rtol=1e-9)
    assert not sizes.notes
    assert sizes_of(market_of(prices), scheme="inverse_volatility", lookback_days=80, min_observations=79).notes


def test_lookback_days_is_the_number_of_returns_looked_back_on() -> None:
    wild = np.vstack([np.full((1, 4), 0.5), patterned(RISKY)])  # one day before the window
    sizes = sizes_of(market_of(prices_of(wild)), scheme="inverse_volatility", lookback_days=80)
    np.testing.assert_allclose(shares(sizes), np.array([4, 4, 2, 1]) / 11, rtol=1e-9)


# ---------------------------------------------------------------------- by score


def sharpe_market(means: list[float], *, listed: int = 0) -> MarketData:
    """400 returns, each mean ± 0.02, by columns; the second asset is listed `listed` days after the first."""
    signs = np.tile([1.0, -1.0], 200)[:, None]
    prices = prices_of(np.array(means) + signs * 0.02)
    prices[:listed, 1] = np.nan
    return market_of(prices)


def test_sharpe_weights_are_shrunk_ratios_above_zero() -> None:
    market = sharpe_market([0.001, 0.001, 0.003, -0.002], listed=200)
    sizes = sizes_of(market, scheme="sharpe", lookback_days=400)
    deviation = [0.02 * np.sqrt(count / (count - 1)) for count in (400, 200, 400)]
    expected = [
        0.001 / deviation[0] * 400 / 765,
        0.001 / max(deviation) * 200 / 565,
        0.003 / deviation[2] * 400 / 765,
        0.0,
    ]
    np.testing.assert_allclose(sizes.values, expected, rtol=1e-9)
    assert not sizes.notes


def test_sharpe_by_default_needs_180_returns_and_leaves_a_younger_member_unweighted() -> None:
    for listed, known in [(221, False), (220, True)]:
        sizes = sizes_of(sharpe_market([0.001, 0.002, 0.003], listed=listed), scheme="sharpe")
        assert np.isnan(sizes.values).tolist() == [False, not known, False]
        assert bool(sizes.notes) is not known
    assert sizes_of(sharpe_market([0.001, 0.002], listed=221), scheme="sharpe").notes == (
        "sharpe: asset-1 with fewer than 180 usable daily returns in 365 days, not weighted",
    )


def test_when_no_sharpe_ratio_is_above_zero_the_fallback_is_noted_and_never_equal() -> None:
    signs = np.tile([1.0, -1.0], 200)[:, None]
    market = market_of(prices_of(-0.001 + signs * np.array([0.01, 0.01, 0.02, 0.04])))
    sizes = sizes_of(market, scheme="sharpe", lookback_days=400)
    np.testing.assert_allclose(shares(sizes), np.array([4, 4, 2, 1]) / 11, rtol=1e-9)
    assert sizes.notes == ("sharpe: no member has a score above zero, inverse volatility instead",)
    stable = sizes_of(market, scheme="sharpe", lookback_days=400, fallback="stable")
    np.testing.assert_array_equal(stable.values, np.zeros(4))
    assert stable.notes == ("sharpe: no member has a score above zero, everything goes to the stable leg",)


def signals(lines: list[tuple[int, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=["day", "asset_id", "score"])
    return frame.assign(date=FIRST + pd.to_timedelta(frame["day"], unit="D"), signal="bullish").drop(columns="day")


def test_signal_weights_are_the_latest_scores_above_zero() -> None:
    market = market_of(prices_of(patterned(RISKY)))
    table = signals(
        [(70, "asset-0", 9.0), (75, "asset-0", 0.6), (75, "asset-1", -0.5), (76, "asset-2", 0.2), (60, "asset-3", 1.0)]
    )
    sizes = sizes_of(market, scheme="signal", signals=table)
    np.testing.assert_array_equal(sizes.values, [0.6, 0.0, 0.2, np.nan])  # the last is older than 14 days
    assert sizes.notes == ("signal: asset-3 without a score of the last 14 days, not weighted",)
    older = sizes_of(market, scheme="signal", signals=table, max_signal_age_days=21)
    np.testing.assert_array_equal(older.values, [0.6, 0.0, 0.2, 1.0])
    earlier = sizes_of(market, 72, scheme="signal", signals=table)
    np.testing.assert_array_equal(earlier.values, [9.0, np.nan, np.nan, 1.0])


def test_a_score_of_fourteen_days_ago_is_too_old_and_one_of_thirteen_is_not() -> None:
    market = market_of(prices_of(patterned(RISKY))[:, :2])
    table = signals([(DAYS - 1 - 14, "asset-0", 1.0), (DAYS - 1 - 13, "asset-1", 1.0)])
    np.testing.assert_array_equal(sizes_of(market, scheme="signal", signals=table).values, [np.nan, 1.0])


def test_when_no_signal_is_above_zero_the_fallback_is_taken() -> None:
    market = market_of(prices_of(patterned(RISKY)))
    table = signals([(80, f"asset-{number}", -1.0) for number in range(4)])
    sizes = sizes_of(market, scheme="signal", signals=table, lookback_days=80)
    np.testing.assert_allclose(shares(sizes), np.array([4, 4, 2, 1]) / 11, rtol=1e-9)
    assert "inverse volatility instead" in sizes.notes[-1]


def test_signals_that_cannot_be_used_are_refused() -> None:
    market = market_of(prices_of(patterned(RISKY)))
    with pytest.raises(MethodologyError, match="needs signals"):
        sizes_of(market, scheme="signal")
    with pytest.raises(MethodologyError, match="needs the column score"):
        sizes_of(market, scheme="signal", signals=signals([(80, "asset-0", 1.0)]).drop(columns="score"))
    with pytest.raises(DataError, match="asset-0 is listed twice on 2021-03-22"):
        sizes_of(market, scheme="signal", signals=signals([(80, "asset-0", 1.0), (80, "asset-0", 2.0)]))


def test_vote_weights_are_the_scores_of_the_elected() -> None:
    market = market_of(np.full((2, 3), 1.0))
    sizes = sizes_of(market, scheme="votes", votes=np.array([30.0, np.nan, 10.0]))
    np.testing.assert_array_equal(sizes.values, [30.0, np.nan, 10.0])
    with pytest.raises(MethodologyError, match=r'set selection\.rule = "votes"'):
        sizes_of(market, scheme="votes")


# ---------------------------------------------------------------------- bounds


def bounded(sizes: list[float], tags: pd.DataFrame | None = None, **rule: object) -> Bounded:
    market = market_of(np.full((60, len(sizes)), 1.0), tags=tags)  # type: ignore[arg-type]
    view = PointInTime(market).at(59)
    return bound(view, Weighting(**rule), np.arange(len(sizes)), np.array(sizes))  # type: ignore[arg-type]


def test_the_steps_from_scheme_to_caps_to_floors() -> None:
    steps = bounded([50, 30, 15, 4, 1], max_weight=0.4, min_weight=0.05)
    np.testing.assert_allclose(steps.scheme, [0.5, 0.3, 0.15, 0.04, 0.01], rtol=1e-15)
    np.testing.assert_allclose(steps.capped, [0.4, 0.36, 0.18, 0.048, 0.012], rtol=1e-14)
    np.testing.assert_allclose(steps.bounded, [0.4, 1 / 3, 1 / 6, 0.05, 0.05], rtol=1e-14)
    for step in (steps.scheme, steps.capped, steps.bounded):
        assert step.sum() == pytest.approx(1.0, abs=1e-15)
    assert steps.notes == ()


def test_bounds_that_do_not_bind_change_nothing() -> None:
    steps = bounded([5, 3, 2], max_weight=0.6, min_weight=0.1)
    np.testing.assert_array_equal(steps.bounded, steps.scheme)
    np.testing.assert_array_equal(steps.capped, steps.scheme)
    only_floor = bounded([5, 3, 2], min_weight=0.3)
    np.testing.assert_array_equal(only_floor.capped, only_floor.scheme)
    np.testing.assert_allclose(only_floor.bounded, [0.4, 0.3, 0.3], rtol=1e-15)


def test_the_worked_example_with_tiers_by_rank_whatever_the_order_of_the_members() -> None:
    entry = next(
        e for e in json.loads(shared("reference/known_answers.json").read_text()) if e["id"] == "cap.cd20_30_20"
    )
    sizes, tiers = entry["inputs"]["mcap"], (entry["inputs"]["cap_largest"], entry["inputs"]["cap_others"])
    for order in (range(10), reversed(range(10))):
        places = list(order)
        steps = bounded([sizes[place] for place in places], max_weight_by_rank=tiers)
        np.testing.assert_allclose(steps.bounded, np.array(entry["answer"])[places], rtol=0, atol=entry["tol"])


def test_of_equal_sizes_the_first_one_has_the_first_cap() -> None:
    np.testing.assert_allclose(
        bounded([4, 4, 2], max_weight_by_rank=(0.5, 0.3)).bounded, [7 / 15, 0.3, 7 / 30], rtol=1e-14
    )
    np.testing.assert_allclose(bounded([4, 4, 1, 1], max_weight_by_rank=(0.35, 0.25)).bounded, [0.35, 0.25, 0.2, 0.2])


def tags_of(*lines: tuple[str, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=["asset_id", "tag", "valid_from"])
    return frame.assign(valid_from=pd.to_datetime(frame["valid_from"]), static=frame["valid_from"].isna())


def test_group_caps_follow_the_tags_that_are_valid_on_the_day() -> None:
    rule = {"max_group_weight": 0.5, "group_by": "sector:"}
    tags = tags_of(("asset-0", "sector:defi", None), ("asset-1", "sector:defi", "2021-01-05"))
    np.testing.assert_allclose(bounded([6, 3, 1], tags, **rule).bounded, [1 / 3, 1 / 6, 0.5], rtol=1e-14)
    late = tags_of(("asset-0", "sector:defi", None), ("asset-1", "sector:defi", "2021-06-01"))  # after the day
    np.testing.assert_allclose(bounded([6, 3, 1], late, **rule).bounded, [0.5, 0.375, 0.125], rtol=1e-14)
    other = tags_of(("asset-0", "chain:x", None), ("asset-1", "chain:x", None))  # not a sector: nobody shares a group
    np.testing.assert_allclose(bounded([6, 3, 1], other, **rule).bounded, [0.5, 0.375, 0.125], rtol=1e-14)


def test_the_sector_that_became_valid_last_counts() -> None:
    tags = tags_of(
        ("asset-0", "sector:defi", None),
        ("asset-1", "sector:aardvark", None),
        ("asset-1", "sector:defi", "2021-01-05"),
        ("asset-1", "sector:zebra", "2021-01-03"),
    )
    weights = bounded([6, 3, 1], tags, max_group_weight=0.5).bounded
    np.testing.assert_allclose(weights, [1 / 3, 1 / 6, 0.5], rtol=1e-14)


def test_group_and_member_caps_and_floors_hold_together() -> None:
    tags = tags_of(*((f"asset-{n}", f"sector:{'ab'[n % 2]}", None) for n in range(6)))
    sizes = [50.0, 2.0, 20.0, 2.0, 10.0, 2.0, 30.0, 1.0]
    steps = bounded(sizes, tags, max_group_weight=0.45, max_weight=0.3, min_weight=0.04)
    assert steps.bounded[[0, 2, 4]].sum() == pytest.approx(0.45, abs=1e-12)
    assert steps.bounded.max() <= 0.3
    assert steps.bounded.min() >= 0.04
    assert steps.bounded.sum() == pytest.approx(1.0, abs=1e-12)
    assert steps.capped.min() < 0.04
    assert steps.capped[[0, 2, 4]].sum() == pytest.approx(0.45, abs=1e-12)


@pytest.mark.parametrize("rule", [{"max_weight": 0.3}, {"max_weight_by_rank": (0.4, 0.25)}, {"max_group_weight": 0.3}])
def test_infeasible_caps_are_errors_unless_the_rulebook_says_what_to_do(rule: dict) -> None:
    sizes = [5.0, 3.0, 2.0]
    with pytest.raises(MethodologyError, match=r"below 1\. The smallest feasible .* 0\.333333"):
        bounded(sizes, **rule)
    relaxed = bounded(sizes, **rule, infeasible="relax_to_equal")
    np.testing.assert_allclose(relaxed.bounded, 1 / 3, rtol=1e-15)
    assert "equally, in breach of the bounds" in relaxed.notes[0]
    residual = bounded(sizes, **rule, infeasible="residual_to_stable")
    np.testing.assert_allclose(
        residual.bounded, [rule.get("max_weight_by_rank", (0.3,))[0]] + [residual.bounded[1]] * 2
    )
    assert residual.bounded.sum() == pytest.approx(0.9, abs=1e-12)
    assert "0.1 goes to the stable leg" in residual.notes[0]
    np.testing.assert_array_equal(residual.capped, residual.bounded)


def test_a_member_of_size_zero_takes_no_part_when_caps_are_relaxed() -> None:
    np.testing.assert_array_equal(
        bounded([5, 3, 0], max_weight=0.3, infeasible="relax_to_equal").bounded, [0.5, 0.5, 0]
    )


def test_sizes_of_zero_all_over_are_an_error_except_for_the_fallback_to_the_stable_leg() -> None:
    with pytest.raises(DataError, match="none of 2 members has a size above zero on 2021-03-01"):
        bounded([0, 0])
    nothing = bounded([0, 0], scheme="sharpe", fallback="stable", min_weight=0.1)
    np.testing.assert_array_equal(nothing.bounded, [0, 0])


@settings(deadline=None)
@given(
    sizes=st.lists(st.floats(0.01, 1e6), min_size=4, max_size=15),
    head=st.floats(0.3, 1.0),
    floor=st.floats(0.0, 1.0),
    scale=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**16),
)
def test_bounded_weights_add_up_keep_their_bounds_and_know_no_unit_nor_order(
    sizes: list[float], head: float, floor: float, scale: float, seed: int
) -> None:
    low = floor / len(sizes)
    rule = {"max_weight_by_rank": (head, 0.27), "min_weight": low if low > 0 else None}
    steps = bounded(sizes, **rule)
    for step in (steps.scheme, steps.capped, steps.bounded):
        assert step.sum() == pytest.approx(1.0, abs=1e-12)
    assert np.sort(steps.bounded)[-2] <= 0.27
    assert steps.bounded.max() <= head
    assert steps.bounded.min() >= low
    scaled = bounded([size * scale for size in sizes], **rule)
    np.testing.assert_allclose(scaled.bounded, steps.bounded, rtol=0, atol=1e-12)
    if len(set(sizes)) == len(sizes):
        order = np.random.default_rng(seed).permutation(len(sizes))
        np.testing.assert_allclose(
            bounded([sizes[place] for place in order], **rule).bounded, steps.bounded[order], rtol=0, atol=1e-12
        )


# ---------------------------------------------------------------------- nothing looks ahead


FULL = {
    **{scheme: {} for scheme in WEIGHTING_SCHEMES},
    "power": {"scheme": "market_cap", "power": 0.7},
    "mean cap": {"scheme": "sqrt_market_cap", "size_by": "market_cap_mean_30d"},
    "exponential mean": {"scheme": "sqrt_market_cap", "size_by": "market_cap_ema_20d"},
    "supply factor": {"scheme": "market_cap", "supply_factor": "float"},
    "groups": {"scheme": "inverse_variance", "max_group_weight": 0.4, "infeasible": "relax_to_equal"},
    "tiers": {"scheme": "equal", "max_weight_by_rank": (0.3, 0.2), "min_weight": 0.02},
    "residual": {"scheme": "market_cap", "max_weight": 0.05, "infeasible": "residual_to_stable"},
}
SHORT = {"lookback_days": 50, "min_observations": 40}


def rule_of(name: str) -> Weighting:
    rule = {"scheme": name} | FULL[name] if name in WEIGHTING_SCHEMES else FULL[name]
    windowed = Weighting(**rule).scheme in ("inverse_volatility", "inverse_variance", "risk_parity", "sharpe", "signal")
    return Weighting(**rule, **(SHORT if windowed else {}))


def furnished(seed: int) -> tuple[MarketData, pd.DataFrame]:
    """A market with a supply factor and tags that change, and a table of signals."""
    market, rng = random_market(seed), np.random.default_rng(seed)
    shape = market.prices.shape
    floats = pd.DataFrame(rng.uniform(0.2, 1.0, shape), market.dates, market.prices.columns)
    days = rng.integers(0, len(market.dates), 18)
    tags = pd.DataFrame(
        {
            "asset_id": rng.choice(market.prices.columns, 18),
            "tag": rng.choice(["sector:defi", "sector:meme", "exchange"], 18),
            "valid_from": np.where(rng.random(18) < 0.3, np.datetime64("NaT"), market.dates[days].to_numpy()),
            "static": False,
        }
    )
    weekly = [(day, asset, rng.normal()) for day in range(0, shape[0], 7) for asset in market.prices.columns]
    table = pd.DataFrame(weekly, columns=["day", "asset_id", "score"])
    table = table.assign(date=market.dates[table["day"]], signal="neutral")
    return replace(market, extra={"float": floats}, tags=tags), table


def weights_at(market: MarketData, table: pd.DataFrame, row: int, weighting: Weighting) -> tuple[Sizes, Bounded | None]:
    """Sizes and weights of everything priced on the day, decided from the market as given."""
    view = PointInTime(market, signals=table).at(row)
    places = np.flatnonzero(~np.isnan(view.today("price")))
    votes = view.today("volume") if weighting.scheme == "votes" else None  # any point-in-time score will do
    sizes = member_sizes(view, weighting, places, votes=votes)
    values = np.asarray(sizes.values)
    sized = ~np.isnan(values)
    return sizes, bound(view, weighting, places[sized], values[sized]) if sized.any() else None


def assert_sees_nothing_later(name: str, seed: int, row: int) -> None:
    market, table = furnished(seed)
    whole_sizes, whole = weights_at(market, table, row, rule_of(name))
    date = market.dates[row]
    cut_sizes, cut = weights_at(market.until(date), table[table["date"] <= date], row, rule_of(name))
    np.testing.assert_array_equal(cut_sizes.values, whole_sizes.values)  # bit for bit
    assert cut_sizes.notes == whole_sizes.notes
    assert (cut is None) == (whole is None)
    if cut is not None and whole is not None:
        for step in ("scheme", "capped", "bounded"):
            np.testing.assert_array_equal(getattr(cut, step), getattr(whole, step))
        assert cut.notes == whole.notes


@pytest.mark.parametrize("name", FULL)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), row=st.integers(60, 199))
def test_no_scheme_sees_what_comes_after_the_day(name: str, seed: int, row: int) -> None:
    assert_sees_nothing_later(name, seed, row)


@pytest.mark.parametrize("name", ["inverse_volatility", "inverse_variance", "risk_parity", "sharpe", "mean cap"])
def test_a_planted_look_ahead_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = MarketView.window

    def peeking(self: MarketView, field: str, days: int) -> np.ndarray:
        panel = self.source.panel(field)
        tomorrow = min(self.row + 1, len(panel) - 1)
        return np.vstack([honest(self, field, days)[1:], panel[tomorrow, self.assets]])

    assert_sees_nothing_later(name, 5, 120)
    monkeypatch.setattr(MarketView, "window", peeking)
    with pytest.raises(AssertionError):
        assert_sees_nothing_later(name, 5, 120)


@pytest.mark.parametrize(
    "name", [name for name in FULL if name not in ("votes", "signal", "supply factor", "residual")]
)
def test_an_index_of_every_scheme_is_the_same_when_the_market_is_cut(name: str) -> None:
    market, _ = furnished(11)
    rule = {key: value for key, value in vars(rule_of(name)).items() if value != getattr(Weighting(), key)}
    rule = {key: list(value) if isinstance(value, tuple) else value for key, value in rule.items()}
    methodology = rules(weighting=rule, schedule={"reconstitution": "weekly"})
    assert_truncation_invariant(market, methodology, [market.dates[120], market.dates[171]])


# ---------------------------------------------------------------------- what a rulebook may say


def test_every_scheme_of_the_rulebook_is_there() -> None:
    assert set(WEIGHTING_SCHEMES) == {*SCHEMES, "votes"}
    assert set(SCORE_SCHEMES) < set(WEIGHTING_SCHEMES)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"scheme": "risk-parity"}, "did you mean 'risk_parity'"),
        ({"scheme": "equal", "size_by": "market_cap"}, "size_by = 'market_cap' says nothing for scheme = 'equal'"),
        ({"scheme": "sqrt_market_cap", "power": 0.5}, "power = 0.5 says nothing .* belongs to market_cap"),
        ({"lookback_days": 90}, "lookback_days = 90 says nothing for scheme = 'market_cap'"),
        ({"scheme": "inverse_volatility", "fallback": "stable"}, "fallback = 'stable' says nothing .* sharpe, signal"),
        ({"scheme": "sharpe", "fallback": "equal"}, "fallback = 'equal' is not known"),
        ({"size_by": "return_90d"}, "measures performance, not size"),
        ({"size_by": "marketcap"}, "size_by = 'marketcap' is no measure"),
        ({"power": 0.0}, "power = 0.0: expected above 0"),
        ({"scheme": "liquidity_mix", "liquidity_share": 1.1}, "liquidity_share = 1.1: expected a share"),
        ({"scheme": "risk_parity", "lookback_days": 30}, "lookback_days = 30, min_observations = 60: expected 2 <="),
        ({"scheme": "risk_parity", "lookback_days": 0}, "lookback_days = 0: expected 1 to 10,000"),
        ({"scheme": "sharpe", "min_observations": 400}, "lookback_days = 365, min_observations = 400"),
        ({"scheme": "signal", "max_signal_age_days": 0}, "max_signal_age_days = 0: expected 1 to 10,000"),
        ({"max_weight": 0.3, "max_weight_by_rank": (0.3, 0.2)}, "both given"),
        ({"max_weight_by_rank": (0.2, 0.3)}, "the cap of the largest first"),
        ({"max_weight_by_rank": (0.3, 1.2)}, r"max_weight_by_rank\[1\] = 1.2: expected a share"),
        ({"max_weight_by_rank": (0.3, 0.1), "min_weight": 0.2}, "min_weight = 0.2 lies above max_weight = 0.1"),
        ({"max_group_weight": 0.0}, "max_group_weight = 0.0: expected a share"),
        ({"max_group_weight": 0.5, "group_by": ""}, "group_by is empty"),
        ({"infeasible": "relax_to_equals"}, "did you mean 'relax_to_equal'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_the_next_step(rule: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Weighting(**rule)


@pytest.mark.parametrize(
    ("rule", "count", "message"),
    [
        ({"max_weight": 0.05}, 10, r"max_weight = 0\.05 with count = 10: .* 0\.5, below 1\..* is 0\.1\."),
        ({"max_weight_by_rank": (0.3, 0.2)}, 4, r"\[0\.3, 0\.2\] with count = 4: .* 0\.9, below 1\..* is 0\.25\."),
        ({"max_group_weight": 0.2}, 4, r"even 4 groups add up to 0\.8, below 1\..* is 0\.25\."),
        ({"min_weight": 0.3}, 4, r"floors add up to 1\.2, above 1\. The largest feasible floor .* 0\.25\."),
    ],
)
def test_bounds_that_a_number_of_members_can_never_meet_are_refused(rule: dict, count: int, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Weighting(**rule).check_count(count)
    Weighting(**rule).check_count({10: 20, 4: 5}[count] if "min_weight" not in rule else 3)
    if "min_weight" not in rule:
        Weighting(**rule, infeasible="relax_to_equal").check_count(count)


@pytest.mark.parametrize(
    ("rule", "fewest"),
    [
        ({}, 1),
        ({"max_weight": 1.0}, 1),
        ({"max_weight": 0.1}, 10),
        ({"max_weight": 0.3}, 4),
        ({"max_weight_by_rank": (0.3, 0.2)}, 5),
        ({"max_weight_by_rank": (0.6, 0.4, 0.1)}, 2),
        ({"max_weight_by_rank": (0.6, 0.5, 0.5)}, 2),
        ({"max_weight": 0.1, "infeasible": "residual_to_stable"}, 1),
    ],
)
def test_the_fewest_members_that_caps_leave_room_for(rule: dict, fewest: int) -> None:
    assert Weighting(**rule).fewest_members == fewest
    caps = Weighting(**rule).tiers
    if caps and Weighting(**rule).infeasible == "error":
        caps_in_order = [Fraction(str(caps[min(place, len(caps) - 1)])) for place in range(fewest)]
        assert sum(caps_in_order) >= 1 > sum(caps_in_order[:-1])


def test_which_schemes_need_a_market_cap_and_which_rules_may_leave_a_residual() -> None:
    needing = {scheme for scheme in WEIGHTING_SCHEMES if Weighting(scheme=scheme).needs_market_cap}
    assert needing == {"market_cap", "sqrt_market_cap", "liquidity_mix"}
    assert not Weighting(size_by="volume_median_30d").needs_market_cap
    assert not Weighting(max_weight=0.1).may_leave_a_residual
    assert Weighting(max_weight=0.1, infeasible="residual_to_stable").may_leave_a_residual
    assert Weighting(scheme="sharpe", fallback="stable").may_leave_a_residual
