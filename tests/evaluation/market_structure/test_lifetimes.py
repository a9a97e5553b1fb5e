"""Births, deaths and returns: an identity that must hold on every day, and one file whose deaths are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.evaluation.market_structure import births_and_deaths, deaths, lifetimes, lives_by_year
from research.market import MarketData
from tests.evaluation.market_structure.panels import panel, ragged

NAN = np.nan


def test_an_asset_dies_on_the_day_its_silence_can_be_known_and_returns_with_a_price() -> None:
    prices = panel(a=[1, 1, NAN, NAN, NAN, 2], b=[1, NAN, 1, NAN, 1, 1])
    daily = births_and_deaths(prices, silent_days=3)
    assert daily["alive"].tolist() == [2, 2, 2, 2, 1, 2]
    assert daily["born"].tolist() == [2, 0, 0, 0, 0, 0]
    assert daily["died"].tolist() == [0, 0, 0, 0, 1, 0]
    assert daily["returned"].tolist() == [0, 0, 0, 0, 0, 1]


def test_who_is_alive_is_who_was_plus_births_and_returns_less_deaths(market_406: MarketData) -> None:
    daily = births_and_deaths(market_406.prices)
    change = daily["born"] + daily["returned"] - daily["died"]
    assert (daily["alive"] == change.cumsum()).all()
    recent = market_406.prices.notna().rolling(30, min_periods=1).max().sum(axis=1)
    assert (daily["alive"] == recent).all()


def test_years_add_up_to_the_days(market_406: MarketData) -> None:
    daily = births_and_deaths(market_406.prices)
    years = lives_by_year(daily)
    assert years["at_end"].iloc[-1] == daily["alive"].iloc[-1]
    assert years["born"].sum() == market_406.prices.shape[1]
    assert years.loc[2016, "death_rate"] == years.loc[2016, "died"] / years.loc[2015, "at_end"]
    assert np.isnan(years["death_rate"].iloc[0])


def test_nothing_of_a_series_changes_when_later_days_are_cut(market_406: MarketData) -> None:
    for prices in (ragged()[0], market_406.prices.iloc[:, :120]):
        whole = births_and_deaths(prices)
        decided = np.flatnonzero((whole["died"] + whole["returned"]).to_numpy())
        for row in {int(row) + move for row in decided[:20] for move in (-1, 0)}:
            cut = births_and_deaths(prices.iloc[: row + 1])
            pd.testing.assert_frame_equal(cut, whole.iloc[: row + 1], check_freq=False)


def test_a_life_by_hand() -> None:
    table = lifetimes(panel(a=[NAN, 4, NAN, 1], b=[1, 2, NAN, NAN], c=[NAN] * 4), silent_days=2)
    assert table.loc["a", ["first", "last", "days", "missing", "dead", "from_high"]].tolist() == [
        pd.Timestamp("2020-01-02"),
        pd.Timestamp("2020-01-04"),
        2,
        1,
        False,
        -0.75,
    ]
    assert table["dead"].tolist() == [False, True, True]
    assert table.loc["c", "days"] == table.loc["c", "missing"] == 0
    assert table.loc["c", ["first", "last", "from_high"]].isna().all()


def test_the_largest_dead_come_first_and_a_collapse_is_one_without_silence() -> None:
    days = 70
    up = np.ones(days)
    worthless = np.where(np.arange(days) < 60, 1.0, 0.005)
    silent = np.where(np.arange(days) < 30, 1.0, NAN)
    silent[29] = 0.5
    prices = panel(big=list(up), lost=list(worthless), gone=list(silent))
    table = deaths(prices, prices * np.array([100.0, 10.0, 20.0]))
    assert table.index.tolist() == ["gone", "lost"]
    assert table["dead"].tolist() == [True, False]
    assert table.loc["gone", "highest_share"] == pytest.approx(20 / 130)
    assert table.loc["gone", "last_cap"] == 10.0
    assert np.isnan(table.loc["gone", "last_month"])  # thirty days before its last price it had none
    assert table.loc["lost", "last_month"] == pytest.approx(-0.995)


def test_terra_is_among_the_collapsed_of_the_50_coin_file_and_nobody_is_silent(market_50: MarketData) -> None:
    table = deaths(market_50.prices, market_50.market_caps)
    assert table.index[0] == "terra-luna"
    assert not table["dead"].any()
    assert table.loc["terra-luna", "from_high"] < -0.9999


def test_without_caps_the_latest_deaths_come_first(market_406: MarketData) -> None:
    table = deaths(market_406.prices, market_406.market_caps * NAN)
    assert table["last"].is_monotonic_decreasing
    assert table[["highest_share", "last_cap"]].isna().all(axis=None)
