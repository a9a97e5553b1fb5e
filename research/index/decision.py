"""One determination: screens, ranks, selection and target weights of one day, with the reason for each asset.

`decide` sees a `MarketView` and the members so far, nothing else. Trading on a decision is `engine.py`'s work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.methodology import Methodology
from research.index.ranking import measure, ranks
from research.index.screens import Screen, evaluate
from research.index.selection import largest
from research.index.view import BoolArray, FloatArray, IntArray, MarketView
from research.index.weighting import NEED_MARKET_CAP, target_weights


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """What was decided at the close of one day, and everything it was decided from.

    Arrays of shape (n,) are over the assets looked at: positions in the market's columns in `assets`.

    Attributes
    ----------
    row, effective_row : int
        Determination and effective day, as rows of the market; the latter may lie beyond its end.
    cause : str
        "initial", "reconstitution" or "rebalance".
    kept : bool
        True when too few assets were eligible and the previous composition was kept: nothing trades.
    members : ndarray of int, shape (k,)
        Positions of the members that are given weights, in order of rank, with their `member_ranks` (0 for a member
        that has none today), `weights`, and `prices` and `market_caps` at the determination.
    unweighted : ndarray of int
        Members that cannot be weighted today and keep the units they have.
    """

    view: MarketView
    row: int
    effective_row: int
    cause: str
    kept: bool
    assets: IntArray
    screens: list[Screen]
    eligible: BoolArray
    rank_value: FloatArray
    rank: IntArray
    incumbent: BoolArray
    selected: BoolArray
    members: IntArray
    member_ranks: IntArray
    weights: FloatArray
    prices: FloatArray
    market_caps: FloatArray
    unweighted: IntArray

    def to_frame(self, methodology: Methodology) -> pd.DataFrame:
        """The assets looked at, one row each, with every screen and the reason in words."""
        source = self.view.source
        lag = pd.Timedelta(days=self.effective_row - self.row)
        columns: dict[str, object] = {
            "determination_date": self.view.date,
            "effective_date": self.view.date + lag,
            "cause": self.cause,
            "asset_id": source.asset_ids[self.assets],
            "symbol": source.symbols[self.assets],
        }
        for screen in self.screens:
            columns[f"{screen.name}_value"] = screen.value
            columns[f"{screen.name}_limit"] = screen.limit
            columns[f"{screen.name}_pass"] = screen.passed
        columns |= {
            "eligible": self.eligible,
            "rank_value": self.rank_value,
            "rank": pd.array(self.rank, dtype="Int64"),
            "incumbent": self.incumbent,
            "selected": self.selected,
            "reason": self.reasons(methodology),
        }
        frame = pd.DataFrame(columns)
        frame["rank"] = frame["rank"].mask(frame["rank"] == 0)
        return frame

    def reasons(self, methodology: Methodology) -> list[str]:
        """Why each asset is in or out, shape (n,)."""
        if self.cause == "rebalance":
            return ["member between reconstitutions: weighted anew"] * len(self.assets)
        selection = methodology.selection
        total = int((self.rank > 0).sum())
        entry, leave = selection.buffer
        result = []
        for place, (rank, eligible) in enumerate(zip(self.rank, self.eligible, strict=True)):
            if not eligible:
                failed = [
                    screen.words.format(value=screen.value[place], limit=screen.limit[place])
                    for screen in self.screens
                    if not screen.passed[place]
                ]
                result.append("not eligible: " + "; ".join(failed))
            elif rank == 0:
                result.append(f"not ranked: no {selection.rank_by}")
            else:
                line = f"rank {rank} of {total} by {selection.rank_by}"
                result.append(f"{line}: {self._side_of_the_buffer(place, entry, leave, selection.count)}")
        return result

    def _side_of_the_buffer(self, place: int, entry: int, leave: int, count: int) -> str:
        rank, held = self.rank[place], self.incumbent[place]
        if self.kept:
            return "composition kept, too few eligible assets"
        if not self.selected[place]:
            return (
                f"out, member ranked below the exit rank {leave}"
                if held and rank > leave
                else f"out of the {count} places"
            )
        if rank <= entry:
            return f"in, at or above the entry rank {entry}"
        return f"in, member kept down to the exit rank {leave}" if held else f"in, fills one of the {count} places"


def decide(
    view: MarketView, methodology: Methodology, incumbents: IntArray, *, cause: str, effective_row: int
) -> Decision:
    """Take one decision from what is known at the view's close.

    Parameters
    ----------
    incumbents : ndarray of int
        Positions of the members by the latest decision, those removed since left out.
    cause : str
        "initial" and "reconstitution" choose members anew, "rebalance" weighs the incumbents anew.

    Raises
    ------
    MethodologyError
        If the bounds on weights cannot be met; the message names the day.
    """
    held = view.positions(incumbents)
    needs_cap = methodology.weighting.scheme in NEED_MARKET_CAP
    screens = evaluate(view, methodology.universe, held, needs_cap=needs_cap)
    eligible = np.logical_and.reduce([screen.passed for screen in screens])
    values = measure(view, methodology.selection.rank_by)
    order = ranks(view, values, eligible)
    selected = held if cause == "rebalance" else largest(order, held, methodology.selection)
    kept = int(selected.sum()) < methodology.min_count
    places = np.flatnonzero(held if kept else selected)
    places = places[np.lexsort((places, np.where(order[places] > 0, order[places], len(order) + 1)))]
    looked_at = places if cause == "rebalance" else np.arange(len(view.assets))
    weighted, weights = (places[:0], np.zeros(0)) if kept else _weigh(view, methodology, places)
    return Decision(
        view=view,
        row=view.row,
        effective_row=effective_row,
        cause=cause,
        kept=kept,
        assets=view.assets[looked_at],
        screens=[_take(screen, looked_at) for screen in screens],
        eligible=eligible[looked_at],
        rank_value=values[looked_at],
        rank=order[looked_at],
        incumbent=held[looked_at],
        selected=(held if kept else selected)[looked_at],
        members=view.assets[weighted],
        member_ranks=order[weighted],
        weights=weights,
        prices=view.today("price")[weighted],
        market_caps=view.today("market_cap")[weighted],
        unweighted=view.assets[np.setdiff1d(places, weighted)],
    )


def _weigh(view: MarketView, methodology: Methodology, places: IntArray) -> tuple[IntArray, FloatArray]:
    try:
        return target_weights(view, methodology.weighting, places)
    except MethodologyError as cause:
        raise MethodologyError(f"{methodology.name}, {view.date.date()}: {cause}") from cause


def _take(screen: Screen, places: IntArray) -> Screen:
    return Screen(
        name=screen.name,
        value=screen.value[places],
        limit=screen.limit[places],
        passed=screen.passed[places],
        words=screen.words,
    )
