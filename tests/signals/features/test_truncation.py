"""Nothing looks ahead: cut at a decision row or changed after it, every feature up to it keeps its bits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.market import MarketData
from research.point_in_time import PointInTime
from research.signals.features import available, features, regime_features
from research.typing import BoolArray, FloatArray, IntArray
from tests.signals.features.markets import made, random_market, weekly


def values(source: PointInTime, rows: IntArray, universe: BoolArray) -> dict[str, FloatArray]:
    token = dict(features(source, rows, universe))
    return token | {name: array[:, None] for name, array in regime_features(source, rows, universe).items()}


def assert_same_bits(
    some: dict[str, FloatArray], all_rows: dict[str, FloatArray], count: int, assets: BoolArray
) -> None:
    """Features of a shorter market, which may lack assets, against the first `count` rows of the whole one."""
    for name, array in some.items():
        whole = all_rows[name][:count]
        whole = whole[:, assets] if whole.shape[1] == len(assets) else whole
        np.testing.assert_array_equal(array, whole, err_msg=name)


@pytest.mark.parametrize("assets", [1, 2, 3, 9, 70])
def test_cut_at_a_decision_row_nothing_before_it_changes(assets: int) -> None:
    market = random_market(assets, assets=assets)
    source = PointInTime(market)
    rows, universe = weekly(source)
    whole = values(source, rows, universe)
    for count in (1, 9, 30, 45, len(rows) - 1):
        row = int(rows[count - 1])
        cut = PointInTime(market.until(market.dates[row]))
        listed = np.isin(source.asset_ids, cut.asset_ids)
        assert_same_bits(values(cut, rows[:count], universe[:count][:, listed]), whole, count, listed)


@pytest.mark.parametrize("seed", [1, 2])
def test_another_future_changes_nothing_before_it(seed: int) -> None:
    market, other = random_market(seed), random_market(seed + 50)
    source = PointInTime(market)
    rows, universe = weekly(source)
    whole = values(source, rows, universe)
    for count in (12, 40):
        row = int(rows[count - 1])

        def joined(now: pd.DataFrame, then: pd.DataFrame, row: int = row) -> FloatArray:
            return np.vstack([now.to_numpy()[: row + 1], 1000.0 * then.to_numpy()[row + 1 :]])

        panels = {name: joined(now, other.extra[name]) for name, now in market.extra.items()}
        panels |= {
            "price": joined(market.prices, other.prices),
            "market_cap": joined(market.market_caps, other.market_caps),
            "volume": joined(market.volumes, other.volumes),
        }
        changed = PointInTime(made(panels, list(market.prices.columns)))
        rest = universe.copy()
        rest[count:] = ~rest[count:]
        everyone = np.ones(universe.shape[1], dtype=bool)
        found = {name: array[:count] for name, array in values(changed, rows, rest).items()}
        assert_same_bits(found, whole, count, everyone)


def test_on_the_sample_through_listings_and_deaths(sample: MarketData) -> None:
    source = PointInTime(sample)
    rows, universe = weekly(source)
    whole = values(source, rows, universe)
    for count in (len(rows) // 3, len(rows) // 2):
        cut = PointInTime(sample.until(sample.dates[rows[count - 1]]))
        listed = np.isin(source.asset_ids, cut.asset_ids)
        assert_same_bits(values(cut, rows[:count], universe[:count][:, listed]), whole, count, listed)


def test_other_rows_asked_for_do_not_change_a_feature_that_knows_no_members() -> None:
    """Values belong to their row; only what is over members depends on the rows before, through membership."""
    source = PointInTime(random_market(3))
    rows, universe = weekly(source)
    alone = dict(features(source, rows[-1:], universe[-1:]))
    for name, array in features(source, rows, universe):
        if name != "correlation_market_60d":
            np.testing.assert_array_equal(array[-1:], alone[name], err_msg=name)


def test_the_order_of_assets_does_not_matter() -> None:
    market = random_market(4)
    source = PointInTime(market)
    rows, universe = weekly(source)
    whole = dict(features(source, rows, universe))
    renamed = {"asset-00": "zz", "asset-01": "aa", "asset-02": "tethea"}
    ids = [renamed.get(name, name) for name in market.prices.columns]
    panels = {name: panel.to_numpy() for name, panel in market.extra.items()} | {
        "price": market.prices.to_numpy(),
        "market_cap": market.market_caps.to_numpy(),
        "volume": market.volumes.to_numpy(),
    }
    other = PointInTime(made(panels, ids))
    order = np.array([list(other.asset_ids).index(name) for name in ids])
    back = np.argsort(order)
    for name, array in features(other, rows, universe[:, back]):
        np.testing.assert_allclose(array[:, order], whole[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_every_feature_of_the_random_market_is_known_somewhere() -> None:
    """Else the tests above compare NaN with NaN."""
    source = PointInTime(random_market(5, days=900))
    rows, universe = weekly(source)
    unknown = {name for name, array in features(source, rows, universe) if not np.isfinite(array).any()}
    regimes = {name for name, array in regime_features(source, rows, universe).items() if not np.isfinite(array).any()}
    assert unknown | regimes == set()
    assert len(available(source)) >= 113
