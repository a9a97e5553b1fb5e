"""Breadth in markets where everybody knows the answer, and its formula by a loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.evaluation.market_structure import breadth
from research.market import MarketData
from tests.evaluation.market_structure.panels import ragged

DAYS = pd.date_range("2020-01-01", periods=120, name="date")


def market(growth: list[float]) -> pd.DataFrame:
    """One asset for each daily growth rate, which never changes."""
    levels = np.exp(np.outer(np.arange(len(DAYS)), growth))
    return pd.DataFrame(levels, index=DAYS, columns=[f"asset-{number:02d}" for number in range(len(growth))])


def test_where_seven_of_ten_rise_seven_tenths_are_above_their_average() -> None:
    table = breadth(market([0.01] * 7 + [-0.01] * 3), windows=(20,))
    assert table["above_20"].iloc[-1] == pytest.approx(0.7)
    assert table["net_advances"].iloc[-1] == pytest.approx(0.4)


def test_with_nine_assets_nothing_is_said() -> None:
    assert breadth(market([0.01] * 9)).isna().all(axis=None)


def test_before_four_fifths_of_a_window_nothing_is_said() -> None:
    table = breadth(market([0.01] * 10), windows=(50,))
    assert table["above_50"].isna().sum() == 39
    assert table["net_advances"].isna().sum() == 24  # the first day has no move


def test_a_price_that_stands_still_is_neither_a_rise_nor_above_its_average() -> None:
    table = breadth(market([0.0] * 10), windows=(20,))
    assert table.iloc[-1].tolist() == [0.0, 0.0]


def test_the_formula_by_a_loop_on_a_day_of_the_real_file(market_406: MarketData) -> None:
    prices, row = market_406.prices, 600
    above = known = rose = fell = 0
    for name in prices.columns:
        window, (before, now) = prices[name].iloc[row - 49 : row + 1], prices[name].iloc[row - 1 : row + 1]
        if not np.isnan(now) and window.count() >= 40:
            known += 1
            above += now > window.mean() * (1 + 1e-9)  # prices that stand still for weeks are at it
        rose, fell = rose + (now > before), fell + (now < before)
    assert breadth(prices)["above_50"].iloc[row] == pytest.approx(above / known)
    both = (prices.iloc[row].notna() & prices.iloc[row - 1].notna()).sum()
    daily = breadth(prices.iloc[row - 40 : row + 1])["net_advances"] * 30
    assert daily.iloc[-1] - daily.iloc[-2] == pytest.approx((rose - fell) / both - _net(prices, row - 30), abs=1e-9)


def _net(prices: pd.DataFrame, row: int) -> float:
    move = prices.iloc[row] - prices.iloc[row - 1]
    return float(((move > 0).sum() - (move < 0).sum()) / move.count())


def test_nothing_of_a_series_changes_when_later_days_are_cut() -> None:
    prices, _ = ragged()
    whole = breadth(prices, windows=(10, 50))
    for row in (8, 19, 20, 24, 39, 40, 60, 61, 80, 100):
        part = breadth(prices.iloc[: row + 1], windows=(10, 50))
        # a rolling mean is summed along the column: the last digits of a difference, and no more, may differ
        pd.testing.assert_frame_equal(part, whole.iloc[: row + 1], check_freq=False)
