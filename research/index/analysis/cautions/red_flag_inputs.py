"""What `research.evaluation.find_red_flags` takes of an index besides its returns."""

from __future__ import annotations

from typing import Any

import pandas as pd

from research.point_in_time.tags import sectors_at

WARNINGS = (
    *("collapse", "leap", "evident redenomination", "suspended", "removed", "wiped out", "held back"),
    *("supply revised", "fork given up"),
)
"""Events of an index that count as warnings of its data."""


def red_flag_inputs(
    constituents: pd.DataFrame, rebalances: pd.DataFrame, events: pd.DataFrame, tags: pd.DataFrame, date: pd.Timestamp
) -> dict[str, Any]:
    """Keyword arguments of `find_red_flags`: weights, turnover, sectors and data_warnings.

    Weights are those after each rebalance; turnover is without the first purchase.

    Parameters
    ----------
    constituents, rebalances, events : DataFrame
        Of an `IndexHistory`. Only trades that a decision called for count.
    tags : DataFrame
        `MarketData.tags`.
    date : Timestamp
        Day of which the sectors are taken, for all weights.
    """
    decided = constituents[constituents["determination_date"].notna()]
    weights = decided.pivot_table(index="effective_date", columns="asset_id", values="weight", aggfunc="last")
    trades = rebalances[rebalances["determination_date"].notna()]
    warned = events[events["event"].isin(WARNINGS)].set_index("date")
    return {
        "weights": weights,
        "turnover": trades.loc[trades["cause"] != "initial", "turnover"],
        "sectors": sectors_at(tags, weights.columns, date).to_dict(),
        "data_warnings": warned["asset_id"].fillna("the market") + ": " + warned["detail"],
    }
