"""Stablecoins, and wrapped and staked copies, as prices alone show them: tags to be confirmed by a person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.market import MarketData
from research.point_in_time.pegged_and_wrapped import DOLLAR, WINDOW, copy_bound_ratio, peg_bound_ratio
from research.point_in_time.view import MarketView, PointInTime
from research.typing import FloatArray, IntArray

LABEL_COLUMNS = ["asset_id", "tag", "valid_from", "symbol", "evidence"]
PARENTS = 10  # of the largest assets, for copies
FEWEST = 3  # month ends, so that a coin that passes by at one dollar is not proposed
KINDS = ("stablecoin", "wrapped", "staked")
SAME_PRICE, LIKE_ITS_PARENT = 0.05, float(np.log(2.0))  # log: a wrapped copy's, and how far a staking income leads


def propose_labels(market: MarketData) -> pd.DataFrame:
    """Tags that the price tests of `pegged_and_wrapped.py` say on month ends, of assets that do not have them.

    An asset gets the line that could be proposed first: on the `FEWEST`-th month end on which a test held, or, for a
    copy whose price was then too far from its parent's, on the next on which it was not.

    Returns
    -------
    DataFrame
        asset_id, tag (stablecoin; wrapped where the price is that of the asset it follows, else staked), valid_from
        (the month end on which the line could first be proposed; tag, parent and evidence are what was known then),
        symbol, evidence (what later month ends said comes after "known only later"): what an import and
        `label_snapshot` take.
    """
    source = PointInTime(market)
    held: dict[tuple[int, str], list[tuple[int, int]]] = {}  # row, and month ends looked at by then
    looked = np.zeros(len(source.asset_ids), dtype=int)
    rows = np.flatnonzero(market.dates.is_month_end).tolist()
    for row in rows:
        view = source.at(row)
        pegged = peg_bound_ratio(view, (DOLLAR,))
        looked[view.assets] += ~np.isnan(pegged)
        copies = np.where(pegged < 1, np.inf, copy_bound_ratio(view, PARENTS))
        for kind, ratio in (("stablecoin", pegged), ("copy", copies)):
            for asset in view.assets[ratio < 1].tolist():
                held.setdefault((asset, kind), []).append((row, int(looked[asset])))
    last_seen = _last_seen(source, rows)
    has_one = source.tagged(KINDS, len(source.dates) - 1) != ""
    lines = []
    for (asset, kind), hits in sorted(held.items()):
        first = _first_line(source, asset, kind, hits)
        if first is None or has_one[asset]:
            continue
        row, by_then, tag, evidence = first
        if looked[asset] > by_then:
            last, ended = hits[-1][0], ", not since" if hits[-1][0] < last_seen[asset] else ""
            evidence += f"; known only later: {len(hits)} of {looked[asset]}, to {_month(source, last)}{ended}"
        lines.append((str(source.asset_ids[asset]), tag, source.dates[row], source.symbols[asset], evidence))
    table = pd.DataFrame(lines, columns=LABEL_COLUMNS).sort_values(["asset_id", "valid_from"], kind="stable")
    return table.drop_duplicates("asset_id").reset_index(drop=True)


def _first_line(
    source: PointInTime, asset: int, kind: str, hits: list[tuple[int, int]]
) -> tuple[int, int, str, str] | None:
    """Row, month ends looked at by then, tag and evidence of the line that could be proposed first, if there is one."""
    for count, (row, by_then) in enumerate(hits[FEWEST - 1 :], start=FEWEST):
        evidence = f"{count} of {by_then} month ends, {_month(source, hits[0][0])} to {_month(source, row)}"
        if kind == "stablecoin":
            return row, by_then, kind, evidence
        parent, apart = _parent(source.at(row), asset)
        if apart <= LIKE_ITS_PARENT:  # else an asset that trades at a few units of a large one's smallest part
            tag = "wrapped" if apart < SAME_PRICE else "staked"
            return row, by_then, tag, f"moves as {parent} on {evidence}"
    return None


def _month(source: PointInTime, row: int) -> str:
    return f"{source.dates[row]:%Y-%m}"


def _last_seen(source: PointInTime, rows: list[int]) -> IntArray:
    """The last of some rows in whose window each asset has a price; -1 where there is none."""
    last = np.full(len(source.asset_ids), -1)
    for row in rows:
        last[~np.isnan(source.prices[max(0, row - WINDOW + 1) : row + 1]).all(axis=0)] = row
    return last


def _parent(view: MarketView, asset: int) -> tuple[str, float]:
    """The asset whose price another one follows on a day, and how far their prices are apart, in logarithm."""
    caps = np.nan_to_num(view.today("market_cap"), nan=0.0)
    place = int(np.searchsorted(view.assets, asset))
    nearest: tuple[float, int] = (np.inf, place)
    for other in np.argsort(-caps, kind="stable")[:PARENTS].tolist():
        name = str(view.source.asset_ids[view.assets[other]])
        ratio = float(copy_bound_ratio(view, (name,))[place]) if other != place else np.inf
        nearest = min(nearest, (ratio, other))
    prices: FloatArray = view.today("price")
    apart = abs(float(np.log(prices[place] / prices[nearest[1]])))
    return str(view.source.asset_ids[view.assets[nearest[1]]]), apart
