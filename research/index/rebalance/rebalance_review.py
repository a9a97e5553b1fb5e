"""One rebalance, the next or a past one: what changes and why, what it asks of the market, and what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from research.index.analysis.cautions.points_to_check import points_to_check
from research.index.analysis.trade_costs.capacity import SIZES, checked_participation, checked_sizes
from research.index.analysis.trade_costs.orders import orders_table, trade_by_size
from research.index.analysis.why.attribution import rebalances_by
from research.index.analysis.why.audit_tables import constituents_table
from research.index.analysis.why.explanation import NOT_CHOSEN, STABLE_LEG, latest_choice, leg_ids
from research.index.analysis.why.reasons import full_reasons
from research.index.comparisons.comparison import RebalanceChanges, rebalance_changes
from research.index.decisions.records import NOBODY, Decision
from research.index.history import IndexHistory
from research.index.rebalance.pro_forma import next_rebalance
from research.index.trading.records import Trade
from research.market.data import Date
from research.market.quality import find_defects
from research.typing import IntArray

STILL_A_MEMBER = "a member before and after: signals and limits on trading decide whether any is held"
CHANGED = ["asset_id", "symbol", "status", "rank", "drifted_weight", "weight", "reason"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RebalanceReview:
    """What there is to know of one rebalance.

    Attributes
    ----------
    index : IndexHistory
        Its last rebalance by `priced_on` is the one reviewed; of the next one, an index that goes on to it.
    status : {"made", "announced", "pro forma"}
        Traded; decided, and waiting for its effective day; or decided as if the last close were the determination day.
    cause, kept : str
        What called for it; why the composition is kept and nothing traded, else empty.
    determination_date, effective_date : Timestamp
        By the calendar: pro forma they lie ahead.
    decided_on, priced_on : Timestamp
        The close that the decision shown here knows, and that of the prices of the trade.
    previous : Timestamp, optional
        Effective day of the rebalance before; None where there was none.
    turnover, cost : float
        One-sided turnover, and cost by the rulebook, as shares of the value; NaN where nothing is traded.
    smaller, earlier : int
        Of so many `earlier` rebalances so many moved less; the first purchase does not count.
    changed : DataFrame
        Who comes and goes: asset_id, symbol, status (added, removed, not bought), rank (Int64), drifted_weight,
        weight, reason.
    constituents : DataFrame
        `audit_tables.constituents_table` of the trade.
    orders, by_size : DataFrame
        `orders_table`, `trade_by_size`.
    causes : RebalanceChanges, optional
        Weights against the rebalance before, by cause.
    points : DataFrame
        `points_to_check`.
    """

    index: IndexHistory
    status: Literal["made", "announced", "pro forma"]
    cause: str
    kept: str
    determination_date: pd.Timestamp
    effective_date: pd.Timestamp
    decided_on: pd.Timestamp
    priced_on: pd.Timestamp
    previous: pd.Timestamp | None
    turnover: float
    cost: float
    smaller: int
    earlier: int
    changed: pd.DataFrame
    constituents: pd.DataFrame
    orders: pd.DataFrame
    by_size: pd.DataFrame
    causes: RebalanceChanges | None
    points: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """How many points there are of each kind that was found, in their order."""
        found = self.points["point"].value_counts(sort=False)
        return {str(point): int(count) for point, count in found.items()}

    def moved(self, status: str) -> list[str]:
        """Assets of `changed` of one status."""
        return list(self.changed.loc[self.changed["status"] == status, "asset_id"])


def rebalance_review(
    index: IndexHistory,
    date: Date | None = None,
    *,
    assets_under_management: float = 1e7,
    participation: float = 0.05,
    sizes: Sequence[float] = SIZES,
) -> RebalanceReview:
    """Review the next rebalance of an index, or the last one by a day.

    Parameters
    ----------
    date : date, optional
        The last rebalance that was traded by this day; left out, the next one (`next_rebalance`).
    assets_under_management : float, USD
        The size at which orders are held against volumes.
    participation : float in (0, 1]
        Share of an asset's median daily volume that may be traded a day.
    sizes : sequence of float, USD
        For cost and days by size.

    Raises
    ------
    DataError
        If the day lies outside the index.
    MethodologyError
        As `next_rebalance` does, or if a size or the participation is out of range.
    """
    participation = checked_participation(participation)
    [assets_under_management] = checked_sizes("assets_under_management", [assets_under_management])
    sizes = checked_sizes("sizes", sizes)
    if date is None:
        ahead = next_rebalance(index)
        whole, decision = ahead.index, ahead.decision
        status: Literal["announced", "pro forma"] = "announced" if ahead.announced else "pro forma"
        trade = None if decision.kept else whole.trades[-1]
        days = (ahead.determination_date, ahead.effective_date)
        return _review(whole, status, decision, trade, days, assets_under_management, participation, sizes)
    trade, decision = rebalances_by(index, index.row_of(date))[-1]
    days = (decision.view.date, index.source.dates[trade.row])
    return _review(index, "made", decision, trade, days, assets_under_management, participation, sizes)


def _review(
    index: IndexHistory,
    status: Literal["made", "announced", "pro forma"],
    decision: Decision,
    trade: Trade | None,
    days: tuple[pd.Timestamp, pd.Timestamp],
    size: float,
    participation: float,
    sizes: Sequence[float],
) -> RebalanceReview:
    dates = index.source.dates
    row = len(dates) - 1 if trade is None else trade.row
    made = [(past, decided) for past, decided in rebalances_by(index, row) if past is not trade]
    previous = dates[made[-1][0].row] if made else None
    members_before = made[-1][1].chosen if made else NOBODY
    orders = orders_table(index, trade, assets_under_management=size, participation=participation)
    choice = latest_choice(index, row)
    held = np.unique(
        np.concatenate([decision.chosen, decision.members, [] if trade is None else trade.assets]).astype(np.int64)
    )
    market = index.market.only(sorted(index.source.asset_ids[held])).until(dates[row])
    points = points_to_check(
        index,
        decision,
        choice=choice,
        trade=trade,
        since=dates[index.base_row] if previous is None else previous,
        orders=orders,
        findings=find_defects(market),
    )
    constituents = constituents_table(index, [trade or index.trades[-1]]).iloc[: None if trade else 0]
    return RebalanceReview(
        index=index,
        status=status,
        cause=decision.cause,
        kept=(decision.kept_because or "too few members could be weighted") if trade is None else "",
        determination_date=days[0],
        effective_date=days[1],
        decided_on=decision.view.date,
        priced_on=dates[row],
        previous=previous,
        turnover=np.nan if trade is None else trade.turnover,
        cost=np.nan if trade is None else trade.cost,
        smaller=sum(trade is not None and past.turnover < trade.turnover for past, _ in made[1:]),
        earlier=len(made[1:]),
        changed=_changed(index, constituents, choice, decision.chosen, members_before),
        constituents=constituents,
        orders=orders,
        by_size=trade_by_size(index, trade, sizes, participation=participation),
        causes=None if trade is None else rebalance_changes(index, dates[row]),
        points=points,
    )


def _changed(
    index: IndexHistory, constituents: pd.DataFrame, choice: Decision, new: IntArray, old: IntArray
) -> pd.DataFrame:
    """The rows of those who come and go, with the reason; `new` and `old` are the members after and before."""
    ids = index.source.asset_ids
    reasons = dict(zip(ids[choice.assets], full_reasons(choice, index.methodology), strict=True))
    reasons |= dict.fromkeys(ids[np.intersect1d(new, old)], STILL_A_MEMBER)
    reasons |= dict.fromkeys(leg_ids(index, choice.row), STABLE_LEG)
    moved = constituents["status"].isin(("added", "removed"))
    moved |= (constituents["status"] == "not bought") & (constituents["target_weight"] > 0)
    rows = constituents[moved]
    return rows.assign(reason=[reasons.get(asset, NOT_CHOSEN) for asset in rows["asset_id"]])[CHANGED].reset_index(
        drop=True
    )
