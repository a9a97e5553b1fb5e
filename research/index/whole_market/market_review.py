"""Everything that the review of a market looks at, gathered: its structure from `evaluation`, its doubts from here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.evaluation import market_structure as structure
from research.index.analysis.why.weight_summaries import largest_weights
from research.index.whole_market.data_effects import effect_of_holding_back, largest_effects
from research.index.whole_market.data_review import DataReview, review_data
from research.market import MarketData
from research.market.ledger import ledger_counts
from research.market.tables import DAY
from research.point_in_time.pegged_and_wrapped import DOLLAR, MIN_DAYS, peg_bound_ratio
from research.point_in_time.view import PointInTime

HELD_BACK = ("price jump", "unit jump", "supply jump", "repeated row")
STABLECOIN = "stablecoin"
DRAWN = 6
"""Plots of doubtful values, and lines of stablecoins."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MarketReview:
    """What a market is like, and what is doubtful in it. Functions named below say what the columns are.

    Attributes
    ----------
    market : MarketData
    doubts : DataReview
        Findings, ranked by what they did to two simple indices.
    effects : DataFrame
        `largest_effects`.
    around : DataFrame
        `around`: values on the days around the findings that did most, one for each asset.
    held_back, held_back_most : DataFrame
        `effect_of_holding_back`, and where it was largest (`farthest`).
    coverage, coverage_by_year, ledger : DataFrame
        Of price, market_cap and volume; the ledger by rule and field.
    lives, lives_by_year, deaths : DataFrame
        `births_and_deaths`, and the assets that ended or collapsed.
    baskets, survivorship : DataFrame
        `survivorship_levels` and `survivorship_effect`, without the prints and caps that are in doubt.
    totals, year_ends, shares : DataFrame
        `market_totals`; its last values in each year; shares of the market cap of the largest assets and all others.
    breadth : DataFrame
    pegs, peg_distances : DataFrame
        `peg_table` of all assets with the tag stablecoin, and the daily distances of those that were farthest.
    untagged_pegs : DataFrame
        `pegs_without_tag`.
    silent_days, count : int
        As asked for.
    """

    market: MarketData
    doubts: DataReview
    effects: pd.DataFrame
    around: pd.DataFrame
    held_back: pd.DataFrame
    held_back_most: pd.DataFrame
    coverage: pd.DataFrame
    coverage_by_year: pd.DataFrame
    ledger: pd.DataFrame
    lives: pd.DataFrame
    lives_by_year: pd.DataFrame
    deaths: pd.DataFrame
    baskets: pd.DataFrame
    survivorship: pd.DataFrame
    totals: pd.DataFrame
    year_ends: pd.DataFrame
    shares: pd.DataFrame
    breadth: pd.DataFrame
    pegs: pd.DataFrame
    peg_distances: pd.DataFrame
    untagged_pegs: pd.DataFrame
    silent_days: int
    count: int

    @property
    def source(self) -> str:
        """What a figure names as its source."""
        return self.market.manifest.name


def review_market(
    market: MarketData,
    *,
    silent_days: int = structure.SILENT_DAYS,
    count: int = structure.COUNT,
    hold_back: Sequence[str] = HELD_BACK,
) -> MarketReview:
    """Look at a whole market: who is in it, who left, what is large, what trades, and what is doubtful.

    Parameters
    ----------
    silent_days : int
        Days without a price after which an asset counts as dead.
    count : int
        Largest assets in the baskets of survivorship.
    hold_back : sequence of str
        Rules of which each is asked what holding its values back would do: of `HOLDABLE` in
        `research.market.quality.holding_back`.

    Raises
    ------
    DataError, MethodologyError
        If an option is out of bounds. A market without caps, volumes or tags is no error: what needs them is NaN or
        empty.
    """
    prices, caps, volumes = market.prices, market.market_caps, market.volumes
    fields = {"price": prices, "market_cap": caps, "volume": volumes}
    doubts = review_data(market)
    lives = structure.births_and_deaths(prices, silent_days=silent_days)
    held_back = effect_of_holding_back(doubts, hold_back)
    sound = _without_doubts(doubts)
    baskets = structure.survivorship_levels(*sound, count=count, silent_days=silent_days)
    totals = structure.market_totals(caps, volumes)
    tagged = market.tags.loc[market.tags["tag"] == STABLECOIN, "asset_id"]
    pegs = structure.peg_table(prices[sorted(tagged)])
    return MarketReview(
        market=market,
        doubts=doubts,
        effects=largest_effects(doubts),
        around=_around(doubts, fields | dict(market.extra)),
        held_back=held_back,
        held_back_most=structure.farthest(held_back),
        coverage=structure.coverage(fields),
        coverage_by_year=structure.coverage_by_year(fields),
        ledger=ledger_counts(market.ledger),
        lives=lives,
        lives_by_year=structure.lives_by_year(lives),
        deaths=structure.deaths(prices, caps, silent_days=silent_days),
        baskets=baskets,
        survivorship=structure.survivorship_effect(baskets),
        totals=totals,
        year_ends=structure.year_ends(totals),
        shares=largest_weights(structure.shares(caps)),
        breadth=structure.breadth(prices),
        pegs=pegs,
        peg_distances=structure.peg_distances(prices[pegs.index[:DRAWN]]),
        untagged_pegs=pegs_without_tag(market, tagged),
        silent_days=silent_days,
        count=count,
    )


def pegs_without_tag(market: MarketData, tagged: Collection[str]) -> pd.DataFrame:
    """Assets that were pegged to one USD by their prices at a month's end, as known then, and are not among `tagged`.

    Returns
    -------
    DataFrame by asset, those that were pegged most often first
        first, last (datetime64): month ends on which it was pegged (`peg_bound_ratio` below 1). pegged (int): how many
        there were, judged (int): of how many on which there were enough prices to tell.
    """
    source, found = PointInTime(market), []
    for row in (np.flatnonzero(source.dates[MIN_DAYS:].is_month_end) + MIN_DAYS).tolist():
        view = source.at(row)
        ratio = peg_bound_ratio(view, (DOLLAR,))
        ids = source.asset_ids[view.assets]
        found += [(name, view.date, value < 1) for name, value in zip(ids, ratio, strict=True) if not np.isnan(value)]
    judged = pd.DataFrame(found, columns=["asset_id", "date", "pegged"]).astype({"date": DAY, "pegged": bool})
    judged = judged[~judged["asset_id"].isin(list(tagged))]
    pegged = judged[judged["pegged"]].groupby("asset_id")["date"]
    table = pd.DataFrame(pegged.agg(first="min", last="max", pegged="size"))
    table["judged"] = judged.groupby("asset_id").size().reindex(table.index)
    return table.sort_values("pegged", ascending=False, kind="stable")


def _without_doubts(doubts: DataReview) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Prices without prints that went back, and caps without stretches in which next to nobody trades: hindsight."""
    prices, caps = doubts.market.prices.copy(), doubts.market.market_caps.copy()
    found = doubts.findings
    wrong = (found["rule"] == "price jump") & (found["later"] == "discarded")
    for panel, rows in ((prices, found[wrong]), (caps, found[found["rule"] == "thin cap"])):
        for start, stop, asset in zip(rows["date"], rows["later_date"], rows["asset_id"], strict=True):
            last = panel.index[-1] if pd.isna(stop) else stop - pd.Timedelta(days=1)
            panel.loc[start:last, asset] = np.nan
    return prices, caps


def _around(doubts: DataReview, panels: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The days around the findings that did most, one for each asset; those about a whole day left out.

    Of a doubtful supply the supply is shown: market cap over price where the market has no such field.
    """
    panels = {"supply": panels["market_cap"] / panels["price"]} | dict(panels)
    found = doubts.findings.drop_duplicates("asset_id")
    found = found.assign(field=found["field"].mask(found["rule"] == "supply jump", "supply"))
    found = found[found["asset_id"].isin(doubts.market.prices.columns) & found["field"].isin(panels)]
    return structure.around(panels, found.head(DRAWN))
