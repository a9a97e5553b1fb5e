"""A methodology in words, complete: a field that nobody has words for is printed as it stands, never left out.

Each section opens with a sentence that tells the fields named in its `..._HEAD`; each further field that is not at its
default has a sentence of its own. The engine's rules are in `research.index`; here they are only told.
"""

from __future__ import annotations

from research.index import Methodology
from research.reporting.factsheet.rulebook_costs import COSTS, COSTS_HEAD, EVENTS, EVENTS_HEAD, UNITS, carried, charged
from research.reporting.factsheet.sentences import Sentences, percent, told, usd
from research.reporting.presentation.formats import escape_markdown
from research.rulebook import Overlay, Schedule, Selection, Universe, Weighting
from research.rulebook.measure_names import Measure

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
        "Costs": [charged(rules.costs), *told(rules.costs, COSTS_HEAD, COSTS)],
        "Missing prices": [
            carried(rules.events),
            UNITS[rules.events.redenominations],
            *told(rules.events, EVENTS_HEAD, EVENTS),
        ],
        "Base": [_base(rules)],
    }
    return "\n".join(f"- **{name}.** {' '.join(filter(None, part))}" for name, part in parts.items() if any(part))


def _base(rules: Methodology) -> str:
    count = rules.start_count
    enough = f"{count} member{'s' if count > 1 else ''} can be weighted"
    day = rules.base_date or "the first effective day of the calendar"
    only = " Nothing is decided between the first decision and its effective day." if rules.schedule.lag_days else ""
    return f"{rules.base_value:,g} on {day}, given that {enough}.{only}"


def _either(names: tuple[str, ...]) -> str:
    *others, last = map(escape_markdown, names)
    return f"{', '.join(others)} or {last}" if others else last


def _valid_share(universe: Universe) -> str:
    month = universe.valid_share_window == "month"
    days = "the days of the month" if month else f"the last {universe.valid_share_window} days"
    what = "a price and a market cap" if universe.valid_share_needs_cap else "a price"
    return f"{what.capitalize()} on at least {percent(universe.min_valid_share or 0)} of {days}."


def _copies(universe: Universe) -> str:
    originals = universe.exclude_copies_of
    which = f"one of the {originals} largest" if isinstance(originals, int) else _either(originals)
    return f"Nothing whose returns are those of {which} (wrapped and staked copies, found by price)."


def _turnover(universe: Universe) -> str:
    low, high = universe.turnover_band or (0.0, 0.0)
    return (
        f"A median daily traded value between {percent(low)} and {percent(high)} of the market cap (less marks a "
        "supply that is not there, more wash trading)."
    )


_UNIVERSE_HEAD = "valid_share_window valid_share_needs_cap"  # told with min_valid_share
_UNIVERSE: Sentences = {
    "include_tags": lambda u: f"Only assets tagged {_either(u.include_tags)}.",
    "exclude_tags": lambda u: f"No asset tagged {_either(u.exclude_tags)}.",
    "min_history_days": lambda u: f"A first price at least {u.min_history_days} days ago.",
    "min_valid_share": _valid_share,
    "min_market_cap": lambda u: f"A market cap of at least {usd(u.min_market_cap)}.",
    "min_volume": lambda u: f"A median traded value of at least {usd(u.min_volume)} a day over 30 days.",
    "min_volume_quantile": lambda u: (
        f"A mean traded value over 30 days that reaches the {percent(u.min_volume_quantile)} quantile of all assets."
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
        f"{percent(selection.quorum)} of all power, approval {percent(selection.approval)}, "
        f"{selection.voting_days} days to vote.",
        "coverage": f"The fewest that cover {percent(selection.coverage or 0)} of all eligible by {by}.",
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
    "coverage_floor": lambda s: f"Chosen anew only when those in cover less than {percent(s.coverage_floor)}.",
    "power_cap": lambda s: f"No holder counts for more than {percent(s.power_cap)} of all power.",
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
        "liquidity_mix": f"{percent(1 - weighting.liquidity_share)} in proportion to {root} and "
        f"{percent(weighting.liquidity_share)} to the traded value",
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
    "max_weight": lambda w: f"At most {percent(w.max_weight)} each.",
    "max_weight_by_rank": lambda w: (
        f"At most {', '.join(map(percent, w.max_weight_by_rank))} by rank of size, the last for all further ones."
    ),
    "max_group_weight": lambda w: (
        f"At most {percent(w.max_group_weight)} for all that share a {escape_markdown(w.group_by)}… tag."
    ),
    "min_weight": lambda w: f"At least {percent(w.min_weight)} each.",
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
        f"{percent(overlay.min_trade)}: what that leaves over is the stable leg's where it has a target, else the "
        "other members'. "
        f"A stablecoin more than {percent(overlay.depeg_limit)} off 1 USD, or more than "
        f"{percent(overlay.depeg_warning)} for {overlay.depeg_days} days, is exchanged for the next."
    )


_OVERLAY_HEAD = """
    stable_leg signals bullish neutral bearish max_signal_age_days mode min_trade depeg_warning depeg_limit depeg_days
    max_exposure exposure_step"""
_OVERLAY: Sentences = {
    "max_turnover": lambda o: f"No more than {percent(o.max_turnover)} is turned over in seven days.",
    "volatility_target": lambda o: (
        f"The members together get the share that aims at {percent(o.volatility_target)} volatility a year, at most "
        f"{percent(o.max_exposure)}, changed in steps of {percent(o.exposure_step)} or more."
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
        f"by {percent(schedule.drift_absolute)} of the index" if schedule.drift_absolute else "",
        f"by {percent(schedule.drift_relative)} of itself" if schedule.drift_relative else "",
    ]
    band = " and ".join(text for text in bands if text)
    calls = [
        f"a weight that is off its target {band}" if band else "",
        f"a one-sided drift above {percent(schedule.drift_total)}" if schedule.drift_total else "",
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
