"""Tables of the market review. Everything shown is computed in `research.evaluation.market_structure` and `index`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.evaluation.market_structure import THRESHOLDS
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table

FIELDS: Mapping[str, str] = {"price": "price", "market_cap": "market cap", "volume": "volume", "supply": "supply"}
"""Fields of a market as a reader calls them."""
YEAR: Mapping[str, str] = {"year": "text"}
"""A year is no count: it has no thousands separator."""
SCHEMES: Mapping[str, str] = {"equal": "in equal parts", "market_cap": "by market cap"}
EFFECTS: Mapping[str, str] = {
    "top_20_bps": "effect on the top 20",
    "total_market_bps": "on the total market",
}


def coverage(frame: pd.DataFrame) -> Table:
    """`coverage_by_year`."""
    shares = [str(name) for name in frame.columns[2:]]
    return Table(
        frame,
        "Coverage by year",
        formats={**YEAR} | dict.fromkeys(shares, "fine percent") | {"assets_a_day": "count"},
        headers={
            "assets": "assets with a price",
            "assets_a_day": "of these on a day, mean",
            "missing": "days missing inside a history",
            "repeated": "closes equal to the day before",
            **{name: f"prices with a {FIELDS.get(name, name)}" for name in shares[2:]},
        },
        note="Missing inside a history: without a price, between an asset's first and last one. Many equal closes are "
        "stale prices, or rows that were filled.",
    )


def lives(frame: pd.DataFrame, *, silent_days: int) -> Table:
    """`lives_by_year`."""
    return Table(
        frame,
        "Births and deaths by year",
        formats={**YEAR} | {"death_rate": "percent"},
        headers={
            "at_start": "alive at the start",
            "born": "first price",
            "died": "fell silent",
            "returned": "came back",
            "at_end": "alive at the end",
            "death_rate": "fell silent, % of those at the start",
        },
        note=f"Silent: without a price for {silent_days} days, counted on the day on which that is known. Whether a "
        "silence is the end of an asset or of the vendor's interest in it, prices do not tell.",
    )


def deaths(frame: pd.DataFrame, *, limit: int = 10) -> Table:
    """`deaths`, the largest first."""
    state = frame["dead"].map({True: "silent", False: "still quoted"})
    return Table(
        frame.assign(state=state)[["state", "first", "last", "highest_share", "last_cap", "from_high", "last_month"]],
        "Assets that ended or collapsed, those that were largest first",
        formats={"highest_share": "fine percent", "last_cap": "usd", "from_high": "percent", "last_month": "change"},
        headers={
            "asset_id": "asset",
            "first": "first price",
            "last": "last price",
            "highest_share": "largest share of the market",
            "last_cap": "last market cap, USD",
            "from_high": "last price against its highest",
            "last_month": "last 30 days",
        },
        note="Still quoted: 99\u00a0% or more below its highest price. A collapse in the last 30 days of a history is "
        "a loss that an index had; an end without one leaves open what holders got.",
        limit=limit,
    )


def survivorship(frame: pd.DataFrame, *, count: int) -> Table:
    """`survivorship_effect`."""
    return Table(
        frame.rename(index=SCHEMES).rename_axis("basket"),
        "Growth a year of all assets, and of the survivors alone",
        formats=dict.fromkeys(("all", "survivors"), "change") | {"difference": "short points", "ratio": "ratio"},
        headers={
            "all": "of all",
            "survivors": "of the survivors",
            "difference": "difference, percentage points a year",
            "ratio": "final level of the survivors over that of all",
        },
        note=f"The {count} largest by the market cap of the day (all, where there are no caps), bought anew each month "
        "without costs; a dead asset at its last price; without prints that went back, and without caps that next to "
        "nobody trades in. Hindsight on purpose: nobody could have known who survives.",
    )


def findings(frame: pd.DataFrame, *, limit: int = 12) -> Table:
    """`DataReview.findings`, the largest effect first."""
    shown = frame.assign(field=_words(frame["field"]))
    return Table(
        shown[["date", "asset_id", "rule", "evidence", "later", *EFFECTS, "at_stake_bps"]].reset_index(drop=True),
        "Doubtful values by what they did to an index",
        formats=dict.fromkeys([*EFFECTS, "at_stake_bps"], "percent of basis points"),
        headers={"asset_id": "asset", "later": "later", "at_stake_bps": "share of all caps", **EFFECTS},
        note="In per cent of the level, or points of a weight; a dash where the rule has no such number. A price: its "
        "weight times its move on that day. A price that came late: the same on the day on which it came. A supply: by "
        "how much the asset's weight would change. Rules look backwards alone; later: what days after said. Both "
        "indices are monthly, by market cap (in equal parts where there are no caps), uncapped and without costs.",
        limit=limit,
    )


def rules(frame: pd.DataFrame) -> Table:
    """`DataReview.counts`."""
    said = {"findings": "times", "confirmed": "later confirmed", "discarded": "later discarded", "open": "still open"}
    return Table(
        frame.assign(field=_words(frame["field"])),
        "Doubtful values by rule",
        headers={name: words for name, words in said.items() if name in frame},
        note="Confirmed: the next value stayed. Discarded: it went back. Ended: a stretch that is over.",
    )


def held_back(frame: pd.DataFrame) -> Table:
    """`farthest` of `effect_of_holding_back`, by yardstick and rule."""
    named = frame.rename_axis(["index", "rule"]).reset_index() if len(frame) else frame.assign(index="", rule="")
    return Table(
        named.assign(index=_words(named["index"]))[["index", "rule", *frame.columns]],
        "What holding back all values that a rule doubts does to the level",
        formats=dict.fromkeys(("most", "last"), "fine change"),
        headers={"most": "largest difference", "day": "on", "last": "difference at the end"},
        note="Each rule by itself. A value is held back on what its own day shows, also where later days confirm it: a "
        "large difference is no proof that the values were wrong. The profile of an import can ask for these rules.",
    )


def sizes(frame: pd.DataFrame) -> Table:
    """`year_ends` of `market_totals`: size and concentration."""
    headers = {
        "assets": "assets with a market cap",
        "market_cap": "market cap, USD",
        "largest_asset": "largest asset",
        "largest": "its share",
        "five_largest": "share of the five largest",
        "ten_largest": "of the ten largest",
        "effective_number": "effective number",
    }
    return Table(
        frame[[*headers]],
        "Size and concentration at the end of each year",
        formats={**YEAR}
        | dict.fromkeys(("largest", "five_largest", "ten_largest"), "percent")
        | {"market_cap": "usd", "effective_number": "ratio"},
        headers=headers,
        note="Effective number: so many equal assets would be as concentrated. A dash: not known in that year.",
    )


def trading(frame: pd.DataFrame) -> Table:
    """`year_ends` of `market_totals`: what is traded."""
    counts = {name: f"assets at USD {format_value(name, 'short')} a day or more" for name in THRESHOLDS}
    return Table(
        frame.rename(columns=counts)[["volume", "turnover", *counts.values()]],
        "Trading at the end of each year",
        formats={**YEAR} | {"volume": "usd", "turnover": "fine percent"} | dict.fromkeys(counts.values(), "count"),
        headers={"volume": "traded on the day, USD", "turnover": "traded on the day, % of market cap"},
        note="Assets by the median of their last 30 days; the rest on the last day of the year on which it is known.",
    )


def pegs(frame: pd.DataFrame) -> Table:
    """`peg_table`."""
    return Table(
        frame,
        "Stablecoins and their pegs, the farthest from it first",
        formats={"median": "fine percent", "worst": "fine change", "now": "fine change"},
        headers={
            "asset_id": "asset",
            "first": "first price",
            "last": "last price",
            "days": "days with a price",
            "median": "distance from 1 USD, median",
            "beyond_1": "days beyond 1\u00a0%",
            "beyond_3": "days beyond 3\u00a0%",
            "longest": "longest run beyond 3\u00a0%, days",
            "worst_day": "on",
            "now": "last",
        },
        note="Assets with the tag stablecoin. The worst distance may be a wrong print: the doubtful values say so.",
    )


def untagged_pegs(frame: pd.DataFrame) -> Table:
    """`pegs_without_tag`."""
    return Table(
        frame,
        "Pegged to one USD by their prices, without the tag",
        headers={
            "asset_id": "asset",
            "first": "first month end",
            "last": "last month end",
            "pegged": "month ends at the peg",
            "judged": "of so many that can be judged",
        },
        note="Each month end as known on it, from 90 days of prices. A rulebook that goes by tags takes these for "
        "assets like any other. Few month ends may be an asset that stood still at 1 USD by chance.",
        limit=10,
    )


def _words(fields: pd.Series) -> pd.Series:
    return fields.replace(FIELDS).str.replace("_", " ")
