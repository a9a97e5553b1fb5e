"""Shares and concentration against closed forms, and Bitcoin's dominance by two other routes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.evaluation.market_structure import concentration, shares, total
from research.market import MarketData
from tests.conftest import shared
from tests.evaluation.market_structure.panels import panel, ragged

NAN = np.nan


@pytest.mark.parametrize("assets", [1, 2, 7, 30])
def test_equal_assets_have_their_number_as_effective_number(assets: int) -> None:
    frame = pd.DataFrame(3.0, index=pd.date_range("2020-01-01", periods=3), columns=range(assets))
    table = concentration(frame)
    assert table["effective_number"].tolist() == pytest.approx([assets] * 3)
    assert table["herfindahl"].tolist() == pytest.approx([1 / assets] * 3)
    assert table["ten_largest"].tolist() == pytest.approx([min(10, assets) / assets] * 3)


def test_two_thirds_and_a_third() -> None:
    row = concentration(panel(a=[20], b=[10], c=[NAN], d=[0])).iloc[0]
    assert row["assets"] == 2
    assert row["largest"] == pytest.approx(2 / 3)
    assert row["herfindahl"] == pytest.approx(5 / 9)
    assert row["effective_number"] == pytest.approx(9 / 5)


@given(
    st.lists(st.floats(0.01, 1e12), min_size=1, max_size=20),
    st.floats(0.001, 1000),
)
def test_shares_add_up_and_the_unit_does_not_matter(sizes: list[float], unit: float) -> None:
    frame = pd.DataFrame([sizes], index=pd.date_range("2020-01-01", periods=1))
    assert shares(frame).sum(axis=1).tolist() == pytest.approx([1.0])
    pd.testing.assert_frame_equal(concentration(frame), concentration(frame * unit))
    assert 1 - 1e-9 <= concentration(frame)["effective_number"].iloc[0] <= len(sizes) + 1e-9


def test_a_hole_in_a_large_asset_makes_the_total_unknown_and_one_in_a_small_asset_does_not() -> None:
    frame = panel(big=[99, NAN, 99, 99], small=[50, 50, 50, 50], tiny=[0.1, 0.1, NAN, NAN], late=[NAN, NAN, NAN, 5])
    assert total(frame).tolist() == pytest.approx([149.1, NAN, 149.0, 154.0], nan_ok=True)
    assert shares(frame).iloc[1].isna().all()
    assert shares(frame).iloc[2].tolist() == pytest.approx([99 / 149, 50 / 149, 0, 0])


def test_an_asset_that_stays_away_for_a_month_is_no_part_of_the_market_any_more() -> None:
    frame = panel(gone=[50.0] + [NAN] * 32, left=[50.0] * 33)
    known = total(frame)
    assert known.iloc[1:31].isna().all()
    assert known.iloc[31:].tolist() == [50.0, 50.0]


def test_nothing_to_add_is_no_total() -> None:
    table = concentration(panel(a=[NAN, 0, 1]))
    assert table["largest"].isna().tolist() == [True, True, False]
    assert table["herfindahl"].isna().tolist() == [True, True, False]


def test_nothing_of_a_series_changes_when_later_days_are_cut() -> None:
    _, caps = ragged()
    whole = concentration(caps)
    unknown = np.flatnonzero(whole["largest"].isna())
    assert {70, 71, 72, 73} <= set(unknown)
    for row in {*unknown.tolist(), *(unknown + 1).tolist(), 20, 60} & set(range(len(caps))):
        pd.testing.assert_frame_equal(concentration(caps.iloc[: row + 1]), whole.iloc[: row + 1], check_freq=False)


def test_bitcoins_share_of_the_406_coins_is_that_of_the_vendors_own_rows(market_406: MarketData) -> None:
    raw = pd.read_parquet(shared("market/coingecko_406_2014_2017_indexconstruction.parquet"))
    share = shares(market_406.market_caps)["bitcoin"]
    for day, about in (("2015-06-30", 0.85), ("2016-06-30", 0.8), ("2017-03-24", 0.68)):
        rows = raw[(pd.to_datetime(raw["date"]) == day) & (raw["market_cap"] > 0) & (raw["close"] > 0)]
        by_hand = rows.loc[rows["coin_id"].str.lower() == "btc", "market_cap"].item() / rows["market_cap"].sum()
        assert share[day] == pytest.approx(by_hand, rel=1e-12)
        assert share[day] == pytest.approx(about, abs=0.05)


def test_a_false_cap_above_bitcoins_shows_as_the_largest_asset_of_2014(market_406: MarketData) -> None:
    share = shares(market_406.market_caps)
    assert share.loc["2014-03-31"].idxmax() == "cnmt"
    assert share.loc["2014-03-31", "cnmt"] > 0.8


def test_without_bitcoins_cap_there_is_no_dominance_of_others(market_406: MarketData) -> None:
    missing = market_406.market_caps["bitcoin"].isna()
    assert missing.sum() == 32
    assert missing.iloc[:2].all()  # before its first cap nothing can be known of its size
    missing, without = missing.iloc[2:], concentration(market_406.market_caps).iloc[2:]
    assert without.loc[missing, "largest"].isna().all()


def test_ether_beside_bitcoin_agrees_with_another_vendor(market_50: MarketData) -> None:
    monthly = pd.read_parquet(shared("market/cmc_top200_monthly_2020_2025_sbq.parquet"))
    symbol, cap, date = (_column(monthly, word) for word in ("symbol", "cap", "date"))
    ours = shares(market_50.market_caps)
    for day in ("2020-07-01", "2021-07-01", "2022-07-01"):
        rows = monthly[pd.to_datetime(monthly[date]) == day]
        theirs = {name: rows.loc[rows[symbol] == name, cap].iloc[0] for name in ("ETH", "BTC")}
        ratio = ours.loc[day, "ethereum"] / ours.loc[day, "bitcoin"]
        assert ratio == pytest.approx(theirs["ETH"] / theirs["BTC"], rel=0.02)


def _column(frame: pd.DataFrame, word: str) -> str:
    return next(str(name) for name in frame.columns if word in str(name).lower())
