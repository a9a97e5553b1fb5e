"""What signals made of an index: calls on its members, whom it left and missed, how much lay in the stable leg."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
from pandas.api.typing import NaTType

from research.errors import MethodologyError
from research.index.decisions.stable_leg import leg_positions
from research.index.history import IndexHistory
from research.market.tables import DAY

COLUMNS = ["asset_id", "left", "back", "weight_before", "return_while_out"]


def stable_share(index: IndexHistory) -> pd.DataFrame:
    """Share of the index in its stablecoins at each close, and in everything else: columns stablecoins and members.

    Zero for a rulebook without an overlay.
    """
    overlay = index.methodology.overlay
    names: set[str] = set()
    if overlay is not None:
        places = leg_positions(index.source, overlay, len(index.source.dates) - 1)
        names = set(index.source.asset_ids[list(places)].tolist())
    columns = [name for name in index.weights.columns if name in names]
    stable = index.weights[columns].sum(axis=1)
    return pd.DataFrame({"stablecoins": stable, "members": 1.0 - stable})


def calls_on_members(index: IndexHistory) -> pd.DataFrame:
    """`SignalHistory.week` of the last decision with calls, for the members chosen by then.

    A member that is not in the recipe's universe has no call: signal and reasons are empty, the rest is NaN.

    Raises
    ------
    MethodologyError
        If the index makes no signals of its own.
    """
    if index.signals is None:
        raise MethodologyError(f"{index.methodology.name} makes no signals of its own: there are no calls to show.")
    day = index.signals.dates[index.signals.week_of(None)]
    decided = [decision for decision in index.decision_records if index.source.dates[decision.row] <= day]
    decided = decided or [index.decision_records[0]]  # an index that begins after the last week with calls
    members = pd.Index(index.source.asset_ids[decided[-1].chosen].astype(str), name="asset_id")
    table = index.signals.week().reindex(members)
    return table.fillna({"signal": "", "before": "", "reasons": ""}).sort_values(
        "probability", ascending=False, kind="stable"
    )


def signal_exits(index: IndexHistory) -> pd.DataFrame:
    """Members that stayed chosen, but whose weight their signal took to zero (bearish, in the shipped rulebooks).

    Returns
    -------
    DataFrame, the latest first
    asset_id, left (effective day on which the last of it was sold), back (effective day on which it was held
    again; NaT while it is out, or where it was chosen no more), weight_before (drifted weight just before), and
    return_while_out (adjusted price on the day it came back, or on the day it was no longer chosen or the last,
    over that on the day it left; NaN without a price). A positive one was missed, a negative one avoided.
    """
    names, days = index.source.asset_ids, index.source.dates
    prices = pd.DataFrame(index.source.prices, days, names).ffill()
    out: dict[int, _Exit] = {}
    ended: list[dict[str, object]] = []
    for trade in index.trades:
        if trade.decision is None or trade.decision.stable is not None:
            continue
        day, chosen = days[trade.row], set(trade.decision.chosen.tolist())
        held = dict(zip(trade.assets.tolist(), zip(trade.before, trade.after, strict=True), strict=True))
        for place in list(out):
            back = held.get(place, (0.0, 0.0))[1] > 0
            if back or place not in chosen:
                ended.append(out.pop(place).ended(day if back else pd.NaT, day, prices))
        for place, (before, after) in held.items():
            if before > 0 and after == 0 and place in chosen:
                out[place] = _Exit(asset_id=str(names[place]), left=day, weight_before=float(before))
    ended += [exit.ended(pd.NaT, index.dates[-1], prices) for exit in out.values()]
    table = pd.DataFrame(ended, columns=COLUMNS).astype({"left": DAY, "back": DAY})
    return table.sort_values(["left", "asset_id"], ascending=[False, True], kind="stable", ignore_index=True)


class _Exit(NamedTuple):
    asset_id: str
    left: pd.Timestamp
    weight_before: float

    def ended(self, back: pd.Timestamp | NaTType, day: pd.Timestamp, prices: pd.DataFrame) -> dict[str, object]:
        path = prices[self.asset_id]
        return {**self._asdict(), "back": back, "return_while_out": float(path[day] / path[self.left] - 1.0)}
