"""A methodology in words, complete: a field that nobody has words for is printed as it stands, never left out.

Each section opens with a sentence that tells the fields named in its `..._HEAD`; each further field that is not at its
default has a sentence of its own. The engine's rules are in `research.index`; here they are only told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from research.index import Methodology
from research.reporting.presentation.formats import escape_markdown, format_value
from research.rulebook import Costs, Events, Overlay, Schedule, Selection, Universe, Weighting
from research.rulebook.measure_names import Measure

Sentences = Mapping[str, Callable[[Any], str]]

_OFTEN = {"daily": "every day", "weekly": "every week", "monthly": "every month", "quarterly": "every quarter"} | {
    "yearly": "every year",
    "never": "once",
}


def rulebook_text(rules: Methodology) -> str:
    """A Markdown list with one item per section, in the order in which the rules are applied."""
    selection, weighting, overlay = rules.selection, rules.weighting, rules.overlay
    fewest = f"With fewer than {rules.min_count} to weight, the previous members are kept."
    parts = {
        "Purpose": [escape_markdown(rules.description), escape_markdown(rules.source)],
        "Universe": told(rules.universe, _UNIVERSE_HEAD, _UNIVERSE) or ["No screen but a price on the day."],
        "Selection": [_chosen(selection), *told(selection, _SELECTION_HEAD, _SELECTION), fewest],
        "Weighting": [
            _weighted(weighting),
            *told(weighting, _WEIGHTING_HEAD, _WEIGHTING),
            "One that cannot be weighted on the day keeps its units. Between trades they drift.",
        ],
        "Overlay": [_overlaid(overlay), *told(overlay, _OVERLAY_HEAD, _OVERLAY)] if overlay else [],
        "Schedule": [_scheduled(rules.schedule), *told(rules.schedule, _SCHEDULE_HEAD, _SCHEDULE)],
        "Costs": [_cost(rules.costs), *told(rules.costs, _COSTS_HEAD, _COSTS)],
        "Missing prices": [_carried(rules.events), *told(rules.events, _EVENTS_HEAD, _EVENTS)],
        "Base": [_base(rules)],
    }
    return "\n".join(f"- **{name}.** {' '.join(filter(None, part))}" for name, part in parts.items() if any(part))


def _base(rules: Methodology) -> str:
    count = rules.start_count
    enough = f"{count} member{'s' if count > 1 else ''} can be weighted"
    day = rules.base_date or "the first effective day of the calendar"
    only = " Nothing is decided between the first decision and its effective day." if rules.schedule.lag_days else ""
    return f"{rules.base_value:,g} on {day}, given that {enough}.{only}"


def told(section: Any, head: str, sentences: Sentences) -> list[str]:
    """One sentence for each field of `section` that differs from its default and that `head` does not name."""
    named = head.split()
    changed = [
        field.name
        for field in fields(section)
        if field.name not in named and getattr(section, field.name) != _default(field)
    ]
    return [
        sentences[name](section) if name in sentences else f"`{name}` = {escape_markdown(getattr(section, name))}."
        for name in changed
    ]


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _percent(share: float) -> str:
    return format_value(share, "short percent")


def _usd(value: float) -> str:
    return f"USD {format_value(value, 'usd').replace('.0', '')}"


def _either(names: tuple[str, ...]) -> str:
    *others, last = map(escape_markdown, names)
    return f"{', '.join(others)} or {last}" if others else last


def _valid_share(universe: Universe) -> str:
    month = universe.valid_share_window == "month"
    days = "the days of the month" if month else f"the last {universe.valid_share_window} days"
    what = "a price and a market cap" if universe.valid_share_needs_cap else "a price"
    return f"{what.capitalize()} on at least {_percent(universe.min_valid_share or 0)} of {days}."


def _copies(universe: Universe) -> str:
    originals = universe.exclude_copies_of
    which = f"one of the {originals} largest" if isinstance(originals, int) else _either(originals)
    return f"Nothing whose returns are those of {which} (wrapped and staked copies, found by price)."


def _turnover(universe: Universe) -> str:
    low, high = universe.turnover_band or (0.0, 0.0)
    return (
        f"A median daily traded value between {_percent(low)} and {_percent(high)} of the market cap (less marks a "
        "supply that is not there, more wash trading)."
    )


_UNIVERSE_HEAD = "valid_share_window valid_share_needs_cap"  # told with min_valid_share
_UNIVERSE: Sentences = {
    "include_tags": lambda u: f"Only assets tagged {_either(u.include_tags)}.",
    "exclude_tags": lambda u: f"No asset tagged {_either(u.exclude_tags)}.",
    "min_history_days": lambda u: f"A first price at least {u.min_history_days} days ago.",
    "min_valid_share": _valid_share,
    "min_market_cap": lambda u: f"A market cap of at least {_usd(u.min_market_cap)}.",
    "min_volume": lambda u: f"A median traded value of at least {_usd(u.min_volume)} a day over 30 days.",
    "min_volume_quantile": lambda u: (
        f"A mean traded value over 30 days that reaches the {_percent(u.min_volume_quantile)} quantile of all assets."
    ),
    "turnover_band": _turnover,
    "max_stale_days": lambda u: f"At most {u.max_stale_days} identical closes in a row.",
    "max_supply_jump": lambda u: (
        f"No change of the log of the supply by more than {u.max_supply_jump:g} a day within the last seven days."
    ),
    "exclude_pegged": lambda u: f"No price that is pegged to {_either(u.exclude_pegged)}, as found by price.",
    "exclude_copies_of": _copies,
    "incumbent_relief": lambda u: (
        f"For members already in, limits of cap, volume and turnover are relaxed by the factor {u.incumbent_relief:g}."
    ),
}


def _chosen(selection: Selection) -> str:
    by = escape_markdown(Measure.parse(selection.rank_by, "rank_by").words)
    heads = {
        "largest": f"The {selection.count} largest by {by}.",
        "top_by": f"The {selection.count} with the {selection.order} {by}.",
        "votes": f"Up to {selection.count} with the most votes ({selection.power} power): quorum "
        f"{_percent(selection.quorum)} of all power, approval {_percent(selection.approval)}, "
        f"{selection.voting_days} days to vote.",
        "coverage": f"The fewest that cover {_percent(selection.coverage or 0)} of all eligible by {by}.",
        "information_criterion": f"As many of the largest by {by} as the criterion {selection.criterion.upper()} "
        f"calls for: {selection.first_count}, or more in steps of {selection.step} ({selection.evaluation}, "
        f"{selection.optimum} optimum).",
        "all": "Every eligible asset.",
    }
    entry, leave = selection.buffer
    buffer = f" Ranked {entry} or better, an asset enters; a member stays until it falls below rank {leave}."
    return heads[selection.rule] + (buffer if entry != leave else "")


_SELECTION_HEAD = """
    rule count entry_rank exit_rank rank_by min_count order coverage criterion evaluation optimum first_count step power
    quorum approval voting_days"""
_SELECTION: Sentences = {
    "max_count": lambda s: f"At most {s.max_count}.",
    "coverage_floor": lambda s: f"Chosen anew only when those in cover less than {_percent(s.coverage_floor)}.",
    "power_cap": lambda s: f"No holder counts for more than {_percent(s.power_cap)} of all power.",
}


def _weighted(weighting: Weighting) -> str:
    size = escape_markdown(Measure.parse(weighting.size_by or "market_cap", "size_by").words)
    days, needed = weighting.window
    window = f"of the last {days} days (at least {needed} returns)"
    root = f"the square root of the {size}"
    power = f"the {size}" if weighting.power is None else f"the {size} to the power of {weighting.power:g}"
    heads = {
        "market_cap": f"in proportion to {power}",
        "sqrt_market_cap": f"in proportion to {root}",
        "liquidity_mix": f"{_percent(1 - weighting.liquidity_share)} in proportion to {root} and "
        f"{_percent(weighting.liquidity_share)} to the traded value",
        "equal": "equally",
        "inverse_volatility": f"in inverse proportion to the volatility {window}",
        "inverse_variance": f"in inverse proportion to the variance {window}",
        "risk_parity": f"so that each contributes the same share of the basket's variance {window}",
        "sharpe": f"in proportion to the shrunk Sharpe ratio {window}, where it is above zero",
        "votes": "in proportion to their votes",
        "signal": f"in proportion to their signal's score, at most {weighting.signal_days} days old",
    }
    return f"Members are weighted {heads[weighting.scheme]}."


_WEIGHTING_HEAD = """
    scheme size_by power liquidity_share lookback_days min_observations max_signal_age_days group_by"""
_WEIGHTING: Sentences = {
    "supply_factor": lambda w: f"Sizes are times the column {escape_markdown(w.supply_factor)} of the snapshot.",
    "fallback": lambda w: f"Where no member has a score above zero: {w.fallback.replace('_', ' ')}.",
    "max_weight": lambda w: f"At most {_percent(w.max_weight)} each.",
    "max_weight_by_rank": lambda w: (
        f"At most {', '.join(map(_percent, w.max_weight_by_rank))} by rank of size, the last for all further ones."
    ),
    "max_group_weight": lambda w: (
        f"At most {_percent(w.max_group_weight)} for all that share a {escape_markdown(w.group_by)}… tag."
    ),
    "min_weight": lambda w: f"At least {_percent(w.min_weight)} each.",
    "infeasible": lambda w: f"Where the bounds leave no room: {w.infeasible.replace('_', ' ')}.",
}


def _overlaid(overlay: Overlay) -> str:
    stable = _either(overlay.stable_leg)
    freed = (
        f"What is freed goes to {stable}, at its market price"
        if overlay.mode == "to_stable"
        else f"What is freed is spread over the others, and goes to {stable} only when nothing is left"
    )
    scaled = (
        f"Weights are times {overlay.bullish:g} for a bullish, {overlay.neutral:g} for a neutral and "
        f"{overlay.bearish:g} for a bearish signal; one older than {overlay.max_signal_age_days} days is neutral. "
    )
    return (
        f"{scaled if overlay.signals else ''}{freed}. A member that stays is not traded for a change below "
        f"{_percent(overlay.min_trade)}: what that leaves over is the stable leg's where it has a target, else the "
        "other members'. "
        f"A stablecoin more than {_percent(overlay.depeg_limit)} off 1 USD, or more than "
        f"{_percent(overlay.depeg_warning)} for {overlay.depeg_days} days, is exchanged for the next."
    )


_OVERLAY_HEAD = """
    stable_leg signals bullish neutral bearish max_signal_age_days mode min_trade depeg_warning depeg_limit depeg_days
    max_exposure exposure_step"""
_OVERLAY: Sentences = {
    "max_turnover": lambda o: f"No more than {_percent(o.max_turnover)} is turned over in seven days.",
    "volatility_target": lambda o: (
        f"The members together get the share that aims at {_percent(o.volatility_target)} volatility a year, at most "
        f"{_percent(o.max_exposure)}, changed in steps of {_percent(o.exposure_step)} or more."
    ),
}


def _scheduled(schedule: Schedule) -> str:
    choose = _OFTEN[schedule.reconstitution]
    weigh = _OFTEN[schedule.rebalance or schedule.reconstitution]
    weekly = "weekly" in (schedule.reconstitution, schedule.rebalance)
    often = f"chosen {choose} and weighted anew {weigh}" if weigh != choose else f"chosen and weighted anew {choose}"
    day = f", on {schedule.weekday.capitalize()}s" if weekly else ""
    later = f"{schedule.lag_days} day{'s' if schedule.lag_days > 1 else ''} later, at that day's prices"
    traded = f"traded {later}" if schedule.lag_days else "traded at the very same close: **not investable**"
    drift = _drift(schedule) if schedule.watches_drift else ""
    return f"Members are {often}{day}. What is decided at one close is {traded}.{drift}"


def _drift(schedule: Schedule) -> str:
    bands = [
        f"by {_percent(schedule.drift_absolute)} of the index" if schedule.drift_absolute else "",
        f"by {_percent(schedule.drift_relative)} of itself" if schedule.drift_relative else "",
    ]
    band = " and ".join(text for text in bands if text)
    calls = [
        f"a weight that is off its target {band}" if band else "",
        f"a one-sided drift above {_percent(schedule.drift_total)}" if schedule.drift_total else "",
    ]
    goal = "the target" if schedule.drift_to == "target" else "the edge of the band"
    return (
        f" Between these dates {' or '.join(text for text in calls if text)} calls for a trade back to {goal}, not "
        f"within {schedule.cool_down_days} days of the last trade."
    )


_SCHEDULE_HEAD = (
    "reconstitution rebalance weekday lag_days drift_absolute drift_relative drift_total drift_to cool_down_days"
)
_SCHEDULE: Sentences = {
    "quarters_start_in": lambda s: f"The first quarter of a year starts in {s.quarters_start_in.capitalize()}.",
}


def _cost(costs: Costs) -> str:
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


_COSTS_HEAD = """
    fee_bps half_spread_bps spread_tier_ranks spread_tier_bps spread_estimator spread_window_days
    assets_under_management"""
_COSTS: Sentences = {
    "impact_coefficient": lambda c: (
        f"Market impact by the square-root law with coefficient {c.impact_coefficient:g}, at "
        f"{_usd(c.assets_under_management)} under management."
    ),
}


def _carried(events: Events) -> str:
    return (
        f"Carried for {events.carry_days} days, then suspended; a member without a price for more than "
        f"{events.remove_after_days} days is removed at {_percent(1 - events.removal_haircut)} of its last price, and "
        f"not replaced before the next choice of members. {_UNITS[events.redenominations]}"
    )


_UNITS = {
    "evident": "Where a price leaps fivefold and the cap stays, a unit has changed: the holding moves as the cap does.",
    "given": "A unit changes where a table of migrations says so, whatever price and market cap show.",
}
_EVENTS_HEAD = "carry_days remove_after_days removal_haircut redenominations"
_EVENTS: Sentences = {
    "outlier_jump": lambda e: (
        f"A print whose log is further than {e.outlier_jump:g} from the last one waits until the next one confirms it."
    ),
    "trade_at_carried_prices": lambda _: "Members are bought and sold at carried prices, too: **not investable**.",
    "freed_weight": lambda e: f"The value of a removed member goes to the {e.freed_weight} leg.",
}
