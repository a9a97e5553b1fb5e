"""The proof that nothing looks ahead: at a day t, end the market or give it another future, and no row up to t changes.

A look-ahead of a day shows where something is decided, traded or noted, and hardly anywhere else: t is chosen there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from pandas.testing import assert_frame_equal, assert_series_equal

from research.index import IndexHistory, Methodology, build_index
from research.market import MarketData

DAY = pd.Timedelta(days=1)
FUTURE = 20 * DAY  # how much of another future is given
Known = tuple[MarketData, dict[str, pd.DataFrame]]


def telling_days(index: IndexHistory, seed: int) -> list[pd.Timestamp]:
    """A determination day, a day after one, a day with a trade and a day with an event, of the index's life."""
    rng = np.random.default_rng(seed)
    decided = pd.DatetimeIndex(index.decisions["determination_date"].unique())
    noted = pd.DatetimeIndex(index.events["date"].unique())
    first, last = index.level.index[[0, -1]]
    inside = [days[(days > first) & (days < last)] for days in (decided, decided + DAY, index.rebalances.index, noted)]
    return sorted({pd.Timestamp(rng.choice(days)) for days in inside if len(days)})


def assert_nothing_looks_ahead(whole: IndexHistory, seed: int) -> None:
    """Build the index again for each of its telling days, from what was known by then."""
    for date in telling_days(whole, seed):
        for market, tables in (ended(whole, date), with_another_future(whole, date, seed)):
            assert_same_up_to(build_index(market, whole.methodology, **tables), whole, date)


def ended(index: IndexHistory, date: pd.Timestamp) -> Known:
    """The index's market and tables, ended at the close of a day."""
    return index.market.until(date), {name: table[table["date"] <= date] for name, table in _tables(index)}


def with_another_future(index: IndexHistory, date: pd.Timestamp, seed: int) -> Known:
    """The same up to a day, and then prices, caps and volumes times random factors, and other lines in the tables."""
    rng = np.random.default_rng(seed)
    market = index.market.until(date + FUTURE)
    later = np.asarray(market.dates > date)[:, None]
    price, cap, volume = (np.where(later, rng.lognormal(0, 1, market.prices.shape), 1.0) for _ in range(3))
    changed = replace(
        market,
        prices=market.prices * price,
        market_caps=market.market_caps * cap,
        volumes=market.volumes * volume,
        extra={name: panel * price for name, panel in market.extra.items()},
    )
    return changed, {name: _other_lines(table, date, rng) for name, table in _tables(index)}


def _tables(index: IndexHistory) -> Iterator[tuple[str, pd.DataFrame]]:
    return ((name, table) for name, table in index.tables.items() if table is not None)


def _other_lines(table: pd.DataFrame, date: pd.Timestamp, rng: np.random.Generator) -> pd.DataFrame:
    """Later signals and choices in another order; of later corporate actions every other one, with another ratio."""
    table = table[table["date"] <= date + FUTURE].copy()
    later = table["date"] > date
    for column in ("signal", "choice"):
        if column in table:
            lines = later & (table[column] != "")
            table.loc[lines, column] = rng.permutation(table.loc[lines, column])
            return table
    if "ratio" in table:
        table.loc[later, "ratio"] *= 1.5
    return table[~later | (later.cumsum() % 2 == 0)]


def assert_truncation_invariant(market: MarketData, methodology: Methodology, dates: list[pd.Timestamp]) -> None:
    """Compare the index of `market.until(date)` with the whole one, for each date."""
    whole = build_index(market, methodology)
    for date in dates:
        assert_same_up_to(build_index(market.until(date), methodology), whole, date)


def assert_same_up_to(other: IndexHistory, whole: IndexHistory, date: pd.Timestamp) -> None:
    """Every row of level, decisions, constituents, events and rebalances up to a day is the same, bit for bit.

    So are the weights decided up to then. The tables show them only from the effective day on, when a lag of two days
    has long made known what a decision must not have known.
    """
    assert list(_decided(other, date)) == list(_decided(whole, date))
    for name in ("level", "gross_level", "level_if_removed_at_zero"):
        ours, theirs = getattr(other, name).loc[:date], getattr(whole, name).loc[:date]
        assert_series_equal(ours, theirs, check_exact=True, check_freq=False)
    for name, day in [("decisions", "determination_date"), ("constituents", "effective_date"), ("events", "date")]:
        ours, theirs = (frame[frame[day] <= date] for frame in (getattr(other, name), getattr(whole, name)))
        assert_frame_equal(
            ours.reset_index(drop=True), theirs.reset_index(drop=True), check_exact=True, check_dtype=len(theirs) > 0
        )
    assert_frame_equal(other.rebalances.loc[:date], whole.rebalances.loc[:date], check_exact=True)


def _decided(index: IndexHistory, date: pd.Timestamp) -> Iterator[tuple[object, ...]]:
    """Each decision up to a day: when, why, which weights, exposure and remarks."""
    for decision in index.decision_records:
        if index.source.dates[decision.row] <= date:
            weights = dict(zip(index.source.asset_ids[decision.members], decision.weights.tolist(), strict=True))
            yield index.source.dates[decision.row], decision.cause, weights, decision.exposure, decision.notes
