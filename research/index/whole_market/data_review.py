"""What each finding about a market's data does to an index: in basis points of a top 20 and of a total market.

The rules that find are in `research.market.quality`. Here two plain indices are built on the values as they are, and
each finding is given what it did to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from research.errors import MethodologyError
from research.index.build import build_index
from research.index.history import IndexHistory
from research.market import MarketData
from research.market.quality import find_defects
from research.market.quality.defects import MARKET
from research.rulebook.costs import Costs
from research.rulebook.methodology import Methodology
from research.typing import FloatArray

MOVED_THE_LEVEL = ("price jump", "unit jump")
WITHHELD_A_MOVE = ("repeated row", "stale price", "no price", "prices end together", "page limit")
MOVED_A_WEIGHT = ("supply jump", "thin cap")
DATINGS = ("dated a day late", "dated a day off")
MONTH = 31  # days in which the members of a yardstick have been weighed
YARDSTICKS = ("top_20", "total_market")


@dataclass(frozen=True, kw_only=True, eq=False)
class DataReview:
    """The findings of a market, ranked by what they did.

    Attributes
    ----------
    market : MarketData
    findings : DataFrame
        The columns of `find_defects`, and

        - top_20_bps, total_market_bps (float): what it did to each yardstick, in basis points; zero where the asset
          was not held, NaN where the yardstick cannot be built or the rule has no such number.
        - moves (str): "level" (what the value added to the level on its day, weight x move), "date of a move" (what
          came late, on the day on which it came; minus the weight, the most that can be lost, while it is open),
          "weight" (by how much the weight would change if it were weighed on that day) or "".
        - at_stake_bps (float): the asset's share of the total market's cap if nothing kept it out; for caps alone.

        Sorted by the largest effect, then by what is at stake.
    indices : dict of str to IndexHistory or str
        "top_20" and "total_market"; a text says why one cannot be built.
    """

    market: MarketData
    findings: pd.DataFrame
    indices: dict[str, IndexHistory | str]

    @property
    def counts(self) -> pd.DataFrame:
        """By rule and field: findings, assets, how many of each outcome (open, confirmed, discarded, ended)."""
        groups = self.findings.groupby(["rule", "field"])
        outcomes = pd.crosstab([self.findings["rule"], self.findings["field"]], self.findings["later"])
        return groups.agg(findings=("rule", "size"), assets=("asset_id", "nunique")).join(outcomes).reset_index()

    def sentences(self, count: int = 10) -> list[str]:
        """The findings that did most, in words; several assets of one day, rule and outcome are one of them."""
        groups = self.findings.groupby(["date", "rule", "later"], sort=False)
        sums = groups[[f"{name}_bps" for name in YARDSTICKS]].sum(min_count=1)
        size = sums.abs().max(axis=1)
        order = size[size > 0].sort_values(ascending=False, kind="stable").index[:count]
        return [_sentence(groups.get_group(key), sums.loc[key]) for key in order]

    def kept_out(self, count: int = 3) -> list[str]:
        """The largest caps of supplies that are not there which no yardstick held, in words; one for each asset."""
        held = self.findings[[f"{name}_bps" for name in YARDSTICKS]].abs().max(axis=1) > 0
        thin = self.findings[~held & (self.findings["rule"] == "thin cap")]
        largest = thin.sort_values("at_stake_bps", ascending=False, kind="stable").drop_duplicates("asset_id")
        return [
            f"{line['date']:%Y-%m-%d} {line['asset_id']}, {line['at_stake_bps'] / 1e4:.2%} of all caps of that day: "
            f"{line['evidence']}"
            for line in largest.head(count).to_dict("records")
        ]

    def misdated(self) -> list[str]:
        """One sentence for each rule that doubts the dates themselves: how many assets, and the first of them."""
        lines = []
        for (rule, _), group in self.findings[self.findings["rule"].isin(DATINGS)].groupby(["rule", "field"]):
            first = group.sort_values("date", kind="stable").iloc[0]
            lines.append(
                f"{rule}: {group['asset_id'].nunique():,} of {len(self.market.assets):,} assets, since "
                f"{first['date']:%Y-%m-%d} {first['asset_id']}: {first['evidence']}"
            )
        return lines


def review_data(market: MarketData, findings: pd.DataFrame | None = None) -> DataReview:
    """Find what is doubtful in a market (or take `findings` of it), and rank it by what it did to two indices."""
    findings = find_defects(market) if findings is None else findings
    findings = findings.assign(moves=_kinds(findings))
    indices = {name: _built(market, rules) for name, rules in yardsticks(market).items()}
    effects = {
        f"{name}_bps": np.full(len(findings), np.nan) if isinstance(index, str) else _effects(index, findings)
        for name, index in indices.items()
    }
    table = findings.assign(**effects, at_stake_bps=_at_stake(market, findings))
    size = table[list(effects)].abs().max(axis=1).fillna(0.0)
    order = np.lexsort([table["date"], -table["at_stake_bps"].fillna(0.0), -size])
    return DataReview(market=market, findings=table.iloc[order].reset_index(drop=True), indices=indices)


def yardsticks(market: MarketData) -> dict[str, Methodology]:
    """The two indices that findings are held against, by name: monthly, uncapped, without costs.

    They are the shipped Total Market without its thresholds in USD, which old and small markets do not meet, and its
    twenty largest; the band of turnover keeps supplies out that are not there, where there are volumes. Where no asset
    has a market cap, the twenty most traded, and all, in equal parts.
    """
    shipped = Methodology.load("total-market")
    known = set(market.tags["tag"])
    universe = replace(
        shipped.universe,
        exclude_tags=tuple(tag for tag in shipped.universe.exclude_tags if tag in known),
        min_market_cap=None,
        min_volume=None,
        min_valid_share=None,
        min_history_days=30,
    )
    selection, weighting = replace(shipped.selection, min_count=2), shipped.weighting
    has_caps, has_volumes = (bool(panel.notna().to_numpy().any()) for panel in (market.market_caps, market.volumes))
    if not (has_caps and has_volumes):  # nothing to hold one against the other
        universe = replace(universe, turnover_band=None, incumbent_relief=1.0)
    if not has_caps:
        selection = replace(selection, rank_by="volume_median_30d")
        weighting = replace(weighting, scheme="equal")
    every = replace(
        shipped, name="Total market", universe=universe, selection=selection, weighting=weighting, costs=Costs()
    )
    largest = replace(selection, rule="largest", count=20)
    return {"top_20": replace(every, name="Top 20", selection=largest), "total_market": every}


def _built(market: MarketData, rules: Methodology) -> IndexHistory | str:
    try:
        return build_index(market, replace(rules, events=replace(rules.events, outlier_jump=None)))
    except MethodologyError as reason:
        return str(reason)


def _kinds(findings: pd.DataFrame) -> list[str]:
    kinds = dict.fromkeys(MOVED_THE_LEVEL, "level") | dict.fromkeys(WITHHELD_A_MOVE, "date of a move")
    return [str(kind) for kind in findings["rule"].map(kinds | dict.fromkeys(MOVED_A_WEIGHT, "weight")).fillna("")]


def _effects(index: IndexHistory, findings: pd.DataFrame) -> FloatArray:
    """Basis points of each finding: zero where the asset was not held, NaN for a rule without such a number.

    A value on its day: yesterday's weight x the move, which is what holding it back would have kept out of that day's
    return. A move that came late: the same, on the day on which it came; as long as none came, minus the weight. A
    supply k times its median of the month before: w k / (w k + 1 - w) - w, the change of the weight w if it were
    weighed on that day. A cap that is not there: the weight.
    """
    weights, moved = index.weights, index.contributions
    dates, assets, kinds = findings["date"], findings["asset_id"], findings["moves"]
    held = _cells(weights, dates, assets)
    lost = -_cells(weights, dates - pd.Timedelta(days=1), assets)
    came = _cells(moved, findings["later_date"], assets)
    grown = held * _supply_factor(index.market, findings)
    effects = np.select(
        [kinds == "level", kinds == "date of a move", findings["rule"] == "supply jump", kinds == "weight"],
        [
            _cells(moved, dates, assets),
            np.where(findings["later"] == "open", lost, came),
            grown / (grown + 1.0 - held) - held,
            held,
        ],
        np.nan,
    )
    basis_points: FloatArray = 1e4 * np.where(assets == MARKET, np.nan, effects)
    return basis_points


def _supply_factor(market: MarketData, findings: pd.DataFrame) -> FloatArray:
    """The supply (cap / price) of a jump's day over its median of the month before; 1 for other findings."""
    factors = np.ones(len(findings))
    prices, caps = market.prices.to_numpy(), market.market_caps.to_numpy()
    rows = market.dates.get_indexer(pd.DatetimeIndex(findings["date"]))
    columns = market.prices.columns.get_indexer(pd.Index(findings["asset_id"]))
    for place in np.flatnonzero(findings["rule"] == "supply jump").tolist():
        days, asset = slice(max(0, rows[place] - MONTH), rows[place] + 1), columns[place]
        supply = caps[days, asset] / prices[days, asset]
        before = supply[:-1][~np.isnan(supply[:-1])]
        if len(before) and not np.isnan(supply[-1]):
            factors[place] = supply[-1] / np.median(before)
    return factors


def _cells(frame: pd.DataFrame, dates: pd.Series, assets: pd.Series) -> FloatArray:
    """Values of a frame (days x assets) at these places; zero where it has none."""
    rows, columns = frame.index.get_indexer(pd.Index(dates)), frame.columns.get_indexer(pd.Index(assets))
    values: FloatArray = frame.to_numpy()[rows, columns]
    return np.where((rows < 0) | (columns < 0) | np.isnan(values), 0.0, values)


def _at_stake(market: MarketData, findings: pd.DataFrame) -> FloatArray:
    """Share of the total cap of the day that a doubtful cap is, in basis points; NaN for findings on other values."""
    caps = market.market_caps
    sums = caps.sum(axis=1)
    of_day = sums.reindex(findings["date"]).to_numpy()
    own = _cells(caps, findings["date"], findings["asset_id"])
    doubtful = findings["rule"].isin(MOVED_A_WEIGHT).to_numpy()
    share: FloatArray = np.divide(own, of_day, out=np.full(len(own), np.nan), where=doubtful & (of_day > 0))
    return 1e4 * share


def _sentence(group: pd.DataFrame, sums: pd.Series) -> str:
    first, others = group.iloc[0], len(group) - 1
    who = f"{first['asset_id']} and {others:,} more" if others else str(first["asset_id"])
    at_most = first["moves"] == "date of a move" and first["later"] == "open"
    effects = " and ".join(
        f"{f'{abs(size):,.1f}' if at_most else f'{size + 0.0:+,.1f}'} bp of the {name.replace('_', ' ')}"
        for name, size in zip(YARDSTICKS, sums, strict=True)
        if not np.isnan(size)
    )
    days = group["later_date"].dropna()
    when = " to ".join(f"{day:%Y-%m-%d}" for day in dict.fromkeys([days.min(), days.max()])) if len(days) else ""
    later = _LATER[first["later"]].format(date=when)
    did = _DID["at most" if at_most else first["moves"]]
    return f"{first['date']:%Y-%m-%d} {who}, {first['rule']}: {first['evidence']}; {later}. {did} {effects}."


_LATER = {
    "confirmed": "it stayed ({date})",
    "discarded": "it went back on {date}",
    "ended": "it was over on {date}",
    "open": "it is open",
}
_DID = {
    "level": "On that day it moved the level by",
    "date of a move": "The move that came late:",
    "at most": "At most can be lost:",
    "weight": "Weighed on that day, its weight would change by",
}
