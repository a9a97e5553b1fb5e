"""Several rulebooks on one market, each built once, under names that tell them apart; single assets beside them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from research.errors import DataError, MethodologyError, MethodologyWarning
from research.index.history import IndexHistory
from research.market import MarketData
from research.rulebook.methodology import Methodology


def built_beside(
    first: Sequence[Methodology], rulebooks: Iterable[Methodology], build: Callable[[Methodology], IndexHistory]
) -> Iterator[tuple[str, IndexHistory | MethodologyError]]:
    """(name, index) of each rulebook in order, beside those there `first`.

    A rulebook given before is left out. One of a name that is taken, with other rules, is called "name (other rules)".
    Where the market is too small for one, the reason comes in the place of its index, with a `MethodologyWarning`.
    """
    seen, taken = list(first), {rules.name for rules in first}
    for rules in rulebooks:
        if rules in seen:
            continue
        seen.append(rules)
        name = rules.name
        while name in taken:
            name += " (other rules)"
        try:
            index = build(rules)
        except MethodologyError as reason:
            warnings.warn(f"no comparison with {rules.name!r}: {reason}", MethodologyWarning, stacklevel=3)
            yield name, reason
            continue
        taken.add(name)
        yield name, index


def tables_for(rules: Methodology, tables: Mapping[str, Any]) -> dict[str, Any]:
    """The tables that a rulebook is given: all, but no signals where it makes its own."""
    return {name: table for name, table in tables.items() if name != "signals" or rules.signals is None}


def carried_price(market: MarketData, asset: str) -> pd.Series:
    """Price in USD, carried over gaps but not beyond the last print: nothing is compared with what has died.

    Raises `DataError` where the asset is unknown.
    """
    price = market.price(asset)
    return price.ffill().loc[: price.last_valid_index()]


def check_names(indices: Collection[str], assets: Iterable[str]) -> None:
    """Raises `DataError` where an asset has the name of an index."""
    for asset in assets:
        if asset in indices:
            raise DataError(f"a rulebook and an asset are both called {asset!r}: give the rulebook another name.")
