"""What a reader of any figure of an index should know: caveats, and which of the rulebook's rules have no effect."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from research.errors import suggest
from research.index.analysis.cautions.level_leaps import Leap, leaps_of_index, ranked, sentence
from research.index.analysis.record import IndexRecord
from research.market import MarketData
from research.point_in_time.pegged_and_wrapped import PEG_DEVIATION, PEG_DISTANCE, dollar_bounds
from research.rulebook.methodology import Methodology


def rules_without_effect(market: MarketData, rules: Methodology) -> list[str]:
    """What the rulebook says that has no effect on this market, in sentences without a full stop."""
    lines, schedule = unknown_tags(market, rules), rules.schedule
    if schedule.leaves_no_room_for_drift:
        lines.append(
            f"drift is never looked for: cool_down_days = {schedule.cool_down_days} and lag_days = {schedule.lag_days} "
            f"cover the time between {schedule.rebalance or schedule.reconstitution} rebalances"
        )
    quarterly = "quarterly" in (schedule.reconstitution, schedule.rebalance)
    if schedule.quarters_start_in != "january" and not quarterly and rules.selection.rule != "information_criterion":
        lines.append(f"quarters_start_in = {schedule.quarters_start_in!r} has no effect: nothing here is quarterly")
    if rules.overlay is not None:
        unknown = [asset for asset in rules.overlay.stable_leg if asset not in market.prices.columns]
        lines += [
            f"stable_leg names {asset!r}, which is not in the market (yet): {suggest(asset, market.prices.columns)}"
            for asset in unknown
        ]
    return lines


def unknown_tags(market: MarketData, rules: Methodology) -> list[str]:
    """What the rulebook says about tags that no asset of the market has ever had."""
    known = set(market.tags["tag"])
    asked = [tag for tag in (*rules.universe.exclude_tags, *rules.universe.include_tags) if tag not in known]
    hint = suggest(asked[0], known) if asked and known else "the snapshot has no tags at all"
    return [f"no asset has the tag {tag!r} that the rulebook names: {hint}" for tag in asked]


def _not_investable(rules: Methodology) -> list[str]:
    """Why nobody could have held the index."""
    lines = []
    if rules.schedule.lag_days == 0:
        lines.append("Not investable: it decides and trades at one and the same close (lag of 0 days).")
    if rules.events.trade_at_carried_prices:
        lines.append(
            "Not investable: a member without a price is bought and sold at its last one, for up to "
            f"{rules.events.carry_days} days."
        )
    return lines


PEG_TAG = ("stablecoin",)
DEAD_TOKEN_FLAG = 0.01
"""Difference in growth a year between the two values of dead tokens above which an output says so."""


def caveats(index: IndexRecord, beside: Iterable[Leap] = ()) -> list[str]:
    """Sentences for the reader, most serious first: what makes figures void, then what moved them, by how much.

    Parameters
    ----------
    beside : iterable of Leap
        `attrs["leaps"]` of the levels that are shown beside the index: theirs are named with the index's own.
    """
    market, rules = index.market, index.methodology
    lines = []
    gone = np.flatnonzero(~(index.level.to_numpy() > 0))
    if len(gone):
        lines.append(f"The level has been zero since {index.dates[gone[0]].date()}: all that was held was written off.")
    if market.manifest.simulated:
        lines.append("SIMULATED data: this market never existed.")
    lines += _not_investable(rules)
    lines += [sentence(leap) for leap in ranked([*leaps_of_index(index), *beside])]
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
    lines += _new_units(index) + _untagged_pegs(index)
    cash = float(index.cash_weight.iloc[-1])
    if cash > 0:
        lines.append(f"{cash:.0%} of the value is held as cash: there is nothing to hold.")
    lines += [f"{line[:1].upper()}{line[1:]}." for line in rules_without_effect(market, rules)]
    kept = sum(decision.kept for decision in index.decision_records)
    if kept:
        lines.append(f"{kept} times the previous composition was kept; the events say when and why.")
    forks = (
        "airdrops and forks" if index.tables.get("forks") is None else "and airdrops and forks other than those given"
    )
    lines.append(f"A price index: taxes, staking income, {forks} are not in it.")
    return lines + list(market.manifest.caveats)


def _new_units(index: IndexRecord) -> list[str]:
    """What was taken for a redenomination of a member without anybody having said so."""
    found = [event for event in index.event_records if event.event == "evident redenomination"]
    if not found:
        return []
    shown = [
        f"{index.source.asset_ids[event.asset]} on {index.source.dates[event.row].date()} ({event.detail})"
        for event in sorted(found, key=lambda event: event.row)[-3:]
    ]
    more = f", and {len(found) - len(shown)} times before" if len(found) > len(shown) else ""
    return [
        "A member's price leapt while the cap stayed, and no table says why: taken for a new unit, its value moved as "
        f"its market cap did: {'; '.join(shown)}{more}. A dilution by issuing would look the same. A line for that "
        "asset and day decides: the true ratio, or 1 and confirmed where the price did move."
    ]


def _untagged_pegs(index: IndexRecord) -> list[str]:
    """Members that were pegged to one dollar when they were chosen or weighted, by price, and have no tag for it."""
    overlay = index.methodology.overlay
    first: dict[str, str] = {}
    for decision in index.decision_records:
        view, members = decision.view, decision.members
        if decision.kept or not len(members):
            continue
        level, moves = dollar_bounds(view, members)
        pegged = (
            (level < PEG_DISTANCE) & (moves < PEG_DEVIATION) & (index.source.tagged(PEG_TAG, view.row)[members] == "")
        )
        for place in np.flatnonzero(pegged).tolist():
            name = str(index.source.asset_ids[members[place]])
            if overlay is None or name not in overlay.stable_leg:
                evidence = f"median distance {level[place]:.2%}, usual daily change {moves[place]:.2%}, over 90 days"
                first.setdefault(name, f"{name} on {view.date.date()} ({evidence})")
    if not first:
        return []
    shown = "; ".join(list(first.values())[:3]) + (f"; and {len(first) - 3} more" if len(first) > 3 else "")
    return [
        f"Members look pegged to one USD, without a tag for it: {shown}. Tag them (`research data label` does), or "
        'exclude them by price with exclude_pegged = ["usd"].'
    ]
