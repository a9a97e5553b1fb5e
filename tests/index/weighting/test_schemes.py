"""Every weighting scheme on markets with closed forms."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, DataWarning, MethodologyError
from research.index import build_index
from research.index.weighting import risk
from research.market import MarketData
from tests.conftest import shared
from tests.index.markets import rules
from tests.index.weighting.markets import DAYS, FIRST, RISKY, market_of, panel, patterned, prices_of, shares, sizes_of

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


def test_a_member_left_out_of_the_covariance_sets_no_floor_for_risk_parity() -> None:
    """The fifth barely moves and has too few returns: with it in the floor's population the others would be floored
    lower.
    """
    returns = patterned([0.01, 0.02, 0.03, 0.04, 0.0001])
    prices = prices_of(returns)
    prices[:15, 4] = np.nan  # 65 returns of its own, but with gaps of the others fewer in common
    prices[20:28, 0] = np.nan
    whole = np.asarray(sizes_of(market_of(prices), scheme="risk_parity", lookback_days=80).values)
    alone = np.asarray(sizes_of(market_of(prices[:, :4]), scheme="risk_parity", lookback_days=80).values)
    np.testing.assert_allclose(whole[:4], alone, rtol=1e-12)
    assert whole[4] == pytest.approx(np.median(alone))


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
    assert sizes.notes == ("signal: asset-3 without a score at most 14 days old, not weighted",)
    older = sizes_of(market, scheme="signal", signals=table, max_signal_age_days=21)
    np.testing.assert_array_equal(older.values, [0.6, 0.0, 0.2, 1.0])
    earlier = sizes_of(market, 72, scheme="signal", signals=table)
    np.testing.assert_array_equal(earlier.values, [9.0, np.nan, np.nan, 1.0])


def test_a_score_of_fifteen_days_ago_is_too_old_and_one_of_fourteen_is_not() -> None:
    market = market_of(prices_of(patterned(RISKY))[:, :2])
    table = signals([(DAYS - 1 - 15, "asset-0", 1.0), (DAYS - 1 - 14, "asset-1", 1.0)])
    np.testing.assert_array_equal(sizes_of(market, scheme="signal", signals=table).values, [np.nan, 1.0])


def test_a_score_under_the_new_id_of_a_migrated_asset_is_about_the_asset_that_goes_on() -> None:
    prices = prices_of(patterned(RISKY))
    prices[60:, 1] = prices[:50, 3] = np.nan
    moved = pd.DataFrame(
        {"date": [FIRST + pd.Timedelta(days=60)], "asset_id": "asset-1", "new_asset_id": "asset-3", "ratio": 1.0}
    ).assign(confirmed=True)
    table = signals([(75, "asset-0", 0.6), (75, "asset-3", 0.3), (55, "asset-1", 0.9)])
    index = build_index(
        market_of(prices),
        rules(selection={"count": 2}, weighting={"scheme": "signal"}, schedule={"reconstitution": "weekly"}),
        signals=table,
        migrations=moved,
    )
    [decision] = index.decision_records
    assert dict(zip(decision.members.tolist(), decision.weights, strict=True)) == pytest.approx({0: 2 / 3, 1: 1 / 3})


def test_with_signal_weights_too_a_signal_that_says_nothing_or_is_about_nobody_is_not_passed_over() -> None:
    market, known = market_of(prices_of(patterned(RISKY))), signals([(75, "asset-0", 0.6)])
    with pytest.raises(DataError, match="'bulish' is not a signal"):
        sizes_of(market, scheme="signal", signals=known.assign(signal="bulish"))
    with pytest.warns(DataWarning, match="1 of 2 asset_ids are not in the market"):
        sizes_of(market, scheme="signal", signals=pd.concat([known, signals([(75, "asset-9", 1.0)])]))


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
    with pytest.raises(DataError, match=r"signals: 1 rows repeat .*2021-03-22, asset_id 'asset-0'"):
        sizes_of(market, scheme="signal", signals=signals([(80, "asset-0", 1.0), (80, "asset-0", 2.0)]))


def test_vote_weights_are_the_scores_of_the_elected() -> None:
    market = market_of(np.full((2, 3), 1.0))
    sizes = sizes_of(market, scheme="votes", votes=np.array([30.0, np.nan, 10.0]))
    np.testing.assert_array_equal(sizes.values, [30.0, np.nan, 10.0])
    with pytest.raises(MethodologyError, match=r'set selection\.rule = "votes"'):
        sizes_of(market, scheme="votes")
