"""Several indices on one market: built, their levels beside single assets, what they hold and what they trade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from research.errors import MethodologyError
from research.evaluation import cagr, returns_from_levels
from research.evaluation.comparisons.side_by_side import shared
from research.index.analysis.trade_costs.capacity import turnover_summary
from research.index.analysis.trade_costs.trading_totals import average_cost
from research.index.build import build_index
from research.index.comparisons.several import built_beside, carried_price, check_names, tables_for
from research.index.history import IndexHistory
from research.market import MarketData
from research.rulebook.methodology import Methodology


def build_indices(
    market: MarketData, rulebooks: Iterable[Methodology], tables: Mapping[str, pd.DataFrame] | None = None
) -> dict[str, IndexHistory]:
    """Indices by name, in order, each over all of its own days.

    Parameters
    ----------
    tables : mapping, optional
        As `load_tables` gives them; to each rulebook, but signals not to one that makes its own.

    Returns
    -------
    dict of str to IndexHistory
        A rulebook given twice is built once; one of a name that is taken, with other rules, is called "name (other
        rules)". One for which the market is too small is left out, with a `MethodologyWarning`.

    Raises
    ------
    MethodologyError
        If none can be built.
    """

    def build(rules: Methodology) -> IndexHistory:
        return build_index(market, rules, **tables_for(rules, tables or {}))

    made = list(built_beside([], rulebooks, build))
    built = {name: index for name, index in made if isinstance(index, IndexHistory)}
    if not built:
        reasons = [reason for _, reason in made if isinstance(reason, MethodologyError)]
        raise reasons[-1] if reasons else MethodologyError("rulebooks: expected one at least.")
    return built


def levels_side_by_side(indices: Mapping[str, IndexHistory], assets: Sequence[str]) -> pd.DataFrame:
    """Levels of indices and prices of assets in USD (carried over gaps), by day; NaN before and after each one's own.

    Raises
    ------
    DataError
        If an asset is unknown, or has the name of an index.
    """
    market = next(iter(indices.values())).market
    check_names(indices, assets)
    levels = {name: index.level for name, index in indices.items()}
    return pd.DataFrame(levels | {asset: carried_price(market, asset) for asset in assets})


def shared_weights(indices: Mapping[str, IndexHistory], assets: Sequence[str]) -> pd.DataFrame:
    """`shared` weight of what the indices hold at the last close; a single asset is a basket of its own."""
    weights = {name: index.weights.iloc[-1] for name, index in indices.items()}
    return shared(weights | {asset: pd.Series({asset: 1.0}) for asset in assets})


def trading_side_by_side(indices: Mapping[str, IndexHistory]) -> pd.DataFrame:
    """What each index holds and trades, over its own history.

    Returns
    -------
    DataFrame, index = index
        members (int, today), largest_weight, effective_number (today), turnover (one-sided, a year), trades (a year),
        charged (basis points of the value traded), cost (growth a year before costs less after).
    """
    rows = {}
    for name, index in indices.items():
        turnover, today = turnover_summary(index), index.concentration.iloc[-1]
        growth = [cagr(returns_from_levels(level)) for level in (index.gross_level, index.level)]
        rows[name] = {
            "members": len(index.holdings()),
            "largest_weight": today["largest_weight"],
            "effective_number": today["effective_number"],
            "turnover": turnover["annual"],
            "trades": turnover["trades_per_year"],
            "charged": average_cost(index.rebalances),
            "cost": growth[0] - growth[1],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("index")
