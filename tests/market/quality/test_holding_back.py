"""Values held back on request: which, from when to when, and that nothing else changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.market import MarketData
from research.market.quality import HOLDABLE, hold_back
from tests.market.quality.markets import clean_panels, market_of

DAY = 250


def panels_with_defects() -> dict[str, pd.DataFrame]:
    panels = clean_panels(3)
    for name in ("price", "market_cap"):
        panels[name].iloc[DAY, 5] *= 90.0  # a wrong print
        panels[name].iloc[DAY:, 6] *= 0.02  # a new level
    for name in ("price", "market_cap", "volume"):
        panels[name].iloc[DAY : DAY + 3, 7] = panels[name].iloc[DAY - 1, 7]
    return panels


def gone(before: MarketData, after: MarketData) -> dict[str, list[tuple[int, int]]]:
    """Places of the values that are missing now, by panel; all others must be as they were."""
    pairs = {
        "price": (before.prices, after.prices),
        "market_cap": (before.market_caps, after.market_caps),
        "volume": (before.volumes, after.volumes),
    }
    found = {}
    for name, (old, new) in pairs.items():
        missing = new.isna().to_numpy() & old.notna().to_numpy()
        np.testing.assert_array_equal(new.to_numpy()[~missing], old.to_numpy()[~missing])
        found[name] = [tuple(place) for place in np.argwhere(missing).tolist()]
    return found


def test_a_jump_is_missing_on_its_day_alone_whether_it_was_right_or_not() -> None:
    market = market_of(panels_with_defects(), extra=())
    found = gone(market, hold_back(market, ["price jump"]))
    of_day = {name: [place for place in places if place[0] in (DAY, DAY + 1)] for name, places in found.items()}
    assert of_day == {"price": [(DAY, 5), (DAY, 6)], "market_cap": [(DAY, 5), (DAY, 6)], "volume": []}


def test_repeated_rows_are_missing_until_the_vendor_is_back() -> None:
    market = market_of(panels_with_defects(), extra=())
    found = gone(market, hold_back(market, ["repeated row"]))
    assert found == {name: [(DAY, 7), (DAY + 1, 7), (DAY + 2, 7)] for name in ("price", "market_cap", "volume")}


def test_the_ledger_keeps_what_was_held_back() -> None:
    panels = panels_with_defects()
    market = market_of(panels, extra=())
    lines = hold_back(market, ["price jump"]).ledger
    assert lines["rule"].unique().tolist() == ["held back: price jump"]
    first = lines[(lines["asset_id"] == "asset-005") & (lines["field"] == "price")].iloc[0]
    assert float(first["old"]) == panels["price"].iloc[DAY, 5]
    assert pd.isna(first["new"])
    assert first["date"] == panels["price"].index[DAY]


@pytest.mark.parametrize("back", [0, 1, 2])
def test_what_is_held_back_by_a_day_is_what_that_day_knew(back: int) -> None:
    market = market_of(panels_with_defects(), extra=())
    cut = market.dates[DAY + back]
    part, whole = hold_back(market.until(cut), list(HOLDABLE)), hold_back(market, list(HOLDABLE)).until(cut)
    pd.testing.assert_frame_equal(part.prices, whole.prices)
    pd.testing.assert_frame_equal(part.ledger, whole.ledger)
    pd.testing.assert_frame_equal(part.assets, whole.assets)


def test_a_rule_that_cannot_hold_back_is_refused_with_the_nearest_that_can() -> None:
    market = market_of(clean_panels(3, days=30), extra=())
    with pytest.raises(DataError, match=r"'price jmp' is no rule that can hold a value back: .*price jump"):
        hold_back(market, ["price jmp"])
