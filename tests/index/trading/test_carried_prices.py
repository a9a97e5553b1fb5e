"""Trades at carried prices, which published back-tests make and nobody can: by hand, on small markets."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from research.index import IndexHistory, Methodology, build_index
from research.market import MarketData
from tests.index.markets import rules

DAYS = pd.date_range("2021-01-01", periods=60)


def market(gap: tuple[str, str], **prices: float) -> MarketData:
    """Assets at constant prices, caps a thousand times the price; b stops at 2 and has no price in the gap."""
    frame = pd.DataFrame(prices, index=DAYS, dtype=float)
    frame.loc["2021-01-20":, "b"] *= 2
    frame.loc[gap[0] : gap[1], "b"] = np.nan
    return MarketData.from_panels(frame, frame * 1000.0, frame * 100.0)


def two_in_equal_parts(**events: object) -> Methodology:
    return rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 2, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "monthly", "lag_days": 1},
        events={"carry_days": 3, "remove_after_days": 10, "trade_at_carried_prices": True, **events},
    )


def traded(index: IndexHistory, day: str) -> pd.DataFrame:
    rows = index.constituents
    return rows[rows["effective_date"] == day].set_index("asset_id")


def test_a_member_that_is_not_chosen_again_is_sold_at_its_carried_price() -> None:
    """b stands at a third above the index of two; without a price on the determination day it is not eligible."""
    index = build_index(market(("2021-01-30", "2021-02-05"), a=10.0, b=3.0, c=1.0), two_in_equal_parts())
    assert index.level["2021-02-01"] == pytest.approx(1500.0)  # what b was worth when it was last seen
    assert traded(index, "2021-02-01")["weight"].to_dict() == {"a": 0.5, "b": 0.0, "c": 0.5}
    assert "not traded" not in set(index.events["event"])
    kept = build_index(
        market(("2021-01-30", "2021-02-05"), a=10.0, b=3.0, c=1.0), two_in_equal_parts(trade_at_carried_prices=False)
    )
    assert traded(kept, "2021-02-01").loc["b", "weight"] == pytest.approx(2 / 3)


def test_a_member_is_bought_at_its_carried_price_and_rises_from_there() -> None:
    index = build_index(market(("2021-02-01", "2021-02-02"), a=10.0, b=0.6, c=1.0), two_in_equal_parts())
    assert traded(index, "2021-02-01")["weight"].to_dict() == {"a": 0.5, "b": 0.5, "c": 0.0}
    assert traded(index, "2021-02-01").loc["b", "status"] == "added"


def test_beyond_carry_days_the_weight_is_frozen_as_ever() -> None:
    index = build_index(market(("2021-01-29", "2021-02-05"), a=10.0, b=3.0, c=1.0), two_in_equal_parts())
    assert traded(index, "2021-02-01").loc["b", ["status", "weight"]].tolist() == ["frozen", pytest.approx(2 / 3)]


def test_an_announced_removal_is_sold_at_the_next_close_at_its_carried_price_and_nothing_is_written_off() -> None:
    announced = pd.DataFrame({"date": ["2021-01-24"], "asset_id": ["b"], "reason": ["halted"]})
    gap = market(("2021-01-24", "2021-02-20"), a=10.0, b=3.0)
    index = build_index(gap, two_in_equal_parts(removal_haircut=1.0), removals=announced)
    assert index.rebalances.loc["2021-01-25", "cause"] == "removal"
    assert index.level["2021-01-25":].eq(1500.0).all()
    line = index.events.query("event == 'removed'").iloc[0]
    assert (line["detail"].split(":")[0], line["effect_bps"]) == ("halted, announced 2021-01-24", 0.0)


def test_the_output_says_that_nobody_could_have_traded_it() -> None:
    index = build_index(market(("2021-01-30", "2021-02-05"), a=10.0, b=3.0, c=1.0), two_in_equal_parts())
    assert not index.investable
    assert index.caveats[0].startswith("Not investable: a member without a price is bought and sold at its last one")
