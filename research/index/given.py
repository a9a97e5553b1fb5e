"""What `build_index` is given: a market and a rulebook, or names and paths of them; anything else is told apart."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from research.errors import DataError, MethodologyError, shown
from research.market import MarketData, load_market
from research.rulebook.methodology import Methodology, rulebooks

_ORDER = "The order is build_index(market, methodology)."


def given_market(market: object) -> MarketData:
    """The market itself, or the snapshot of a path or catalog name.

    Raises
    ------
    DataError
        If it is neither: the message says what it is, and what to do.
    """
    if isinstance(market, MarketData):
        return market
    if isinstance(market, Methodology) or _is_rulebook(market):
        raise DataError(f"market is the rulebook {shown(market)}: expected a market. {_ORDER}")
    if isinstance(market, str | Path):
        return load_market(market)
    if isinstance(market, pd.DataFrame | pd.Series):
        raise DataError(
            f"market is a {type(market).__name__} of shape {market.shape}: expected a MarketData. Make one with "
            "MarketData.from_panels(prices, market_caps, volumes), each with a row a day and a column an asset; a long "
            "table is imported with `research data import`."
        )
    raise DataError(
        f"market is {shown(market)}: expected a MarketData, or the path or catalog name of a snapshot, such as "
        "'data/sample'."
    )


def given_rules(methodology: object) -> Methodology:
    """The rulebook itself, or that of a shipped name or path.

    Raises
    ------
    MethodologyError
        If it is neither, or cannot be read: the message says what it is, and what to do.
    """
    if isinstance(methodology, Methodology):
        return methodology
    if isinstance(methodology, MarketData):
        raise MethodologyError(f"methodology is the market {shown(methodology)}: expected a rulebook. {_ORDER}")
    if isinstance(methodology, str | Path):
        return Methodology.load(methodology)
    raise MethodologyError(
        f"methodology is {shown(methodology)}: expected a Methodology, the name of a shipped rulebook such as "
        "'large-cap-10', or the path of a .toml file."
    )


def _is_rulebook(given: object) -> bool:
    return isinstance(given, str | Path) and (str(given) in rulebooks() or Path(given).suffix == ".toml")
