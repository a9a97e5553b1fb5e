"""Tables of the market review. Everything shown is computed in `research.evaluation.market_structure` and `index`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.evaluation.market_structure import THRESHOLDS
from research.reporting.presentation.formats import format_value
from research.reporting.presentation.table import Table

FIELDS: Mapping[str, str] = {"price": "price", "market_cap": "market cap", "volume": "volume", "supply": "supply"}
"""Fields of a market as a reader calls them."""
SCHEMES: Mapping[str, str] = {"equal": "in equal parts", "market_cap": "by market cap"}
EFFECTS: Mapping[str, str] = {
    "top_20_bps": "effect on a top 20, bp",
    "total_market_bps": "effect on the total market, bp",
}


def coverage(frame: pd.DataFrame) -> Table:
    """`coverage_by_year`."""
    shares = [str(name) for name in frame.columns[2:]]
    return Table(
        frame,
        "Coverage by year",
        formats=dict.fromkeys(shares, "fine percent") | {"assets_a_day": "count"},
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
        formats={"death_rate": "percent"},
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
        note="Still quoted: 99\u00a0% or more below its highest price. A collapse in the last 30 days of a history is a "
        "loss that an index had; an end without one leaves open what holders got.",
        limit=limit,
    )


def survivorship(frame: pd.DataFrame, *, count: int) -> Table:
    """`survivorship_effect`."""
    return Table(
        frame.rename(index=SCHEMES).rename_axis("basket"),
        "Growth a year of all assets, and of the survivors alone",
        formats=dict.fromkeys(("all", "survivors"), "change") | {"difference": "points", "ratio": "ratio"},
        headers={
            "all": "of all",
            "survivors": "of the survivors",
            "difference": "difference, percentage points a year",
            "ratio": "final level of the survivors over that of all",
        },
        note=f"The {count} largest by the market cap of the day (all, where there are no caps), bought anew each month "
        "without costs; a dead asset at its last price. Hindsight on purpose: nobody could have known who survives.",
    )


def findings(frame: pd.DataFrame, *, limit: int = 12) -> Table:
    """`DataReview.findings`, the largest effect first."""
    shown = frame.assign(field=frame["field"].replace(FIELDS).str.replace("_", " "))
    return Table(
        shown[["date", "asset_id", "rule", "evidence", "later", "later_date", *EFFECTS]].reset_index(drop=True),
        "Doubtful values by what they did to an index",
        formats=dict.fromkeys(EFFECTS, "count"),
        headers={"asset_id": "asset", "later": "later days", "later_date": "on", **EFFECTS},
        note="bp: basis points, hundredths of a per cent of the level; a dash where the rule has no such number. A price: "
        "weight times its move on that day. A price that came late: the same on the day on which it came. A supply: by "
        "how much the asset's weight would change. Rules look backwards alone; what later days said is beside them. "
        "Both indices are monthly, by market cap (in equal parts where there are no caps), uncapped and without costs.",
        limit=limit,
    )


def rules(frame: pd.DataFrame) -> Table:
    """`DataReview.counts`."""
    return Table(
        frame.assign(field=frame["field"].replace(FIELDS).str.replace("_", " ")),
        "Doubtful values by rule",
        headers={
            "findings": "times",
            "confirmed": "later confirmed",
            "discarded": "later discarded",
            "open": "still open",
        },
        note="Confirmed: the next value stayed. Discarded: it went back. Ended: a stretch that is over.",
    )


def year_ends(frame: pd.DataFrame) -> Table:
    """`year_ends` of `market_totals`."""
    counts = {name: f"assets that trade USD {format_value(name, 'usd')} a day" for name in THRESHOLDS}
    headers = {
        "largest_asset": "largest asset",
        "largest": "its share",
        "ten_largest": "share of the ten largest",
        "effective_number": "effective number",
        "market_cap": "market cap, USD",
        "volume": "traded a day, USD",
        "turnover": "traded a day, % of market cap",
    }
    return Table(
        frame.rename(columns=counts)[["assets", *headers, *counts.values()]],
        "The market at the end of each year",
        formats=dict.fromkeys(("largest", "ten_largest"), "percent")
        | dict.fromkeys(("market_cap", "volume"), "usd")
        | {"turnover": "fine percent", "effective_number": "ratio"}
        | dict.fromkeys(["assets", *counts.values()], "count"),
        headers=headers | {"assets": "assets with a market cap"},
        note="Effective number: so many equal assets would be as concentrated. Assets that trade so much: by the median "
        "of 30 days. Reported volume overstates what can be traded. A dash: not known in that year.",
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
