"""What an index is compared with: single assets, the total market and the market in equal parts, by one engine."""

from __future__ import annotations

import pandas as pd

from research.errors import DataError
from research.index.build import build_index
from research.index.methodology import Methodology
from research.market import MarketData

SINGLE_ASSETS = ("bitcoin", "ethereum")
BASKETS = ("total-market", "equal-weight-100")


def market_benchmarks(market: MarketData, *, start: pd.Timestamp | None = None) -> pd.DataFrame:
    """Benchmark levels made from the market itself.

    Bitcoin and Ether are their prices (carried over gaps); total market and equal weight are the shipped rulebooks
    of those names.

    Parameters
    ----------
    start : Timestamp, optional
        First day; default: the first on which every benchmark exists.

    Returns
    -------
    DataFrame
        Days x benchmarks; each column 1 on the first day.

    Raises
    ------
    DataError
        If a benchmark does not exist yet on `start`.
    """
    levels = {asset: market.price(asset).ffill() for asset in SINGLE_ASSETS}
    for rulebook in BASKETS:
        index = build_index(market, Methodology.load(rulebook))
        levels[rulebook] = index.level
    table = pd.DataFrame(levels)
    first = table.dropna().index[0]
    if start is not None and start < first:
        raise DataError(f"not every benchmark exists on {start.date()}: choose {first.date()} or later.")
    table = table.loc[start or first :]
    return table / table.iloc[0]
