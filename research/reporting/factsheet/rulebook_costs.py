"""A rulebook's costs, and what happens to a member without a price, in words: parts of `rulebook_text.py`."""

from __future__ import annotations

from research.reporting.factsheet.sentences import Sentences, percent, usd
from research.rulebook import Costs, Events


def charged(costs: Costs) -> str:
    """What a trade costs."""
    spread = costs.half_spread_bps
    if spread == "by_rank":
        tiers = [
            f"{bps:g} down to rank {rank}"
            for rank, bps in zip(costs.spread_tier_ranks, costs.spread_tier_bps, strict=False)
        ]
        words = f"half of a spread by rank of market cap ({', '.join(tiers)}, {costs.spread_tier_bps[-1]:g} beyond)"
    elif spread == "estimated":
        estimator, days = costs.spread_estimator.replace("_", " "), costs.spread_window_days
        words = f"half of the spread that the estimator {estimator} finds in the last {days} days"
    else:
        words = f"{spread:g} of half spread"
    nothing = costs.is_flat and costs.rate == 0
    return (
        "Not charged: the level is before costs."
        if nothing
        else (f"{costs.fee_bps:g} basis points of fee and {words}, on all that is bought or sold.")
    )


COSTS_HEAD = """
    fee_bps half_spread_bps spread_tier_ranks spread_tier_bps spread_estimator spread_window_days
    assets_under_management"""
COSTS: Sentences = {
    "impact_coefficient": lambda c: (
        f"Market impact by the square-root law with coefficient {c.impact_coefficient:g}, at "
        f"{usd(c.assets_under_management)} under management."
    ),
}


def carried(events: Events) -> str:
    """What happens while a price is missing."""
    return (
        f"Carried for {events.carry_days} days, then suspended; a member without a price for more than "
        f"{events.remove_after_days} days is removed at {percent(1 - events.removal_haircut)} of its last price, and "
        "not replaced before the next choice of members."
    )


UNITS = {
    "evident": "A fivefold leap of a price while its cap stays counts as a new unit: the holding moves as its cap.",
    "given": "A unit changes where a table of migrations says so, whatever price and market cap show.",
}
EVENTS_HEAD = "carry_days remove_after_days removal_haircut redenominations"
EVENTS: Sentences = {
    "outlier_jump": lambda e: (
        f"A print whose log is further than {e.outlier_jump:g} from the last one waits until the next one confirms it."
    ),
    "trade_at_carried_prices": lambda _: "Members are bought and sold at carried prices, too: **not investable**.",
    "freed_weight": lambda e: f"The value of a removed member goes to the {e.freed_weight} leg.",
}
