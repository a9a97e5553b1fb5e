"""Markets small enough to work out by hand, rulebooks for them, and tables of corporate actions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from research.index import IndexHistory
from research.market import MarketData
from tests.index.markets import rules

DAYS = pd.date_range("2021-01-01", periods=60)


def market(**prices: list[float] | np.ndarray) -> MarketData:
    """Assets a, b, ... with caps of a thousand times the price (so that ranks and weights follow prices)."""
    frame = pd.DataFrame(prices, index=DAYS, dtype=float)
    return MarketData.from_panels(frame, frame * 1000.0, frame * 100.0)


def flat(value: float = 1.0) -> np.ndarray:
    return np.full(len(DAYS), value)


def missing(values: np.ndarray, first: str, last: str | None = None) -> np.ndarray:
    series = pd.Series(values, index=DAYS)
    series.loc[first:last] = np.nan
    return series.to_numpy()


def events_of(index: IndexHistory) -> list[tuple[str, str]]:
    return [(str(row.date.date()), row.event) for row in index.events.itertuples()]


def migrations(*lines: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "new_asset_id", "ratio"])


def forks(*lines: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "new_asset_id", "ratio"])


def removals(*lines: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "reason"])


def two(**options: object) -> object:
    return rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 2, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "monthly", "lag_days": 1},
        **options,
    )


def three(**options: object) -> object:
    """Three equal members, chosen on 2021-01-09, traded the day after; no other reconstitution lies in the data."""
    return rules(
        base_date=dt.date(2021, 1, 10),
        selection={"count": 3, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "yearly", "lag_days": 1} | options.pop("schedule", {}),
        **options,
    )
