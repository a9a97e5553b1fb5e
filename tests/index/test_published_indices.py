"""Against published indices, and through the collapses of Terra and FTX, on real data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from research.index import IndexHistory, Methodology, build_index
from research.market import MarketData
from research.rulebook import Universe
from tests.conftest import shared


def published(name: str) -> pd.Series:
    table = pd.read_parquet(shared("market/benchmark_indices_quantlet.parquet"))
    level = table[table["index_name"] == name].assign(date=lambda frame: pd.to_datetime(frame["date"]))
    return level.set_index("date")["level"].sort_index()


def daily_returns(index: IndexHistory, name: str) -> tuple[pd.Series, pd.Series]:
    """Returns of both over the days that follow each other in both."""
    level = published(name)
    theirs = level.pct_change()[level.index.to_series().diff() == pd.Timedelta(days=1)]
    ours = index.level.pct_change()
    days = theirs.dropna().index.intersection(ours.dropna().index)
    return ours[days], theirs[days]


def test_crix_rules_with_their_own_number_of_constituents_follow_the_published_crix(market_406: MarketData) -> None:
    """Residual: prices of another vendor, the day of the trade, and costs, none of which CRIX has."""
    index = build_index(market_406, Methodology.load("crix-like"))
    ours, theirs = daily_returns(index, "CRIX")
    assert len(ours) > 900
    assert np.corrcoef(ours, theirs)[0, 1] > 0.998
    assert (ours - theirs).std() * np.sqrt(365) < 0.035
    assert np.corrcoef(ours.iloc[1:], theirs.shift().iloc[1:])[0, 1] < 0.1  # dated alike, not a day late


@pytest.fixture(scope="module")
def cci30(market_406: MarketData) -> Methodology:
    """CCi30's rules as published: no thresholds in USD, traded at the close of the decision, no costs.

    The rule of wrong prints is the shipped one.
    """
    shipped = Methodology.load("cci30-like")
    return replace(
        shipped,
        universe=Universe(
            exclude_tags=("stablecoin",), turnover_band=(0.0005, 3.0), min_history_days=90, min_valid_share=0.95
        ),
        selection=replace(shipped.selection, min_count=None),
        schedule=replace(shipped.schedule, lag_days=0),
        costs=type(shipped.costs)(),
    )


def test_cci30_rules_follow_the_published_cci30_once_a_wrong_print_is_held_back(
    market_406: MarketData, cci30: Methodology
) -> None:
    """One print of one small coin (ybc, 2015-11-17, back the next day) is most of the difference."""
    as_found = build_index(market_406, replace(cci30, events=replace(cci30.events, outlier_jump=None)))
    ours, theirs = daily_returns(as_found, "CCI30")
    assert np.corrcoef(ours, theirs)[0, 1] < 0.65
    careful = build_index(market_406, cci30)
    ours, theirs = daily_returns(careful, "CCI30")
    assert len(ours) > 800
    assert np.corrcoef(ours, theirs)[0, 1] > 0.86
    assert (ours - theirs).std() * np.sqrt(365) < 0.30
    # What is left is in the published level: on its five worst days none of our members moved the index like that.
    worst = (ours - theirs).abs().nlargest(5).index
    ours_moved = careful.contributions.loc[worst].abs().max(axis=1)
    assert (ours_moved < 0.5 * (ours - theirs)[worst].abs()).all()


@pytest.fixture(scope="module")
def large_cap(market_50: MarketData) -> IndexHistory:
    return build_index(market_50, Methodology.load("large-cap-20-capped"))


def test_the_loss_on_terra_stays_in_the_level_day_by_day(large_cap: IndexHistory, market_50: MarketData) -> None:
    luna = large_cap.weights["terra-luna"]
    assert luna["2022-05-05"] > 0.06
    returns = market_50.prices["terra-luna"].pct_change()
    days = pd.date_range("2022-05-06", "2022-05-14")
    contributions = large_cap.contributions.loc[days, "terra-luna"]
    np.testing.assert_allclose(contributions, (luna.shift() * returns)[days], rtol=1e-10, atol=1e-15)
    assert contributions.sum() < -0.07
    collapses = large_cap.events.query("asset_id == 'terra-luna' and event == 'collapse'")
    assert list(collapses["date"].dt.strftime("%Y-%m-%d")) == ["2022-05-11", "2022-05-12", "2022-05-13"]
    left = luna[luna > 0].index[-1] + pd.Timedelta(days=1)  # at a reconstitution, not at the collapse
    assert large_cap.rebalances.loc[left, "cause"] == "reconstitution"
    assert pd.Timestamp("2022-05-14") < left < pd.Timestamp("2022-07-15")


def test_the_ftx_token_falls_inside_the_index_and_leaves_at_the_next_reconstitution(large_cap: IndexHistory) -> None:
    held = large_cap.weights["ftx-token"]
    assert held["2022-11-04"] > 0.01
    assert held["2022-11-14"] < 0.1 * held["2022-11-04"]
    assert held[held > 0].index[-1] == pd.Timestamp("2022-12-01")
    assert large_cap.contributions.loc["2022-11-08", "ftx-token"] < -0.009


def test_an_announced_removal_sells_the_ftx_token_at_the_next_close(market_50: MarketData) -> None:
    """What a committee would have done on 2022-11-09 costs the price of 2022-11-10, not the price of the day before."""
    table = pd.DataFrame({"date": ["2022-11-09"], "asset_id": ["ftx-token"], "reason": ["exchange halted withdrawals"]})
    index = build_index(market_50, Methodology.load("large-cap-20-capped"), removals=table)
    held = index.weights["ftx-token"]
    assert held["2022-11-09"] > 0
    assert (held["2022-11-10":] == 0).all()
    assert index.rebalances.loc["2022-11-10", "cause"] == "removal"
    assert index.contributions.loc["2022-11-10", "ftx-token"] != 0.0


def test_bogus_caps_are_kept_out_by_the_turnover_band(market_406: MarketData) -> None:
    """Without it CNMT and SLR would be the largest assets of 2014."""
    shipped = Methodology.load("large-cap-10")
    screens = {"min_market_cap": None, "min_volume": None}
    banded = replace(shipped, universe=replace(shipped.universe, **screens))
    open_door = replace(shipped, universe=replace(shipped.universe, **screens, turnover_band=None))
    table = build_index(market_406, open_door).decisions
    assert {"cnmt", "slr"} <= set(table.query("selected and rank <= 5")["asset_id"])
    kept_out = build_index(market_406, banded).decisions
    assert not kept_out.query("asset_id in ['cnmt', 'slr'] and rank_value > 1e9")["selected"].any()
