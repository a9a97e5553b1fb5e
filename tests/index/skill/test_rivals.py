"""Simple rules beside the index: what they hold by hand, and that none of them sees ahead."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import Methodology, build_index
from research.index.skill.replay import timeline
from research.index.skill.rivals import EQUAL, MOMENTUM, TREND, passive_twin, rival_levels, rival_table
from research.market import MarketData
from research.rulebook.methodology import rulebooks
from tests.index.markets import needed_tables
from tests.index.skill.test_placebo import COINS, OVERLAY, WEEKLY, followed, long_market


def with_bitcoin(market: MarketData) -> MarketData:
    """The first asset is called bitcoin."""
    frames = [
        frame.rename(columns={"asset-00": "bitcoin"}) for frame in (market.prices, market.market_caps, market.volumes)
    ]
    return MarketData.from_panels(*frames, tags=market.tags)


def test_every_shipped_rulebook_with_an_overlay_has_a_twin_without() -> None:
    found = 0
    for name in rulebooks():
        rules = Methodology.load(name)
        if rules.overlay is None:
            with pytest.raises(MethodologyError, match=r"no \[overlay\]"):
                passive_twin(rules)
            continue
        twin = passive_twin(rules)
        assert (twin.overlay, twin.selection, twin.schedule) == (None, rules.selection, rules.schedule)
        found += 1
    assert found


def test_signal_weights_and_a_residual_have_a_twin_that_needs_neither() -> None:
    market = long_market(2, days=300)
    index = followed(
        market,
        weighting={"scheme": "market_cap", "max_weight": 0.15, "infeasible": "residual_to_stable"},
        events={"freed_weight": "stable"},
    )
    twin = build_index(market, passive_twin(index.methodology))
    assert twin.weights.iloc[:, :-1].sum(axis=1).max() == pytest.approx(1.0, abs=0.3)
    assert not set(COINS) & set(twin.weights.columns)


def test_no_rival_sees_ahead() -> None:
    market = with_bitcoin(long_market(3, days=500))
    whole = followed(market)
    levels = rival_levels(whole)
    assert levels.columns.tolist() == [TREND, MOMENTUM, EQUAL]
    tables = needed_tables(market, whole.methodology)
    decided = [decision.row for decision in timeline(whole).decisions[30:50]]
    for row in (decided[0], decided[7], decided[7] + 1, decided[19]):
        cut = build_index(market.until(market.dates[row]), whole.methodology, **tables)
        np.testing.assert_allclose(rival_levels(cut), levels.loc[: market.dates[row]], rtol=1e-12)


def test_prices_between_a_decision_and_its_trade_change_nothing_that_is_held() -> None:
    """What truncation cannot show, for a trade is known only at its effective close."""
    market = with_bitcoin(long_market(3, days=500))
    schedule = WEEKLY | {"lag_days": 3}
    before = followed(market, schedule=schedule)
    decisions = timeline(before).decisions
    one, following = decisions[30], decisions[31]
    prices = market.prices.copy()
    between = slice(one.row + 1, one.effective_row)
    prices.iloc[between] *= np.random.default_rng(1).lognormal(0, 1, prices.iloc[between].shape)
    other = MarketData.from_panels(prices, market.market_caps, market.volumes, tags=market.tags)
    held = slice(market.dates[one.effective_row], market.dates[following.effective_row - 1])
    grown = [rival_levels(index).loc[held] for index in (before, followed(other, schedule=schedule))]
    np.testing.assert_allclose(*(levels / levels.iloc[0] for levels in grown), rtol=1e-12)


def test_the_trend_rule_is_in_bitcoin_or_in_the_leg() -> None:
    market = with_bitcoin(long_market(4, days=700))
    index = followed(market)
    level, price = rival_levels(index)[TREND], market.price("bitcoin")
    above = price > price.rolling(200).mean()
    decisions = timeline(index).decisions
    seen = set()
    for before, after in pairwise(decisions[30:]):
        span = market.dates[before.effective_row : after.effective_row]  # the next trade and its cost come after
        growth = level[span] / level[span[0]]
        held = bool(above.iloc[before.row])
        expected = price[span] / price[span[0]] if held else pd.Series(1.0, span)
        np.testing.assert_allclose(growth, expected, rtol=1e-9)
        seen.add(held)
    assert seen == {True, False}


def test_momentum_holds_what_has_risen_and_the_table_has_a_row_for_each() -> None:
    index = followed(long_market(5, days=500))
    levels = rival_levels(index)
    assert levels.columns.tolist() == [MOMENTUM, EQUAL]  # no bitcoin here
    line = timeline(index)
    decision = line.decisions[20]
    prices = index.market.prices.iloc[:, line.assets]
    risen = (prices.iloc[decision.row] > prices.iloc[decision.row - 30]).to_numpy()
    weights = line.base[20] * risen * line.drift[20, :-1]
    idle = (1 - (line.base[20] * risen).sum()) * line.drift[20, -1]
    weights = weights / (weights.sum() + idle)
    start = decision.effective_row - index.base_row
    grown = line.prices[start + 3] / line.prices[start]
    expected = weights @ grown + 1 - weights.sum()
    assert levels[MOMENTUM].iloc[start + 3] / levels[MOMENTUM].iloc[start] == pytest.approx(expected, rel=1e-12)
    table = rival_table(levels)
    assert table.index.tolist() == [MOMENTUM, EQUAL]
    assert table.loc[EQUAL, "growth"] == pytest.approx(levels[EQUAL].iloc[-1] ** (365 / (len(levels) - 1)) - 1)


def test_rules_without_an_overlay_have_no_stable_leg_for_rivals() -> None:
    market = long_market(6, days=200)
    index = build_index(market, passive_twin(followed(market, overlay=OVERLAY, schedule=WEEKLY).methodology))
    with pytest.raises(MethodologyError, match=r"no \[overlay\]"):
        rival_levels(index)
