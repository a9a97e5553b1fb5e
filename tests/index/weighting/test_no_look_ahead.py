"""No scheme and no bound sees anything after the day of the decision, and a planted look-ahead is caught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.index.weighting import Bounded, Sizes, bound, member_sizes
from research.market import MarketData
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Weighting
from research.rulebook.weighting import WEIGHTING_SCHEMES
from tests.index.markets import random_market, rules
from tests.index.truncation import assert_truncation_invariant

FULL = {
    **{scheme: {} for scheme in WEIGHTING_SCHEMES},
    "power": {"scheme": "market_cap", "power": 0.7},
    "mean cap": {"scheme": "sqrt_market_cap", "size_by": "market_cap_mean_30d"},
    "exponential mean": {"scheme": "sqrt_market_cap", "size_by": "market_cap_ema_20d"},
    "supply factor": {"scheme": "market_cap", "supply_factor": "float"},
    "groups": {"scheme": "inverse_variance", "max_group_weight": 0.4, "infeasible": "relax_to_equal"},
    "tiers": {"scheme": "equal", "max_weight_by_rank": (0.3, 0.2), "min_weight": 0.02},
    "residual": {"scheme": "market_cap", "max_weight": 0.05, "infeasible": "residual_to_stable"},
}
SHORT = {"lookback_days": 50, "min_observations": 40}


def rule_of(name: str) -> Weighting:
    rule = {"scheme": name} | FULL[name] if name in WEIGHTING_SCHEMES else FULL[name]
    windowed = Weighting(**rule).scheme in ("inverse_volatility", "inverse_variance", "risk_parity", "sharpe", "signal")
    return Weighting(**rule, **(SHORT if windowed else {}))


def furnished(seed: int) -> tuple[MarketData, pd.DataFrame]:
    """A market with a supply factor and tags that change, and a table of signals."""
    market, rng = random_market(seed), np.random.default_rng(seed)
    shape = market.prices.shape
    floats = pd.DataFrame(rng.uniform(0.2, 1.0, shape), market.dates, market.prices.columns)
    days = rng.integers(0, len(market.dates), 18)
    tags = pd.DataFrame(
        {
            "asset_id": rng.choice(market.prices.columns, 18),
            "tag": rng.choice(["sector:defi", "sector:meme", "exchange"], 18),
            "valid_from": np.where(rng.random(18) < 0.3, np.datetime64("NaT"), market.dates[days].to_numpy()),
            "static": False,
        }
    )
    weekly = [(day, asset, rng.normal()) for day in range(0, shape[0], 7) for asset in market.prices.columns]
    table = pd.DataFrame(weekly, columns=["day", "asset_id", "score"])
    table = table.assign(date=market.dates[table["day"]], signal="neutral")
    return replace(market, extra={"float": floats}, tags=tags.drop_duplicates(["asset_id", "tag"])), table


def weights_at(market: MarketData, table: pd.DataFrame, row: int, weighting: Weighting) -> tuple[Sizes, Bounded | None]:
    """Sizes and weights of everything priced on the day, decided from the market as given."""
    view = PointInTime(market, signals=table).at(row)
    places = np.flatnonzero(~np.isnan(view.today("price")))
    votes = view.today("volume") if weighting.scheme == "votes" else None  # any point-in-time score will do
    sizes = member_sizes(view, weighting, places, votes=votes)
    values = np.asarray(sizes.values)
    sized = ~np.isnan(values)
    return sizes, bound(view, weighting, places[sized], values[sized]) if sized.any() else None


def assert_sees_nothing_later(name: str, seed: int, row: int) -> None:
    market, table = furnished(seed)
    whole_sizes, whole = weights_at(market, table, row, rule_of(name))
    date = market.dates[row]
    cut_sizes, cut = weights_at(market.until(date), table[table["date"] <= date], row, rule_of(name))
    np.testing.assert_array_equal(cut_sizes.values, whole_sizes.values)  # bit for bit
    assert cut_sizes.notes == whole_sizes.notes
    assert (cut is None) == (whole is None)
    if cut is not None and whole is not None:
        for step in ("scheme", "capped", "bounded"):
            np.testing.assert_array_equal(getattr(cut, step), getattr(whole, step))
        assert cut.notes == whole.notes


@pytest.mark.parametrize("name", FULL)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), row=st.integers(60, 199))
def test_no_scheme_sees_what_comes_after_the_day(name: str, seed: int, row: int) -> None:
    assert_sees_nothing_later(name, seed, row)


@pytest.mark.parametrize("name", ["inverse_volatility", "inverse_variance", "risk_parity", "sharpe", "mean cap"])
def test_a_planted_look_ahead_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = MarketView.window_of

    def peeking(self: MarketView, assets: np.ndarray, field: str, days: int) -> np.ndarray:
        panel = self.source.panel(field)
        tomorrow = min(self.row + 1, len(panel) - 1)
        return np.vstack([honest(self, assets, field, days)[1:], panel[tomorrow, assets]])

    assert_sees_nothing_later(name, 5, 120)
    monkeypatch.setattr(MarketView, "window_of", peeking)
    with pytest.raises(AssertionError):
        assert_sees_nothing_later(name, 5, 120)


@pytest.mark.parametrize(
    "name", [name for name in FULL if name not in ("votes", "signal", "supply factor", "residual")]
)
def test_an_index_of_every_scheme_is_the_same_when_the_market_is_cut(name: str) -> None:
    market, _ = furnished(11)
    rule = {key: value for key, value in vars(rule_of(name)).items() if value != getattr(Weighting(), key)}
    rule = {key: list(value) if isinstance(value, tuple) else value for key, value in rule.items()}
    methodology = rules(weighting=rule, schedule={"reconstitution": "weekly"})
    assert_truncation_invariant(market, methodology, [market.dates[120], market.dates[171]])
