"""What a vendor's revisions of the past do to an index: its level on the old values beside that on the new ones.

Revisions are found where a snapshot is updated (`research.market.snapshots.update`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from research.errors import ResearchError
from research.index.build import build_index
from research.market import MarketData
from research.rulebook.methodology import Methodology

EFFECT_COLUMNS = ("rulebook", "asset_id", "last_date", "last_bps", "largest_date", "largest_bps", "reason")
_SIZES = ("price", "market_cap")


def ranked_revisions(revisions: pd.DataFrame, old: MarketData, new: MarketData) -> pd.DataFrame:
    """The revisions with a column `market_bps`, the largest first.

    It is the share of the whole market's value that a revision changes, in basis points: for prices and caps
    (new / old - 1) x the asset's share of all caps of the day (an equal share where the day has no caps); plus or minus
    the share where a value came or went; zero for other fields, which move an index only through its screens.

    Parameters
    ----------
    revisions : DataFrame
        `Update.revisions`.
    old, new : MarketData
        The market before and after, to the last day of the old one.
    """
    shares = [_shares(market, revisions) for market in (new, old)]
    share = np.where(np.isnan(shares[0]), shares[1], shares[0])
    change = revisions["new"] / revisions["old"] - 1.0
    change = change.mask(revisions["old"].isna(), 1.0).mask(revisions["new"].isna(), -1.0)
    sized = np.where(revisions["field"].isin(_SIZES), 1e4 * share * change, 0.0)
    table = revisions.assign(market_bps=np.nan_to_num(sized, nan=0.0))
    order = np.lexsort([table["date"], -table["market_bps"].abs()])
    return table.iloc[order].reset_index(drop=True)


def revision_effects(
    old: MarketData, new: MarketData, revisions: pd.DataFrame, rulebooks: Iterable[str], *, assets: int = 3
) -> pd.DataFrame:
    """Levels on the new values over those on the old ones, by rulebook and, for the largest, by revised asset.

    Parameters
    ----------
    old, new : MarketData
        The market before and after, to the last day of the old one.
    revisions : DataFrame
        Of `ranked_revisions`.
    rulebooks : iterable of str
        Shipped names or paths.
    assets : int
        For so many assets, those with the largest revisions, the effect is also worked out alone: the level on all new
        values over that on all but this asset's. Parts need not add up.

    Returns
    -------
    DataFrame
        rulebook (str); asset_id (str, "" for all revisions together); last_date, last_bps: on the last day, 1e4 x
        (new level / old level - 1); largest_date, largest_bps: where it is farthest from zero (the first such day);
        reason (str): why the index cannot be built, "" where it can.
    """
    revised = revisions.loc[revisions["market_bps"] != 0.0, "asset_id"].unique()[:assets]
    lines: list[dict[str, object]] = []
    for rulebook in rulebooks:
        try:
            rules = Methodology.load(rulebook)
            after = build_index(new, rules).level
            lines.append(_line(rulebook, "", after, build_index(old, rules).level))
            for asset in revised if lines[-1].get("largest_bps") else ():
                lines.append(_line(rulebook, str(asset), after, build_index(_without(asset, old, new), rules).level))
        except ResearchError as error:
            lines.append({"rulebook": rulebook, "asset_id": "", "reason": str(error)})
    return pd.DataFrame(lines, columns=list(EFFECT_COLUMNS)).fillna({"reason": ""})


def _line(rulebook: str, asset: str, after: pd.Series, before: pd.Series) -> dict[str, object]:
    difference = (1e4 * (after / before - 1.0)).dropna()
    if difference.empty:
        return {"rulebook": rulebook, "asset_id": asset, "reason": "no day on which both levels exist"}
    farthest = int(difference.abs().argmax())
    return {
        "rulebook": rulebook,
        "asset_id": asset,
        "last_date": difference.index[-1],
        "last_bps": difference.iloc[-1],
        "largest_date": difference.index[farthest],
        "largest_bps": difference.iloc[farthest],
        "reason": "",
    }


def _without(asset: str, old: MarketData, new: MarketData) -> MarketData:
    """The new market with the old values of one asset; without it where the old one did not have it."""
    if asset not in old.prices:
        return new.only(new.prices.columns.drop(asset))

    def reverted(panel: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
        return panel.assign(**{asset: before[asset].reindex(panel.index)})

    return replace(
        new,
        prices=reverted(new.prices, old.prices),
        market_caps=reverted(new.market_caps, old.market_caps),
        volumes=reverted(new.volumes, old.volumes),
        extra={name: reverted(panel, old.extra[name]) for name, panel in new.extra.items()},
    )


def _shares(market: MarketData, revisions: pd.DataFrame) -> np.ndarray:
    """Each revised asset's share of all caps of its day, NaN where it has none; equal shares on a day without caps."""
    caps = market.market_caps
    sizes = caps.where(caps.notna().any(axis=1), market.prices.notna().astype(float), axis=0)
    shares = sizes.div(sizes.sum(axis=1), axis=0).to_numpy()
    rows = market.dates.get_indexer(pd.DatetimeIndex(revisions["date"]))
    columns = market.prices.columns.get_indexer(pd.Index(revisions["asset_id"]))
    found: np.ndarray = np.where((rows < 0) | (columns < 0), np.nan, shares[rows, columns])
    return found
