"""One policy for gaps: nothing is filled, a window needs 80 % of its days, a recursion holds its state."""

from __future__ import annotations

import numpy as np
import pytest

from research.signals.features import indicators
from research.signals.features.trailing import enough
from tests.signals.features.markets import everything, last, one_path, random_market

RNG = np.random.default_rng(5)
PATH = np.exp(np.cumsum(RNG.normal(0, 0.03, 500)))


def without(path: np.ndarray, *days: int) -> np.ndarray:
    gapped = path.copy()
    gapped[list(days)] = np.nan
    return gapped


def test_a_return_needs_a_price_at_both_ends() -> None:
    assert np.isnan(last(one_path(without(PATH, 469)), "momentum_30d"))
    assert not np.isnan(last(one_path(without(PATH, 468, 470)), "momentum_30d"))


def test_an_asset_without_a_price_today_has_no_features() -> None:
    market = one_path(without(PATH, 496), volume=np.full(500, 5.0), market_cap=PATH)
    found = everything(market)  # weekly rows from the sixth: 496 is one of them
    assert all(np.isnan(values[70, 0]) for values in found.values())
    assert not np.isnan(found["momentum_30d"][69, 0])


def test_a_window_needs_four_fifths_of_its_days() -> None:
    assert enough(30) == 24
    six, seven = (without(PATH, *range(480, 480 + days)) for days in (6, 7))
    assert not np.isnan(last(one_path(six), "sma_ratio_50d"))
    assert np.isnan(last(one_path(seven), "volatility_30d"))  # seven prices missing are eight returns
    assert np.isnan(last(one_path(six), "volatility_30d"))
    assert not np.isnan(last(one_path(without(PATH, *range(480, 485))), "volatility_30d"))


def test_the_statistic_of_a_window_is_that_of_what_was_observed() -> None:
    gapped = without(PATH, 480, 490)
    returns = np.diff(np.log(gapped))[-30:]
    assert last(one_path(gapped), "volatility_30d") == pytest.approx(np.nanstd(returns, ddof=1), rel=1e-12)
    assert last(one_path(gapped), "sma_ratio_50d") == pytest.approx(PATH[-1] / np.nanmean(gapped[-50:]) - 1, rel=1e-12)


def test_a_recursion_holds_its_state_where_nothing_was_observed() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan, np.nan, 5.0])[:, None]
    found = indicators.smoothed(values, 0.5, 2)[:, 0]
    np.testing.assert_array_equal(found, [np.nan, 1.5, 2.25, 2.25, 2.25, 3.625])


def test_a_recursion_is_unknown_until_it_has_seen_its_days() -> None:
    late = np.where(np.arange(500) < 485, np.nan, PATH)
    assert not np.isnan(last(one_path(late), "rsi_14d"))  # 15 prices, 14 changes
    assert np.isnan(last(one_path(np.where(np.arange(500) < 486, np.nan, PATH)), "rsi_14d"))


def test_nothing_is_known_on_the_first_day_but_size_and_price() -> None:
    found = everything(random_market(2, days=7))
    known = {name for name, values in found.items() if np.isfinite(values).any()}
    assert known <= {
        *("momentum_3d", "sma_ratio_7d", "volatility_7d", "log_market_cap", "log_rank", "share_of_universe"),
        *("log_age", "log_price", "tweets_per_day_level"),
    }
