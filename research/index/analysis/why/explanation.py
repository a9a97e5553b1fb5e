"""What an index holds and why: holdings, nearest misses, the reason card of one asset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.cards import Card, Carded
from research.errors import DataError
from research.formats import format_value
from research.index.analysis.arguments import whole_number
from research.index.analysis.record import IndexRecord
from research.index.analysis.why.attribution import WATERFALL, decision_in_force, weight_steps
from research.index.analysis.why.audit_tables import constituents_table, decisions_table
from research.index.analysis.why.reason_card import screens_in_words, waterfall_in_words
from research.index.analysis.why.reasons import full_reasons
from research.index.decisions.records import CHOOSING, Decision
from research.index.decisions.stable_leg import leg_positions
from research.index.trading.records import Trade
from research.market.data import Date
from research.rulebook.methodology import Methodology


def holdings_table(index: IndexRecord, date: Date | None) -> pd.DataFrame:
    """One row per member at the close of a day, largest first.

    Columns: asset_id, symbol, rank (Int64, at the last reconstitution), target_weight (of the last trade), weight,
    units, price, price_date (the day of the price: earlier where it is carried), since (start of the present
    membership), reason.
    """
    row = index.row_of(date)
    trades = [trade for trade in index.trades if trade.row <= row]
    last = constituents_table(index, trades[-1:])
    members = last[last["weight"] > 0].reset_index(drop=True)
    positions = index.market.prices.columns.get_indexer(pd.Index(members["asset_id"]))
    price, printed = index.source.carried_prices(row, positions)
    quoted = index.source.quoted_units(row)[positions]
    weights = index.weights.iloc[row - index.base_row].reindex(members["asset_id"]).to_numpy()
    reasons = _latest_reconstitution(index, row).set_index("asset_id")[["rank", "reason", "selected"]]
    table = members[["asset_id", "symbol"]].assign(
        rank=reasons["rank"].reindex(members["asset_id"]).array,
        target_weight=members["target_weight"],
        weight=weights,
        units=members["units"].to_numpy() * quoted / index.source.quoted_units(trades[-1].row)[positions],
        price=price / quoted,
        price_date=index.source.dates[printed],
        since=_since(index, trades, members["asset_id"]),
        reason=_why_held(index, row, members["asset_id"], reasons),
    )
    return table.sort_values(["weight", "asset_id"], ascending=[False, True], ignore_index=True)


NOT_CHOSEN = "not a member: left by a fork, or not to be sold yet"
STABLE_LEG = "the stable leg: it holds what the overlay frees"


def _why_held(index: IndexRecord, row: int, held: pd.Series, reasons: pd.DataFrame) -> list[str]:
    """The reason of each asset that is held: that of the last choice, or what else it is held for."""
    chosen, leg = reasons[reasons["selected"]]["reason"], leg_ids(index, row)
    return [
        str(chosen[asset]) if asset in chosen.index else STABLE_LEG if asset in leg else NOT_CHOSEN for asset in held
    ]


def leg_ids(index: IndexRecord, row: int) -> set[str]:
    """The stablecoins of the overlay at the close of a row; none without one."""
    overlay = index.methodology.overlay
    return set() if overlay is None else set(index.source.asset_ids[leg_positions(index.source, overlay, row)])


def _since(index: IndexRecord, trades: list[Trade], members: pd.Series) -> list[pd.Timestamp]:
    """First effective day of each member's present, unbroken membership."""
    held = [set(index.source.asset_ids[trade.assets[trade.after > 0]]) for trade in trades]
    result = []
    for member in members:
        start = len(trades) - 1
        while start > 0 and member in held[start - 1]:
            start -= 1
        result.append(index.source.dates[trades[start].row])
    return result


def latest_choice(index: IndexRecord, row: int) -> Decision:
    """The last decision that chose members and was effective by `row`."""
    return next(
        decision
        for decision in reversed(index.decision_records)
        if decision.cause in CHOOSING and decision.effective_row <= row and not decision.kept
    )


def _latest_reconstitution(index: IndexRecord, row: int) -> pd.DataFrame:
    """That decision as a table, with the reasons in full."""
    decision = latest_choice(index, row)
    table = decisions_table([decision], index.methodology)
    return table.assign(reason=full_reasons(decision, index.methodology))


def nearest_misses_table(index: IndexRecord, date: Date | None, count: int) -> pd.DataFrame:
    """The first `count` by the rulebook's order that the last reconstitution left out and one screen at most stopped.

    Not those that are left out for what they are: a tag, a peg, a copy.

    Columns: asset_id, symbol, rank (Int64, missing where not eligible), rank_value, reason.
    """
    count = whole_number("count", count)
    table = _latest_reconstitution(index, index.row_of(date))
    passes = table[[column for column in table.columns.astype(str) if column.endswith("_pass")]]
    tags = passes[[column for column in passes.columns if column.startswith(("exclude_", "include_"))]]
    near = ~table["selected"] & ((~passes).sum(axis=1) <= 1) & tags.all(axis=1) & table["rank_value"].notna()
    columns = ["asset_id", "symbol", "rank", "rank_value", "reason"]
    lowest = index.methodology.selection.order == "lowest"
    ordered = table[near].sort_values("rank_value", ascending=lowest, kind="stable")
    return ordered[columns].head(count).reset_index(drop=True)


@dataclass(frozen=True, kw_only=True, repr=False)
class Explanation(Carded):
    """Why one asset is in or out, and why this weight, at the last decision that was effective by a day.

    Attributes
    ----------
    asset_id, determination_date, effective_date
    selected : bool
    reason : str
        In words, with the numbers.
    screens : DataFrame
        Indexed by screen: value, limit, margin (relative, positive where passed; missing for tags), passed.
    rank : int, optional
        Among the eligible; none where not eligible.
    buffer : str
        Where the lines of entry and exit lie.
    waterfall : Series, optional
        The weight step by step (`WATERFALL`); none where there is no weight.
    weight_date : Timestamp, optional
        Determination of that weight: the last rebalance, which may be later than the choice of members.
    """

    asset_id: str
    determination_date: pd.Timestamp
    effective_date: pd.Timestamp
    selected: bool
    reason: str
    screens: pd.DataFrame
    rank: int | None
    buffer: str
    waterfall: pd.Series | None
    weight_date: pd.Timestamp | None

    @property
    def _card(self) -> Card:
        screens = screens_in_words(self.screens)
        passed = [format_value(passed, "text") for passed in screens["passed"]]
        tables = {f"Screens of {format_value(self.determination_date, 'date')}": screens.assign(passed=passed)}
        if self.waterfall is not None:
            decided = format_value(self.weight_date, "date")
            tables[f"Weight, as decided on {decided}"] = waterfall_in_words(self.waterfall)
        return Card(
            title=f"{self.asset_id}: {'in' if self.selected else 'out'}",
            sentences=(self.reason, self.buffer),
            facts={
                "Decided": format_value(self.determination_date, "date"),
                "Effective": format_value(self.effective_date, "date"),
                "Rank": format_value(self.rank, "count"),
            },
            tables=tables,
            numbers=("value", "margin", "weight"),
        )

    def __repr__(self) -> str:
        return self._card.to_text()


def explain(index: IndexRecord, asset_id: str, date: Date | None) -> Explanation:
    """The reason card of one asset as of a day.

    Raises
    ------
    DataError
        If the asset is unknown, was not listed yet at the determination, or the day lies outside the index.
    """
    asset_id = str(asset_id)
    index.market.price(asset_id)  # an unknown id gets the market's own message
    row = index.row_of(date)
    decision = latest_choice(index, row)
    assets = index.source.asset_ids[decision.assets]
    found = np.flatnonzero(assets == asset_id)
    if not len(found):
        raise DataError(
            f"{asset_id} had not printed a price by {decision.view.date.date()}, the determination in force on "
            f"{index.source.dates[row].date()}. Ask for a later day."
        )
    place = int(found[0])
    weights = weight_steps(index, date).set_index("asset_id")[WATERFALL]
    rank = int(decision.rank[place])
    removed = _removed_since(index, asset_id, decision, row)
    weighted = asset_id in weights.index and removed is None
    in_leg = asset_id in leg_ids(index, row) and index.weights.iloc[row - index.base_row].get(asset_id, 0.0) > 0
    return Explanation(
        asset_id=asset_id,
        determination_date=decision.view.date,
        effective_date=index.source.dates[decision.effective_row],
        selected=bool(decision.selected[place]) and removed is None,
        reason=removed or (f"held as {STABLE_LEG}" if in_leg else full_reasons(decision, index.methodology)[place]),
        screens=_reason_card(decision, place),
        rank=rank or None,
        buffer=_buffer_line(index.methodology),
        waterfall=weights.T[asset_id] if weighted else None,
        weight_date=decision_in_force(index, row).view.date if weighted else None,
    )


def _removed_since(index: IndexRecord, asset_id: str, decision: Decision, row: int) -> str | None:
    """How the asset left the index after the decision and by `row`; None if it did not."""
    days = index.source.dates
    since = [
        event
        for event in index.event_records
        if event.event == "removed"
        and index.source.asset_ids[event.asset] == asset_id
        and decision.effective_row <= event.row <= row
    ]
    return f"out: removed on {days[since[-1].row].date()}, {since[-1].detail}" if since else None


def _buffer_line(methodology: Methodology) -> str:
    selection = methodology.selection
    if selection.count is None:
        return f"no buffer: the rule {selection.rule!r} has no number of members aimed at"
    entry, leave = selection.buffer
    return f"entry at rank {entry} or better, exit below rank {leave}"


def _reason_card(decision: Decision, place: int) -> pd.DataFrame:
    rows = {
        screen.name: {
            "value": screen.value[place],
            "limit": screen.limit[place],
            "margin": screen.margin[place],
            "passed": bool(screen.passed[place]),
        }
        for screen in decision.screens
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("screen")
