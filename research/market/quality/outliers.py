"""Wrong prints of a price: held back on their day, accepted or discarded when the next print is there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from research.typing import FloatArray


@dataclass(frozen=True, kw_only=True)
class HeldBack:
    """A print of day `row` that is `factor` times the last accepted one, and what the next print said about it.

    `judged` is the row of that next print; None as long as there is none.
    """

    row: int
    asset: int
    factor: float
    judged: int | None = None
    confirmed: bool = False


def quarantine(prices: FloatArray, limit: float) -> tuple[FloatArray, list[HeldBack]]:
    """Hold back prints that jump by more than `limit` in logarithm until a second one confirms them.

    A print is compared with the last accepted one. The first beyond the limit is held back (NaN). The next is accepted
    if it lies within the limit of the one held back or of the last accepted, or further out on the same side: a price
    that goes on falling has left, whatever it is worth. Else it is held back in its turn.

    Returns
    -------
    prices : ndarray
        With NaN in place of what was held back on its day.
    log : list of HeldBack
        In order of asset, then day.
    """
    steps = pd.DataFrame(np.log(prices)).ffill().diff().abs()
    log: list[HeldBack] = []
    suspects = np.flatnonzero((steps.max() > limit).to_numpy())
    cleaned = prices.copy()
    for column in suspects.tolist():
        accepted, held = np.nan, np.nan
        for row in np.flatnonzero(~np.isnan(prices[:, column])).tolist():
            price = float(prices[row, column])
            near = np.isnan(accepted) or abs(np.log(price / accepted)) <= limit
            confirms = not np.isnan(held) and (
                abs(np.log(price / held)) <= limit or np.log(price / held) * np.log(held / accepted) > 0
            )
            if not np.isnan(held):
                log[-1] = replace(log[-1], judged=row, confirmed=bool(confirms and not near))
            if near or confirms:
                accepted, held = price, np.nan
            else:
                held = price
                cleaned[row, column] = np.nan
                log.append(HeldBack(row=row, asset=column, factor=price / accepted))
    return cleaned, log
