"""Size, concentration and trading of a market by day, in one frame."""

from __future__ import annotations

import pandas as pd

from research.evaluation.market_structure.dominance import concentration, total
from research.evaluation.market_structure.liquidity import liquidity, tradable


def market_totals(market_caps: pd.DataFrame, volumes: pd.DataFrame) -> pd.DataFrame:
    """`total`, `concentration` of market caps, `liquidity` and `tradable` side by side; point in time.

    Parameters
    ----------
    market_caps, volumes : DataFrame, days x assets
        USD; all NaN where there are none.

    Returns
    -------
    DataFrame by day
        market_cap (USD); assets, largest_asset, largest, five_largest, ten_largest, herfindahl, effective_number of
        the caps; volume (USD), turnover (fraction a day); one column for each of `THRESHOLDS` (USD a day): how many
        assets trade so much. NaN where unknown.

    Raises
    ------
    DataError
        If the panels differ in shape, their days are not complete, or a value is negative or infinite.
    """
    traded = liquidity(volumes, market_caps)[["volume", "turnover"]]
    sizes = total(market_caps).to_frame("market_cap")
    return sizes.join(concentration(market_caps)).join(traded).join(tradable(volumes))
