"""What a reader of any figure of an index should know: caveats, and what in a rulebook comes to nothing."""

from __future__ import annotations

import numpy as np

from research.errors import suggest
from research.index.analysis.record import IndexRecord
from research.market import MarketData
from research.rulebook.methodology import Methodology


def idle_rules(market: MarketData, rules: Methodology) -> list[str]:
    """What the rulebook says that comes to nothing on this market, in sentences without a full stop."""
    lines, schedule = unknown_tags(market, rules), rules.schedule
    if schedule.leaves_no_room_for_drift:
        lines.append(
            f"drift is never looked for: cool_down_days = {schedule.cool_down_days} and lag_days = {schedule.lag_days} "
            f"cover the time between {schedule.rebalance or schedule.reconstitution} rebalances"
        )
    if rules.overlay is not None:
        coins = [coin for coin in rules.overlay.stable_leg if coin not in market.prices.columns]
        lines += [
            f"stable_leg names {coin!r}, which is not in the market (yet): {suggest(coin, market.prices.columns)}"
            for coin in coins
        ]
    return lines


def unknown_tags(market: MarketData, rules: Methodology) -> list[str]:
    """What the rulebook says about tags that no asset of the market has ever borne."""
    known = set(market.tags["tag"])
    asked = [tag for tag in (*rules.universe.exclude_tags, *rules.universe.include_tags) if tag not in known]
    hint = suggest(asked[0], known) if asked and known else "the snapshot has no tags at all"
    return [f"no asset bears the tag {tag!r} that the rulebook names: {hint}" for tag in asked]


DEAD_TOKEN_FLAG = 0.01
"""Difference in growth a year between the two values of dead tokens above which an output says so."""


def caveats(index: IndexRecord) -> list[str]:
    """Sentences for the reader, most serious first."""
    market, rules = index.market, index.methodology
    lines = []
    gone = np.flatnonzero(~(index.level.to_numpy() > 0))
    if len(gone):
        lines.append(f"The level has been zero since {index.dates[gone[0]].date()}: all that was held was written off.")
    if market.manifest.simulated:
        lines.append("SIMULATED data: this market never existed.")
    if not index.investable:
        lines.append("Not investable: it decides and trades at one and the same close (lag of 0 days).")
    sensitivity = index.dead_token_sensitivity
    if sensitivity > DEAD_TOKEN_FLAG:
        lines.append(
            "Dead tokens matter: valued at zero instead of at their last price, the index grows "
            f"{100 * sensitivity:.1f} percentage points a year less."
        )
    used = market.tags["tag"].isin({*rules.universe.exclude_tags, *rules.universe.include_tags})
    if rules.weighting.max_group_weight is not None:
        used |= market.tags["tag"].str.startswith(rules.weighting.group_by)
    static = market.tags[market.tags["static"].astype(bool) & used]
    if len(static):
        lines.append(
            f"{len(static)} tags used here ({', '.join(sorted(static['tag'].unique()))}) have no history: today's "
            "classification is applied to the past, which is look-ahead."
        )
    leaps = [event for event in index.event_records if event.event == "leap"]
    if leaps:
        last = sorted(leaps, key=lambda event: event.row)[-1]
        lines.append(
            f"{len(leaps)} times a member's price rose fivefold or more in a day, last "
            f"{index.source.asset_ids[last.asset]} on {index.source.dates[last.row].date()}: a wrong print or a "
            "redenomination that is not in `migrations` looks like that."
        )
    if "cash" in index.weights and index.weights["cash"].iloc[-1] > 0:
        lines.append(f"{index.weights['cash'].iloc[-1]:.0%} of the value is held as cash: there is nothing to hold.")
    lines += [f"{line[:1].upper()}{line[1:]}." for line in idle_rules(market, rules)]
    kept = sum(decision.kept for decision in index.decision_records)
    if kept:
        lines.append(f"{kept} times too few assets were eligible and the previous composition was kept.")
    coins = (
        "airdrops and forks" if index.tables.get("forks") is None else "and airdrops and forks other than those given"
    )
    lines.append(f"A price index: taxes, staking income, {coins} are not in it.")
    return lines + list(market.manifest.caveats)
