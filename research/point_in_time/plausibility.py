"""Whether a line about a migration or a fork can be true: held against the prices of its day, and against other lines.

A line that is refused here can be insisted on, except one that says what another line has said.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market import MarketData
from research.market.quality.prints import DEVIATION_PER_MEDIAN

USUAL_DAYS, CARRIED_DAYS = 90, 10
LEAST_MOVE, USUAL_MOVES = 0.4, 10.0  # log return; usual daily moves
INSIST = "a column `confirmed` that is true in this row."


def check_once(line: Any, gone: dict[str, Any], taken: dict[str, Any]) -> None:
    """Refuse a line about what has migrated before: an asset moves once, and into one that nothing else moved into.

    Parameters
    ----------
    gone, taken : dict of str
        The lines by which assets have moved away, and by which others have taken one over; the line is added.
    """
    before = gone.get(line.asset_id) or gone.get(line.new_asset_id) or taken.get(line.new_asset_id)
    if before is not None:
        raise DataError(
            f"migrations: {line.asset_id} -> {line.new_asset_id} on {line.date.date()}: {before.asset_id} -> "
            f"{before.new_asset_id} on {before.date.date()} has said so, or otherwise. A later step is given under the "
            "newest id; where several assets become one, keep one line and announce the removal of the other assets."
        )
    gone[line.asset_id] = taken[line.new_asset_id] = line


def check_conversion(line: Any, old: int, new: int, market: MarketData) -> None:
    """Refuse a ratio after which a move is left over that the asset's own moves do not explain.

    The move left over is from the last price before the day to the first one from it on, after the ratio. It may be
    `USUAL_MOVES` times the asset's usual daily move, times the root of the days in between: the usual move is 1.4826
    times the median of the sizes of its log returns over the 90 days before, the standard deviation of normal returns,
    which a single crash does not widen. `LEAST_MOVE`, times the same root, is allowed in any case.
    """
    before = _prices(market, old, max(0, line.row - USUAL_DAYS), line.row)
    after = _prices(market, new, line.row, line.row + CARRIED_DAYS)
    if before.empty or after.empty:
        return
    left = float(np.log(line.ratio * after.iloc[0] / before.iloc[-1]))
    moves = np.abs(np.diff(np.log(before.to_numpy())))
    usual = DEVIATION_PER_MEDIAN * float(np.median(moves)) if len(moves) else 0.0
    days = (after.index[0] - before.index[-1]).days
    if abs(left) > max(LEAST_MOVE, USUAL_MOVES * usual) * np.sqrt(days):
        raise DataError(
            f"migrations: {line.asset_id} on {line.date.date()}: with the ratio {line.ratio:g} a move of "
            f"x{np.exp(left):.3g} is left over in the price from {before.index[-1].date()} to {after.index[0].date()}, "
            f"where x{np.exp(usual):.3g} is usual for a day: the prices contradict the ratio. Correct the ratio or the "
            f"day (new units per old one, on the first day of the new price), or insist: {INSIST}"
        )


def check_fork(line: Any, old: int, new: int, market: MarketData) -> None:
    """Refuse a fork that would give away more than the asset was worth."""
    before = _prices(market, old, max(0, line.row - USUAL_DAYS), line.row + 1)
    after = _prices(market, new, line.row, line.row + USUAL_DAYS)
    if before.empty or after.empty:
        return
    worth, price = float(before.iloc[-1]), float(after.iloc[0])
    if line.ratio * price > worth:
        raise DataError(
            f"forks: {line.asset_id} on {line.date.date()}: {line.ratio:g} {line.new_asset_id} at {price:.6g} USD are "
            f"worth more than the {worth:.6g} USD of what they were given for. Correct the ratio or the ids, or "
            f"insist: {INSIST}"
        )


def _prices(market: MarketData, place: int, first: int, stop: int) -> pd.Series:
    """The prices that there are of an asset from a row up to another, which is left out."""
    return market.prices.iloc[first:stop, place].dropna()
