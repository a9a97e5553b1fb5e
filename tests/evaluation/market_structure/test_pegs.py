"""Pegs by hand, and the de-pegs that everybody remembers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.evaluation.market_structure import peg_distances, peg_table
from research.market import MarketData
from tests.evaluation.market_structure.panels import panel

NAN = np.nan


def test_a_peg_by_hand() -> None:
    prices = panel(good=[1.0, 1.01, 0.99, 1.0, 1.0, 1.005], bad=[NAN, 0.9, 0.95, NAN, 1.05, 1.02], none=[NAN] * 6)
    table = peg_table(prices)
    assert table.index.tolist() == ["bad", "good"]
    assert table.loc["good", ["beyond_1", "beyond_3", "longest"]].tolist() == [0, 0, 0]  # on the bound is not beyond
    bad = table.loc["bad"]
    assert [bad["days"], bad["beyond_1"], bad["beyond_3"], bad["longest"]] == [4, 4, 3, 3]
    assert (bad["worst"], bad["worst_day"]) == (pytest.approx(-0.1), pd.Timestamp("2020-01-02"))
    assert bad["median"] == pytest.approx(0.05)
    assert bad["now"] == pytest.approx(0.02)


def test_distances_are_prices_less_one_and_nothing_is_filled() -> None:
    distances = peg_distances(panel(a=[1.02, NAN]))
    assert distances["a"].tolist() == pytest.approx([0.02, NAN], nan_ok=True)


def test_a_market_without_stablecoins_has_an_empty_table() -> None:
    table = peg_table(panel(a=[1.0])[[]])
    assert table.empty
    assert "worst_day" in table


def test_the_week_of_silicon_valley_bank_is_the_worst_of_frax(market_50: MarketData) -> None:
    table = peg_table(market_50.prices[["frax", "dai", "tether", "usd-coin", "binance-usd"]])
    assert table.loc["frax", "worst_day"] == pd.Timestamp("2023-03-11")
    assert market_50.prices["usd-coin"]["2023-03-11":"2023-03-12"].sub(1).abs().max() > 0.01


def test_five_real_stablecoins_lie_within_one_per_cent_by_their_median(market_50: MarketData) -> None:
    table = peg_table(market_50.prices[["frax", "dai", "tether", "usd-coin", "binance-usd"]])
    assert (table["median"] < 0.003).all()
    assert (table["beyond_3"] <= table["beyond_1"]).all()
    assert (table["longest"] <= table["beyond_3"]).all()
