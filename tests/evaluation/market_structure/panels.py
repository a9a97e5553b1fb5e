"""Small panels for the tests of this folder."""

from __future__ import annotations

import numpy as np
import pandas as pd


def panel(start: str = "2020-01-01", **columns: list[float]) -> pd.DataFrame:
    """A panel of these columns, one value a day."""
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.date_range(start, periods=length, name="date"), dtype=float)


def ragged(days: int = 150, assets: int = 14, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prices and caps of assets that come late, have gaps, fall silent and come back; one is most of the market."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2020-01-15", periods=days, name="date")
    names = [f"asset-{number:02d}" for number in range(assets)]
    prices = pd.DataFrame(np.exp(rng.normal(0, 0.05, (days, assets)).cumsum(axis=0)), index=index, columns=names)
    prices.iloc[:20, 1] = prices.iloc[60:, 2] = prices.iloc[40:80, 3] = prices.iloc[50:53, 4] = np.nan
    supply = np.where(np.arange(assets) == 5, 1000.0, 1.0)
    caps = prices * supply
    caps.iloc[70:74, 5] = np.nan
    return prices, caps
