"""Sentences of the market review: what was found, in words. Numbers come in computed; nothing is computed here.

Titles of figures are plain text; what goes through `show_text` is Markdown, in which foreign names are escaped.
"""

from __future__ import annotations

import pandas as pd

from research.evaluation.market_structure import THRESHOLDS
from research.index.market_review import MarketReview
from research.reporting.market.tables import EFFECTS, FIELDS, SCHEMES
from research.reporting.presentation.formats import escape_markdown, format_value
from research.reporting.presentation.texts import markdown_list

LARGE = 100.0
"""Basis points of an effect that a reader has to know of."""
NO_CAPS = "this market has no market caps"
NO_VOLUMES = "this market has no volumes"
NO_STABLECOINS = "no asset has the tag stablecoin"
NO_INDEX = "no index can be built from this market"
NO_EFFECT = "no doubtful value moved an index"
TOO_FEW = "there are too few assets, or days"
LINES = {
    "above_50": "above their average of 50 days",
    "above_200": "above their average of 200 days",
    "net_advances": "rising less falling",
}
"""Columns of `breadth` in words."""


def verdict(facts: MarketReview) -> dict[str, str]:
    """The strip: what the market is, how much of it there is, and how much of it is doubtful."""
    manifest, days = facts.market.manifest, facts.market.dates
    return {
        "Market": manifest.name,
        "Simulated": format_value(manifest.simulated, "text"),
        "Assets": _count(facts.market.prices.shape[1]),
        "Alive at the end": _count(facts.lives["alive"].iloc[-1]),
        "From": format_value(days[0], "date"),
        "To": format_value(days[-1], "date"),
        "Days": _count(len(days)),
        "Doubtful values": _count(len(facts.doubts.findings)),
        "Of these, above 1\u00a0%": _count(len(_large(facts.doubts.findings))),
    }


def first_look(facts: MarketReview) -> str:
    """Three things to know before believing an index made from this market, and what the snapshot says of itself."""
    lines = [
        f"**Who is missing.** {_missing(facts)}",
        f"**What it is made of.** {escape_markdown(dominance(facts))}. {tradable(facts)}.",
        f"**What is doubtful.** {_doubtful(facts)}",
    ]
    own = [f"*The snapshot says:* {escape_markdown(text)}" for text in facts.market.manifest.caveats]
    return markdown_list([*lines, *own])


def _missing(facts: MarketReview) -> str:
    """Whether the market keeps its dead, and what forgetting them would add."""
    assets, dead = _count(facts.market.prices.shape[1]), facts.deaths["dead"]
    collapsed = _worthless(len(dead[~dead]))
    if not dead.any():
        return (
            f"None of the {assets} assets ever ends: it may be a file of those that were there when it was made. What "
            f"an index would have lost with the others, it cannot show.{collapsed}"
        )
    added = " and ".join(
        f"{format_value(row['difference'], 'points')} points a year {SCHEMES[str(scheme)]}"
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
    missing = "".join(
        f" The {_yardstick(name)} cannot be built: {escape_markdown(reason)}"
        for name, reason in indices.items()
        if isinstance(reason, str)
    )
    if found.empty:
        return f"No rule finds a doubtful value.{missing}"
    first = found.iloc[0]
    did = [
        f"{format_value(first[name], 'count')} basis points of the {_yardstick(name)}"
        for name in EFFECTS
        if pd.notna(first[name])
    ]
    large = _count(len(_large(found)))
    return (
        f"{_count(len(found))} values; {large} of them moved a level, or a weight, by more than 1\u00a0%. The first of "
        f"them: {escape_markdown(first['asset_id'])} on {format_value(first['date'], 'date')}, "
        f"{escape_markdown(first['evidence'])}{': ' if did else ''}{', '.join(did)}.{missing}"
    )


def effects(facts: MarketReview) -> str:
    """Title of the bars of the largest effects."""
    if facts.effects.empty:
        return "No doubtful value moved an index"
    size = format_value(facts.effects["effect"].iloc[0], "fine change")
    return f"{facts.effects.index[0]}: {size} of an index"


def held_back(facts: MarketReview) -> str:
    """Title of the levels with jumps held back."""
    if facts.held_back.empty:
        return "No index can be built"
    last = facts.held_back.iloc[-1]
    return "; ".join(f"{name} {format_value(value, 'number')}" for name, value in last.items())


def coverage(facts: MarketReview) -> str:
    """Title of the figure of coverage."""
    frame = facts.coverage
    first, last = frame["price"].iloc[0], frame["price"].iloc[-1]
    lacking = [f"no {FIELDS[str(name)]}s" for name in frame.columns if not frame[name].any()]
    return "; ".join([f"{_count(first)} assets on the first day, {_count(last)} on the last", *lacking])


def lives(facts: MarketReview) -> str:
    """Title of the figure of births and deaths."""
    dead, assets = facts.deaths["dead"], _count(facts.market.prices.shape[1])
    return (
        f"{_count(len(dead[dead]))} of {assets} assets had ended by the last day" if dead.any() else "Nobody ever ends"
    )


def survivorship(facts: MarketReview) -> str:
    """Title of the figure of survivorship."""
    if facts.survivorship.empty:
        return "Too short to say what survivorship does"
    scheme, size = facts.survivorship.index[0], facts.survivorship["difference"].iloc[0]
    if not size:
        return "Nobody ended, so the survivors are all there is"
    return f"Survivors {SCHEMES[str(scheme)]} grow by {format_value(size, 'points')} points a year more than all"


def dominance(facts: MarketReview) -> str:
    """Title of the figure of shares: how much of the market is its largest asset."""
    known = facts.totals.dropna(subset=["largest"])
    if known.empty:
        return "Dominance is not known, for this market has no market caps"
    last = known.iloc[-1]
    return (
        f"{last['largest_asset']} is {format_value(last['largest'], 'percent')} of the market cap, which is as "
        f"concentrated as {format_value(last['effective_number'], 'ratio')} equal assets"
    )


def tradable(facts: MarketReview) -> str:
    """Title of the figure of liquidity: how many assets trade enough."""
    known = facts.totals[[*THRESHOLDS]].dropna()
    if known.empty:
        return "What can be traded is not known, for this market has no volumes"
    said = [f"{_count(known[least].iloc[-1])} trade USD {format_value(least, 'usd')}" for least in THRESHOLDS]
    return f"{', '.join(said)} a day or more"


def breadth(facts: MarketReview) -> str:
    """Title of the figure of breadth."""
    known = facts.breadth["above_200"].dropna()
    if known.empty:
        return "Breadth is not known"
    return f"{format_value(known.iloc[-1], 'percent')} of the assets are above their average of 200 days"


def pegs(facts: MarketReview) -> str:
    """Title of the figure of pegs."""
    table = facts.pegs
    if table.empty:
        return "Stablecoins are not known"
    off = _count(len(table[table["beyond_3"] > 0]))
    farthest = f"{table.index[0]} by {format_value(table['worst'].iloc[0], 'change')}"
    return f"{off} of {_count(len(table))} stablecoins were once more than 3\u00a0% off: {farthest} at the worst"


def _large(found: pd.DataFrame) -> pd.DataFrame:
    first, second = ((found[name] > LARGE) | (found[name] < -LARGE) for name in EFFECTS)
    return found[first | second]


def _yardstick(name: str) -> str:
    return name.removesuffix("_bps").replace("_", " ")


def _count(value: float) -> str:
    return format_value(value, "count")
