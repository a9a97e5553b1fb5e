"""An index beside others, and beside itself before: levels to compare, break-even costs, what a rebalance changed.

The benchmarks of a market by itself are in `benchmarks.py`, the index under other rules in `counterfactuals.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from research.index.analysis.cautions.level_leaps import Leap, leaps_of_index, leaps_of_price
from research.index.analysis.trade_costs.trading_totals import average_cost
from research.index.build import build_index
from research.index.comparisons.several import built_beside, carried_price, check_names, tables_for
from research.index.history import IndexHistory
from research.market.data import Date
from research.rulebook import Weighting
from research.rulebook.methodology import Methodology

CAUSES = ["drift", "supply", "rank", "tilt", "cap", "signal", "execution"]
"""Why a weight changed, as columns of `IndexHistory.rebalance_difference`."""
SAME_RULES = "same rules"
"""How the name of a variant of an index begins."""


def other_weights(rules: Methodology) -> Methodology:
    """The same members in equal parts without bounds, or by market cap where the rules weight equally."""
    scheme = "market_cap" if rules.weighting.scheme == "equal" else "equal"
    return replace(rules, name=f"{SAME_RULES}, {scheme} weights", weighting=Weighting(scheme=scheme))


def levels_of(index: IndexHistory, rulebooks: Iterable[Methodology]) -> pd.DataFrame:
    """The level of an index and of other rulebooks on the same market, each over all of its own days.

    Returns
    -------
    DataFrame
        The index first. A rulebook that is the index's own is left out, and one for which the market is too small, with
        a `MethodologyWarning`. One of the same name but with other rules is called "name (other rules)".
        `attrs["leaps"]`: the `level_leaps` of all but the index.
    """
    levels, leaps = {index.methodology.name: index.level}, list[Leap]()

    def build(rules: Methodology) -> IndexHistory:
        same_recipe = rules.signals == index.methodology.signals
        return build_index(index.market, rules, **(index.inputs if same_recipe else tables_for(rules, index.inputs)))

    for name, other in built_beside([index.methodology], rulebooks, build):
        if isinstance(other, IndexHistory):
            levels[name] = other.level
            leaps += [{**leap, "series": name} for leap in leaps_of_index(other)]
    frame = pd.DataFrame(levels)
    frame.attrs["leaps"] = leaps
    return frame


def levels_beside(index: IndexHistory, assets: Sequence[str], rulebooks: Iterable[Methodology]) -> pd.DataFrame:
    """An index beside single assets and other rulebooks, on the days of the index: shape (days, 1 + others).

    Columns: the index, the prices of `assets` in USD (`carried_price`), then the rulebooks as in `levels_of`. Nothing
    is rescaled. NaN before a column begins and after it ends. `attrs["leaps"]`: the `level_leaps` of all but the first.

    Raises
    ------
    DataError
        If an asset is unknown, or has the name of the index.
    """
    levels = levels_of(index, rulebooks)
    leaps = levels.attrs.pop("leaps")
    check_names(levels.columns, assets)
    prices = [carried_price(index.market, asset) for asset in dict.fromkeys(assets)]
    beside = pd.concat([levels.iloc[:, :1], *prices, levels.iloc[:, 1:]], axis=1, sort=True)
    beside = beside.reindex(index.dates)
    beside.attrs["leaps"] = [leap for price in prices for leap in leaps_of_price(beside[price.name])] + leaps
    return beside


def break_even_costs(index: IndexHistory, benchmarks: pd.DataFrame) -> pd.DataFrame:
    """`IndexHistory.break_even_cost` against each benchmark that covers the whole index, beside the cost charged.

    Returns
    -------
    DataFrame, index = benchmark
        break_even and charged (`average_cost`), in basis points of the value traded.
    """
    whole = benchmarks.dropna(axis="columns")
    costs = {name: index.break_even_cost(whole[name]) for name in whole.columns}
    frame = pd.DataFrame({"break_even": pd.Series(costs, dtype=float)})
    return frame.assign(charged=average_cost(index.rebalances)).rename_axis("benchmark")


@dataclass(frozen=True, kw_only=True, eq=False)
class RebalanceChanges:
    """What the last rebalance by a day changed.

    Attributes
    ----------
    previous, latest : Timestamp
        Effective days of the rebalance before and of the last one.
    table : DataFrame
        `IndexHistory.rebalance_difference` and a last row, "one-sided sum": half of the sum of the sizes of each cause.
    """

    previous: pd.Timestamp
    latest: pd.Timestamp
    table: pd.DataFrame

    @property
    def largest(self) -> tuple[str, float]:
        """The cause that moved most weight, and how much (one-sided, fraction)."""
        sums = self.table[CAUSES].iloc[-1].astype(float)
        return str(sums.idxmax()), float(sums.max())


def rebalance_changes(index: IndexHistory, date: Date | None = None) -> RebalanceChanges | None:
    """`RebalanceChanges` as of a day (default: the last); None before the second rebalance."""
    trades = index.rebalances.loc[: index.source.dates[index.row_of(date)]]
    made = trades.index[trades["determination_date"].notna() & (trades["cause"] != "stable switch")]
    if len(made) < 2:
        return None
    changes = index.rebalance_difference(date)
    sizes = (changes[CAUSES].abs().sum() / 2).to_frame().T.assign(asset_id="one-sided sum")
    table = pd.concat([changes, sizes], ignore_index=True)
    return RebalanceChanges(previous=made[-2], latest=made[-1], table=table)
