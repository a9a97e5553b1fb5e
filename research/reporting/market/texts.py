"""Sentences of the market review: what was found, in words. Numbers come in computed; nothing is computed here.

Findings above figures are plain text; what goes through `show_text` is Markdown, in which foreign names are escaped.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.evaluation.market_structure import THRESHOLDS
from research.index.whole_market.market_review import MarketReview
from research.reporting.market.tables import EFFECTS, FIELDS, SCHEMES
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import bullets, markdown_list

SHARE = "percent of basis points"
LARGE = 100.0
"""Basis points of an effect that a reader has to know of."""
CAPTIONS: Mapping[str, Mapping[str, str]] = {
    "effects": {
        "title": "What single findings did to an index",
        "caption": "Each bar is one finding, on the index that it moved more.",
    },
    "held_back": {
        "title": "The level without doubtful values",
        "caption": "Level with the values held back against the level as printed, without costs.",
    },
    "coverage": {
        "title": "Assets with a value, by field",
        "caption": "A line that falls while the others do not is a field that is missing.",
    },
    "lives": {
        "title": "Births and deaths by year",
        "caption": "By calendar year; assets that are there on the first day count as born on it.",
    },
    "survivorship": {
        "title": "Baskets of all, and of the survivors",
        "caption": "Bought anew each month, without costs. Equal distances up the axis are equal returns.",
    },
    "dominance": {
        "title": "Shares of the market cap",
        "caption": "The assets with the largest mean share by name, the others together.",
    },
    "tradable": {
        "title": "Assets that trade enough",
        "caption": "How many assets have a median volume of 30 days at or above each amount.",
    },
    "breadth": {
        "title": "Share of assets that rise",
        "caption": "Rising less falling: of all assets with a price on both days, as a mean of 30 days.",
    },
    "pegs": {
        "title": "Distances from the peg",
        "caption": "Distance of the close from 1 USD, of those that were once farthest; the band is 1 % on either "
        "side.",
    },
}
"""Title and caption of each figure: keywords of `show_figure`. What it found is said by the function of its name."""
NO_CAPS = "this market has no market caps"
NO_VOLUMES = "this market has no volumes"
NO_STABLECOINS = "no asset has the tag stablecoin"
NO_INDEX = "no index can be built from this market"
NO_EFFECT = "no doubtful value moved an index"


def verdict(facts: MarketReview) -> dict[str, str]:
    """The strip: what the market is, how much of it there is, and how much of it is doubtful."""
    days = facts.market.dates
    return {
        "Simulated": format_value(facts.market.manifest.simulated, "text"),
        "Assets": _count(facts.market.prices.shape[1]),
        "Alive at the end": _count(facts.lives["alive"].iloc[-1]),
        "From": format_value(days[0], "date"),
        "To": format_value(days[-1], "date"),
        "Days": _count(len(days)),
        "Doubtful values": _count(len(facts.doubts.findings)),
        "Of these over 1\u00a0%": _count(len(_large(facts.doubts.findings))),
    }


def first_look(facts: MarketReview) -> str:
    """What the market is, and three things to know before believing an index made from it."""
    manifest = facts.market.manifest
    lines = [
        f"**Who is missing.** {_missing(facts)}",
        f"**What it is made of.** {escape_markdown(dominance(facts))}.{_false_caps(facts)} {tradable(facts)}.",
        f"**What is doubtful.** {_doubtful(facts)}",
    ]
    return f"**{escape_markdown(manifest.name)}**, from {escape_markdown(manifest.source)}.\n\n{markdown_list(lines)}"


def caveats(facts: MarketReview) -> str:
    """What the snapshot says of itself."""
    own = facts.market.manifest.caveats
    return f"What the snapshot says of itself:\n\n{bullets(own)}" if own else "The snapshot says nothing of itself."


def _false_caps(facts: MarketReview) -> str:
    """Assets whose cap is in doubt and a large part of all caps, the largest first."""
    found = facts.doubts.findings
    doubtful = found[(found["rule"] == "thin cap") & (found["at_stake_bps"] > LARGE)].sort_values(
        "at_stake_bps", ascending=False
    )
    first = doubtful.drop_duplicates("asset_id").head(3)
    said = [
        f"{escape_markdown(row.asset_id)} ({format_value(row.at_stake_bps, SHARE)} of all caps on "
        f"{format_value(row.date, 'date')})"
        for row in first.itertuples()
    ]
    return f" Next to nobody trades in {', '.join(said)}: such caps are in doubt." if said else ""


def _missing(facts: MarketReview) -> str:
    """Whether the market keeps its dead, and what forgetting them would add."""
    assets, dead = _count(facts.market.prices.shape[1]), facts.deaths["dead"]
    collapsed = _worthless(len(dead[~dead]))
    if not dead.any():
        return (
            f"Not one of the {assets} assets ever ends: it may be a file of those that were there when it was made. "
            f"What an index would have lost with the others, it cannot show.{collapsed}"
        )
    added = " and ".join(
        f"{format_value(row['difference'], 'short points')} points a year {SCHEMES[str(scheme)]}"
        for scheme, row in facts.survivorship.iterrows()
    )
    told = f" A file of the survivors alone adds {added} to the growth of the largest assets." if added else ""
    return f"{_count(len(dead[dead]))} of {assets} assets had ended by the last day.{collapsed}{told}"


def _worthless(number: int) -> str:
    if not number:
        return ""
    verb = "is" if number == 1 else "are"
    return f" Still quoted at 99\u00a0% or more below the highest price {verb} {_count(number)}."


def _doubtful(facts: MarketReview) -> str:
    """How many values are doubtful, and what the worst of them did."""
    found, indices = facts.doubts.findings, facts.doubts.indices
    reasons = [reason for reason in indices.values() if isinstance(reason, str)]
    missing = f" What they do cannot be measured: {escape_markdown(reasons[0])}" if reasons else ""
    if found.empty:
        return "No rule finds a doubtful value."
    first = found.iloc[0]
    evidence = escape_markdown(first["evidence"].rstrip(".?"))
    did = " and ".join(
        f"{format_value(first[name], SHARE)} to the {_yardstick(name)}" for name in EFFECTS if pd.notna(first[name])
    )
    large = f" {_count(len(_large(found)))} of them moved a level, or a weight, by more than 1\u00a0%." if did else ""
    return (
        f"{_count(len(found))} values.{large} The first: {escape_markdown(first['asset_id'])} on "
        f"{format_value(first['date'], 'date')}, {evidence}.{f' It did {did}.' if did else ''}{missing}"
    )


def effects(facts: MarketReview) -> str:
    """Title of the bars of the largest effects."""
    if facts.effects.empty:
        return "No doubtful value moved an index"
    size = format_value(facts.effects["effect"].iloc[0], "fine change")
    return f"Largest effect on a level or a weight: {facts.effects.index[0]}, {size}"


def held_back(facts: MarketReview) -> str:
    """Title of what holding values back does to the first yardstick, which is the one that is drawn."""
    table = facts.held_back_most
    if table.empty:
        return "No index can be built, or no rule doubts a value"
    name = table.index.get_level_values(0)[0]
    said = [f"{rule} {format_value(row['most'], 'fine change')}" for rule, row in table.xs(name).iterrows()]
    return f"Largest difference of the {_yardstick(str(name))} without the values of a rule: {', '.join(said)}"


def coverage(facts: MarketReview) -> str:
    """What was found, of the figure of coverage."""
    frame = facts.coverage
    first, last = frame["price"].iloc[0], frame["price"].iloc[-1]
    lacking = [f"no {FIELDS[str(name)]}s" for name in frame.columns if not frame[name].any()]
    return "; ".join([f"{_count(first)} assets on the first day, {_count(last)} on the last", *lacking])


def lives(facts: MarketReview) -> str:
    """What was found, of the figure of births and deaths."""
    dead, assets = facts.deaths["dead"], _count(facts.market.prices.shape[1])
    return (
        f"{_count(len(dead[dead]))} of {assets} assets had ended by the last day" if dead.any() else "Nobody ever ends"
    )


def survivorship(facts: MarketReview) -> str:
    """What was found, of the figure of survivorship."""
    if facts.survivorship.empty:
        return "Too short to say what survivorship does"
    scheme, size = facts.survivorship.index[0], facts.survivorship["difference"].iloc[0]
    if not size:
        return "Nobody ended, so the survivors are all there is"
    return f"Survivors {SCHEMES[str(scheme)]} grow by {format_value(size, 'short points')} points a year more than all"


def dominance(facts: MarketReview) -> str:
    """What was found, of the figure of shares: how much of the market is its largest asset."""
    known = facts.totals.dropna(subset=["largest"])
    if known.empty:
        return "Dominance is not known, for this market has no market caps"
    last = known.iloc[-1]
    return (
        f"{last['largest_asset']} is {format_value(last['largest'], 'percent')} of the market cap, which is as "
        f"concentrated as {format_value(last['effective_number'], 'ratio')} equal assets"
    )


def tradable(facts: MarketReview) -> str:
    """What was found, of the figure of liquidity: how many assets trade enough."""
    known = facts.totals[[*THRESHOLDS]].dropna()
    if known.empty:
        return "What can be traded is not known, for this market has no volumes"
    least, *more = (f"{_count(known[size].iloc[-1])} trade USD {format_value(size, 'short')}" for size in THRESHOLDS)
    return f"Of the assets {least} a day or more, {' and '.join(more)}"


def breadth(facts: MarketReview) -> str:
    """What was found, of the figure of breadth."""
    known = facts.breadth["above_200"].dropna()
    if known.empty:
        return "Breadth is not known"
    return f"{format_value(known.iloc[-1], 'percent')} of the assets are above their average of 200 days"


def pegs(facts: MarketReview) -> str:
    """What was found, of the figure of pegs."""
    table = facts.pegs
    untagged = (
        f"{_count(len(facts.untagged_pegs))} more look pegged" if len(facts.untagged_pegs) else "none looks pegged"
    )
    if table.empty:
        return f"No asset has the tag stablecoin; {untagged.replace(' more', '')}"
    off, worst = _count(len(table[table["beyond_3"] > 0])), format_value(table["worst"].iloc[0], "change")
    share = f"{off} of {_count(len(table))} stablecoins were once more than 3\u00a0% off"
    return f"{share}, {table.index[0]} by {worst} at the worst; {untagged} without the tag"


def _large(found: pd.DataFrame) -> pd.DataFrame:
    first, second = ((found[name] > LARGE) | (found[name] < -LARGE) for name in EFFECTS)
    return found[first | second]


def _yardstick(name: str) -> str:
    return name.removesuffix("_bps").replace("_", " ")


def _count(value: float) -> str:
    return format_value(value, "count")
