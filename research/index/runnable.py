"""Which shipped rulebooks can run on a market, since when, and what stands in the way of the others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from research.errors import ResearchError
from research.index.decisions.calendar import determinations
from research.index.decisions.decide import decide
from research.index.decisions.records import State
from research.index.decisions.stable_leg import leg_positions
from research.index.decisions.start import first_determination
from research.index.given import given_market
from research.index.sweeps.running import signals_made
from research.market import MarketData
from research.market.tables import DAY
from research.point_in_time.view import PointInTime
from research.rulebook.methodology import Methodology, rulebooks
from research.signals import SignalHistory


def rulebooks_for(market: MarketData | str | Path) -> pd.DataFrame:
    """Which shipped rulebooks can run on a market without further tables.

    The start is found and the first decision taken as `build_index` does it; nothing is traded, so what a rulebook
    cannot meet on a later day (bounds on weights) is not found. A rulebook with a recipe has its signals made.

    Returns
    -------
    DataFrame, indexed by rulebook
        runs (bool); since (datetime): the base date, NaT where the index cannot start, or its start depends on a table;
        needs (str): the table that it asks for, "votes" or "signals", empty for none; reason (str): what stands in the
        way, empty where it runs.

    Raises
    ------
    DataError
        If `market` is no market, nor the path or name of a snapshot.
    """
    market = given_market(market)
    sources: dict[str, PointInTime] = {}
    signals: dict[tuple[str, str], SignalHistory | ResearchError] = {}
    rows = {}
    for name in rulebooks():
        rules = Methodology.load(name)
        reading = str(rules.events.reading)
        if reading not in sources:
            sources[reading] = PointInTime(market, **rules.events.reading)
        if rules.signals is None:
            since, reason = _start(sources[reading], rules, 0)
        else:
            key = (rules.signals.recipe, reading)
            made = signals[key] = signals[key] if key in signals else signals_made(market, rules)
            if isinstance(made, ResearchError):
                since, reason = None, str(made)
            else:
                source = PointInTime(market, signals=made.table, **rules.events.reading)
                since, reason = _start(source, rules, made.first_row)
        rows[name] = {"runs": not reason, "since": since, "needs": _needed_table(rules), "reason": reason}
    return pd.DataFrame.from_dict(rows, orient="index").astype({"since": DAY}).rename_axis("rulebook")


def _start(source: PointInTime, rules: Methodology, first_call: int) -> tuple[pd.Timestamp | None, str]:
    """The base date, if there is one, and what stands in the way of starting on it."""
    wanted = set(rules.universe.include_tags)
    if wanted and wanted.isdisjoint(source.market.tags["tag"]):
        return None, f"no asset has a tag that it asks for ({', '.join(sorted(wanted))}). Use a snapshot with tags."
    since: pd.Timestamp | None = None
    try:
        plan = [step for step in determinations(source.dates, rules.schedule) if step.row >= first_call]
        step = first_determination(source, rules, plan)
        since, view = source.dates[step.effective_row], source.at(step.row)
        if rules.overlay is not None and not len(leg_positions(source, rules.overlay, step.row)):
            leg = ", ".join(rules.overlay.stable_leg)
            return since, f"no stablecoin of its stable leg ({leg}) is in the market. Add one, or name another."
        decide(view, rules, State(), cause="initial", effective_row=step.effective_row)
    except ResearchError as error:
        return since, str(error).removeprefix(f"{rules.name}: ")
    return since, ""


def _needed_table(rules: Methodology) -> str:
    if rules.selection.rule == "votes":
        return "votes"
    return "signals" if rules.reads_signals and rules.signals is None else ""
