"""The replay of an index's trades against the engine, and the placebos made with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import IndexHistory, build_index
from research.index.skill.placebo import in_other_orders, placebos
from research.index.skill.replay import replay, timeline
from research.market import MarketData
from tests.index.markets import COINS, needed_tables, random_market, rules, with_stablecoins

WEEKLY = {"rebalance": "weekly", "reconstitution": "quarterly", "lag_days": 1}
OVERLAY = {"stable_leg": list(COINS)}


def long_market(seed: int, days: int = 900) -> MarketData:
    """Without defects, and with stablecoins that are always worth 1 USD."""
    market = with_stablecoins(random_market(seed, days=days, defects=False), seed)
    pegged = market.prices.assign(**dict.fromkeys(COINS, 1.0))
    return MarketData.from_panels(pegged, market.market_caps, market.volumes, tags=market.tags)


def table_of(words: np.ndarray, days: pd.DatetimeIndex, assets: pd.Index) -> pd.DataFrame:
    table = pd.DataFrame(words, pd.Index(days, name="date"), pd.Index(assets, name="asset_id")).reset_index()
    return table.melt(id_vars="date", value_name="signal")


def followed(market: MarketData, signals: pd.DataFrame | None = None, **tables: Any) -> IndexHistory:
    universe = {"min_history_days": 30, "exclude_tags": ["stablecoin"]}
    methodology = rules(**{"universe": universe, "schedule": WEEKLY, "overlay": OVERLAY} | tables)
    return build_index(
        market, methodology, **(needed_tables(market, methodology) if signals is None else {"signals": signals})
    )


@pytest.mark.parametrize(
    "overlay",
    [
        {},
        {"min_trade": 0.0},
        {"min_trade": 0.03, "max_turnover": 0.2},
        {"volatility_target": 0.5, "max_turnover": 0.5},
        {"bullish": 0.9, "neutral": 0.4, "bearish": 0.1, "max_signal_age_days": 3},
    ],
)
def test_without_costs_and_defects_the_replay_is_the_engine(overlay: dict[str, Any]) -> None:
    market = long_market(3)
    index = followed(market, overlay=OVERLAY | overlay)
    levels = placebos(index).levels
    np.testing.assert_allclose(levels["replay"], levels["index"], rtol=1e-9)


def test_with_costs_it_is_near_and_the_gap_is_stated() -> None:
    index = followed(long_market(4), costs={"fee_bps": 30, "half_spread_bps": "by_rank"})
    result = placebos(index)
    difference = np.log(result.levels["replay"] / result.levels["index"]).diff().std() * np.sqrt(365)
    assert result.replay_gap["tracking_error"] == pytest.approx(difference, rel=0.05)
    assert result.replay_gap["tracking_error"] < 1e-3
    assert result.replay_gap["correlation"] > 0.99999
    assert abs(result.replay_gap["growth_difference"]) < 1e-3


def test_a_moved_history_trades_about_as_much_and_is_as_much_invested() -> None:
    result = placebos(followed(long_market(5)), draws=200)
    assert result.moved.shape == (200,)
    assert result.moved_turnover == pytest.approx(1.0, abs=0.1)
    assert result.invested_share == pytest.approx(0.5, abs=0.05)


def test_the_seed_decides_the_orders() -> None:
    index = followed(long_market(6))
    one, again, other = (placebos(index, draws=50, seed=seed).moved for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_signals_that_knew_the_week_beat_every_order_and_turned_round_none() -> None:
    market = long_market(7)
    days = market.dates[:-9:7]
    ahead = (market.prices.shift(-8) / market.prices.shift(-1) - 1).loc[days]
    weekly = WEEKLY | {"weekday": days[0].day_name().lower()}
    for sign, expected in {1: 1 / 1001, -1: 1.0}.items():
        words = np.where(sign * ahead > 0, "bullish", "bearish")
        result = placebos(followed(market, table_of(words, days, market.prices.columns), schedule=weekly))
        assert result.p_value == expected
        assert (np.sign(result.exposure_matched["value"]) == sign).all()


def test_on_calls_without_meaning_that_last_for_weeks_the_p_value_is_spread_evenly() -> None:
    """150 histories of calls: the mean is 1/2 within 2.6 standard errors of 0.024, 5 % within 2.5 of 1.8 points."""
    index = followed(long_market(10, days=700))
    line, p = timeline(index), []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        held = rng.normal(size=line.base.shape)
        for row in range(1, len(held)):
            held[row] = 0.9 * held[row - 1] + np.sqrt(1 - 0.81) * held[row]
        calls = np.select([held > 0.4, held < -0.4], [1.0, 0.0], 0.5)
        ratios = in_other_orders(line, index.methodology.overlay, calls, draws=99, seed=seed)[1]
        p.append((1 + (ratios[1:] >= ratios[0]).sum()) / 100)
    assert abs(np.mean(p) - 0.5) < 0.062
    assert np.mean(np.array(p) <= 0.05) <= 0.095


def test_calls_and_prices_after_the_last_day_looked_at_change_nothing() -> None:
    market = long_market(8)
    whole = followed(market)
    until = whole.dates[600]
    cut = build_index(
        market.until(until), whole.methodology, **{k: v for k, v in whole.tables.items() if v is not None}
    )
    one, other = placebos(whole, until=until), placebos(cut)
    pd.testing.assert_frame_equal(one.levels, other.levels)
    assert (one.moved == other.moved).all()
    assert one.p_value == other.p_value


def test_two_assets_by_hand() -> None:
    """Half in one asset, half in the leg, then all out: units are constant in between, costs are paid on the change."""
    index = followed(long_market(9), costs={"fee_bps": 100})
    line = timeline(index)
    first = np.zeros((1, len(line.assets)))
    first[0, 0] = 0.5
    result = replay(line, lambda number: first * (number == 0))
    stop = line.decisions[1].effective_row - index.base_row
    part = line.drift[0, 0] / (line.drift[0, 0] + line.drift[0, -1])  # decided the day before, at other prices
    growth = line.prices[: stop + 1, 0] / line.prices[0, 0]
    value = part * growth + (1 - part) * line.leg[: stop + 1] / line.leg[0]
    np.testing.assert_allclose(result.gross[0, : stop + 1], value, rtol=1e-12)
    sold = part * growth[-1] / value[-1]
    assert result.net[0, stop] == pytest.approx(value[-1] * (1 - 0.01 * 2 * sold), rel=1e-12)
    assert result.turnover[0] == pytest.approx(sold)
    np.testing.assert_allclose(result.invested[0, stop + 1 :], 0.0, atol=1e-12)


def test_a_short_history_has_no_p_value_and_rules_without_signals_nothing_to_judge() -> None:
    assert np.isnan(placebos(followed(long_market(1, days=400))).p_value)
    market = long_market(1, days=300)
    calm = followed(market, overlay=OVERLAY | {"signals": False, "volatility_target": 0.5})
    with pytest.raises(MethodologyError, match="follows no signals"):
        placebos(calm)
