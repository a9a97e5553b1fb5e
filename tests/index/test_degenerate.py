"""Missing market caps and total losses: every table has a defined result. A numerical warning is an error in pytest."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, MethodologyError
from research.index import IndexHistory, build_index
from research.index.comparisons.counterfactuals import counterfactuals
from research.market import MarketData
from tests.index.markets import random_market, rules

BAND = {"turnover_band": [0.0001, 3.0], "max_supply_jump": 0.5}
TABLES = ("weights", "decisions", "constituents", "rebalances", "events", "concentration", "contributions", "caveats")


def without_caps(assets: int, since: int = 0, *, volumes: bool = True) -> MarketData:
    """A market in which the first `assets` have no market cap from row `since` on (and no volume, if asked)."""
    market = random_market(3, defects=False)
    caps, traded = market.market_caps.copy(), market.volumes.copy()
    caps.iloc[since:, :assets] = np.nan
    if not volumes:
        traded.iloc[since:, :assets] = 0.0
    return MarketData.from_panels(market.prices, caps, traded)


def ask_everything(index: IndexHistory) -> None:
    for name in TABLES:
        getattr(index, name)
    index.holdings(), index.nearest_misses(), index.weight_steps(), index.calendar(), index.cost_sensitivity()
    index.capacity(), index.token(fee_per_year=0.01).units, counterfactuals(index)
    if len(index.trades) > 2:
        changes = index.rebalance_difference()
        parts = changes[["previous", "drift", "supply", "rank", "tilt", "cap", "signal", "execution"]].sum(axis=1)
        np.testing.assert_allclose(parts, changes["weight"], atol=1e-12)


SCHEMES: list[dict[str, Any]] = [
    {"weighting": {"scheme": "equal"}, "universe": BAND},
    {"weighting": {"scheme": "equal"}},
    {"weighting": {"scheme": "sqrt_market_cap"}, "universe": BAND},
    {"weighting": {"scheme": "liquidity_mix"}},
    {"weighting": {"scheme": "risk_parity"}},
    {"selection": {"rule": "coverage", "coverage": 0.8}},
]
CRITERION = {"rule": "information_criterion", "first_count": 2, "step": 2}


@pytest.mark.parametrize(("since", "volumes"), [(0, True), (0, False), (100, True)])
@pytest.mark.parametrize(
    "tables", [*SCHEMES, {"selection": CRITERION}, {"selection": CRITERION | {"rank_by": "volume"}}]
)
def test_half_of_the_assets_without_a_market_cap_are_no_obstacle(
    since: int, volumes: bool, tables: dict[str, Any]
) -> None:
    index = build_index(without_caps(6, since, volumes=volumes), rules(**tables))
    ask_everything(index)
    assert (index.level > 0).all()


@pytest.mark.parametrize("tables", SCHEMES)
def test_when_all_market_caps_fall_to_zero_the_index_goes_on_as_its_rules_say(tables: dict[str, Any]) -> None:
    index = build_index(without_caps(12, 120), rules(**tables))
    ask_everything(index)
    assert (index.level > 0).all()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"weighting": {"scheme": "equal"}, "universe": BAND}, "min_turnover fails 12"),
        ({"weighting": {"scheme": "liquidity_mix"}}, "market_cap_today fails 12"),
        ({"selection": {"rule": "coverage", "coverage": 0.8}}, "nothing eligible to cover"),
        ({"selection": CRITERION}, "no review of the number of constituents yet"),
        ({"weighting": {"scheme": "market_cap"}}, "market_cap_today fails 12"),
    ],
)
def test_a_market_without_any_market_cap_is_refused_in_words_where_the_rules_need_one(
    tables: dict[str, Any], message: str
) -> None:
    with pytest.raises((DataError, MethodologyError), match=message):
        build_index(without_caps(12), rules(**tables))


def test_an_asset_without_a_market_cap_does_not_pass_a_band_of_turnover() -> None:
    index = build_index(without_caps(6), rules(weighting={"scheme": "equal"}, universe=BAND))
    looked_at = index.decisions[index.decisions["asset_id"] <= "asset-05"]
    assert looked_at["min_turnover_value"].isna().all()
    assert not looked_at["eligible"].any()


def lost(haircut: float) -> IndexHistory:
    """All members lose their prices after 120 days and are written off; monthly, equal weights."""
    market = random_market(3, defects=False)
    prices = market.prices.copy()
    prices.iloc[120:] = np.nan
    panels = [panel.where(prices.notna()) for panel in (market.market_caps, market.volumes)]
    return build_index(
        MarketData.from_panels(prices, *panels),
        rules(weighting={"scheme": "equal"}, events={"removal_haircut": haircut}, base_date=dt.date(2020, 2, 15)),
    )


def test_after_a_total_loss_every_table_still_has_its_values() -> None:
    index = lost(1.0)
    assert index.level.iloc[-1] == 0.0
    ask_everything(index)
    last = index.rebalances.iloc[-1]
    assert last["level"] == 0.0
    assert np.isnan(last["divisor"])
    assert np.isnan(index.break_even_cost(pd.Series(1.0, index.dates)))
    table = index.cost_sensitivity()
    assert (table[["cagr", "max_drawdown"]] == -1.0).all(axis=None)
    assert (table["final_level"] == 0.0).all()
    assert table[["volatility", "sharpe"]].isna().all(axis=None)
    assert index.token().net_asset_value.iloc[-1] == 0.0


@pytest.mark.parametrize("haircut", [0.0, 1.0])
def test_a_counterfactual_that_loses_everything_is_a_line_of_the_table(haircut: float) -> None:
    table = counterfactuals(lost(haircut))
    gone = table.loc["dead tokens at zero"]
    assert gone[["total_return", "cagr", "max_drawdown"]].tolist() == [-1.0, -1.0, -1.0]
    assert gone[["annualized_volatility", "sharpe_ratio", "tracking_error"]].isna().all()
    assert gone["note"] == "everything is lost: from zero on there are no returns"
    kept = table.loc["dead tokens at their last price"]
    assert kept["note"] == ""
    assert kept["total_return"] > -1.0
    assert gone["cagr_difference"] == pytest.approx(-1.0 - table.loc["as published", "cagr"])
