"""The proof that nothing looks ahead: cut the market at t, and every row up to t stays the same, bit for bit."""

from __future__ import annotations

import pandas as pd
from pandas.testing import assert_frame_equal, assert_series_equal

from research.index import IndexHistory, Methodology, build_index
from research.market import MarketData


def assert_truncation_invariant(market: MarketData, methodology: Methodology, dates: list[pd.Timestamp]) -> None:
    """Compare the index built from `market.until(date)` with the whole one, for each date."""
    whole = build_index(market, methodology)
    for date in dates:
        assert_same_up_to(build_index(market.until(date), methodology), whole, date)


def assert_same_up_to(cut: IndexHistory, whole: IndexHistory, date: pd.Timestamp) -> None:
    for name in ("level", "gross_level", "level_if_removed_at_zero"):
        assert_series_equal(getattr(cut, name), getattr(whole, name).loc[:date], check_exact=True, check_freq=False)
    for name, day in [("decisions", "determination_date"), ("constituents", "effective_date"), ("events", "date")]:
        frame = getattr(whole, name)
        expected = frame[frame[day] <= date].reset_index(drop=True)
        assert_frame_equal(getattr(cut, name), expected, check_exact=True, check_dtype=len(expected) > 0)
    assert_frame_equal(cut.rebalances, whole.rebalances.loc[:date], check_exact=True)
