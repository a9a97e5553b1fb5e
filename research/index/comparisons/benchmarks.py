"""What an index is compared with: single assets, the total market and the market in equal parts, by one engine."""

from __future__ import annotations

import warnings

import pandas as pd

from research.errors import DataError, MethodologyError, MethodologyWarning
from research.index.build import build_index
from research.index.comparisons.several import carried_price
from research.market import MarketData
from research.market.data import Date, as_timestamp
from research.rulebook.methodology import Methodology

SINGLE_ASSETS = ("bitcoin", "ethereum")
BASKETS = ("total-market", "equal-weight-100")


def market_benchmarks(market: MarketData, *, start: Date | None = None) -> pd.DataFrame:
    """Benchmark levels made from the market itself.

    Bitcoin and Ether are their prices (carried over gaps); total market and equal weight are the shipped rulebooks
    of those names.

    Parameters
    ----------
    start : date, optional
        First day; default: the first on which any benchmark exists.

    Returns
    -------
    DataFrame
        Days x benchmarks. Each column is 1 on its own first day, and NaN before it exists. A basket that this market
        is too small for is left out, with a `MethodologyWarning`.

    Raises
    ------
    DataError
        If the market has no bitcoin or ether, or `start` lies outside it.
    """
    levels = {asset: carried_price(market, asset) for asset in SINGLE_ASSETS}
    for rulebook in BASKETS:
        try:
            levels[rulebook] = build_index(market, Methodology.load(rulebook)).level
        except MethodologyError as reason:
            warnings.warn(f"no benchmark {rulebook!r}: {reason}", MethodologyWarning, stacklevel=2)
    table = pd.DataFrame(levels).dropna(how="all")
    start = None if start is None else as_timestamp(start)
    if start is not None and not table.index[0] <= start <= table.index[-1]:
        raise DataError(
            f"no benchmark on {start.date()}: they run from {table.index[0].date()} to {table.index[-1].date()}."
        )
    table = table.loc[start:]
    return table / table.bfill().iloc[0]
