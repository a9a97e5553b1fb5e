"""Which features move the score, by hand-made coefficients; and what moves all calls of a week alike."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.signals import SignalHistory, make_signals
from research.signals.importance import feature_importance
from tests.signals.markets import FEW, market, recipe

WHOLE = market()


def important(*fits: tuple[float, ...]) -> pd.DataFrame:
    """`feature_importance` of fits with these coefficients of a, b and c."""
    record: Any = SimpleNamespace(coefficients=pd.DataFrame(fits, columns=list("abc")))
    return feature_importance(record)


def test_shares_are_those_of_the_mean_sizes_the_largest_first_and_signs_are_compared_with_the_last() -> None:
    table = important((1.0, -4.0, 0.0), (-1.0, -2.0, 0.0), (1.0, 3.0, 0.0))
    assert table.index.tolist() == ["b", "a", "c"]
    assert table["share"].to_dict() == pytest.approx({"b": 9 / 12, "a": 3 / 12, "c": 0.0})
    assert table["last"].to_dict() == {"b": 3.0, "a": 1.0, "c": 0.0}
    assert table.loc["b", "same_sign"] == pytest.approx(1 / 3)
    assert table.loc["a", "same_sign"] == pytest.approx(2 / 3)


def test_a_feature_that_the_last_fit_left_out_has_no_sign_to_compare_with() -> None:
    table = important((1.0, 1.0, 2.0), (1.0, 0.0, 2.0))
    assert np.isnan(table.loc["b", "same_sign"])
    assert table.loc["b", "share"] == pytest.approx(1 / 7)
    assert table.loc[["a", "c"], "same_sign"].tolist() == [1.0, 1.0]


def test_a_feature_once_left_out_was_not_of_the_same_sign_then() -> None:
    assert important((0.0, 1.0, 1.0), (2.0, 1.0, 1.0)).loc["a", "same_sign"] == 0.5


def test_coefficients_that_are_all_zero_have_no_shares() -> None:
    table = important((0.0, 0.0, 0.0))
    assert table["share"].isna().all()
    assert (table["last"] == 0).all()


@pytest.fixture(scope="module")
def ridge() -> SignalHistory:
    return make_signals(WHOLE, recipe())


def test_a_composite_has_the_shares_of_its_terms() -> None:
    table = feature_importance(make_signals(WHOLE, recipe("composite")))
    assert table["share"].head(2).to_dict() == pytest.approx({"momentum_30d": 2 / 3, "volatility_30d": 1 / 3})
    assert table["share"].iloc[2:].eq(0).all()
    assert table["same_sign"].head(2).tolist() == [1.0, 1.0]
    assert table.loc["volatility_30d", "last"] < 0 < table.loc["momentum_30d", "last"]


def test_a_model_without_coefficients_is_measured_by_its_parts_in_the_last_week() -> None:
    made = make_signals(WHOLE, recipe("boosting"))
    table = feature_importance(made)
    assert set(table.index) == set(FEW)
    assert table["share"].sum() == pytest.approx(1.0)
    assert table["share"].is_monotonic_decreasing
    assert table[["last", "same_sign"]].isna().all(axis=None)
    parts = pd.DataFrame({asset: made.explain(asset).parts["log_odds"] for asset in made.week().index}).T[list(FEW)]
    sizes = (parts - parts.mean()).abs().mean()
    assert table["share"].to_dict() == pytest.approx((sizes / sizes.sum()).to_dict())


def test_the_parts_of_the_market_are_the_same_for_every_asset_of_the_week(ridge: SignalHistory) -> None:
    market_wide = ridge.market_parts("2021-01-20")
    assert "base" in market_wide.index
    assert [name for name in market_wide.index if name.startswith("regime: ")] == market_wide.index[:-1].tolist()
    assert len(market_wide) > 1
    for asset in ridge.week("2021-01-20").index:
        parts = ridge.explain(asset, "2021-01-20").parts["log_odds"]
        assert parts[market_wide.index].to_numpy() == pytest.approx(market_wide.to_numpy())
        rest = parts.drop(market_wide.index).sum()
        assert market_wide.sum() + rest == pytest.approx(ridge.explain(asset, "2021-01-20").log_odds)


def test_without_a_day_the_parts_are_those_of_the_last_week(ridge: SignalHistory) -> None:
    last = ridge.dates[ridge.week_of(None)]
    pd.testing.assert_series_equal(ridge.market_parts(), ridge.market_parts(last))
    assert not np.allclose(ridge.market_parts(), ridge.market_parts("2020-10-01"))


def test_a_model_with_interactions_names_each_part_of_the_market_once() -> None:
    made = make_signals(WHOLE, recipe("logit"))
    parts = made.market_parts()
    assert parts.index.is_unique
    assert not [name for name in parts.index if " x " in name]


def test_before_the_first_call_there_are_no_parts(ridge: SignalHistory) -> None:
    with pytest.raises(DataError, match="the first were made on"):
        ridge.market_parts("2020-01-20")
