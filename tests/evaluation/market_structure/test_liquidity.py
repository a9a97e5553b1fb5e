"""Turnover and the number of assets that can be traded, by hand and on the real file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.evaluation.market_structure import liquidity, tradable
from research.market import MarketData
from tests.evaluation.market_structure.panels import panel

NAN = np.nan


def test_turnover_is_of_the_assets_whose_cap_and_volume_are_both_known() -> None:
    table = liquidity(panel(a=[10, 10], b=[30, NAN], c=[5, 5]), panel(a=[100, 100], b=[300, 300], c=[NAN, NAN]))
    assert table["turnover"].tolist() == pytest.approx([40 / 400, 10 / 100])
    assert table["volume"].tolist() == pytest.approx([45, NAN], nan_ok=True)  # b is most of what is traded
    assert table["largest"].iloc[0] == pytest.approx(30 / 45)


def test_without_caps_there_is_volume_and_no_turnover() -> None:
    volumes = panel(a=[10, 10], b=[30, 20])
    table = liquidity(volumes, volumes * NAN)
    assert table["volume"].tolist() == [40, 30]
    assert table["turnover"].isna().all()


def test_an_asset_is_tradable_by_its_median_and_not_by_one_day() -> None:
    steady, burst = [2e5] * 40, [1e4] * 39 + [1e9]
    table = tradable(panel(steady=steady, burst=burst, late=[NAN] * 30 + [2e6] * 10), thresholds=(1e5, 1e6))
    assert table[1e5].iloc[-1] == 1
    assert table[1e6].iloc[-1] == 0  # the late one has ten days of volume, and fifteen are asked for
    assert table.iloc[:14].isna().all(axis=None)
    assert table[1e5].iloc[14] == 1


def test_nothing_of_a_series_changes_when_later_days_are_cut(market_406: MarketData) -> None:
    volumes = market_406.volumes.iloc[:200, :100]
    caps = market_406.market_caps.iloc[:200, :100]
    for row in (13, 14, 15, 29, 30, 31, 120):
        one, other = liquidity(volumes.iloc[: row + 1], caps.iloc[: row + 1]), tradable(volumes.iloc[: row + 1])
        pd.testing.assert_frame_equal(one, liquidity(volumes, caps).iloc[: row + 1], check_freq=False)
        pd.testing.assert_frame_equal(other, tradable(volumes).iloc[: row + 1], check_freq=False)


def test_a_tenth_of_the_406_coins_can_be_bought_for_a_fund(market_406: MarketData) -> None:
    volumes = market_406.volumes
    by_hand = (volumes.iloc[-30:].median() >= 1e5) & (volumes.iloc[-30:].count() >= 15)
    assert tradable(volumes)[1e5].iloc[-1] == by_hand.sum()
    assert by_hand.sum() < 0.15 * market_406.prices.iloc[-1].count()
