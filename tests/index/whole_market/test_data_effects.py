"""One wrong print, planted: its effect is its weight times its move, by two routes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index import IndexHistory
from research.index.whole_market.data_effects import effect_of_holding_back, largest_effects
from research.index.whole_market.data_review import DataReview, review_data
from research.market import MarketData

DAY = pd.Timestamp("2021-05-10")


def planted(assets: int = 12) -> MarketData:
    """Quiet assets of one size; the price and the cap of one are ten times too large on one day, not at a trade."""
    rng = np.random.default_rng(11)
    days = pd.date_range("2021-01-01", periods=200, name="date")
    names = [f"asset-{number:02d}" for number in range(assets)]
    walk = np.exp(rng.normal(0, 0.02, (200, assets)).cumsum(axis=0))
    prices = pd.DataFrame(walk, index=days, columns=names)
    prices.loc[DAY, names[min(3, assets - 1)]] *= 10
    return MarketData.from_panels(prices, prices * 1e9, prices * 1e7)


@pytest.fixture(scope="module")
def review() -> DataReview:
    return review_data(planted())


def test_the_largest_effect_is_that_of_the_print_that_was_planted(review: DataReview) -> None:
    table = largest_effects(review)
    assert table.index[0] == "asset-03, price jump, 2021-05-10"
    assert 0.4 < table["effect"].iloc[0] < 1.2  # about a twelfth of the index, times nine
    assert (table["effect"] != 0).all()
    assert len(largest_effects(review, count=1)) == 1


def test_holding_the_print_back_takes_out_of_the_day_what_it_put_in(review: DataReview) -> None:
    effect = effect_of_holding_back(review, ["price jump", "repeated row"])
    assert effect.columns.tolist() == [("total_market", "price jump"), ("top_20", "price jump")]
    index = review.indices["top_20"]
    assert isinstance(index, IndexHistory)
    growth = index.level[DAY] / index.level[DAY - pd.Timedelta(days=1)]
    added = largest_effects(review)["effect"].iloc[0]
    assert effect.loc[DAY, ("top_20", "price jump")] == pytest.approx(-added / growth)
    assert effect["top_20", "price jump"].drop(DAY).abs().max() < 1e-12


def test_where_no_index_can_be_built_there_is_no_effect() -> None:
    review = review_data(planted(assets=1))
    assert all(isinstance(index, str) for index in review.indices.values())
    assert effect_of_holding_back(review, ["price jump"]).empty
    assert largest_effects(review).empty


def test_an_unknown_rule_is_named_with_those_there_are(review: DataReview) -> None:
    with pytest.raises(DataError, match=r"'price leap' is no rule that can hold a value back.*price jump"):
        effect_of_holding_back(review, ["price leap"])
