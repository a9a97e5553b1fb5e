"""What must not matter: the unit of prices, the order of assets, and where a history is cut in two."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from research.index import build_index
from research.market import MarketData
from tests.index.markets import COINS, NEVER_MOVED, random_case, random_market, rules
from tests.index.test_truncation import RULES as LISTED

RULES = LISTED | {
    "everything at once": {
        "universe": {"min_valid_share": 0.5, "valid_share_window": 30},
        "selection": {"count": 5, "entry_rank": 4, "exit_rank": 7, "rank_by": "market_cap_mean_30d"},
        "weighting": {"max_weight": 0.4},
        "schedule": {"reconstitution": "monthly", "rebalance": "weekly"},
        "costs": {"fee_bps": 15},
    }
}


@pytest.mark.parametrize("tables", RULES.values(), ids=RULES.keys())
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16), power=st.integers(-20, 20))
def test_one_assets_price_in_another_unit_changes_nothing(tables: dict, seed: int, power: int) -> None:
    """A split or a redenomination of the whole history: price scaled, market cap and volume as before."""
    market, methodology, announced = random_case(tables, seed)
    factor = pd.Series(1.0, market.prices.columns)
    factor.iloc[NEVER_MOVED] = 2.0**power
    scaled = MarketData.from_panels(
        market.prices * factor,
        market.market_caps,
        market.volumes,
        extra={name: panel * factor for name, panel in market.extra.items()},
        tags=market.tags,
    )
    one, other = (build_index(m, methodology, **announced) for m in (market, scaled))
    pd.testing.assert_series_equal(one.level, other.level, rtol=1e-12)
    pd.testing.assert_frame_equal(one.weights, other.weights, atol=1e-12)


@pytest.mark.parametrize("tables", RULES.values(), ids=RULES.keys())
def test_where_panels_lie_in_memory_changes_nothing(tables: dict) -> None:
    """To the bit: a caller's own panels may lie asset by asset."""
    market, methodology, announced = random_case(tables, 7)
    panels = [
        pd.DataFrame(np.asfortranarray(panel.to_numpy()), panel.index, panel.columns, copy=False)
        for panel in (market.prices, market.market_caps, market.volumes)
    ]
    turned = replace(market, prices=panels[0], market_caps=panels[1], volumes=panels[2])
    assert not turned.prices.to_numpy().flags.c_contiguous
    one, other = (build_index(each, methodology, **announced) for each in (market, turned))
    pd.testing.assert_series_equal(one.level, other.level, check_exact=True)
    pd.testing.assert_frame_equal(one.weights, other.weights, check_exact=True)


@pytest.mark.parametrize("tables", RULES.values(), ids=RULES.keys())
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_new_names_in_another_order_change_nothing_but_the_names(tables: dict, seed: int) -> None:
    market, methodology, announced = random_case(tables, seed)
    order = np.random.default_rng(seed).permutation(market.prices.shape[1])
    names = dict(zip(market.prices.columns, [f"name-{place:02d}" for place in order], strict=True))
    names |= {coin: coin for coin in COINS}  # the rulebook calls these by name
    panels = [panel.rename(columns=names) for panel in (market.prices, market.market_caps, market.volumes)]
    extra = {name: panel.rename(columns=names) for name, panel in market.extra.items()}
    shuffled = MarketData.from_panels(*panels, extra=extra, tags=market.tags)
    known = {
        name: table.replace(
            {column: names for column in table.columns if column in ("asset_id", "new_asset_id", "choice")}
        )
        for name, table in announced.items()
    }
    one, other = build_index(market, methodology, **announced), build_index(shuffled, methodology, **known)
    pd.testing.assert_series_equal(one.level, other.level, rtol=1e-9)
    renamed = one.weights.rename(columns=names).sort_index(axis=1)
    pd.testing.assert_frame_equal(renamed, other.weights, atol=1e-9, check_names=False, check_like=True)


@pytest.mark.parametrize("tables", RULES.values(), ids=RULES.keys())
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**16))
@example(seed=5303)  # two forks are taken up on one day
def test_weights_add_up_within_bounds_and_the_level_is_positive_and_continuous(tables: dict, seed: int) -> None:
    free = {key: value for key, value in tables.items() if key != "costs"}
    market, methodology, announced = random_case(free, seed)
    index = build_index(market, methodology, **announced)
    assert (index.level > 0).all()
    np.testing.assert_allclose(index.weights.sum(axis=1), 1.0, atol=1e-12)
    assert (index.weights.to_numpy() >= 0).all()
    high = index.methodology.weighting.max_weight or 1.0
    decided = index.constituents[index.constituents["cause"].isin(["initial", "reconstitution", "rebalance"])]
    members = decided[~decided["asset_id"].isin(COINS)]
    if methodology.overlay is None:  # a small trade, or one in part, leaves a drifted weight where it is
        assert (members["target_weight"] <= high + 1e-12).all()
    value = index.constituents["units"] * index.constituents["price"]
    position = value.groupby([index.constituents["effective_date"], index.constituents["cause"]]).sum()
    if "cash" not in index.weights:
        made = Counter((index.source.dates[trade.row], trade.cause) for trade in index.trades)  # two forks on one day
        position /= [made[trade] for trade in position.index]
        np.testing.assert_allclose(position, index.level[position.index.get_level_values(0)], rtol=1e-12)
    np.testing.assert_allclose(index.contributions.sum(axis=1), index.level.pct_change().iloc[1:], atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_history_cut_in_two_gives_the_same_returns_after_the_cut(seed: int) -> None:
    """With rules whose memory is short, an index started in the middle holds what the old one holds from there on."""
    market = random_market(seed, defects=False, days=300)
    methodology = rules(weighting={"max_weight": 0.4}, schedule={"reconstitution": "monthly", "lag_days": 2})
    whole = build_index(market, methodology)
    second = build_index(market.since("2020-05-31"), methodology)
    both = second.level.index
    assert len(both) > 100
    ratio = whole.level[both] / second.level
    np.testing.assert_allclose(ratio / ratio.iloc[0], 1.0, rtol=1e-12)
