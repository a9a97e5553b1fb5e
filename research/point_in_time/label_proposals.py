"""Stablecoins, and wrapped and staked copies, as prices alone show them: tags to be confirmed by a person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.market import MarketData
from research.point_in_time.pegged_and_wrapped import DOLLAR, copy_bound_ratio, peg_bound_ratio
from research.point_in_time.view import MarketView, PointInTime
from research.typing import FloatArray

LABEL_COLUMNS = ["asset_id", "tag", "valid_from", "symbol", "evidence"]
PARENTS = 10  # of the largest assets, for copies
FEWEST = 3  # month ends, so that a coin that passes by at one dollar is not proposed
KINDS = ("stablecoin", "wrapped", "staked")
SAME_PRICE, LIKE_ITS_PARENT = 0.05, float(np.log(2.0))  # log: a wrapped copy's, and how far a staking income leads


def propose_labels(market: MarketData) -> pd.DataFrame:
    """Tags that the price tests of `pegged_and_wrapped.py` say on month ends, of assets that do not have them.

    Returns
    -------
    DataFrame
        asset_id, tag (stablecoin; wrapped where the price is that of the asset it follows, else staked), valid_from
        (the first month end on which the test held, when it could first be known), symbol, evidence: what an import
        and `label_snapshot` take. One tag for each asset whose test held on `FEWEST` month ends or more.
    """
    source = PointInTime(market)
    held: dict[tuple[int, str], list[int]] = {}
    looked = np.zeros(len(source.asset_ids), dtype=int)
    rows = np.flatnonzero(market.dates.is_month_end).tolist()
    for row in rows:
        view = source.at(row)
        pegged = peg_bound_ratio(view, (DOLLAR,))
        looked[view.assets] += ~np.isnan(pegged)
        copies = np.where(pegged < 1, np.inf, copy_bound_ratio(view, PARENTS))
        for kind, ratio in (("stablecoin", pegged), ("copy", copies)):
            for asset in view.assets[ratio < 1].tolist():
                held.setdefault((asset, kind), []).append(row)
    lines = []
    for (asset, kind), when in sorted(held.items()):
        last_seen = max(row for row in rows if not np.isnan(source.prices[max(0, row - 89) : row + 1, asset]).all())
        first, last = (f"{source.dates[row]:%Y-%m}" for row in (when[0], when[-1]))
        evidence = f"{len(when)} of {looked[asset]} month ends, {first} to {last}"
        if when[-1] < last_seen:
            evidence += ", not since"
        tag = kind
        if kind == "copy":
            parent, apart = _parent(source.at(when[-1]), asset)
            if apart > LIKE_ITS_PARENT:  # an asset that trades at a few units of a large one's smallest part
                continue
            evidence, tag = f"moves as {parent} on {evidence}", "wrapped" if apart < SAME_PRICE else "staked"
        if len(when) >= FEWEST and source.tagged(KINDS, len(source.dates) - 1)[asset] == "":
            name = str(source.asset_ids[asset])
            lines.append((name, tag, source.dates[when[0]], source.symbols[asset], evidence))
    table = pd.DataFrame(lines, columns=LABEL_COLUMNS)
    return table.drop_duplicates("asset_id").reset_index(drop=True)


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
